from pathlib import Path

import numpy as np
import pytest

from ivr.errors import UserError
from ivr.talk import audio
from ivr.talk.audio import Audio


def tone(hertz: float, seconds: float, rate: int = 24_000, gain: float = 0.5) -> Audio:
    time = np.arange(round(seconds * rate)) / rate
    return Audio((gain * np.sin(2 * np.pi * hertz * time)).astype(np.float32), rate)


def burst(rate: int = 24_000) -> Audio:
    """Speech-like: quiet, loud, quiet; with silence around it and a click of level 1."""
    loud = tone(440, 0.5, rate, 0.3)
    loud.samples[100:110] = 1.0
    return audio.join(
        [audio.silence(0.7, rate), loud, tone(300, 0.5, rate, 0.1), audio.silence(1, rate)]
    )


def test_what_lies_above_the_telephone_does_not_fold_back() -> None:
    middle = audio.resample(tone(6_000, 1.0), 8_000).samples[1_000:-1_000]  # its ends are clicks
    assert Audio(middle, 8_000).peak_db < -80


def test_the_ends_are_a_tenth_of_a_second() -> None:
    trimmed = audio.trim(burst())
    assert trimmed.seconds == pytest.approx(1.2, abs=0.03)
    assert np.max(np.abs(trimmed.samples[: round(0.09 * 24_000)])) < 1e-3


def test_ends_are_added_where_there_are_none() -> None:
    assert audio.trim(tone(440, 1.0)).seconds == pytest.approx(1.2, abs=0.02)


@pytest.mark.parametrize("gain", [0.001, 0.05, 1.0])
@pytest.mark.parametrize("rate", [8_000, 16_000])
def test_every_prompt_is_as_loud_and_none_clips(gain: float, rate: int) -> None:
    source = burst()
    made = audio.for_telephone(Audio(source.samples * np.float32(gain), source.rate), rate)
    assert made.rate == rate
    assert made.peak_db <= audio.PEAK_DB + 0.01
    assert audio.loudness_db(made) == pytest.approx(audio.LOUDNESS_DB, abs=1.0)


def test_silence_stays_silence() -> None:
    assert len(audio.for_telephone(audio.silence(1, 24_000), 8_000).samples) == 0


def test_rumble_is_taken_away() -> None:
    mixed = tone(440, 1.0).samples + tone(40, 1.0).samples
    kept = audio.for_telephone(Audio(mixed, 24_000), 8_000)
    spectrum = np.abs(np.fft.rfft(kept.samples))
    hertz = np.fft.rfftfreq(len(kept.samples), 1 / 8_000)
    assert spectrum[hertz < 60].max() < spectrum.max() / 100


def test_the_longest_gap() -> None:
    parts = [tone(440, 0.5), audio.silence(0.8, 24_000), tone(440, 0.5)]
    assert audio.longest_gap_s(audio.join(parts)) == pytest.approx(0.8, abs=0.03)
    assert audio.longest_gap_s(tone(440, 1.0)) == 0


def test_a_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    sound = tone(440, 0.3, 8_000)
    audio.write(tmp_path / "a/b.wav", sound)
    back = audio.read(tmp_path / "a/b.wav")
    assert back.rate == 8_000
    assert np.allclose(back.samples, sound.samples, atol=1e-4)
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b.wav"]


def test_joining_takes_one_rate() -> None:
    with pytest.raises(ValueError, match="cannot join"):
        audio.join([tone(440, 0.1, 8_000), tone(440, 0.1, 16_000)])


@pytest.mark.parametrize("content", [b"", b"RIFF", b"this is a photo, not a sound"])
def test_what_is_no_sound_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.wav"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"bad\.wav"):
        audio.read(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"gone\.wav: no such file"):
        audio.read(tmp_path / "gone.wav")


def test_pcm_is_sixteen_bit() -> None:
    assert audio.pcm16(Audio(np.array([0, 1, -1, 2], np.float32), 8_000)) == (
        b"\x00\x00\xff\x7f\x01\x80\xff\x7f"
    )
