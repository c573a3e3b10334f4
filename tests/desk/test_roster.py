from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ivr import ids
from ivr.desk.roster import Named, Roster, effective_schedule, hours
from ivr.errors import UserError
from ivr.settings import Settings
from ivr.store.database import Database
from ivr.store.roster import RosterRow

SHANGHAI = ZoneInfo("Asia/Shanghai")


def at(text: str) -> float:
    return datetime.fromisoformat(f"2026-11-{text}").replace(tzinfo=SHANGHAI).timestamp()


def entry(begin: str, end: str, *primary: str, line: str = "hotline", **more: Any) -> RosterRow:
    return RosterRow(
        id=ids.uuid7(),
        line=line,
        from_at=at(begin),
        to_at=at(end),
        primary=primary or ("102",),
        **more,
    )


def named(*rows: RosterRow) -> list[Named]:
    return [Named(f"row {number}", row) for number, row in enumerate(rows, 2)]


def told(settings: Settings, *rows: RosterRow) -> list[str]:
    line = settings.lines[0]
    start = datetime(2026, 11, 22, 10, 0, tzinfo=SHANGHAI)
    return [
        f"{datetime.fromtimestamp(until, SHANGHAI):%d %H:%M} "
        f"{'+'.join(ladder.primary)} {'+'.join(ladder.backup)} {ladder.mobile}"
        for until, ladder in effective_schedule(line, rows, start, days=2)
    ]


LADDER = "101 201 13800138000"


def test_without_entries_the_ladder_answers(settings: Settings) -> None:
    assert told(settings) == [f"24 10:00 {LADDER}"]


def test_an_entry_answers_while_it_lasts(settings: Settings) -> None:
    night = entry("22 18:00", "23 08:00", "102", "202", backup=("101",), mobile="13900001111")
    assert told(settings, night, entry("22 12:00", "22 13:00", line="works")) == [
        f"22 18:00 {LADDER}",
        "23 08:00 102+202 101 13900001111",
        f"24 10:00 {LADDER}",
    ]


def test_what_an_entry_leaves_empty_stays_the_ladders(settings: Settings) -> None:
    assert told(settings, entry("22 18:00", "23 08:00"))[1] == "23 08:00 102 201 13800138000"


def test_an_entry_that_has_begun_and_two_in_a_row(settings: Settings) -> None:
    rows = (entry("22 20:00", "23 08:00", "202"), entry("22 08:00", "22 20:00", "102"))
    assert told(settings, *rows) == [
        "22 20:00 102 201 13800138000",
        "23 08:00 202 201 13800138000",
        f"24 10:00 {LADDER}",
    ]


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([entry("22 08:00", "22 18:00", "999")], "row 2: phone 999 is not in"),
        (
            [entry("22 08:00", "22 18:00", backup=("101", "888"))],
            "row 2: phone 888 is not in",
        ),
        ([entry("22 08:00", "22 18:00", line="pool")], "row 2: there is no line 'pool'"),
        ([entry("22 08:00", "22 08:00")], "row 2: ends before it begins"),
        (
            [entry("22 08:00", "22 18:00"), entry("22 17:59", "22 20:00")],
            "row 3: overlaps row 2 on line 'hotline'",
        ),
        (
            [
                entry("22 08:00", "23 08:00"),
                entry("22 09:00", "22 10:00"),
                entry("22 11:00", "22 12:00"),
            ],
            "row 4: overlaps row 2",
        ),
    ],
)
async def test_an_entry_that_cannot_stand_is_named_and_nothing_changes(
    db: Database, settings: Settings, rows: list[RosterRow], sentence: str
) -> None:
    roster = Roster(db, settings)
    with pytest.raises(UserError, match=sentence):
        await roster.plan(named(*rows))
    assert await roster.version() == 0


async def test_times_may_touch_and_lines_may_differ(db: Database, settings: Settings) -> None:
    rows = named(
        entry("22 08:00", "22 18:00"),
        entry("22 18:00", "23 08:00"),
        entry("22 08:00", "22 18:00", line="works"),
    )
    assert len((await Roster(db, settings).plan(rows)).added) == 3


async def test_putting_twice_changes_nothing_the_second_time(
    db: Database, settings: Settings
) -> None:
    roster = Roster(db, settings)

    def sheet(person: str = "") -> list[Named]:
        return named(
            entry("22 08:00", "22 18:00"), entry("22 18:00", "23 08:00", "202", person=person)
        )

    await roster.put(await roster.plan(sheet()))
    version = await roster.version()
    again = await roster.plan(sheet())
    await roster.put(again)
    assert (len(again.same), again.changes) == (2, [])
    assert await roster.version() == version

    changed = await roster.plan(sheet("王小姐"))
    await roster.put(changed)
    assert [row.person for row in changed.replaced] == ["王小姐"]
    assert [row.person for row in await roster.entries(0)] == ["", "王小姐"]
    assert await roster.version() > version


async def test_an_entry_that_overlaps_a_stored_one_is_refused(
    db: Database, settings: Settings
) -> None:
    roster = Roster(db, settings)
    await roster.put(await roster.plan(named(entry("22 08:00", "22 18:00"))))
    with pytest.raises(UserError, match="overlaps"):
        await roster.plan(named(entry("22 09:00", "22 10:00")))


async def test_a_removed_entry_gives_the_line_back_to_its_ladder(
    db: Database, settings: Settings
) -> None:
    roster = Roster(db, settings)
    await roster.put(await roster.plan(named(entry("22 18:00", "23 08:00"))))
    start = datetime(2026, 11, 22, 10, 0, tzinfo=SHANGHAI)
    line = settings.lines[0]
    assert len(await roster.effective_schedule(line, start, 2)) == 3
    (row,) = await roster.entries(start.timestamp())
    assert (await roster.remove(row.id[-6:])).id == row.id
    assert len(await roster.effective_schedule(line, start, 2)) == 1


async def test_a_phone_that_was_taken_out_of_the_settings_is_not_rung(
    db: Database, settings: Settings
) -> None:
    roster = Roster(db, settings)
    rows = named(entry("22 18:00", "23 08:00", "102", "201"), entry("23 08:00", "23 18:00", "102"))
    await roster.put(await roster.plan(rows))
    left = settings.model_copy(
        update={"phones": [phone for phone in settings.phones if phone.ext != "102"]}
    )
    start = datetime(2026, 11, 22, 18, 0, tzinfo=SHANGHAI)
    segments = await Roster(db, left).effective_schedule(left.lines[0], start, 1)
    assert [ladder.primary for _, ladder in segments] == [["201"], ["101"]]


def test_hours_in_words() -> None:
    assert hours(entry("22 18:00", "23 08:00"), SHANGHAI) == "11-22 18:00–08:00"
    assert hours(entry("22 18:00", "24 08:00"), SHANGHAI) == "11-22 18:00–11-24 08:00"
