from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.desk.limits import (
    Need,
    Step,
    limits,
    moments,
    same_day,
    unmet,
    working_days_after,
)
from ivr.desk.request import Request, RequestKind, RequestState, Severity
from ivr.settings import Requests

ZONE = ZoneInfo("Asia/Shanghai")
RULES = Requests()
MIN, H = 60.0, 3600.0


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp()


TEN = at("2026-11-23T10:00")  # a Monday


def request(**changes: Any) -> Request:
    values: dict[str, Any] = {
        "id": "r", "number": "20261123-001", "kind": RequestKind.REPAIR,
        "severity": Severity.NORMAL, "state": RequestState.OPEN, "title": "水龙头漏水",
        "detail": "", "home": "3-1-1201", "owner": "", "contact": "", "phone": "",
        "department": "", "assignee": "", "keeper": "", "call": "", "created_at": TEN,
        "promised_at": None, "assigned_at": None, "on_site_at": None, "resolved_at": None,
        "closed_at": None,
    }  # fmt: skip
    return Request(**values | changes)


COMPLAINT = {"kind": RequestKind.COMPLAINT}
REPAIR = {"kind": RequestKind.REPAIR}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (REPAIR, {Need.ANSWERED: 4 * H, Need.SAME_DAY: 14 * H}),
        (
            REPAIR | {"severity": Severity.URGENT},
            {Need.ON_SITE: 30 * MIN, Need.ANSWERED: 4 * H},
        ),
        (
            REPAIR | {"severity": Severity.EMERGENCY},
            {Need.ON_SITE: 5 * MIN, Need.ANSWERED: 4 * H},
        ),
        (
            COMPLAINT,
            {
                Need.ASSIGNED: 10 * MIN,
                Need.ON_SITE: 60 * MIN,
                Need.ANSWERED: 4 * H,
                Need.SOLVED: 8 * H,
            },
        ),
        (
            COMPLAINT | {"severity": Severity.SEVERE},  # until Monday's 24:00, a week later
            {
                Need.ASSIGNED: 10 * MIN,
                Need.ON_SITE: 60 * MIN,
                Need.ANSWERED: 4 * H,
                Need.SOLVED: (7 * 24 + 14) * H,
            },
        ),
        (
            {"kind": RequestKind.ADVICE, "promised_at": TEN + 2 * H},
            {Need.PROMISED: 2 * H, Need.ANSWERED: 4 * H, Need.SAME_DAY: 14 * H},
        ),
    ],
)
def test_what_a_request_is_held_to(fields: dict[str, Any], expected: dict[Need, float]) -> None:
    found = limits(request(**fields), RULES, ZONE)
    assert {limit.need: limit.breach_at - TEN for limit in found} == expected
    assert [limit.breach_at for limit in found] == sorted(limit.breach_at for limit in found)
    assert all(
        limit.warn_at - TEN == pytest.approx((limit.breach_at - TEN) * 0.7) for limit in found
    )


def test_a_limit_of_zero_is_none() -> None:
    none = Requests(
        emergency_on_site_min=0, urgent_on_site_min=0, complaint_assigned_min=0,
        complaint_on_site_min=0, complaint_answered_h=0, complaint_solved_h=0,
        severe_solved_days=0, answered_h=0, same_day_until="", long_pending_days=0,
    )  # fmt: skip
    for kind in RequestKind:
        for severity in Severity:
            each = request(kind=kind, severity=severity)
            assert limits(each, none, ZONE) == []


@pytest.mark.parametrize(
    ("changes", "left"),
    [
        ({}, [Need.ASSIGNED, Need.ON_SITE, Need.ANSWERED, Need.SOLVED]),
        ({"assigned_at": TEN + 1}, [Need.ON_SITE, Need.ANSWERED, Need.SOLVED]),
        ({"on_site_at": TEN + 1}, [Need.ANSWERED, Need.SOLVED]),  # so somebody had it
        ({"answered_at": TEN + 1}, [Need.ASSIGNED, Need.ON_SITE, Need.SOLVED]),
        ({"resolved_at": TEN + 1, "state": RequestState.RESOLVED}, []),
        ({"closed_at": TEN + 1, "state": RequestState.CLOSED}, []),
    ],
)
def test_what_was_done_is_no_longer_due(changes: dict[str, Any], left: list[Need]) -> None:
    assert [each.need for each in unmet(request(**COMPLAINT, **changes), RULES, ZONE)] == left


def test_a_limit_that_was_kept_and_one_that_was_not() -> None:
    done = request(**COMPLAINT, assigned_at=TEN + 11 * MIN, on_site_at=TEN + 20 * MIN)
    kept = {limit.need: limit.is_kept for limit in limits(done, RULES, ZONE)}
    assert kept[Need.ASSIGNED] is False
    assert kept[Need.ON_SITE] is True
    assert kept[Need.SOLVED] is False


def test_a_warning_comes_before_the_breach() -> None:
    urgent = unmet(request(severity=Severity.URGENT), RULES, ZONE)
    told = [(moment.at - TEN, moment.need, moment.step) for moment in moments(urgent)]
    assert told == [
        (pytest.approx(21 * MIN), Need.ON_SITE, Step.WARNING),
        (30 * MIN, Need.ON_SITE, Step.BREACH),
        (pytest.approx(2.8 * H), Need.ANSWERED, Step.WARNING),
        (4 * H, Need.ANSWERED, Step.BREACH),
    ]
    on_site = urgent[0]
    assert on_site.step(TEN) is None
    assert on_site.step(TEN + 22 * MIN) is Step.WARNING
    assert on_site.step(TEN + 30 * MIN) is Step.BREACH


def test_a_reopened_request_begins_anew() -> None:
    again = request(severity=Severity.URGENT, state=RequestState.REOPENED, reopened_at=TEN + 24 * H)
    assert [limit.breach_at - TEN for limit in unmet(again, RULES, ZONE)] == [
        24 * H + 30 * MIN,
        24 * H + 4 * H,
    ]


@pytest.mark.parametrize(
    ("came", "until"),
    [
        ("2026-11-23T08:00", "2026-11-24T00:00"),
        ("2026-11-23T19:59", "2026-11-24T00:00"),
        ("2026-11-23T20:00", "2026-11-25T00:00"),  # it came late: tomorrow
    ],
)
def test_the_same_day(came: str, until: str) -> None:
    assert same_day(at(came), "20:00", ZONE) == at(until)


@pytest.mark.parametrize(
    ("came", "days", "until"),
    [
        ("2026-11-23T10:00", 1, "2026-11-25T00:00"),
        ("2026-11-23T10:00", 5, "2026-12-01T00:00"),  # over a weekend
        ("2026-11-21T10:00", 1, "2026-11-24T00:00"),  # from a Saturday
        # National Day 2026: 1 to 7 October are free, Sunday 20 September and Saturday
        # 10 October are worked
        ("2026-09-30T10:00", 2, "2026-10-10T00:00"),
        ("2026-09-30T10:00", 3, "2026-10-11T00:00"),
    ],
)
def test_working_days_are_chinas(came: str, days: int, until: str) -> None:
    assert working_days_after(at(came), days, ZONE) == at(until)


@given(
    st.sampled_from(RequestKind), st.sampled_from(Severity),
    st.floats(at("2024-01-01"), at("2027-12-31")), st.sampled_from([None, 60.0, 1e6]),
)  # fmt: skip
def test_every_limit_lies_ahead_of_its_beginning(
    kind: RequestKind, severity: Severity, created: float, promised: float | None
) -> None:
    each = request(
        kind=kind, severity=severity, created_at=created,
        promised_at=None if promised is None else created + promised,
    )  # fmt: skip
    for limit in limits(each, RULES, ZONE):
        assert created < limit.warn_at < limit.breach_at
