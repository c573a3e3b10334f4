"""SIP transactions over UDP (RFC 3261 §17, RFC 6026): what makes datagrams dependable."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import cast

from ivr.demo.sip import (
    Headers,
    Request,
    Response,
    SipError,
    new_branch,
    parse,
    respond,
)

T1 = 0.5  # round-trip estimate, seconds
T2 = 4.0  # longest pause between repeats
LIFE = 64 * T1  # a transaction that heard nothing for so long has failed

Peer = tuple[str, int]
OnResponse = Callable[[Response], None]
log = logging.getLogger(__name__)


class _Repeater:
    """Sends a datagram again after T1, 2·T1, … until stopped or LIFE is over."""

    def __init__(self, send: Callable[[], None], expired: Callable[[], None], cap: float) -> None:
        self._send, self._expired, self._cap = send, expired, cap
        self._pause = T1
        loop = asyncio.get_running_loop()
        self._life = loop.call_later(LIFE, self._end)
        self._next = loop.call_later(T1, self._again)

    def _again(self) -> None:
        self._send()
        self._pause = min(2 * self._pause, self._cap)
        self._next = asyncio.get_running_loop().call_later(self._pause, self._again)

    def slow_down(self) -> None:
        self._pause = T2

    def stop(self) -> None:
        self._life.cancel()
        self._next.cancel()

    def _end(self) -> None:
        self.stop()
        self._expired()


class ClientTransaction:
    """A request of ours. `final` is its final response, a 408 of our own when none came.

    `on_response` gets every provisional response, and a 2xx to INVITE each time
    it is repeated (who sent the INVITE must send its ACK again).
    """

    def __init__(
        self, endpoint: "Endpoint", request: Request, peer: Peer, on_response: OnResponse
    ) -> None:
        self.request, self.peer = request, peer
        self.final: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        self._endpoint, self._on_response = endpoint, on_response
        self._ack: Request | None = None
        self._invite = request.method == "INVITE"
        self._send()
        self._repeater = _Repeater(self._send, self._expire, LIFE if self._invite else T2)

    def _send(self) -> None:
        self._endpoint.send(self.request, self.peer)

    def received(self, response: Response) -> None:
        if self.final.done():
            if self._ack:
                self._endpoint.send(self._ack, self.peer)
            elif self._invite and 200 <= response.status < 300:
                self._on_response(response)
        elif response.status < 200:
            if self._invite:
                self._repeater.stop()
            else:
                self._repeater.slow_down()
            self._on_response(response)
        else:
            self._repeater.stop()
            if self._invite and response.status >= 300:
                self._ack = _ack_for_failure(self.request, response)
                self._endpoint.send(self._ack, self.peer)
            self._finish(response)

    def expire_in(self, seconds: float) -> None:
        """Stop waiting then: what CANCEL does to an INVITE that stays unanswered (§9.1)."""
        asyncio.get_running_loop().call_later(seconds, self._expire)

    def _expire(self) -> None:
        self._finish(respond(self.request, 408))

    def _finish(self, response: Response) -> None:
        if not self.final.done():
            self.final.set_result(response)
            self._endpoint.forget_later(self)

    def close(self) -> None:
        self._repeater.stop()
        self.final.cancel()


def _ack_for_failure(invite: Request, response: Response) -> Request:
    """§17.1.1.3: same branch, same CSeq number, the response's To."""
    headers = Headers([("Via", invite.headers.get("Via"))])
    for name in ("From", "Call-ID"):
        headers.add(name, invite.headers.get(name))
    headers.add("To", response.headers.get("To"))
    headers.add("CSeq", f"{invite.cseq[0]} ACK")
    for route in invite.headers.all("Route"):
        headers.add("Route", route)
    headers.add("Max-Forwards", "70")
    return Request(headers, b"", "ACK", invite.uri)


class ServerTransaction:
    """A request of theirs. A final response to INVITE repeats until its ACK comes."""

    def __init__(self, endpoint: "Endpoint", request: Request, source: Peer) -> None:
        self.request, self.source = request, source
        self.status = 0  # of the last response; 0: none yet
        self.on_cancel: Callable[[], None] = _nothing
        self.on_expired: Callable[[], None] = _nothing
        self._endpoint = endpoint
        self._response: Response | None = None
        self._repeater: _Repeater | None = None

    def respond(
        self,
        status: int,
        *,
        tag: str = "",
        headers: Iterable[tuple[str, str]] = (),
        body: bytes = b"",
    ) -> None:
        if self.status >= 200:
            return  # a final response was given; a later one has lost the race
        self.status = status
        self._response = respond(self.request, status, tag=tag, headers=headers, body=body)
        self.repeat()
        if status >= 200:
            if self.request.method == "INVITE":
                self._repeater = _Repeater(self.repeat, self._expire, T2)
            self._endpoint.forget_later(self)

    def repeat(self) -> None:
        if self._response:
            self._endpoint.send(self._response, self.source)

    def acknowledged(self) -> None:
        if self._repeater:
            self._repeater.stop()

    def _expire(self) -> None:
        self.on_expired()

    def close(self) -> None:
        self.acknowledged()


def _nothing() -> None:
    """No reaction."""


class Endpoint(asyncio.DatagramProtocol):
    """One UDP socket and the transactions on it.

    `on_request` gets every new request but CANCEL (which goes to its INVITE's
    `on_cancel`); `on_ack` gets the ACKs of 2xx responses.
    """

    def __init__(
        self,
        on_request: Callable[[ServerTransaction], None],
        on_ack: Callable[[Request], None],
    ) -> None:
        self._on_request, self._on_ack = on_request, on_ack
        self._clients: dict[tuple[str, str], ClientTransaction] = {}
        self._servers: dict[tuple[str, str, str], ServerTransaction] = {}
        self._transport: asyncio.DatagramTransport | None = None
        self._closed = asyncio.Event()
        self.address: Peer = ("", 0)

    async def open(self, host: str, port: int) -> None:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: self, (host, port))
        self._transport = transport
        self.address = transport.get_extra_info("sockname")[:2]

    async def close(self) -> None:
        """Give up what is under way; the port is free afterwards."""
        for client in self._clients.values():
            client.close()
        for server in self._servers.values():
            server.close()
        self._clients.clear()
        self._servers.clear()
        if self._transport:
            self._transport.close()
            self._transport = None
            await self._closed.wait()

    def send(self, message: Request | Response, peer: Peer) -> None:
        if self._transport:
            self._transport.sendto(bytes(message), peer)

    def request(self, request: Request, peer: Peer, on_response: OnResponse) -> ClientTransaction:
        """Begin a transaction. A request that has a Via (CANCEL) keeps it."""
        if "Via" not in request.headers:
            request.headers.add("Via", self.via())
        transaction = ClientTransaction(self, request, peer, on_response)
        self._clients[request.branch, request.method] = transaction
        return transaction

    def via(self) -> str:
        host, port = self.address
        return f"SIP/2.0/UDP {host}:{port};branch={new_branch()};rport"

    def forget_later(self, transaction: ClientTransaction | ServerTransaction) -> None:
        """Keep answering repeats of the other side for as long as there may be any."""
        asyncio.get_running_loop().call_later(LIFE, self._forget, transaction)

    def _forget(self, transaction: ClientTransaction | ServerTransaction) -> None:
        if isinstance(transaction, ClientTransaction):
            self._clients.pop((transaction.request.branch, transaction.request.method), None)
        else:
            self._servers.pop(_server_key(transaction.request), None)

    # --- asyncio.DatagramProtocol

    def connection_lost(self, exc: Exception | None) -> None:
        self._closed.set()

    def datagram_received(self, data: bytes, addr: tuple[str | int, ...]) -> None:
        peer = cast(Peer, addr[:2])
        if not data.strip():
            return  # keep-alive (RFC 5626 §3.5.1)
        try:
            message = parse(data)
        except SipError as error:
            log.warning("dropped a datagram of %s:%s: %s", *peer, error)
            return
        if isinstance(message, Request):
            self._request_received(message, peer)
        elif transaction := self._clients.get((message.branch, message.cseq[1])):
            transaction.received(message)

    def _request_received(self, request: Request, peer: Peer) -> None:
        known = self._servers.get(_server_key(request))
        if request.method == "ACK":
            if known and known.status >= 300:
                known.acknowledged()
            else:
                self._on_ack(request)
        elif known:
            known.repeat()
        else:
            transaction = ServerTransaction(self, request, peer)
            self._servers[_server_key(request)] = transaction
            if request.method == "CANCEL":
                self._cancel(transaction)
            else:
                self._on_request(transaction)

    def _cancel(self, transaction: ServerTransaction) -> None:
        branch, sent_by, _ = _server_key(transaction.request)
        invite = self._servers.get((branch, sent_by, "INVITE"))
        transaction.respond(200 if invite else 481)
        if invite and invite.status < 200:
            invite.on_cancel()


def _server_key(request: Request) -> tuple[str, str, str]:
    method = "INVITE" if request.method == "ACK" else request.method
    return request.branch, request.sent_by, method
