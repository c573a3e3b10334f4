"""When an owner is asked, what the answer means, what follows: tables."""

from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from ivr.desk.request import Request, RequestKind, RequestState, Severity
from ivr.outbound.callback import Reason, Verdict, again, deadline, due, follows, reason, verdict
from ivr.outbound.windows import Window
from ivr.settings import Callbacks

ZONE = ZoneInfo("Asia/Shanghai")
DAY = Window.parse("08:00-21:00", ZONE)
RULES = Callbacks()


def at(text: str) -> float:
    return datetime.fromisoformat(f"2026-11-{text}").replace(tzinfo=ZONE).timestamp()


def request(
    kind: RequestKind = RequestKind.REPAIR,
    state: RequestState = RequestState.CALLING_BACK,
    resolved: str = "22 10:00",
    rounds: int = 0,
) -> Request:
    return Request(
        id="r", number="20261122-001", kind=kind, severity=Severity.NORMAL, state=state,
        title="厨房水龙头漏水", detail="", home="3-1-1201", owner="", contact="周先生",
        phone="13800138000", department="工程部", assignee="", keeper="前台", call="",
        created_at=at("22 09:00"), promised_at=None, assigned_at=None, on_site_at=None,
        resolved_at=at(resolved), closed_at=None, rounds=rounds,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "rules", "expected"),
    [
        (RequestKind.REPAIR, RULES, Reason.REPAIR),
        (RequestKind.COMPLAINT, RULES, Reason.COMPLAINT),
        (RequestKind.PAID, RULES, Reason.PAID),
        (RequestKind.PAID, Callbacks(paid=False), None),
        (RequestKind.ADVICE, RULES, None),
        (RequestKind.INQUIRY, RULES, None),
    ],
)
def test_whose_owner_is_phoned(
    kind: RequestKind, rules: Callbacks, expected: Reason | None
) -> None:
    assert reason(kind, rules) is expected


@pytest.mark.parametrize(
    ("kind", "resolved", "expected"),
    [
        (RequestKind.REPAIR, "22 10:00", "22 10:30"),
        (RequestKind.REPAIR, "22 20:20", "22 20:30"),  # brought forward: the same day
        (RequestKind.REPAIR, "22 20:45", "23 08:00"),
        (RequestKind.REPAIR, "22 23:00", "23 08:00"),
        (RequestKind.REPAIR, "22 05:00", "22 08:00"),
        (RequestKind.COMPLAINT, "22 10:00", "23 10:00"),
        (RequestKind.COMPLAINT, "22 22:00", "24 08:00"),
    ],
)
def test_when_it_is_due(kind: RequestKind, resolved: str, expected: str) -> None:
    assert due(request(kind, resolved=resolved), RULES, DAY) == at(expected)


def test_a_complaint_is_never_due_after_its_three_days() -> None:
    slow = Callbacks(complaint_after_h=72)
    one = request(RequestKind.COMPLAINT, resolved="22 10:00")
    assert due(one, slow, DAY) <= deadline(one, DAY)


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ([], None),
        (["2026-11-22"], "23 18:00"),
        (["2026-11-22", "2026-11-23"], "24 18:00"),
        (["2026-11-20", "2026-11-21", "2026-11-22"], "29 18:00"),  # due, not hunted
    ],
)
def test_who_was_not_reached_is_tried_again(days: list[str], expected: str | None) -> None:
    found = again(days, datetime(2026, 11, 22, 20, tzinfo=ZONE), RULES)
    assert (found and found.timestamp()) == (expected and at(expected))


@dataclass(frozen=True)
class Answer:
    question: str
    choice: str | None


FIXED, BROKEN = Answer("fixed", "yes"), Answer("fixed", "no")


@pytest.mark.parametrize(
    ("result", "wish", "answers", "judged", "expected"),
    [
        ("satisfied", "", [], True, Verdict.SATISFIED),
        ("dissatisfied", "", [], True, Verdict.DISSATISFIED),
        ("person", "person", [], True, Verdict.PERSON),
        ("satisfied", "person", [], True, Verdict.PERSON),
        ("no_answer", "", [], True, Verdict.UNHEARD),
        ("hung_up", "", [FIXED], True, Verdict.UNHEARD),  # of their satisfaction: nothing
        ("hung_up", "", [BROKEN], True, Verdict.DISSATISFIED),
        ("hung_up", "", [Answer("satisfied", "dissatisfied")], True, Verdict.DISSATISFIED),
        ("hung_up", "", [FIXED, Answer("satisfied", "satisfied")], True, Verdict.SATISFIED),
        ("interrupted", "", [Answer("satisfied", None)], True, Verdict.UNHEARD),
        ("done", "", [Answer("satisfied", "very_dissatisfied")], False, Verdict.DONE),
        ("incomplete", "", [Answer("satisfied", "neutral")], False, Verdict.DONE),
        ("later", "", [Answer("willing", "no")], False, Verdict.UNHEARD),
    ],
)
def test_what_a_talk_came_to(
    result: str, wish: str, answers: list[Answer], judged: bool, expected: Verdict
) -> None:
    assert verdict(result, wish, answers, judged) is expected


@pytest.mark.parametrize(
    ("found", "state", "rounds", "expected"),
    [
        (Verdict.SATISFIED, RequestState.CALLING_BACK, 0, RequestState.SATISFIED),
        (Verdict.DISSATISFIED, RequestState.CALLING_BACK, 0, RequestState.REOPENED),
        (Verdict.DISSATISFIED, RequestState.RESOLVED, 1, RequestState.REOPENED),
        (Verdict.DISSATISFIED, RequestState.CALLING_BACK, 2, RequestState.ESCALATED),
        (Verdict.UNHEARD, RequestState.CALLING_BACK, 0, None),
        (Verdict.PERSON, RequestState.CALLING_BACK, 0, None),
        (Verdict.DISSATISFIED, RequestState.CLOSED, 0, None),  # a person was faster
        (Verdict.SATISFIED, RequestState.REOPENED, 1, None),
    ],
)
def test_what_follows(
    found: Verdict, state: RequestState, rounds: int, expected: RequestState | None
) -> None:
    assert follows(found, replace(request(state=state), rounds=rounds), RULES) is expected
