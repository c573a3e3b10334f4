"""The alarm of an emergency: whom it rings and what it says; and on the real Asterisk."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytest_asyncio

from ivr.demo.behaviours import reject
from ivr.demo.call import Call
from ivr.demo.house import House, open_house
from ivr.demo.sound import RATE, write_wav
from ivr.desk.intake import Draft
from ivr.desk.request import Entry, Request, RequestKind, Severity, What
from ivr.desk.requests import Requests
from ivr.outbound.alarm import BEGUN, CONFIRMED, targets
from ivr.outbound.announcer import message
from ivr.settings import Department, Dialer, Paths, Phone, Settings, Trunk
from ivr.settings import Requests as Rules
from ivr.store.database import FILE_NAME, Database

MANAGER, PLUMBER = "13900000001", "13900000002"
PROMPTS = [
    f"{kind}-{part}"
    for kind in ("alarm", "reminder")
    for part in ("begin", "look", "confirm", "confirmed")
]


def office(prompts: Path) -> Settings:
    return Settings(
        phones=[
            Phone(ext="101", device="PJSIP/101", name="前台"),
            Phone(ext="201", device="PJSIP/201", name="工程部值班", department="工程部"),
        ],
        trunks=[Trunk(device="PJSIP/city", lines=1)],  # an emergency does not wait for a line
        departments=[Department(name="工程部", mobile=PLUMBER), Department(name="保洁部")],
        requests=Rules(alarm_phones=["101", MANAGER], alarm_rounds=3, alarm_pause_s=0.2),
        dialer=Dialer(window="00:00-24:00", ring_s=20, keep_free=0),
        paths=Paths(prompts=prompts),
    )


LIFT = Draft(
    kind=RequestKind.HELP, severity=Severity.EMERGENCY, title="三号电梯困人", home="3-1-1201"
)


def test_everybody_is_rung_once(tmp_path: Path) -> None:
    settings = office(tmp_path)
    assert targets(settings, []) == ["101", MANAGER, "201", PLUMBER]
    assert targets(settings, ["102", "201", PLUMBER]) == ["101", MANAGER, "102", "201", PLUMBER]


@pytest.mark.parametrize(
    ("home", "language", "said"),
    [
        ("3-1-1201", "zh-CN", "三号电梯困人。地点：3栋1单元1201室。"),
        ("5-301", "zh-CN", "三号电梯困人。地点：5栋301室。"),
        ("", "zh-CN", "三号电梯困人。"),
        ("5-301", "en", "三号电梯困人. Place: 5-301."),
    ],
)
def test_what_it_says(home: str, language: str, said: str) -> None:
    values: dict[str, Any] = dict.fromkeys(Request.__dataclass_fields__)
    assert message(Request(**values | {"title": "三号电梯困人", "home": home}), language) == said


# --- on the real Asterisk ----------------------------------------------------


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    folder = tmp_path_factory.mktemp("house")
    prompts = folder / "prompts"
    (prompts / "zh-CN").mkdir(parents=True)
    for seed, name in enumerate(PROMPTS):
        sound = np.random.default_rng(seed).normal(0, 2500, RATE // 2).astype(np.int16)
        write_wav(prompts / "zh-CN" / f"{name}.wav", sound)
    async with open_house(office(prompts), folder, phones=["101", "201"]) as opened:
        yield opened


class Rung:
    """The telephones of the office: each call that reaches one, and when."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.calls: dict[str, list[Call]] = {number: [] for number in ("101", "201", MANAGER)}
        self._news = asyncio.Event()

    def __enter__(self) -> "Rung":
        for ext in ("101", "201"):
            self.house.phones[ext].behaviour = self._behave(ext)
        self.house.city.subscriber(MANAGER, self._behave(MANAGER))
        self.house.city.subscriber(PLUMBER, reject(486))
        return self

    def __exit__(self, *_: object) -> None:
        for ext in ("101", "201"):
            self.house.phones[ext].behaviour = None

    def _behave(self, number: str) -> Callable[[Call], Awaitable[None]]:
        async def ring(call: Call) -> None:
            self.calls[number].append(call)
            call.ring()
            self._news.set()
            await call.ended.wait()

        return ring

    async def wait(self) -> None:
        """Until another call comes."""
        self._news.clear()
        await self._news.wait()

    async def all_ring(self, times: int = 1, timeout_s: float = 15.0) -> list[Call]:
        """Until each of them has rung so often; the last call of each."""
        async with asyncio.timeout(timeout_s):
            while not all(len(calls) >= times for calls in self.calls.values()):
                await self.wait()
        return [calls[-1] for calls in self.calls.values()]


@asynccontextmanager
async def book(house: House) -> AsyncIterator[Requests]:
    """The requests, as the command line opens them beside the service."""
    async with await Database.open(house.settings.paths.data / FILE_NAME) as db:
        yield Requests(db, house.settings)


async def written(requests: Requests, request: Request, need: str) -> list[Entry]:
    """The entries of the alarm, once there is one of `need`."""
    async with asyncio.timeout(10):
        while True:
            entries = [e for e in await requests.history(request.id) if e.what is What.ALARM]
            if any(entry.need == need for entry in entries):
                return entries
            await asyncio.sleep(0.05)


async def confirm(call: Call) -> float:
    """Lift, hear the beginning, press 1; when that was."""
    call.answer()
    await call.wait_audio(5)
    await call.send_dtmf("1")
    return time.monotonic()


async def ended_soon(calls: list[Call], pressed_at: float) -> None:
    for call in calls:
        await call.wait_ended(5)
        assert call.ended_at is not None
        assert call.ended_at - pressed_at < 2.0


@pytest.mark.pbx
@pytest.mark.asyncio(loop_scope="module")
async def test_all_ring_at_once_until_one_confirms(house: House) -> None:
    with Rung(house) as rung:
        async with book(house) as requests:
            request = await requests.create(LIFT, by="小李", now=time.time())
            first, second, manager = calls = await rung.all_ring()
            began = [call.when("INVITE in") or call.history[0][0] for call in calls]
            assert max(began) - min(began) < 1.0
            pressed_at = await confirm(second)
            answered_at, talking_at = second.answered_at, pressed_at
            await ended_soon([first, manager], pressed_at)
            await second.wait_ended(5)
            begun, confirmed = await written(requests, request, CONFIRMED)
    assert begun.text == "第 1 轮，同时呼叫 101 前台、139****0001、139****0002、201 工程部值班"
    assert confirmed.text.startswith("201 工程部值班 按键确认，呼叫后 ")
    assert answered_at is not None
    assert talking_at - answered_at < 1.5  # no time is lost listening for a machine
    assert [len(calls) for calls in rung.calls.values()] == [1, 1, 1]


@pytest.mark.pbx
@pytest.mark.asyncio(loop_scope="module")
async def test_nobody_confirms_and_all_are_rung_again(house: House) -> None:
    with Rung(house) as rung:
        async with book(house) as requests:
            request = await requests.create(LIFT, by="小李", now=time.time())
            for call in await rung.all_ring():
                call.reject(486)
            first, _, manager = await rung.all_ring(times=2)
            pressed_at = await confirm(manager)
            await ended_soon([first], pressed_at)
            entries = await written(requests, request, CONFIRMED)
            assert [entry.need for entry in entries] == [BEGUN, BEGUN, CONFIRMED]
            await manager.wait_ended(5)


@pytest.mark.pbx
@pytest.mark.asyncio(loop_scope="module")
async def test_it_stops_when_somebody_is_there(house: House) -> None:
    with Rung(house) as rung:
        async with book(house) as requests:
            request = await requests.create(LIFT, by="小李", now=time.time())
            calls = await rung.all_ring()
            await requests.on_site(request.id, by="王师傅", now=time.time())
            await ended_soon(calls, time.monotonic() + 1.5)  # the service looks every second


@pytest.mark.pbx
@pytest.mark.asyncio(loop_scope="module")
async def test_it_goes_on_after_a_crash(house: House) -> None:
    """Phones that ring on can be answered; nobody is rung twice at once."""
    with Rung(house) as rung:
        async with book(house) as requests:
            request = await requests.create(LIFT, by="小李", now=time.time())
            first, second, manager = await rung.all_ring()
            await written(requests, request, BEGUN)
            await house.stop_service(kill=True)
            await house.start_service()
            pressed_at = await confirm(second)
            await ended_soon([first, manager], pressed_at)
            await written(requests, request, CONFIRMED)
        assert [len(calls) for calls in rung.calls.values()] == [1, 1, 1]


@pytest.mark.pbx
@pytest.mark.asyncio(loop_scope="module")
async def test_a_breach_rings_the_department(house: House) -> None:
    leak = Draft(
        kind=RequestKind.REPAIR, severity=Severity.URGENT, title="水管爆裂", department="工程部"
    )
    with Rung(house) as rung:
        async with book(house) as requests:
            request = await requests.create(leak, by="小李", now=time.time() - 1801)
            async with asyncio.timeout(15):
                while not rung.calls["201"]:
                    await rung.wait()
            call = rung.calls["201"][0]
            await confirm(call)
            await call.wait_ended(5)
            assert not rung.calls["101"]
            assert not rung.calls[MANAGER]
            breach = (await requests.history(request.id))[-1]
            assert (breach.what, breach.need) == (What.BREACH, "on_site")
