"""Holds the talk of a callback: greets, asks by the script, keeps every answer at once.

What somebody has answered is on disk before the next question is put, so that neither
a hangup nor a crash takes it back.
"""

import asyncio
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import numpy as np
import structlog

from ivr.errors import UserError
from ivr.ids import uuid7
from ivr.outbound import scripts
from ivr.outbound.callback import Verdict
from ivr.outbound.callbacks import OUTCOMES, Callbacks, spoken_values
from ivr.outbound.model import Campaign, Outcome, Talk, Task
from ivr.pbx.session import ActionFailed, ActionTimeout, ConnectionLost
from ivr.pbx.switch import Switch
from ivr.settings import Settings
from ivr.store.callbacks import AnswerRow, InterviewRow
from ivr.store.database import Database
from ivr.talk import audio
from ivr.talk.conversation import Conversation
from ivr.talk.line import RATE, Line, Pcm
from ivr.talk.script import Recordings, Reply
from ivr.talk.script.perform import perform
from ivr.talk.speech.ears import Ears

FOLDER = "answers"  # under the data folder
FULL_SCALE = np.float32(32_768)

log = structlog.get_logger(__name__)


class Interviewer:
    """The `Performer` of callbacks, surveys and what long-pending owners are told.

    `on_end` is called when a talk has ended and what it came to is kept.
    """

    def __init__(
        self,
        db: Database,
        settings: Settings,
        callbacks: Callbacks,
        recordings: Recordings,
        switch: Switch,
        ears: Ears,
        on_end: Callable[[], None],
        now: Callable[[], float] = time.time,
    ) -> None:
        self._db = db
        self._settings = settings
        self._callbacks = callbacks
        self._recordings = recordings
        self._switch = switch
        self._ears = ears
        self._on_end = on_end
        self._now = now

    async def perform(self, line: Line, campaign: Campaign, task: Task) -> Talk:
        """See Performer. A machine is told nothing; it is tried again."""
        if line.variables.get("IVR_HEARD") == "machine":
            return Talk(Outcome.VOICEMAIL)
        row = await self._callbacks.tables.callback(task.id)
        if row is None:
            raise UserError(f"nobody knows why {campaign.title} is to be phoned")
        values = self._callbacks.values(row, self._now())
        script, version = scripts.loaded(self._settings, row.script, values["language"])
        sounds = await self._recordings.sounds(script, spoken_values(values))
        talk = InterviewRow(
            id=line.attempt,
            task=task.id,
            campaign=campaign.id,
            request=row.request,
            household=row.household,
            reason=row.reason,
            script=row.script,
            version=version,
            begun_at=self._now(),
        )
        async with self._db.write() as writer:
            await self._callbacks.tables.put_interview(writer, talk)
        handed = False

        async def to_person() -> bool:
            nonlocal handed
            handed = await self._hand_over(line)
            return handed

        keeper = _Keeper(self._db, self._settings, self._callbacks, talk)
        conversation = Conversation(line, self._settings.paths.prompts / script.language)
        try:
            result = await perform(
                conversation,
                script,
                values,
                self._ears if self._ears.recogniser is not None else None,
                prompt_of=sounds.__getitem__,
                on_reply=keeper.take,
                to_person=to_person,
            )
        finally:
            await keeper.close()
        found = await self._callbacks.end(talk, result.end, result.wish)
        self._on_end()
        if found is Verdict.PERSON and not handed:
            return Talk(Outcome.HEARD, conversation.keys, "要求转人工，未能转接")
        return Talk(OUTCOMES[found], conversation.keys)

    async def _hand_over(self, line: Line) -> bool:
        try:
            # the attempt's id is the uniqueid of the owner's own channel
            await self._switch.go_on_to_hotline(line.attempt)
        except (ActionFailed, ActionTimeout, ConnectionLost) as error:
            log.warning("nobody to put through to", attempt=line.attempt, why=str(error))
            return False
        return True


class _Keeper:
    """Keeps replies in their order while the talk goes on."""

    def __init__(
        self, db: Database, settings: Settings, callbacks: Callbacks, talk: InterviewRow
    ) -> None:
        self._db = db
        self._data = settings.paths.data
        self._zone = settings.site.zone
        self._tables = callbacks.tables
        self._now = callbacks.now
        self._talk = talk
        self._queue: asyncio.Queue[tuple[int, Reply, float] | None] = asyncio.Queue()
        self._taken = 0
        self._task = asyncio.create_task(self._run())

    def take(self, reply: Reply) -> None:
        self._queue.put_nowait((self._taken, reply, self._now()))
        self._taken += 1

    async def close(self) -> None:
        """Everything taken is kept when this returns."""
        self._queue.put_nowait(None)
        await self._task

    async def _run(self) -> None:
        while (taken := await self._queue.get()) is not None:
            try:
                await self._keep(*taken)
            except Exception:
                log.exception("an answer could not be kept", attempt=self._talk.id)

    async def _keep(self, position: int, reply: Reply, at: float) -> None:
        recording = ""
        if reply.samples is not None and len(reply.samples):
            day = datetime.fromtimestamp(at, self._zone)
            recording = f"{FOLDER}/{day:%Y-%m-%d}/{self._talk.id}-{position}.wav"
            await asyncio.to_thread(_write, self._data / recording, reply.samples)
        row = AnswerRow(
            id=uuid7(at),
            interview=self._talk.id,
            position=position,
            step=reply.step,
            question=reply.question,
            choice=reply.choice,
            label=reply.label,
            way=reply.by.value,
            key=reply.key,
            score=reply.score,
            engine=reply.engine,
            transcript=reply.transcript,
            tries=reply.tries,
            recording=recording,
            at=at,
        )
        async with self._db.write() as writer:
            await self._tables.put_answer(writer, row)


def _write(path: Path, samples: Pcm) -> None:
    audio.write(path, audio.Audio(np.asarray(samples, np.float32) / FULL_SCALE, RATE))
