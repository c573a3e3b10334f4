"""What a clerk would say for a time on the clock."""

from datetime import date, datetime

import pytest

from ivr.outbound import spoken

TODAY = date(2026, 11, 22)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("begin", "end", "said"),
    [
        ("2026-11-22 14:00", "2026-11-22 18:00", "今天下午两点至六点"),
        ("2026-11-22 09:00", "2026-11-22 17:30", "今天上午九点至下午五点半"),
        ("2026-11-23 08:00", "2026-11-23 12:00", "明天上午八点至中午十二点"),
        ("2026-11-24 13:30", "2026-11-24 14:05", "后天下午一点半至两点零五分"),
        (
            "2026-11-25 10:15",
            "2026-11-25 11:45",
            "十一月二十五日上午十点十五分至中午十一点四十五分",
        ),
        ("2026-11-22 22:00", "2026-11-23 00:00", "今天晚上十点至十二点"),
        ("2026-11-22 16:00", "2026-11-23 00:00", "今天下午四点至晚上十二点"),
        ("2026-11-22 22:00", "2026-11-23 06:00", "今天晚上十点至明天早上六点"),
        ("2026-11-22 00:30", "2026-11-22 05:00", "今天凌晨零点半至早上五点"),
        (
            "2026-12-31 08:30",
            "2027-01-01 08:30",
            "十二月三十一日上午八点半至二零二七年一月一日上午八点半",
        ),
    ],
)
def test_a_span_says_nothing_twice(begin: str, end: str, said: str) -> None:
    assert spoken.span(at(begin), at(end), TODAY) == said


@pytest.mark.parametrize(
    ("hour", "word"),
    [(0, "晚上"), (5, "早上"), (8, "早上"), (9, "上午"), (12, "中午"), (14, "下午"), (18, "晚上")],
)
def test_greeting(hour: int, word: str) -> None:
    assert spoken.greeting_daypart(datetime(2026, 11, 22, hour)) == word


@pytest.mark.parametrize(
    ("value", "said"),
    [(0, "零"), (2, "二"), (10, "十"), (11, "十一"), (20, "二十"), (59, "五十九")],
)
def test_numbers(value: int, said: str) -> None:
    assert spoken.number(value) == said
