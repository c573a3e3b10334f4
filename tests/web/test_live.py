"""The state of the office as browsers have it: true after every event, and in few words."""

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer, unused_port
from pydantic import SecretStr

from ivr.calls import numbers
from ivr.ids import uuid7
from ivr.pbx import events as ev
from ivr.service import Service
from ivr.settings import Ami, Ladder, Line, Media, Paths, Phone, Settings, Trunk
from ivr.store.owners import OwnerRow, OwnerTable
from ivr.web.app import create_app
from ivr.web.board import LIVE
from ivr.web.stream import merge_patch
from tests.web.switchboard import HOTLINE, ZHOU, Switchboard

Http = TestClient  # type: ignore[type-arg]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        ami=Ami(port=unused_port(), secret=SecretStr("x")),
        media=Media(port=unused_port()),
        phones=[
            Phone(ext="101", device="PJSIP/101", name="前台"),
            Phone(ext="102", device="PJSIP/102", name="前台"),
        ],
        trunks=[Trunk(device="PJSIP/city")],
        lines=[Line(name="hotline", did=[HOTLINE], ladders=[Ladder(primary=["101", "102"])])],
        paths=Paths(data=tmp_path / "data", prompts=tmp_path / "prompts"),
    )


@pytest.fixture
async def service(settings: Settings) -> AsyncIterator[Service]:
    async with await Service.open(settings) as service:
        row = OwnerRow(
            id=uuid7(), name="周建国", title="先生", phones=((ZHOU, numbers.key(ZHOU)),),
            homes=(("3", "1", "1201"),), language="zh-CN", care=("老人",), do_not_call=False,
            quiet="", note="",
        )  # fmt: skip
        await OwnerTable(service.db, settings.site.id).put([row], version=0)
        yield service


@pytest.fixture
async def http(service: Service) -> AsyncIterator[Http]:
    async with TestClient(TestServer(create_app(service))) as client:
        client.session.headers["Authorization"] = f"Bearer {service.token}"
        yield client


@pytest.fixture
def board(service: Service, http: Http) -> Switchboard:
    return Switchboard(service)


class Listener:
    """A browser: keeps the state by patches, as stream.js does."""

    def __init__(self, answer: ClientResponse) -> None:
        self._answer = answer
        self.state: dict[str, Any] = {}
        self.events: list[str] = []

    async def until(self, true: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        async with asyncio.timeout(5):
            while not self.events or not true(self.state):
                await self._take()
        return self.state

    async def _take(self) -> None:
        fields: dict[str, str] = {}
        while (line := (await self._answer.content.readline()).decode().rstrip("\n")) or not fields:
            name, _, value = line.partition(": ")
            fields[name] = value
        if "event" not in fields:
            return
        data = json.loads(fields["data"])
        assert abs(data.pop("at") - time.time()) < 5
        self.events.append(fields["event"])
        if fields["event"] == "state":
            self.state = data
        elif fields["event"] == "patch":
            self.state = patched(self.state, data)


def patched(target: Any, patch: Any) -> Any:
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = patched(result.get(name), value)
    return result


async def listen(http: Http, query: str = "") -> Listener:
    answer = await http.get(f"/api/v1/stream{query}")
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    assert answer.headers["Cache-Control"] == "no-store"
    return Listener(answer)


def the_call(state: dict[str, Any]) -> dict[str, Any]:
    (call,) = state["calls"].values()
    return dict(call)


async def test_a_call_from_ringing_to_its_end(http: Http, board: Switchboard) -> None:
    listener = await listen(http)
    assert (await listener.until(lambda state: True))["calls"] == {}
    call = board.rings("101", "102")
    state = await listener.until(lambda state: "owner" in state["calls"].get(call.id, {}))
    told = the_call(state)
    assert (told["state"], told["line"], told["direction"]) == ("ringing", "服务热线", "inbound")
    assert told["owner"] == {"address": "周先生", "homes": ["3-1-1201"], "care": ["老人"]}
    assert [leg["ext"] for leg in told["phones"] if leg["rang"]] == ["101", "102"]
    call.answers("102")
    told = the_call(await listener.until(lambda s: the_call(s)["state"] == "talking"))
    assert [leg["ext"] for leg in told["phones"] if leg["talking"]] == ["102"]
    assert not told["breach"]
    call.held(True)
    await listener.until(lambda s: the_call(s)["held"])
    call.held(False)
    await listener.until(lambda s: not the_call(s)["held"])
    call.ends()
    await listener.until(lambda state: state["calls"] == {})
    state = await listener.until(lambda state: state["today"].get("calls") == 1)
    assert state["today"]["service_level"] == 1.0


async def test_numbers_are_masked_unless_asked_for(http: Http, board: Switchboard) -> None:
    call = board.rings("101")
    masked, whole = await listen(http), await listen(http, "?numbers=true")
    assert the_call(await masked.until(lambda s: True))["caller"] == "138****8000"
    assert the_call(await whole.until(lambda s: True))["caller"] == ZHOU
    call.answers("101")
    await masked.until(lambda s: the_call(s)["state"] == "talking")
    assert ZHOU not in json.dumps(masked.state)


async def test_a_late_answer_is_a_breach(http: Http, board: Switchboard) -> None:
    call = board.rings("101", since=time.time() - 16)
    call.answers("101")
    listener = await listen(http)
    assert the_call(await listener.until(lambda s: True))["breach"]


async def test_phones(http: Http, board: Switchboard) -> None:
    listener = await listen(http)
    states = ("NOT_INUSE", "RINGING", "INUSE", "ONHOLD", "BUSY", "UNAVAILABLE", "SOMETHING")
    shown = []
    for state in states:
        board.phone("101", state)
        wanted = {"RINGING": "ringing", "NOT_INUSE": "idle", "UNAVAILABLE": "offline"}.get(state)
        wanted = wanted or ("unknown" if state == "SOMETHING" else "talking")
        found = await listener.until(lambda s, w=wanted: s["phones"]["101"]["state"] == w)  # type: ignore[misc]
        shown.append(found["phones"]["101"]["state"])
    assert shown == ["idle", "ringing", "talking", "talking", "talking", "offline", "unknown"]
    assert listener.state["phones"]["102"]["state"] == "unknown"


async def test_what_is_unwell(http: Http, board: Switchboard) -> None:
    listener = await listen(http)
    health = (await listener.until(lambda state: True))["health"]
    assert not health["ami"]["ok"]
    assert "AMI" in health["ami"]["detail"]
    assert health["log"] == {"ok": True}
    board._service.devices["PJSIP/city"] = "UNAVAILABLE"
    board.happens(ev.Disconnected(time.time()))  # everything is looked at anew
    state = await listener.until(lambda state: not state["health"]["trunk"]["ok"])
    assert "PJSIP/city" in state["health"]["trunk"]["detail"]


async def test_who_is_to_be_phoned_back_is_counted(http: Http, board: Switchboard) -> None:
    listener = await listen(http)
    board.rings("101").ends()
    state = await listener.until(lambda state: state["todo"].get("phone_back") == 1)
    (entry,) = (await (await http.get("/api/v1/worklist")).json())["entries"]
    done = await http.post(f"/api/v1/worklist/{entry['id']}/done", json={"note": "已回电"})
    assert done.status == 204
    await listener.until(lambda state: state["todo"]["phone_back"] == 0)
    assert state["today"]["abandoned"] == 1
    again = await http.post(f"/api/v1/worklist/{entry['id']}/done", json={})
    assert again.status == 400


async def test_an_event_that_changes_nothing_is_not_told(
    http: Http, board: Switchboard, service: Service
) -> None:
    board.phone("101", "NOT_INUSE")
    hub = http.app[LIVE].hub  # type: ignore[union-attr]
    before = dict(hub._state())
    board.phone("101", "NOT_INUSE")
    after = dict(hub._state())
    assert all(merge_patch(before[each], after[each]) == {} for each in before)


async def test_who_never_reads_is_dropped_and_the_others_are_not(
    http: Http, board: Switchboard, service: Service
) -> None:
    hub = http.app[LIVE].hub  # type: ignore[union-attr]
    deaf = socket.socket()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    deaf.setblocking(False)
    address = (http.server.host, http.server.port)
    await asyncio.get_running_loop().sock_connect(deaf, address)
    ask = f"GET /api/v1/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {service.token}\r\n\r\n"
    deaf.sendall(ask.encode())
    reader = await listen(http)
    await reader.until(lambda state: True)
    reading = asyncio.create_task(reader.until(lambda s: s["phones"]["101"]["state"] == "offline"))
    with deaf:
        for number in range(50_000):
            board.phone("101", ("RINGING", "NOT_INUSE")[number % 2])
            hub._flush()
            await asyncio.sleep(0)
            if hub.dropped:
                break
    assert (hub.dropped, len(hub)) == (1, 1)
    board.phone("101", "UNAVAILABLE")
    await reading


async def test_the_server_stops_although_somebody_listens(service: Service) -> None:
    client = TestClient(TestServer(create_app(service)))  # type: ignore[var-annotated]
    await client.start_server()
    client.session.headers["Authorization"] = f"Bearer {service.token}"
    listener = await listen(client)
    await listener.until(lambda state: True)
    async with asyncio.timeout(3):
        await client.server.close()
    await client.close()


async def test_nobody_hears_without_signing_in(service: Service, http: Http) -> None:
    del http.session.headers["Authorization"]
    for path in ("/api/v1/stream", "/api/v1/live", "/api/v1/today"):
        assert (await http.get(path)).status == 401
