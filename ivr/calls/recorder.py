"""Starts the recording of a call when the notice is over, never before.

PIPL: the recording notice is played before recording starts. Both hear it as
they are connected; a caller whom the system answered has heard it in the
greeting, unless somebody took the call before the greeting had ended. What could
not be announced is not recorded.
"""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import structlog

from ivr.calls import recording
from ivr.calls.facts import CallAnswered, CallEnded, Fact
from ivr.calls.model import Call, Direction, Leg
from ivr.calls.tracker import Tracker
from ivr.pbx.session import ActionFailed, ActionTimeout, ConnectionLost
from ivr.pbx.switch import Switch
from ivr.settings import Settings

log = structlog.get_logger(__name__)

MARGIN_S = 0.5  # between the end of the notice and the start of the recording


class Recorder:
    """A subscriber of the tracker's facts."""

    def __init__(
        self,
        settings: Settings,
        tracker: Tracker,
        switch: Switch,
        *,
        notice_s: float,
        greeting_s: float,
    ) -> None:
        """`notice_s` is how long the notice takes, `greeting_s` the system's greeting
        with the notice in it, in seconds."""
        self._settings = settings
        self._tracker = tracker
        self._switch = switch
        self._notice_s = notice_s
        self._greeting_s = greeting_s
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._on: dict[str, str] = {}  # call → the leg it is recorded on since a transfer

    def on_fact(self, fact: Fact) -> None:
        match fact:
            case CallAnswered(call=call, leg=leg) if call.recording:
                self._run(call, self._record_on(call, leg))
            case CallAnswered(call=call):
                self.begin(call)
            case CallEnded(call=call):
                self._on.pop(call.call_id, None)
                task = self._tasks.pop(call.call_id, None)
                if task is not None:
                    task.cancel()
            case _:
                pass

    def begin(self, call: Call) -> None:
        """See to it that `call`, which somebody has answered, is recorded."""
        if (
            self._settings.recording.enabled
            and call.direction is not Direction.INTERNAL
            and not call.recording
            and call.call_id not in self._tasks
            and not _is_only_told(call)
        ):
            self._run(call, self._record(call))

    async def close(self) -> None:
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def _run(self, call: Call, work: Coroutine[Any, Any, None]) -> None:
        self._tasks[call.call_id] = asyncio.create_task(self._guarded(call, work))

    async def _guarded(self, call: Call, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except (ActionFailed, ActionTimeout, ConnectionLost) as error:
            log.warning("not recorded", call=call.call_id, why=str(error))

    async def _record(self, call: Call) -> None:
        channel = _outside_channel(call)
        if channel is None:
            return
        if await self._switch.is_recorded(channel):  # since before we watched
            self._tracker.found_recorded(call.call_id)
            return
        if not self._was_greeted(call):
            await self._switch.announce_recording(channel)
            await asyncio.sleep(self._notice_s + MARGIN_S)
        file = self._file(call)
        file.parent.mkdir(parents=True, exist_ok=True)
        await self._switch.record(channel, str(file))

    async def _record_on(self, call: Call, leg: Leg) -> None:
        """The call has gone on to another phone."""
        before = self._on.get(call.call_id) or _outside_channel(call) or ""
        self._on[call.call_id] = leg.channel
        await self._switch.record_on(before, leg.channel, str(self._file(call)))

    def _file(self, call: Call) -> Path:
        return self._settings.paths.data / recording.file_of(call.call_id)

    def _was_greeted(self, call: Call) -> bool:
        """Whether the caller heard the system's greeting to its end."""
        if call.system_answer_at is None or call.answer_at is None:
            return False
        return call.answer_at - call.system_answer_at >= self._greeting_s


def _is_only_told(call: Call) -> bool:
    """The system phoned somebody, and none of us has joined: what is said is our own message."""
    return call.attempt_id is not None and sum(leg.answer_at is not None for leg in call.legs) < 2


def _outside_channel(call: Call) -> str | None:
    """The outside party's channel: it lives as long as the call, whoever is transferred."""
    if call.direction is Direction.OUTBOUND:
        return call.answered_by
    return call.caller_channel
