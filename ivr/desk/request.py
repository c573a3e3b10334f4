"""Service requests (服务工作单): their words and their states. Pure.

A request is what an owner wants done. Its *keeper* took it first and keeps it
until it is closed (首问负责); a *department* does the work. Times are seconds
since the epoch, UTC.
"""

from dataclasses import dataclass
from enum import StrEnum


class RequestKind(StrEnum):
    REPAIR = "repair"
    COMPLAINT = "complaint"
    PAID = "paid"
    ADVICE = "advice"
    HELP = "help"
    INQUIRY = "inquiry"


KIND_WORDS = {
    RequestKind.REPAIR: "报修",
    RequestKind.COMPLAINT: "投诉",
    RequestKind.PAID: "有偿服务",
    RequestKind.ADVICE: "建议",
    RequestKind.HELP: "求助",
    RequestKind.INQUIRY: "咨询",
}


class Severity(StrEnum):
    NORMAL = "normal"
    URGENT = "urgent"
    SEVERE = "severe"  # of complaints: solved in days, not hours
    EMERGENCY = "emergency"  # fire, injury, people shut in a lift


SEVERITY_WORDS = {
    Severity.NORMAL: "一般",
    Severity.URGENT: "紧急",
    Severity.SEVERE: "重大",
    Severity.EMERGENCY: "火警 伤亡 电梯困人",
}


class RequestState(StrEnum):
    OPEN = "open"
    ASSIGNED = "assigned"
    ON_SITE = "on_site"
    RESOLVED = "resolved"
    CALLING_BACK = "calling_back"
    SATISFIED = "satisfied"
    REOPENED = "reopened"
    CLOSED = "closed"
    ESCALATED = "escalated"


STATE_WORDS = {
    RequestState.OPEN: "待派",
    RequestState.ASSIGNED: "已派",
    RequestState.ON_SITE: "到场",
    RequestState.RESOLVED: "已处理",
    RequestState.CALLING_BACK: "回访中",
    RequestState.SATISFIED: "满意",
    RequestState.REOPENED: "重新处理",
    RequestState.CLOSED: "关闭",
    RequestState.ESCALATED: "升级",
}

UNDONE = frozenset(
    {
        RequestState.OPEN,
        RequestState.ASSIGNED,
        RequestState.ON_SITE,
        RequestState.REOPENED,
        RequestState.ESCALATED,
    }
)
"""Somebody still has work to do; the limits of the trade run."""

NEXT_STATES: dict[RequestState, frozenset[RequestState]] = {
    RequestState.OPEN: frozenset(
        {
            RequestState.ASSIGNED,
            RequestState.ON_SITE,
            RequestState.RESOLVED,
            RequestState.CLOSED,
            RequestState.ESCALATED,
        }
    ),
    RequestState.ASSIGNED: frozenset(
        {
            RequestState.ASSIGNED,  # to somebody else
            RequestState.ON_SITE,
            RequestState.RESOLVED,
            RequestState.CLOSED,
            RequestState.ESCALATED,
        }
    ),
    RequestState.ON_SITE: frozenset(
        {
            RequestState.ASSIGNED,
            RequestState.RESOLVED,
            RequestState.CLOSED,
            RequestState.ESCALATED,
        }
    ),
    RequestState.RESOLVED: frozenset(
        {
            RequestState.CALLING_BACK,
            RequestState.SATISFIED,
            RequestState.REOPENED,
            RequestState.CLOSED,
            RequestState.ESCALATED,
        }
    ),
    RequestState.CALLING_BACK: frozenset(
        {
            RequestState.RESOLVED,  # nobody was reached: it stays due
            RequestState.SATISFIED,
            RequestState.REOPENED,
            RequestState.CLOSED,
            RequestState.ESCALATED,
        }
    ),
    RequestState.SATISFIED: frozenset({RequestState.REOPENED, RequestState.CLOSED}),
    RequestState.REOPENED: frozenset(
        {
            RequestState.ASSIGNED,
            RequestState.ON_SITE,
            RequestState.RESOLVED,
            RequestState.CLOSED,
            RequestState.ESCALATED,
        }
    ),
    RequestState.CLOSED: frozenset({RequestState.REOPENED}),
    RequestState.ESCALATED: frozenset(
        {
            RequestState.ASSIGNED,
            RequestState.ON_SITE,
            RequestState.RESOLVED,
            RequestState.SATISFIED,  # a person called, and heard so
            RequestState.CLOSED,
        }
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    id: str  # UUID version 7
    number: str  # "20261122-003": what people say
    kind: RequestKind
    severity: Severity
    state: RequestState
    title: str  # 厨房水龙头漏水: short, also spoken
    detail: str
    home: str  # "3-1-1201", as str(Home), or ""
    owner: str  # id of an owner, or ""
    contact: str  # who is to be asked for
    phone: str
    department: str
    assignee: str
    keeper: str  # 首问负责: who took it first
    call: str  # id of the call it came from, or ""
    created_at: float
    promised_at: float | None
    assigned_at: float | None
    on_site_at: float | None
    resolved_at: float | None
    closed_at: float | None
    rounds: int = 0  # callbacks that ended unsatisfied
    version: int = 1  # goes up with every change
    answered_at: float | None = None  # the owner knows what will happen, and when
    reopened_at: float | None = None

    @property
    def since(self) -> float:
        """When the limits of the present round of work began to run."""
        return self.reopened_at or self.created_at


class What(StrEnum):
    """What an entry of the history is about."""

    CREATED = "created"
    CHANGED = "changed"  # fields, not the state
    ASSIGNED = "assigned"
    ON_SITE = "on_site"
    ANSWERED = "answered"
    RESOLVED = "resolved"
    CALLING_BACK = "calling_back"
    SATISFIED = "satisfied"
    REOPENED = "reopened"
    ESCALATED = "escalated"
    CLOSED = "closed"
    NOTE = "note"
    WARNING = "warning"  # a limit comes near
    BREACH = "breach"  # a limit has passed
    ALARM = "alarm"  # of an emergency: who was phoned, who confirmed


WHAT_WORDS = {
    What.CREATED: "登记",
    What.CHANGED: "更正",
    What.ASSIGNED: "派工",
    What.ON_SITE: "到场",
    What.ANSWERED: "答复业主",
    What.RESOLVED: "处理完毕",
    What.CALLING_BACK: "开始回访",
    What.SATISFIED: "业主满意",
    What.REOPENED: "重新处理",
    What.ESCALATED: "升级",
    What.CLOSED: "关闭",
    What.NOTE: "备注",
    What.WARNING: "将超时",
    What.BREACH: "超时",
    What.ALARM: "紧急呼叫",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of a request's history; never changed, never deleted."""

    id: str
    request: str
    at: float
    by: str  # a person's name, or "" when it was ivr itself
    what: What
    from_state: RequestState | None
    to_state: RequestState
    text: str
    need: str = ""  # what a warning, breach or alarm is about: ivr.desk.limits.Need, say
