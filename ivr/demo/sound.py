"""Sound of the telephone: 8 kHz mono int16 arrays, G.711, WAV files."""

import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt

RATE = 8000  # samples a second

Samples = npt.NDArray[np.int16]
_Table = npt.NDArray[np.uint8]


def _alaw_encoder() -> _Table:
    linear = np.arange(-32768, 32768)
    value = linear >> 3
    positive = value >= 0
    value = np.where(positive, value, -value - 1)
    segment = np.searchsorted([0x1F, 0x3F, 0x7F, 0xFF, 0x1FF, 0x3FF, 0x7FF, 0xFFF], value)
    code = segment << 4 | value >> np.maximum(segment, 1) & 0xF
    return (code ^ np.where(positive, 0xD5, 0x55)).astype(np.uint8)


def _alaw_decoder() -> Samples:
    code = np.arange(256) ^ 0x55
    segment, step = (code >> 4) & 7, code & 0xF
    value = (step << 4) + 8
    value = np.where(segment > 0, (value + 0x100) << np.maximum(segment - 1, 0), value)
    return np.where(code & 0x80, value, -value).astype(np.int16)


def _ulaw_encoder() -> _Table:
    linear = np.arange(-32768, 32768) >> 2
    value = np.minimum(np.abs(linear), 8158) + 33
    segment = np.searchsorted([0x3F, 0x7F, 0xFF, 0x1FF, 0x3FF, 0x7FF, 0xFFF, 0x1FFF], value)
    code = segment << 4 | value >> (segment + 1) & 0xF
    coded: _Table = (code ^ np.where(linear < 0, 0x7F, 0xFF)).astype(np.uint8)
    return coded


def _ulaw_decoder() -> Samples:
    code = ~np.arange(256) & 0xFF
    value = ((((code & 0xF) << 3) + 0x84) << ((code >> 4) & 7)) - 0x84
    return np.where(code & 0x80, -value, value).astype(np.int16)


_ENCODERS = {"PCMA": _alaw_encoder(), "PCMU": _ulaw_encoder()}
_DECODERS = {"PCMA": _alaw_decoder(), "PCMU": _ulaw_decoder()}


def encode(samples: Samples, codec: str) -> bytes:
    """G.711 of `samples`; `codec` is PCMA or PCMU."""
    coded: _Table = _ENCODERS[codec][samples.astype(np.int32) + 32768]
    return coded.tobytes()


def decode(payload: bytes, codec: str) -> Samples:
    sound: Samples = _DECODERS[codec][np.frombuffer(payload, np.uint8)]
    return sound


def silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * RATE), np.int16)


def tone(frequency: float, seconds: float, level: float = 0.3) -> Samples:
    """A steady tone; `level` is its peak as a share of full scale."""
    t = np.arange(round(seconds * RATE)) / RATE
    return (np.sin(2 * np.pi * frequency * t) * level * 32767).astype(np.int16)


def read_wav(path: Path) -> Samples:
    """A 16-bit PCM WAV file as telephone sound: mixed to mono, resampled to 8 kHz.

    Raises ValueError for other sample widths.
    """
    with wave.open(str(path), "rb") as file:
        if file.getsampwidth() != 2:
            raise ValueError(f"{path}: {8 * file.getsampwidth()}-bit samples; 16-bit PCM is needed")
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        channels, rate = file.getnchannels(), file.getframerate()
    mono = samples.reshape(-1, channels).mean(axis=1)
    return np.clip(np.round(_resample(mono, rate)), -32768, 32767).astype(np.int16)


def write_wav(path: Path, samples: Samples) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.astype("<i2").tobytes())


def _resample(samples: npt.NDArray[np.float64], rate: int) -> npt.NDArray[np.float64]:
    """Band-limited, by cutting or padding the spectrum of the whole."""
    length = round(len(samples) * RATE / rate)
    if rate == RATE or not length:
        return samples
    spectrum = np.fft.rfft(samples)
    return np.fft.irfft(spectrum[: length // 2 + 1], length) * (length / len(samples))
