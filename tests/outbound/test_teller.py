"""Each caller on the media road reaches whoever performs their campaign."""

from typing import Any

import pytest

from ivr.outbound.callins import PREFIX
from ivr.outbound.model import Outcome, Talk
from ivr.outbound.teller import Teller
from ivr.talk.testing_line import FakeLine


class Ledger:
    async def attempt(self, name: str) -> Any:
        known = type("Attempt", (), {"id": name, "task_id": "t", "campaign_id": name})
        return None if name == "nobody" else known

    async def task(self, _name: str) -> Any:
        return object()

    async def campaign(self, name: str) -> Any:
        return type("Campaign", (), {"kind": name})


class Dialer:
    def __init__(self) -> None:
        self.ledger = Ledger()
        self.told: list[tuple[str, Talk]] = []

    def is_ours(self, attempt: str) -> bool:
        return attempt == "alarm"

    async def talk_finished(self, attempt: str, talk: Talk) -> None:
        self.told.append((attempt, talk))


class Performer:
    async def perform(self, _line: object, _campaign: object, _task: object) -> Talk:
        return Talk(Outcome.CONFIRMED)


@pytest.mark.parametrize(
    ("attempt", "outcomes"),
    [("alarm", [Outcome.CONFIRMED]), ("unheard-of", [Outcome.UNKNOWN]), ("nobody", [])],
)
async def test_by_kind(attempt: str, outcomes: list[Outcome]) -> None:
    dialer, line = Dialer(), FakeLine()
    line.attempt = attempt

    async def nobody(_line: object, _number: str) -> None:
        raise AssertionError

    teller = Teller(dialer, {"alarm": Performer()}, nobody)  # type: ignore[arg-type]
    await teller.on_line(line)
    assert [talk.outcome for _, talk in dialer.told] == outcomes
    assert teller.expects(attempt) is (attempt == "alarm")


async def test_whoever_calls_in_hears_the_notice() -> None:
    heard: list[str] = []

    async def called_in(_line: object, number: str) -> None:
        heard.append(number)

    dialer, line = Dialer(), FakeLine()
    line.attempt = f"{PREFIX}13800138000"
    teller = Teller(dialer, {}, called_in)  # type: ignore[arg-type]
    assert teller.expects(line.attempt)
    await teller.on_line(line)
    assert heard == ["13800138000"]
