from datetime import date

import pytest

from ivr.desk.calendar import DayKind, day_kind, is_known, matches, warning

WORKDAY, WEEKEND, HOLIDAY = DayKind.WORKDAY, DayKind.WEEKEND, DayKind.HOLIDAY


@pytest.mark.parametrize(
    ("day", "kind", "why"),
    [
        ("2026-01-01", HOLIDAY, "元旦, a Thursday"),
        ("2026-01-04", WORKDAY, "a Sunday worked instead of 2 January"),
        ("2026-02-14", WORKDAY, "a Saturday worked before 春节"),
        ("2026-02-15", HOLIDAY, "春节 begins, a Sunday"),
        ("2026-02-17", HOLIDAY, "the first day of the year of the horse"),
        ("2026-02-28", WORKDAY, "a Saturday worked after 春节"),
        ("2026-05-01", HOLIDAY, "劳动节"),
        ("2026-05-09", WORKDAY, "a Saturday worked after 劳动节"),
        ("2026-10-04", HOLIDAY, "国庆节, also a Sunday"),
        ("2026-10-10", WORKDAY, "a Saturday worked after 国庆节"),
        ("2026-10-11", WEEKEND, "a plain Sunday"),
        ("2026-11-23", WORKDAY, "a plain Monday"),
        ("2050-01-01", WEEKEND, "a Saturday of a year nobody has announced"),
        ("2050-01-03", WORKDAY, "a Monday of it"),
    ],
)
def test_the_official_calendar(day: str, kind: DayKind, why: str) -> None:
    assert day_kind(date.fromisoformat(day)) is kind, why


def test_an_unannounced_year_is_said() -> None:
    assert is_known(date(2026, 12, 31))
    assert warning(date(2026, 12, 31)) is None
    assert not is_known(date(2050, 1, 1))
    assert "2050" in (warning(date(2050, 1, 1)) or "")


@pytest.mark.parametrize(
    ("days", "workday", "weekend", "holiday"),
    [
        ("all", True, True, True),
        ("workday", True, False, False),
        ("weekend", False, True, False),
        ("holiday", False, False, True),
        ("restday", False, True, True),
    ],
)
def test_days_of_a_ladder(days: str, workday: bool, weekend: bool, holiday: bool) -> None:
    kinds = (WORKDAY, WEEKEND, HOLIDAY)
    assert [matches(days, kind) for kind in kinds] == [workday, weekend, holiday]  # type: ignore[arg-type]
