"""Rows of the webhooks' outbox. What is sent to whom is ivr.hooks' business."""

from typing import Any, NamedTuple

from ivr import ids
from ivr.store.database import Database, Row, Writer, load_queries

SQL = load_queries("hooks")
FLAGS = {"breach", "repaired"}


class Waiting(NamedTuple):
    """A delivery that is due."""

    id: str
    target: str
    event: str
    body: str
    tries: int


class FedRow(NamedTuple):
    """Something that ended, for those who want to know."""

    id: str
    at: float
    data: dict[str, Any]


class OutboxTable:
    """The outbox of one site. `Writer` marks what happens inside a transaction."""

    def __init__(self, db: Database, site: str) -> None:
        self._db = db
        self._site = site

    async def put(
        self, writer: Writer, target: str, event: str, about: str, body: str, at: float
    ) -> None:
        """Once: the same `about` for the same target is left out."""
        values = {"target": target, "event": event, "about": about, "body": body, "at": at}
        await writer.execute(SQL["put"], {**values, "id": ids.uuid7(at), "site": self._site})

    async def due(self, now: float, limit: int) -> list[Waiting]:
        rows = await self._read("due", now=now, limit=limit)
        return [Waiting(*(row[field] for field in Waiting._fields)) for row in rows]

    async def tried(
        self, delivery: str, status: str, *, due_at: float | None, done_at: float | None
    ) -> None:
        """What came of a try; `due_at` None: there will be no other."""
        values = {"id": delivery, "status": status, "due_at": due_at, "done_at": done_at}
        async with self._db.write() as writer:
            await writer.execute(SQL["tried"], {**values, "site": self._site})

    async def again(self, target: str, now: float) -> int:
        """Whatever was given up for `target` is due again; how much."""
        async with self._db.write() as writer:
            cursor = await writer.execute(
                SQL["again"], {"site": self._site, "target": target, "now": now}
            )
            return int(cursor.rowcount)

    async def purge(self, before: float) -> None:
        """Forget what was sent or given up and is older."""
        async with self._db.write() as writer:
            await writer.execute(SQL["purge"], {"site": self._site, "before": before})

    async def counts(self) -> list[Row]:
        """(target, waiting, sent, given_up, last_status) of each target."""
        return await self._read("counts")

    async def calls_after(self, at: float, last: str, limit: int) -> list[FedRow]:
        """Calls that were logged after the one `last` at `at`."""
        rows = await self._read("calls_after", at=at, id=last, limit=limit)
        return [_fed(row) for row in rows]

    async def _read(self, query: str, **values: Any) -> list[Row]:
        return await self._db.fetch_all(SQL[query], {**values, "site": self._site})


def _fed(row: Row) -> FedRow:
    data = {name: bool(value) if name in FLAGS else value for name, value in dict(row).items()}
    return FedRow(row["id"], row["logged_at"], data)
