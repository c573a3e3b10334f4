"""A SIP user agent: one UDP socket, many calls. What Phone and City have in common."""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from types import TracebackType
from typing import Any, Self

from ivr.demo.call import Call, CallEnded
from ivr.demo.dialog import Dialog
from ivr.demo.session import Session
from ivr.demo.sip import (
    METHODS,
    Address,
    Credentials,
    Request,
    Response,
    SipError,
    Uri,
    authorized,
    new_tag,
)
from ivr.demo.transactions import (
    LIFE,
    ClientTransaction,
    Endpoint,
    OnResponse,
    Peer,
    ServerTransaction,
)

Behaviour = Callable[[Call], Awaitable[None]]
"""What somebody does when their phone rings."""

_GOODBYE_S = 2.0  # how long leaving waits for the other side's last word
log = logging.getLogger(__name__)


class Agent:
    """Makes and takes calls on `host`:`port` (0: any free port).

    Incoming calls go to `behaviour`, or without one to `next_call`. `silent`
    phones send and read no RTP (for load). Use it as an async context manager;
    leaving hangs up whatever is open.
    """

    def __init__(
        self,
        host: str,
        port: int = 0,
        *,
        credentials: Credentials | None = None,
        behaviour: Behaviour | None = None,
        silent: bool = False,
    ) -> None:
        self.host, self.silent, self.behaviour = host, silent, behaviour
        self.endpoint = Endpoint(self._on_request, self._on_ack)
        self.calls: list[Call] = []  # those that live, in order of their beginning
        self._port = port
        self._credentials = credentials
        self._dialogs: dict[tuple[str, str], Call] = {}
        self._waiting: asyncio.Queue[Call] = asyncio.Queue()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        await self.endpoint.open(self.host, self._port)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Hang up what is open, give the other side a moment to confirm, and go."""
        goodbyes = [asyncio.create_task(call.hangup()) for call in self.calls]
        if goodbyes:
            await asyncio.wait(goodbyes, timeout=_GOODBYE_S)
        tasks = [*goodbyes, *self._tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for call in self._dialogs.values():
            call.media.stream.close()
        await self.endpoint.close()

    @property
    def port(self) -> int:
        return self.endpoint.address[1]

    async def next_call(self, timeout_s: float) -> Call:
        """The next incoming call. Raises TimeoutError."""
        async with asyncio.timeout(timeout_s):
            return await self._waiting.get()

    def dial(
        self,
        number: str,
        peer: Peer,
        *,
        caller: Address,
        headers: Iterable[tuple[str, str]] = (),
    ) -> Call:
        """Begin a call to `number` at `peer`."""
        target = Uri(number, *peer)
        dialog = Dialog(
            f"{secrets.token_hex(12)}@{self.host}",
            caller.tagged(new_tag()),
            Address(target),
            target,
        )
        call = Call(self, dialog, number)
        self._add(call)
        self.spawn(call.place(peer, headers))
        return call

    async def request(
        self,
        request: Request,
        peer: Peer,
        next_cseq: Callable[[], int],
        on_response: OnResponse | None = None,
        on_sent: Callable[[ClientTransaction], None] | None = None,
    ) -> Response:
        """The final response to `request`; a challenge is answered once."""
        on_response = on_response or _ignore
        transaction = self.endpoint.request(request, peer, on_response)
        if on_sent:
            on_sent(transaction)
        response = await transaction.final
        if response.status in (401, 407) and self._credentials:
            again = authorized(request, response, self._credentials, next_cseq())
            if again:
                on_response(response)
                transaction = self.endpoint.request(again, peer, on_response)
                if on_sent:
                    on_sent(transaction)
                response = await transaction.final
        return response

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run `work` beside; it ends with the agent at the latest."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("%s failed", task.get_coro(), exc_info=error)

    def release(self, call: Session) -> None:
        """The call is over; requests of it are answered 481 from now on."""
        self.calls = [other for other in self.calls if other is not call]
        if call.referral:  # the news of a transfer may come after the call (RFC 5057)
            asyncio.get_running_loop().call_later(LIFE, self._forget, call)
        else:
            self._forget(call)

    def _forget(self, call: Session) -> None:
        self._dialogs.pop((call.dialog.call_id, call.dialog.local.tag), None)

    def _add(self, call: Call) -> None:
        self.calls.append(call)
        self._dialogs[call.dialog.call_id, call.dialog.local.tag] = call

    # --- incoming

    def _on_request(self, transaction: ServerTransaction) -> None:
        request = transaction.request
        if tag := request.to.tag:
            call = self._dialogs.get((request.call_id, tag))
            if call:
                call.received(transaction)
            else:
                transaction.respond(481)
        elif request.method == "INVITE":
            self._called(transaction)
        elif request.method in ("OPTIONS", "NOTIFY"):  # a qualify; a message lamp
            transaction.respond(200, headers=[("Allow", METHODS), ("Accept", "application/sdp")])
        else:
            transaction.respond(405, headers=[("Allow", METHODS)])

    def _on_ack(self, ack: Request) -> None:
        call = self._dialogs.get((ack.call_id, ack.to.tag))
        if call:
            call.acknowledged(ack)

    def _called(self, transaction: ServerTransaction) -> None:
        try:
            number = Uri.parse(transaction.request.uri).user
        except SipError:
            transaction.respond(400)
            return
        call = Call(self, Dialog.of_invite(transaction.request, new_tag()), number, transaction)
        if call.ended.is_set():
            return  # it offered no audio we know
        self._add(call)
        behaviour = self.behaviour_for(call)
        if behaviour:
            self.spawn(self._behave(behaviour, call))
        else:
            self._waiting.put_nowait(call)

    def behaviour_for(self, call: Call) -> Behaviour | None:
        """Who takes `call`; None leaves it to `next_call`."""
        return self.behaviour

    async def _behave(self, behaviour: Behaviour, call: Call) -> None:
        try:
            await behaviour(call)
        except CallEnded:
            return  # the caller has gone: nothing is left to do


def _ignore(_: Response) -> None:
    """No reaction."""
