"""What of a recording can be seen: how loud it is, piece by piece."""

import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ivr.errors import UserError

BLOCK = 1 << 20  # samples read at a time


@dataclass(frozen=True, slots=True)
class Waveform:
    seconds: float
    peaks: list[float]  # 0…1, of pieces of equal length


def read(file: Path, pieces: int) -> Waveform:
    """The loudest sample of each of `pieces` pieces of a 16-bit recording.

    Raises UserError when the file cannot be read as one.
    """
    try:
        with wave.open(str(file), "rb") as audio:
            frames, rate = audio.getnframes(), audio.getframerate()
            if audio.getsampwidth() != 2 or not rate:
                raise wave.Error("not 16 bit")
            channels = audio.getnchannels()
            peaks = np.zeros(pieces, dtype=np.float32)
            place = 0
            while data := audio.readframes(BLOCK):
                samples = np.abs(np.frombuffer(data, dtype="<i2").astype(np.float32))
                loud = samples.reshape(-1, channels).max(axis=1)
                piece = (np.arange(place, place + len(loud)) * pieces) // max(frames, 1)
                np.maximum.at(peaks, np.minimum(piece, pieces - 1), loud)
                place += len(loud)
    except (OSError, EOFError, wave.Error, ValueError) as error:
        raise UserError(f"The recording cannot be read: {error}") from None
    return Waveform(frames / rate, [round(float(peak), 3) for peak in peaks / 32768])
