"""A call, its legs and its transfers, as the tracker builds them.

Times are seconds since the epoch, UTC, from Asterisk's own clock; None where
the trace has no Timestamp. Durations are seconds.
"""

from dataclasses import dataclass, field
from enum import StrEnum


class Direction(StrEnum):
    INBOUND = "inbound"  # an outside line rang us
    OUTBOUND = "outbound"  # one of us, or the dialer, rang an outside line
    INTERNAL = "internal"


class Disposition(StrEnum):
    ANSWERED = "answered"  # a person answered
    NO_ANSWER = "no_answer"
    ABANDONED = "abandoned"  # the caller gave up before a person answered
    BUSY = "busy"
    FAILED = "failed"


class Side(StrEnum):
    CALLER = "caller"
    CALLEE = "callee"
    SYSTEM = "system"


class LegOutcome(StrEnum):
    ANSWERED = "answered"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    FAILED = "failed"  # unreachable, congestion, refused before it rang
    ELSEWHERE = "elsewhere"  # another phone answered, or it was picked up
    CANCELLED = "cancelled"  # the caller gave up


class TransferKind(StrEnum):
    BLIND = "blind"
    ATTENDED = "attended"


class TransferOutcome(StrEnum):
    ANSWERED = "answered"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    FAILED = "failed"
    ABANDONED = "abandoned"  # the caller hung up while it rang
    RETURNED = "returned"  # came back to the one who transferred


@dataclass(slots=True)
class Leg:
    """One phone that was called for the call."""

    channel: str
    uniqueid: str
    ext: str  # "101": the part of the channel's name between / and -
    dial_at: float | None = None
    ring_at: float | None = None
    answer_at: float | None = None
    end_at: float | None = None
    rang: bool = False
    outcome: LegOutcome | None = None  # None while it is open
    cause: int | None = None  # Q.850 hangup cause
    breach: bool = False  # it was ringing when the call broke the three-ring rule


@dataclass(slots=True)
class Transfer:
    kind: TransferKind
    by: str  # extension of the one who transferred; "": nobody talked to the caller yet
    to: str  # what was dialled, or the extension that got the call
    at: float | None = None
    end_at: float | None = None
    outcome: TransferOutcome | None = None


@dataclass(slots=True)
class Hold:
    """A while in which the call was held (保持) by one of those who talked."""

    begin_at: float | None
    end_at: float | None


@dataclass(slots=True)
class Call:
    """One conversation with one caller, however many phones it passes."""

    call_id: str  # Linkedid of its oldest channel
    caller: str
    caller_name: str
    called: str
    caller_channel: str
    caller_uniqueid: str
    direction: Direction = Direction.INTERNAL
    start_at: float | None = None
    ring_at: float | None = None  # the first phone began to ring
    system_answer_at: float | None = None  # the caller's line was answered, by no person
    answer_at: float | None = None  # a person answered
    end_at: float | None = None
    answered_by: str | None = None  # channel name
    answered_ext: str | None = None
    disposition: Disposition | None = None  # None while it is open
    hangup_by: Side | None = None
    cause: int | None = None
    cause_text: str = ""
    hold_s: float = 0.0
    holds: list[Hold] = field(default_factory=list)
    legs: list[Leg] = field(default_factory=list)
    transfers: list[Transfer] = field(default_factory=list)
    attempt_id: str | None = None  # the outbound attempt that made it, if any
    recording: bool = False
    repaired: bool = False  # part of it happened while nobody watched

    @property
    def ring_s(self) -> float | None:
        """Seconds from the first phone's ringing to a person's answer, or to the end."""
        if self.ring_at is None:
            return None
        until = self.answer_at if self.answer_at is not None else self.end_at
        return None if until is None else max(0.0, until - self.ring_at)

    @property
    def wait_s(self) -> float | None:
        """Seconds the caller waited for a person, from the call's start."""
        until = self.answer_at if self.answer_at is not None else self.end_at
        if self.start_at is None or until is None:
            return None
        return max(0.0, until - self.start_at)

    @property
    def talk_s(self) -> float | None:
        """Seconds from the first answer to the end, holds included; 0 if nobody answered."""
        if self.end_at is None:
            return None
        return 0.0 if self.answer_at is None else max(0.0, self.end_at - self.answer_at)
