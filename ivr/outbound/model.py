"""A campaign, its tasks and their attempts: the words and the states of outbound calling.

A *campaign* is one reason to phone people (an outage notice, satisfaction
callbacks). A *task* is one household in it, to be reached on any of its numbers.
An *attempt* is one call to one number: a committed row before anything rings.
Times are seconds since the epoch, UTC.
"""

from dataclasses import dataclass
from enum import StrEnum


class AttemptState(StrEnum):
    """Only forwards (NEXT_STATES); what is done stays done."""

    CREATED = "created"  # committed; Asterisk has not shown a channel yet
    DIALLING = "dialling"  # its channel was seen
    RINGING = "ringing"
    TALKING = "talking"
    DONE = "done"


NEXT_STATES: dict[AttemptState, frozenset[AttemptState]] = {
    state: frozenset(list(AttemptState)[index + 1 :]) for index, state in enumerate(AttemptState)
}
"""A phone may be lifted unseen or without ringing, and any call may end at once."""


class Outcome(StrEnum):
    """What became of an attempt, and of a household."""

    CONFIRMED = "confirmed"  # 已确认: pressed the key
    HEARD = "heard"  # 已收听未确认: heard the message to its end
    VOICEMAIL = "voicemail"  # 语音信箱
    NO_ANSWER = "no_answer"  # 无人接听
    BUSY = "busy"  # 占线
    UNALLOCATED = "unallocated"  # 空号
    UNREACHABLE = "unreachable"  # 关机/无法接通
    SUSPENDED = "suspended"  # 停机
    REJECTED = "rejected"  # 拒接
    CONGESTION = "congestion"  # 线路拥塞: ours or the carrier's fault
    HUNG_UP = "hung_up"  # 接听后挂断: answered, gone before the end of the message
    TRANSFERRED = "transferred"  # 已转人工
    DO_NOT_CALL = "do_not_call"  # 勿扰
    OUT_OF_WINDOW = "out_of_window"  # 时段外
    DUPLICATE = "duplicate"  # 已重复: another household's call told this one
    CALLED_IN = "called_in"  # 已回电确认: heard it when calling the hotline
    FORBIDDEN = "forbidden"  # 号码不允许: not on the allow-list
    CANCELLED = "cancelled"  # 已取消
    UNKNOWN = "unknown"  # 未知: nobody can tell what happened


OUTCOME_WORDS = {
    Outcome.CONFIRMED: "已确认",
    Outcome.HEARD: "已收听未确认",
    Outcome.VOICEMAIL: "语音信箱",
    Outcome.NO_ANSWER: "无人接听",
    Outcome.BUSY: "占线",
    Outcome.UNALLOCATED: "空号",
    Outcome.UNREACHABLE: "关机/无法接通",
    Outcome.SUSPENDED: "停机",
    Outcome.REJECTED: "拒接",
    Outcome.CONGESTION: "线路拥塞",
    Outcome.HUNG_UP: "接听后挂断",
    Outcome.TRANSFERRED: "已转人工",
    Outcome.DO_NOT_CALL: "勿扰",
    Outcome.OUT_OF_WINDOW: "时段外",
    Outcome.DUPLICATE: "已重复",
    Outcome.CALLED_IN: "已回电确认",
    Outcome.FORBIDDEN: "号码不允许",
    Outcome.CANCELLED: "已取消",
    Outcome.UNKNOWN: "未知",
}


TOLD = frozenset({Outcome.CONFIRMED, Outcome.HEARD, Outcome.TRANSFERRED, Outcome.CALLED_IN})
"""The household knows; it is never phoned again for the same campaign."""

DEAD = frozenset({Outcome.UNALLOCATED, Outcome.SUSPENDED, Outcome.FORBIDDEN})
"""The number is of no use; ringing it again changes nothing."""


class CampaignState(StrEnum):
    DRAFT = "draft"
    APPROVED = "approved"  # may be started (a second person said yes where that is needed)
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    CANCELLED = "cancelled"


NEXT_CAMPAIGN_STATES: dict[CampaignState, frozenset[CampaignState]] = {
    CampaignState.DRAFT: frozenset({CampaignState.APPROVED, CampaignState.CANCELLED}),
    CampaignState.APPROVED: frozenset({CampaignState.RUNNING, CampaignState.CANCELLED}),
    CampaignState.RUNNING: frozenset(
        {CampaignState.PAUSED, CampaignState.DONE, CampaignState.CANCELLED}
    ),
    CampaignState.PAUSED: frozenset(
        {CampaignState.RUNNING, CampaignState.DONE, CampaignState.CANCELLED}
    ),
    CampaignState.DONE: frozenset({CampaignState.RUNNING}),  # there is something new to say
    CampaignState.CANCELLED: frozenset({CampaignState.RUNNING}),  # … or: the outage is off
}


ONE_BY_ONE = frozenset({"callback", "weekly", "briefing", "alarm", "reminder"})
"""Kinds of campaign whose tasks each have something of their own to say: a call tells
one of them, even if others have the same number."""


class Urgency(StrEnum):
    """Higher urgency is dialled first; only URGENT may leave the window, by permission."""

    URGENT = "urgent"
    NORMAL = "normal"
    SURVEY = "survey"


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    id: str
    kind: str  # "notice", "callback", "restored" …
    title: str
    urgency: Urgency
    state: CampaignState
    created_at: float
    not_before: float  # no attempt earlier
    not_after: float  # and none later
    outside_window: bool = False  # permission to phone outside the daily window
    created_by: str = ""
    approved_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One household of a campaign. Open while `outcome` is None."""

    id: str
    campaign_id: str
    household: str  # id of the home
    numbers: tuple[str, ...]  # in the order to be tried; national digits, checked
    subject: str  # what is said to this household: id of its rendered message or script
    due_at: float  # not before; moved on after every attempt
    quiet: str = ""  # "12:00-14:00": hours in which this household is not phoned
    opened_at: float = 0.0  # attempts from before are of an earlier round and do not count
    tries: int = 0
    number_index: int = 0  # which of `numbers` is next
    outcome: Outcome | None = None
    duplicate_of: str = ""  # the task whose call tells this household too
    settled_at: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One call. Its id is the ChannelId that Asterisk gets."""

    id: str
    task_id: str
    campaign_id: str
    number: str
    state: AttemptState
    created_at: float
    dialled_at: float | None = None
    ringing_at: float | None = None
    answered_at: float | None = None
    ended_at: float | None = None
    outcome: Outcome | None = None
    cause: int | None = None  # Q.850
    keys: str = ""  # pressed during the call
    note: str = ""


@dataclass(frozen=True, slots=True)
class Talk:
    """What a conversation came to, told to the dialer by whoever held it."""

    outcome: Outcome
    keys: str = ""
    note: str = ""
