"""People, their telephones, and one real Asterisk between them."""

import asyncio

import numpy as np
import pytest

from ivr.demo.agent import Agent
from ivr.demo.behaviours import answer, never_answer, reject, say
from ivr.demo.call import Call, CallEnded
from ivr.demo.hearing import find, first_sound, ringback_cycles
from ivr.demo.phone import Phone, RegistrationFailed
from tests.demo.exchange import Exchange

pytestmark = pytest.mark.pbx


def story(call: Call) -> list[str]:
    return [what for _, what in call.history]


# --- registration


async def test_a_phone_registers_and_can_be_reached_until_it_leaves(exchange: Exchange) -> None:
    async with exchange.phone("101") as caller, exchange.phone("102") as phone:
        await caller.register()
        await phone.register()
        assert phone.registered
        await phone.unregister()
        assert not phone.registered
        call = caller.call("102")
        await call.wait_ended(5)
        assert call.status >= 400


async def test_a_wrong_password_is_told(exchange: Exchange) -> None:
    async with Phone("101", "wrong", exchange.server) as phone:
        with pytest.raises(RegistrationFailed, match="401"):
            await phone.register()


# --- calls


async def test_two_people_talk(exchange: Exchange) -> None:
    first, second = exchange.sounds["first"], exchange.sounds["second"]
    async with exchange.phone("101") as caller, exchange.phone("102") as desk:
        await desk.register()
        call = caller.call("102")
        rung = await desk.next_call(5)
        assert rung.caller == "101"
        assert rung.number == "102"
        rung.ring()
        await call.wait_ringing(5)
        rung.answer()
        await call.wait_answered(5)
        await asyncio.gather(call.say(first), rung.say(second))
        await call.pause(0.2)
        await rung.hangup()
        await call.wait_ended(5)

        assert story(call) == ["INVITE", "401", "INVITE", "100", "180", "200", "BYE in"]
        assert story(rung) == ["INVITE", "180", "200", "ACK", "BYE out"]
        assert (call.ended_by, rung.ended_by) == ("them", "us")
        assert call.cause == 16
        assert find(second, call.recording()).present
        assert find(first, rung.recording()).present
        assert not find(first, call.recording()).present
        assert caller.calls == desk.calls == []


async def test_the_one_who_calls_hangs_up(exchange: Exchange) -> None:
    async with exchange.phone("101") as caller, exchange.phone("102", behaviour=answer()) as desk:
        await desk.register()
        call = caller.call("102")
        await call.wait_answered(5)
        answered = desk.calls[0]
        await call.hangup()
        await answered.wait_ended(5)
        assert (call.ended_by, answered.ended_by) == ("us", "them")


@pytest.mark.parametrize(("status", "told"), [(486, 486), (603, 603), (480, 480), (404, 404)])
async def test_a_refusal_is_passed_on(exchange: Exchange, status: int, told: int) -> None:
    async with (
        exchange.phone("101") as caller,
        exchange.phone("102", behaviour=reject(status)) as desk,
    ):
        await desk.register()
        call = caller.call("102")
        with pytest.raises(CallEnded):
            await call.wait_answered(5)
        assert call.status >= 400
        assert call.ended_by == "them"


async def test_a_caller_gives_up(exchange: Exchange) -> None:
    async with exchange.phone("101") as caller, exchange.phone("102") as desk:
        await desk.register()
        call = caller.call("102")
        rung = await desk.next_call(5)
        rung.ring()
        await call.wait_ringing(5)
        await call.hangup()
        await rung.wait_ended(5)
        assert story(call)[-2:] == ["CANCEL", "487"]
        assert story(rung)[-1] == "CANCEL in"
        assert (call.status, rung.status) == (487, 487)
        with pytest.raises(CallEnded):
            rung.answer()


async def test_giving_up_before_anything_rang_leaves_nothing_behind(exchange: Exchange) -> None:
    async with exchange.phone("101") as caller, exchange.phone("102") as desk:
        await desk.register()
        call = caller.call("102")
        await call.hangup()
        assert call.status == 487
        assert caller.calls == []


async def test_both_hang_up_at_once(exchange: Exchange) -> None:
    async with exchange.phone("101") as caller, exchange.phone("102", behaviour=answer()) as desk:
        await desk.register()
        call = caller.call("102")
        await call.wait_answered(5)
        other = desk.calls[0]
        await asyncio.gather(call.hangup(), other.hangup())
        assert call.ended.is_set()
        assert other.ended.is_set()


async def test_a_forwarded_call_rings_elsewhere(exchange: Exchange) -> None:
    async with (
        exchange.phone("101") as caller,
        exchange.phone("102") as desk,
        exchange.phone("103", behaviour=answer()) as other,
    ):
        await desk.register()
        await other.register()
        call = caller.call("102")
        (await desk.next_call(5)).redirect("103")
        await call.wait_answered(5)
        assert other.calls[0].number == "103"


# --- what is heard


async def test_prompts_are_found_where_they_were_played(exchange: Exchange) -> None:
    async with exchange.phone("101") as phone:
        call = phone.call("700")
        await call.wait_ended(10)
        heard = call.recording()
        first = find(exchange.sounds["first"], heard)
        second = find(exchange.sounds["second"], heard)
        assert first.score > 0.9
        assert second.score > 0.9
        assert first.offset_s == pytest.approx(1.0, abs=0.05)
        assert second.offset_s == pytest.approx(3.0, abs=0.05)


async def test_an_announcement_before_the_answer_is_early_media(exchange: Exchange) -> None:
    async with exchange.phone("101") as phone:
        call = phone.call("702")
        await call.wait_ended(10)
        assert "183" in story(call)
        assert call.status == 404
        assert find(exchange.sounds["first"], call.early_media()).present
        assert not len(call.recording())


async def test_what_is_said_comes_back_from_an_echo_in_one_piece(exchange: Exchange) -> None:
    sound = np.concatenate([exchange.sounds["first"], exchange.sounds["second"]])
    async with exchange.phone("101") as phone:
        call = phone.call("701")
        await call.wait_answered(5)
        await call.say(sound)
        await call.pause(0.3)
        assert find(sound, call.recording()).score > 0.95
        assert first_sound(call.recording()) == pytest.approx(0.05, abs=0.1)


async def test_the_ringing_tone_of_china_is_counted(exchange: Exchange) -> None:
    async with (
        exchange.phone("101") as phone,
        exchange.phone("103", behaviour=never_answer) as desk,
    ):
        await desk.register()
        call = phone.call("704")
        await call.wait_answered(5)
        await call.pause(7)
        first, second = ringback_cycles(call.recording())
        assert first.length_s == pytest.approx(1.0, abs=0.05)
        assert second.start_s - first.start_s == pytest.approx(5.0, abs=0.05)


async def test_keys_go_both_ways(exchange: Exchange) -> None:
    async with exchange.phone("101") as phone:
        call = phone.call("703")
        await call.wait_answered(5)
        await call.send_dtmf("15*0")
        assert await call.wait_keys(4, 10) == "15*0"


# --- hold, several calls, transfer


async def test_hold_and_back(exchange: Exchange) -> None:
    sound = exchange.sounds["second"]
    async with (
        exchange.phone("101") as caller,
        exchange.phone("102", behaviour=answer()) as desk,
    ):
        await desk.register()
        call = caller.call("102")
        await call.wait_answered(5)
        answered = desk.calls[0]
        await answered.hold()
        assert answered.holding
        await answered.unhold()
        assert story(answered)[-2:] == ["hold", "unhold"]
        await answered.say(sound)
        await call.pause(0.2)
        assert find(sound, call.recording()).present


async def test_a_blind_transfer(exchange: Exchange) -> None:
    async with (
        exchange.phone("101") as owner,
        exchange.phone("102", behaviour=answer()) as desk,
        exchange.phone("103", behaviour=answer(0.2, say(exchange.sounds["second"]))) as target,
    ):
        await desk.register()
        await target.register()
        call = owner.call("102")
        await call.wait_answered(5)
        transferred = desk.calls[0]
        await transferred.wait_audio(5)
        assert await transferred.refer("103") == 200
        await transferred.wait_ended(5)
        rung = target.calls[0]
        await rung.wait_answered(5)
        await call.pause(2.2)
        assert find(exchange.sounds["second"], call.recording()).present


async def test_a_transfer_to_nowhere_is_told_to_the_one_who_tried(exchange: Exchange) -> None:
    async with exchange.phone("101") as owner, exchange.phone("102", behaviour=answer()) as desk:
        await desk.register()
        call = owner.call("102")
        await call.wait_answered(5)
        await desk.calls[0].wait_audio(5)
        assert await desk.calls[0].refer("999") >= 400
        assert not call.ended.is_set()


async def test_an_attended_transfer_with_a_consultation(exchange: Exchange) -> None:
    async with (
        exchange.phone("101") as owner,
        exchange.phone("102", behaviour=answer()) as desk,
        exchange.phone("103", behaviour=answer()) as target,
    ):
        await desk.register()
        await target.register()
        call = owner.call("102")
        await call.wait_answered(5)
        first = desk.calls[0]
        await first.wait_audio(5)
        await first.hold()
        consult = desk.call("103")
        await consult.wait_answered(5)
        assert len(desk.calls) == 2
        assert await first.refer_attended(consult) == 200
        await first.wait_ended(5)
        await consult.wait_ended(5)
        await target.calls[0].say(exchange.sounds["second"])
        await call.pause(0.2)
        assert find(exchange.sounds["second"], call.recording()).present


async def test_call_waiting(exchange: Exchange) -> None:
    async with (
        exchange.phone("101") as one,
        exchange.phone("103") as two,
        exchange.phone("102") as desk,
    ):
        await desk.register()
        first = one.call("102")
        (await desk.next_call(5)).answer()
        await first.wait_answered(5)
        second = two.call("102")
        waiting = await desk.next_call(5)
        waiting.ring()
        await second.wait_ringing(5)
        waiting.answer()
        await second.wait_answered(5)
        assert len(desk.calls) == 2


# --- leaving


async def test_leaving_hangs_up_and_leaves_no_task(exchange: Exchange) -> None:
    async with exchange.phone("101") as caller:
        call = caller.call("701")
        await call.wait_answered(5)
    assert call.ended_by == "us"
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_silent_phone_makes_calls_without_sound(exchange: Exchange) -> None:
    async with exchange.phone("101", silent=True) as phone:
        call = phone.call("700")
        await call.wait_answered(5)
        with pytest.raises(RuntimeError, match="silent"):
            await call.say(exchange.sounds["first"])
        await call.hangup()
        assert not call.recording().any()


async def test_an_exchange_that_is_not_there_ends_a_call_with_408(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ivr.demo.transactions.LIFE", 0.3)
    async with Agent("127.0.0.1") as nobody:
        port = nobody.port
    async with Phone("101", "x", ("127.0.0.1", port)) as phone:
        call = phone.call("102")
        with pytest.raises(CallEnded):
            await call.wait_answered(5)
        assert call.status == 408
