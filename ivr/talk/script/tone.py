"""The beep after which a person's words are kept."""

from functools import cache

import numpy as np

from ivr.talk.line import RATE, Pcm

_SECONDS = 0.25
_HERTZ = 1_000.0


@cache
def beep() -> Pcm:
    """A soft tone, without a click at either end."""
    time = np.arange(round(_SECONDS * RATE)) / RATE
    fade = np.minimum(1.0, np.minimum(time, _SECONDS - time) / 0.02)
    return np.asarray(6_000 * fade * np.sin(2 * np.pi * _HERTZ * time), np.int16)
