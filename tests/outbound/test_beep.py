"""A beep is told from speech and silence."""

import numpy as np
import pytest

from ivr.demo.sound import silence, tone
from ivr.outbound.beep import Beep, is_tone
from ivr.talk.line import RATE

FRAME = RATE // 50


def heard(samples: np.ndarray) -> bool:
    beep = Beep()
    for start in range(0, len(samples) - FRAME + 1, FRAME):
        beep.feed(samples[start : start + FRAME])
    return beep.over


def babble(seconds: float) -> np.ndarray:
    """Loud, with many tones that change all the time: as speech is to this detector."""
    random = np.random.default_rng(7)
    pieces = []
    for _ in range(round(seconds * 50)):
        tones = [tone(float(f), 0.02, 0.15) for f in random.uniform(200, 3000, 5)]
        pieces.append(np.sum(tones, axis=0).astype(np.int16))
    return np.concatenate(pieces)


@pytest.mark.parametrize("frequency", [425, 800, 1000, 1400, 2000])
def test_a_beep_after_a_greeting(frequency: float) -> None:
    assert heard(np.concatenate([babble(2), tone(frequency, 0.4), silence(0.2)]))


def test_a_beep_is_over_only_when_it_has_ended() -> None:
    assert not heard(np.concatenate([babble(1), tone(1000, 0.4)]))


@pytest.mark.parametrize("sound", [babble(5), silence(3), tone(1000, 0.06), tone(3200, 1.0)])
def test_what_is_no_beep(sound: np.ndarray) -> None:
    assert not heard(np.concatenate([sound, silence(0.1)]))


def test_a_quiet_tone_is_none() -> None:
    assert not is_tone(tone(1000, 0.02, 0.002))
