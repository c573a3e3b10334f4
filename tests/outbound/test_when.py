"""Times as people type them."""

from datetime import datetime, timedelta, timezone

import pytest

from ivr.errors import UserError
from ivr.outbound import when

ZONE = timezone(timedelta(hours=8))
NOW = datetime(2026, 11, 22, 13, 20, tzinfo=ZONE)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("14:00", "2026-11-22 14:00"),
        ("１４：００", "2026-11-22 14:00"),
        ("14点", "2026-11-22 14:00"),
        ("13:00", "2026-11-22 13:00"),  # just begun
        ("9:00", "2026-11-23 09:00"),  # passed today
        ("24:00", "2026-11-23 00:00"),
        ("今天 9:00", "2026-11-22 09:00"),
        ("明天9:30", "2026-11-23 09:30"),
        ("11-24 14:00", "2026-11-24 14:00"),
        ("1-2 08:00", "2027-01-02 08:00"),
        ("2026-12-01 08:00", "2026-12-01 08:00"),
    ],
)
def test_it_means(text: str, meant: str) -> None:
    assert when.parse(text, NOW) == datetime.fromisoformat(meant).replace(tzinfo=ZONE)


def test_an_end_is_after_its_beginning() -> None:
    begin = datetime(2026, 11, 22, 22, tzinfo=ZONE)
    assert when.parse("6:00", NOW, after=begin) == datetime(2026, 11, 23, 6, tzinfo=ZONE)
    assert when.parse("23:00", NOW, after=begin) == datetime(2026, 11, 22, 23, tzinfo=ZONE)


@pytest.mark.parametrize("text", ["", "soon", "25:00", "24:30", "14:60", "2-30 9:00", "14:00 明天"])
def test_it_is_no_time(text: str) -> None:
    with pytest.raises(UserError):
        when.parse(text, NOW)
