"""What a step makes of a request, and the words its history keeps of it. Pure."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from ivr.desk import intake
from ivr.desk.request import STATE_WORDS, Request, RequestState
from ivr.errors import UserError
from ivr.settings import Settings


class After(NamedTuple):
    """The request after a step; its state is not changed here."""

    request: Request
    text: str


def corrected(request: Request, fields: Mapping[str, Any], settings: Settings, now: float) -> After:
    """`fields` are those of `Draft`, but for its call and origin. Raises UserError for a
    field that cannot stand."""
    wanted = {
        field: intake.checked_field(field, value, settings) if field in intake.TEXTS else value
        for field, value in fields.items()
    }
    changes: dict[str, Any] = {
        field: value for field, value in wanted.items() if value != getattr(request, field)
    }
    changed = replace(request, **changes)
    intake.check_severity(changed.kind, changed.severity)
    if "promised_at" in changes:
        intake.check_promise(changed.promised_at, now)
    zone = settings.site.zone
    words = [
        f"{intake.WORDING[field]}：{_shown(getattr(request, field), zone)} → "
        f"{_shown(getattr(changed, field), zone)}"
        for field in changes
    ]
    return After(changed, "；".join(words))


def assigned(
    request: Request,
    department: str,
    assignee: str,
    promised_at: float | None,
    text: str,
    now: float,
    zone: ZoneInfo,
) -> After:
    """Given to a department or a person; what is empty stays as it is."""
    # another department's person is not this one's
    person = assignee or (request.assignee if department in ("", request.department) else "")
    changed = replace(
        request,
        department=department or request.department,
        assignee=person,
        promised_at=promised_at or request.promised_at,
        assigned_at=request.assigned_at or now,
    )
    promise = f"承诺 {clock(promised_at, zone)}" if promised_at else ""
    words = (changed.department, changed.assignee, promise, text)
    return After(changed, " ".join(word for word in words if word))


def on_site(request: Request, text: str, now: float) -> After:
    return After(replace(request, on_site_at=request.on_site_at or now), text)


def answered(request: Request, promised_at: float | None, text: str, now: float) -> After:
    changed = replace(
        request,
        answered_at=request.answered_at or now,
        promised_at=promised_at or request.promised_at,
    )
    return After(changed, text)


def resolved(request: Request, text: str, now: float) -> After:
    return After(replace(request, resolved_at=now), text)


def reopened(request: Request, text: str, now: float, *, unsatisfied: bool) -> After:
    """Nothing of what was done counts any more: its limits run anew."""
    changed = replace(
        request,
        reopened_at=now,
        rounds=request.rounds + unsatisfied,
        promised_at=None,
        assigned_at=None,
        on_site_at=None,
        answered_at=None,
        resolved_at=None,
        closed_at=None,
    )
    return After(changed, text)


def escalated(request: Request, text: str, *, unsatisfied: bool) -> After:
    # as after a reopening: what was done is not done
    rounds = request.rounds + unsatisfied
    return After(replace(request, rounds=rounds, resolved_at=None), text)


def closed(request: Request, text: str, now: float) -> After:
    """Raises UserError without a reason where the owner has not said that they are satisfied."""
    if request.state is not RequestState.SATISFIED and not text.strip():
        raise UserError(
            f"工单 {request.number} is {STATE_WORDS[request.state]}, not 满意: "
            "write why it is closed"
        )
    return After(replace(request, closed_at=now), text)


def clock(at: float, zone: ZoneInfo) -> str:
    """A moment as the history has it."""
    return f"{datetime.fromtimestamp(at, zone):%m-%d %H:%M}"


def _shown(value: Any, zone: ZoneInfo) -> str:
    if isinstance(value, float):
        return clock(value, zone)
    return str(value) if value else "（空）"
