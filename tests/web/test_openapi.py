"""The API's description, and what it does with what nobody foresaw."""

import asyncio
import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any

import pytest
import schemathesis
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from pydantic import Field
from schemathesis import GenerationMode

from ivr.service import Service
from ivr.web import openapi, problems
from ivr.web.access import Role
from ivr.web.openapi import ApiModel, Args, Nothing, api, document, routes_of
from tests.web.conftest import Client, SignIn


class Colour(StrEnum):
    RED = "red"


class Query(ApiModel):
    colour: Colour = Colour.RED
    names: list[str] = Field(default_factory=list)
    limit: int = Field(10, ge=1, le=50)


class Body(ApiModel):
    name: str = Field(max_length=5)
    colour: Colour | None = None


@dataclass(frozen=True)
class Row:
    id: str
    at: float


class Out(ApiModel):
    rows: list[Row]
    said: str


@pytest.fixture
def declared() -> Iterator[None]:
    before = list(openapi._operations)

    @api("POST", "/api/v1/things/{id}", summary="A thing", query=Query, body=Body, returns=Out, role=None, status=201)  # fmt: skip
    async def thing(request: web.Request, args: Args[Query, Body]) -> Out:
        return Out(rows=[Row(args.path["id"], float("nan"))], said=",".join(args.query.names))

    @api("DELETE", "/api/v1/things/{id}", summary="Gone", returns=None, role=None)
    async def gone(request: web.Request, args: Args[Nothing, Nothing]) -> None:
        return None

    yield
    openapi._operations[:] = before


@pytest.fixture
async def things(declared: None) -> Any:
    app = web.Application(middlewares=[problems.middleware])
    app.add_routes(routes_of(__name__))
    async with TestClient(TestServer(app)) as client:
        yield client


async def test_an_operation(things: Client) -> None:
    answer = await things.post(
        "/api/v1/things/7?names=a&names=b", json={"name": "王", "colour": "red"}
    )
    assert answer.status == 201
    assert await answer.json() == {"rows": [{"id": "7", "at": None}], "said": "a,b"}
    assert (await things.delete("/api/v1/things/7")).status == 204


@pytest.mark.parametrize(
    ("query", "body", "words"),
    [
        ("", b"", "The body is no JSON; it is {name, [colour]}"),
        ("", b"\xff", "no JSON"),
        ("", b"[" * 100_000, "no JSON"),
        ("", b"[]", "The body is {name, [colour]}"),
        ("", b"{}", "name is missing"),
        ("", b'{"name": "toolong"}', "at most 5"),
        ("", b'{"name": "a", "other": 1}', "no field 'other'"),
        ("", b'{"name": "a", "colour": "blue"}', "colour"),
        ("?limit=0", b'{"name": "a"}', "limit"),
        ("?limit=1e99", b'{"name": "a"}', "limit"),
        ("?size=1", b'{"name": "a"}', "no filter 'size'"),
        ("", json.dumps({"name": "\ud800"}).encode(), "name"),
    ],
)
async def test_what_is_wrong_is_said(things: Client, query: str, body: bytes, words: str) -> None:
    answer = await things.post(f"/api/v1/things/7{query}", data=body)
    assert (answer.status, answer.content_type) == (400, "application/problem+json")
    assert words in (await answer.json())["detail"]


def test_it_is_described(declared: None) -> None:
    said = document()
    assert said["openapi"] == "3.1.0"
    thing = said["paths"]["/api/v1/things/{id}"]["post"]
    parameters = {each["name"]: each for each in thing["parameters"]}
    assert parameters["id"]["required"]
    assert parameters["colour"]["schema"]["enum"] == ["red"]
    assert parameters["names"]["schema"]["type"] == "array"
    assert thing["responses"]["201"]["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/Out"
    }
    assert said["components"]["schemas"]["Row"]["required"] == ["id", "at"]
    json.dumps(said)


async def test_the_description_of_everything(client: Client, sign_in: SignIn) -> None:
    assert (await client.get("/api/v1/openapi.json", allow_redirects=False)).status == 401
    await sign_in(client, Role.CLERK)
    said = await (await client.get("/api/v1/openapi.json")).json()
    ids = [each["operationId"] for path in said["paths"].values() for each in path.values()]
    assert len(ids) == len(set(ids))
    references = {
        part.split('"')[0] for part in json.dumps(said).split("#/components/schemas/")[1:]
    }
    assert references <= set(said["components"]["schemas"])
    for path in said["paths"].values():
        for operation in path.values():
            assert operation["summary"]


@pytest.mark.slow
async def test_nothing_that_is_sent_breaks_the_api(service: Service, client: Client) -> None:
    """schemathesis over every operation, with the token of a machine."""
    base = str(client.make_url("/")).rstrip("/")
    headers = {"Authorization": f"Bearer {service.token}"}
    description = await (await client.get("/api/v1/openapi.json", headers=headers)).json()
    schema = schemathesis.openapi.from_dict(description)
    broken: list[str] = []
    for result in schema.get_all_operations():
        operation = result.ok()
        if "text/event-stream" in str(operation.definition.raw["responses"]):
            continue  # it never ends
        for mode in GenerationMode.POSITIVE, GenerationMode.NEGATIVE:
            ask = partial(asked, operation, mode, base, headers)
            broken += await asyncio.to_thread(ask)
    assert not broken, "\n".join(broken[:10])


def asked(operation: Any, mode: GenerationMode, base: str, headers: dict[str, str]) -> list[str]:
    """Requests, right or wrong, that were answered with a defect of ours."""
    broken: list[str] = []

    @settings(
        max_examples=12,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        answer = case.call(base_url=base, headers=headers, timeout=10)
        # there is no Asterisk here, and both say so
        expected = operation.path == "/healthz" or b"Asterisk" in answer.content
        if answer.status_code >= 500 and not expected:
            broken.append(f"{case.as_curl_command()}: {answer.status_code}")

    with contextlib.suppress(Unsatisfiable):  # nothing can be wrong with it
        ask()
    return broken
