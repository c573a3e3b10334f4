"""The trade's limits for service requests: what must happen to one by when. Pure.

Numbers are settings ([requests]); their defaults are the manuals' (RULES.md).
Each limit has a warning before it and a breach after it. Limits run while there
is work to do; a request that was opened again begins anew.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import NamedTuple
from zoneinfo import ZoneInfo

from ivr.desk.calendar import DayKind, DayKindOf, day_kind
from ivr.desk.request import UNDONE, Request, RequestKind, RequestState, Severity
from ivr.settings import Requests

MINUTE = 60.0
HOUR = 3600.0


class Need(StrEnum):
    """What must have happened."""

    ASSIGNED = "assigned"
    ON_SITE = "on_site"
    ANSWERED = "answered"
    SAME_DAY = "same_day"
    SOLVED = "solved"
    PROMISED = "promised"


NEED_WORDS = {
    Need.ASSIGNED: "派工",
    Need.ON_SITE: "到场",
    Need.ANSWERED: "答复业主",
    Need.SAME_DAY: "当日答复",
    Need.SOLVED: "处理完毕",
    Need.PROMISED: "承诺时间",
}


class Step(StrEnum):
    WARNING = "warning"
    BREACH = "breach"


@dataclass(frozen=True, slots=True)
class Limit:
    """`met_at` is when the need was met, None while it is not."""

    need: Need
    warn_at: float
    breach_at: float
    met_at: float | None

    @property
    def is_kept(self) -> bool:
        return self.met_at is not None and self.met_at <= self.breach_at

    def step(self, at: float) -> Step | None:
        """How it stands while the need is unmet; None: in good time, or met."""
        if self.met_at is not None or at < self.warn_at:
            return None
        return Step.BREACH if at >= self.breach_at else Step.WARNING


class Moment(NamedTuple):
    """Something to be told about a request."""

    at: float
    need: Need
    step: Step
    breach_at: float


def limits(
    request: Request, settings: Requests, zone: ZoneInfo, day_kind_of: DayKindOf = day_kind
) -> list[Limit]:
    """All that the request's present round is held to, the earliest breach first."""
    found = [
        Limit(
            need,
            warn_at=request.since + (breach_at - request.since) * settings.warn_share,
            breach_at=breach_at,
            met_at=_met_at(request, need),
        )
        for need, breach_at in _breaches(request, settings, zone, day_kind_of)
    ]
    return sorted(found, key=lambda limit: limit.breach_at)


def unmet(
    request: Request, settings: Requests, zone: ZoneInfo, day_kind_of: DayKindOf = day_kind
) -> list[Limit]:
    """What still has to happen, the earliest first; nothing once the work is done."""
    if request.state not in UNDONE:
        return []
    return [limit for limit in limits(request, settings, zone, day_kind_of) if limit.met_at is None]


def moments(open_limits: list[Limit]) -> list[Moment]:
    """When there is something to tell about these, in order."""
    return sorted(
        Moment(at, limit.need, step, limit.breach_at)
        for limit in open_limits
        for at, step in ((limit.warn_at, Step.WARNING), (limit.breach_at, Step.BREACH))
    )


def day_end(day: date, zone: ZoneInfo) -> float:
    """Midnight after `day`, in seconds since the epoch."""
    return datetime.combine(day + timedelta(days=1), time(), zone).timestamp()


def working_days_after(
    at: float, days: int, zone: ZoneInfo, day_kind_of: DayKindOf = day_kind
) -> float:
    """The end of the `days`-th working day after the day of `at`.

    Working days are China's: weekends that are worked instead (调休) count,
    holidays do not.
    """
    day = datetime.fromtimestamp(at, zone).date()
    while days > 0:
        day += timedelta(days=1)
        if day_kind_of(day) is DayKind.WORKDAY:
            days -= 1
    return day_end(day, zone)


def same_day(at: float, until: str, zone: ZoneInfo) -> float:
    """The end of the day of `at`; of the next one for what came after the hour `until`."""
    when = datetime.fromtimestamp(at, zone)
    late = until != "24:00" and when.time() >= time.fromisoformat(until)
    return day_end(when.date() + timedelta(days=late), zone)


def _breaches(
    request: Request, settings: Requests, zone: ZoneInfo, day_kind_of: DayKindOf
) -> Iterator[tuple[Need, float]]:
    since = request.since
    complaint = request.kind is RequestKind.COMPLAINT
    emergency = request.severity is Severity.EMERGENCY
    spans = {
        Need.ASSIGNED: settings.complaint_assigned_min * MINUTE if complaint else 0.0,
        Need.ON_SITE: _on_site_min(request, settings) * MINUTE,
        Need.ANSWERED: (settings.complaint_answered_h if complaint else settings.answered_h) * HOUR,
        Need.SOLVED: settings.complaint_solved_h * HOUR if complaint else 0.0,
    }
    if complaint and request.severity is Severity.SEVERE:
        spans[Need.SOLVED] = 0.0
        if settings.severe_solved_days:
            yield (
                Need.SOLVED,
                working_days_after(since, settings.severe_solved_days, zone, day_kind_of),
            )
    for need, span in spans.items():
        if span:
            yield need, since + span
    ordinary = not complaint and not emergency and request.severity is not Severity.URGENT
    if ordinary and settings.same_day_until:
        yield Need.SAME_DAY, same_day(since, settings.same_day_until, zone)
    if request.promised_at is not None:
        yield Need.PROMISED, request.promised_at


def _on_site_min(request: Request, settings: Requests) -> float:
    if request.severity is Severity.EMERGENCY:
        return settings.emergency_on_site_min
    if request.kind is RequestKind.COMPLAINT:
        return settings.complaint_on_site_min
    if request.severity is Severity.URGENT and request.kind in (
        RequestKind.REPAIR,
        RequestKind.HELP,
    ):
        return settings.urgent_on_site_min
    return 0.0


def _met_at(request: Request, need: Need) -> float | None:
    """What is done was answered, seen and given to somebody as well."""
    met = {
        Need.ASSIGNED: (request.assigned_at, request.on_site_at),
        Need.ON_SITE: (request.on_site_at,),
        Need.ANSWERED: (request.answered_at,),
        Need.SAME_DAY: (request.answered_at,),
        Need.SOLVED: (),
        Need.PROMISED: (),
    }[need]
    ended = request.closed_at if request.state is RequestState.CLOSED else None
    times = [at for at in (*met, request.resolved_at, ended) if at is not None]
    return min(times, default=None)
