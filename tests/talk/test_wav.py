"""Recordings as telephones and exchanges write them."""

import struct
from pathlib import Path

import numpy as np
import pytest

from ivr.errors import UserError
from ivr.talk.wav import is_wav, read_wav

TONE = np.sin(2 * np.pi * 500 * np.arange(800) / 8000) / 2


def wav(
    data: bytes,
    coding: int = 1,
    channels: int = 1,
    rate: int = 8000,
    bits: int = 16,
    more: bytes = b"",
) -> bytes:
    frame = channels * bits // 8
    form = struct.pack("<HHIIHH", coding, channels, rate, rate * frame, frame, bits) + more
    body = b"WAVEfmt " + struct.pack("<I", len(form)) + form
    body += b"LIST\x03\x00\x00\x00abc\x00" + b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


def pcm(bits: int, samples: np.ndarray = TONE) -> bytes:
    if bits == 8:
        return bytes(np.round(samples * 127 + 128).astype(np.uint8))
    if bits == 24:
        return b"".join(int(v * (2**23 - 1)).to_bytes(3, "little", signed=True) for v in samples)
    return np.round(samples * (2 ** (bits - 1) - 1)).astype(f"<i{bits // 8}").tobytes()


STEREO = np.stack([TONE, np.zeros(800)], 1).ravel()
SUBFORMAT = struct.pack("<HHIH", 22, 16, 3, 1) + bytes(14)


@pytest.mark.parametrize(
    ("content", "loud", "near"),
    [
        (wav(pcm(16)), 0.5, 1e-3),
        (wav(pcm(8), bits=8), 0.5, 0.01),
        (wav(pcm(24), bits=24), 0.5, 1e-3),
        (wav(pcm(32), bits=32), 0.5, 1e-3),
        (wav(TONE.astype("<f4").tobytes(), coding=3, bits=32), 0.5, 1e-3),
        (wav(pcm(16, STEREO), channels=2), 0.25, 1e-3),
        (wav(pcm(16), rate=44_100), 0.5, 1e-3),
        (wav(pcm(16), coding=0xFFFE, more=SUBFORMAT), 0.5, 1e-3),
        (wav(bytes([0x55] * 400 + [0xD5] * 400), coding=6, bits=8), 0.0, 1e-3),  # A-law silence
        (wav(bytes([0xFF] * 800), coding=7, bits=8), 0.0, 1e-3),  # mu-law silence
        (wav(bytes([0xAA] * 800), coding=6, bits=8), 0.984, 1e-3),  # the loudest of A-law
        (wav(bytes([0x80] * 800), coding=7, bits=8), 0.98, 1e-3),  # of mu-law
        (wav(pcm(16))[:-401], 0.5, 1e-3),  # cut off
    ],
    ids=["16", "8", "24", "32", "float", "stereo", "44.1k", "extensible", "alaw", "mulaw", "alaw max", "mulaw max", "cut"],
)  # fmt: skip
def test_every_coding(tmp_path: Path, content: bytes, loud: float, near: float) -> None:
    path = tmp_path / "answer.wav"
    path.write_bytes(content)
    assert is_wav(path)
    audio = read_wav(path)
    assert audio.rate in (8000, 44_100)
    assert float(np.abs(audio.samples).max()) == pytest.approx(loud, abs=near)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (wav(pcm(16), coding=85), "its coding \\(85, 16 bits\\) is not known"),
        (wav(pcm(16), channels=0), "0 channels of 8000 Hz cannot be"),
        (wav(pcm(16), rate=1), "1 channels of 1 Hz cannot be"),
        (wav(pcm(16))[:36], "it has no sound"),
        (b"RIFF\0\0\0\0WAVE", "it has no sound"),
    ],
)
def test_a_wrong_file_is_one_sentence(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "answer.wav"
    path.write_bytes(content)
    with pytest.raises(UserError, match=says):
        read_wav(path)


def test_what_is_no_wav(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("words")
    assert not is_wav(tmp_path / "a.txt")
    with pytest.raises(UserError, match="no such file"):
        is_wav(tmp_path / "gone.wav")
    with pytest.raises(UserError, match="cannot be read"):
        is_wav(tmp_path)
