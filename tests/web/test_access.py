"""Who may do what: ranks, machines, and handlers that forgot to say."""

import re

import pytest
from aiohttp import web

from ivr.service import Service
from ivr.web import app as application
from ivr.web.access import Role, User, needs, shows
from tests.web.conftest import Client, SignIn

LADDER = [Role.CLERK, Role.SUPERVISOR, Role.MANAGER, Role.ADMIN]


@pytest.mark.parametrize("have", LADDER)
@pytest.mark.parametrize("wanted", LADDER)
def test_each_may_do_what_those_below_may(have: Role, wanted: Role) -> None:
    user = User(id="1", login="a", name="a", role=have)
    assert shows(user, wanted) is (LADDER.index(have) >= LADDER.index(wanted))


@pytest.mark.parametrize(
    ("role", "path", "status"),
    [
        (None, "/account", 303),
        (None, "/settings/users?x=1", 303),
        (Role.CLERK, "/account", 200),
        (Role.CLERK, "/settings/roster", 403),
        (Role.SUPERVISOR, "/settings/roster", 200),
        (Role.SUPERVISOR, "/settings/audit", 403),
        (Role.MANAGER, "/settings/audit", 200),
        (Role.MANAGER, "/settings/users", 403),
        (Role.ADMIN, "/settings/users", 200),
        (Role.ADMIN, "/settings/nothing", 404),
    ],
)
async def test_pages(
    client: Client, sign_in: SignIn, role: Role | None, path: str, status: int
) -> None:
    if role:
        await sign_in(client, role)
    answer = await client.get(path, allow_redirects=False)
    assert answer.status == status
    if role is None:
        assert answer.headers["Location"].startswith("/sign-in?next=/")
    if status == 403:
        assert "您没有这项权限" in await answer.text()


async def test_the_navigation_has_what_one_may_open(client: Client, sign_in: SignIn) -> None:
    await sign_in(client, Role.CLERK)
    text = await (await client.get("/account")).text()
    assert 'href="/settings"' not in text
    for path in re.findall(r'<a href="(/[a-z]+)"', text):
        assert (await client.get(path)).status == 200, path


async def test_a_machine_has_the_api_and_no_pages(client: Client, service: Service) -> None:
    key = {"Authorization": f"Bearer {service.token}"}
    assert (await client.get("/api/v1/audit", headers=key)).status == 200
    answer = await client.get("/settings/users", headers=key, allow_redirects=False)
    assert answer.status == 303


async def test_a_handler_that_says_not_who_may_use_it_is_not_served(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def forgotten(request: web.Request) -> web.Response:
        return web.Response()

    class Area:
        @staticmethod
        def routes() -> list[web.RouteDef]:
            return [web.get("/forgotten", forgotten)]

    monkeypatch.setattr(application, "AREAS", (*application.AREAS, Area))
    with pytest.raises(RuntimeError, match="/forgotten"):
        application.create_app(service)


def test_the_mark_stays_on_the_handler() -> None:
    @needs(Role.ADMIN, machine=False, body=5)
    async def handler(request: web.Request) -> web.Response:
        return web.Response()

    assert (handler.access.role, handler.access.machine, handler.access.body) == (  # type: ignore[attr-defined]
        Role.ADMIN,
        False,
        5,
    )
