"""Writing down what happens to calls, in its order, without holding anything up."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import structlog

from ivr.store.database import Database, Writer
from ivr.store.outbound import StoreError

log = structlog.get_logger(__name__)

RETRY_S = 1.0
CLOSE_S = 5.0  # for what is left; the next start settles the rest with Asterisk

Work = Callable[[Writer], Awaitable[None]]


def _nothing() -> None:
    return


class Journal:
    """Everything that waits is written in one transaction. While the store fails (the
    disk is full, say) it is tried again for ever, and nothing is lost meanwhile."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._queue: asyncio.Queue[tuple[Work, Callable[[], None]]] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._write())

    async def close(self) -> None:
        if self._task is None:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                await self._queue.join()
        self._task.cancel()
        await asyncio.wait([self._task])
        self._task = None

    def later(self, work: Work, done: Callable[[], None] = _nothing) -> None:
        """Do `work` in a transaction; call `done` when that is committed."""
        self._queue.put_nowait((work, done))

    async def now(self, work: Work) -> None:
        """Do `work` after what waits already; it is committed when this returns."""
        committed = asyncio.Event()
        self.later(work, committed.set)
        await committed.wait()

    async def _write(self) -> None:
        while True:
            batch = [await self._queue.get()]
            while not self._queue.empty():
                batch.append(self._queue.get_nowait())
            await self._commit(batch)
            for _, done in batch:
                done()
                self._queue.task_done()

    async def _commit(self, batch: list[tuple[Work, Callable[[], None]]]) -> None:
        while True:
            try:
                async with self._db.write() as writer:
                    for work, _ in batch:
                        await work(writer)
                return
            except StoreError as error:
                log.error("outbound calls cannot be written; trying again", why=str(error))
                await asyncio.sleep(RETRY_S)
