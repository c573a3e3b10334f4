"""A conversation with a person on a line: say, hear, keep words; they may always interrupt.

Everything raises HungUp when the person goes, and UserError for a sound that cannot
be played.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

import structlog

from ivr.talk.asking import By, Heard
from ivr.talk.dictation import FIRST_WORD_S, Dictation, Loudness, Probability
from ivr.talk.line import KEYS, HungUp, Line, Pcm, Sound
from ivr.talk.speech.vad import Detector

ANSWER_S = 5.0
"""How long a person may think before a question counts as unanswered."""

_LONGEST_SPEECH_S = 30.0
"""An ear that has heard a beginning and no end for so long has failed."""

_T = TypeVar("_T")

log = structlog.get_logger(__name__)


class Ear(Protocol):
    """Understands one spoken answer."""

    async def hear(self, frames: AsyncIterator[Pcm], speaking: Callable[[], None]) -> Heard:
        """Listen to `frames` (20 ms each) until an utterance has ended, and say what it was.

        Calls `speaking` once the person begins to speak: what we say is cut off then.
        """


@dataclass(frozen=True, slots=True)
class Said:
    finished: bool  # to its end
    key: str | None  # the key that interrupted it


class Conversation:
    """`prompts` is the folder of the language's rendered prompts; a str names one of them."""

    def __init__(self, line: Line, prompts: Path) -> None:
        self.line = line
        self._prompts = prompts

    @property
    def keys(self) -> str:
        """All keys pressed so far."""
        return self.line.keys.pressed

    async def say(
        self, sound: Sound | str, *, interruptible: bool = True, keys: Collection[str] = KEYS
    ) -> Said:
        """Say `sound`; one of `keys`, also one typed ahead, ends it at once.

        Other keys go unheard. Uninterruptible, it is said whole and keys wait for the
        next question. HungUp tells how much was heard.
        """
        async with _together() as together:
            playing = together(self.line.play(self._sound(sound)))
            pressing = together(self._key(keys)) if interruptible else None
            await _first(playing, pressing)
            if pressing is not None and pressing.done() and not pressing.exception():
                playing.cancel()
                await self.line.stop()
                return Said(finished=False, key=pressing.result())
            heard_s = await playing
        if self.line.ended.is_set():
            raise HungUp(heard_s)
        return Said(finished=True, key=None)

    async def key(self, keys: Collection[str] = KEYS, timeout_s: float = ANSWER_S) -> str | None:
        """The next of `keys`, others go unheard; None when none came in time."""
        try:
            async with asyncio.timeout(timeout_s):
                return await self._key(keys)
        except TimeoutError:
            return None

    async def hear(
        self, sounds: Sequence[Sound | str], timeout_s: float = ANSWER_S, ear: Ear | None = None
    ) -> Heard | None:
        """Say `sounds`, then wait; the first key or the first utterance ends either.

        Keys typed ahead count: then the sounds go unheard. None for nothing within
        `timeout_s`. By.DEAF when `ear` failed: what was being said is said to its end,
        unless the person had begun to speak.
        """
        spoke = asyncio.Event()
        async with _together() as together:
            pressing = together(self._key(KEYS))
            hearing = together(self._listen(ear, spoke.set)) if ear else None
            playing = together(self._say_all([self._sound(one) for one in sounds]))
            interrupted = together(spoke.wait())
            await _first(playing, pressing, hearing, interrupted)
            if _deaf(hearing) and not spoke.is_set():
                await _first(playing, pressing)
            if not playing.done():
                playing.cancel()
                await self.line.stop()
            elif playing.exception():
                await playing
            await _first(pressing, hearing, interrupted, timeout_s=timeout_s)
            if spoke.is_set():
                await _first(pressing, hearing, timeout_s=_LONGEST_SPEECH_S)
            if pressing.done():
                return Heard(await pressing)  # raises HungUp
            if hearing is not None and hearing.done():
                return await hearing
            return Heard("", By.SPEECH) if spoke.is_set() else None

    async def record(
        self, longest_s: float, silence_s: float, keys: Collection[str] = "#*"
    ) -> tuple[Pcm, str]:
        """What the person says, and which of `keys` ended it ("": a silence, or `longest_s`).

        Hanging up ends it too: what was said until then is kept.
        """
        dictation = Dictation(longest_s, silence_s, await _voice())
        async with _together() as together:
            pressing = together(self._key(keys))
            taking = together(self._take_down(dictation))
            await _first(pressing, taking, timeout_s=longest_s + FIRST_WORD_S)
            pressed = pressing.done() and not pressing.exception()
            return dictation.samples, pressing.result() if pressed else ""

    async def farewell(self, within_s: float) -> bool:
        """Let the person hang up first; whether they did. The owner of the line ends it then."""
        try:
            async with asyncio.timeout(within_s):
                await self.line.ended.wait()
        except TimeoutError:
            return False
        return True

    # --- the parts

    def _sound(self, sound: Sound | str) -> Sound:
        return self._prompts / f"{sound}.wav" if isinstance(sound, str) else sound

    async def _key(self, keys: Collection[str]) -> str:
        while True:
            pressed = await self.line.keys.get()
            if pressed.key in keys:
                return pressed.key

    async def _say_all(self, sounds: list[Sound]) -> None:
        for sound in sounds:
            await self.line.play(sound)

    async def _listen(self, ear: Ear, speaking: Callable[[], None]) -> Heard:
        """A failing ear hears nothing: keys go on working."""
        try:
            async with aclosing(self.line.frames()) as frames:
                return await ear.hear(frames, speaking)
        except Exception:
            log.exception("listening failed; keys go on", attempt=self.line.attempt)
        return Heard("", By.DEAF)

    async def _take_down(self, dictation: Dictation) -> None:
        async with aclosing(self.line.frames()) as frames:
            async for frame in frames:
                dictation.feed(frame)
                if dictation.over:
                    return


class _Together(Protocol):
    def __call__(self, work: Coroutine[Any, Any, _T]) -> "asyncio.Task[_T]": ...


@asynccontextmanager
async def _together() -> AsyncIterator[_Together]:
    """Tasks that all have ended when the block does."""
    tasks: list[asyncio.Task[Any]] = []

    def start(work: Coroutine[Any, Any, _T]) -> "asyncio.Task[_T]":
        task = asyncio.create_task(work)
        tasks.append(task)
        return task

    try:
        yield start
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _deaf(hearing: "asyncio.Task[Heard] | None") -> bool:
    return hearing is not None and hearing.done() and hearing.result().by is By.DEAF


async def _voice() -> Probability:
    """The best way there is to tell speech from silence."""
    try:
        return (await asyncio.to_thread(Detector)).probability
    except ImportError:
        return Loudness()


async def _first(*tasks: "asyncio.Task[Any] | None", timeout_s: float | None = None) -> None:
    """Until one of them is done."""
    await asyncio.wait(
        [task for task in tasks if task is not None],
        timeout=timeout_s,
        return_when=asyncio.FIRST_COMPLETED,
    )
