"""Telling other systems what happened: committed first, then sent, again and again until
it was taken or there is no hope.

What is put into the outbox belongs to the transaction of what happened, so neither a
crash nor a system that is down loses anything. Each delivery has an id: who got one
twice can tell.
"""

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import structlog

from ivr import ids
from ivr.hooks import addresses, signing
from ivr.hooks.secrets import Secrets
from ivr.settings import HookTarget, Settings
from ivr.store.database import Database, Row, Writer
from ivr.store.hooks import OutboxTable, Waiting

LOOK_S = 1.0
AT_ONCE = 50  # deliveries looked at in one go
FIRST_WAIT_S = 10.0
LONGEST_WAIT_S = 6 * 3600.0
KEPT_S = 30 * 86_400.0  # what was sent stays visible so long
TIDY_S = 3600.0
LARGEST = 64 * 1024  # bytes of a body
GONE = 410  # the target says: never again

log = structlog.get_logger(__name__)


def wait_s(tries: int) -> float:
    """Seconds until the next try after so many: 10 s, doubled each time, 6 h at most."""
    return float(min(FIRST_WAIT_S * 2.0 ** min(tries - 1, 20), LONGEST_WAIT_S))


class Outbox:
    """`put` inside the transaction of what happened; between `start` and `close` it is sent."""

    def __init__(
        self, db: Database, settings: Settings, now: Callable[[], float] = time.time
    ) -> None:
        self._settings = settings
        self._targets = {target.name: target for target in settings.hooks.targets}
        self._table = OutboxTable(db, settings.site.id)
        self._secrets = Secrets(settings.paths.data)
        self._now = now
        self._tidied_at = float("-inf")
        self._task: asyncio.Task[None] | None = None

    def wants(self, event: str) -> bool:
        """Whether any target is told of such events."""
        return any(event in target.events for target in self._targets.values())

    async def put(
        self, writer: Writer, event: str, about: str, at: float, data: Mapping[str, Any]
    ) -> None:
        """Tell every target that wants such events. `about` is the id of what happened: it
        is told once. Raises ValueError when `data` is too large to send."""
        when = datetime.fromtimestamp(at, self._settings.site.zone).isoformat()
        said = {"event": event, "about": about, "at": when, "site": self._settings.site.id}
        body = json.dumps({**said, "data": data}, ensure_ascii=False)
        if len(body.encode()) > LARGEST:
            raise ValueError(f"{event} {about}: is too large for a webhook")
        for target in self._targets.values():
            if event in target.events:
                await self._table.put(writer, target.name, event, about, body, self._now())

    async def counts(self) -> list[Row]:
        """(target, waiting, sent, given_up, last_status) of each target."""
        return await self._table.counts()

    async def again(self, target: str) -> int:
        """Try once more what was given up for `target`; how many deliveries."""
        return await self._table.again(target, self._now())

    async def test(self, name: str) -> tuple[str, bool]:
        """Send the target an event "test" now; what came of it ("HTTP 204"), and whether it
        was taken. It is not tried again. Raises KeyError when there is no such target."""
        target = self._targets[name]
        when = datetime.fromtimestamp(self._now(), self._settings.site.zone).isoformat()
        said = {"event": "test", "at": when, "site": self._settings.site.id, "data": {}}
        sent = Waiting(ids.uuid7(self._now()), name, "test", json.dumps(said), 0)
        async with self.client() as http:
            status, taken, _hopeless = await self._send(http, target, sent)
        return status, taken

    # --- sending -------------------------------------------------------------

    async def start(self) -> None:
        if self._targets:
            self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None

    async def _run(self) -> None:
        async with self.client() as http:
            while True:
                try:
                    sent = await self.send_due(http)
                    await self._tidy()
                except Exception:
                    log.exception("the webhooks' outbox could not be worked on")
                    sent = 0
                if not sent:
                    await asyncio.sleep(LOOK_S)

    def client(self) -> aiohttp.ClientSession:
        """An HTTP client that goes nowhere else than it may, and remembers nothing."""
        hooks = self._settings.hooks
        connector = aiohttp.TCPConnector(
            resolver=addresses.Resolver(allow_private=hooks.allow_private), use_dns_cache=False
        )
        return aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(total=hooks.timeout_s),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            auto_decompress=False,
        )

    async def send_due(self, http: aiohttp.ClientSession) -> int:
        """Send what is due, one after the other to each target; how much."""
        due = await self._table.due(self._now(), AT_ONCE)
        by_target: dict[str, list[Waiting]] = {}
        for each in due:
            by_target.setdefault(each.target, []).append(each)
        await asyncio.gather(*(self._send_all(http, those) for those in by_target.values()))
        return len(due)

    async def _send_all(self, http: aiohttp.ClientSession, those: list[Waiting]) -> None:
        for each in those:
            target = self._targets.get(each.target)
            if target is None or each.event not in target.events:
                await self._table.tried(each.id, "no longer wanted", due_at=None, done_at=None)
                continue
            status, taken, hopeless = await self._send(http, target, each)
            now = self._now()
            if taken:
                await self._table.tried(each.id, status, due_at=None, done_at=now)
                continue
            tries = each.tries + 1
            given_up = hopeless or tries >= self._settings.hooks.tries
            log.warning("a webhook was not taken", target=target.name, why=status, tries=tries)
            await self._table.tried(
                each.id, status, due_at=None if given_up else now + wait_s(tries), done_at=None
            )

    async def _send(
        self, http: aiohttp.ClientSession, target: HookTarget, each: Waiting
    ) -> tuple[str, bool, bool]:
        """(what came of it, was it taken, is it hopeless)."""
        body = each.body.encode()
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "ivr",
            "X-Ivr-Event": each.event,
            "X-Ivr-Delivery": each.id,
            **signing.headers(self._secrets.of(target.name), self._now(), body),
        }
        try:
            addresses.check_literal(
                urlsplit(target.url).hostname or "",
                allow_private=self._settings.hooks.allow_private,
            )
            # the answer's body is not read: whatever its size, it costs nothing
            async with http.post(
                target.url, data=body, headers=headers, allow_redirects=False
            ) as response:
                status = response.status
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            return _words(error), False, False
        return f"HTTP {status}", 200 <= status < 300, status == GONE

    async def _tidy(self) -> None:
        clock = time.monotonic()
        if clock - self._tidied_at >= TIDY_S:
            self._tidied_at = clock
            await self._table.purge(self._now() - KEPT_S)


def _words(error: Exception) -> str:
    cause = error.__cause__ or error.__context__
    if isinstance(cause, addresses.ForbiddenAddress):
        return str(cause)
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return f"{type(error).__name__}: {error}"[:200]
