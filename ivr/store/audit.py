"""Who did what, when: rows that are added and never changed (a trigger sees to it)."""

from dataclasses import dataclass

from ivr.store.calls import FOR_EVER
from ivr.store.database import Database, Row, load_queries

SQL = load_queries("audit")


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    id: str
    at: float
    user_id: str = ""
    user_name: str = ""
    role: str = ""
    address: str = ""
    action: str
    target: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """`action` may be a whole one ("notice.start") or its beginning ("notice")."""

    since: float = 0.0
    until: float = FOR_EVER
    user_id: str = ""
    action: str = ""
    text: str = ""
    limit: int = 100
    offset: int = 0


class AuditTable:
    """The audit log of one site."""

    def __init__(self, db: Database, site: str) -> None:
        self._db = db
        self._site = site

    async def add(self, entry: AuditEntry) -> None:
        async with self._db.write() as writer:
            await writer.execute(
                SQL["add"],
                {
                    "id": entry.id,
                    "site": self._site,
                    "at": entry.at,
                    "user_id": entry.user_id,
                    "user_name": entry.user_name,
                    "role": entry.role,
                    "address": entry.address,
                    "action": entry.action,
                    "target": entry.target,
                    "detail": entry.detail,
                },
            )

    async def find(self, wanted: AuditFilter) -> tuple[int, list[AuditEntry]]:
        """How many match, and one page of them, the latest first."""
        values: dict[str, str | float] = {
            "site": self._site,
            "since": wanted.since,
            "until": wanted.until,
            "user_id": wanted.user_id,
            "action": wanted.action,
            "text": wanted.text.lower(),
        }
        count = await self._db.fetch_one(SQL["count"], values)
        rows = await self._db.fetch_all(
            SQL["find"], values | {"limit": wanted.limit, "offset": wanted.offset}
        )
        return (0 if count is None else int(count["entries"])), [_entry(row) for row in rows]

    async def actions(self) -> list[str]:
        """Every action that was ever written."""
        found = await self._db.fetch_all(SQL["actions"], {"site": self._site})
        return [str(row["action"]) for row in found]


def _entry(row: Row) -> AuditEntry:
    return AuditEntry(
        id=row["id"],
        at=row["at"],
        user_id=row["user_id"],
        user_name=row["user_name"],
        role=row["role"],
        address=row["address"],
        action=row["action"],
        target=row["target"],
        detail=row["detail"],
    )
