"""Rows of the duty roster (值班表)."""

from collections.abc import Sequence
from dataclasses import dataclass

from ivr.store.calls import FOR_EVER, naming, only
from ivr.store.database import Database, Row, load_queries
from ivr.store.marks import Marks

SQL = load_queries("roster")
VERSION = "roster.version"


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterRow:
    """While it lasts ([from_at, to_at), seconds since the epoch) its phones answer `line`."""

    id: str
    line: str
    from_at: float
    to_at: float
    primary: tuple[str, ...]
    backup: tuple[str, ...] = ()  # empty: the ladder's stays
    mobile: str = ""  # empty: the ladder's stays
    person: str = ""
    note: str = ""


class RosterTable:
    """The roster of one site. What may stand in it is decided in ivr.desk.roster."""

    def __init__(self, db: Database, site: str) -> None:
        self._db = db
        self._site = site
        self._marks = Marks(db, site)

    async def version(self) -> int:
        """Goes up with every change, by whichever process; cheap enough to ask every second."""
        return int(await self._marks.get(VERSION) or 0)

    async def put(self, rows: Sequence[RosterRow]) -> None:
        """All of `rows` or none; a row with the same line and times is replaced."""
        async with self._db.write() as writer:
            await writer.executemany(SQL["put"], [self._columns(row) for row in rows])
            await self._marks.count_up(writer, VERSION)

    async def remove(self, row: RosterRow) -> None:
        async with self._db.write() as writer:
            await writer.execute(SQL["remove"], {"site": self._site, "id": row.id})
            await self._marks.count_up(writer, VERSION)

    async def get(self, name: str) -> RosterRow:
        """By id or its last characters. Raises UserError when none or several match."""
        found = await self._db.fetch_all(SQL["named"], {"site": self._site, **naming(name)})
        only(found, name, "roster entry")
        return _roster_row(found[0])

    async def between(
        self, since: float = 0.0, until: float = FOR_EVER, line: str | None = None
    ) -> list[RosterRow]:
        """Entries that touch [since, until), by their beginning."""
        found = await self._db.fetch_all(
            SQL["between"], {"site": self._site, "since": since, "until": until, "line": line}
        )
        return [_roster_row(row) for row in found]

    def _columns(self, row: RosterRow) -> dict[str, str | float]:
        return {
            "id": row.id,
            "site": self._site,
            "line": row.line,
            "from_at": row.from_at,
            "to_at": row.to_at,
            "primary_exts": " ".join(row.primary),
            "backup_exts": " ".join(row.backup),
            "mobile": row.mobile,
            "person": row.person,
            "note": row.note,
        }


def _roster_row(row: Row) -> RosterRow:
    return RosterRow(
        id=row["id"],
        line=row["line"],
        from_at=row["from_at"],
        to_at=row["to_at"],
        primary=tuple(row["primary_exts"].split()),
        backup=tuple(row["backup_exts"].split()),
        mobile=row["mobile"],
        person=row["person"],
        note=row["note"],
    )
