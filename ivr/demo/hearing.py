"""What did that person hear? Prompts, ringing tones and silences in a recording.

All of it works on what a telephone delivers (8 kHz, G.711, any level) and
takes no notice of how loud it was.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ivr.demo.sound import RATE, Samples

PRESENT = 0.75
"""A score from which on the sample was heard. Measured with 18 prompts of two voices:
the same prompt through A-law at -26 to 0 dB scores 0.99, over loud music 0.95, with a lost
and a late packet 0.84; another prompt of the same voice 0.4, or 0.57 when it shares a
word; noise and tones 0.06. A prompt cut short scores about the share that was heard."""

QUIET = 60.0
"""RMS below this is silence: A-law's own noise is 8, a soft voice some hundreds."""

_Signal = npt.NDArray[np.float64]
_BAND = (300.0, 3400.0)  # what every telephone carries, Hz
_BLOCK = RATE  # samples that are matched as one
_SLIP = round(0.04 * RATE)  # how far blocks may drift apart: a jitter buffer at work
_HOP = 80  # 10 ms


class Heard(NamedTuple):
    offset_s: float  # where the sample begins; below 0 when its beginning was not heard
    score: float  # 0 … 1

    @property
    def present(self) -> bool:
        return self.score >= PRESENT


class Span(NamedTuple):
    start_s: float
    length_s: float

    @property
    def end_s(self) -> float:
        return self.start_s + self.length_s


class Tone(NamedTuple):
    frequency: float  # Hz
    start_s: float
    length_s: float


# --- prompts ---------------------------------------------------------------


def find(sample: Samples, heard: Samples, rate: int = RATE) -> Heard:
    """Where `sample` is in `heard`, and how surely.

    Normalised cross-correlation in the telephone band, second by second: each
    second of the sample is matched by itself and may slip by 40 ms against the
    others, so one lost or repeated packet does not hide a long prompt. The score is
    the mean over the seconds, weighed by their loudness.

    Takes about a quarter of a second for a five-second prompt in a minute's recording: in
    a running event loop use asyncio.to_thread. Raises ValueError for an empty sample.
    """
    if not len(sample):
        raise ValueError("an empty sample is in every recording")
    signal = _band(sample, rate)
    if not len(heard) or not np.any(signal):
        return Heard(0.0, 0.0)
    # Either end of the sample may be cut off: the first packet of early media often is.
    lead, rest = np.zeros(_BLOCK), np.zeros(len(sample))
    lags = len(lead) + len(heard)
    correlate = _Correlator(np.concatenate([lead, _band(heard, rate), rest]), _BLOCK)
    total, weight = np.zeros(lags), 0.0
    for start in range(0, len(signal), _BLOCK):
        block = signal[start : start + _BLOCK]
        energy = float(np.sum(block**2))
        if energy > 0:
            scores = correlate(block)[start : start + lags]
            total += energy * _best_nearby(scores, _SLIP if start else 0)
            weight += energy
    best = int(np.argmax(total))
    return Heard((best - len(lead)) / rate, float(np.clip(total[best] / weight, 0.0, 1.0)))


def _band(samples: Samples, rate: int) -> _Signal:
    """Only the telephone band."""
    spectrum = np.fft.rfft(samples.astype(np.float64))
    frequency = np.fft.rfftfreq(len(samples), 1 / rate)
    spectrum[(frequency < _BAND[0]) | (frequency > _BAND[1])] = 0
    return np.fft.irfft(spectrum, len(samples))


class _Correlator:
    """Normalised correlation with one long signal, its transform computed once."""

    def __init__(self, signal: _Signal, block: int) -> None:
        self._length = len(signal)
        self._size = 1 << (self._length + block - 1).bit_length()
        self._spectrum = np.fft.rfft(signal, self._size)
        self._energy = np.concatenate(([0.0], np.cumsum(signal**2)))

    def __call__(self, block: _Signal) -> _Signal:
        """For every place in the signal; near 0 where the signal is much quieter than a voice."""
        spectrum = np.fft.rfft(block, self._size)
        product = np.fft.irfft(self._spectrum * spectrum.conj(), self._size)[: self._length]
        ends = np.minimum(np.arange(self._length) + len(block), self._length)
        energy = self._energy[ends] - self._energy[: self._length]
        floor = len(block) * QUIET
        return np.maximum(product, 0) / np.sqrt(np.sum(block**2) * (energy + floor))


def _best_nearby(scores: _Signal, reach: int) -> _Signal:
    """The running maximum over ±`reach`."""
    if not reach:
        return scores
    padded = np.pad(scores, reach, constant_values=0.0)
    width = 2 * reach + 1
    span = 1
    best = padded
    while span * 2 <= width:  # doubling windows: maximum of 2, 4, 8 … neighbours
        best = np.maximum(best[:-span], best[span:])
        span *= 2
    rest = width - span
    return np.maximum(best[: len(scores)], best[rest : rest + len(scores)])


# --- tones -----------------------------------------------------------------


def tones(heard: Samples, rate: int = RATE, min_s: float = 0.1) -> list[Tone]:
    """Steady single tones of at least `min_s`, in order."""
    size = 512  # 64 ms: bins of 15.6 Hz, refined by interpolation
    starts = np.arange(0, max(0, len(heard) - size + 1), _HOP)
    if not len(starts):
        return []
    frames = heard[starts[:, None] + np.arange(size)].astype(np.float64)
    power = np.abs(np.fft.rfft(frames * np.hanning(size))) ** 2
    peak = np.clip(power.argmax(axis=1), 2, power.shape[1] - 3)
    rows = np.arange(len(starts))
    near = sum(power[rows, peak + step] for step in (-2, -1, 0, 1, 2))
    pure = (near > 0.9 * power.sum(axis=1)) & (np.sqrt(np.mean(frames**2, axis=1)) > QUIET)
    centre = sum(step * power[rows, peak + step] for step in (-2, -1, 0, 1, 2)) / (near + 1e-9)
    frequency = (peak + centre) * rate / size
    found = []
    for first, last in _runs(pure):
        middle = float(np.median(frequency[first:last]))
        # A frame is pure as soon as half of it holds the tone: the edges lie half a frame in.
        start = float(starts[first] + size // 2) / rate
        length = (last - first) * _HOP / rate
        if np.ptp(frequency[first:last]) < 20 and length >= min_s - size / rate:
            found.append(Tone(middle, start, length))
    return found


def ringback_cycles(heard: Samples, frequency: float = 450.0, rate: int = RATE) -> list[Span]:
    """The bursts of ringing tone. China's (GF 002-9002) are 450 Hz, 1 s on, 4 s off."""
    return [
        Span(tone.start_s, tone.length_s)
        for tone in tones(heard, rate)
        if abs(tone.frequency - frequency) < 15
    ]


# --- sound and silence -----------------------------------------------------


def is_loud(heard: Samples) -> bool:
    """Whether all of it, taken together, is more than silence."""
    if not len(heard):
        return False
    return float(np.sqrt(np.mean(np.square(heard.astype(np.float64))))) > QUIET


def silence_gaps(heard: Samples, min_s: float = 0.2, rate: int = RATE) -> list[Span]:
    """Stretches of at least `min_s` in which nothing was to be heard."""
    gaps = (
        Span(first * _HOP / rate, (last - first) * _HOP / rate)
        for first, last in _runs(_loudness(heard) < QUIET)
    )
    return [gap for gap in gaps if gap.length_s >= min_s]


def first_sound(heard: Samples, rate: int = RATE) -> float | None:
    """Seconds until anything was heard; None when nothing was."""
    loud = np.flatnonzero(_loudness(heard) >= QUIET)
    return float(loud[0] * _HOP / rate) if len(loud) else None


def _loudness(heard: Samples) -> _Signal:
    """RMS of each 10 ms."""
    whole = heard[: len(heard) // _HOP * _HOP].astype(np.float64).reshape(-1, _HOP)
    rms: _Signal = np.sqrt(np.mean(whole**2, axis=1))
    return rms


def _runs(flags: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """(first, one past the last) of each stretch of True."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], flags, [False])).astype(np.int8)))
    return [(int(first), int(last)) for first, last in edges.reshape(-1, 2)]
