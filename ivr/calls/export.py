"""The call log as a spreadsheet: CSV or XLSX with Chinese headings."""

import csv
import io
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from pathlib import Path

import xlsxwriter

from ivr.calls import listing, numbers
from ivr.errors import UserError
from ivr.store.calls import CallRow

Cell = str | float | int | datetime | None


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

FORMATS = (".csv", ".xlsx")


def check_target(file: Path, *, force: bool) -> None:
    """Raises UserError when `file` has another ending than .csv or .xlsx, its folder
    does not exist, or it is there and not `force`."""
    if file.suffix.lower() not in FORMATS:
        raise UserError(f"{file}: is neither .csv nor .xlsx; give it one of these endings")
    if not file.parent.is_dir():
        raise UserError(f"{file.parent}: there is no such folder")
    if file.exists() and not force:
        raise UserError(f"{file}: is there already; add --force to replace it")


def export(
    rows: Sequence[CallRow],
    file: Path,
    zone: tzinfo,
    *,
    show: listing.Show = numbers.mask,
    force: bool = False,
) -> None:
    """Write `rows` to `file`, whole or not at all; times are in `zone`.

    Raises UserError as `check_target` does, or when the disk does not take it.
    """
    check_target(file, force=force)
    table = [[_safe(column.value(row, zone, show)) for column in COLUMNS] for row in rows]
    render = _csv if file.suffix.lower() == ".csv" else _xlsx
    _replace(file, render(table))


def _csv(table: Sequence[Sequence[Cell]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(column.heading for column in COLUMNS)
    writer.writerows([_plain(cell) for cell in row] for row in table)
    return out.getvalue().encode("utf-8-sig")  # without the mark Excel reads it as GBK


def _xlsx(table: Sequence[Sequence[Cell]]) -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet = book.add_worksheet("通话记录")
    heading = book.add_format({"bold": True, "bottom": 1})
    moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss", "align": "left"})
    for index, column in enumerate(COLUMNS):
        sheet.set_column(index, index, column.width)
        sheet.write_string(0, index, column.heading, heading)
    sheet.freeze_panes(1, 0)
    for number, row in enumerate(table, 1):
        for index, cell in enumerate(row):
            match cell:
                case None | "":
                    continue
                case str():
                    sheet.write_string(number, index, cell)  # never a formula, link or number
                case datetime():
                    sheet.write_datetime(number, index, cell, moment)
                case _:
                    sheet.write_number(number, index, cell)
    sheet.autofilter(0, 0, len(table), len(COLUMNS) - 1)
    book.close()
    return out.getvalue()


def _replace(file: Path, data: bytes) -> None:
    try:
        # Its owner's only (mkstemp): there are people's telephone numbers in it.
        handle, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
        try:
            with os.fdopen(handle, "wb") as out:
                out.write(data)
                out.flush()
                os.fsync(out.fileno())
            Path(name).replace(file)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise UserError(
            f"{file}: cannot be written ({error.strerror}); nothing was changed"
        ) from None


def _safe(cell: Cell) -> Cell:
    """A text that a spreadsheet would run as a formula gets an apostrophe in front.

    OWASP, CSV Injection: = + - @, tab and carriage return; their full-width
    forms too, which East Asian versions of Excel take for the same.
    """
    if isinstance(cell, str) and cell.startswith(
        ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
    ):
        return "'" + cell
    return cell


def _plain(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case datetime():
            return cell.strftime("%Y-%m-%d %H:%M:%S")
        case _:
            return str(cell)


def _time(at: float | None, zone: tzinfo) -> datetime | None:
    """The site's wall clock; a spreadsheet knows no zones."""
    return None if at is None else datetime.fromtimestamp(at, zone).replace(tzinfo=None)


def _tenths(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def _yes(flag: bool) -> str:
    return "是" if flag else ""
