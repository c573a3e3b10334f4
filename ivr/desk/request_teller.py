"""Tells of what happened to service requests, each entry once, whichever process made it."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from ivr.desk.request import Entry, Request
from ivr.desk.request_rows import entry_of, request_of
from ivr.store.database import Database, Writer
from ivr.store.requests import RequestTables

log = structlog.get_logger(__name__)

MANY = 200  # entries told of at once

OnChange = Callable[[Request, Entry], None]
OnCommit = Callable[[Writer, Request, Entry], Awaitable[None]]


class Teller:
    """`on_change` is called with the request as it is now and each new entry, never twice.
    `on_commit` may write more in the very transaction that marks the entry as told."""

    def __init__(self, db: Database, tables: RequestTables) -> None:
        self.on_change: list[OnChange] = []
        self.on_commit: list[OnCommit] = []
        self._db = db
        self._tables = tables
        self._telling = asyncio.Lock()

    async def tell(self) -> None:
        """Tell the subscribers of every entry that nobody was told of yet."""
        async with self._telling:
            while rows := await self._tables.untold(MANY):
                for row in rows:
                    await self._tell(entry_of(row))

    async def tell_now(self) -> None:
        """The command line has no subscribers: what it did is told by the service."""
        if self.on_change or self.on_commit:
            await self.tell()

    async def _tell(self, entry: Entry) -> None:
        async with self._db.write() as writer:
            if not await self._tables.tell(writer, entry.id):
                return
            request = request_of(await self._tables.get(entry.request, writer))
            for keep in self.on_commit:
                await keep(writer, request, entry)
        for subscriber in self.on_change:
            try:
                subscriber(request, entry)
            except Exception:
                # one that fails must not take the entry from the others
                log.exception("a subscriber failed", request=request.number, what=entry.what)
