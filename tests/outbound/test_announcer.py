"""What staff hear, and what their keys do: on a line without a telephone."""

import asyncio
from pathlib import Path

import pytest

from ivr.errors import UserError
from ivr.outbound import announcer
from ivr.outbound.announcer import Announcer
from ivr.talk.conversation import Conversation
from ivr.talk.line import HungUp
from ivr.talk.testing import HumVoice
from ivr.talk.testing_line import FakeLine, Person

ROUND = ["alarm-begin", "MESSAGE", "alarm-confirm"]


@pytest.fixture(autouse=True)
def voice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> HumVoice:
    monkeypatch.setenv("IVR_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(announcer, "THINK_S", 0.02)
    hum = HumVoice(tmp_path / "said.txt")
    monkeypatch.setattr(announcer.choose, "choose", lambda _language: hum)
    return hum


async def told(person: Person) -> tuple[bool, list[str]]:
    """Whether it was confirmed, and the sounds that were begun."""
    line = FakeLine(person)
    staff = Announcer("zh-CN")
    try:
        async with asyncio.timeout(20):
            done = await staff.confirms(Conversation(line, Path("prompts")), "alarm", "电梯困人。")
    finally:
        await staff.close()
    known = ("begin", "look", "confirm")
    return done, [name if name.endswith(known) else "MESSAGE" for name in line.said]


def presses(key: str, at: str) -> Person:
    waiting = [key]

    def person(line: FakeLine, name: str) -> None:
        if name == at and waiting:
            line.press(waiting.pop())

    return person


async def test_it_is_said_three_times_to_one_who_presses_nothing() -> None:
    assert await told(lambda _line, _name: None) == (False, ROUND * 3)


@pytest.mark.parametrize(("at", "heard"), [("alarm-begin", ROUND[:1]), ("alarm-confirm", ROUND)])
async def test_one_key_confirms_at_any_time(at: str, heard: list[str]) -> None:
    assert await told(presses("1", at)) == (True, heard)


async def test_two_hears_it_again() -> None:
    done, heard = await told(presses("2", "alarm-confirm"))
    assert (done, heard) == (False, ROUND * 3)


async def test_other_keys_are_not_heard() -> None:
    assert (await told(presses("5", "alarm-begin")))[1] == ROUND * 3


async def test_hanging_up_is_no_confirmation() -> None:
    with pytest.raises(HungUp):
        await told(lambda line, _name: line.leave())


async def test_without_a_voice_they_are_told_where_to_look(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def none(_language: str) -> HumVoice:
        raise UserError("no voice is installed")

    monkeypatch.setattr(announcer.choose, "choose", none)
    _, heard = await told(lambda _line, _name: None)
    assert heard == ["alarm-begin", "alarm-look", "alarm-confirm"] * 3
