"""China's official calendar: holidays, and weekends that are worked instead (调休)."""

from collections.abc import Callable
from datetime import date
from enum import StrEnum
from typing import Literal, assert_never

import chinese_calendar

Days = Literal["all", "workday", "weekend", "holiday", "restday"]


class DayKind(StrEnum):
    WORKDAY = "workday"
    WEEKEND = "weekend"
    HOLIDAY = "holiday"  # a public holiday, also where it falls on a weekend


DayKindOf = Callable[[date], DayKind]


def day_kind(day: date) -> DayKind:
    """What kind of day `day` is; by the weekday alone in a year nobody has announced."""
    try:
        free, name = chinese_calendar.get_holiday_detail(day)
    except NotImplementedError:
        return DayKind.WEEKEND if day.weekday() >= 5 else DayKind.WORKDAY
    if not free:
        return DayKind.WORKDAY
    return DayKind.HOLIDAY if name else DayKind.WEEKEND


def is_known(day: date) -> bool:
    """Whether the calendar holds `day`'s year.

    The State Council announces a year in the November before it; after that an
    update of the package `chinesecalendar` brings it.
    """
    try:
        chinese_calendar.get_holiday_detail(day)
    except NotImplementedError:
        return False
    return True


def warning(day: date) -> str | None:
    """One sentence when holidays of `day`'s year are unknown, else None."""
    if is_known(day):
        return None
    return (
        f"holidays of {day.year} are unknown, weekends count as days off: "
        "update the package chinesecalendar"
    )


def matches(days: Days, kind: DayKind) -> bool:
    """Whether a ladder for `days` holds on a day of this kind."""
    match days:
        case "all":
            return True
        case "restday":
            return kind is not DayKind.WORKDAY
        case "workday" | "weekend" | "holiday":
            return kind == days
        case _:
            assert_never(days)
