"""Log-mel spectrograms as Whisper was trained on, in numpy."""

from functools import cache

import numpy as np
import soxr
from numpy.typing import NDArray

from ivr.talk.line import RATE, Pcm

SAMPLE_RATE = 16_000
HOP = 160  # a frame each 10 ms
_FFT = 400
_MELS = 80

Features = NDArray[np.float32]


def wideband(samples: Pcm) -> NDArray[np.float32]:
    """8 kHz to 16 kHz, -1 … 1: what every engine was trained on."""
    return np.asarray(
        soxr.resample(samples.astype(np.float32) / 32768, RATE, SAMPLE_RATE), np.float32
    )


def log_mel(samples: NDArray[np.float32], frames: int) -> Features:
    """[80, `frames`] of 16 kHz `samples`, padded with silence or cut to that length.

    As openai/whisper's audio.py defines it: Hann window, power spectrum, Slaney mel bands,
    log10 held within 80 dB of the loudest, scaled to about -1 … 1.
    """
    wanted = frames * HOP
    held = np.zeros(wanted, np.float32)
    held[: min(wanted, len(samples))] = samples[:wanted]
    padded = np.pad(held, _FFT // 2, mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, _FFT)[::HOP][:frames]
    power = np.abs(np.fft.rfft(windows * _window(), axis=1)) ** 2
    mel = np.log10(np.maximum(_filters() @ power.T, 1e-10))
    mel = np.maximum(mel, mel.max() - 8.0)
    return np.ascontiguousarray((mel + 4.0) / 4.0, dtype=np.float32)


@cache
def _window() -> NDArray[np.float64]:
    return np.asarray(np.hanning(_FFT + 1)[:-1])


@cache
def _filters() -> NDArray[np.float64]:
    """Triangles on Slaney's mel scale, each of the same area."""
    edges = _hertz(np.linspace(0.0, _mel(SAMPLE_RATE / 2), _MELS + 2))
    bins = np.linspace(0, SAMPLE_RATE / 2, _FFT // 2 + 1)
    rising = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    area = 2.0 / (edges[2:] - edges[:-2])
    return np.asarray(np.maximum(0.0, np.minimum(rising, falling)) * area[:, None])


# Slaney: linear up to 1,000 Hz, logarithmic above.
_LINEAR = 200.0 / 3
_KNEE = 1000.0
_STEP = np.log(6.4) / 27.0


def _mel(hertz: float) -> float:
    if hertz < _KNEE:
        return hertz / _LINEAR
    return float(_KNEE / _LINEAR + np.log(hertz / _KNEE) / _STEP)


def _hertz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    knee = _KNEE / _LINEAR
    return np.where(mel < knee, mel * _LINEAR, _KNEE * np.exp(_STEP * (mel - knee)))
