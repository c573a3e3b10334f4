"""Which parts of what was heard are sentences, and what an announcement means."""

import pytest

from ivr.outbound.announcement import OUTCOMES, outcome_of, sentences
from ivr.outbound.model import Outcome
from ivr.talk.line import RATE
from ivr.talk.speech.base import Recognised
from ivr.talk.speech.questions import announcements
from ivr.talk.speech.vad import WINDOW_S

Sound = list[tuple[float, float]]  # seconds, probability of speech


@pytest.mark.parametrize(
    ("sound", "seconds"),
    [
        ([(1, 0.0), (3, 0.9), (1, 0.0)], [3]),
        ([(3, 0.9), (0.2, 0.0), (1.5, 0.9), (1, 0.0)], [3, 1.5]),  # 已停机，| 请稍后再拨
        ([(2, 0.9), (0.1, 0.1), (1, 0.9), (1, 0.0)], [3.1]),  # no pause
        ([(1, 0.0), (2, 0.9)], [2]),  # the network hangs up in the middle
        ([(0.6, 0.9), (0.3, 0.0), (2.5, 0.9), (1, 0.0)], [2.5]),  # 对不起 alone tells nothing
        ([(1, 0.0), (0.4, 0.9), (3, 0.0)], []),  # 喂
        ([(8, 0.05)], []),  # ringing tone
        ([], []),
    ],
)
def test_sentences(sound: Sound, seconds: list[float]) -> None:
    windows = [p for length, p in sound for _ in range(round(length / WINDOW_S))]
    found = [(part.stop - part.start) / RATE for part in sentences(windows)]
    assert found == pytest.approx(seconds, abs=0.5)  # with a little around it


def test_none_is_longer_than_an_engine_takes() -> None:
    parts = list(sentences([0.9] * round(12 / WINDOW_S)))
    assert len(parts) >= 2
    assert all((part.stop - part.start) / RATE <= 5.8 for part in parts)


def test_every_announcement_means_something() -> None:
    known = announcements("zh-CN")
    assert known is not None
    assert {choice.code for choice in known.choices} == set(OUTCOMES)
    assert known.commands == ()
    assert announcements("xx") is None


@pytest.mark.parametrize(
    ("choice", "outcome"),
    [("suspended", Outcome.SUSPENDED), ("off", Outcome.UNREACHABLE), (None, None)],
)
def test_outcome(choice: str | None, outcome: Outcome | None) -> None:
    assert outcome_of(Recognised(choice, 0.9, "…", "whisper", 1.0)) is outcome
