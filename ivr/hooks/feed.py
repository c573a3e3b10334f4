"""Telling of each call that has ended: read from the call log itself, from where the last
reading came to, so that none is left out and none is told twice, also over a crash."""

import asyncio
import time
from collections.abc import Callable

import structlog

from ivr.hooks.outbox import Outbox
from ivr.store.database import Database
from ivr.store.hooks import OutboxTable
from ivr.store.marks import Marks

EVENT = "call.ended"
MARK = "hooks.calls"  # "logged_at id" of the last one told
LOOK_S = 1.0
AT_ONCE = 100

log = structlog.get_logger(__name__)


class CallFeed:
    """Does nothing while no target wants such events."""

    def __init__(
        self, db: Database, site: str, outbox: Outbox, now: Callable[[], float] = time.time
    ) -> None:
        self._db = db
        self._outbox = outbox
        self._table = OutboxTable(db, site)
        self._marks = Marks(db, site)
        self._now = now
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """What is past when it is first wanted is not told."""
        if self._outbox.wants(EVENT):
            if await self._marks.get(MARK) is None:
                await self._marks.set(MARK, f"{self._now()!r} ")
            self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None

    async def _run(self) -> None:
        while True:
            told = 0
            try:
                told = await self.tell()
            except Exception:
                log.exception("ended calls could not be told")
            if told < AT_ONCE:
                await asyncio.sleep(LOOK_S)

    async def tell(self) -> int:
        """Put what was logged since into the outbox; how many calls."""
        mark = await self._marks.get(MARK)
        if mark is None:
            return 0
        at, _, last = mark.partition(" ")
        rows = await self._table.calls_after(float(at), last, AT_ONCE)
        if rows:
            async with self._db.write() as writer:
                for row in rows:
                    await self._outbox.put(writer, EVENT, row.id, row.at, row.data)
                await self._marks.put(writer, MARK, f"{rows[-1].at!r} {rows[-1].id}")
        return len(rows)
