"""What an ear makes of the sound of a line; `#` is a window of a loud voice, `+` of a faint one."""

import asyncio
from collections.abc import AsyncIterator

import numpy as np
import pytest

from ivr.talk.asking import By
from ivr.talk.line import RATE, Pcm
from ivr.talk.speech.base import Question, Recognised
from ivr.talk.speech.ears import Ears, SpeechEar
from ivr.talk.speech.testing import ScriptedJudge
from ivr.talk.speech.vad import WINDOW, WINDOW_S, Timing

YES = Recognised("yes", 0.95, "满意", "fake", 1.0)
PERHAPS = Recognised("yes", 0.6, "满意", "fake", 1.0)
NO_ANSWER = Recognised(None, 0.1, "满意", "fake", 1.0)
GONE = None  # no engine could say

LEVELS = {"#": 5000, "+": 100, ".": 0}
TIMING = Timing(least=0.1, pause=0.13, settled=0.29, ended=0.8)


class LevelDetector:
    """Whatever is not silent is a voice."""

    def reset(self) -> None: ...

    def probability(self, window: Pcm) -> float:
        return float(np.abs(window).max() > 0)


class LevelDetectors:
    lent = 0

    async def take(self) -> LevelDetector:
        self.lent += 1
        return LevelDetector()

    def give_back(self, detector: LevelDetector) -> None:
        self.lent -= 1


async def line(windows: str, fed: list[int] | None = None) -> AsyncIterator[Pcm]:
    """Frames of 20 ms; `fed` counts them."""
    sound = np.repeat([LEVELS[sign] for sign in windows], WINDOW).astype(np.int16)
    for start in range(0, len(sound), RATE // 50):
        if fed is not None:
            fed.append(start)
        yield sound[start : start + RATE // 50]
        await asyncio.sleep(0)


def ear(asked: Question, *results: Recognised | None) -> tuple[SpeechEar, ScriptedJudge]:
    judge = ScriptedJudge(results)
    return SpeechEar(asked, judge, LevelDetectors(), TIMING), judge  # type: ignore[arg-type]


def after_s(fed: list[int], windows: str) -> float:
    """How long after the last voice the ear stopped listening."""
    return (fed[-1] + RATE // 50) / RATE - (windows.rindex("#") + 1) * WINDOW_S


SAID = "." * 20 + "#" * 20 + "." * 60


async def test_a_sure_answer_is_over_after_a_short_silence(asked: Question) -> None:
    listener, judge = ear(asked, YES)
    fed: list[int] = []
    spoke: list[float] = []
    heard = await listener.hear(line(SAID, fed), lambda: spoke.append(len(fed)))
    assert (heard.choice, heard.by, heard.score, heard.sure) == ("yes", By.SPEECH, 0.95, True)
    assert after_s(fed, SAID) == pytest.approx(TIMING.settled, abs=0.05)
    assert len(spoke) == 1
    assert judge.seconds == [pytest.approx(20 * WINDOW_S + 0.5 + TIMING.pause, abs=0.07)]
    assert listener.last is not None
    assert listener.last.recognised is YES
    assert listener.last.seconds == pytest.approx(20 * WINDOW_S + 0.7, abs=0.07)


@pytest.mark.parametrize(("result", "choice"), [(PERHAPS, "yes"), (NO_ANSWER, "")])
async def test_an_unsure_one_is_given_time_to_go_on(
    asked: Question, result: Recognised, choice: str
) -> None:
    listener, judge = ear(asked, result)
    fed: list[int] = []
    heard = await listener.hear(line(SAID, fed), lambda: None)
    assert (heard.choice, heard.sure) == (choice, False)
    assert after_s(fed, SAID) == pytest.approx(TIMING.ended, abs=0.05)
    assert len(judge.seconds) == 1


async def test_what_is_said_after_a_pause_belongs_to_it(asked: Question) -> None:
    """不……满意: the guess at the pause is forgotten."""
    listener, judge = ear(asked, NO_ANSWER, YES)
    said = "." * 20 + "#" * 6 + "." * 12 + "#" * 15 + "." * 60
    heard = await listener.hear(line(said), lambda: None)
    assert heard.choice == "yes"
    assert judge.seconds[1] - judge.seconds[0] == pytest.approx(27 * WINDOW_S, abs=0.01)


async def test_speaking_is_told_before_it_ends(asked: Question) -> None:
    listener, _ = ear(asked, YES)
    fed: list[int] = []
    spoke: list[float] = []
    await listener.hear(line(SAID, fed), lambda: spoke.append(fed[-1] / RATE))
    assert spoke == [pytest.approx(20 * WINDOW_S + TIMING.least, abs=0.06)]


async def test_our_own_echo_neither_interrupts_nor_answers(asked: Question) -> None:
    """A prompt comes back faintly; then the person speaks."""
    listener, judge = ear(asked, NO_ANSWER, YES)
    spoke: list[int] = []
    said = "+" * 60 + "." * 40 + "#" * 20 + "." * 40
    heard = await listener.hear(line(said), lambda: spoke.append(1))
    assert heard.choice == "yes"
    assert len(judge.seconds) == 2
    assert spoke == [1]


async def test_a_faint_person_is_understood_all_the_same(asked: Question) -> None:
    listener, _ = ear(asked, YES)
    spoke: list[int] = []
    heard = await listener.hear(line("." * 10 + "+" * 20 + "." * 40), lambda: spoke.append(1))
    assert heard.choice == "yes"
    assert spoke == []


async def test_a_click_is_nothing(asked: Question) -> None:
    listener, judge = ear(asked, NO_ANSWER, YES)
    heard = await listener.hear(line(".....##......................" + SAID), lambda: None)
    assert heard.choice == ""
    assert len(judge.seconds) == 1


async def test_silence_is_no_answer(asked: Question) -> None:
    listener, judge = ear(asked, YES)
    assert await listener.listen(line("." * 300)) is None
    assert judge.seconds == []
    assert listener.last is None


async def test_shouting_ends(asked: Question) -> None:
    listener, _ = ear(asked, NO_ANSWER)
    fed: list[int] = []
    heard = await listener.hear(line("#" * 1200, fed), lambda: None)
    assert heard.choice == ""
    assert fed[-1] / RATE == pytest.approx(TIMING.longest, abs=0.1)


async def test_without_an_engine_the_ear_is_deaf_and_says_so(asked: Question) -> None:
    listener, judge = ear(asked, GONE)
    heard = await listener.hear(line(SAID), lambda: None)
    assert (heard.choice, heard.by) == ("", By.DEAF)
    assert len(judge.seconds) == 1
    assert listener.last is not None
    assert listener.last.recognised is None


async def test_several_tries_with_one_ear(asked: Question) -> None:
    listener, _ = ear(asked, NO_ANSWER, YES)
    assert (await listener.hear(line(SAID), lambda: None)).choice == ""
    assert (await listener.hear(line(SAID), lambda: None)).choice == "yes"


async def test_the_detector_comes_back_when_nobody_listens_any_more(asked: Question) -> None:
    detectors = LevelDetectors()
    listener = SpeechEar(asked, ScriptedJudge([YES]), detectors, TIMING)  # type: ignore[arg-type]
    hearing = asyncio.create_task(listener.hear(line("#." * 10_000), lambda: None))
    await asyncio.sleep(0)
    assert detectors.lent == 1
    hearing.cancel()
    await asyncio.gather(hearing, return_exceptions=True)
    assert detectors.lent == 0


async def test_keys_only(asked: Question) -> None:
    async with Ears("keys", "speech.engine is keys") as ears:
        await ears.ready()
        assert ears.ear(asked) is None
        assert ears.problem is None
        assert ears.unheard(asked) == []
