"""The log on a real database: queue, spool, replay, worklists, recordings."""

import asyncio
import wave
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import structlog

from ivr.calls.facts import CallEnded, CallStarted, Marked
from ivr.calls.log import CallLog
from ivr.calls.model import Call, Direction, Disposition
from ivr.settings import Ladder, Line, Paths, Phone, Settings
from ivr.store.calls import CallFilter, CallRow, Calls
from ivr.store.database import Database
from ivr.store.worklist import Entry, Kind, Worklist

T = 1_795_312_800.0
SPOOL = "calls.spool.jsonl"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        paths=Paths(data=tmp_path),
        phones=[Phone(ext="101", device="PJSIP/101")],
        lines=[Line(name="hotline", did=["12345"], ladders=[Ladder(primary=["101"])])],
    )


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    async with await Database.open(tmp_path / "ivr.db", busy_s=0.05) as opened:
        yield opened


def ended(number: int, **changes: Any) -> CallEnded:
    start = changes.pop("start_at", T + number)
    values: dict[str, Any] = {
        "call_id": f"{int(T)}.{number}",
        "caller": "13800138000",
        "caller_name": "",
        "called": "12345",
        "caller_channel": "PJSIP/trunk-1",
        "caller_uniqueid": "1",
        "direction": Direction.INBOUND,
        "start_at": start,
        "ring_at": start,
        "answer_at": start + 5,
        "end_at": start + 65,
        "answered_ext": "101",
        "disposition": Disposition.ANSWERED,
        **changes,
    }
    return CallEnded(values["end_at"], Call(**values))


ABANDONED: dict[str, Any] = {
    "answer_at": None,
    "answered_ext": None,
    "disposition": Disposition.ABANDONED,
}


@asynccontextmanager
async def running(db: Database, settings: Settings, **options: Any) -> AsyncIterator[CallLog]:
    log = CallLog(db, settings, now=lambda: T + 100, **options)
    await log.start()
    try:
        yield log
    finally:
        await log.close()


async def rows(db: Database) -> list[CallRow]:
    return list(reversed((await Calls(db, "main").find(CallFilter())).rows))


async def todo(db: Database) -> list[Entry]:
    return await Worklist(db, "main").entries(done=True)


async def until(true: Callable[[], bool | Awaitable[bool]]) -> None:
    """Wait for what the log tells nobody: the state of its files and tables."""
    async with asyncio.timeout(10):
        while not (found if isinstance(found := true(), bool) else await found):  # noqa: ASYNC110
            await asyncio.sleep(0.005)


@asynccontextmanager
async def full_disk(db: Database) -> AsyncIterator[None]:
    """The database may not grow: SQLite answers as on a full disk."""

    async def limit(pages: int) -> None:
        async with db.write() as writer:
            await writer.execute(f"PRAGMA max_page_count = {pages}")

    await limit(1)  # SQLite takes what the file has now as the least
    yield
    await limit(1_000_000)


LONG = "长" * 128  # names of 384 bytes fill a page soon


async def test_every_call_that_ended_has_one_row_in_order(db: Database, settings: Settings) -> None:
    async with running(db, settings) as log:
        for number in range(250):
            log.on_fact(CallStarted(T, ended(number).call))
            log.on_fact(ended(number))
        log.on_fact(ended(7))  # told twice
    found = await rows(db)
    assert [row.call_id for row in found] == [f"{int(T)}.{number}" for number in range(250)]
    assert log.problem is None
    assert not (db.path.parent / SPOOL).exists()


async def test_a_row_is_what_the_call_was_when_it_ended(db: Database, settings: Settings) -> None:
    async with running(db, settings) as log:
        fact = ended(1)
        log.on_fact(fact)
        fact.call.caller = "changed later"
    assert [row.caller for row in await rows(db)] == ["13800138000"]


async def test_on_a_full_disk_calls_wait_in_the_spool_and_come_back(
    db: Database, settings: Settings
) -> None:
    with structlog.testing.capture_logs() as logged:
        async with running(db, settings, retry_s=0.02) as log:
            async with full_disk(db):
                for number in range(200):
                    log.on_fact(ended(number, caller_name=LONG))
                    if number % 50 == 0:
                        await asyncio.sleep(0)
                await until(lambda: log.problem is not None)
                await until(lambda: (db.path.parent / SPOOL).exists())
                assert "full" in (log.problem or "")
            await until(lambda: log.problem is None)
    found = await rows(db)
    assert [row.call_id for row in found] == [f"{int(T)}.{number}" for number in range(200)]
    assert not (db.path.parent / SPOOL).exists()
    warnings = [entry["event"] for entry in logged if entry["log_level"] == "warning"]
    assert warnings == ["call log cannot be written; calls go on"]


async def test_a_locked_database_is_waited_for_in_the_spool(
    db: Database, settings: Settings, tmp_path: Path
) -> None:
    async with running(db, settings, retry_s=0.02) as log:
        async with await Database.open(tmp_path / "ivr.db") as other, other.write():
            log.on_fact(ended(1))
            await until(lambda: (tmp_path / SPOOL).exists())
            assert "locked" in (log.problem or "")
            log.on_fact(ended(2))
        await until(lambda: log.problem is None)
    assert len(await rows(db)) == 2


async def test_the_spool_outlives_the_process(
    db: Database, settings: Settings, tmp_path: Path
) -> None:
    async with (
        await Database.open(tmp_path / "ivr.db") as other,
        other.write(),
        running(db, settings) as log,
    ):
        log.on_fact(ended(1))
        log.on_fact(ended(2, **ABANDONED))
    assert await rows(db) == []
    with (tmp_path / SPOOL).open("a") as spool:
        spool.write('{"row": {"id": "cut by a cra')
    async with running(db, settings):
        pass
    assert [row.call_id for row in await rows(db)] == [f"{int(T)}.1", f"{int(T)}.2"]
    assert len(await todo(db)) == 1
    assert not (tmp_path / SPOOL).exists()
    assert "cut by a cra" in (tmp_path / "calls.spool.rejected.jsonl").read_text()


async def test_with_neither_database_nor_spool_calls_wait_in_memory(
    db: Database, settings: Settings, tmp_path: Path
) -> None:
    async with await Database.open(tmp_path / "ivr.db") as other:
        (tmp_path / SPOOL).mkdir()  # nothing can be appended to a folder
        async with running(db, settings, retry_s=0.02) as log:
            async with other.write():
                log.on_fact(ended(1))
                await until(lambda: log.problem is not None)
                log.on_fact(ended(2))
            (tmp_path / SPOOL).rmdir()
            await until(lambda: log.problem is None)
    assert len(await rows(db)) == 2


async def test_one_bad_record_does_not_stop_the_others(
    db: Database, settings: Settings, tmp_path: Path
) -> None:
    async with running(db, settings) as log:
        log.on_fact(ended(1))
        log.on_fact(ended(2, cause=2**70))  # more than a database's integer holds
        log.on_fact(ended(3))
    assert [row.call_id for row in await rows(db)] == [f"{int(T)}.1", f"{int(T)}.3"]
    assert f"{int(T)}.2" in (tmp_path / "calls.spool.rejected.jsonl").read_text()


async def test_hostile_names_are_logged_as_plain_text(db: Database, settings: Settings) -> None:
    async with running(db, settings) as log:
        log.on_fact(ended(1, caller_name="a\r\nb\x00\udcff" + "x" * 1_000_000))
    (row,) = await rows(db)
    assert row.caller_name.startswith("a b ?xxx")
    assert len(row.caller_name) == 128


async def test_an_abandoned_call_is_listed_until_the_caller_is_answered(
    db: Database, settings: Settings
) -> None:
    async with running(db, settings) as log:
        log.on_fact(ended(1, **ABANDONED))
        log.on_fact(ended(2, **ABANDONED, caller="02088889999"))
        log.on_fact(ended(100))
    answered = (await rows(db))[-1]
    assert [(one.number, one.closed_by) for one in await todo(db)] == [
        ("13800138000", answered.id),
        ("02088889999", None),
    ]


async def test_pressing_1_asks_for_a_call_back(db: Database, settings: Settings) -> None:
    async with running(db, settings) as log:
        call = ended(1, **ABANDONED).call
        log.on_fact(Marked(T + 30, call, "IvrCallback", {"Number": "13900001111"}))
        log.on_fact(Marked(T + 31, call, "SomethingElse", {"Number": "1"}))
        log.on_fact(ended(1, **ABANDONED))
        log.on_fact(Marked(T + 32, ended(2).call, "IvrCallback", {}))
        log.on_fact(Marked(None, None, "IvrCallback", {"number": "075512345678"}))
    assert [(one.kind, one.number, one.created_at) for one in await todo(db)] == [
        (Kind.CALLBACK, "13900001111", T + 30),
        (Kind.CALLBACK, "13800138000", T + 32),
        (Kind.CALLBACK, "075512345678", T + 100),
    ]


async def test_a_complete_row_takes_back_what_a_repaired_one_listed(
    db: Database, settings: Settings
) -> None:
    async with running(db, settings) as log:
        log.on_fact(ended(1, **ABANDONED, repaired=True))
        log.on_fact(ended(1))
        log.on_fact(ended(1, **ABANDONED, repaired=True))
    assert [(row.disposition, row.repaired) for row in await rows(db)] == [("answered", False)]
    assert await todo(db) == []


async def test_recordings_are_looked_at_after_the_call(
    db: Database, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "recordings").mkdir()

    def tape(number: int, seconds: int) -> None:
        with wave.open(str(tmp_path / f"recordings/{int(T)}.{number}.wav"), "wb") as audio:
            audio.setparams((1, 2, 8000, 0, "NONE", ""))
            audio.writeframes(bytes(16000 * seconds))

    async def all_checked() -> bool:
        states = [row.recording_state for row in await rows(db)]
        return len(states) == 4 and "unchecked" not in states

    tape(1, 60)
    tape(2, 20)
    async with running(db, settings, look_every_s=0.01) as log:
        for number in (1, 2, 3):
            log.on_fact(ended(number, recording=True))
        log.on_fact(ended(4))
        await until(all_checked)
    assert [row.recording_state for row in await rows(db)] == ["ok", "short", "missing", "none"]
