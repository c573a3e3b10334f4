"""Rows of browser sessions. How long one lasts is decided in ivr.web.sessions."""

from dataclasses import dataclass

from ivr.store.database import Database, Row, load_queries

SQL = load_queries("sessions")


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRow:
    hash: str  # SHA-256 of the cookie
    user_id: str
    created_at: float
    seen_at: float
    address: str
    agent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A session that holds, with whose it is."""

    session: SessionRow
    login: str
    name: str
    role: str
    ext: str
    language: str
    must_change: bool


class SessionTable:
    """The sessions of one site. `seen_after` and `created_after` are the limits that hold."""

    def __init__(self, db: Database, site: str) -> None:
        self._db = db
        self._site = site

    async def add(self, row: SessionRow) -> None:
        await self._write(
            "add",
            hash=row.hash,
            user_id=row.user_id,
            at=row.created_at,
            address=row.address,
            agent=row.agent,
        )

    async def get(self, hash: str, *, seen_after: float, created_after: float) -> SignedIn | None:
        row = await self._db.fetch_one(
            SQL["get"],
            {
                "site": self._site,
                "hash": hash,
                "seen_after": seen_after,
                "created_after": created_after,
            },
        )
        if row is None:
            return None
        return SignedIn(
            session=_session_row(row),
            login=row["login"],
            name=row["name"],
            role=row["role"],
            ext=row["ext"],
            language=row["language"],
            must_change=bool(row["must_change"]),
        )

    async def of_user(
        self, user_id: str, *, seen_after: float, created_after: float
    ) -> list[SessionRow]:
        """Those that hold, the latest first."""
        found = await self._db.fetch_all(
            SQL["of_user"],
            {
                "site": self._site,
                "user_id": user_id,
                "seen_after": seen_after,
                "created_after": created_after,
            },
        )
        return [_session_row(row) for row in found]

    async def seen(self, hash: str, at: float) -> None:
        await self._write("seen", hash=hash, at=at)

    async def end(self, hash: str) -> None:
        await self._write("end", hash=hash)

    async def end_of_user(self, user_id: str, *, but: str = "") -> None:
        """All of a user's sessions, save the one whose hash is `but`."""
        await self._write("end_of_user", user_id=user_id, but=but)

    async def end_old(self, *, seen_after: float, created_after: float) -> None:
        await self._write("end_old", seen_after=seen_after, created_after=created_after)

    async def _write(self, query: str, **values: str | float) -> None:
        async with self._db.write() as writer:
            await writer.execute(SQL[query], {"site": self._site, **values})


def _session_row(row: Row) -> SessionRow:
    return SessionRow(
        hash=row["hash"],
        user_id=row["user_id"],
        created_at=row["created_at"],
        seen_at=row["seen_at"],
        address=row["address"],
        agent=row["agent"],
    )
