from pathlib import Path

from ivr.desk.intake import Draft
from ivr.desk.request import Entry, Request, RequestKind, Severity
from ivr.desk.request_clock import RequestClock
from ivr.desk.requests import Requests
from ivr.settings import Settings
from ivr.store.database import Database

NOW = 1_795_312_800.0
MIN = 60.0


class Office:
    """A service that may be stopped and started again."""

    def __init__(self, db: Database, settings: Settings) -> None:
        self.at = NOW
        self.told: list[tuple[str, str]] = []
        self.requests = Requests(db, settings)
        self.requests.on_change.append(self._hear)
        self._clock = RequestClock(db, self.requests, now=lambda: self.at)

    def _hear(self, request: Request, entry: Entry) -> None:
        if entry.need:
            self.told.append((entry.what, entry.need))

    async def at_minute(self, minute: float) -> list[tuple[str, str]]:
        """What is told then, and was not before."""
        self.at = NOW + minute * MIN
        self.told.clear()
        await self._clock.look()
        await self.requests.tell()
        return list(self.told)

    async def begin(self) -> None:
        await self._clock.refresh()


URGENT = Draft(kind=RequestKind.REPAIR, title="爆管", severity=Severity.URGENT)


async def test_each_warning_and_breach_once(db: Database, settings: Settings) -> None:
    office = Office(db, settings)
    taken = await office.requests.create(URGENT, by="小李", now=NOW)
    assert await office.at_minute(20) == []
    assert await office.at_minute(21) == [("warning", "on_site")]
    assert await office.at_minute(22) == []
    again = Office(db, settings)  # the service was started anew
    await again.begin()
    assert await again.at_minute(23) == []
    assert await again.at_minute(30) == [("breach", "on_site")]
    assert await again.at_minute(31) == []
    await again.requests.on_site(taken.id, by="王师傅", now=NOW + 32 * MIN)
    assert await again.at_minute(168) == [("warning", "answered")]
    await again.requests.answer(taken.id, by="小李", now=NOW + 170 * MIN, text="正在抢修")
    assert await again.at_minute(10_000) == []
    last = (await again.requests.history(taken.id))[2]
    assert last.text == "到场，应在 11-22 10:30 前"


async def test_after_a_long_stop_only_the_breach(db: Database, settings: Settings) -> None:
    office = Office(db, settings)
    await office.requests.create(URGENT, by="小李", now=NOW)
    assert await office.at_minute(300) == [("breach", "on_site"), ("breach", "answered")]
    assert await office.at_minute(301) == []


async def test_a_reopened_request_is_told_of_again(db: Database, settings: Settings) -> None:
    office = Office(db, settings)
    taken = await office.requests.create(URGENT, by="小李", now=NOW)
    assert ("breach", "on_site") in await office.at_minute(31)
    await office.requests.resolve(taken.id, by="王师傅", now=office.at)
    assert await office.at_minute(90) == []
    await office.requests.reopen(taken.id, by="", now=office.at, text="还在漏")
    assert await office.at_minute(112) == [("warning", "on_site")]


async def test_limits_follow_the_settings(tmp_path: Path, settings: Settings) -> None:
    async with await Database.open(tmp_path / "ivr.db") as db:
        await Office(db, settings).requests.create(URGENT, by="小李", now=NOW)
        hasty = settings.requests.model_copy(update={"urgent_on_site_min": 10.0})
        office = Office(db, settings.model_copy(update={"requests": hasty}))
        await office.begin()
        assert await office.at_minute(8) == [("warning", "on_site")]


async def test_it_runs_by_itself(db: Database, settings: Settings) -> None:
    office = Office(db, settings)
    taken = await office.requests.create(URGENT, by="小李", now=NOW)
    office.at = NOW + 30 * MIN
    clock = RequestClock(db, office.requests, now=lambda: office.at)
    await clock.start()
    try:
        while not office.told:
            await office.requests.tell()
    finally:
        await clock.close()
    assert office.told == [("breach", "on_site")]
    same = await office.requests.get(taken.id)
    assert same.version == taken.version  # nobody's edit is refused because of it
