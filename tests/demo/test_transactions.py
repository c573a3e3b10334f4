"""Repeats and races on a network that loses datagrams."""

import asyncio
from collections.abc import AsyncIterator
from typing import cast

import pytest
import pytest_asyncio

from ivr.demo.sip import Headers, Request, Response, SipError, parse, respond
from ivr.demo.transactions import Endpoint, ServerTransaction


class Wire(asyncio.DatagramProtocol):
    """The other side, by hand: what came in, and a way to answer."""

    def __init__(self) -> None:
        self.came: asyncio.Queue[Request | Response] = asyncio.Queue()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)
        self.address = transport.get_extra_info("sockname")

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.peer = addr
        self.came.put_nowait(parse(data))

    async def get(self) -> Request | Response:
        async with asyncio.timeout(2):
            return await self.came.get()

    async def request(self, method: str) -> Request:
        message = await self.get()
        assert isinstance(message, Request)
        assert message.method == method
        return message

    async def response(self, status: int) -> Response:
        message = await self.get()
        assert isinstance(message, Response)
        assert message.status == status
        return message

    def send(self, message: Request | Response, peer: tuple[str, int] | None = None) -> None:
        self.transport.sendto(bytes(message), peer or self.peer)


class Ours:
    def __init__(self) -> None:
        self.requests: asyncio.Queue[ServerTransaction] = asyncio.Queue()
        self.acks: asyncio.Queue[Request] = asyncio.Queue()
        self.endpoint = Endpoint(self.requests.put_nowait, self.acks.put_nowait)


def make(method: str, *, branch: str = "", cseq: int = 1) -> Request:
    headers = Headers(
        [
            ("From", "<sip:a@127.0.0.1>;tag=1"),
            ("To", "<sip:b@127.0.0.1>"),
            ("Call-ID", "x"),
            ("CSeq", f"{cseq} {method}"),
        ]
    )
    if branch:
        headers.add("Via", f"SIP/2.0/UDP 127.0.0.1;branch={branch}")
    return Request(headers, b"", method, "sip:b@127.0.0.1")


@pytest_asyncio.fixture
async def ours(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ours]:
    monkeypatch.setattr("ivr.demo.transactions.T1", 0.03)
    monkeypatch.setattr("ivr.demo.transactions.T2", 0.1)
    monkeypatch.setattr("ivr.demo.transactions.LIFE", 0.6)
    ours = Ours()
    await ours.endpoint.open("127.0.0.1", 0)
    yield ours
    await ours.endpoint.close()


@pytest_asyncio.fixture
async def wire() -> AsyncIterator[Wire]:
    transport, wire = await asyncio.get_running_loop().create_datagram_endpoint(
        Wire, ("127.0.0.1", 0)
    )
    yield wire
    transport.close()


async def test_a_request_repeats_until_it_is_answered(ours: Ours, wire: Wire) -> None:
    sent = ours.endpoint.request(make("OPTIONS"), wire.address, lambda _: None)
    first = await wire.request("OPTIONS")
    again = await wire.request("OPTIONS")
    assert bytes(first) == bytes(again)
    wire.send(respond(again, 200))
    assert (await sent.final).status == 200


async def test_an_invite_stops_repeating_when_it_is_being_tried(ours: Ours, wire: Wire) -> None:
    heard: list[int] = []
    sent = ours.endpoint.request(
        make("INVITE"), wire.address, lambda response: heard.append(response.status)
    )
    invite = await wire.request("INVITE")
    wire.send(respond(invite, 100))
    wire.send(respond(invite, 180))
    wire.send(respond(invite, 486, tag="t"))
    assert (await sent.final).status == 486
    assert heard == [100, 180]
    ack = await wire.request("ACK")
    assert (ack.branch, ack.to.tag, ack.cseq) == (invite.branch, "t", (1, "ACK"))
    wire.send(respond(invite, 486, tag="t"))  # the ACK was lost
    assert (await wire.request("ACK")).branch == invite.branch
    assert wire.came.empty()


async def test_a_repeated_200_is_told_again_so_that_its_ack_can_be(ours: Ours, wire: Wire) -> None:
    heard: list[int] = []
    sent = ours.endpoint.request(
        make("INVITE"), wire.address, lambda response: heard.append(response.status)
    )
    invite = await wire.request("INVITE")
    wire.send(respond(invite, 200, tag="t"))
    await sent.final
    wire.send(respond(invite, 200, tag="t"))
    wire.send(respond(invite, 200, tag="t"))
    probe = ours.endpoint.request(make("OPTIONS"), wire.address, lambda _: None)
    wire.send(respond(await wire.request("OPTIONS"), 200))
    await probe.final
    assert heard == [200, 200]


@pytest.mark.parametrize("method", ["INVITE", "OPTIONS"])
async def test_silence_is_a_timeout(ours: Ours, wire: Wire, method: str) -> None:
    sent = ours.endpoint.request(make(method), wire.address, lambda _: None)
    async with asyncio.timeout(2):
        assert (await sent.final).status == 408


async def test_a_cancelled_invite_that_stays_unanswered_is_given_up(ours: Ours, wire: Wire) -> None:
    sent = ours.endpoint.request(make("INVITE"), wire.address, lambda _: None)
    wire.send(respond(await wire.request("INVITE"), 180))
    sent.expire_in(0.1)
    async with asyncio.timeout(2):
        assert (await sent.final).status == 408


async def test_a_repeated_request_gets_the_same_answer_and_is_heard_once(
    ours: Ours, wire: Wire
) -> None:
    request = make("OPTIONS", branch="z9hG4bKq")
    wire.send(request, ours.endpoint.address)
    (await ours.requests.get()).respond(200, tag="t")
    wire.send(request, ours.endpoint.address)
    assert bytes(await wire.response(200)) == bytes(await wire.response(200))
    assert ours.requests.empty()


@pytest.mark.parametrize("status", [200, 486])
async def test_a_final_answer_to_invite_repeats_until_its_ack(
    ours: Ours, wire: Wire, status: int
) -> None:
    wire.send(make("INVITE", branch="z9hG4bKi"), ours.endpoint.address)
    transaction = await ours.requests.get()
    transaction.respond(status, tag="t")
    await wire.response(status)
    await wire.response(status)
    if status == 200:  # the ACK of a 200 is a transaction of its own, and the caller's affair
        wire.send(make("ACK", branch="z9hG4bKother"))
        await ours.acks.get()
        transaction.acknowledged()
    else:
        wire.send(make("ACK", branch="z9hG4bKi"))
        wire.send(make("OPTIONS", branch="z9hG4bKo"))
        await ours.requests.get()
        assert ours.acks.empty()
    while not wire.came.empty():
        wire.came.get_nowait()
    await asyncio.sleep(0.25)  # twice its longest pause
    assert wire.came.empty()


async def test_a_200_that_is_never_acknowledged_is_told(ours: Ours, wire: Wire) -> None:
    wire.send(make("INVITE", branch="z9hG4bKi"), ours.endpoint.address)
    transaction = await ours.requests.get()
    expired = asyncio.Event()
    transaction.on_expired = expired.set
    transaction.respond(200, tag="t")
    async with asyncio.timeout(2):
        await expired.wait()


async def test_cancel_finds_its_invite(ours: Ours, wire: Wire) -> None:
    wire.send(make("INVITE", branch="z9hG4bKi"), ours.endpoint.address)
    invite = await ours.requests.get()
    invite.on_cancel = lambda: invite.respond(487, tag="t")
    wire.send(make("CANCEL", branch="z9hG4bKi"), ours.endpoint.address)
    statuses = {(await wire.get()).status, (await wire.get()).status}  # type: ignore[union-attr]
    assert statuses == {200, 487}


async def test_cancel_after_the_answer_changes_nothing(ours: Ours, wire: Wire) -> None:
    wire.send(make("INVITE", branch="z9hG4bKi"), ours.endpoint.address)
    invite = await ours.requests.get()
    invite.on_cancel = lambda: pytest.fail("it was answered")
    invite.respond(200, tag="t")
    invite.respond(603)
    assert invite.status == 200
    wire.send(make("CANCEL", branch="z9hG4bKi"), ours.endpoint.address)
    assert (await wire.response(200)).cseq[1] == "INVITE"
    assert (await wire.response(200)).cseq[1] == "CANCEL"


async def test_cancel_of_nothing_is_481(ours: Ours, wire: Wire) -> None:
    wire.send(make("CANCEL", branch="z9hG4bKnone"), ours.endpoint.address)
    await wire.response(481)


async def test_garbage_is_dropped(ours: Ours, wire: Wire) -> None:
    for data in (b"\r\n\r\n", b"garbage", b"INVITE x SIP/2.0\r\n\r\n"):
        wire.transport.sendto(data, ours.endpoint.address)
    wire.send(make("OPTIONS", branch="z9hG4bKo"), ours.endpoint.address)
    assert (await ours.requests.get()).request.method == "OPTIONS"
    with pytest.raises(SipError):
        parse(b"garbage")
