"""What the tracker concludes, in the order it happened.

`call` in a fact is the tracker's own living object: read it at once, never
change it. After CallEnded nothing changes it any more. `at` is Asterisk's time
(None where the source has none).
"""

from typing import NamedTuple

from ivr.calls.model import Call, Leg, Transfer


class CallStarted(NamedTuple):
    at: float | None
    call: Call


class CallChanged(NamedTuple):
    """Caller, called number or direction became better known."""

    at: float | None
    call: Call


class LegRinging(NamedTuple):
    at: float | None
    call: Call
    leg: Leg


class LegEnded(NamedTuple):
    """A leg stopped ringing or talking; `leg.outcome` says how."""

    at: float | None
    call: Call
    leg: Leg


class SystemAnswered(NamedTuple):
    """The caller's line was answered by the dialplan, not by a person."""

    at: float | None
    call: Call


class CallAnswered(NamedTuple):
    """A person answered: the first one (`leg.channel == call.answered_by`) or,
    after a transfer, a later one."""

    at: float | None
    call: Call
    leg: Leg


class CallHeld(NamedTuple):
    at: float | None
    call: Call
    held: bool  # False: taken back


class TransferStarted(NamedTuple):
    at: float | None
    call: Call
    transfer: Transfer


class TransferEnded(NamedTuple):
    at: float | None
    call: Call
    transfer: Transfer


class CallMerged(NamedTuple):
    """What looked like a call of its own (a consultation, a pickup) was part of `call`."""

    at: float | None
    call: Call
    gone_id: str


class Marked(NamedTuple):
    """A UserEvent of the dialplan; `call` is None when its channel is unknown."""

    at: float | None
    call: Call | None
    name: str
    fields: dict[str, str]


class CallEnded(NamedTuple):
    at: float | None
    call: Call


Fact = (
    CallStarted | CallChanged | LegRinging | LegEnded | SystemAnswered | CallAnswered
    | CallHeld | TransferStarted | TransferEnded | CallMerged | Marked | CallEnded
)  # fmt: skip
