"""`ivr replay`: recorded traces in, what became of each call out."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any, TextIO

from ivr.calls import facts
from ivr.calls.model import Call
from ivr.calls.rings import ring_number
from ivr.calls.tracker import Tracker
from ivr.pbx.events import Event
from ivr.pbx.trace import read_trace

CADENCE_S = 5.0


def replay(
    paths: Iterable[Path],
    out: TextIO,
    *,
    as_json: bool = True,
    cadence_s: float = CADENCE_S,
    report: Callable[[str], None] = lambda _: None,
) -> None:
    """Write a line for each call to `out`: the finished ones in order of start,
    then those still open.

    Several traces are read as one, in the order given, so that a call may begin
    in one and end in the next. `report` gets a sentence about what could not be
    read of a trace. Raises UserError when one cannot be read at all.
    """
    write = json_line if as_json else text_line
    events = chain.from_iterable(read_trace(path, report) for path in paths)
    for call in calls_of(events):
        out.write(write(call, cadence_s) + "\n")


def calls_of(events: Iterable[Event]) -> Iterator[Call]:
    """The finished calls in order of start, then the open ones.

    Holds back only finished calls that began after one still open.
    """
    tracker = Tracker()
    begun: deque[Call] = deque()
    gone: set[str] = set()
    for event in events:
        for fact in tracker.feed(event):
            match fact:
                case facts.CallStarted(_, call):
                    begun.append(call)
                case facts.CallMerged(_, _, gone_id):
                    gone.add(gone_id)
                case facts.CallEnded():
                    while begun and (begun[0].call_id in gone or begun[0].disposition is not None):
                        call = begun.popleft()
                        if call.call_id in gone:
                            gone.discard(call.call_id)
                        else:
                            yield call
    rest = [call for call in begun if call.call_id not in gone]
    yield from (call for call in rest if call.disposition is not None)
    yield from (call for call in rest if call.disposition is None)


def as_object(call: Call, cadence_s: float = CADENCE_S) -> dict[str, Any]:
    """The call as `ivr replay --json` tells it.

    Times are null where the trace has no Timestamp; `rings` is the ring that
    sounded at the answer or the end, 0 where no phone rang.
    """
    rang = any(leg.rang for leg in call.legs)
    ring_s = call.ring_s
    told = {
        "call_id": call.call_id,
        "caller": call.caller,
        "called": call.called,
        "answered_by": call.answered_by,
        "answered_ext": call.answered_ext,
        "disposition": call.disposition,
        "hangup_by": call.hangup_by,
        "rings": None if ring_s is None else ring_number(ring_s, cadence_s),
        "ring_s": _seconds(ring_s),
        "talk_s": _talk_s(call),
        "legs": [
            {"channel": leg.channel, "ext": leg.ext, "rang": leg.rang, "outcome": leg.outcome}
            for leg in call.legs
        ],
        "transfers": [
            {"kind": turn.kind, "by": turn.by, "to": turn.to, "outcome": turn.outcome}
            for turn in call.transfers
        ],
    }
    if not rang:
        told["rings"] = 0
    if call.disposition is None:
        told["open"] = True
    return told


def json_line(call: Call, cadence_s: float = CADENCE_S) -> str:
    return json.dumps(as_object(call, cadence_s), ensure_ascii=False)


def text_line(call: Call, cadence_s: float = CADENCE_S) -> str:
    """The call in one readable line."""
    told = as_object(call, cadence_s)
    parts = [
        call.call_id,
        f"{call.caller or '?'} → {call.called or '?'}",
        call.disposition or "open",
    ]
    if call.answered_ext:
        parts.append(f"by {call.answered_ext}")
    if told["rings"]:
        parts.append(f"ring {told['rings']} ({told['ring_s']:.1f} s)")
    if told["talk_s"]:
        parts.append(f"talk {told['talk_s']:.1f} s")
    parts += [
        f"{turn.kind} transfer {turn.by} → {turn.to}: {turn.outcome or 'open'}"
        for turn in call.transfers
    ]
    if call.hangup_by:
        parts.append(f"hung up by {call.hangup_by}")
    return "  ".join(parts)


def _talk_s(call: Call) -> float | None:
    if call.answered_by is not None and call.answer_at is None:
        return None
    return _seconds(call.talk_s)


def _seconds(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
