"""From a finished call to what the log keeps of it: rows, pure and complete."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from ivr import ids
from ivr.calls import numbers, rings
from ivr.calls.causes import CAUSES, cause_words
from ivr.calls.model import Call, Direction, Disposition, Leg, Transfer
from ivr.calls.recording import RecordingState
from ivr.settings import Rings, Settings
from ivr.store.calls import CallRow, HoldRow, LegRow, TransferRow
from ivr.store.worklist import Entry, Kind

SYSTEM_ABANDONED = "system_abandoned"
"""Disposition in the log: answered by the system, then given up by the caller."""

LETS_GO_S = 0.5
"""A Dial() that was given until the deadline counts from its own beginning, a little
before the first ring: its phones fall silent shortly before the promise is broken."""

TEXT_LIMIT = 128  # characters of a caller's name or number that are kept


class Finished(NamedTuple):
    """A call that ended: its row, and the worklist entry it makes, if any."""

    row: CallRow
    todo: Entry | None


@dataclass(frozen=True, slots=True)
class Requested:
    """A caller pressed 1 to be called back."""

    todo: Entry


Record = Finished | Requested


def clean(text: str) -> str:
    """Outside text as the log may keep it: one short line of valid Unicode."""
    valid = text[: TEXT_LIMIT * 2].encode("utf-8", "replace").decode("utf-8")
    return re.sub(r"[\x00-\x1f\x7f\u2028\u2029]+", " ", valid).strip()[:TEXT_LIMIT]


def breached(call: Call, rules: Rings) -> bool:
    """Whether an outside caller was not picked up by a person within `max_rings`.

    Counted from what the caller heard first, a phone's ringing or the system:
    over the deadline without a person, or the system had to take a ringing call.
    A caller who gave up before the deadline is no breach.
    """
    if call.direction is not Direction.INBOUND:
        return False
    if any(leg.breach for leg in call.legs) or _system_took_over(call):
        return True
    heard = [at for at in (call.ring_at, call.system_answer_at) if at is not None]
    until = call.answer_at if call.answer_at is not None else call.end_at
    return bool(heard) and until is not None and until - min(heard) > rules.deadline_s


def finished(call: Call, settings: Settings, *, recording: str, now: float) -> Finished:
    """`recording` is the file's path relative to the data folder; `now` is used
    where Asterisk gave no time."""
    breach = breached(call, settings.rings)
    broken_at = _broken_at(call, settings.rings) if breach else None
    line = settings.line_of(call.called) if call.direction is Direction.INBOUND else None
    row = CallRow(
        id=ids.uuid7(call.start_at if call.start_at is not None else now),
        site=settings.site.id,
        call_id=clean(call.call_id),
        direction=call.direction.value,
        caller=clean(call.caller),
        caller_key=numbers.key(clean(call.caller)),
        caller_name=clean(call.caller_name),
        called=clean(call.called),
        called_key=numbers.key(clean(call.called)),
        line=line.name if line else "",
        start_at=call.start_at,
        ring_at=call.ring_at,
        system_answer_at=call.system_answer_at,
        answer_at=call.answer_at,
        end_at=call.end_at,
        answered_ext=clean(call.answered_ext or ""),
        answered_channel=clean(call.answered_by or ""),
        rings=_rings(call.ring_s, settings.rings),
        ring_s=call.ring_s,
        wait_s=call.wait_s,
        talk_s=call.talk_s,
        hold_s=call.hold_s,
        disposition=_disposition(call),
        hangup_by=call.hangup_by.value if call.hangup_by else "",
        breach=breach,
        cause=call.cause,
        cause_text=cause_words(call.cause) if call.cause in CAUSES else clean(call.cause_text),
        recording=recording if call.recording else "",
        recording_state=RecordingState.UNCHECKED if call.recording else RecordingState.NONE,
        repaired=call.repaired,
        attempt_id=clean(call.attempt_id or ""),
        logged_at=now,
        legs=tuple(_leg(leg, broken_at, settings.rings) for leg in call.legs),
        transfers=tuple(_transfer(transfer) for transfer in call.transfers),
        holds=tuple(HoldRow(begin_at=hold.begin_at, end_at=hold.end_at) for hold in call.holds),
    )
    return Finished(row, _abandoned(row, now))


def requested(
    fields: Mapping[str, str], call: Call | None, settings: Settings, *, at: float
) -> Requested:
    """A request for a call back, made at `at`.

    `fields` of the dialplan's event, in any case: Number, whom to call (default:
    the caller), and Line, the line's name (default: the one that was dialled).
    """
    given = {name.lower(): value for name, value in fields.items()}
    number = clean(given.get("number") or (call.caller if call else ""))
    line = settings.line(given.get("line", "")) or (settings.line_of(call.called) if call else None)
    return Requested(
        Entry(
            id=ids.uuid7(at),
            kind=Kind.CALLBACK,
            number=number,
            number_key=numbers.key(number),
            line=line.name if line else "",
            call_id=clean(call.call_id) if call else "",
            created_at=at,
        )
    )


def _disposition(call: Call) -> str:
    if call.disposition is None:
        return Disposition.FAILED.value
    if call.disposition is Disposition.ABANDONED and call.system_answer_at is not None:
        return SYSTEM_ABANDONED
    return call.disposition.value


def _abandoned(row: CallRow, now: float) -> Entry | None:
    """Outside callers whom no person answered are called back. A call that failed
    before any phone rang is the line's trouble, not the caller's."""
    if row.direction != Direction.INBOUND or row.disposition in (
        Disposition.ANSWERED,
        Disposition.FAILED,
    ):
        return None
    at = row.end_at if row.end_at is not None else now
    return Entry(
        id=ids.uuid7(at),
        kind=Kind.ABANDONED,
        number=row.caller,
        number_key=row.caller_key,
        line=row.line,
        call_id=row.call_id,
        created_at=at,
    )


def _system_took_over(call: Call) -> bool:
    if call.ring_at is None or call.system_answer_at is None:
        return False
    return call.ring_at <= call.system_answer_at and (
        call.answer_at is None or call.system_answer_at < call.answer_at
    )


def _broken_at(call: Call, rules: Rings) -> float | None:
    """When the promise was broken: at the deadline, or when the system took over."""
    if call.ring_at is None:
        return None
    deadline = call.ring_at + rules.deadline_s
    if call.system_answer_at is not None and _system_took_over(call):
        return min(deadline, call.system_answer_at)
    return deadline


def _rings(ring_s: float | None, rules: Rings) -> int:
    return 0 if ring_s is None else rings.ring_number(ring_s, rules.ring_cadence_s)


def _leg(leg: Leg, broken_at: float | None, rules: Rings) -> LegRow:
    quiet_at = leg.answer_at if leg.answer_at is not None else leg.end_at
    ring_s = None
    if leg.ring_at is not None and quiet_at is not None:
        ring_s = max(0.0, quiet_at - leg.ring_at)
    rang_then = (
        broken_at is not None
        and leg.ring_at is not None
        and leg.ring_at <= broken_at
        and (quiet_at is None or quiet_at >= broken_at - LETS_GO_S)
    )
    return LegRow(
        ext=clean(leg.ext),
        channel=clean(leg.channel),
        dial_at=leg.dial_at,
        ring_at=leg.ring_at,
        answer_at=leg.answer_at,
        end_at=leg.end_at,
        rings=_rings(ring_s, rules) if ring_s is not None else int(leg.rang),
        ring_s=ring_s,
        outcome=leg.outcome.value if leg.outcome else "",
        breach=leg.breach or rang_then,
    )


def _transfer(transfer: Transfer) -> TransferRow:
    seconds = None
    if transfer.at is not None and transfer.end_at is not None:
        seconds = max(0.0, transfer.end_at - transfer.at)
    return TransferRow(
        kind=transfer.kind.value,
        by_ext=clean(transfer.by),
        to_ext=clean(transfer.to),
        begin_at=transfer.at,
        end_at=transfer.end_at,
        seconds=seconds,
        outcome=transfer.outcome.value if transfer.outcome else "",
    )
