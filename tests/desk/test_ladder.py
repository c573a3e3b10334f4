from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.desk.calendar import DayKind
from ivr.desk.ladder import gaps, ladder_at, schedule
from ivr.settings import Ladder, Line

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")


def line(*ladders: tuple[str, str, str]) -> Line:
    """Each ladder: days, hours, the phone that rings."""
    return Line(
        name="hotline",
        did=["12345"],
        ladders=[
            Ladder(days=days, hours=hours, primary=[ext])  # type: ignore[arg-type]
            for days, hours, ext in ladders
        ],
    )


OFFICE = line(
    ("holiday", "09:00-17:00", "holiday"),
    ("workday", "08:00-18:00", "day"),
    ("workday", "18:00-08:00", "night"),
    ("all", "00:00-24:00", "guard"),
)


@pytest.mark.parametrize(
    ("when", "rings", "why"),
    [
        ("2026-11-23 07:59:59", "guard", "Monday before opening: Sunday's night is no workday's"),
        ("2026-11-23 08:00", "day", "Monday, the first second"),
        ("2026-11-23 17:59:59", "day", "the last second"),
        ("2026-11-23 18:00", "night", "the night begins"),
        ("2026-11-24 03:00", "night", "Monday's night, after midnight"),
        ("2026-11-28 03:00", "night", "Saturday, but the night began on Friday"),
        ("2026-11-28 08:00", "guard", "Saturday"),
        ("2026-10-02 10:00", "holiday", "国庆节"),
        ("2026-10-02 20:00", "guard", "国庆节 in the evening"),
        ("2026-10-10 10:00", "day", "a Saturday that is worked"),
        ("2026-10-11 02:00", "night", "its night"),
    ],
)
def test_who_answers(when: str, rings: str, why: str) -> None:
    at = datetime.fromisoformat(when).replace(tzinfo=SHANGHAI)
    assert ladder_at(OFFICE, at).primary == [rings], why


def test_a_line_is_never_without_phones() -> None:
    office_hours = line(("workday", "08:00-12:00", "101"), ("workday", "13:00-18:00", "102"))
    noon = datetime(2026, 11, 23, 12, 30, tzinfo=SHANGHAI)
    assert ladder_at(office_hours, noon).primary == ["102"]
    found = [
        tuple(f"{datetime.fromtimestamp(at, SHANGHAI):%d %H:%M}" for at in gap)
        for gap in gaps(office_hours, noon.replace(hour=0, minute=0), days=2)
    ]
    assert found == [
        ("23 00:00", "23 08:00"),
        ("23 12:00", "23 13:00"),
        ("23 18:00", "24 08:00"),
        ("24 12:00", "24 13:00"),
        ("24 18:00", "25 00:00"),
    ]


def test_the_same_hour_twice_is_a_whole_day() -> None:
    shift = line(("workday", "08:00-08:00", "shift"), ("all", "00:00-24:00", "guard"))
    saturday = datetime(2026, 11, 28, tzinfo=SHANGHAI)
    assert ladder_at(shift, saturday.replace(hour=7)).primary == ["shift"]
    assert ladder_at(shift, saturday.replace(hour=8)).primary == ["guard"]


def test_the_schedule_of_a_weekend() -> None:
    friday = datetime(2026, 11, 27, 17, 0, tzinfo=SHANGHAI)
    told = [
        (f"{datetime.fromtimestamp(until, SHANGHAI):%a %H:%M}", ladder.primary[0])
        for until, ladder in schedule(OFFICE, friday, days=4)
    ]
    assert told == [
        ("Fri 18:00", "day"),
        ("Sat 08:00", "night"),
        ("Mon 08:00", "guard"),
        ("Mon 18:00", "day"),
        ("Tue 08:00", "night"),
        ("Tue 17:00", "day"),
    ]


def test_one_ladder_is_one_segment() -> None:
    always = line(("all", "00:00-24:00", "101"))
    start = datetime(2026, 11, 22, 10, 30, tzinfo=SHANGHAI)
    (segment,) = schedule(always, start, days=7)
    assert segment.until == (start + timedelta(days=7)).timestamp()


@pytest.mark.parametrize(
    ("start", "night_hours"),
    [
        (datetime(2026, 3, 28, 12, tzinfo=BERLIN), 9.0),  # the clock goes forward
        (datetime(2026, 10, 24, 12, tzinfo=BERLIN), 11.0),  # and back
        (datetime(2026, 3, 28, 12, tzinfo=SHANGHAI), 10.0),
    ],
)
def test_a_night_in_which_the_clock_changes_ends_by_the_clock_on_the_wall(
    start: datetime, night_hours: float
) -> None:
    office = line(("all", "08:00-22:00", "day"), ("all", "22:00-08:00", "night"))
    day, night, _ = schedule(office, start, days=1)
    assert (night.until - day.until) / 3600 == night_hours
    assert f"{datetime.fromtimestamp(night.until, start.tzinfo):%H:%M}" == "08:00"


hours = st.tuples(st.integers(0, 23), st.integers(0, 23)).map(
    lambda h: f"{h[0]:02}:00-{h[1]:02}:00"
)
ladders = st.lists(
    st.tuples(st.sampled_from(["all", "workday", "weekend", "holiday", "restday"]), hours),
    min_size=1,
    max_size=4,
)


@given(
    ladders=ladders,
    zone=st.sampled_from([SHANGHAI, BERLIN]),
    offset=st.integers(0, 366 * 24 * 60),
    kinds=st.lists(st.sampled_from(list(DayKind)), min_size=7, max_size=7),
    later=st.integers(0, 3 * 24 * 60 - 1),
)
def test_the_schedule_says_at_every_minute_what_ladder_at_says(
    ladders: list[tuple[str, str]],
    zone: ZoneInfo,
    offset: int,
    kinds: list[DayKind],
    later: int,
) -> None:
    def kind_of(day: date) -> DayKind:
        return kinds[day.toordinal() % 7]

    one = line(*[(days, span, f"{index}") for index, (days, span) in enumerate(ladders)])
    begin = datetime(2026, 1, 1, tzinfo=zone).timestamp() + offset * 60
    start = datetime.fromtimestamp(begin, zone)
    at = begin + later * 60
    segments = schedule(one, start, days=3, day_kind_of=kind_of)
    assert segments[-1].until == begin + 3 * 86400
    told = next(ladder for until, ladder in segments if at < until)
    assert told == ladder_at(one, datetime.fromtimestamp(at, zone), kind_of)
