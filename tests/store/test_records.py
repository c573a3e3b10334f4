"""What a clerk writes of a call is never lost, whenever it is written."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ivr.errors import UserError
from ivr.store.calls import NOTE_MOST, CallFilter, CallRow, Calls, HoldRow, Record
from ivr.store.database import Database

Make = Callable[..., CallRow]


async def put(db: Database, *rows: CallRow) -> None:
    async with db.write() as writer:
        for each in rows:
            await Calls(db, "main").put(writer, each)


async def test_a_record_of_an_open_call_waits_for_its_row_over_a_restart(
    tmp_path: Path, row: Make
) -> None:
    async with await Database.open(tmp_path / "a.db") as db:
        calls = Calls(db, "main")
        assert not await calls.set_record("1.1", intent="报修", note="漏水", by="小李", at=1.0)
        assert not await calls.set_record("1.1", intent=" 投诉 ", note="噪音", by="小王", at=2.0)
        assert await calls.kept_record("1.1") == Record(
            intent="投诉", note="噪音", by="小王", at=2.0
        )
    async with await Database.open(tmp_path / "a.db") as db:
        calls = Calls(db, "main")
        await put(db, row("1.1"), row("1.2"))
        found = await calls.get("1.1")
        assert (found.intent, found.note, found.record_by, found.record_at) == (
            "投诉", "噪音", "小王", 2.0,
        )  # fmt: skip
        assert await calls.kept_record("1.1") is None
        assert (await calls.get("1.2")).intent == ""
        assert [each.call_id for each in (await calls.find(CallFilter(text="噪音"))).rows] == [
            "1.1"
        ]


async def test_a_record_of_a_row_is_written_at_once_and_outlives_a_repair(
    db: Database, row: Make
) -> None:
    calls = Calls(db, "main")
    one = row(repaired=True)
    await put(db, one)
    assert await calls.set_record(one.id, intent="咨询", note="", by="小李", at=1.0)
    await put(db, row())
    assert (await calls.get(one.id)).intent == "咨询"


async def test_a_record_that_is_too_long_is_refused(db: Database) -> None:
    with pytest.raises(UserError, match="请缩短"):
        await Calls(db, "main").set_record(
            "1", intent="", note="长" * (NOTE_MOST + 1), by="", at=1.0
        )


async def test_a_purged_recording_is_named_no_longer_and_does_not_come_back(
    db: Database, row: Make
) -> None:
    calls = Calls(db, "main")
    taped = {"recording": "recordings/1.wav", "recording_state": "unchecked"}
    await put(db, row("1", **taped), row("2", recording="recordings/2.wav", recording_state="ok"))
    await calls.purged(["recordings/1.wav", "recordings/of nobody.wav"])
    await put(db, row("1", **taped))
    found = {each.call_id: each for each in (await calls.find(CallFilter())).rows}
    assert (found["1"].recording, found["1"].recording_state) == ("", "purged")
    assert (found["2"].recording, found["2"].recording_state) == ("recordings/2.wav", "ok")


async def test_holds_come_back_as_they_were(db: Database, row: Make) -> None:
    held = (HoldRow(begin_at=1.0, end_at=3.0), HoldRow(begin_at=5.0, end_at=None))
    await put(db, row(holds=held))
    await put(db, row(holds=held))
    assert (await Calls(db, "main").get("1795312800.1")).holds == held


async def test_people_of_numbers(db: Database) -> None:
    assert await Calls(db, "main").people(["13800138000", ""]) == {}
