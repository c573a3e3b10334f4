"""The city behind the trunk."""

import asyncio

import pytest

from ivr.demo.behaviours import (
    announcement,
    answer,
    busy,
    machine,
    never_answer,
    reject,
    say,
    unreachable,
)
from ivr.demo.city import City
from ivr.demo.hearing import find, tones
from tests.demo.exchange import Exchange

pytestmark = pytest.mark.pbx


def city_of(exchange: Exchange) -> City:
    return City(port=exchange.city_port)


async def test_an_owner_calls_in_with_name_and_number(exchange: Exchange) -> None:
    async with city_of(exchange) as city, exchange.phone("102", behaviour=answer()) as desk:
        await desk.register()
        call = city.call("13800138000", "88880102", exchange.server, display_name="张三")
        await call.wait_answered(5)
        rung = desk.calls[0]
        assert (rung.caller, rung.caller_name) == ("13800138000", "张三")


async def test_an_anonymous_caller(exchange: Exchange) -> None:
    async with city_of(exchange) as city, exchange.phone("102", behaviour=answer()) as desk:
        await desk.register()
        call = city.call("", "88880102", exchange.server)
        await call.wait_answered(5)
        assert desk.calls[0].caller == "anonymous"


async def test_a_name_that_is_no_utf8_harms_nobody(exchange: Exchange) -> None:
    broken = b"\xff\xc3(\x00".decode("utf-8", "surrogateescape").replace("\0", "")
    async with city_of(exchange) as city, exchange.phone("102", behaviour=answer()) as desk:
        await desk.register()
        call = city.call("13800138000", "88880102", exchange.server, display_name=broken)
        await call.wait_answered(5)


@pytest.mark.parametrize(
    ("behaviour", "status"),
    [(busy, 486), (unreachable, 480), (reject(503), 503), (reject(603), 603)],
    ids=["busy", "unreachable", "trunk fails", "declined"],
)
async def test_a_number_that_cannot_be_had(exchange: Exchange, behaviour, status: int) -> None:
    async with city_of(exchange) as city, exchange.phone("101") as phone:
        city.subscriber("13900139000", behaviour)
        call = phone.call("13900139000")
        await call.wait_ended(5)
        assert call.status >= 400
        assert city.received[0].status == status


async def test_a_number_nobody_has(exchange: Exchange) -> None:
    async with city_of(exchange) as city, exchange.phone("101") as phone:
        call = phone.call("13900139999")
        await call.wait_ended(5)
        assert city.received[0].number == "13900139999"
        assert city.received[0].status == 404


async def test_a_subscriber_who_does_not_pick_up(exchange: Exchange) -> None:
    async with city_of(exchange) as city, exchange.phone("101") as phone:
        city.subscriber("13900139000", never_answer)
        call = phone.call("13900139000")
        await call.wait_ringing(5)
        await call.hangup()
        await city.received[0].wait_ended(5)


async def test_a_person_answers_and_speaks(exchange: Exchange) -> None:
    sound = exchange.sounds["first"]
    async with city_of(exchange) as city, exchange.phone("101") as phone:
        city.subscriber("13900139000", answer(0.2, say(sound)))
        call = phone.call("13900139000")
        await call.wait_answered(5)
        await call.pause(2.2)
        found = find(sound, call.recording())
        assert found.present
        assert found.offset_s == pytest.approx(0.3, abs=0.1)


async def test_a_machine_greets_and_beeps(exchange: Exchange) -> None:
    greeting = exchange.sounds["first"]
    async with city_of(exchange) as city, exchange.phone("101") as phone:
        city.subscriber("13900139000", machine(greeting, after_s=0.1))
        call = phone.call("13900139000")
        await call.wait_answered(5)
        await call.pause(3)
        beep = tones(call.recording())[-1]
        assert beep.frequency == pytest.approx(1000, abs=10)
        assert find(greeting, call.recording()).present
        assert beep.start_s > find(greeting, call.recording()).offset_s + 1.5


async def test_the_network_announces_before_it_refuses(exchange: Exchange) -> None:
    async with city_of(exchange) as city, exchange.phone("101") as phone:
        city.subscriber("13900139000", announcement(exchange.sounds["second"], 480))
        call = phone.call("13900139000")
        await call.wait_ended(8)
        assert find(exchange.sounds["second"], call.early_media()).present


async def test_many_calls_at_once(exchange: Exchange) -> None:
    async with city_of(exchange) as city, exchange.phone("102", behaviour=answer()) as desk:
        await desk.register()
        calls = [city.call(f"138001380{n:02}", "88880102", exchange.server) for n in range(20)]
        await asyncio.gather(*(call.wait_answered(10) for call in calls))
        await calls[0].pause(1)
        for call in calls:
            assert call.recording().size > 0
        await asyncio.gather(*(call.hangup() for call in calls))
        assert city.calls == []
