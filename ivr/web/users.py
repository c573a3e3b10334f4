"""People who may sign in: their passwords, and what may be changed about them."""

import asyncio
import os
import re
import secrets
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from aiohttp import web
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from ivr import ids
from ivr.errors import UserError
from ivr.settings import Settings
from ivr.store.database import Database
from ivr.store.users import UserRow, UserTable
from ivr.web.access import Role

LOGIN = re.compile(r"^[a-z0-9][a-z0-9._@-]{0,63}$")
SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 256
WAITING = 64
"""Sign-ins that may wait for a thread; more are told to come back."""

# OWASP's argon2id: 19 MiB, two passes, one lane. About 25 ms.
_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
# Verified in place of an account that does not exist, so that both take as long.
_NOBODY = _hasher.hash("nobody")


T = TypeVar("T")


class TooBusy(Exception):  # noqa: N818 - it says what happened
    """More people sign in at once than passwords can be checked."""


class LoginTaken(UserError):  # noqa: N818 - it says what is so
    """Somebody else has this login."""


class LastAdmin(UserError):  # noqa: N818
    """Nobody would be left to administer."""


class Hashing:
    """argon2 beside the event loop: as many at once as there are cores, so that
    memory has a bound (19 MiB each), and no endless queue before it."""

    def __init__(self) -> None:
        threads = max(1, min(4, os.cpu_count() or 1))
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="argon2")
        self._waiting = 0

    async def hash(self, password: str) -> str:
        """Raises TooBusy."""
        return await self._run(_hash, password)

    async def verify(self, encoded: str, password: str) -> bool:
        """Raises TooBusy."""
        return await self._run(_verify, encoded, password)

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _run(self, work: Callable[..., T], *arguments: str) -> T:
        if self._waiting >= WAITING:
            raise TooBusy
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work, *arguments)
        finally:
            self._waiting -= 1


class Users:
    """The people of one site."""

    def __init__(self, db: Database, settings: Settings, hashing: Hashing | None = None) -> None:
        self._table = UserTable(db, settings.site.id)
        self._settings = settings
        self._hashing = hashing or Hashing()

    def close(self) -> None:
        self._hashing.close()

    async def check(self, login: str, password: str) -> UserRow | None:
        """Who signs in with these; None when somebody else knows why not.

        Takes the same time whether the account exists or not. Raises TooBusy.
        """
        row = await self._table.by_login(login.strip().lower())
        encoded = _NOBODY if row is None else row.password
        right = await self._hashing.verify(encoded, password[:LONGEST_PASSWORD])
        if row is None or not right or row.disabled_at is not None:
            return None
        return row

    async def add(
        self,
        login: str,
        *,
        name: str,
        role: Role,
        password: str,
        ext: str = "",
        language: str = "",
        must_change: bool = True,
    ) -> UserRow:
        """Raises UserError when the login is taken or one of these cannot be."""
        login = login.strip().lower()
        if not LOGIN.match(login):
            raise UserError(
                f"login {login!r}: begin with a letter or digit, then letters, digits, . _ @ -"
            )
        self._check_ext(ext)
        check_password(password, login)
        if await self._table.by_login(login) is not None:
            raise LoginTaken(f"login {login!r} is taken; choose another")
        row = UserRow(
            id=ids.uuid7(),
            login=login,
            name=name.strip() or login,
            role=role.value,
            password=await self._hashing.hash(password),
            ext=ext,
            language=language,
            must_change=must_change,
            created_at=time.time(),
        )
        await self._table.add(row)
        return row

    async def all(self) -> list[UserRow]:
        """Those who may sign in first."""
        return await self._table.all()

    async def get(self, id_or_login: str) -> UserRow:
        """Raises UserError when there is none."""
        row = await self._table.by_id(id_or_login) or await self._table.by_login(
            id_or_login.strip().lower()
        )
        if row is None:
            raise UserError(f"there is no user {id_or_login!r}; `ivr users list` shows them")
        return row

    async def change(self, id: str, *, name: str, role: Role, ext: str, language: str) -> None:
        """Raises UserError, above all when nobody would be left to administer."""
        row = await self.get(id)
        self._check_ext(ext)
        if role is not Role.ADMIN:
            await self._keep_an_admin(row)
        await self._table.change(
            row.id, name=name.strip() or row.login, role=role.value, ext=ext, language=language
        )

    async def set_language(self, id: str, language: str) -> None:
        await self._table.set_language(id, language)

    async def set_password(self, id: str, password: str, *, must_change: bool) -> None:
        """Raises UserError when it is too short or easily guessed."""
        row = await self.get(id)
        check_password(password, row.login)
        encoded = await self._hashing.hash(password)
        await self._table.set_password(row.id, encoded, must_change=must_change)

    async def disable(self, id: str) -> None:
        """They may sign in no more (their sessions hold no longer either)."""
        row = await self.get(id)
        await self._keep_an_admin(row)
        await self._table.set_disabled(row.id, time.time())

    async def enable(self, id: str) -> None:
        await self._table.set_disabled((await self.get(id)).id, None)

    async def signed_in(self, id: str, at: float) -> None:
        await self._table.signed_in(id, at)

    async def first_admin(self) -> str | None:
        """Where nobody may sign in yet: make `admin` and return its password, once.

        It must be changed at the first sign-in.
        """
        if await self._table.count():
            return None
        password = new_password()
        await self.add("admin", name="管理员", role=Role.ADMIN, password=password)
        return password

    def _check_ext(self, ext: str) -> None:
        if ext and self._settings.phone(ext) is None:
            raise UserError(f"phone {ext} is not in [[phones]]; write one that is, or none")

    async def _keep_an_admin(self, row: UserRow) -> None:
        if row.role == Role.ADMIN and not await self._table.other_able_admins(row.id):
            raise LastAdmin(f"{row.login} is the last administrator; make another one first")


USERS = web.AppKey("users", Users)


def new_password() -> str:
    """Twelve characters that can be read out on the telephone; 60 bits."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(3))


def check_password(password: str, login: str) -> None:
    """Raises UserError. Length counts, not which characters (NIST SP 800-63B)."""
    if len(password) < SHORTEST_PASSWORD:
        raise UserError(f"a password has at least {SHORTEST_PASSWORD} characters")
    if len(password) > LONGEST_PASSWORD:
        raise UserError(f"a password has at most {LONGEST_PASSWORD} characters")
    if len(set(password)) < 4 or (len(login) > 3 and login in password.lower()):
        raise UserError("this password is easily guessed; choose another")


def _hash(password: str) -> str:
    return _hasher.hash(password.encode("utf-8", "surrogatepass"))


def _verify(encoded: str, password: str) -> bool:
    try:
        return _hasher.verify(encoded, password.encode("utf-8", "surrogatepass"))
    except (VerificationError, InvalidHashError):
        return False
