"""What a step makes of a request: it alone, no book and no clock."""

from zoneinfo import ZoneInfo

import pytest

from ivr.desk import request_steps as steps
from ivr.desk.request import Request, RequestKind, RequestState, Severity
from ivr.errors import UserError
from ivr.settings import Settings

ZONE = ZoneInfo("Asia/Shanghai")
NOW = 1_795_312_800.0  # 2026-11-22 10:00 in Shanghai
HOUR = 3600.0
REQUEST = Request(
    id="019a0000-0000-7000-8000-000000000001",
    number="20261122-001",
    kind=RequestKind.REPAIR,
    title="厨房水龙头漏水",
    severity=Severity.NORMAL,
    detail="",
    home="3-1-1201",
    owner="",
    contact="周先生",
    phone="13800138000",
    department="工程部",
    assignee="李师傅",
    keeper="小李",
    call="",
    promised_at=NOW + HOUR,
    state=RequestState.RESOLVED,
    created_at=NOW - HOUR,
    assigned_at=NOW - HOUR,
    on_site_at=None,
    resolved_at=NOW,
    closed_at=None,
)


@pytest.mark.parametrize(
    ("department", "assignee", "promised_at", "given_to", "text"),
    [
        ("", "王师傅", None, ("工程部", "王师傅"), "工程部 王师傅 请快"),
        ("工程部", "", None, ("工程部", "李师傅"), "工程部 李师傅 请快"),
        ("保洁部", "", None, ("保洁部", ""), "保洁部 请快"),  # the plumber is not a cleaner
        ("保洁部", "", NOW + 2 * HOUR, ("保洁部", ""), "保洁部 承诺 11-22 12:00 请快"),
    ],
)
def test_assigning(
    department: str, assignee: str, promised_at: float | None, given_to: tuple[str, str], text: str
) -> None:
    after, said = steps.assigned(REQUEST, department, assignee, promised_at, "请快", NOW, ZONE)
    assert (after.department, after.assignee) == given_to
    assert after.assigned_at == REQUEST.assigned_at
    assert after.promised_at == (promised_at or REQUEST.promised_at)
    assert said == text


def test_what_is_corrected_is_told_field_by_field() -> None:
    fields = {"title": " 水龙头 漏水", "phone": "13800138000", "promised_at": NOW + 2 * HOUR}
    after, said = steps.corrected(REQUEST, fields, Settings(), NOW)
    assert (after.title, after.promised_at) == ("水龙头 漏水", NOW + 2 * HOUR)
    assert said == "标题：厨房水龙头漏水 → 水龙头 漏水；承诺时间：11-22 11:00 → 11-22 12:00"


@pytest.mark.parametrize("unsatisfied", [False, True])
def test_what_was_done_does_not_count_after_reopening(unsatisfied: bool) -> None:
    after, _ = steps.reopened(REQUEST, "还在滴水", NOW, unsatisfied=unsatisfied)
    done = (after.assigned_at, after.on_site_at, after.answered_at, after.resolved_at)
    assert (*done, after.closed_at, after.promised_at) == (None,) * 6
    assert (after.reopened_at, after.rounds) == (NOW, REQUEST.rounds + unsatisfied)


def test_the_first_answer_and_the_first_arrival_count() -> None:
    first = steps.on_site(steps.answered(REQUEST, None, "", NOW).request, "", NOW).request
    again = steps.on_site(steps.answered(first, None, "", NOW + 9).request, "", NOW + 9).request
    assert (again.answered_at, again.on_site_at) == (NOW, NOW)


def test_closing_wants_a_reason_unless_the_owner_is_satisfied() -> None:
    with pytest.raises(UserError, match="write why it is closed"):
        steps.closed(REQUEST, " ", NOW)
    assert steps.closed(REQUEST, "业主已搬走", NOW).request.closed_at == NOW
