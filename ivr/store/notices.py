"""Rows of outage notices, one for each campaign that tells one."""

from dataclasses import asdict, dataclass

from ivr.store.database import Database, Writer, load_queries

SQL = load_queries("notices")


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeRow:
    """Times are seconds since the epoch, UTC; the words are those of ivr.outbound.notice."""

    campaign: str
    kind: str
    scope: str
    place: str
    cause: str
    text: str
    phase: str
    begin_at: float
    end_at: float


class NoticeTable:
    """Those of one site."""

    def __init__(self, db: Database, site: str) -> None:
        self._db = db
        self._site = site

    async def put(self, row: NoticeRow, writer: Writer | None = None) -> None:
        """Keep a new one, or what is known now of one that is kept; with `writer` as a
        part of its transaction."""
        if writer is None:
            async with self._db.write() as own:
                await self.put(row, own)
        else:
            await writer.execute(SQL["put"], {**asdict(row), "site": self._site})

    async def get(self, campaign: str) -> NoticeRow | None:
        found = await self._db.fetch_one(SQL["get"], {"site": self._site, "campaign": campaign})
        if found is None:
            return None
        return NoticeRow(**{key: found[key] for key in found.keys() if key != "site"})  # noqa: SIM118
