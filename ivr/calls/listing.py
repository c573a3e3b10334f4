"""The call log in words: what lists, exports and a call's story say. Pure."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta, tzinfo
from typing import NamedTuple

from ivr.calls import numbers
from ivr.calls.causes import cause_words
from ivr.calls.record import SYSTEM_ABANDONED
from ivr.errors import UserError
from ivr.store.calls import CallRow, LegRow, TransferRow

DIRECTIONS = {"inbound": "呼入", "outbound": "呼出", "internal": "内线"}
DISPOSITIONS = {
    "answered": "已接听",
    "abandoned": "放弃",
    SYSTEM_ABANDONED: "系统代接后放弃",
    "no_answer": "无人接听",
    "busy": "忙",
    "failed": "失败",
}
SIDES = {"caller": "主叫", "callee": "被叫", "system": "系统", "": ""}
LEG_OUTCOMES = {
    "answered": "接起",
    "no_answer": "无人接听",
    "busy": "忙",
    "failed": "未接通",
    "elsewhere": "他人接起",
    "cancelled": "主叫放弃",
    "": "",
}
TRANSFER_KINDS = {"blind": "直接转接", "attended": "咨询转接"}
TRANSFER_OUTCOMES = {
    "answered": "已接起",
    "no_answer": "无人接听",
    "busy": "忙",
    "failed": "失败",
    "abandoned": "主叫放弃",
    "returned": "已转回",
    "": "",
}
RECORDINGS = {
    "none": "",
    "unchecked": "待检查",
    "ok": "有",
    "missing": "缺失",
    "short": "不完整",
    "purged": "已到期删除",
}
WORKLIST_KINDS = {"abandoned": "放弃", "callback": "要求回电"}

Show = Callable[[str], str]
"""How a telephone number is shown: masked, or as it is."""


def as_is(number: str) -> str:
    return number


class Moment(NamedTuple):
    """One thing that happened in a call; `at` is seconds since the epoch, or None."""

    at: float | None
    words: str


def short_id(row_id: str) -> str:
    """The end of an id: random, so it names a row in any list people look at."""
    return row_id[-6:]


def day_span(text: str, today: date, zone: tzinfo) -> tuple[float, float]:
    """[from, until) in seconds since the epoch for today, yesterday, a day, or a range a..b.

    Raises UserError when `text` is none of them.
    """
    first, dots, last = text.partition("..")
    begin = _day(first, today)
    end = _day(last, today) if dots else begin
    if end < begin:
        raise UserError(f"--day {text}: ends before it begins; write the earlier day first")
    return _midnight(begin, zone), _midnight(end + timedelta(days=1), zone)


def clock(at: float | None, zone: tzinfo, form: str = "%m-%d %H:%M:%S") -> str:
    return "" if at is None else datetime.fromtimestamp(at, zone).strftime(form)


def seconds(value: float | None) -> str:
    """12 s, 2:05, 1:02:05; empty when nobody knows."""
    if value is None:
        return ""
    whole = int(value + 0.5)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def age(since: float, now: float) -> str:
    """How long an entry has waited: 5 分钟, 3 小时, 2 天."""
    minutes = int(max(0.0, now - since) // 60)
    if minutes < 60:
        return f"{minutes} 分钟"
    return f"{minutes // 60} 小时" if minutes < 48 * 60 else f"{minutes // 1440} 天"


def leg_words(leg: LegRow) -> str:
    """ "101 振铃 2 响 6 s 接起", with 超时 for a breach."""
    parts = [leg.ext or leg.channel]
    if leg.rings:
        parts.append(f"振铃 {leg.rings} 响")
    if leg.ring_s is not None:
        parts.append(seconds(leg.ring_s))
    parts.append(LEG_OUTCOMES.get(leg.outcome, leg.outcome))
    if leg.breach:
        parts.append("超时")
    return " ".join(part for part in parts if part)


def transfer_words(transfer: TransferRow, show: Show) -> str:
    kind = TRANSFER_KINDS.get(transfer.kind, transfer.kind)
    outcome = TRANSFER_OUTCOMES.get(transfer.outcome, transfer.outcome)
    return f"{kind} {transfer.by_ext} → {show(transfer.to_ext)} {outcome}".rstrip()


def story(row: CallRow, show: Show = numbers.mask) -> list[Moment]:
    """What happened in the call, in order."""
    name = f" {row.caller_name}" if row.caller_name and row.caller_name != row.caller else ""
    direction = DIRECTIONS.get(row.direction, row.direction)
    told = [
        Moment(
            row.start_at, f"{direction} {show(row.caller) or '未知号码'}{name} → {show(row.called)}"
        )
    ]
    for leg in row.legs:
        told.append(Moment(_first(leg.ring_at, leg.dial_at), _rang(leg)))
        if leg.answer_at is not None:
            told.append(Moment(leg.answer_at, f"分机 {leg.ext} 接起（第 {leg.rings} 响）"))
    if row.system_answer_at is not None:
        told.append(Moment(row.system_answer_at, "系统代接"))
    for transfer in row.transfers:
        told.append(
            Moment(
                transfer.begin_at,
                f"{TRANSFER_KINDS.get(transfer.kind, transfer.kind)}："
                f"{transfer.by_ext} → {show(transfer.to_ext)}",
            )
        )
        if transfer.outcome:
            told.append(
                Moment(
                    transfer.end_at,
                    f"转接{TRANSFER_OUTCOMES.get(transfer.outcome, transfer.outcome)}",
                )
            )
    told.append(Moment(row.end_at, _ended(row)))
    return _in_order(told)


def _in_order(told: list[Moment]) -> list[Moment]:
    """By time; a moment without one stays behind the moment it was told after."""
    keyed = []
    latest = float("-inf")
    for index, moment in enumerate(told):
        latest = latest if moment.at is None else moment.at
        keyed.append((latest, index, moment))
    return [moment for _, _, moment in sorted(keyed, key=lambda item: item[:2])]


def _rang(leg: LegRow) -> str:
    if not leg.rings:
        return f"分机 {leg.ext} {LEG_OUTCOMES.get(leg.outcome, leg.outcome)}"
    if leg.answer_at is not None:
        return f"分机 {leg.ext} 振铃"
    how_long = f" {seconds(leg.ring_s)}" if leg.ring_s is not None else ""
    breach = "，超时" if leg.breach else ""
    outcome = LEG_OUTCOMES.get(leg.outcome, leg.outcome)
    return f"分机 {leg.ext} 振铃 {leg.rings} 响{how_long}，{outcome}{breach}"


def _ended(row: CallRow) -> str:
    parts = [DISPOSITIONS.get(row.disposition, row.disposition)]
    if row.hangup_by:
        parts.append(f"{SIDES.get(row.hangup_by, row.hangup_by)}先挂机")
    if row.talk_s:
        parts.append(f"通话 {seconds(row.talk_s)}")
    if row.hold_s:
        parts.append(f"其中保持 {seconds(row.hold_s)}")
    cause = row.cause_text or cause_words(row.cause)
    if cause:
        parts.append(cause)
    if row.breach:
        parts.append("超时")
    if row.repaired:
        parts.append("记录经修复")
    return "，".join(parts)


def _first(*times: float | None) -> float | None:
    return next((at for at in times if at is not None), None)


def _day(text: str, today: date) -> date:
    match text.strip().lower():
        case "today" | "今天":
            return today
        case "yesterday" | "昨天":
            return today - timedelta(days=1)
        case other:
            try:
                return date.fromisoformat(other)
            except ValueError:
                raise UserError(
                    f"--day {text}: is no day; write today, yesterday, 2026-11-22 "
                    "or 2026-11-01..2026-11-22"
                ) from None


def _midnight(day: date, zone: tzinfo) -> float:
    return datetime.combine(day, time(), zone).timestamp()
