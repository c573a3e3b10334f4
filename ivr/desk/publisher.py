"""Keeps the dialplan's ladders right, a week ahead, so that it needs us for nothing."""

import asyncio
import contextlib
from collections.abc import Callable
from datetime import UTC, datetime

import structlog

from ivr.desk.ladder import Segment
from ivr.desk.roster import Roster
from ivr.pbx.dialplan import ladder_value
from ivr.pbx.session import ActionFailed, ActionTimeout, ConnectionLost
from ivr.pbx.switch import Switch
from ivr.settings import Ladder, Settings

log = structlog.get_logger(__name__)

DAYS = 7
LOOK_EVERY_S = 2.0  # at the roster; a change must work "at once" for the one who made it
REFRESH_S = 3600.0


class Publisher:
    """Writes who rings when into Asterisk, and answers the same question here."""

    def __init__(
        self,
        settings: Settings,
        roster: Roster,
        switch: Switch,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._settings = settings
        self._roster = roster
        self._switch = switch
        self._now = now
        self._segments: dict[str, list[Segment]] = {}
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._version: int | None = None
        self._complained = ""
        self.published = asyncio.Event()
        """Set while Asterisk has what the roster says."""

    async def start(self) -> None:
        await self._plan()
        self._task = asyncio.create_task(self._run(), name="ladders")

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    def connected(self) -> None:
        """Asterisk is (back) there: what it knows may be old or nothing."""
        self.published.clear()
        self._wake.set()

    def ladder(self, line: str, at: float) -> Ladder | None:
        """Who rings on `line` at `at` (seconds since the epoch)."""
        for segment in self._segments.get(line, ()):
            if at < segment.until:
                return segment.ladder
        return None

    async def _plan(self) -> None:
        self._version = await self._roster.version()
        start = self._now().astimezone(self._settings.site.zone)
        for line in self._settings.lines:
            self._segments[line.name] = await self._roster.effective_schedule(line, start, DAYS)

    async def _run(self) -> None:
        refreshed = asyncio.get_running_loop().time()
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._wake.wait()
            self._wake.clear()
            clock = asyncio.get_running_loop().time()
            try:
                changed = await self._roster.version() != self._version
                if changed or clock - refreshed > REFRESH_S:
                    await self._plan()
                    self.published.clear()
                    refreshed = clock
                if not self.published.is_set():
                    await self._publish()
            except (ActionFailed, ActionTimeout, ConnectionLost):
                continue  # connected() wakes us when Asterisk is back
            except Exception as error:
                # the roster could not be read; what was published goes on to hold
                self._complain(f"the duty ladders could not be renewed: {error}")
            else:
                self._complained = ""

    def _complain(self, sentence: str) -> None:
        """Once, and not at every look."""
        if sentence != self._complained:
            log.error(sentence)
        self._complained = sentence

    async def _publish(self) -> None:
        for line, segments in self._segments.items():
            rows = [
                ladder_value(self._settings, segment.ladder, until=segment.until)
                for segment in segments
            ]
            await self._switch.publish_ladder(line, rows)
        self.published.set()
        log.info("duty ladders published", lines=len(self._segments))
