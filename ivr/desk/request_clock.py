"""Keeps the limits of service requests while the service runs."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import asdict

import structlog

from ivr.desk import limits
from ivr.desk.limits import NEED_WORDS
from ivr.desk.request import UNDONE, What
from ivr.desk.request_rows import made, request_of, step_of, steps_of, times
from ivr.desk.requests import Requests
from ivr.store.database import Database, Writer
from ivr.store.requests import RequestFilter, RequestTables

log = structlog.get_logger(__name__)

LOOK_S = 1.0
MANY = 200  # looked at in one transaction


class RequestClock:
    """Looks every second: warnings and breaches become entries, each once, also over a
    restart; `requests` then tells of them, and of what other processes changed."""

    def __init__(
        self, db: Database, requests: Requests, now: Callable[[], float] = time.time
    ) -> None:
        self._db = db
        self._requests = requests
        self._tables = RequestTables(db, requests.settings.site.id)
        self._now = now
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        await self.refresh()
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None

    async def _run(self) -> None:
        while True:
            try:
                await self.look()
                await self._requests.tell()
            except Exception:
                log.exception("the requests' limits could not be looked at")
            await asyncio.sleep(LOOK_S)

    async def refresh(self) -> None:
        """Reckon every limit anew: the settings may be others since they were written."""
        undone = RequestFilter(states=tuple(UNDONE))
        found, _ = await self._tables.find(undone)
        async with self._db.write() as writer:
            for row in found:
                request = request_of(row)
                told = await self._tables.steps(writer, request.id, request.since)
                reckoned = times(self._requests.limits(request), told)
                await self._tables.set_times(writer, request.id, reckoned)

    async def look(self) -> None:
        """Write down which limits have come near or passed."""
        now = self._now()
        while rows := await self._tables.to_look_at(now, MANY):
            async with self._db.write() as writer:
                for row in rows:
                    await self._look_at(writer, row["id"], now)

    async def _look_at(self, writer: Writer, request_id: str, now: float) -> None:
        request = request_of(await self._tables.get(request_id, writer))
        open_limits = self._requests.limits(request)
        told = await self._tables.steps(writer, request.id, request.since)
        due = [
            moment
            for moment in limits.moments(open_limits)
            if moment.at <= now and step_of(moment) not in told
        ]
        late = {moment.need for moment in due if moment.step is limits.Step.BREACH}
        for moment in due:
            if moment.step is limits.Step.WARNING and moment.need in late:
                continue  # ivr was not there in time to warn
            what = What.BREACH if moment.step is limits.Step.BREACH else What.WARNING
            text = f"{NEED_WORDS[moment.need]}，应在 {self._requests.clock(moment.breach_at)} 前"
            entry = made(request, what, "", now, text, request.state, moment.need)
            await self._tables.put_entry(writer, asdict(entry))
        await self._tables.put_steps(writer, request.id, request.since, steps_of(due))
        reckoned = times(open_limits, told | steps_of(due))
        await self._tables.set_times(writer, request.id, reckoned)
