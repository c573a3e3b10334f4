"""Where a request comes from, and what every answer carries."""

from typing import Any

import pytest
from aiohttp.test_utils import make_mocked_request

from ivr.settings import Web
from ivr.web import security
from ivr.web.access import Role
from tests.web.conftest import Client, SignIn

PROXIED = Web(trusted_proxies=["127.0.0.1", "10.0.0.0/8"])


def asked(peer: str = "192.168.1.9", **headers: str) -> Any:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    request = make_mocked_request("POST", "/", headers={"Host": "desk.example", **given})
    return request.clone(remote=peer)


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("192.168.1.9", "", "192.168.1.9"),
        ("192.168.1.9", "1.2.3.4", "192.168.1.9"),  # no proxy of ours
        ("127.0.0.1", "1.2.3.4", "1.2.3.4"),
        ("10.3.3.3", "6.6.6.6, 1.2.3.4", "1.2.3.4"),  # the first is the client's invention
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", "<script>", "127.0.0.1"),
        ("127.0.0.1", "2001:db8::1", "2001:db8::1"),
    ],
)
def test_who_it_is(peer: str, forwarded: str, address: str) -> None:
    request = asked(peer, X_Forwarded_For=forwarded)
    assert security.client_address(PROXIED, request) == address


@pytest.mark.parametrize(
    ("peer", "headers", "same"),
    [
        ("1.1.1.1", {"Origin": "http://desk.example"}, True),
        ("1.1.1.1", {"Origin": "https://desk.example"}, True),
        ("1.1.1.1", {"Origin": "http://evil.example"}, False),
        ("1.1.1.1", {"Origin": "http://desk.example.evil.example"}, False),
        ("1.1.1.1", {"Origin": "http://desk.example:8080"}, False),
        ("1.1.1.1", {"Origin": "null"}, False),
        ("1.1.1.1", {"Origin": "http://["}, False),
        ("1.1.1.1", {}, True),  # no browser
        ("1.1.1.1", {"Sec-Fetch-Site": "cross-site"}, False),
        ("1.1.1.1", {"Sec-Fetch-Site": "same-site"}, False),
        ("1.1.1.1", {"Origin": "http://a.example", "X-Forwarded-Host": "a.example"}, False),
        ("127.0.0.1", {"Origin": "http://a.example", "X-Forwarded-Host": "a.example"}, True),
    ],
)
def test_whose_page_it_is(peer: str, headers: dict[str, str], same: bool) -> None:
    request = make_mocked_request("POST", "/", headers={"Host": "desk.example", **headers})
    assert security.is_same_origin(PROXIED, request.clone(remote=peer)) is same


async def test_every_answer_carries_the_headers(client: Client) -> None:
    for path in ("/sign-in", "/nothing", "/healthz", "/static/app.css", "/api/v1/calls"):
        answer = await client.get(path, allow_redirects=False)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "aiohttp" not in answer.headers["Server"].lower()
        assert "Strict-Transport-Security" not in answer.headers
    assert (await client.get("/sign-in")).headers["Cache-Control"] == "no-store"


async def test_behind_https_the_cookie_is_guarded(
    client: Client, service: Any, sign_in: SignIn
) -> None:
    service.settings = service.settings.model_copy(update={"web": PROXIED})
    answer = await client.post(
        "/sign-in",
        data={"login": "clerk", "password": "correct horse battery"},
        headers={"X-Forwarded-Proto": "https"},
        allow_redirects=False,
    )
    cookie = answer.cookies["__Host-ivr"]
    assert cookie["secure"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=")


async def test_another_sites_page_changes_nothing(client: Client, sign_in: SignIn) -> None:
    fields = await sign_in(client, Role.ADMIN)
    refused = await client.post(
        "/settings/tokens",
        data={**fields, "name": "evil", "role": "manager"},
        headers={"Origin": "http://evil.example"},
    )
    assert refused.status == 403
    assert "evil" not in await (await client.get("/settings/tokens")).text()


async def test_a_change_without_the_sessions_token_is_asked_for_again(
    client: Client, sign_in: SignIn
) -> None:
    await sign_in(client, Role.ADMIN)
    for given in ({}, {"csrf_token": "x" * 43}, {"csrf_token": "王"}):
        answer = await client.post("/settings/tokens", data={"name": "<b>电视</b>", **given})
        assert answer.status == 409
        text = await answer.text()
        assert "&lt;b&gt;电视&lt;/b&gt;" in text
        assert "<b>电视" not in text
    refused = await client.post("/api/v1/calls/1/transfer", json={"to": "101"})
    assert refused.status == 403
    assert "X-CSRF-Token" in (await refused.json())["detail"]
