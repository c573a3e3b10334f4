"""Who must be phoned back: callers nobody answered, and those who asked for it."""

from dataclasses import dataclass
from enum import StrEnum

from ivr.errors import UserError
from ivr.store.calls import naming, only
from ivr.store.database import Database, Row, Writer, load_queries

SQL = load_queries("worklist")


class Kind(StrEnum):
    ABANDONED = "abandoned"  # an outside caller whom no person answered
    CALLBACK = "callback"  # pressed 1: 我们马上给您回电


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    id: str
    kind: Kind
    number: str
    number_key: str
    line: str
    call_id: str  # Asterisk's; empty when the call is unknown
    created_at: float
    done_at: float | None = None
    done_by: str = ""
    note: str = ""
    closed_by: str | None = None  # id of the answered call that closed it by itself


class Worklist:
    """The entries of one site."""

    def __init__(self, db: Database, site: str) -> None:
        self._db = db
        self._site = site

    async def put(self, writer: Writer, entry: Entry) -> None:
        """Add inside a transaction; an entry that is there already stays as it is."""
        await writer.execute(
            SQL["put"],
            {
                "id": entry.id,
                "site": self._site,
                "kind": entry.kind.value,
                "number": entry.number,
                "number_key": entry.number_key,
                "line": entry.line,
                "call_id": entry.call_id,
                "created_at": entry.created_at,
            },
        )

    async def withdraw(self, writer: Writer, call_id: str) -> None:
        """Inside a transaction: the call was answered, it is no abandoned one."""
        await writer.execute(SQL["withdraw"], {"site": self._site, "call_id": call_id})

    async def close_answered(self, writer: Writer, number_key: str) -> None:
        """Inside a transaction: close what a later answered call with the number settled."""
        if number_key:
            await writer.execute(SQL["close_answered"], {"site": self._site, "key": number_key})

    async def entries(self, *, done: bool = False) -> list[Entry]:
        """Open entries, oldest first; with `done` the closed ones too."""
        found = await self._db.fetch_all(SQL["list"], {"site": self._site, "all": int(done)})
        return [_entry(row) for row in found]

    async def get(self, name: str) -> Entry:
        """By id or its last characters. Raises UserError when none or several match."""
        found = await self._db.fetch_all(SQL["named"], {"site": self._site, **naming(name)})
        only(found, name, "worklist entry")
        return _entry(found[0])

    async def done(self, entry: Entry, *, at: float, by: str, note: str = "") -> None:
        """Close it. Raises UserError when it is closed already."""
        async with self._db.write() as writer:
            cursor = await writer.execute(
                SQL["done"],
                {"site": self._site, "id": entry.id, "done_at": at, "done_by": by, "note": note},
            )
            if cursor.rowcount == 0:
                raise UserError(f"worklist entry {entry.id} is done already")


def _entry(row: Row) -> Entry:
    return Entry(
        id=row["id"],
        kind=Kind(row["kind"]),
        number=row["number"],
        number_key=row["number_key"],
        line=row["line"],
        call_id=row["call_id"],
        created_at=row["created_at"],
        done_at=row["done_at"],
        done_by=row["done_by"],
        note=row["note"],
        closed_by=row["closed_by"],
    )
