from datetime import date, timedelta, timezone
from zoneinfo import ZoneInfo

from ivr.calls import summary
from ivr.store.reports import Slot

SHANGHAI = ZoneInfo("Asia/Shanghai")
TEN = 1_795_312_800.0  # 2026-11-22 10:00 in Shanghai


def slot(at: float, calls: int = 4, in_time: int = 2, breaches: int = 1) -> Slot:
    return Slot(at, calls, calls - 1, in_time, 1, 0, breaches, 0, 20.0, 100.0)


def test_a_sum_says_the_service_level_and_what_is_left_over() -> None:
    whole = summary.total([slot(TEN), slot(TEN + 900)])
    assert (whole.calls, whole.in_time, whole.breaches, whole.others) == (8, 4, 2, 2)
    assert whole.service_level == 0.5
    assert whole.mean_wait_s == 5.0
    assert summary.Sum().service_level is None
    assert summary.Sum().mean_wait_s is None


def test_every_hour_of_the_sites_clock_is_there() -> None:
    hours = summary.by_hour([slot(TEN), slot(TEN + 2700), slot(TEN + 3600)], SHANGHAI)
    assert list(hours) == list(range(24))
    assert {hour: each.calls for hour, each in hours.items() if each.calls} == {10: 8, 11: 4}


def test_half_hours_of_a_zone_keep_their_day() -> None:
    india = timezone(timedelta(hours=5, minutes=30))
    late = 1_795_372_200.0  # 2026-11-22 18:30 UTC is midnight there
    days = summary.by_day([slot(late - 900), slot(late)], india, late - 86_400, late + 86_400)
    assert [(day, each.calls) for day, each in days.items()] == [
        (date(2026, 11, 22), 4),
        (date(2026, 11, 23), 4),
    ]


def test_days_without_calls_are_days_too() -> None:
    days = summary.by_day([slot(TEN)], SHANGHAI, TEN - 86_400, TEN + 1)
    assert [each.calls for each in days.values()] == [0, 4]
