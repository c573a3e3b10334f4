from collections.abc import Callable
from typing import Any

import pytest

from ivr.errors import UserError
from ivr.store.calls import CallFilter, CallRow, Calls, LegRow, TransferRow
from ivr.store.database import Database

Make = Callable[..., CallRow]

LEG = LegRow(
    ext="101",
    channel="PJSIP/101-00000001",
    dial_at=1.0,
    ring_at=1.5,
    answer_at=None,
    end_at=7.5,
    rings=2,
    ring_s=6.0,
    outcome="elsewhere",
    breach=True,
)
TRANSFER = TransferRow(
    kind="blind",
    by_ext="101",
    to_ext="201",
    begin_at=20.0,
    end_at=25.0,
    seconds=5.0,
    outcome="answered",
)


async def put(db: Database, *rows: CallRow) -> list[str | None]:
    async with db.write() as writer:
        return [await Calls(db, "main").put(writer, row) for row in rows]


async def test_a_row_comes_back_as_it_was_put(db: Database, row: Make) -> None:
    whole = row(legs=(LEG, LEG), transfers=(TRANSFER,), breach=True)
    await put(db, whole)
    assert await Calls(db, "main").get(whole.id) == whole


async def test_the_same_call_twice_is_one_row_with_its_first_id(db: Database, row: Make) -> None:
    first, again = row(legs=(LEG,)), row(legs=(LEG,))
    assert await put(db, first, again) == [first.id, first.id]
    page = await Calls(db, "main").find(CallFilter())
    assert [(found.id, len(found.legs)) for found in page.rows] == [(first.id, 1)]


@pytest.mark.parametrize(
    ("there", "then", "kept"),
    [
        ({"repaired": True, "talk_s": 1.0}, {"talk_s": 2.0}, 2.0),
        ({"talk_s": 1.0}, {"repaired": True, "talk_s": 2.0}, 1.0),
        ({"repaired": True, "talk_s": 1.0}, {"repaired": True, "talk_s": 2.0}, 2.0),
        ({"talk_s": 1.0}, {"talk_s": 2.0}, 2.0),
    ],
)
async def test_a_repaired_row_never_replaces_a_complete_one(
    db: Database, row: Make, there: dict[str, Any], then: dict[str, Any], kept: float
) -> None:
    await put(db, row(**there))
    await put(db, row(**then))
    found = (await Calls(db, "main").find(CallFilter())).rows
    assert [one.talk_s for one in found] == [kept]


async def test_the_clerks_words_and_the_recordings_state_outlive_a_repair(
    db: Database, row: Make
) -> None:
    calls = Calls(db, "main")
    taped = row(repaired=True, recording="recordings/1.wav", recording_state="unchecked")
    await put(db, taped)
    await calls.set_record(taped.id, intent="报修 水管", note="3-1201", by="小李", at=1.0)
    await calls.set_recording_state({taped.id: "ok"})
    await put(db, row(recording="recordings/1.wav", recording_state="unchecked"))
    found = await calls.get(taped.id)
    assert (found.intent, found.note, found.recording_state) == ("报修 水管", "3-1201", "ok")
    assert not found.repaired
    assert await calls.unchecked() == []


async def test_sites_do_not_see_each_other(db: Database, row: Make) -> None:
    await put(db, row())
    assert (await Calls(db, "other").find(CallFilter())).total == 0


FOUR: dict[str, dict[str, Any]] = {
    "early": {"start_at": 1000.0},
    "breach": {"start_at": 2000.0, "breach": True, "disposition": "system_abandoned"},
    "out": {"start_at": 3000.0, "direction": "outbound", "caller": "102", "called": "13900001111"},
    "late": {"start_at": 4000.0, "disposition": "abandoned", "answered_ext": "", "answer_at": None},
}


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, "late out breach early"),
        ({"limit": 2}, "late out"),
        ({"since": 2000.0, "until": 4000.0}, "out breach"),
        ({"number": "8000"}, "late breach early"),
        ({"number": "1390000"}, "out"),
        ({"number": "%"}, "late out breach early"),
        ({"disposition": "answered"}, "out early"),
        ({"disposition": "abandoned"}, "late breach"),
        ({"disposition": "system_abandoned"}, "breach"),
        ({"breach": True}, "breach"),
        ({"breach": False}, "late out early"),
        ({"direction": "outbound"}, "out"),
        ({"staff": "102"}, "out"),
        ({"staff": "301"}, "early"),
        ({"staff": "201"}, "early"),
        ({"staff": "13800138000"}, ""),
        ({"unfilled": True}, "breach early"),
    ],
)
async def test_find(db: Database, row: Make, wanted: dict[str, Any], found: str) -> None:
    for name, changes in FOUR.items():
        extra: dict[str, Any] = {}
        if name == "early":
            extra = {
                "legs": (LegRow(**{**_fields(LEG), "ext": "301"}),),
                "transfers": (TRANSFER,),
            }
        await put(db, row(name, **changes, **extra))
    page = await Calls(db, "main").find(CallFilter(**wanted))
    assert " ".join(one.call_id for one in page.rows) == found
    assert page.total == (4 if "limit" in wanted else len(page.rows))


async def test_a_call_is_named_by_its_id_the_ids_end_or_asterisks_id(
    db: Database, row: Make
) -> None:
    one = row()
    await put(db, one)
    calls = Calls(db, "main")
    for name in (one.id, one.id[-6:], one.call_id):
        assert (await calls.get(name)).id == one.id
    for name in ("nothing", one.id[-3:], "%%%%%%", ""):
        with pytest.raises(UserError, match="there is no call"):
            await calls.get(name)


async def test_an_ambiguous_name_is_refused(db: Database, row: Make) -> None:
    await put(db, row("1", id="0000-aaaa"), row("2", id="1111-aaaa"))
    with pytest.raises(UserError, match="more than one call"):
        await Calls(db, "main").get("aaaa")


async def test_known_tells_which_calls_have_a_row(db: Database, row: Make) -> None:
    await put(db, row("1.1"), row("1.2"))
    assert await Calls(db, "main").known(["1.2", "1.3"]) == {"1.2"}


def _fields(leg: LegRow) -> dict[str, Any]:
    return {name: getattr(leg, name) for name in LegRow.__dataclass_fields__}
