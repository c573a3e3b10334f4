"""What goes wrong is said in words: to people as a page, to programs as a problem."""

import pytest
from aiohttp import web

from ivr.errors import UserError
from ivr.pbx.session import ConnectionLost
from ivr.service import Service
from ivr.web import app as application
from ivr.web.access import Role, public
from tests.web.conftest import Client, SignIn


@pytest.fixture(autouse=True)
def failing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Handlers that go wrong in every way there is."""

    def raising(error: Exception) -> object:
        @public
        async def handler(request: web.Request) -> web.Response:
            raise error

        return handler

    errors = {
        "mistake": UserError("there is no line 'x'; write one of [[lines]]"),
        "asterisk": ConnectionLost("refused"),
        "defect": ZeroDivisionError("secret detail"),
        "gone": web.HTTPNotFound(reason="there is no notice 7"),
        "conflict": web.HTTPConflict(reason="somebody else changed it"),
    }

    class Area:
        @staticmethod
        def routes() -> list[web.RouteDef]:
            return [
                web.get(f"{prefix}/{name}", raising(error))  # type: ignore[arg-type]
                for name, error in errors.items()
                for prefix in ("/fail", "/api/v1/fail")
            ]

    monkeypatch.setattr(application, "AREAS", (*application.AREAS, Area))


@pytest.mark.parametrize(
    ("name", "status", "words", "detail"),
    [
        ("mistake", 400, "there is no line", "there is no line"),
        ("asterisk", 503, "连不上电话系统", "Asterisk cannot be reached: refused"),
        ("defect", 500, "系统出错了", "An error of ours"),
        ("gone", 404, "没有这个页面", "there is no notice 7"),
        ("conflict", 409, "somebody else changed it", "somebody else changed it"),
    ],
)
async def test_each_has_its_words(
    client: Client, name: str, status: int, words: str, detail: str
) -> None:
    page = await client.get(f"/fail/{name}")
    assert page.status == status
    text = await page.text()
    assert words in text.replace("&#39;", "'")
    assert "secret detail" not in text
    assert "Traceback" not in text
    piece = await client.get(f"/fail/{name}", headers={"HX-Request": "true"})
    assert piece.status == status
    assert "<html" not in await piece.text()
    problem = await client.get(f"/api/v1/fail/{name}")
    assert (problem.status, problem.content_type) == (status, "application/problem+json")
    said = await problem.json()
    assert detail in said["detail"]
    assert (said["status"], said["type"]) == (status, "about:blank")


@pytest.mark.parametrize("path", ["/account/password", "/settings/users", "/settings/roster"])
async def test_a_field_of_a_megabyte(client: Client, sign_in: SignIn, path: str) -> None:
    fields = await sign_in(client, Role.ADMIN)
    answer = await client.post(path, data={**fields, "name": "漏" * 350_000})
    assert answer.status == 413
    assert "内容太大" in await answer.text()


async def test_a_body_of_a_megabyte(client: Client, service: Service) -> None:
    key = {"Authorization": f"Bearer {service.token}"}
    answer = await client.post("/api/v1/calls/1/transfer", data=b"x" * 2**20, headers=key)
    assert (answer.status, answer.content_type) == (413, "application/problem+json")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", "/api/v1/nothing", 404),
        ("DELETE", "/sign-in", 405),
        ("POST", "/nothing", 404),
        ("GET", "/" + "x" * 6000, 404),
        ("GET", "/%00", 404),
        ("GET", "/calls/%f0%9f%98%80<b>", 303),
    ],
)
async def test_addresses(client: Client, method: str, path: str, status: int) -> None:
    answer = await client.request(method, path, allow_redirects=False)
    assert answer.status == status
    assert "<b>" not in await answer.text()
