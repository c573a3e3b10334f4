"""Starts the recording of a call when the notice is over, never before.

PIPL: the recording notice is played before recording starts. The dialplan plays
it to both as they are connected; a caller whom the system answered has heard it
in the greeting.
"""

import asyncio
from pathlib import Path

import structlog

from ivr.calls import recording
from ivr.calls.facts import CallAnswered, CallEnded, Fact
from ivr.calls.model import Call, Direction, Leg
from ivr.pbx.switch import Switch
from ivr.pbx.tasks import Tasks
from ivr.settings import Settings

log = structlog.get_logger(__name__)

MARGIN_S = 0.2  # between the end of the notice and the start of the recording


class Recorder:
    """A subscriber of the tracker's facts."""

    def __init__(self, settings: Settings, switch: Switch, notice_s: float) -> None:
        """`notice_s` is how long the notice takes, in seconds."""
        self._settings = settings
        self._switch = switch
        self._notice_s = notice_s
        self._tasks = Tasks()
        self._pending: dict[str, asyncio.TimerHandle] = {}

    def on_fact(self, fact: Fact) -> None:
        match fact:
            case CallAnswered(call=call, leg=leg) if self._wants(call):
                self._begin(call, leg)
            case CallEnded(call=call):
                pending = self._pending.pop(call.call_id, None)
                if pending is not None:
                    pending.cancel()
            case _:
                pass

    async def close(self) -> None:
        for pending in self._pending.values():
            pending.cancel()
        await self._tasks.close()

    def _wants(self, call: Call) -> bool:
        return (
            self._settings.recording.enabled
            and call.direction is not Direction.INTERNAL
            and not call.recording
            and call.call_id not in self._pending
        )

    def _begin(self, call: Call, leg: Leg) -> None:
        # the outside party's channel lives as long as the call, whoever is transferred
        channel = leg.channel if call.direction is Direction.OUTBOUND else call.caller_channel
        told = call.system_answer_at is not None
        delay = 0.0 if told else self._notice_s + MARGIN_S
        self._pending[call.call_id] = asyncio.get_running_loop().call_later(
            delay, self._start, call.call_id, channel
        )

    def _start(self, call_id: str, channel: str) -> None:
        file = self._settings.paths.data / recording.file_of(call_id)
        self._tasks.run("record", self._record(channel, file))

    async def _record(self, channel: str, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        await self._switch.record(channel, str(file))
