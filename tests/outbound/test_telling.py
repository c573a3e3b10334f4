"""What an owner does while a notice is told, and what is written down."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from ivr.errors import UserError
from ivr.outbound import telling
from ivr.outbound.model import Outcome, Talk
from ivr.outbound.telling import ToPerson, accompany, tell
from ivr.pbx.session import ConnectionLost
from ivr.talk.conversation import Conversation
from ivr.talk.line import Sound
from ivr.talk.testing_line import FakeLine

Act = Callable[[FakeLine], None]
Telling = Callable[[Conversation, Path, ToPerson], Awaitable[Talk]]
MESSAGE = Path("message.wav")
GOODBYE = "notice-goodbye"


def press(keys: str) -> Act:
    return lambda line: line.press(keys)


def listen(line: FakeLine) -> None: ...


def hang_up(line: FakeLine) -> None:
    line.leave()


@pytest.fixture(autouse=True)
def _nobody_waits_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telling, "DECIDE_S", 0.02)
    monkeypatch.setattr(telling, "STAY_S", 0.02)
    monkeypatch.setattr(telling, "FAREWELL_S", 0.02)


async def told(*acts: Act, lost: bool = False, how: Telling = tell) -> tuple[Talk, FakeLine, int]:
    """The owner does one act at each sound; how often a person was asked for."""
    remaining = list(acts)
    asked = 0

    async def to_person() -> None:
        nonlocal asked
        asked += 1
        if lost:
            raise ConnectionLost

    def owner(line: FakeLine, _: str) -> None:
        if remaining:
            remaining.pop(0)(line)

    line = FakeLine(owner)
    async with asyncio.timeout(5):
        talk = await how(Conversation(line, Path("prompts")), MESSAGE, to_person)
    return talk, line, asked


@pytest.mark.parametrize(
    ("acts", "outcome", "said"),
    [
        ([press("1")], Outcome.CONFIRMED, ["message", "thanks-confirmed"]),
        ([press("1"), hang_up], Outcome.CONFIRMED, ["message", "thanks-confirmed"]),
        ([press("5"), press("1")], Outcome.CONFIRMED, ["message", "message", "thanks-confirmed"]),
        ([listen, press("1")], Outcome.CONFIRMED, ["message", "message", "thanks-confirmed"]),
        ([], Outcome.HEARD, ["message", "message", GOODBYE]),
        ([listen, hang_up], Outcome.HEARD, ["message", "message"]),
        ([hang_up], Outcome.HUNG_UP, ["message"]),
        ([press("2"), hang_up], Outcome.HUNG_UP, ["message", "message"]),
        ([press("9"), press("2"), press("1")], Outcome.CONFIRMED, ["message"] * 3 + ["thanks-confirmed"]),
        ([press("2")] * 20, Outcome.HUNG_UP, ["message"] * 5 + [GOODBYE]),
        ([press("0")], Outcome.TRANSFERRED, ["message", "please-wait-transfer"]),
        ([press("0"), hang_up], Outcome.HUNG_UP, ["message", "please-wait-transfer"]),
    ],
)  # fmt: skip
async def test_a_notice_is_told(acts: list[Act], outcome: Outcome, said: list[str]) -> None:
    talk, line, _ = await told(*acts)
    assert (talk.outcome, line.said) == (outcome, said)
    assert talk.keys == line.keys.pressed


async def test_the_note_says_how_far_it_was_heard() -> None:
    talk, _, _ = await told(hang_up)
    assert talk == Talk(Outcome.HUNG_UP, "", "听到第 0 秒时挂断")


async def test_a_person_is_asked_for_once() -> None:
    talk, _, asked = await told(press("0"))
    assert (talk.keys, asked) == ("0", 1)


async def test_nobody_to_put_through_to_is_said() -> None:
    talk, line, _ = await told(listen, press("0"), lost=True)
    assert line.said == ["message", "message", "no-person-now"]
    assert talk == Talk(Outcome.HEARD, "0", "要求转人工，未能转接")


async def test_what_was_pressed_counts_even_when_the_thanks_are_missing() -> None:
    class Bare(FakeLine):
        async def play(self, sound: Sound) -> float:
            if isinstance(sound, Path) and sound != MESSAGE:
                raise UserError(f"{sound}: cannot be played")
            return await super().play(sound)

    for how, key, outcome in (
        (tell, "1", Outcome.CONFIRMED),
        (tell, "0", Outcome.TRANSFERRED),
        (accompany, "5", Outcome.TRANSFERRED),
    ):
        line = Bare(lambda line, _, key=key: line.press(key))

        async def to_person() -> None: ...

        talk = await how(Conversation(line, Path("prompts")), MESSAGE, to_person)
        assert talk == Talk(outcome, key)


@pytest.mark.parametrize(
    ("acts", "talk", "said"),
    [
        ([], Talk(Outcome.TRANSFERRED, "", "未挂机，转人工"), ["message", "please-wait-transfer"]),
        ([press("7")], Talk(Outcome.TRANSFERRED, "7"), ["message", "please-wait-transfer"]),
        ([hang_up], Talk(Outcome.HUNG_UP, "", "听到第 0 秒时挂断"), ["message"]),
        ([listen, hang_up], Talk(Outcome.HEARD, "", "未挂机，转人工"), ["message", "please-wait-transfer"]),
    ],
)  # fmt: skip
async def test_special_care_is_accompanied(acts: list[Act], talk: Talk, said: list[str]) -> None:
    got, line, asked = await told(*acts, how=accompany)
    assert (got, line.said) == (talk, said)
    assert asked == (talk.outcome is not Outcome.HUNG_UP)
