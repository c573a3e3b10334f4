"""A line without a telephone: a person who does what they are told while they hear each sound."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from pathlib import Path

import numpy as np

from ivr.talk.line import RATE, Keys, Pcm, Sound

Person = Callable[["FakeLine", str], None]
"""Told the name of each sound as it begins; may press keys, speak or hang up."""


class FakeLine:
    """Every sound takes `sound_s`. `said` has the names of the sounds, `cut` those interrupted."""

    def __init__(self, person: Person = lambda line, name: None, *, sound_s: float = 0.01) -> None:
        self.attempt = "attempt"
        self.variables: Mapping[str, str] = {}
        self.keys = Keys()
        self.ended = asyncio.Event()
        self.said: list[str] = []
        self.cut: list[str] = []
        self.hung_up_by_us = False
        self._person = person
        self._sound_s = sound_s
        self._spoken: asyncio.Queue[Pcm | None] = asyncio.Queue()
        self._quiet = asyncio.Event()

    # --- the person

    def press(self, keys: str) -> None:
        for key in keys:
            self.keys.press(key)

    def speak(self, seconds: float = 0.1, level: int = 1) -> None:
        self._spoken.put_nowait(np.full(round(seconds * RATE), level, np.int16))

    def leave(self) -> None:
        self.ended.set()
        self.keys.close()
        self._quiet.set()
        self._spoken.put_nowait(None)

    # --- what a line has

    async def play(self, sound: Sound) -> float:
        name = sound.stem if isinstance(sound, Path) else "sound"
        self.said.append(name)
        self._quiet.clear()
        self._person(self, name)
        try:
            async with asyncio.timeout(self._sound_s):
                await self._quiet.wait()
        except TimeoutError:
            return self._sound_s
        except asyncio.CancelledError:
            self.cut.append(name)
            raise
        self.cut.append(name)
        return self._sound_s / 2

    async def stop(self) -> None:
        self._quiet.set()

    async def frames(self) -> AsyncGenerator[Pcm, None]:
        while (spoken := await self._spoken.get()) is not None:
            yield spoken

    async def hangup(self) -> None:
        if not self.ended.is_set():
            self.hung_up_by_us = True
            self.leave()
