"""Sums of a small log, checked by counting on one's fingers."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from ivr.store.calls import CallRow, Calls, LegRow
from ivr.store.database import Database
from ivr.store.reports import AGAIN_S, Breach, FirstContact, Reports, Slot
from ivr.store.worklist import Entry, Kind, Worklist

Make = Callable[..., CallRow]
TEN = 1_795_312_800.0

LATE: dict[str, Any] = {"breach": True, "ring_s": 20.0}
LOST: dict[str, Any] = {
    "disposition": "abandoned",
    "answer_at": None,
    "answered_ext": "",
    "talk_s": 0.0,
}


def leg(ext: str, rings: int = 3, outcome: str = "no_answer", breach: bool = True) -> LegRow:
    return LegRow(
        ext=ext, channel=f"PJSIP/{ext}-1", dial_at=None, ring_at=None, answer_at=None, end_at=None,
        rings=rings, ring_s=None, outcome=outcome, breach=breach,
    )  # fmt: skip


async def put(db: Database, *rows: CallRow) -> Reports:
    async with db.write() as writer:
        for each in rows:
            await Calls(db, "main").put(writer, each)
    return Reports(db, "main")


async def test_quarters_of_an_hour(db: Database, row: Make) -> None:
    reports = await put(
        db,
        row("a", start_at=TEN),
        row("b", start_at=TEN + 60, **LATE, system_answer_at=TEN + 75),
        row("c", start_at=TEN + 120, **LOST),
        row("d", start_at=TEN + 180, direction="outbound"),
        row("e", start_at=TEN + 900, line="repair"),
        row("f", start_at=TEN + 1800),
    )
    slots = await reports.slots(TEN, TEN + 1800)
    assert slots == [
        Slot(TEN, 3, 2, 1, 1, 1, 1, 1, pytest.approx(6.2 * 3), 180.0),
        Slot(TEN + 900, 1, 1, 1, 0, 0, 0, 0, 6.2, 60.0),
    ]
    assert [slot.calls for slot in await reports.slots(TEN, TEN + 1800, line="repair")] == [1]
    assert await Reports(db, "other").slots(TEN, TEN + 1800) == []


async def test_staff(db: Database, row: Make) -> None:
    reports = await put(
        db,
        row("a", answered_ext="101", legs=(leg("101", breach=False),)),
        row("b", answered_ext="101", direction="outbound", talk_s=30.0),
        row("c", answered_ext="102", **LATE, legs=(leg("102"), leg("103"))),
        row("d", answered_ext="101", direction="internal"),
    )
    staff = {each.ext: each for each in await reports.staff(TEN - 1, TEN + 1)}
    assert list(staff) == ["101", "102", "103"]
    assert (staff["101"].answered, staff["101"].inbound, staff["101"].in_time) == (2, 1, 1)
    assert (staff["101"].talk_s, staff["101"].wait_s, staff["101"].missed) == (90.0, 6.2, 0)
    assert (staff["102"].in_time, staff["102"].missed) == (0, 1)
    assert (staff["103"].answered, staff["103"].missed) == (0, 1)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"legs": (leg("101", 0, "failed"),)}, "unreachable"),
        ({"legs": (leg("101", 0, "failed"), leg("102", 0, "busy"))}, "busy"),
        ({"legs": (leg("101"),), **LOST}, "unanswered"),
        ({"legs": (leg("101"),), **LOST, "system_answer_at": TEN + 15}, "given_up"),
        ({"legs": (leg("101"),), "system_answer_at": TEN + 15}, "system_first"),
        ({"legs": (leg("101"), leg("102", 0, "busy"))}, "late"),
    ],
)
async def test_why_a_call_was_in_breach(
    db: Database, row: Make, changes: dict[str, Any], reason: str
) -> None:
    one = replace(row("a"), **{"breach": True, **changes})
    reports = await put(db, one, row("b"))
    (found,) = await reports.breaches(TEN - 1, TEN + 1)
    assert isinstance(found, Breach)
    assert (found.id, found.at, found.caller, found.reason) == (one.id, TEN, "13800138000", reason)


async def test_who_called_again_was_not_helped(db: Database, row: Make) -> None:
    reports = await put(
        db,
        row("a", start_at=TEN),
        row("again", start_at=TEN + AGAIN_S - 1, **LOST),
        row("other", start_at=TEN, caller="13911112222"),
        row("later", start_at=TEN + AGAIN_S + 1, caller="13911112222"),
        row("nobody", start_at=TEN, caller=""),
    )
    assert await reports.first_contact(TEN - 1, TEN + 1) == FirstContact(answered=2, resolved=1)
    assert await reports.first_contact(0, 1) == FirstContact(0, 0)


async def test_called_back(db: Database) -> None:
    worklist = Worklist(db, "main")
    entries = [
        Entry(id=f"0000-{n}", kind=Kind.ABANDONED, number="138", number_key="138", line="",
              call_id=f"{n}", created_at=TEN + n) for n in range(3)
    ]  # fmt: skip
    async with db.write() as writer:
        for entry in entries:
            await worklist.put(writer, entry)
    await worklist.done(entries[0], at=TEN + 60, by="小李")
    (found,) = await Reports(db, "main").called_back(TEN, TEN + 2)
    assert (found.kind, found.entries, found.done, found.by_call) == ("abandoned", 2, 1, 0)
    assert found.after_s == 60.0
