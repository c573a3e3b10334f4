"""G.711 and WAV files."""

import wave
from pathlib import Path

import numpy as np
import pytest

from ivr.demo.sound import RATE, decode, encode, read_wav, silence, tone, write_wav

EVERY = np.arange(-32768, 32768).astype(np.int16)


@pytest.mark.parametrize(
    ("codec", "known"),
    [  # ITU-T G.711, tables 1 and 2: the code of silence, the largest values
        ("PCMA", {0xD5: 8, 0x55: -8, 0xAA: 32256, 0x2A: -32256}),
        ("PCMU", {0xFF: 0, 0x7F: 0, 0x80: 32124, 0x00: -32124}),
    ],
)
def test_known_values(codec: str, known: dict[int, int]) -> None:
    assert {code: int(decode(bytes([code]), codec)[0]) for code in known} == known


@pytest.mark.parametrize("codec", ["PCMA", "PCMU"])
def test_every_code_comes_back(codec: str) -> None:
    codes = bytes(range(256))
    values = decode(codes, codec)
    assert np.array_equal(decode(encode(values, codec), codec), values)


@pytest.mark.parametrize("codec", ["PCMA", "PCMU"])
def test_every_sample_keeps_within_a_step(codec: str) -> None:
    back = decode(encode(EVERY, codec), codec).astype(int)
    step = np.maximum(16, np.abs(EVERY.astype(int)) // 16)
    assert np.all(np.abs(back - EVERY) <= step)
    assert np.all(np.diff(back) >= 0)


def test_a_wav_file_comes_back(tmp_path: Path) -> None:
    sound = tone(440, 0.5)
    write_wav(tmp_path / "a.wav", sound)
    assert np.array_equal(read_wav(tmp_path / "a.wav"), sound)


def test_a_studio_file_becomes_telephone_sound(tmp_path: Path) -> None:
    t = np.arange(48000) / 48000
    left = np.sin(2 * np.pi * 440 * t) * 10000 + np.sin(2 * np.pi * 6000 * t) * 10000
    stereo = np.stack([left, np.zeros_like(left)], axis=1).astype("<i2")
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(48000)
        file.writeframes(stereo.tobytes())
    sound = read_wav(tmp_path / "a.wav")
    assert len(sound) == RATE
    # half the level in mono; the 6 kHz do not fold back
    assert np.abs(sound - tone(440, 1, 5000 / 32767).astype(int)).max() < 20


def test_other_widths_are_refused(tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(8000)
        file.writeframes(b"\0")
    with pytest.raises(ValueError, match="8-bit"):
        read_wav(tmp_path / "a.wav")


def test_silence() -> None:
    assert not silence(0.25).any()
    assert len(silence(0.25)) == 2000
