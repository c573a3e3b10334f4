"""What is sent to many browsers at once: one state, small patches, nobody waits for anybody."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.web.stream import COALESCE_S, QUEUED, Audience, Client, Hub, State, merge_patch

values = st.recursive(
    st.integers() | st.text(max_size=3) | st.lists(st.integers(), max_size=2),
    lambda inner: st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=8,
)
states = st.dictionaries(st.text(max_size=2), values, max_size=4)


def patched(target: Any, patch: Any) -> Any:
    """RFC 7396, section 2, word for word."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = patched(result.get(name), value)
    return result


@given(states, states)
def test_a_patch_turns_one_state_into_the_other(before: State, after: State) -> None:
    assert patched(before, merge_patch(before, after)) == after


def test_what_is_equal_needs_no_patch() -> None:
    assert merge_patch({"calls": {"1": {"state": "ringing"}}}, {"calls": {"1": {"state": "ringing"}}}) == {}  # fmt: skip


def test_only_what_changed_is_in_the_patch() -> None:
    before = {"calls": {"1": {"state": "ringing", "caller": "138"}, "2": {"state": "ringing"}}}
    after = {"calls": {"1": {"state": "talking", "caller": "138"}, "3": {"state": "ringing"}}}
    assert merge_patch(before, after) == {
        "calls": {"1": {"state": "talking"}, "2": None, "3": {"state": "ringing"}}
    }


class Office:
    """A state to change, and the hub that tells it."""

    def __init__(self) -> None:
        self.calls: dict[str, Any] = {}
        self.renderings = 0
        self.hub = Hub(self.state, now=lambda: 1000.0)

    def state(self) -> Mapping[Audience, State]:
        self.renderings += 1
        full = {id_: {"caller": number} for id_, number in self.calls.items()}
        hidden = {id_: {"caller": "***"} for id_ in self.calls}
        return {Audience.FULL: {"calls": full}, Audience.MASKED: {"calls": hidden}}

    def rings(self, id_: str, number: str) -> None:
        self.calls = {**self.calls, id_: number}
        self.hub.touch()


def never() -> None:
    raise AssertionError("dropped")


async def heard(client: Client) -> list[tuple[str, str, Any]]:
    """(id, event, data) of what comes next."""
    async for chunk in client:
        return [told(message) for message in chunk.decode().split("\n\n") if message]
    return []


def told(message: str) -> tuple[str, str, Any]:
    fields = dict(line.split(": ", 1) for line in message.split("\n"))
    return fields["id"], fields["event"], json.loads(fields["data"])


async def test_the_whole_state_first_then_patches() -> None:
    office = Office()
    office.rings("1", "13800138000")
    client = office.hub.attach(Audience.FULL, never)
    ((first, event, data),) = await heard(client)
    assert (event, data) == ("state", {"at": 1000.0, "calls": {"1": {"caller": "13800138000"}}})
    office.rings("2", "10086")
    ((second, event, data),) = await heard(client)
    assert (event, data) == ("patch", {"at": 1000.0, "calls": {"2": {"caller": "10086"}}})
    assert first.partition("-")[0] == second.partition("-")[0]
    assert first != second


async def test_each_role_gets_its_own_view() -> None:
    office = Office()
    clerk = office.hub.attach(Audience.MASKED, never)
    await heard(clerk)
    office.rings("1", "13800138000")
    ((_, _, data),) = await heard(clerk)
    assert data["calls"] == {"1": {"caller": "***"}}


async def test_a_patch_is_encoded_once_for_all() -> None:
    office = Office()
    clients = [office.hub.attach(Audience.FULL, never) for _ in range(3)]
    for client in clients:
        await heard(client)
    office.rings("1", "13800138000")
    chunks = []
    for client in clients:
        async for chunk in client:
            chunks.append(chunk)
            break
    assert all(chunk is chunks[0] for chunk in chunks)


async def test_changes_that_come_together_leave_together() -> None:
    office = Office()
    client = office.hub.attach(Audience.FULL, never)
    await heard(client)
    renderings = office.renderings
    for number in range(20):
        office.rings(str(number), "138")
    ((_, event, data),) = await heard(client)
    assert event == "patch"
    assert len(data["calls"]) == 20
    assert office.renderings == renderings + 1


async def test_a_call_that_was_over_at_once_is_not_told() -> None:
    office = Office()
    client = office.hub.attach(Audience.FULL, never)
    await heard(client)
    office.rings("1", "138")
    office.calls = {}
    office.hub.touch()
    office.rings("2", "139")
    ((_, _, data),) = await heard(client)
    assert data["calls"] == {"2": {"caller": "139"}}


async def test_who_never_reads_is_dropped_and_the_others_are_not() -> None:
    office = Office()
    dropped: list[str] = []
    office.hub.attach(Audience.FULL, lambda: dropped.append("deaf"))
    reader = office.hub.attach(Audience.FULL, never)
    await heard(reader)
    for number in range(QUEUED):
        office.rings(str(number), "138")
        await heard(reader)
    assert dropped == ["deaf"]
    assert (office.hub.dropped, len(office.hub)) == (1, 1)
    again = office.hub.attach(Audience.FULL, never)  # it may come back, and is right at once
    ((_, event, data),) = await heard(again)
    assert (event, len(data["calls"])) == ("state", QUEUED)


async def test_closing_lets_everybody_go() -> None:
    office = Office()
    office.hub.start()
    client = office.hub.attach(Audience.FULL, never)
    await heard(client)
    waiting = asyncio.create_task(heard(client))
    await asyncio.sleep(0)
    await office.hub.close()
    assert await waiting == []


async def test_a_beat_is_heard_when_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ivr.web.stream.BEAT_S", COALESCE_S)
    office = Office()
    office.hub.start()
    client = office.hub.attach(Audience.MASKED, never)
    await heard(client)
    ((_, event, data),) = await heard(client)
    assert (event, data) == ("beat", {"at": 1000.0})
    await office.hub.close()
