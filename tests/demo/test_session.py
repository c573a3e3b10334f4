"""Two user agents face to face: the races that an exchange in between would hide."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio

from ivr.demo.agent import Agent
from ivr.demo.behaviours import answer
from ivr.demo.call import Call, CallEnded, Refused
from ivr.demo.sip import Address, Request, Response, Uri
from ivr.demo.transactions import Endpoint, Peer

ANNA = Address(Uri("anna", "127.0.0.1"), "Anna")


@pytest_asyncio.fixture
async def pair(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Agent, Agent]]:
    monkeypatch.setattr("ivr.demo.transactions.T1", 0.03)
    async with Agent("127.0.0.1") as anna, Agent("127.0.0.1") as ben:
        yield anna, ben


def dial(anna: Agent, ben: Agent) -> Call:
    return anna.dial("ben", ben.endpoint.address, caller=ANNA)


async def talking(anna: Agent, ben: Agent) -> tuple[Call, Call]:
    call = dial(anna, ben)
    rung = await ben.next_call(2)
    rung.answer()
    await call.wait_answered(2)
    await rung.wait_audio(2)
    return call, rung


def happened(call: Call) -> list[str]:
    return [what for _, what in call.history]


def losing(
    monkeypatch: pytest.MonkeyPatch, lost: Callable[[Request | Response, int], bool]
) -> None:
    """From now on every datagram for which lost(message, how often it was sent) is lost."""
    send, seen = Endpoint.send, dict[bytes, int]()

    def lossy(self: Endpoint, message: Request | Response, peer: Peer) -> None:
        data = bytes(message)
        seen[data] = seen.get(data, 0) + 1
        if not lost(message, seen[data]):
            send(self, message, peer)

    monkeypatch.setattr(Endpoint, "send", lossy)


async def test_a_call_survives_a_network_that_loses_everything_once(
    pair: tuple[Agent, Agent], monkeypatch: pytest.MonkeyPatch
) -> None:
    def first_time(message: Request | Response, times: int) -> bool:
        return times == 1 and getattr(message, "method", "") != "ACK"

    losing(monkeypatch, first_time)
    call, rung = await talking(*pair)
    await call.hold()
    await call.hangup()
    await rung.wait_ended(2)
    assert happened(rung).count("INVITE") == 1


async def test_a_lost_ack_is_sent_again(
    pair: tuple[Agent, Agent], monkeypatch: pytest.MonkeyPatch
) -> None:
    acks = 0

    def two_acks(message: Request | Response, times: int) -> bool:
        nonlocal acks
        acks += getattr(message, "method", "") == "ACK"
        return getattr(message, "method", "") == "ACK" and acks <= 2

    losing(monkeypatch, two_acks)
    _, rung = await talking(*pair)
    await rung.hangup()  # waits for the ACK
    assert happened(rung)[-2:] == ["ACK", "BYE out"]


async def test_who_hangs_up_first_is_known_on_both_ends(pair: tuple[Agent, Agent]) -> None:
    call, rung = await talking(*pair)
    await rung.hangup()
    await call.wait_ended(2)
    assert (call.ended_by, rung.ended_by) == ("them", "us")
    with pytest.raises(CallEnded):
        await call.send_dtmf("1")


async def test_both_hang_up_at_once(pair: tuple[Agent, Agent]) -> None:
    call, rung = await talking(*pair)
    await asyncio.gather(call.hangup(), rung.hangup())
    assert pair[0].calls == pair[1].calls == []


async def test_both_hold_at_once(
    pair: tuple[Agent, Agent], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("random.uniform", lambda low, high: 0.02 if low == 0 else 0.1)
    call, rung = await talking(*pair)
    await asyncio.gather(call.hold(), rung.hold())
    assert "491" in happened(call) + happened(rung)
    assert call.held
    assert rung.held
    await call.unhold()
    await rung.unhold()
    assert not call.held
    assert not rung.held


async def test_an_answer_that_crosses_the_cancel_is_hung_up(pair: tuple[Agent, Agent]) -> None:
    call = dial(*pair)
    rung = await pair[1].next_call(2)
    rung.ring()
    await call.wait_ringing(2)
    gone = asyncio.create_task(call.hangup())
    await asyncio.sleep(0)  # CANCEL is on its way
    rung.answer()
    await gone
    await rung.wait_ended(2)
    assert happened(call)[-3:] == ["CANCEL", "200", "BYE out"]
    assert happened(rung)[-1] == "BYE in"


async def test_giving_up_waits_for_a_sign_of_life_before_it_cancels(
    pair: tuple[Agent, Agent], monkeypatch: pytest.MonkeyPatch
) -> None:
    call = dial(*pair)
    await call.hangup()
    assert happened(call) == ["INVITE", "100", "CANCEL", "487"]


async def test_offer_in_the_200_answer_in_the_ack(pair: tuple[Agent, Agent]) -> None:
    call, rung = await talking(*pair)
    reinvite = call.dialog.request("INVITE")
    response = await call.agent.request(reinvite, call.dialog.next_hop, call.dialog.next_cseq)
    assert response.status == 200
    assert b"m=audio" in response.body
    assert "re-INVITE in" in happened(rung)


async def test_an_invite_without_audio_we_know_is_488(pair: tuple[Agent, Agent]) -> None:
    call = dial(*pair)
    call.media.offer = lambda: b"v=0\r\nm=video 1 RTP/AVP 31\r\n"  # type: ignore[method-assign]
    await call.wait_ended(2)
    assert call.status == 488


async def test_requests_of_no_call_and_of_an_old_one(pair: tuple[Agent, Agent]) -> None:
    call, rung = await talking(*pair)

    async def ask(method: str, cseq: int | None = None, tag: str = "") -> int:
        request = call.dialog.request(method, cseq=cseq)
        if tag:
            request.headers.set("To", str(call.dialog.remote.tagged(tag)))
        peer = call.dialog.next_hop
        return (await call.agent.request(request, peer, call.dialog.next_cseq)).status

    assert await ask("OPTIONS") == 200
    assert await ask("SUBSCRIBE") == 405
    assert await ask("NOTIFY") == 489
    assert await ask("OPTIONS", cseq=1) == 500
    assert await ask("BYE", tag="stranger") == 481
    assert not rung.ended.is_set()
    await rung.hangup()
    assert await ask("BYE") == 481


async def test_a_refused_hold_is_told(pair: tuple[Agent, Agent]) -> None:
    call, rung = await talking(*pair)
    rung.received = lambda transaction: transaction.respond(488)  # type: ignore[method-assign]
    with pytest.raises(Refused, match="488"):
        await call.hold()
    assert not call.holding


async def test_a_phone_is_asked_whether_it_lives(pair: tuple[Agent, Agent]) -> None:
    anna, ben = pair
    call = dial(anna, ben)
    options = call.dialog.request("OPTIONS")
    response = await anna.request(options, ben.endpoint.address, call.dialog.next_cseq)
    assert response.status == 200


async def test_a_behaviour_that_fails_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def clumsy(call: Call) -> None:
        raise LookupError("dropped it")

    async with Agent("127.0.0.1") as anna, Agent("127.0.0.1", behaviour=clumsy) as ben:
        call = dial(anna, ben)
        await call.hangup()
    assert "dropped it" in caplog.text


async def test_a_behaviour_whose_caller_goes_is_simply_over(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with Agent("127.0.0.1") as anna, Agent("127.0.0.1", behaviour=answer(5)) as ben:
        call = dial(anna, ben)
        await call.wait_ringing(2)
        await call.hangup()
    assert not caplog.records


async def test_call_ids_and_ports_are_free_again(pair: tuple[Agent, Agent]) -> None:
    call, rung = await talking(*pair)
    await call.hangup()
    await rung.wait_ended(2)
    assert pair[0].calls == pair[1].calls == []
