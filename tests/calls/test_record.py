from typing import Any

import pytest

from ivr.calls.model import (
    Call,
    Direction,
    Disposition,
    Leg,
    LegOutcome,
    Side,
    Transfer,
    TransferKind,
    TransferOutcome,
)
from ivr.calls.record import breached, clean, finished, requested
from ivr.settings import Ladder, Line, Phone, Rings, Settings
from ivr.store.worklist import Kind

T = 1_795_312_800.0  # 2026-11-22 10:00 in Shanghai

SETTINGS = Settings(
    phones=[Phone(ext=ext, device=f"PJSIP/{ext}") for ext in ("101", "102", "201")],
    lines=[Line(name="hotline", did=["075512345678"], ladders=[Ladder(primary=["101"])])],
)


def call(**changes: Any) -> Call:
    """A call that came at T and rang at once; times in keywords are seconds after T."""
    values: dict[str, Any] = {
        "call_id": "1795312800.1",
        "caller": "13800138000",
        "caller_name": "周先生",
        "called": "075512345678",
        "caller_channel": "PJSIP/trunk-00000001",
        "caller_uniqueid": "1795312800.1",
        "direction": Direction.INBOUND,
        "start_at": 0.0,
        "ring_at": 0.0,
        "end_at": 60.0,
        "disposition": Disposition.ANSWERED,
    }
    values.update(changes)
    for name, value in values.items():
        if name.endswith("_at") and value is not None:
            values[name] = T + value
    return Call(**values)


def leg(ext: str, ring: float | None, end: float, **changes: Any) -> Leg:
    return Leg(
        channel=f"PJSIP/{ext}-00000002",
        uniqueid=f"{ext}.1",
        ext=ext,
        dial_at=None if ring is None else T + ring,
        ring_at=None if ring is None else T + ring,
        end_at=T + end,
        rang=ring is not None,
        **changes,
    )


IN, OUT = Direction.INBOUND, Direction.OUTBOUND


@pytest.mark.parametrize(
    ("story", "ring", "system", "answer", "end", "direction", "breach"),
    [
        ("picked up at ring 1", 0, None, 3, 60, IN, False),
        ("picked up at the very deadline", 0, None, 15, 60, IN, False),
        ("picked up just after it", 0, None, 15.01, 60, IN, True),
        ("gave up before the deadline", 0, None, None, 14, IN, False),
        ("gave up after it", 0, None, None, 16, IN, True),
        ("the system had to answer", 0, 14.9, None, 16, IN, True),
        ("the system, then a desk", 0, 14.9, 20, 60, IN, True),
        ("a greeting first, then a desk in time", 2, 0, 10, 60, IN, False),
        ("a greeting first, then a long wait", 12, 0, 20, 60, IN, True),
        ("the system put itself into an answered call", 0, 30, 5, 60, IN, False),
        ("no phone could ring, gave up at once", None, 0, None, 5, IN, False),
        ("no phone could ring, and a long wait", None, 0, None, 40, IN, True),
        ("our own call out", 0, None, 40, 60, OUT, False),
        ("nobody knows when", None, None, None, None, IN, False),
    ],
)
def test_the_rule_of_three_rings(
    story: str,
    ring: float | None,
    system: float | None,
    answer: float | None,
    end: float | None,
    direction: Direction,
    breach: bool,
) -> None:
    one = call(
        ring_at=ring, system_answer_at=system, answer_at=answer, end_at=end, direction=direction
    )
    assert breached(one, Rings()) is breach, story


def test_an_answered_call_makes_a_row() -> None:
    one = call(
        start_at=-0.2,
        answer_at=6.0,
        end_at=66.0,
        answered_by="PJSIP/101-00000002",
        answered_ext="101",
        hangup_by=Side.CALLER,
        cause=16,
        hold_s=5.0,
        recording=True,
        legs=[
            leg("101", 0, 66, outcome=LegOutcome.ANSWERED),
            leg("102", None, 0.1, outcome=LegOutcome.FAILED),
        ],
        transfers=[
            Transfer(TransferKind.BLIND, "101", "201", T + 20, T + 26, TransferOutcome.ANSWERED)
        ],
    )
    one.legs[0].answer_at = T + 6
    row, todo = finished(one, SETTINGS, recording="recordings/1.wav", now=T + 66.1)
    assert todo is None
    assert (row.site, row.call_id, row.line) == ("main", "1795312800.1", "hotline")
    assert (row.caller_key, row.called_key) == ("13800138000", "75512345678")
    assert (row.rings, row.ring_s, row.talk_s, row.hold_s) == (2, 6.0, 60.0, 5.0)
    assert row.wait_s == pytest.approx(6.2)
    assert (row.disposition, row.hangup_by, row.breach) == ("answered", "caller", False)
    assert (row.cause, row.cause_text) == (16, "正常挂机")
    assert (row.recording, row.recording_state) == ("recordings/1.wav", "unchecked")
    assert [(phone.ext, phone.rings, phone.ring_s, phone.outcome) for phone in row.legs] == [
        ("101", 2, 6.0, "answered"),
        ("102", 0, None, "failed"),
    ]
    assert [(t.kind, t.by_ext, t.to_ext, t.seconds, t.outcome) for t in row.transfers] == [
        ("blind", "101", "201", 6.0, "answered")
    ]


def test_a_breach_stands_against_the_phones_that_rang_then() -> None:
    one = call(
        system_answer_at=14.9,
        answer_at=20.0,
        legs=[
            leg("101", 0, 20, outcome=LegOutcome.ELSEWHERE),
            leg("102", 0, 4, outcome=LegOutcome.BUSY),  # refused long before
            leg("103", 0, 14.8, outcome=LegOutcome.NO_ANSWER),  # Dial() gave up just before
            leg("201", 16, 20, outcome=LegOutcome.ANSWERED),  # began after the system answered
        ],
    )
    row, _ = finished(one, SETTINGS, recording="", now=T)
    assert [(phone.ext, phone.breach) for phone in row.legs] == [
        ("101", True),
        ("102", False),
        ("103", True),
        ("201", False),
    ]


@pytest.mark.parametrize(
    ("changes", "disposition", "listed"),
    [
        ({"disposition": Disposition.ABANDONED}, "abandoned", True),
        (
            {"disposition": Disposition.ABANDONED, "system_answer_at": 14.9},
            "system_abandoned",
            True,
        ),
        ({"disposition": Disposition.NO_ANSWER}, "no_answer", True),
        ({"disposition": Disposition.BUSY}, "busy", True),
        ({"disposition": Disposition.FAILED, "ring_at": None}, "failed", False),
        ({"disposition": None}, "failed", False),
        ({"disposition": Disposition.ABANDONED, "direction": OUT}, "abandoned", False),
        ({"disposition": Disposition.ABANDONED, "caller": ""}, "abandoned", True),
    ],
)
def test_an_outside_caller_nobody_answered_is_to_be_called_back(
    changes: dict[str, Any], disposition: str, listed: bool
) -> None:
    row, todo = finished(call(**changes), SETTINGS, recording="", now=T)
    assert row.disposition == disposition
    assert (todo is not None) is listed
    if todo:
        assert (todo.kind, todo.call_id, todo.created_at) == (
            Kind.ABANDONED,
            row.call_id,
            row.end_at,
        )


@pytest.mark.parametrize(
    ("fields", "called", "number", "line"),
    [
        ({"Number": "+8613900001111"}, "075512345678", "13900001111", "hotline"),
        ({"number": "13900001111", "LINE": "hotline"}, "s", "13900001111", "hotline"),
        ({"Line": "no such line"}, "s", "13800138000", ""),
    ],
)
def test_a_request_for_a_call_back(
    fields: dict[str, str], called: str, number: str, line: str
) -> None:
    todo = requested(fields, call(called=called), SETTINGS, at=T).todo
    assert (todo.kind, todo.number_key, todo.line) == (Kind.CALLBACK, number, line)
    assert todo.call_id == "1795312800.1"


def test_a_request_whose_call_is_unknown() -> None:
    todo = requested({"Number": "13900001111"}, None, SETTINGS, at=T).todo
    assert (todo.number, todo.call_id, todo.line) == ("13900001111", "", "")


def test_a_call_without_any_time_still_makes_a_row() -> None:
    one = call(start_at=None, ring_at=None, end_at=None)
    row, _ = finished(one, SETTINGS, recording="", now=T)
    assert (row.start_at, row.ring_s, row.talk_s, row.rings, row.at) == (None, None, None, 0, T)


@pytest.mark.parametrize(
    ("outside", "kept"),
    [
        ("周先生", "周先生"),
        ("a\r\nAction: Originate", "a Action: Originate"),
        ("\x00\x1b[31mred\u2028x", "[31mred x"),
        ("broken \udce5 text", "broken ? text"),
        ("长" * 1_000_000, "长" * 128),
    ],
)
def test_outside_text_becomes_one_short_line(outside: str, kept: str) -> None:
    assert clean(outside) == kept
