import wave
from pathlib import Path

import numpy as np
import pytest

from ivr.calls import waveform
from ivr.errors import UserError


def write(file: Path, samples: np.ndarray, channels: int = 1) -> Path:
    with wave.open(str(file), "wb") as audio:
        audio.setnchannels(channels)
        audio.setsampwidth(2)
        audio.setframerate(8000)
        audio.writeframes(samples.astype("<i2").tobytes())
    return file


def test_the_loudest_sample_of_each_piece(tmp_path: Path) -> None:
    samples = np.zeros(8000)
    samples[100], samples[7999] = 16384, -32768
    read = waveform.read(write(tmp_path / "a.wav", samples), 10)
    assert read.seconds == 1.0
    assert read.peaks == [0.5, *[0.0] * 8, 1.0]


def test_a_block_ends_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waveform, "BLOCK", 7)
    samples = np.arange(800) * 10
    file = write(tmp_path / "a.wav", samples)
    assert waveform.read(file, 8).peaks == [round((100 * n + 99) * 10 / 32768, 3) for n in range(8)]


def test_both_channels_count_and_fewer_samples_than_pieces_are_fine(tmp_path: Path) -> None:
    stereo = np.array([0, 16384, 0, 0])
    read = waveform.read(write(tmp_path / "a.wav", stereo, channels=2), 10)
    assert max(read.peaks) == 0.5
    assert waveform.read(write(tmp_path / "b.wav", np.zeros(0)), 10).peaks == [0.0] * 10


@pytest.mark.parametrize("content", [b"", b"RIFF", b"this is a letter"])
def test_what_is_no_recording_is_said(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.wav").write_bytes(content)
    with pytest.raises(UserError, match="cannot be read"):
        waveform.read(tmp_path / "a.wav", 10)
