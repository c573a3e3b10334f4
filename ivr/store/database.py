"""The database file: one writer, one reader, numbered migrations.

Times are UTC seconds since the epoch in DOUBLE PRECISION columns: the unit the
tracker and Asterisk use, so durations are subtractions and no text is parsed;
both SQLite and PostgreSQL index and compare it, and microseconds survive.
"""

import asyncio
import fcntl
import os
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from importlib import resources
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiosqlite

from ivr.errors import UserError

FILE_NAME = "ivr.db"
APPLICATION_ID = 0x69767231  # "ivr1", kept in the file's header
BUSY_S = 5.0
MAPPED = 2 << 30  # bytes of the file the reader sees without copying (SQLite's own limit is near)

Parameters = dict[str, Any]
Row = sqlite3.Row
Writer = aiosqlite.Connection
"""The connection inside a `Database.write()` block."""


class Database:
    """Open one with `Database.open`, and always close it: aiosqlite's threads
    keep the process alive otherwise."""

    def __init__(
        self,
        path: Path,
        writer: aiosqlite.Connection,
        reader: aiosqlite.Connection,
        held: AsyncExitStack,
    ) -> None:
        self.path = path
        self._writer = writer
        self._reader = reader
        self._held = held
        self._writing = asyncio.Lock()

    @classmethod
    async def open(
        cls,
        path: Path,
        *,
        serve: bool = False,
        create: bool = True,
        busy_s: float = BUSY_S,
    ) -> "Database":
        """Open `path`, bringing its schema up to date.

        `serve` is for the service: it holds the file's advisory lock, so that no
        second service writes to it; the command line works beside it. Without
        `create` a missing file is the user's mistake.

        Raises UserError when the file is missing, locked by another service, not
        a database of ours, of a newer ivr, or cannot be written.
        """
        _prepare(path, create)
        async with AsyncExitStack() as stack:
            if serve:
                stack.callback(os.close, _take_lock(path))
            try:
                writer = await _connect(path, busy_s, stack)
                await _configure(writer, path)
                await _migrate(writer, path)
                reader = await _connect(path, busy_s, stack)
                await reader.execute("PRAGMA query_only = ON")
                await reader.execute(f"PRAGMA mmap_size = {MAPPED}")
            except sqlite3.Error as error:
                raise UserError(_sentence(path, error)) from error
            return cls(path, writer, reader, stack.pop_all())

    async def close(self) -> None:
        """Wait for the running transaction, then close. May be called twice."""
        async with self._writing:
            await self._held.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Writer]:
        """One transaction; on disk (synchronous=FULL) when the block has ended.

        An exception or a cancellation inside it leaves nothing behind.
        """
        async with self._writing:
            try:
                await self._writer.execute("BEGIN IMMEDIATE")
                yield self._writer
                await self._writer.commit()
            except BaseException:
                # Queued behind whatever the thread still does for us, hence last,
                # even when a second cancellation does not let us wait for it.
                with suppress(sqlite3.Error):
                    await asyncio.shield(self._writer.rollback())
                raise

    async def fetch_all(self, sql: str, parameters: Parameters) -> list[Row]:
        """Rows of a query, as committed; never waits for the writer."""
        return list(await self._reader.execute_fetchall(sql, parameters))

    async def fetch_one(self, sql: str, parameters: Parameters) -> Row | None:
        rows = await self.fetch_all(sql, parameters)
        return rows[0] if rows else None


def load_queries(table: str) -> dict[str, str]:
    """The named queries of queries/<table>.sql; each starts with ``-- name: …``."""
    text = (resources.files(__package__) / "queries" / f"{table}.sql").read_text("utf-8")
    queries = {}
    for part in text.split("-- name: ")[1:]:
        name, _, sql = part.partition("\n")
        queries[name.strip()] = sql.strip().removesuffix(";")
    return queries


def _prepare(path: Path, create: bool) -> None:
    if not create and not path.exists():
        raise UserError(f"{path}: there is no database yet; `ivr serve` makes it")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Callers' numbers are in it: for its owner only (SQLite's -wal follows).
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise UserError(
            f"{path}: cannot be written ({error.strerror}); "
            "give ivr's user the right to write there, or change paths.data"
        ) from None


def _take_lock(path: Path) -> int:
    file = path.with_suffix(".lock")
    lock = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        holder = os.read(lock, 32).decode("ascii", "replace").strip()
        os.close(lock)
        raise UserError(
            f"{path}: another ivr uses this database (process {holder or 'unknown'}); "
            "stop it, or give this one another paths.data"
        ) from None
    os.truncate(lock, 0)
    os.write(lock, b"%d\n" % os.getpid())
    return lock


async def _connect(path: Path, busy_s: float, stack: AsyncExitStack) -> aiosqlite.Connection:
    # isolation_level=None: transactions begin and end where we say, nowhere else.
    connection = await aiosqlite.connect(path, isolation_level=None, timeout=busy_s)
    stack.push_async_callback(connection.close)
    connection.row_factory = sqlite3.Row
    return connection


async def _configure(writer: aiosqlite.Connection, path: Path) -> None:
    # Before anything is changed: a foreign file must stay as it was.
    application = await _pragma(writer, "application_id")
    tables = list(await writer.execute_fetchall("SELECT name FROM sqlite_master LIMIT 1"))
    if application != APPLICATION_ID and tables:
        raise UserError(f"{path}: is a database, but not one of ivr; choose another paths.data")
    await writer.execute("PRAGMA journal_mode = WAL")
    await writer.execute("PRAGMA synchronous = FULL")
    await writer.execute("PRAGMA foreign_keys = ON")


async def _migrate(writer: aiosqlite.Connection, path: Path) -> None:
    migrations = _migrations()
    newest = max(migrations)
    version = await _pragma(writer, "user_version")
    if version > newest:
        raise UserError(
            f"{path}: was written by a newer ivr (schema {version}, this one knows {newest}); "
            "install that version again"
        )
    if version == newest:
        return
    await writer.execute("BEGIN IMMEDIATE")
    try:
        # Asked again inside the lock: another process may have been faster.
        version = await _pragma(writer, "user_version")
        for number in sorted(migrations):
            if number > version:
                for statement in statements(migrations[number]):
                    await writer.execute(statement)
        await writer.execute(f"PRAGMA user_version = {max(newest, version)}")
        await writer.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        await writer.commit()
    except BaseException:
        await writer.rollback()
        raise


async def _pragma(connection: aiosqlite.Connection, name: str) -> int:
    rows = list(await connection.execute_fetchall(f"PRAGMA {name}"))
    return int(rows[0][0])


def _migrations() -> dict[int, str]:
    """Number → script, from schema/NNN_name.sql."""
    folder = resources.files(__package__) / "schema"
    return {
        int(file.name[:3]): file.read_text("utf-8")
        for file in folder.iterdir()
        if file.name.endswith(".sql")
    }


def statements(script: str) -> Iterator[str]:
    """The SQL statements of a migration, one by one."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _sentence(path: Path, error: sqlite3.Error) -> str:
    code = getattr(error, "sqlite_errorcode", None)
    if code == sqlite3.SQLITE_NOTADB:
        return f"{path}: is not a database; move it away and start again"
    if code == sqlite3.SQLITE_CORRUPT:
        return f"{path}: is damaged ({error}); put a copy of it in its place"
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return f"{path}: is busy in another program; try again when that has ended"
    if code == sqlite3.SQLITE_FULL:
        return f"{path}: the disk is full; make room and start again"
    return f"{path}: cannot be used ({error}); check the folder's rights and the disk"
