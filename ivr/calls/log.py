"""The call log: one committed row for every call that ended, whatever the disk does."""

import asyncio
import contextlib
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice

import structlog
from prometheus_client import Counter, Gauge, Histogram

from ivr.calls import record, recording
from ivr.calls.facts import CallEnded, Fact, Marked
from ivr.calls.model import Call
from ivr.calls.record import Finished, Record
from ivr.calls.recording import RecordingState
from ivr.calls.spool import Spool
from ivr.settings import Settings
from ivr.store.calls import Calls
from ivr.store.database import Database
from ivr.store.worklist import Worklist

LAG = Histogram(
    "ivr_call_log_lag_seconds",
    "From the end of a call to its committed row",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 300),
)
WAITING = Gauge("ivr_call_log_waiting_records", "Records in memory, not yet on disk")
FAILING = Gauge("ivr_call_log_failing", "1 while the database cannot be written")
ROWS = Counter("ivr_call_log_rows", "Rows of calls committed")

CALLBACK_MARK = "IvrCallback"
"""UserEvent of the dialplan when a caller pressed 1; see record.requested."""

BATCH = 100  # records in one transaction
MEMORY_LIMIT = 10_000  # records (about 3 KB each) kept when even the spool cannot be written
RETRY_S = 5.0
LOOKS = 3  # at a recording, before it counts as missing
LOOK_EVERY_S = 2.0

# What the database says about one record, not about itself.
_BAD_RECORD = (
    sqlite3.IntegrityError,
    sqlite3.DataError,
    sqlite3.InterfaceError,
    OverflowError,
    UnicodeError,
)

_log = structlog.get_logger(__name__)


class CallLog:
    """A subscriber of the tracker's facts.

    `on_fact` only turns the fact into rows in memory; one task writes them, in
    order. While the database fails they go to a spool beside it and are replayed
    when it works again: calls go on, nothing is lost, one warning is logged.
    """

    def __init__(
        self,
        db: Database,
        settings: Settings,
        *,
        recording_of: Callable[[str], str] = recording.file_of,
        now: Callable[[], float] = time.time,
        retry_s: float = RETRY_S,
        look_every_s: float = LOOK_EVERY_S,
    ) -> None:
        """`recording_of` gives the file of a call id, relative to paths.data."""
        self._db = db
        self._settings = settings
        self._recording_of = recording_of
        self._now = now
        self._retry_s = retry_s
        self._look_every_s = look_every_s
        self._calls = Calls(db, settings.site.id)
        self._worklist = Worklist(db, settings.site.id)
        self._spool = Spool(db.path.with_name("calls.spool.jsonl"))
        self._waiting: deque[Record] = deque()
        self._wake = asyncio.Event()
        self._looks_wanted = asyncio.Event()
        self._closing = False
        self._tried_at = float("-inf")
        self._tasks: list[asyncio.Task[None]] = []
        self.problem: str | None = None
        """Why rows are not committed at present; None while all is well."""

    async def start(self) -> None:
        """Begin to write; what an earlier run left in the spool comes first."""
        self._wake.set()
        self._looks_wanted.set()
        self._tasks = [
            asyncio.create_task(self._write(), name="call-log"),
            asyncio.create_task(self._look(), name="recordings"),
        ]

    async def close(self) -> None:
        """Write what waits (to the spool, if need be), then stop."""
        self._closing = True
        self._wake.set()
        if not self._tasks:
            return
        writer, looker = self._tasks
        await writer
        looker.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await looker
        if self._waiting:
            _log.error("calls lost: neither database nor spool", calls=len(self._waiting))

    def on_fact(self, fact: Fact) -> None:
        """Take a fact. Never waits, never touches the disk."""
        now = self._now()
        match fact:
            case CallEnded(call=call):
                self._take(self._finished(call, now))
            case Marked(name=name, fields=fields, call=call, at=at) if name == CALLBACK_MARK:
                when = now if at is None else at
                self._take(record.requested(fields, call, self._settings, at=when))
            case _:
                pass

    def _finished(self, call: Call, now: float) -> Finished:
        return record.finished(
            call, self._settings, recording=self._recording_of(call.call_id), now=now
        )

    def _take(self, taken: Record) -> None:
        if len(self._waiting) >= MEMORY_LIMIT:
            # Neither database nor spool for thousands of calls: memory is what is left to save.
            _log.error("call lost: neither database nor spool", call=_call_id(taken))
            return
        self._waiting.append(taken)
        WAITING.set(len(self._waiting))
        self._wake.set()

    async def _write(self) -> None:
        while not self._closing:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._retry_s if self.problem else None):
                    await self._wake.wait()
            self._wake.clear()
            await self._settle(retry=False)
        await self._settle(retry=True)

    async def _settle(self, *, retry: bool) -> None:
        """Bring everything that waits to disk: into the database, or the spool.

        A database that failed is asked again after `retry_s`, or at once with `retry`.
        """
        loop = asyncio.get_running_loop()
        if self.problem and not retry and loop.time() < self._tried_at + self._retry_s:
            await self._put_aside()
            return
        self._tried_at = loop.time()
        try:
            await self._replay()
            while self._waiting:
                batch = list(islice(self._waiting, BATCH))
                await self._commit(batch)
                self._drop(len(batch))
        except Exception as error:  # whatever it is, this task goes on and keeps the records
            self._failed(error)
            await self._put_aside()
        else:
            self._works()

    async def _replay(self) -> None:
        if self._spool.empty:
            return
        kept = await asyncio.to_thread(self._spool.read)
        for start in range(0, len(kept), BATCH):
            await self._commit(kept[start : start + BATCH])
        # A crash before this line replays them once more, onto the same rows.
        await asyncio.to_thread(self._spool.clear)
        _log.info("call log replayed", records=len(kept))

    async def _commit(self, batch: Sequence[Record]) -> None:
        try:
            await self._transaction(batch)
        except _BAD_RECORD as error:
            if len(batch) > 1:
                for one in batch:
                    await self._commit([one])
                return
            await asyncio.to_thread(self._spool.reject, batch[0])
            _log.error(
                "call rejected by the database; kept aside",
                call=_call_id(batch[0]),
                file=self._spool.rejected.name,
                error=str(error),
            )

    async def _transaction(self, batch: Sequence[Record]) -> None:
        async with self._db.write() as writer:
            for one in batch:
                if isinstance(one, Finished):
                    row = one.row
                    if await self._calls.put(writer, row) is None:
                        continue
                    if one.todo is None:
                        await self._worklist.withdraw(writer, row.call_id)
                        await self._worklist.close_answered(writer, row.caller_key)
                        await self._worklist.close_answered(writer, row.called_key)
                if one.todo is not None:
                    await self._worklist.put(writer, one.todo)
                    await self._worklist.close_answered(writer, one.todo.number_key)
        now = self._now()
        for one in batch:
            if isinstance(one, Finished):
                ROWS.inc()
                if one.row.end_at is not None:
                    LAG.observe(max(0.0, now - one.row.end_at))
                if one.row.recording:
                    self._looks_wanted.set()

    async def _put_aside(self) -> None:
        if not self._waiting:
            return
        kept = list(self._waiting)
        # OSError: the spool's disk is full as well; memory keeps them until a retry.
        with contextlib.suppress(OSError):
            await asyncio.to_thread(self._spool.append, kept)
            self._drop(len(kept))

    def _drop(self, count: int) -> None:
        for _ in range(count):
            self._waiting.popleft()
        WAITING.set(len(self._waiting))

    def _failed(self, error: Exception) -> None:
        if self.problem is None:
            _log.warning("call log cannot be written; calls go on", error=str(error))
        self.problem = str(error)
        FAILING.set(1)

    def _works(self) -> None:
        if self.problem is not None:
            _log.info("call log is written again")
        self.problem = None
        FAILING.set(0)

    async def _look(self) -> None:
        """Check recordings of calls that ended; Asterisk may still be writing one."""
        looks: dict[str, int] = {}
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._look_every_s if looks else None):
                    await self._looks_wanted.wait()
            self._looks_wanted.clear()
            # A database that fails is asked again after the next call.
            with contextlib.suppress(sqlite3.Error, ValueError):
                looks = await self._look_once(looks)

    async def _look_once(self, looks: dict[str, int]) -> dict[str, int]:
        """`looks`: row id → how often it was looked at in vain; returns those still open."""
        folder = self._settings.paths.data
        states, still = {}, {}
        for row_id, file, talk_s in await self._calls.unchecked():
            state = await asyncio.to_thread(recording.check, folder / file, talk_s)
            look = looks.get(row_id, 0) + 1
            if state is RecordingState.OK or look >= LOOKS:
                states[row_id] = state.value
            else:
                still[row_id] = look
        if states:
            await self._calls.set_recording_state(states)
        return still


def _call_id(one: Record) -> str:
    return one.row.call_id if isinstance(one, Finished) else one.todo.call_id
