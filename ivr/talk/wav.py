"""Recordings of telephones: .wav in every coding they use, also A-law and mu-law."""

import struct
from collections.abc import Iterator
from enum import IntEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ivr.errors import UserError
from ivr.talk.audio import Audio, Samples

_RATES = range(2_000, 400_000)


class _Coding(IntEnum):
    PCM = 1
    FLOAT = 3
    ALAW = 6
    MULAW = 7
    EXTENSIBLE = 0xFFFE  # the real one comes later


def is_wav(path: Path) -> bool:
    """Whether the file begins as a .wav does. Raises UserError when it cannot be read."""
    head = _bytes(path, 12)
    return head[:4] == b"RIFF" and head[8:12] == b"WAVE"


def read_wav(path: Path) -> Audio:
    """Any sampling rate; channels are mixed; 8 to 32 bits, floats, A-law and mu-law.

    A recording cut off in the middle is read as far as it goes. Raises UserError.
    """
    parts = dict(_chunks(_bytes(path)))
    if len(parts.get(b"fmt ", b"")) < 16 or b"data" not in parts:
        raise UserError(f"{path}: is no .wav that can be read (it has no sound); save it again")
    coding, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", parts[b"fmt "])
    if coding == _Coding.EXTENSIBLE and len(parts[b"fmt "]) >= 26:
        (coding,) = struct.unpack_from("<H", parts[b"fmt "], 24)
    if not channels or rate not in _RATES:
        raise UserError(f"{path}: {channels} channels of {rate} Hz cannot be; save it again")
    samples = _decoded(parts[b"data"], coding, bits)
    if samples is None:
        raise UserError(f"{path}: its coding ({coding}, {bits} bits) is not known; save it as PCM")
    whole = len(samples) // channels * channels
    mixed = samples[:whole].reshape(-1, channels).mean(axis=1)
    return Audio(np.nan_to_num(mixed).clip(-1, 1).astype(np.float32), rate)


def _bytes(path: Path, count: int = -1) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(count)
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; check its name") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror or error})") from None


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 12
    while at + 8 <= len(content):
        name, size = content[at : at + 4], int.from_bytes(content[at + 4 : at + 8], "little")
        yield name, content[at + 8 : at + 8 + size]
        at += 8 + size + size % 2


def _decoded(data: bytes, coding: int, bits: int) -> Samples | None:
    """None when the coding is unknown."""
    match coding, bits:
        case (_Coding.PCM, 8):
            return _scaled(np.frombuffer(data, np.uint8).astype(np.float32) - 128, 128)
        case (_Coding.PCM, 16):
            return _scaled(_whole(data, "<i2"), 2**15)
        case (_Coding.PCM, 24):
            triples = np.frombuffer(data[: len(data) // 3 * 3], np.uint8).reshape(-1, 3)
            padded = np.pad(triples, ((0, 0), (1, 0)))  # as the upper bytes of 32 bits
            return _scaled(np.ascontiguousarray(padded).view("<i4").ravel(), 2**31)
        case (_Coding.PCM, 32):
            return _scaled(_whole(data, "<i4"), 2**31)
        case (_Coding.FLOAT, 32 | 64):
            return _whole(data, f"<f{bits // 8}").astype(np.float32)
        case (_Coding.ALAW, 8):
            return _scaled(_alaw()[np.frombuffer(data, np.uint8)], 2**15)
        case (_Coding.MULAW, 8):
            return _scaled(_mulaw()[np.frombuffer(data, np.uint8)], 2**15)
        case _:
            return None


def _whole(data: bytes, kind: str) -> NDArray[np.generic]:
    size = np.dtype(kind).itemsize
    return np.frombuffer(data[: len(data) // size * size], kind)


def _scaled(values: NDArray[np.generic], full: int) -> Samples:
    return values.astype(np.float32) / np.float32(full)


def _alaw() -> NDArray[np.int16]:
    """What each code of G.711 A-law stands for."""
    code = np.arange(256) ^ 0x55
    exponent, mantissa = (code >> 4) & 7, code & 15
    level = np.where(
        exponent > 0, ((mantissa << 4) + 0x108) << np.maximum(exponent - 1, 0), (mantissa << 4) + 8
    )
    return np.where(code & 0x80, level, -level).astype(np.int16)


def _mulaw() -> NDArray[np.int16]:
    """What each code of G.711 mu-law stands for."""
    code = ~np.arange(256)
    level = ((((code & 15) << 3) + 0x84) << ((code >> 4) & 7)) - 0x84
    return np.where(code & 0x80, -level, level).astype(np.int16)
