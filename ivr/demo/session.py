"""The signalling of one call: INVITE to BYE (RFC 3261), hold, transfer (RFC 3515, RFC 3891)."""

import asyncio
import random
import time
from collections.abc import Awaitable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, TypeVar

from ivr.demo.dialog import Dialog
from ivr.demo.media import Media
from ivr.demo.sdp import Sdp
from ivr.demo.sip import METHODS, Request, Response, Uri
from ivr.demo.transactions import LIFE, ClientTransaction, OnResponse, ServerTransaction
from ivr.demo.transfer import Referral

if TYPE_CHECKING:
    from ivr.demo.agent import Agent

Side = Literal["us", "them"]
_T = TypeVar("_T")
_ALLOW = ("Allow", METHODS)
_SDP = ("Content-Type", "application/sdp")


class CallEnded(Exception):  # noqa: N818 - an event of a call's life, often no error
    """The call was over before what was asked for could happen; `call.status` says how."""

    def __init__(self, call: "Session") -> None:
        super().__init__(f"the call to {call.number} has ended ({call.status})")
        self.call = call


class Refused(Exception):  # noqa: N818 - as CallEnded
    """The other side answered a request within the call with `status`."""

    def __init__(self, method: str, status: int) -> None:
        super().__init__(f"{method} was refused with {status}")
        self.status = status


class Session:
    """One call's state and messages; `Call` adds what a person does with it."""

    def __init__(
        self, agent: "Agent", dialog: Dialog, number: str, invite: ServerTransaction | None = None
    ) -> None:
        self.agent, self.dialog, self.number = agent, dialog, number
        self.incoming = invite is not None
        self.ringing, self.answered, self.ended = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.status = 0
        self.cause: int | None = None
        self.ended_by: Side | None = None
        self.history: list[tuple[float, str]] = []
        self.answered_at: float | None = None
        self.ended_at: float | None = None
        self.media = Media(agent.host, silent=agent.silent)
        self.referral: Referral | None = None
        self._invite = invite  # theirs that began the call
        self._offer: Sdp | None = None
        self._placed: ClientTransaction | None = None  # ours that began it
        self._progressed = False
        self._giving_up = False
        self._acknowledged = asyncio.Event()
        self._without_ack: dict[int, ServerTransaction] = {}  # their INVITEs we said 200 to
        self._changing = asyncio.Lock()
        self._reinviting = False  # an INVITE of ours within the call awaits its answer
        if invite:
            self._received_invite(invite)

    def note(self, what: str) -> None:
        self.history.append((time.monotonic(), what))

    async def pause(self, seconds: float) -> None:
        """Sleep as long as the call lives."""
        await self.while_alive(asyncio.sleep(seconds))

    async def while_alive(self, awaitable: Awaitable[_T], timeout_s: float | None = None) -> _T:
        """The result of `awaitable`. Raises CallEnded or TimeoutError when that comes first."""
        wanted = asyncio.ensure_future(awaitable)
        ended = asyncio.ensure_future(self.ended.wait())
        try:
            await asyncio.wait(
                {wanted, ended}, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED
            )
            if wanted.done() and not wanted.cancelled():
                return wanted.result()
            if ended.done():
                raise CallEnded(self)
            raise TimeoutError
        finally:
            wanted.cancel()
            ended.cancel()

    # --- a call out

    async def place(self, peer: tuple[str, int], headers: Iterable[tuple[str, str]]) -> None:
        """Send the INVITE and see it through to its answer or failure."""
        fields = [*self._headers(_SDP), *headers]
        invite = self.dialog.request("INVITE", headers=fields, body=self.media.offer())
        response = await self.agent.request(
            invite, peer, self.dialog.next_cseq, self._progress, self._sent
        )
        self.status = response.status
        self.note(str(response.status))
        self._read_cause(response)
        if response.status >= 300:
            self._end("us" if self._giving_up else "them")
            return
        self.dialog.established(response)
        self._acknowledge(response)
        self._acknowledged.set()
        self._agreed(response)
        if self._giving_up:
            await self._bye()  # the answer crossed our CANCEL
        else:
            self._answer_now()

    def _sent(self, transaction: ClientTransaction) -> None:
        self._placed = transaction
        self._progressed = False
        self.note("INVITE")

    def _progress(self, response: Response) -> None:
        if 200 <= response.status < 300:
            self._acknowledge(response)  # repeated: our ACK was lost
            return
        self.note(str(response.status))
        if response.status >= 300:
            return  # a challenge, which the agent answers
        if not self._progressed:
            self._progressed = True
            if self._giving_up:
                self._cancel()
        if response.status > 100 and response.to.tag:
            self.dialog.established(response)
            self._agreed(response)
        if response.status == 180:
            self.ringing.set()

    def _agreed(self, message: Request | Response) -> None:
        answer = Sdp.parse(message.body)
        if answer and not self.ended.is_set():
            self.media.agreed(answer)

    def _acknowledge(self, response: Response) -> None:
        ack = self.dialog.request("ACK", cseq=response.cseq[0])
        ack.headers.add("Via", self.agent.endpoint.via())
        self.agent.endpoint.send(ack, self.dialog.next_hop)

    def _cancel(self) -> None:
        if self._placed is None or self._placed.final.done():
            return
        invite = self._placed.request
        cancel = Request(method="CANCEL", uri=invite.uri)
        cancel.headers.add("Via", invite.headers.get("Via"))
        for name in ("From", "To", "Call-ID", "Max-Forwards"):
            cancel.headers.add(name, invite.headers.get(name))
        cancel.headers.add("CSeq", f"{invite.cseq[0]} CANCEL")
        self.note("CANCEL")
        self.agent.endpoint.request(cancel, self._placed.peer, lambda _: None)
        self._placed.expire_in(LIFE)

    # --- a call in

    def _received_invite(self, invite: ServerTransaction) -> None:
        self.note("INVITE")
        invite.on_cancel = self._cancelled
        self._offer = Sdp.parse(invite.request.body)
        if invite.request.body and self._offer is None:
            self.reject(488)
        else:
            invite.respond(100)

    def ring(self) -> None:
        """Tell the caller that this phone rings (180)."""
        self._provisional(180)
        self.ringing.set()

    def progress(self) -> None:
        """Open the audio before any answer (183): for an announcement that is free of charge."""
        self._provisional(183, self._describe())

    def _provisional(self, status: int, body: bytes = b"") -> None:
        if self.ended.is_set():
            raise CallEnded(self)
        if self._invite is None or self._invite.status >= 200:
            raise RuntimeError("only an incoming call that is not answered yet can ring")
        self._respond(self._invite, status, body)
        self.note(str(status))

    def answer(self) -> None:
        """Pick up. Raises CallEnded when the caller has gone."""
        if self.ended.is_set():
            raise CallEnded(self)
        if self._invite is None or self.answered.is_set():
            raise RuntimeError("there is nothing to answer")
        self._invite.on_expired = self._never_acknowledged
        self._respond(self._invite, 200, self._describe())
        self.status = 200
        self.note("200")
        self._answer_now()

    def reject(self, status: int = 603, cause: int | None = None) -> None:
        """Refuse: 486 busy, 603 decline, 480 unavailable, 404 no such number …

        `cause` (Q.850) goes along in a Reason header, as exchanges send it (RFC 3326).
        """
        reason = [] if cause is None else [("Reason", f"Q.850;cause={cause}")]
        self._refuse(status, reason)

    def redirect(self, number: str, status: int = 302) -> None:
        """Ask the caller's exchange to ring `number` instead (call forwarding)."""
        target = replace(self.dialog.remote.uri, user=number, tail="")
        self._refuse(status, [("Contact", f"<{target}>")])

    def _refuse(self, status: int, headers: list[tuple[str, str]]) -> None:
        if self._invite is None or self._invite.status >= 200:
            return  # too late: the call was answered, or its caller has gone
        self._invite.respond(status, tag=self.dialog.local.tag, headers=headers)
        self.status = status
        self.note(str(status))
        self._end("us")

    def _cancelled(self) -> None:
        self.note("CANCEL in")
        if self._invite:
            self._invite.respond(487, tag=self.dialog.local.tag)
        self.status = 487
        self._end("them")

    def _never_acknowledged(self) -> None:
        self._acknowledged.set()
        self.agent.spawn(self.hangup())

    def _answer_now(self) -> None:
        self.answered_at = time.monotonic()
        self.ringing.set()
        self.answered.set()

    # --- the end

    async def hangup(self) -> None:
        """Put the receiver down: BYE, CANCEL or 603, as the state demands."""
        if self.ended.is_set():
            return
        if self.answered.is_set():
            await self._acknowledged.wait()  # a BYE may not overtake the ACK (RFC 3261 §15)
            await self._bye()
        elif self.incoming:
            self.reject()
        elif not self._giving_up:
            self._giving_up = True
            if self._progressed:
                self._cancel()  # else when the first response comes (§9.1)
        await self.ended.wait()

    async def _bye(self) -> None:
        if self.ended.is_set():
            return
        self.note("BYE out")
        self._end("us", release=False)
        await self._request("BYE")
        self.agent.release(self)

    def _end(self, by: Side, *, release: bool = True) -> None:
        if self.ended.is_set():
            return
        self.ended_by = by
        self.ended_at = time.monotonic()
        self.media.stream.close()
        self.ended.set()
        if release:
            self.agent.release(self)

    def _read_cause(self, message: Request | Response) -> None:
        for reason in message.headers.all("Reason"):
            cause = reason.partition("cause=")[2].split(";")[0].strip()
            if reason.startswith("Q.850") and cause.isdecimal():
                self.cause = int(cause)

    # --- within the call

    async def hold(self) -> None:
        """Put the other side on hold (re-INVITE, sendonly). Raises Refused."""
        await self._change(holding=True)

    async def unhold(self) -> None:
        await self._change(holding=False)

    async def _change(self, *, holding: bool) -> None:
        async with self._changing:
            before, self.media.holding = self.media.holding, holding
            response = await self._reinvite()
            while response.status == 491:  # both at once: who made the call waits longer (§14.1)
                self.note("491")
                await self.pause(random.uniform(0, 2) if self.incoming else random.uniform(2.1, 4))
                response = await self._reinvite()
            if response.status >= 300:
                self.media.holding = before
                raise Refused("re-INVITE", response.status)
            self.dialog.refreshed(response)
            self._acknowledge(response)
            self.note("hold" if holding else "unhold")
            self._agreed(response)

    async def _reinvite(self) -> Response:
        if self.ended.is_set():
            raise CallEnded(self)

        def again(response: Response) -> None:
            if 200 <= response.status < 300:
                self._acknowledge(response)

        self._reinviting = True
        try:
            return await self._request("INVITE", self._headers(_SDP), self.media.offer(), again)
        finally:
            self._reinviting = False

    async def refer(self, number: str, timeout_s: float = 30) -> int:
        """Blind transfer to `number`: the last status that NOTIFY told of it.

        Returns when the transfer succeeded (Asterisk says 200 as soon as the target
        rings; then this call is hung up), failed, or when the PBX ended this call
        before it told. Raises Refused.
        """
        target = replace(self.dialog.remote.uri, user=number, tail="")
        return await self._refer(f"<{target}>", timeout_s)

    async def refer_attended(self, other: "Session", timeout_s: float = 30) -> int:
        """Connect this call's other side with that of `other`, and leave; as `refer`."""
        return await self._refer(Referral.replacing(other.dialog), timeout_s)

    async def _refer(self, target: str, timeout_s: float) -> int:
        if self.ended.is_set():
            raise CallEnded(self)
        self.referral = referral = Referral()
        self.note("REFER")
        by = replace(self.dialog.local, params=())
        headers = [("Refer-To", target), ("Referred-By", str(by)), *self._headers()]
        response = await self._request("REFER", headers)
        self.note(str(response.status))
        if response.status >= 300:
            self.referral = None
            raise Refused("REFER", response.status)
        try:
            await self.while_alive(referral.done.wait(), timeout_s)
        except CallEnded:
            return referral.status
        if referral.status < 300:
            await self.hangup()
        return referral.status

    async def _request(
        self,
        method: str,
        headers: Iterable[tuple[str, str]] = (),
        body: bytes = b"",
        on_response: OnResponse | None = None,
    ) -> Response:
        request = self.dialog.request(method, headers=headers, body=body)
        return await self.agent.request(
            request, self.dialog.next_hop, self.dialog.next_cseq, on_response
        )

    # --- requests of the other side

    def received(self, transaction: ServerTransaction) -> None:
        """A request of theirs within this dialog; every one is answered."""
        request = transaction.request
        if not self.dialog.accepts(request):
            transaction.respond(500)
        elif request.method == "BYE":
            self._hung_up(transaction)
        elif request.method == "NOTIFY":
            self._notified(transaction)
        elif self.ended.is_set():
            transaction.respond(481)
        elif request.method in ("INVITE", "UPDATE"):
            self._renegotiate(transaction)
        elif request.method in ("OPTIONS", "INFO"):
            transaction.respond(200, headers=[_ALLOW])
        else:
            transaction.respond(405, headers=[_ALLOW])

    def _hung_up(self, transaction: ServerTransaction) -> None:
        transaction.respond(200)
        self.note("BYE in")
        self._read_cause(transaction.request)
        if self._invite:
            self._invite.respond(487, tag=self.dialog.local.tag)
        self._end("them")

    def _notified(self, transaction: ServerTransaction) -> None:
        if self.referral is None:
            transaction.respond(489)
            return
        transaction.respond(200)
        self.note(f"NOTIFY {self.referral.notified(transaction.request)}")

    def _renegotiate(self, transaction: ServerTransaction) -> None:
        request = transaction.request
        offer = Sdp.parse(request.body)
        if request.method == "INVITE":
            self.note("re-INVITE in")
        if self._reinviting:
            transaction.respond(491)
        elif not self.answered.is_set() or self._without_ack:
            transaction.respond(500, headers=[("Retry-After", "1")])
        elif request.body and offer is None:
            transaction.respond(488)
        else:
            self.dialog.refreshed(request)
            self._offer = offer
            wanted = offer is not None or request.method == "INVITE"
            self._respond(transaction, 200, self._describe() if wanted else b"")

    def acknowledged(self, ack: Request) -> None:
        """The ACK of a 200 of ours."""
        transaction = self._without_ack.pop(ack.cseq[0], None)
        if transaction:
            transaction.acknowledged()
            self.note("ACK")
            self._acknowledged.set()
            self._agreed(ack)  # the answer, when the offer was ours

    def _describe(self) -> bytes:
        """Our side of the audio: the answer to their offer, or an offer when they made none."""
        if self._offer is None:
            return self.media.offer()
        before = self.media.held
        body = self.media.answer(self._offer)
        if self.media.held != before:
            self.note("held" if self.media.held else "unheld")
        return body

    def _respond(self, transaction: ServerTransaction, status: int, body: bytes) -> None:
        if status == 200 and transaction.request.method == "INVITE":
            self._without_ack[transaction.request.cseq[0]] = transaction
        headers = self._headers(*([_SDP] if body else []))
        transaction.respond(status, tag=self.dialog.local.tag, headers=headers, body=body)

    def _headers(self, *more: tuple[str, str]) -> list[tuple[str, str]]:
        contact = Uri(self.dialog.local.uri.user, *self.agent.endpoint.address)
        return [("Contact", f"<{contact}>"), _ALLOW, *more]
