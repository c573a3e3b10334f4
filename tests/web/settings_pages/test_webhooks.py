"""Webhooks: a test event reaches a real receiver, signed; what does not arrive is said."""

import json
import re
import time
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port

from ivr.hooks import signing
from ivr.settings import Hooks, HookTarget, Settings
from ivr.web.access import Role
from tests.web.conftest import Client, SignIn

SECRET = re.compile(r'class="mono secret">([^<]+)<')

Got = list[tuple[dict[str, str], bytes]]


@pytest.fixture
def got() -> Got:
    return []


@pytest.fixture
async def receiver(got: Got) -> AsyncIterator[TestServer]:
    async def take(request: web.Request) -> web.Response:
        got.append((dict(request.headers), await request.read()))
        return web.Response(status=204)

    app = web.Application()
    app.add_routes([web.post("/hook", take)])
    async with TestServer(app) as server:
        yield server


@pytest.fixture
def settings(settings: Settings, receiver: TestServer) -> Settings:  # type: ignore[misc]
    hooks = Hooks(
        targets=[
            HookTarget(name="billing", url=str(receiver.make_url("/hook"))),
            HookTarget(name="gone", url=f"http://127.0.0.1:{unused_port()}/"),
        ],
        allow_private=True,
    )
    return settings.model_copy(update={"hooks": hooks})


async def test_a_test_arrives_signed(client: Client, sign_in: SignIn, got: Got) -> None:
    fields = await sign_in(client, Role.ADMIN)
    answer = await client.post("/settings/hooks/billing/test", data=fields)
    assert "测试已收到" in await answer.text()
    ((headers, body),) = got
    assert json.loads(body)["event"] == "test"
    shown = await client.post("/settings/hooks/billing/secret", data=fields)
    found = SECRET.search(await shown.text())
    assert found
    signed = headers[signing.TIMESTAMP], headers[signing.SIGNATURE]
    assert signing.is_signed(found[1], *signed, body, time.time())


async def test_what_does_not_arrive_is_said(client: Client, sign_in: SignIn) -> None:
    fields = await sign_in(client, Role.ADMIN)
    answer = await client.post("/settings/hooks/gone/test", data=fields)
    text = await answer.text()
    assert "测试没有送达" in text
    assert "Cannot connect" in text
    assert (await client.post("/settings/hooks/nobody/test", data=fields)).status == 404
    assert (await client.post("/settings/hooks/gone/again", data=fields)).status == 200
