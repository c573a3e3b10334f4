from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from ivr.calls import listing
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
from ivr.calls.record import finished
from ivr.errors import UserError
from ivr.settings import Settings

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
TODAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("text", "begin", "end"),
    [
        ("today", "2026-11-22", "2026-11-23"),
        ("昨天", "2026-11-21", "2026-11-22"),
        ("2026-02-28", "2026-02-28", "2026-03-01"),
        ("2026-11-01..yesterday", "2026-11-01", "2026-11-22"),
    ],
)
@pytest.mark.parametrize("zone", [SHANGHAI, BERLIN])
def test_a_day_begins_and_ends_at_the_sites_midnight(
    text: str, begin: str, end: str, zone: ZoneInfo
) -> None:
    span = listing.day_span(text, TODAY, zone)
    expected = [datetime.fromisoformat(day).replace(tzinfo=zone) for day in (begin, end)]
    assert span == tuple(day.timestamp() for day in expected)


def test_a_day_on_which_the_clock_changes_has_23_hours() -> None:
    begin, end = listing.day_span("2026-03-29", TODAY, BERLIN)
    assert (end - begin) / 3600 == 23


@pytest.mark.parametrize("text", ["", "soon", "2026-11-31", "2026-11-22..2026-11-01", "1..2..3"])
def test_what_is_no_day_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="--day"):
        listing.day_span(text, TODAY, SHANGHAI)


@pytest.mark.parametrize(
    ("value", "words"),
    [(None, ""), (0.0, "0 s"), (12.4, "12 s"), (59.6, "1:00"), (125, "2:05"), (3725, "1:02:05")],
)
def test_seconds(value: float | None, words: str) -> None:
    assert listing.seconds(value) == words


@pytest.mark.parametrize(
    ("waited", "words"),
    [(-5, "0 分钟"), (59, "0 分钟"), (3540, "59 分钟"), (7200, "2 小时"), (172800, "2 天")],
)
def test_age(waited: float, words: str) -> None:
    assert listing.age(1000.0, 1000.0 + waited) == words


def leg(ext: str, ring: float, end: float, outcome: LegOutcome, answer: float | None = None) -> Leg:
    return Leg(
        channel=f"PJSIP/{ext}-1",
        uniqueid=ext,
        ext=ext,
        dial_at=ring,
        ring_at=ring,
        answer_at=answer,
        end_at=end,
        rang=True,
        outcome=outcome,
    )


def test_the_story_of_a_call() -> None:
    call = Call(
        call_id="1.1",
        caller="13800138000",
        caller_name="周先生",
        called="075512343456",
        caller_channel="PJSIP/trunk-1",
        caller_uniqueid="1.1",
        direction=Direction.INBOUND,
        start_at=100.0,
        ring_at=100.2,
        system_answer_at=115.1,
        answer_at=118.0,
        end_at=178.0,
        answered_ext="201",
        disposition=Disposition.ANSWERED,
        hangup_by=Side.CALLER,
        cause=16,
        hold_s=12.0,
        legs=[
            leg("101", 100.2, 118.0, LegOutcome.ELSEWHERE),
            leg("201", 110.2, 178.0, LegOutcome.ANSWERED, answer=118.0),
        ],
        transfers=[
            Transfer(TransferKind.BLIND, "201", "102", 150.0, 165.0, TransferOutcome.RETURNED)
        ],
        repaired=True,
    )
    row = finished(call, Settings(), recording="", now=180.0).row
    assert [(at, words) for at, words in listing.story(row)] == [
        (100.0, "呼入 138****8000 周先生 → 0755…3456"),
        (100.2, "分机 101 振铃 4 响 18 s，他人接起，超时"),
        (110.2, "分机 201 振铃"),
        (115.1, "系统代接"),
        (118.0, "分机 201 接起（第 2 响）"),
        (150.0, "直接转接：201 → 102"),
        (165.0, "转接已转回"),
        (
            178.0,
            "已接听，主叫先挂机，通话 1:00，其中保持 12 s，正常挂机，超时，记录经修复",
        ),
    ]
    assert "13800138000" in listing.story(row, listing.as_is)[0].words


def test_a_story_without_times_keeps_its_order() -> None:
    call = Call(
        call_id="1.1",
        caller="",
        caller_name="",
        called="101",
        caller_channel="PJSIP/102-1",
        caller_uniqueid="1.1",
        disposition=Disposition.BUSY,
    )
    told = listing.story(finished(call, Settings(), recording="", now=1.0).row)
    assert [words for _, words in told] == ["内线 未知号码 → 101", "忙"]
