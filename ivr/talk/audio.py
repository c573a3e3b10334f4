"""Sound as numbers: trimming, loudness, sampling rates, files.

Sampling rates are changed with soxr: pydub's own conversion has no filter, so
that what lies above the telephone's band would fold back into it.
"""

import io
import os
import tempfile
import warnings
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

from ivr.errors import UserError

Samples = NDArray[np.float32]

LOUDNESS_DB = -20.0  # of the speech itself, pauses left out
PEAK_DB = -3.0
ENDS_S = 0.1
_FRAME_S = 0.01
_GATE_DB = -40.0  # below the loudest frame: silence
_LOWEST_HZ = 150.0  # the telephone passes 300 to 3,400 Hz; what is far below only eats level


@dataclass(frozen=True, slots=True, eq=False)
class Audio:
    """One channel of sound; samples are between -1 and 1."""

    samples: Samples
    rate: int

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate

    @property
    def peak_db(self) -> float:
        """The loudest sample in dBFS; -inf for silence."""
        return _db(float(np.max(np.abs(self.samples), initial=0.0)))


def _db(level: float) -> float:
    return float(20 * np.log10(level)) if level > 0 else float("-inf")


def silence(seconds: float, rate: int) -> Audio:
    return Audio(np.zeros(round(seconds * rate), np.float32), rate)


def join(pieces: Sequence[Audio], pause_s: float = 0.0) -> Audio:
    """One after the other, all of one rate, `pause_s` between two."""
    if not pieces:
        raise ValueError("nothing to join")
    gap = silence(pause_s, pieces[0].rate).samples
    parts: list[Samples] = []
    for piece in pieces:
        if piece.rate != pieces[0].rate:
            raise ValueError(f"cannot join {piece.rate} Hz to {pieces[0].rate} Hz")
        parts += [piece.samples, gap]
    return Audio(np.concatenate(parts[:-1]), pieces[0].rate)


def resample(audio: Audio, rate: int) -> Audio:
    if rate == audio.rate:
        return audio
    return Audio(soxr.resample(audio.samples, audio.rate, rate, quality="VHQ"), rate)


def loudness_db(audio: Audio) -> float:
    """Mean level of the frames in which something is said, in dBFS; -inf for silence."""
    loud = _frame_power(audio)[_heard(audio)]
    return _db(float(np.sqrt(loud.mean()))) if len(loud) else float("-inf")


def trim(audio: Audio, ends_s: float = ENDS_S) -> Audio:
    """Leave exactly `ends_s` of silence before the first and after the last sound."""
    heard = np.flatnonzero(_heard(audio))
    if not len(heard):
        return Audio(audio.samples[:0], audio.rate)
    frame = round(_FRAME_S * audio.rate)
    pad = round(ends_s * audio.rate)
    start = int(heard[0]) * frame - pad
    end = (int(heard[-1]) + 1) * frame + pad
    before = np.zeros(max(0, -start), np.float32)
    after = np.zeros(max(0, end - len(audio.samples)), np.float32)
    return Audio(np.concatenate([before, audio.samples[max(0, start) : end], after]), audio.rate)


def longest_gap_s(audio: Audio) -> float:
    """The longest silence between two sounds, in seconds."""
    heard = np.flatnonzero(_heard(audio))
    return float(np.max(np.diff(heard), initial=1) - 1) * _FRAME_S


def level(audio: Audio, loudness: float = LOUDNESS_DB, peak: float = PEAK_DB) -> Audio:
    """The same loudness for every prompt; peaks are held under `peak`, never cut off."""
    now = loudness_db(audio)
    if now == float("-inf"):
        return audio
    wanted = audio.samples * np.float32(10 ** ((loudness - now) / 20))
    return Audio(_limited(wanted, audio.rate, 10 ** (peak / 20)), audio.rate)


def for_telephone(audio: Audio, rate: int) -> Audio:
    """As a prompt is played: `rate` Hz, trimmed, level, nothing below the telephone's band."""
    return level(trim(_without_rumble(resample(audio, rate))))


def _without_rumble(audio: Audio) -> Audio:
    spectrum = np.fft.rfft(audio.samples)
    hertz = np.fft.rfftfreq(len(audio.samples), 1 / audio.rate)
    spectrum *= np.clip((hertz - _LOWEST_HZ / 2) / (_LOWEST_HZ / 2), 0, 1)
    kept = np.fft.irfft(spectrum, len(audio.samples)) if len(spectrum) else audio.samples
    return Audio(kept.astype(np.float32), audio.rate)


def _heard(audio: Audio) -> NDArray[np.bool_]:
    power = _frame_power(audio)
    return np.asarray(power > np.max(power, initial=0.0) * 10 ** (_GATE_DB / 10))


def _frame_power(audio: Audio) -> NDArray[np.float64]:
    frame = round(_FRAME_S * audio.rate)
    count = -(-len(audio.samples) // frame)
    padded = np.zeros(count * frame, np.float64)
    padded[: len(audio.samples)] = audio.samples
    return np.asarray(np.mean(padded.reshape(count, frame) ** 2, axis=1))


def _limited(samples: Samples, rate: int, ceiling: float) -> Samples:
    """A limiter that looks 5 ms ahead and behind, so that the gain moves without clicks."""
    if np.max(np.abs(samples), initial=0.0) <= ceiling:
        return samples
    reach = max(1, round(0.005 * rate))
    need = np.minimum(1.0, ceiling / np.maximum(np.abs(samples), 1e-9))
    window = 2 * reach + 1
    lowest = np.lib.stride_tricks.sliding_window_view(
        np.pad(need, 2 * reach, mode="edge"), window
    ).min(axis=1)
    # The mean of minima that all contain this sample's need is never above it.
    gain = np.convolve(lowest, np.full(window, 1 / window), mode="valid")
    return (samples * gain).astype(np.float32)


def read(path: Path) -> Audio:
    """Any file pydub can read: wav, and with ffmpeg on the machine mp3, m4a and others.

    Raises UserError when it is no sound.
    """
    segment = _pydub()
    try:
        sound = segment.from_file(path).set_channels(1).set_sample_width(2)
    except FileNotFoundError as error:
        if Path(error.filename or "") == path:
            raise UserError(f"{path}: no such file; check its name") from None
        raise UserError(
            f"{path}: only .wav can be read without ffmpeg; install ffmpeg or convert the file"
        ) from None
    except Exception as error:  # pydub lets through whatever its decoders raise
        reason = str(error).strip().splitlines()
        raise UserError(
            f"{path}: is no sound file that can be read ({reason[0] if reason else error!r});"
            " save it as .wav"
        ) from None
    pcm = np.frombuffer(sound.raw_data, np.int16)
    return Audio((pcm / 32768).astype(np.float32), int(sound.frame_rate))


def _pydub() -> Any:
    with warnings.catch_warnings():  # it warns of a missing ffmpeg, which .wav does not need
        warnings.simplefilter("ignore")
        from pydub import AudioSegment
    return AudioSegment


def pcm16(audio: Audio) -> bytes:
    """Signed 16 bit little endian, as Asterisk's slin."""
    return np.round(np.clip(audio.samples, -1, 1) * 32767).astype("<i2").tobytes()


def wav_bytes(audio: Audio) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(audio.rate)
        file.writeframes(pcm16(audio))
    return out.getvalue()


def write(path: Path, audio: Audio) -> None:
    """A 16-bit mono .wav, whole or not at all: readers never see half a file."""
    write_whole(path, wav_bytes(audio))


def write_whole(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(name).chmod(0o644)  # Asterisk may run as another user
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
