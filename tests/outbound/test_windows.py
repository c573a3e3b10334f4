from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.outbound.windows import Window, midnight, next_midnight

SHANGHAI = ZoneInfo("Asia/Shanghai")
ZONES = [
    SHANGHAI,
    ZoneInfo("Europe/Berlin"),
    ZoneInfo("America/New_York"),
    ZoneInfo("Asia/Kolkata"),
]
HOURS = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.integers(0, 59))
SPANS = st.builds("{}-{}".format, HOURS, HOURS)
MOMENTS = st.floats(1.6e9, 2.2e9)


def at(text: str, zone: ZoneInfo = SHANGHAI) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()


@pytest.mark.parametrize(
    ("span", "moment", "open_at"),
    [
        ("08:00-21:00", "2026-11-22 07:59:59", "2026-11-22 08:00"),
        ("08:00-21:00", "2026-11-22 08:00:00", "2026-11-22 08:00"),
        ("08:00-21:00", "2026-11-22 20:59:59", "2026-11-22 20:59:59"),
        ("08:00-21:00", "2026-11-22 21:00:00", "2026-11-23 08:00"),
        ("22:00-02:00", "2026-11-22 23:30:00", "2026-11-22 23:30"),
        ("22:00-02:00", "2026-11-22 01:59:00", "2026-11-22 01:59"),
        ("22:00-02:00", "2026-11-22 02:00:00", "2026-11-22 22:00"),
        ("00:00-24:00", "2026-11-22 00:00:00", "2026-11-22 00:00"),
    ],
)
def test_when_it_is_open(span: str, moment: str, open_at: str) -> None:
    assert Window.parse(span, SHANGHAI).next_open(at(moment)) == at(open_at)


@pytest.mark.parametrize(
    ("span", "moment", "closed_at"),
    [
        ("12:00-14:00", "2026-11-22 12:30", "2026-11-22 14:00"),
        ("12:00-14:00", "2026-11-22 14:00", "2026-11-22 14:00"),
        ("22:00-08:00", "2026-11-22 23:00", "2026-11-23 08:00"),
        ("22:00-08:00", "2026-11-22 03:00", "2026-11-22 08:00"),
    ],
)
def test_when_quiet_hours_are_over(span: str, moment: str, closed_at: str) -> None:
    assert Window.parse(span, SHANGHAI).next_close(at(moment)) == at(closed_at)


def test_an_hour_that_the_clock_leaves_out_comes_the_day_after() -> None:
    zone = ZoneInfo("Europe/Berlin")
    window = Window.parse("02:10-02:40", zone)
    assert window.next_open(at("2026-03-29 01:00", zone)) == at("2026-03-30 02:10", zone)


@given(SPANS, MOMENTS, st.sampled_from(ZONES))
def test_next_open_is_the_first_moment_inside(span: str, moment: float, zone: ZoneInfo) -> None:
    window = Window.parse(span, zone)
    opens = window.next_open(moment)
    assert opens >= moment
    assert window.contains(opens)
    if opens > moment:
        assert not window.contains(moment)
        assert not any(window.contains(moment + (opens - moment) * n / 7) for n in range(7))


@given(SPANS, MOMENTS, st.sampled_from(ZONES))
def test_next_close_is_the_first_moment_outside(span: str, moment: float, zone: ZoneInfo) -> None:
    window = Window.parse(span, zone)
    closes = window.next_close(moment)
    assert closes >= moment
    if window.opens != window.closes:
        assert not window.contains(closes)


@given(MOMENTS, st.sampled_from(ZONES))
def test_a_day_lies_between_its_midnights(moment: float, zone: ZoneInfo) -> None:
    assert midnight(moment, zone) <= moment < next_midnight(moment, zone)
    assert datetime.fromtimestamp(next_midnight(moment, zone), zone).hour in (0, 1)
