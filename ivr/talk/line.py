"""A line: one person at the other end, whom we play sound to and who presses keys and speaks.

`ivr.talk.media` has the real one; `ivr.talk.testing_line` one without a telephone.
"""

import asyncio
import time
import wave
from collections import deque
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ivr.errors import UserError

RATE = 8_000
KEYS = "0123456789*#ABCD"

Pcm = NDArray[np.int16]
"""Sound of the telephone: 8,000 samples a second."""

Sound = Path | Pcm
"""What can be played; a path is a 16-bit mono WAV file of 8 kHz."""


class HungUp(Exception):  # noqa: N818 - people hang up; that is no error
    """The person has gone. `heard_s`: how much of the last sound they heard."""

    def __init__(self, heard_s: float = 0.0) -> None:
        super().__init__("the person has hung up")
        self.heard_s = heard_s


@dataclass(frozen=True, slots=True)
class Key:
    key: str
    at: float  # seconds, time.monotonic(): when it was let go


class Keys:
    """The keys a person presses, in order; one consumer. What nobody took waits: typed ahead."""

    def __init__(self) -> None:
        self.pressed = ""  # all of them, taken or not
        self._waiting: deque[Key] = deque()
        self._news = asyncio.Event()
        self._closed = False

    def press(self, key: str) -> None:
        """Ignored when it is no key of a telephone."""
        if len(key) != 1 or key not in KEYS:
            return
        self.pressed += key
        self._waiting.append(Key(key, time.monotonic()))
        self._news.set()

    def close(self) -> None:
        self._closed = True
        self._news.set()

    async def get(self) -> Key:
        """The next key. Raises HungUp when none can come any more."""
        while not self._waiting:
            if self._closed:
                raise HungUp
            self._news.clear()
            await self._news.wait()
        return self._waiting.popleft()


class Line(Protocol):
    """One person on the telephone."""

    @property
    def attempt(self) -> str:
        """The id under which the call was made."""

    @property
    def variables(self) -> Mapping[str, str]:
        """What the call's channel passed on."""

    @property
    def keys(self) -> Keys: ...

    @property
    def ended(self) -> asyncio.Event:
        """Set once either side has hung up."""

    async def play(self, sound: Sound) -> float:
        """Play `sound`, after what is being played; returns at its end, at `stop` or `ended`.

        Returns the seconds of it that were heard. Raises UserError for an unusable file.
        """

    async def stop(self) -> None:
        """Be silent at once: what is being played ends here."""

    def frames(self) -> AsyncGenerator[Pcm, None]:
        """What the person says, in frames of 20 ms, from the first step until the line ends.

        Close it (`contextlib.aclosing`) when you stop listening earlier.
        """

    async def hangup(self) -> None: ...


async def load(sound: Sound) -> Pcm:
    """The samples of `sound`. Raises UserError for a file that cannot be played."""
    return await asyncio.to_thread(_read, sound) if isinstance(sound, Path) else sound


def _read(path: Path) -> Pcm:
    try:
        return _decoded(path, path.stat().st_mtime_ns)
    except (OSError, EOFError, wave.Error) as error:
        raise UserError(f"{path}: cannot be played ({error}); render it again") from None


@lru_cache(maxsize=32)  # prompts are played over and over; a notice's text once a household
def _decoded(path: Path, _changed_ns: int) -> Pcm:
    with wave.open(str(path), "rb") as file:
        shape = (file.getframerate(), file.getnchannels(), file.getsampwidth())
        if shape != (RATE, 1, 2):
            raise UserError(f"{path}: is not 8 kHz, mono, 16 bit; convert it or render it again")
        return np.frombuffer(file.readframes(file.getnframes()), "<i2")
