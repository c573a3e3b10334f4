"""Rates by department, kind and month: worst first."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ivr.outbound.satisfaction import NO_DEPARTMENT, by_step, figures, month, months_before

ZONE = ZoneInfo("Asia/Shanghai")


def row(day: str, department: str, verdict: str, kind: str = "repair") -> dict[str, Any]:
    at = datetime.fromisoformat(f"2026-{day} 10:00").replace(tzinfo=ZONE).timestamp()
    return {"ended_at": at, "department": department, "verdict": verdict, "kind": kind}


ROWS = [
    row("10-31", "工程", "satisfied"),
    row("11-01", "工程", "dissatisfied"),
    row("11-02", "保洁", "satisfied", "paid"),
    row("11-03", "保洁", "satisfied", "complaint"),
    row("11-04", "", "dissatisfied", "complaint"),
]


def test_worst_first() -> None:
    found = figures(ROWS, 0.96, ZONE)
    assert (found.total.asked, found.total.satisfied, found.reached) == (5, 3, False)
    assert [(r.name, r.share) for r in found.departments] == [
        (NO_DEPARTMENT, 0.0), ("工程", 0.5), ("保洁", 1.0),
    ]  # fmt: skip
    assert [r.name for r in found.kinds] == ["投诉", "报修", "有偿服务"]
    assert [(r.name, r.asked) for r in found.months] == [("2026-10", 1), ("2026-11", 4)]


def test_nothing_asked_is_no_rate_and_no_division() -> None:
    found = figures([], 0.96, ZONE)
    assert (found.total.share, found.departments, found.months) == (0.0, (), ())


def test_a_survey_step_by_step() -> None:
    rows = [
        {"step": "service", "choice": "satisfied", "label": "满意", "answers": 3},
        {"step": "service", "choice": "neutral", "label": "一般", "answers": 5},
        {"step": "cleaning", "choice": "satisfied", "label": "满意", "answers": 1},
    ]
    found = by_step(rows)
    assert [(share.choice, share.answers) for share in found["service"]] == [
        ("neutral", 5), ("satisfied", 3),
    ]  # fmt: skip
    assert list(found) == ["service", "cleaning"]


@pytest.mark.parametrize(
    ("of", "back", "expected"),
    [
        ("2026-11-22", 0, "2026-11-01"),
        ("2026-03-05", 6, "2025-09-01"),
        ("2026-12-31", -1, "2027-01-01"),
    ],
)
def test_months(of: str, back: int, expected: str) -> None:
    found = months_before(datetime.fromisoformat(of).replace(tzinfo=ZONE), back)
    assert f"{found:%Y-%m-%d}" == expected
    begin, end = month(datetime(2026, 12, 5, tzinfo=ZONE))
    assert (
        f"{datetime.fromtimestamp(begin, ZONE):%m-%d} {datetime.fromtimestamp(end, ZONE):%m-%d}"
        == "12-01 01-01"
    )
