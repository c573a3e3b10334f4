"""Spectrograms: where a tone's energy is, and that they are what the model was trained on."""

import numpy as np
import pytest

from bench.answers import tone
from ivr.talk.speech.features import log_mel, wideband


def test_twice_the_samples_and_nothing_above_the_telephone() -> None:
    sound = wideband(tone(1000, seconds=1.0))
    assert len(sound) == 16_000
    power = np.abs(np.fft.rfft(sound)) ** 2
    assert int(np.argmax(power)) == 1000
    assert power[4200:].sum() < 1e-6 * power.sum()


@pytest.mark.parametrize(("hertz", "band"), [(300, 7), (1000, 25), (3000, 54)])
def test_a_tone_is_in_its_band(hertz: int, band: int) -> None:
    mel = log_mel(wideband(tone(hertz, seconds=1.0)), 100)
    assert mel.shape == (80, 100)
    assert int(np.argmax(mel[:, 50])) == pytest.approx(band, abs=1)


def test_padded_and_cut_to_the_window() -> None:
    sound = wideband(tone(1000, seconds=1.0))
    long = log_mel(sound, 300)
    assert long.shape == (80, 300)
    assert long[:, 50].max() > 1.0
    assert long[:, 200].max() == long.min()  # silence is held within 80 dB of the loudest
    assert np.ptp(long) == pytest.approx(2.0, abs=0.01)
    assert log_mel(sound, 50).shape == (80, 50)
    assert np.isfinite(log_mel(np.zeros(0, np.float32), 50)).all()
