"""Hearing an answering machine's beep: one steady tone, then silence."""

import asyncio
from contextlib import aclosing

import numpy as np
import numpy.typing as npt

from ivr.talk.line import RATE, Line

WAIT_S = 30.0  # greetings are shorter; after this the message is left anyhow
TONE_S = 0.15  # a shorter one is speech
QUIET = 200.0  # RMS below which nothing is said
PURE = 0.6  # share of a frame's power that is in one tone and its neighbours
LOWEST, HIGHEST = 350.0, 2500.0  # Hz; machines beep between them


def is_tone(frame: npt.NDArray[np.int16]) -> bool:
    """Whether these samples are one steady tone, loud enough to be a beep."""
    samples = frame.astype(np.float64)
    if len(samples) == 0 or np.sqrt(np.mean(samples**2)) < QUIET:
        return False
    power = np.abs(np.fft.rfft(samples * np.hanning(len(samples)))) ** 2
    peak = int(power.argmax())
    frequency = peak * RATE / len(samples)
    near = power[max(0, peak - 2) : peak + 3].sum()
    return LOWEST <= frequency <= HIGHEST and bool(near >= PURE * power.sum())


class Beep:
    """Frames in; `over` once a beep was heard and has ended."""

    def __init__(self) -> None:
        self._tone_s = 0.0
        self.over = False

    def feed(self, frame: npt.NDArray[np.int16]) -> None:
        if is_tone(frame):
            self._tone_s += len(frame) / RATE
            return
        self.over |= self._tone_s >= TONE_S
        self._tone_s = 0.0


async def until_beep(line: Line) -> None:
    """Return when the machine has beeped, the line has ended, or after WAIT_S."""
    beep = Beep()
    try:
        async with asyncio.timeout(WAIT_S), aclosing(line.frames()) as frames:
            async for frame in frames:
                beep.feed(frame)
                if beep.over:
                    return
    except TimeoutError:
        return
