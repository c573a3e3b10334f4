"""Text in, files out: what is said is rendered once and kept by its content.

An engine takes seconds and hundreds of megabytes, so it works in a process of
its own, one text at a time on all cores, politely behind the calls that are
going on; it ends with the studio. Studios of several processes take turns and
find what the others have made.
"""

import asyncio
import contextlib
import hashlib
import json
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from ivr.cache import cache_dir, lock
from ivr.errors import UserError
from ivr.talk.audio import for_telephone, write
from ivr.talk.normalise import normalise
from ivr.talk.voice.base import Voice

TELEPHONE, WIDEBAND = 8_000, 16_000
_PROCESSING = 1  # raise when the same rendering would be treated differently
_LONGEST_TEXT = 5_000


@dataclass(frozen=True, slots=True)
class Rendering:
    """What is said, as a file per sampling rate."""

    text: str  # as it is said
    key: str
    files: dict[int, Path]


def rendering(voice: Voice, text: str, language: str) -> Rendering:
    """Where `text` is kept; the files may not be there yet. Raises UserError for no words."""
    if len(text) > _LONGEST_TEXT:
        raise UserError(f"the text has {len(text)} characters; say it in {_LONGEST_TEXT} or fewer")
    said = normalise(text, language)
    if not any(one.isalnum() for one in said):
        raise UserError(f"{text[:40]!r}: nothing in it can be said; write words")
    content = json.dumps([_PROCESSING, voice.name, voice.version, said], ensure_ascii=False)
    key = hashlib.sha256(content.encode()).hexdigest()
    return Rendering(
        said, key, {rate: _folder() / f"{key}.{rate}.wav" for rate in (TELEPHONE, WIDEBAND)}
    )


def _folder() -> Path:
    return cache_dir() / "voice"


def used(*files: Path) -> None:
    """Remember that they were needed just now; one that is gone is left alone."""
    for file in files:
        with contextlib.suppress(OSError):
            os.utime(file)


def purge(before: float) -> int:
    """Forget what was rendered and not used since `before` (epoch seconds); how many files.

    Owners' names are in some of it. Whatever is needed again is made again.
    """
    return purge_unused(_folder(), before)


def purge_unused(folder: Path, before: float) -> int:
    """Delete the .wav files in `folder` that `used` has not touched since `before`."""
    deleted = 0
    for file in folder.glob("*.wav"):
        with contextlib.suppress(OSError):  # another process may be faster
            if file.stat().st_mtime < before:
                file.unlink()
                deleted += 1
    return deleted


class Studio:
    """`async with Studio(voice, "zh-CN") as studio: await studio.render("您好")`."""

    def __init__(self, voice: Voice, language: str) -> None:
        self.voice = voice
        self.language = language
        self._pool: ProcessPoolExecutor | None = None

    async def __aenter__(self) -> "Studio":
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._pool is not None:
            await asyncio.to_thread(self._pool.shutdown, cancel_futures=True)

    async def render(self, text: str) -> Rendering:
        """The files of `text`, made if need be. Raises UserError if it cannot be said."""
        wanted = rendering(self.voice, text, self.language)
        if _complete(wanted.files.values()):
            used(*wanted.files.values())
        else:
            await self._make(wanted)
        return wanted

    async def render_all(
        self, texts: Sequence[str], progress: Callable[[int], None] = lambda _: None
    ) -> list[Rendering]:
        """Every text, in order; `progress` is told how many are ready."""
        done = []
        for text in texts:
            done.append(await self.render(text))
            progress(len(done))
        return done

    async def _make(self, wanted: Rendering) -> None:
        if self._pool is None:
            # spawn: a fork would take the caller's threads and sockets along
            self._pool = ProcessPoolExecutor(
                1, multiprocessing.get_context("spawn"), initializer=_begin
            )
        try:
            await asyncio.get_running_loop().run_in_executor(
                self._pool, _work, self.voice, wanted.text, wanted.files
            )
        except BrokenProcessPool:
            self._pool = None
            raise UserError(
                f"voice {self.voice.name} died while speaking, most likely for want of memory;"
                " free 600 MB or choose the voice espeak"
            ) from None


def _complete(files: Iterable[Path]) -> bool:
    return all(path.exists() for path in files)


# --- In the worker process ---

_ready: dict[tuple[str, str], Voice] = {}


def _begin() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    os.nice(10)


def _work(voice: Voice, text: str, files: dict[int, Path]) -> None:
    voice = _ready.setdefault((voice.name, voice.version), voice)  # keeps its model loaded
    with lock("voice"):
        if _complete(files.values()):
            return
        sound = voice.render(text)
        for rate, path in files.items():
            write(path, for_telephone(sound, rate))
