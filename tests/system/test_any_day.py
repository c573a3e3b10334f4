"""Whatever people do, every call is one row and nothing stays open.

People act at random, from a seed that a failure names; with the environment's
IVR_TEST_SEED a day is lived again.
"""

import asyncio
import contextlib
import os
import random
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from ivr.demo.call import Call, CallEnded
from ivr.demo.house import House
from ivr.demo.session import Refused
from ivr.settings import Rings, Settings, Transfers, Waiting
from tests.system.conftest import nothing_failed, nothing_is_left_open
from tests.system.office import Desk, Story, open_office

pytestmark = [pytest.mark.pbx, pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

CALLS = 20
LASTS_S = 8.0  # calls begin in this time
SETTINGS = Settings(
    rings=Rings(ring_cadence_s=0.8),
    transfers=Transfers(max_hops=2),
    waiting=Waiting(apology_every_s=5, end_after_s=0),
)


async def _nothing(_: Desk) -> None:
    """The lines' phones do what `at_a_desk` says."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[tuple[House, list[Desk]]]:
    folder = tmp_path_factory.mktemp("day")
    lines = [Story(_nothing, primary=(0, 1), backup=(2,)) for _ in range(3)]
    async with open_office(lines, folder, SETTINGS) as opened:
        yield opened
    nothing_failed(folder / "ivr.log")


async def at_a_desk(call: Call, chance: random.Random, others: list[str]) -> None:
    """Somebody's phone rings: they do one thing or another."""
    call.ring()
    await call.pause(chance.choice([0.0, 0.2, 1.0, 2.0, 3.0]))
    if chance.random() < 0.25:
        if chance.random() < 0.5:
            call.reject(chance.choice([486, 603, 480]))
        return  # it rings on
    call.answer()
    await call.wait_answered(2)
    for _ in range(chance.randrange(3)):
        await call.pause(chance.uniform(0.1, 1.0))
        match chance.choice(["hold", "refer", "keys", "bye", "blonde"]):
            case "hold":
                await call.hold()
                await call.pause(chance.uniform(0.1, 1.0))
                await call.unhold()
            case "refer":
                await call.refer(chance.choice(others), timeout_s=1)
            case "keys":
                await call.send_dtmf(chance.choice(["##", "*2"]) + chance.choice(others))
            case "blonde":
                await call.hold()
                consult = call.agent.call(chance.choice(others))  # type: ignore[attr-defined]
                await call.pause(chance.uniform(0.1, 1.5))
                await call.refer_attended(consult, timeout_s=1)
            case "bye":
                await call.hangup()
    await call.ended.wait()


async def an_owner(desk: Desk, number: str, chance: random.Random) -> None:
    await asyncio.sleep(chance.uniform(0, LASTS_S))
    call = desk.house.city.call(number, desk.did, desk.house.server)
    with contextlib.suppress(CallEnded):
        await call.pause(chance.choice([0.05, 0.5, 1.7, 2.4, 3.0, 5.0, 7.0]))
        if chance.random() < 0.2 and call.answered.is_set():
            await call.send_dtmf("1")
        await call.hangup()


@pytest.mark.parametrize("day", range(2))
async def test_every_call_is_one_row(office: tuple[House, list[Desk]], day: int) -> None:
    house, desks = office
    seed = int(os.environ.get("IVR_TEST_SEED", random.SystemRandom().randrange(10**6)))
    chance = random.Random(f"{seed} {day}")
    everybody = [ext for desk in desks for ext in desk.ext]
    for ext in everybody:

        async def behave(call: Call) -> None:
            with contextlib.suppress(CallEnded, Refused, TimeoutError):
                await at_a_desk(call, chance, everybody)

        house.phones[ext].behaviour = behave
    numbers = [f"137{day:04}{n:04}" for n in range(CALLS)]
    await asyncio.gather(*(an_owner(chance.choice(desks), number, chance) for number in numbers))
    for ext in everybody:
        for call in house.phones[ext].calls:
            house.phones[ext].spawn(call.hangup())
    await nothing_is_left_open(house)
    async with asyncio.timeout(10):
        while True:
            found = (await house.get("/api/v1/calls", number=f"137{day:04}", limit=1000))["calls"]
            inbound = [row for row in found if row["direction"] == "inbound"]
            if {row["caller"] for row in inbound} == set(numbers):
                break
            await asyncio.sleep(0.1)
    why = f"IVR_TEST_SEED={seed}, day {day}"
    assert len(inbound) == CALLS, why
    for row in inbound:
        assert row["disposition"] in {
            "answered", "abandoned", "system_abandoned", "busy", "no_answer",
        }, (why, row)  # fmt: skip
        assert (row["disposition"] == "answered") == bool(row["answered_ext"]), (why, row)
        assert not row["repaired"], (why, row)
        assert all(leg["outcome"] for leg in row["legs"]), (why, row)
        assert all(turn["outcome"] for turn in row["transfers"]), (why, row)
