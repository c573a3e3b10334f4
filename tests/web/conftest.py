"""For every test of the pages: the browser's fixtures (tests/web/browser.py explains them),
and without a browser

    settings  service   a service without an Asterisk, people of every role included
    client              an HTTP client of its pages, nobody signed in
    sign_in             await sign_in(client, Role.ADMIN) → the fields and headers of a change:
                        await client.post(path, data={**fields, …}) passes the CSRF check

A module that defines fixtures of the same name has its own.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer, unused_port
from pydantic import SecretStr

from ivr.service import Service
from ivr.settings import Ami, Media, Paths, Settings
from ivr.web.access import Role
from ivr.web.app import create_app
from ivr.web.security import CSRF_FIELD, csrf_of
from tests.web.browser import (
    PASSWORD,
    SETTINGS,
    add_people,
    browser,
    office,
    shoot,
    signed_in,
    site,
    visits,
)

__all__ = ["browser", "office", "shoot", "signed_in", "site", "visits"]

Client = TestClient[Any, Any]
SignIn = Callable[[Client, Role], Awaitable[dict[str, str]]]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return SETTINGS.model_copy(
        update={
            "ami": Ami(port=unused_port(), secret=SecretStr("x")),
            "media": Media(port=unused_port()),
            "paths": Paths(data=tmp_path / "data", prompts=tmp_path / "prompts"),
        }
    )


@pytest.fixture
async def service(settings: Settings) -> AsyncIterator[Service]:
    async with await Service.open(settings) as service:
        await add_people(service.db, settings)
        yield service


@pytest.fixture
async def client(service: Service) -> AsyncIterator[Client]:
    async with TestClient(TestServer(create_app(service))) as client:
        yield client


@pytest.fixture
def sign_in() -> SignIn:
    async def enter(client: Client, role: Role) -> dict[str, str]:
        answer = await client.post(
            "/sign-in", data={"login": role.value, "password": PASSWORD}, allow_redirects=False
        )
        assert answer.status == 303, await answer.text()
        return {CSRF_FIELD: csrf_of(answer.cookies["ivr"].value)}

    return enter
