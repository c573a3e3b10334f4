"""Rows of people who may sign in, and of the tokens of machines."""

from dataclasses import dataclass

from ivr.store.database import Database, Row, load_queries

SQL = load_queries("users")
TOKEN_SQL = load_queries("machine_tokens")


@dataclass(frozen=True, slots=True, kw_only=True)
class UserRow:
    id: str
    login: str  # lower case
    name: str
    role: str
    password: str  # argon2id, encoded
    ext: str = ""  # their desk phone
    language: str = ""  # of the pages; empty: the site's
    must_change: bool = False
    created_at: float
    disabled_at: float | None = None
    signed_in_at: float | None = None


class UserTable:
    """The users of one site. Who may be one is decided in ivr.web.users."""

    def __init__(self, db: Database, site: str) -> None:
        self._db = db
        self._site = site

    async def add(self, row: UserRow) -> None:
        await self._write(
            "add",
            id=row.id,
            login=row.login,
            name=row.name,
            role=row.role,
            ext=row.ext,
            language=row.language,
            password=row.password,
            must_change=int(row.must_change),
            created_at=row.created_at,
        )

    async def all(self) -> list[UserRow]:
        """Those who may sign in first, then by login."""
        return [
            _user_row(row) for row in await self._db.fetch_all(SQL["all"], {"site": self._site})
        ]

    async def by_login(self, login: str) -> UserRow | None:
        row = await self._db.fetch_one(SQL["by_login"], {"site": self._site, "login": login})
        return None if row is None else _user_row(row)

    async def by_id(self, id: str) -> UserRow | None:
        row = await self._db.fetch_one(SQL["by_id"], {"site": self._site, "id": id})
        return None if row is None else _user_row(row)

    async def count(self) -> int:
        row = await self._db.fetch_one(SQL["count"], {"site": self._site})
        return 0 if row is None else int(row["users"])

    async def other_able_admins(self, id: str) -> int:
        """Administrators who could still sign in without this one."""
        row = await self._db.fetch_one(SQL["count_able_admins"], {"site": self._site, "id": id})
        return 0 if row is None else int(row["admins"])

    async def change(self, id: str, *, name: str, role: str, ext: str, language: str) -> None:
        await self._write("change", id=id, name=name, role=role, ext=ext, language=language)

    async def set_language(self, id: str, language: str) -> None:
        await self._write("set_language", id=id, language=language)

    async def set_password(self, id: str, password: str, *, must_change: bool) -> None:
        await self._write("set_password", id=id, password=password, must_change=int(must_change))

    async def set_disabled(self, id: str, at: float | None) -> None:
        await self._write("set_disabled", id=id, at=at)

    async def signed_in(self, id: str, at: float) -> None:
        await self._write("signed_in", id=id, at=at)

    async def _write(self, query: str, **values: str | float | None) -> None:
        async with self._db.write() as writer:
            await writer.execute(SQL[query], {"site": self._site, **values})


def _user_row(row: Row) -> UserRow:
    return UserRow(
        id=row["id"],
        login=row["login"],
        name=row["name"],
        role=row["role"],
        password=row["password"],
        ext=row["ext"],
        language=row["language"],
        must_change=bool(row["must_change"]),
        created_at=row["created_at"],
        disabled_at=row["disabled_at"],
        signed_in_at=row["signed_in_at"],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRow:
    id: str
    name: str
    role: str  # what it may do
    hash: str  # SHA-256 of the token, which is kept nowhere
    created_by: str
    created_at: float
    used_at: float | None = None
    revoked_at: float | None = None


class TokenTable:
    """The machine tokens of one site."""

    def __init__(self, db: Database, site: str) -> None:
        self._db = db
        self._site = site

    async def add(self, row: TokenRow) -> None:
        """A token that is there already, revoked or not, stays as it is."""
        await self._write(
            "add",
            id=row.id,
            name=row.name,
            role=row.role,
            hash=row.hash,
            created_by=row.created_by,
            created_at=row.created_at,
        )

    async def by_hash(self, hash: str) -> TokenRow | None:
        """A token that holds, not one that was revoked."""
        row = await self._db.fetch_one(TOKEN_SQL["by_hash"], {"site": self._site, "hash": hash})
        return None if row is None else _token_row(row)

    async def by_id(self, id: str) -> TokenRow | None:
        row = await self._db.fetch_one(TOKEN_SQL["by_id"], {"site": self._site, "id": id})
        return None if row is None else _token_row(row)

    async def all(self) -> list[TokenRow]:
        """Those that hold first, then by age."""
        found = await self._db.fetch_all(TOKEN_SQL["all"], {"site": self._site})
        return [_token_row(row) for row in found]

    async def used(self, id: str, at: float) -> None:
        await self._write("used", id=id, at=at)

    async def revoke(self, id: str, at: float) -> None:
        await self._write("revoke", id=id, at=at)

    async def _write(self, query: str, **values: str | float | None) -> None:
        async with self._db.write() as writer:
            await writer.execute(TOKEN_SQL[query], {"site": self._site, **values})


def _token_row(row: Row) -> TokenRow:
    return TokenRow(
        id=row["id"],
        name=row["name"],
        role=row["role"],
        hash=row["hash"],
        created_by=row["created_by"],
        created_at=row["created_at"],
        used_at=row["used_at"],
        revoked_at=row["revoked_at"],
    )
