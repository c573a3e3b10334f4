"""The HTTP side of the service, without an Asterisk: what it tells and what it refuses."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer, unused_port
from pydantic import SecretStr

from ivr.pbx import events as ev
from ivr.service import Service
from ivr.settings import Ami, Ladder, Line, Media, Paths, Phone, Settings, Trunk
from ivr.web.app import create_app

CITY = ev.Channel("PJSIP/city-0", "1.0", "1.0", 4, "13800138000", "周先生", "", "in", "4008001234")
DESK = ev.Channel("PJSIP/101-1", "1.1", "1.0", 5, "101", "", "", "", "")
RINGING: list[ev.Event] = [
    ev.Newchannel(100.0, CITY),
    ev.DialBegin(100.1, CITY, DESK, "101"),
    ev.DialState(100.1, "1.0", DESK, "RINGING"),
]
ENDED: list[ev.Event] = [
    ev.HangupRequest(107.0, CITY, 16, False),
    ev.DialEnd(107.0, "1.0", DESK, "CANCEL", ""),
    ev.Hangup(107.0, DESK, 127, ""),
    ev.Hangup(107.0, CITY, 127, ""),
]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        ami=Ami(port=unused_port(), secret=SecretStr("x")),
        media=Media(port=unused_port()),
        phones=[Phone(ext="101", device="PJSIP/101", name="前台")],
        trunks=[Trunk(device="PJSIP/city")],
        lines=[Line(name="hotline", did=["4008001234"], ladders=[Ladder(primary=["101"])])],
        paths=Paths(data=tmp_path / "data", prompts=tmp_path / "prompts"),
    )


@pytest.fixture
async def service(settings: Settings) -> AsyncIterator[Service]:
    async with await Service.open(settings) as service:
        yield service


@pytest.fixture
async def client(service: Service) -> AsyncIterator[TestClient]:  # type: ignore[type-arg]
    async with TestClient(TestServer(create_app(service))) as client:
        yield client


@pytest.fixture
def key(service: Service) -> dict[str, str]:
    return {"Authorization": f"Bearer {service.token}"}


def happens(service: Service, events: list[ev.Event]) -> None:
    for event in events:
        service._on_event(event)


async def test_health_says_what_is_wrong(client: TestClient) -> None:  # type: ignore[type-arg]
    answer = await client.get("/healthz")
    assert answer.status == 503
    body = await answer.json()
    assert body["status"] == "degraded"
    parts = body["components"]
    assert {name for name, part in parts.items() if not part["ok"]} >= {"ami", "prompts", "ladders"}
    assert "ivr prompts build" in parts["prompts"]["detail"]
    assert parts["log"] == {"ok": True, "detail": "every call is committed"}


async def test_metrics(client: TestClient, service: Service) -> None:  # type: ignore[type-arg]
    happens(service, RINGING)
    text = await (await client.get("/metrics")).text()
    assert "ivr_ami_up 0.0" in text
    assert "ivr_open_calls 1.0" in text
    assert "ivr_ami_reconnects_total 0.0" in text
    assert "13800138000" not in text


async def test_live(client: TestClient, service: Service, key: dict[str, str]) -> None:  # type: ignore[type-arg]
    happens(service, RINGING)
    (call,) = (await (await client.get("/api/v1/live", headers=key)).json())["calls"]
    assert (call["caller"], call["caller_name"]) == ("13800138000", "周先生")
    assert (call["state"], call["direction"]) == ("ringing", "inbound")
    assert [(each["ext"], each["rang"]) for each in call["phones"]] == [("101", True)]


async def test_a_call_that_ended_is_in_the_log_and_the_worklist(
    client: TestClient,
    service: Service,
    key: dict[str, str],  # type: ignore[type-arg]
) -> None:
    happens(service, RINGING + ENDED)
    await service.log.close()  # everything is committed
    found = await (await client.get("/api/v1/calls?number=0138", headers=key)).json()
    assert found["total"] == 1
    (row,) = found["calls"]
    assert (row["disposition"], row["rings"], row["hangup_by"]) == ("abandoned", 2, "caller")
    one = await (await client.get(f"/api/v1/calls/{row['id']}", headers=key)).json()
    assert one == row
    (todo,) = (await (await client.get("/api/v1/worklist", headers=key)).json())["entries"]
    assert (todo["kind"], todo["number"]) == ("abandoned", "13800138000")
    none = await (await client.get("/api/v1/calls?breach=yes", headers=key)).json()
    assert none["total"] == 0


@pytest.mark.parametrize(
    "path",
    ["/api/v1/calls", "/api/v1/calls/1", "/api/v1/worklist", "/api/v1/live", "/api/v1/today"],
)
@pytest.mark.parametrize(
    "given", ["", "Bearer wrong", "Bearer ", "Basic 王小姐".encode().decode("latin-1")]
)
async def test_what_needs_the_token(client: TestClient, path: str, given: str) -> None:  # type: ignore[type-arg]
    answer = await client.get(path, headers={"Authorization": given} if given else {})
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert (await answer.json())["status"] == 401
    refused = await client.post("/api/v1/calls/1/transfer", json={"to": "101"})
    assert refused.status == 401


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("since=yesterday", "are numbers"),
        ("limit=many", "are numbers"),
        ("colour=red", "no filter 'colour'"),
    ],
)
async def test_a_wrong_filter_is_a_problem_in_words(
    client: TestClient,
    key: dict[str, str],
    query: str,
    sentence: str,  # type: ignore[type-arg]
) -> None:
    answer = await client.get(f"/api/v1/calls?{query}", headers=key)
    assert answer.status == 400
    assert answer.content_type == "application/problem+json"
    assert sentence in (await answer.json())["detail"]


@pytest.mark.parametrize("number", ["since=nan", "until=inf", "since=-inf"])
async def test_numbers_that_are_none_break_nothing(
    client: TestClient,
    key: dict[str, str],
    number: str,  # type: ignore[type-arg]
) -> None:
    answer = await client.get(f"/api/v1/calls?{number}", headers=key)
    assert answer.status in (200, 400)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'"x"', b"{}", b'{"to": "101", "kind": "x"}', b"\xff"]
)
async def test_a_transfer_asked_for_wrongly(
    client: TestClient,
    service: Service,
    key: dict[str, str],
    body: bytes,  # type: ignore[type-arg]
) -> None:
    happens(service, RINGING)
    answer = await client.post("/api/v1/calls/1.0/transfer", headers=key, data=body)
    assert answer.status == 400
    assert "The body is" in (await answer.json())["detail"]


async def test_a_transfer_that_cannot_be(
    client: TestClient,
    service: Service,
    key: dict[str, str],  # type: ignore[type-arg]
) -> None:
    nothing = await client.post("/api/v1/calls/9/transfer", headers=key, json={"to": "101"})
    assert "no open call" in (await nothing.json())["detail"]
    happens(service, RINGING)
    ringing = await client.post("/api/v1/calls/1.0/transfer", headers=key, json={"to": "101"})
    assert "Nobody has answered" in (await ringing.json())["detail"]
    happens(service, [ev.Newstate(101.0, CITY._replace(state=6))])  # the system answers
    gone = await client.post("/api/v1/calls/1.0/transfer", headers=key, json={"to": "101"})
    assert gone.status == 503  # there is no link to Asterisk
    assert "Asterisk cannot be reached" in (await gone.json())["detail"]


async def test_what_is_not_there(client: TestClient, key: dict[str, str]) -> None:  # type: ignore[type-arg]
    assert (await client.get("/nothing")).status == 404
    missing = await client.get("/api/v1/calls/none", headers=key)
    assert missing.status == 400
    refused = await client.put("/healthz")
    assert (refused.status, refused.headers["Allow"]) == (405, "GET,HEAD")
    assert (await client.get("/api/v1/today", headers=key)).status == 200
