"""Open words, kept as they are spoken. No clock: it goes by the sound that comes in."""

from collections.abc import Callable

import numpy as np

from ivr.talk.line import Pcm
from ivr.talk.speech.vad import WINDOW, WINDOW_S, Endpointer, Moment, Timing, level_db

FIRST_WORD_S = 6.0
"""Somebody who has not begun by then has nothing to say."""

_AROUND = round(0.3 / WINDOW_S)  # windows kept before the first and after the last word
_VOICE_DB = -42.0
_ABOVE_NOISE_DB = 10.0

Probability = Callable[[Pcm], float]
"""Of speech in a window of `WINDOW` samples."""


class Loudness:
    """Tells speech from silence by level alone, where no voice detector is installed."""

    def __init__(self) -> None:
        self._levels: list[float] = []

    def __call__(self, window: Pcm) -> float:
        level = max(level_db(window), -100.0)
        self._levels = [*self._levels[-100:], level]  # three seconds
        noise = float(np.percentile(self._levels, 10))
        return float(level > max(_VOICE_DB, min(noise, -35.0) + _ABOVE_NOISE_DB))


class Dictation:
    """Feed it frames of any length until it is `over`; `samples` is what was said."""

    def __init__(self, longest_s: float, silence_s: float, voice: Probability) -> None:
        self._voice = voice
        self._ends = Endpointer(Timing(ended=silence_s, longest=longest_s))
        self._longest = round(longest_s / WINDOW_S)
        self._windows: list[Pcm] = []
        self._left = np.zeros(0, np.int16)
        self._begun = False
        self.over = False

    def feed(self, frame: Pcm) -> None:
        self._left = np.concatenate([self._left, frame])
        while len(self._left) >= WINDOW and not self.over:
            self._window(self._left[:WINDOW])
            self._left = self._left[WINDOW:]

    @property
    def samples(self) -> Pcm:
        """From the first word to the last; empty when nothing was said."""
        if not self._begun:
            return np.zeros(0, np.int16)
        first = max(0, self._ends.first - _AROUND)
        return np.concatenate(self._windows[first : self._ends.last + 1 + _AROUND])

    def _window(self, window: Pcm) -> None:
        self._windows.append(window)
        moment = self._ends.feed(self._voice(window))
        self._begun |= moment is Moment.BEGUN  # a cough is dropped, and no beginning
        nothing = not self._begun and len(self._windows) * WINDOW_S >= FIRST_WORD_S
        self.over = moment is Moment.ENDED or nothing or len(self._windows) >= self._longest
