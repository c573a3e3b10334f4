"""When an owner is asked about a request (回访), by which script, and what the answer means. Pure.

The trade's rules (RULES.md, Callbacks): a repair is asked about the day it is done, a
complaint within three days and every one of them, the unsatisfied goes back to the
department and is phoned again, until satisfied or the manager takes over.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from ivr.desk.request import Request, RequestKind, RequestState
from ivr.outbound.windows import Window
from ivr.settings import Callbacks

LAST_CALL_S = 1800.0
"""Before the day's hours end: a callback is brought forward rather than left to tomorrow."""

DAY_S = 86_400.0
COMPLAINT_WITHIN = 3  # days
DAILY = 3  # days in a row on which somebody is tried; then once a week
WEEK = 7


class Reason(StrEnum):
    """Why somebody is phoned."""

    REPAIR = "repair"
    COMPLAINT = "complaint"
    PAID = "paid"
    SURVEY = "survey"  # everybody, half-yearly
    SAMPLE = "sample"  # drawn by lot, so that enough are heard every month
    WEEKLY = "weekly"  # told how a long-pending request stands
    BRIEFING = "briefing"  # a department, told of an owner who is not satisfied


REASON_WORDS = {
    Reason.REPAIR: "报修回访",
    Reason.COMPLAINT: "投诉回访",
    Reason.PAID: "有偿服务回访",
    Reason.SURVEY: "满意度调查",
    Reason.SAMPLE: "抽样回访",
    Reason.WEEKLY: "进度告知",
    Reason.BRIEFING: "通知部门",
}

JUDGING = frozenset({Reason.REPAIR, Reason.COMPLAINT, Reason.PAID})
"""The work on a request is good or not, by what is answered."""

SCRIPTS = {
    Reason.REPAIR: "repair",
    Reason.COMPLAINT: "complaint",
    Reason.PAID: "paid-service",
    Reason.SURVEY: "survey",
    Reason.SAMPLE: "survey",
    Reason.WEEKLY: "weekly",
    Reason.BRIEFING: "briefing",
}
"""Files of prompts/scripts/LANGUAGE."""

_OF_KIND = {
    RequestKind.REPAIR: Reason.REPAIR,
    RequestKind.COMPLAINT: Reason.COMPLAINT,
    RequestKind.PAID: Reason.PAID,
}


class Verdict(StrEnum):
    """What a talk came to."""

    SATISFIED = "satisfied"
    DISSATISFIED = "dissatisfied"
    PERSON = "person"  # wanted one: a person asks, and writes it down
    DONE = "done"  # heard, where nothing is judged
    UNHEARD = "unheard"  # no answer: still due


VERDICT_WORDS = {
    Verdict.SATISFIED: "满意",
    Verdict.DISSATISFIED: "不满意",
    Verdict.PERSON: "转人工",
    Verdict.DONE: "已完成",
    Verdict.UNHEARD: "未答复",
}

SATISFACTION = {
    "very_satisfied": 5,
    "satisfied": 4,
    "neutral": 3,
    "dissatisfied": 2,
    "very_dissatisfied": 1,
}
"""The answers to a question of satisfaction, as figures (PAGES.md)."""

NOT_FIXED = 2  # as bad as 不满意, whatever is said about the staff


def reason(kind: RequestKind, rules: Callbacks) -> Reason | None:
    """Why the owner of such a request is phoned when it is resolved; None: not by rule."""
    found = _OF_KIND.get(kind)
    return None if found is Reason.PAID and not rules.paid else found


def due(request: Request, rules: Callbacks, window: Window) -> float:
    """When the owner is first asked about a request that was resolved.

    A repair the day it is resolved if that can be, a complaint within three days; always
    in the hours in which people may be phoned.
    """
    resolved = request.resolved_at or request.created_at
    if request.kind is RequestKind.COMPLAINT:
        wanted = resolved + rules.complaint_after_h * 3600
    else:
        wanted = resolved + rules.repair_after_min * 60
        last = window.next_close(window.next_open(resolved)) - LAST_CALL_S
        if resolved < last < wanted:
            wanted = last
    return window.next_open(wanted)


def deadline(request: Request, window: Window) -> float:
    """When a callback that was not made yet is late."""
    resolved = request.resolved_at or request.created_at
    if request.kind is RequestKind.COMPLAINT:
        return resolved + COMPLAINT_WITHIN * DAY_S
    closes = window.next_close(window.next_open(resolved))
    return closes if closes > resolved else resolved + DAY_S  # phoned at any hour


def again(days: Iterable[str], today: datetime, rules: Callbacks) -> datetime | None:
    """When somebody who was not reached on `days` (ISO dates) is tried next; None: now.

    Daily at first, at another time of the day, then once a week: due, not hunted.
    """
    tried = sorted({datetime.fromisoformat(day).date() for day in days})
    if not tried:
        return None
    gap = timedelta(days=1 if len(tried) < DAILY else WEEK)
    hour, minute = map(int, rules.again_at.split(":"))
    return datetime.combine(tried[-1] + gap, datetime.min.time(), today.tzinfo).replace(
        hour=hour, minute=minute
    )


class Answered(Protocol):
    """One answer of a talk."""

    @property
    def question(self) -> str: ...
    @property
    def choice(self) -> str | None: ...


def verdict(result: str, wish: str, answers: Iterable[Answered], judged: bool) -> Verdict:
    """What a talk that ended with `result` came to.

    Whoever hangs up after the answer has answered: what was said counts, not how the
    talk ended. A wish for a person goes before everything. `judged`: it was about work
    that is good or not; otherwise an answer is an answer.
    """
    if result == "person" or wish == "person":
        return Verdict.PERSON
    if judged and result in (Verdict.SATISFIED, Verdict.DISSATISFIED):
        return Verdict(result)
    marks = [mark for answer in answers if (mark := _mark(answer)) is not None]
    if not judged:
        return Verdict.DONE if marks or result == Verdict.DONE else Verdict.UNHEARD
    if not marks:
        return Verdict.UNHEARD
    return Verdict.SATISFIED if min(marks) > NOT_FIXED else Verdict.DISSATISFIED


def _mark(answer: Answered) -> int | None:
    if answer.choice is None:
        return None
    if answer.question == "fixed":
        return NOT_FIXED if answer.choice == "no" else None
    return SATISFACTION.get(answer.choice)


def follows(found: Verdict, request: Request, rules: Callbacks) -> RequestState | None:
    """The state that a verdict leads `request` to; None: it stays as it is.

    The n-th 不满意 (`escalate_after`) is the manager's, and a person calls. Whoever wanted
    a person or said nothing stays due.
    """
    if request.state not in (RequestState.RESOLVED, RequestState.CALLING_BACK):
        return None  # a person was faster
    if found is Verdict.SATISFIED:
        return RequestState.SATISFIED
    if found is Verdict.DISSATISFIED:
        last = request.rounds + 1 >= rules.escalate_after
        return RequestState.ESCALATED if last else RequestState.REOPENED
    return None


def needs_person(request: Request, rules: Callbacks) -> bool:
    """Whether somebody of the office has to confirm before a satisfied request is closed."""
    return request.kind is RequestKind.COMPLAINT and rules.confirm_complaints
