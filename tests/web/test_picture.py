"""A call's picture: one table a call."""

from dataclasses import replace
from typing import Any

import pytest

from ivr import ids
from ivr.store.calls import CallRow, HoldRow, LegRow, TransferRow
from ivr.web.picture import LEFT, RIGHT, Axis, Lane, Picture, draw

DEFAULTS: dict[str, Any] = {
    "site": "main", "call_id": "1.1", "direction": "inbound", "caller": "13800138000",
    "caller_key": "13800138000", "caller_name": "", "called": "4008001234",
    "called_key": "4008001234", "line": "hotline", "start_at": 0.0, "ring_at": 0.0,
    "system_answer_at": None, "answer_at": 12.0, "end_at": 72.0, "answered_ext": "102",
    "answered_channel": "", "rings": 3, "ring_s": 12.0, "wait_s": 12.0, "talk_s": 60.0,
    "hold_s": 0.0, "disposition": "answered", "hangup_by": "caller", "breach": False, "cause": 16,
    "cause_text": "", "recording": "", "recording_state": "none", "repaired": False,
    "attempt_id": "", "logged_at": 72.0,
}  # fmt: skip


def leg(ext: str, ring: float | None, answer: float | None, end: float | None) -> LegRow:
    return LegRow(
        ext=ext, channel="", dial_at=ring, ring_at=ring, answer_at=answer, end_at=end, rings=1,
        ring_s=None, outcome="", breach=False,
    )  # fmt: skip


def picture(*legs: LegRow, **changes: Any) -> Picture:
    row = CallRow(id=ids.uuid7(0.0), **{**DEFAULTS, "legs": legs, **changes})
    drawn = draw(row, cadence_s=5.0, max_rings=3)
    assert drawn is not None
    return drawn


FIRST, SECOND = leg("101", 0.0, None, 12.0), leg("102", 10.0, 12.0, 72.0)


def test_rings_are_dots_until_somebody_answers() -> None:
    drawn = picture(FIRST, SECOND)
    assert drawn.lanes == (Lane("caller", ""), Lane("phone", "101"), Lane("phone", "102"))
    assert [(dot.y, dot.at, dot.number) for dot in drawn.dots] == [
        (1, 0.0, 1), (1, 5.0, 2), (1, 10.0, 3), (2, 10.0, 1),
    ]  # fmt: skip
    assert not any(dot.late for dot in drawn.dots)


def test_a_phone_that_joins_later_is_a_fork_and_its_answer_leads_to_the_caller() -> None:
    steps = picture(FIRST, SECOND).steps
    assert [(step.kind, step.y, step.to, step.at) for step in steps] == [
        ("fork", 1, 2, 10.0),
        ("answer", 2, 0, 12.0),
    ]


def test_a_wait_of_seconds_has_its_room_beside_a_talk_of_minutes() -> None:
    drawn = picture(FIRST, SECOND, end_at=3612.0)
    wait = drawn.axis.at(12.0) - drawn.axis.at(0.0)
    assert wait == pytest.approx((RIGHT - LEFT) * 0.3)
    assert drawn.axis.at(-5.0) == LEFT
    assert drawn.axis.at(99_999.0) == RIGHT


def test_rings_beyond_the_promise_are_late_and_the_promise_is_marked() -> None:
    alone = leg("101", 0.0, 22.0, 72.0)
    drawn = picture(alone, answer_at=22.0, breach=True, system_answer_at=15.0)
    assert [dot.late for dot in drawn.dots] == [False, False, False, True, True]
    assert ("deadline", 15.0) in [(mark.kind, mark.at) for mark in drawn.marks]
    assert ("system", 15.0, 22.0, 1) in [(b.kind, b.since, b.until, b.y) for b in drawn.bars]


def test_holds_are_hatched_on_the_lanes_that_talk_and_a_consultation_is_no_answer() -> None:
    asked = leg("201", 25.0, 30.0, 72.0)
    moved = TransferRow(
        kind="attended", by_ext="102", to_ext="201", begin_at=40.0, end_at=40.0, seconds=0.0,
        outcome="answered",
    )  # fmt: skip
    drawn = picture(
        FIRST,
        replace(SECOND, end_at=40.0),
        asked,
        holds=(HoldRow(begin_at=24.0, end_at=40.0), HoldRow(begin_at=None, end_at=50.0)),
        transfers=(moved,),
    )
    held = [(bar.y, bar.since, bar.until) for bar in drawn.bars if bar.kind == "held"]
    assert held == [(0, 24.0, 40.0), (2, 24.0, 40.0)]
    assert [(step.kind, step.y, step.to) for step in drawn.steps] == [
        ("fork", 1, 2),
        ("answer", 2, 0),
        ("attended", 2, 3),
    ]


@pytest.mark.parametrize(
    ("side", "lane"), [("caller", 0), ("callee", 2), ("system", 0), ("", None)]
)
def test_the_end_stands_with_who_hung_up(side: str, lane: int | None) -> None:
    ended = picture(FIRST, SECOND, hangup_by=side).ended_by
    assert (ended and ended[1]) == lane


def test_a_target_nobody_answered_has_a_lane_and_many_rings_are_one_bar() -> None:
    moved = TransferRow(
        kind="blind", by_ext="102", to_ext="13900000000", begin_at=20.0, end_at=None, seconds=None,
        outcome="",
    )  # fmt: skip
    drawn = picture(leg("101", 0.0, None, 72.0), SECOND, transfers=(moved,))
    assert drawn.lanes[-1] == Lane("phone", "13900000000")
    assert [bar.kind for bar in drawn.bars if bar.y == 1] == ["ringing"]
    assert [step.to for step in drawn.steps if step.kind == "blind"] == [3]


def test_a_call_without_times_has_no_picture() -> None:
    row = CallRow(id=ids.uuid7(0.0), **DEFAULTS)
    nothing = {"start_at": None, "ring_at": None, "answer_at": None, "end_at": None}
    assert draw(replace(row, **nothing), cadence_s=5.0, max_rings=3) is None
    assert draw(replace(row, **{**nothing, "start_at": 1.0}), cadence_s=5.0, max_rings=3) is None


def test_an_axis_of_one_piece() -> None:
    assert Axis(((0.0, 0.0), (10.0, 100.0))).at(2.5) == 25.0
