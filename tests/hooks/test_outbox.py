"""Webhooks over real HTTP on loopback: taken, refused, down, slow, lying."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from ivr.hooks import signing
from ivr.hooks.outbox import Outbox, wait_s
from ivr.hooks.secrets import Secrets
from ivr.settings import Hooks, HookTarget, Paths, Settings
from ivr.store.database import Database

NOW = 1_795_312_800.0
EVENT = "request.changed"


@dataclass
class Other:
    """The office's other system."""

    status: int = 200
    slow_s: float = 0.0
    taken: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def receive(self, request: web.Request) -> web.StreamResponse:
        self.taken.append((dict(request.headers), await request.read()))
        self.news.set()
        await asyncio.sleep(self.slow_s)
        if self.status == 302:
            raise web.HTTPFound("/elsewhere")
        return web.Response(status=self.status, body=b"x" * 1_000_000)


@pytest.fixture
async def other() -> AsyncIterator[Other]:
    system = Other()
    app = web.Application()
    app.router.add_post("/hook", system.receive)
    app.router.add_post("/elsewhere", system.receive)
    async with TestServer(app) as server:
        system.url = str(server.make_url("/hook"))
        yield system


class Office:
    def __init__(self, db: Database, folder: Path, url: str, **hooks: Any) -> None:
        self.at = NOW
        self.db = db
        target = HookTarget(name="erp", url=url, events=["request.changed"])
        values = {"targets": [target], "allow_private": True, "timeout_s": 0.5} | hooks
        settings = Settings(paths=Paths(data=folder), hooks=Hooks(**values))
        self.secret = Secrets(folder).of("erp")
        self.outbox = Outbox(db, settings, now=lambda: self.at)

    async def tell(self, about: str = "e1", event: str = EVENT, **data: Any) -> None:
        async with self.db.write() as writer:
            await self.outbox.put(writer, event, about, self.at, data or {"title": "漏水"})

    async def send(self, after_s: float = 0.0) -> dict[str, Any]:
        """Send what is due then; how it stands."""
        self.at += after_s
        async with self.outbox.client() as http:
            await self.outbox.send_due(http)
        (row,) = await self.outbox.counts()
        return dict(row)


@asynccontextmanager
async def office(folder: Path, url: str, **hooks: Any) -> AsyncIterator[Office]:
    async with await Database.open(folder / "ivr.db") as db:
        yield Office(db, folder, url, **hooks)


async def test_it_is_signed_and_told_once(tmp_path: Path, other: Other) -> None:
    async with office(tmp_path, other.url) as here:
        await here.tell()
        await here.tell()  # the same thing once more
        await here.tell(event="call.ended")  # not wanted
        assert (await here.send())["sent"] == 1
        assert (await here.send(after_s=100_000))["sent"] == 1
        ((headers, body),) = other.taken
    assert json.loads(body) == {
        "event": EVENT, "about": "e1", "at": "2026-11-22T10:00:00+08:00", "site": "main",
        "data": {"title": "漏水"},
    }  # fmt: skip
    at, given = headers[signing.TIMESTAMP], headers[signing.SIGNATURE]
    assert signing.is_signed(here.secret, at, given, body, NOW)
    assert headers["X-Ivr-Event"] == EVENT


async def test_what_was_not_committed_is_not_told(tmp_path: Path, other: Other) -> None:
    async with office(tmp_path, other.url) as here:

        async def fails() -> None:
            async with here.db.write() as writer:
                await here.outbox.put(writer, EVENT, "e1", NOW, {})
                raise RuntimeError

        with pytest.raises(RuntimeError):
            await fails()
        assert await here.outbox.counts() == []


async def test_it_is_tried_again_with_longer_waits(tmp_path: Path, other: Other) -> None:
    other.status = 503
    async with office(tmp_path, other.url) as here:
        await here.tell()
        counts = await here.send()
        assert (counts["waiting"], counts["last_status"]) == (1, "HTTP 503")
        await here.send(after_s=9)
        assert len(other.taken) == 1
        await here.send(after_s=1)
        await here.send(after_s=19)
        assert len(other.taken) == 2
        other.status = 204
        assert (await here.send(after_s=1))["sent"] == 1
        assert len({body for _, body in other.taken}) == 1
        assert len({headers["X-Ivr-Delivery"] for headers, _ in other.taken}) == 1


def test_the_waits() -> None:
    assert [wait_s(tries) for tries in (1, 2, 3, 11, 12, 500)] == [
        10, 20, 40, 10_240, 20_480, 21_600,
    ]  # fmt: skip


async def test_it_is_given_up_at_last_and_may_be_tried_by_hand(
    tmp_path: Path, other: Other
) -> None:
    other.status = 500
    async with office(tmp_path, other.url, tries=2) as here:
        await here.tell()
        await here.send()
        assert (await here.send(after_s=10))["given_up"] == 1
        await here.send(after_s=100_000)
        assert len(other.taken) == 2
        other.status = 200
        assert await here.outbox.again("erp") == 1
        assert (await here.send())["sent"] == 1


@pytest.mark.parametrize(("status", "state"), [(410, "given_up"), (302, "waiting")])
async def test_gone_is_final_and_redirects_are_not_followed(
    tmp_path: Path, other: Other, status: int, state: str
) -> None:
    other.status = status
    async with office(tmp_path, other.url) as here:
        await here.tell()
        assert (await here.send())[state] == 1
        assert len(other.taken) == 1


async def test_a_system_that_is_slow_or_down(tmp_path: Path, other: Other) -> None:
    other.slow_s = 5.0
    async with office(tmp_path, other.url) as here:
        await here.tell()
        assert (await here.send())["last_status"] == "no answer in time"
    async with office(tmp_path, "http://127.0.0.1:9/hook") as here:
        await here.tell("e2")
        assert (await here.send())["waiting"] == 2


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "0x7f000001", "2130706433"])
async def test_nothing_inside_the_office_is_knocked_at(
    tmp_path: Path, other: Other, host: str
) -> None:
    url = other.url.replace("127.0.0.1", host)
    async with office(tmp_path, url, allow_private=False) as here:
        await here.tell()
        counts = await here.send()
        assert counts["waiting"] == 1
        assert other.taken == []


async def test_the_service_sends_by_itself(tmp_path: Path, other: Other) -> None:
    async with office(tmp_path, other.url) as here:
        await here.outbox.start()
        await here.tell()
        async with asyncio.timeout(10):
            await other.news.wait()
        await here.outbox.close()


async def test_too_large_a_body_is_refused_before_it_is_written(
    tmp_path: Path, other: Other
) -> None:
    async with office(tmp_path, other.url) as here:
        with pytest.raises(ValueError, match="too large"):
            await here.tell(detail="水" * 30_000)
        assert await here.outbox.counts() == []
