"""Open words: where they begin, and when they are over."""

import numpy as np
import pytest

from ivr.talk.dictation import FIRST_WORD_S, Dictation, Loudness
from ivr.talk.line import RATE, Pcm

Part = tuple[float, int]  # seconds, level


def sound(*parts: Part) -> Pcm:
    draw = np.random.default_rng(1)
    pieces = [draw.normal(0, level, round(seconds * RATE)) for seconds, level in parts]
    return np.clip(np.concatenate(pieces), -32768, 32767).astype(np.int16)


@pytest.mark.parametrize(
    ("parts", "over_s", "kept_s"),
    [
        ([(1, 5), (2, 3000), (9, 5)], 1 + 2 + 3, 2.6),  # ended by 3 s of silence
        ([(1, 5), (2, 3000), (2, 5), (1, 3000), (9, 5)], 6 + 3, 5.6),  # a pause is not the end
        ([(1, 150), (2, 3000), (9, 150)], 1 + 2 + 3, 2.6),  # a noisy line
        ([(1, 5), (30, 3000)], 20, None),  # at most so long
        ([(30, 5)], FIRST_WORD_S, 0),
        ([(1, 5), (0.05, 3000), (30, 5)], FIRST_WORD_S, 0),  # a click
    ],
)
def test_it_is_over(parts: list[Part], over_s: float, kept_s: float | None) -> None:
    dictation = Dictation(20, 3, Loudness())
    said = sound(*parts)
    fed = 0
    while not dictation.over and fed < len(said):
        dictation.feed(said[fed : fed + 160])
        fed += 160
    assert fed / RATE == pytest.approx(over_s, abs=0.15)
    if kept_s is not None:
        assert len(dictation.samples) / RATE == pytest.approx(kept_s, abs=0.15)


def test_what_was_said_so_far_is_there_at_any_time() -> None:
    dictation = Dictation(20, 3, Loudness())
    dictation.feed(sound((1, 5), (1, 3000)))
    assert not dictation.over
    assert len(dictation.samples) / RATE == pytest.approx(1.3, abs=0.1)
