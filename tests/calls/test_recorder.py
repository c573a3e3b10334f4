"""Nothing is recorded before both have heard the notice."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from switching import Asked

from ivr.calls.facts import CallAnswered, CallEnded
from ivr.calls.model import Call, Direction, Leg
from ivr.calls.recorder import Recorder
from ivr.calls.tracker import Tracker
from ivr.pbx.session import ConnectionLost
from ivr.settings import Paths, Recording, Settings

GREETING_S = 8.0


def answered(direction: Direction = Direction.INBOUND, **changes: float) -> Call:
    leg = Leg("PJSIP/101-1", "u2", "101", answer_at=20.0)
    call = Call("1.1", "138", "", "8000", "PJSIP/city-0", "u1", direction, legs=[leg])
    call.answer_at, call.answered_by = 20.0, leg.channel
    for name, value in changes.items():
        setattr(call, name, value)
    return call


Make = Callable[..., Recorder]


@pytest.fixture
def asked() -> Asked:
    return Asked()


@pytest.fixture
async def recorder(asked: Asked, tmp_path: Path) -> AsyncIterator[Make]:
    made: list[Recorder] = []

    def make(*, enabled: bool = True, notice_s: float = 0.0) -> Recorder:
        settings = Settings(recording=Recording(enabled=enabled), paths=Paths(data=tmp_path))
        one = Recorder(settings, Tracker(), asked.switch, notice_s=notice_s, greeting_s=GREETING_S)
        made.append(one)
        return one

    yield make
    for one in made:
        await one.close()


@pytest.mark.parametrize(
    ("call", "steps"),
    [
        (answered(), ["is_recorded", "announce_recording", "record"]),
        (answered(Direction.OUTBOUND), ["is_recorded", "announce_recording", "record"]),
        # the system's greeting carried the notice, and was heard to its end
        (answered(system_answer_at=11.0), ["is_recorded", "record"]),
        (answered(system_answer_at=15.0), ["is_recorded", "announce_recording", "record"]),
    ],
)
async def test_the_notice_comes_first(
    recorder: Make, asked: Asked, call: Call, steps: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ivr.calls.recorder.MARGIN_S", 0.0)
    recorder().on_fact(CallAnswered(20.0, call, call.legs[0]))
    await asked.until(*steps)
    inbound = call.direction is Direction.INBOUND
    assert asked.log[-1][1] == ("PJSIP/city-0" if inbound else "PJSIP/101-1")


async def test_a_call_that_ends_during_the_notice_is_not_recorded(
    recorder: Make, asked: Asked
) -> None:
    one, call = recorder(notice_s=60.0), answered()
    one.on_fact(CallAnswered(20.0, call, call.legs[0]))
    await asked.until("is_recorded", "announce_recording")
    one.on_fact(CallEnded(21.0, call))
    await one.close()
    assert "record" not in asked.did()


async def test_a_transferred_call_is_announced_once(recorder: Make, asked: Asked) -> None:
    one, call = recorder(notice_s=60.0), answered()
    one.on_fact(CallAnswered(20.0, call, call.legs[0]))
    one.on_fact(CallAnswered(30.0, call, call.legs[0]))
    await asked.until("is_recorded", "announce_recording")


async def test_a_recording_that_runs_already_goes_on(recorder: Make, asked: Asked) -> None:
    asked.answers["is_recorded"] = True
    recorder().begin(answered())
    await asked.until("is_recorded")


@pytest.mark.parametrize(
    ("call", "enabled"), [(answered(), False), (answered(Direction.INTERNAL), True)]
)
async def test_what_is_never_recorded(
    recorder: Make, asked: Asked, call: Call, enabled: bool
) -> None:
    one = recorder(enabled=enabled)
    one.on_fact(CallAnswered(20.0, call, call.legs[0]))
    await one.close()
    assert asked.log == []


async def test_a_lost_link_ends_the_attempt_quietly(recorder: Make, asked: Asked) -> None:
    asked.fails["announce_recording"] = ConnectionLost("gone")
    one = recorder()
    one.begin(answered())
    await asked.until("is_recorded", "announce_recording")
    await one.close()
    assert "record" not in asked.did()
