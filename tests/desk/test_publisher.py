"""The ladders are written when they must be, and only then."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from structlog.testing import capture_logs
from switching import Asked

from ivr.desk import publisher as publishing
from ivr.desk.publisher import Publisher
from ivr.desk.roster import Named, Roster
from ivr.ids import uuid7
from ivr.pbx.session import ConnectionLost
from ivr.settings import Settings, Trunk
from ivr.store.database import Database
from ivr.store.roster import RosterRow

TRUNKS = {"trunks": [Trunk(device="PJSIP/city")]}
NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
AT = NOW.timestamp()
OF_EVERY_LINE = ("publish_ladder", "publish_ladder")


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update=TRUNKS)


@pytest.fixture
def asked() -> Asked:
    return Asked()


@pytest.fixture
async def publisher(
    settings: Settings, db: Database, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Publisher]:
    monkeypatch.setattr(publishing, "LOOK_EVERY_S", 0.01)
    one = Publisher(settings, Roster(db, settings), asked.switch, now=lambda: NOW)
    await one.start()
    yield one
    await one.close()


def rows(asked: Asked, line: str) -> list[str]:
    """What was written for `line` last."""
    return list([row[2] for row in asked.log if row[1] == line][-1])


async def test_once_connected_every_line_is_written(publisher: Publisher, asked: Asked) -> None:
    await asked.until(*OF_EVERY_LINE)
    (week,) = rows(asked, "works")
    assert week.split("|")[1:] == ["PJSIP/201", "PJSIP/201", ""]
    async with asyncio.timeout(1):
        await publisher.published.wait()
    publisher.connected()
    assert not publisher.published.is_set()
    await asked.until(*OF_EVERY_LINE * 2)


async def test_a_change_of_the_roster_is_written(
    publisher: Publisher, asked: Asked, settings: Settings, db: Database
) -> None:
    await asked.until(*OF_EVERY_LINE)
    roster = Roster(db, settings)
    relief = RosterRow(
        id=uuid7(AT), line="works", from_at=AT - 60, to_at=AT + 3600, primary=("202",)
    )
    await roster.put(await roster.plan([Named("row 1", relief)]))
    await asked.until(*OF_EVERY_LINE * 2)
    first, second = rows(asked, "works")
    assert first == f"{AT + 3600:.0f}|PJSIP/202|PJSIP/202|"
    assert second.split("|")[1] == "PJSIP/201"
    ladders = [publisher.ladder("works", AT + after) for after in (0.0, 3601.0)]
    assert [ladder and ladder.primary for ladder in ladders] == [["202"], ["201"]]
    assert publisher.ladder("works", AT + 30 * 86400) is None
    assert publisher.ladder("no such line", AT) is None


async def test_a_lost_link_waits_for_the_next(publisher: Publisher, asked: Asked) -> None:
    await asked.until(*OF_EVERY_LINE)
    asked.fails["publish_ladder"] = ConnectionLost("gone")
    publisher.connected()
    await asked.until(*OF_EVERY_LINE, "publish_ladder")
    assert not publisher.published.is_set()
    asked.fails.clear()
    publisher.connected()
    async with asyncio.timeout(2):
        await publisher.published.wait()


async def test_what_cannot_be_written_is_said_once(
    settings: Settings, db: Database, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hotline's duty mobile cannot be rung without a trunk."""
    monkeypatch.setattr(publishing, "LOOK_EVERY_S", 0.001)
    looks, enough = 0, asyncio.Event()
    roster = Roster(db, settings)
    version = roster.version

    async def counted() -> int:
        nonlocal looks
        looks += 1
        if looks == 5:
            enough.set()
        return await version()

    monkeypatch.setattr(roster, "version", counted)
    without = settings.model_copy(update={"trunks": []})
    one = Publisher(without, roster, asked.switch, now=lambda: NOW)
    with capture_logs() as logs:
        await one.start()
        async with asyncio.timeout(5):
            await enough.wait()
        await one.close()
    assert [each["log_level"] for each in logs] == ["error"]
    assert "13800138000 cannot be rung" in logs[0]["event"]
