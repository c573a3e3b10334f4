"""What happened while nobody watched, from Asterisk's own event log (CEL).

The position in the file is remembered at moments when no call was open, so that
reading from there tells every open call from its beginning. Rows that AMI told
already are read (they name the channels) but not told again.
"""

import asyncio
import json
import time
from pathlib import Path

import structlog

from ivr.pbx import cel
from ivr.pbx.events import Disconnected, Event
from ivr.store.marks import Marks

log = structlog.get_logger(__name__)

MARK = "cel"
STORE_EVERY_S = 60.0


class CatchUp:
    """Without a file (`paths.cel` not set) it does nothing: then a call that began
    and ended unseen is lost to the log."""

    def __init__(self, path: Path | None, marks: Marks) -> None:
        self._path = path
        self._marks = marks
        self._idle = cel.Position()
        self._told_until = 0.0  # Asterisk's time of the last event from AMI
        self._told_from: float | None = None  # …and of the first after a gap, while in one
        self._in_gap = True
        self._stored_at = 0.0
        self._task: asyncio.Task[None] | None = None

    async def load(self) -> None:
        """Where the last run left off; at the very first start, the end of the file."""
        if self._path is None:
            return
        stored = await self._marks.get(MARK)
        if stored is None:
            self._idle = cel.end_of(self._path)
            await self.store()
            return
        inode, offset, self._told_until = json.loads(stored)
        self._idle = cel.Position(inode, offset)

    async def store(self) -> None:
        if self._path is not None:
            await self._marks.set(MARK, json.dumps([*self._idle, self._told_until]))

    def seen(self, event: Event) -> None:
        """`event` came from AMI."""
        if isinstance(event, Disconnected):
            self._in_gap, self._told_from = True, None
        elif event.at is None:
            return
        elif not self._in_gap:
            self._told_until = max(self._told_until, event.at)
        elif self._told_from is None:
            self._told_from = event.at

    def idle(self) -> None:
        """No call is open: everything up to here is in the log."""
        clock = time.monotonic()
        if self._path is None or self._in_gap or clock - self._stored_at < STORE_EVERY_S:
            return
        self._stored_at = clock
        self._idle = cel.end_of(self._path)
        self._task = asyncio.get_running_loop().create_task(self._store_quietly())

    async def _store_quietly(self) -> None:
        try:
            await self.store()
        except Exception as error:
            # reading a little more than needed after a crash does no harm
            log.warning("position in CEL not stored", why=str(error))

    def missed(self) -> list[Event]:
        """What AMI did not tell in the gap that ends now, in order."""
        begin, end = self._told_until, self._told_from
        self._in_gap = False
        self._told_until = max(begin, end or 0.0)
        if self._path is None:
            return []
        try:
            records, _ = cel.read(self._path, self._idle)
        except OSError as error:
            log.warning("Asterisk's CEL cannot be read; the log may miss calls", why=str(error))
            return []
        found = [
            event
            for event in cel.events(records)
            if event.at is not None and event.at > begin and (end is None or event.at < end)
        ]
        if found:
            log.info("catching up from CEL", events=len(found))
        return found
