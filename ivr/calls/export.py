"""The call log as a spreadsheet: CSV or XLSX with Chinese headings."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from pathlib import Path

from ivr import spreadsheet
from ivr.calls import listing, numbers
from ivr.spreadsheet import Cell, Heading
from ivr.store.calls import CallRow


@dataclass(frozen=True, slots=True)
class Column:
    heading: str
    width: int  # of an .xlsx column, in Latin characters
    value: Callable[[CallRow, tzinfo, listing.Show], Cell]


COLUMNS = (
    Column("编号", 38, lambda row, zone, show: row.id),
    Column("通话号", 18, lambda row, zone, show: row.call_id),
    Column("方向", 7, lambda row, zone, show: listing.DIRECTIONS.get(row.direction, row.direction)),
    Column("开始时间", 20, lambda row, zone, show: _time(row.start_at, zone)),
    Column("主叫", 16, lambda row, zone, show: show(row.caller)),
    Column("姓名", 12, lambda row, zone, show: row.caller_name),
    Column("被叫", 16, lambda row, zone, show: show(row.called)),
    Column("线路", 10, lambda row, zone, show: row.line),
    Column("振铃分机", 40, lambda row, zone, show: "；".join(map(listing.leg_words, row.legs))),
    Column("首接分机", 10, lambda row, zone, show: row.answered_ext),
    Column("振铃响数", 10, lambda row, zone, show: row.rings),
    Column("振铃秒数", 10, lambda row, zone, show: _tenths(row.ring_s)),
    Column("等待秒数", 10, lambda row, zone, show: _tenths(row.wait_s)),
    Column("通话秒数", 10, lambda row, zone, show: _tenths(row.talk_s)),
    Column("保持秒数", 10, lambda row, zone, show: _tenths(row.hold_s)),
    Column(
        "转接",
        30,
        lambda row, zone, show: "；".join(
            listing.transfer_words(transfer, show) for transfer in row.transfers
        ),
    ),
    Column(
        "结果",
        16,
        lambda row, zone, show: listing.DISPOSITIONS.get(row.disposition, row.disposition),
    ),
    Column("先挂机方", 10, lambda row, zone, show: listing.SIDES.get(row.hangup_by, row.hangup_by)),
    Column("超时", 7, lambda row, zone, show: _yes(row.breach)),
    Column("系统代接时间", 20, lambda row, zone, show: _time(row.system_answer_at, zone)),
    Column("接听时间", 20, lambda row, zone, show: _time(row.answer_at, zone)),
    Column("结束时间", 20, lambda row, zone, show: _time(row.end_at, zone)),
    Column("挂机原因", 20, lambda row, zone, show: row.cause_text),
    Column(
        "录音",
        10,
        lambda row, zone, show: listing.RECORDINGS.get(row.recording_state, row.recording_state),
    ),
    Column("录音文件", 36, lambda row, zone, show: row.recording),
    Column("来电意图", 24, lambda row, zone, show: row.intent),
    Column("备注", 24, lambda row, zone, show: row.note),
    Column("经修复", 8, lambda row, zone, show: _yes(row.repaired)),
)


def export(
    rows: Sequence[CallRow],
    file: Path,
    zone: tzinfo,
    *,
    show: listing.Show = numbers.mask,
    force: bool = False,
) -> None:
    """Write `rows` to `file`, whole or not at all; times are in `zone`.

    Raises UserError as `ivr.spreadsheet.write` does.
    """
    spreadsheet.write(
        file,
        "通话记录",
        [Heading(column.heading, column.width) for column in COLUMNS],
        ([column.value(row, zone, show) for column in COLUMNS] for row in rows),
        force=force,
    )


def _time(at: float | None, zone: tzinfo) -> datetime | None:
    """The site's wall clock; a spreadsheet knows no zones."""
    return None if at is None else datetime.fromtimestamp(at, zone).replace(tzinfo=None)


def _tenths(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def _yes(flag: bool) -> str:
    return "是" if flag else ""
