"""What became of an attempt nobody watched, by Asterisk's own event log (CEL)."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from ivr.outbound.hangup import outcome_of
from ivr.outbound.model import Attempt, Outcome
from ivr.pbx import cel

TAIL_BYTES = 32 * 1024 * 1024
"""Of the file's end; about 50,000 calls."""

TIMEOUT_SLACK_S = 0.5
"""A call that ended this much before the ringing time was over still ended by it."""


class Trace(NamedTuple):
    """What the log tells of one channel; None where it tells nothing."""

    began_at: float | None = None
    answered_at: float | None = None
    ended_at: float | None = None
    cause: int | None = None


def read_traces(path: Path | None, attempts: Iterable[str]) -> dict[str, Trace]:
    """Attempt → its trace, for those the log knows. Reads a file: not for the event loop."""
    wanted = set(attempts)
    if path is None:
        return {}
    end = cel.end_of(path)
    try:
        records, _ = cel.read(path, end._replace(offset=max(0, end.offset - TAIL_BYTES)))
    except OSError:
        return {}
    return traces(record for record in records if record.uniqueid in wanted)


def traces(records: Iterable[cel.Record]) -> dict[str, Trace]:
    """Uniqueid → what these rows tell of it."""
    found: dict[str, Trace] = {}
    for record in records:
        trace = found.get(record.uniqueid, Trace())
        match record.type:
            case "CHAN_START":
                trace = trace._replace(began_at=record.at)
            case "ANSWER":
                trace = trace._replace(answered_at=record.at)
            case "HANGUP":
                trace = trace._replace(ended_at=record.at, cause=_cause(record))
            case _:
                continue
        found[record.uniqueid] = trace
    return found


def _cause(record: cel.Record) -> int | None:
    try:
        return int(record.extra["hangupcause"])
    except (KeyError, TypeError, ValueError):
        return None


def outcome(attempt: Attempt, trace: Trace, ring_s: float) -> Outcome:
    """How an attempt ended that was answered without a conversation being told of, or
    that is over according to `trace`. What nobody can tell is UNKNOWN."""
    if attempt.outcome is not None:
        return attempt.outcome  # the conversation had come to it
    if attempt.answered_at is not None or trace.answered_at is not None or trace.ended_at is None:
        return Outcome.UNKNOWN
    began = trace.began_at if attempt.dialled_at is None else attempt.dialled_at
    return outcome_of(
        trace.cause,
        rang=attempt.ringing_at is not None,
        timed_out=began is not None and trace.ended_at - began >= ring_s - TIMEOUT_SLACK_S,
    )
