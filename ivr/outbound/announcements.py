"""Hearing what the network says before anybody answers: recorded, recognised, deleted.

Only for calls whose trunk gives early media, and only where an engine can recognise it. What
is heard of somebody who answers is thrown away unheard.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import structlog

from ivr.outbound.announcement import outcome_of, sentences
from ivr.outbound.model import Outcome
from ivr.pbx.session import ActionFailed, ActionTimeout, ConnectionLost
from ivr.pbx.switch import Switch
from ivr.pbx.tasks import Tasks
from ivr.talk.line import RATE, Pcm
from ivr.talk.speech.base import Question, SpeechUnavailable
from ivr.talk.speech.ears import Detectors, Ears
from ivr.talk.speech.vad import WINDOW

FOLDER = "early-media"  # under the data folder

LISTEN_S = 12.0  # an announcement has been said twice by then
WITHIN_S = 3.0  # its household waits for it, and the number is taken meanwhile
FLUSH_S = 0.3  # Asterisk closes its file a moment after the channel's end

log = structlog.get_logger(__name__)


class Heard(NamedTuple):
    outcome: Outcome
    words: str  # as the engine knows them


@dataclass(frozen=True, slots=True)
class _Recording:
    file: Path
    task: asyncio.Task[None]


class Announcements:
    """Attempts are named by their id, which is their channel's uniqueid.

    `question` is the closed set of announcements; without it, or without an engine, nothing
    is recorded. The engine is started with the first early media.
    """

    def __init__(self, switch: Switch, ears: Ears, folder: Path, question: Question | None) -> None:
        self._switch = switch
        self._ears = ears
        self._folder = folder
        self._question = question
        self._detectors = Detectors()
        self._recordings: dict[str, _Recording] = {}
        self._tasks = Tasks()
        self._turn = asyncio.Lock()  # people who answer questions need the other worker

    async def start(self) -> None:
        """Delete what a run before this one has left."""
        await asyncio.to_thread(_empty, self._folder)

    async def close(self) -> None:
        """Listen to nothing any more; calls go on."""
        self._question = None
        for attempt_id in list(self._recordings):
            self.forget(attempt_id)
        await self._tasks.close()

    def __contains__(self, attempt_id: str) -> bool:
        return attempt_id in self._recordings

    def listen(self, attempt_id: str) -> None:
        """Its channel carries sound before the answer. Never waits."""
        if self._question is None or self._ears.recogniser is None or attempt_id in self:
            return
        file = self._folder / f"{attempt_id}.sln"
        task = asyncio.create_task(self._record(attempt_id, file))
        self._recordings[attempt_id] = _Recording(file, task)

    def forget(self, attempt_id: str) -> None:
        """Nobody needs to know what was heard on it: somebody answers, or it was told
        otherwise. Never waits."""
        recording = self._recordings.pop(attempt_id, None)
        if recording is not None:
            recording.task.cancel()
            self._tasks.run("stop listening", self._discard(attempt_id, recording.file))

    async def heard(self, attempt_id: str) -> Heard | None:
        """What was announced on a channel that has ended; None when that is not known within
        WITHIN_S. To be asked once."""
        recording = self._recordings.pop(attempt_id, None)
        if recording is None:
            return None
        recording.task.cancel()
        try:
            async with asyncio.timeout(WITHIN_S):
                await asyncio.sleep(FLUSH_S)
                samples = await asyncio.to_thread(_read, recording.file)
                return await self._recognise(samples)
        except TimeoutError:
            log.info("an announcement was not recognised in time", attempt=attempt_id)
        except SpeechUnavailable as error:
            log.info("an announcement was not recognised", attempt=attempt_id, why=str(error))
        finally:
            await asyncio.to_thread(recording.file.unlink, missing_ok=True)
        return None

    async def _recognise(self, samples: Pcm) -> Heard | None:
        """The first sentence in `samples` that is an announcement."""
        question, recogniser = self._question, self._ears.recogniser
        if question is None or recogniser is None:
            return None
        for part in await self._voices(samples):
            async with self._turn:
                found = await recogniser.recognise(samples[part], question)
            outcome = outcome_of(found)
            if outcome is not None:
                return Heard(outcome, found.transcript)
        return None

    async def _voices(self, samples: Pcm) -> list[slice]:
        detector = await self._detectors.take()

        def find() -> list[slice]:
            windows = samples[: len(samples) // WINDOW * WINDOW].reshape(-1, WINDOW)
            return list(sentences(map(detector.probability, windows)))

        try:
            return await asyncio.to_thread(find)
        finally:
            self._detectors.give_back(detector)

    async def _record(self, attempt_id: str, file: Path) -> None:
        try:
            await asyncio.to_thread(self._folder.mkdir, parents=True, exist_ok=True)
            await self._switch.record_heard(attempt_id, str(file))
            await self._ears.start()
            await asyncio.sleep(LISTEN_S)
            await self._switch.stop_recording(attempt_id)
        except (ActionFailed, ActionTimeout, ConnectionLost, OSError) as error:
            log.info("early media is not recorded", attempt=attempt_id, why=str(error))

    async def _discard(self, attempt_id: str, file: Path) -> None:
        try:
            await self._switch.stop_recording(attempt_id)
            await asyncio.sleep(FLUSH_S)
        finally:
            await asyncio.to_thread(file.unlink, missing_ok=True)


def _read(file: Path) -> Pcm:
    """Raw 16-bit samples; none where nothing was written."""
    try:
        content = file.read_bytes()
    except OSError:
        return np.zeros(0, np.int16)
    return np.frombuffer(content[: len(content) // 2 * 2], "<i2")[: round(LISTEN_S * RATE)]


def _empty(folder: Path) -> None:
    for file in folder.glob("*.sln"):
        with suppress(OSError):
            file.unlink()
