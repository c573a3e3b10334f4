"""Tables written for people: .csv or .xlsx, whole or not at all, and never a formula."""

import csv
import io
import os
import tempfile
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from ivr.errors import UserError

Cell = str | float | int | datetime | None

FORMATS = (".csv", ".xlsx")
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


class Heading(NamedTuple):
    text: str
    width: int  # of an .xlsx column, in Latin characters


def check_target(file: Path, *, force: bool) -> None:
    """Raises UserError when `file` has another ending than .csv or .xlsx, its folder
    does not exist, or it is there and not `force`."""
    if file.suffix.lower() not in FORMATS:
        raise UserError(f"{file}: is neither .csv nor .xlsx; give it one of these endings")
    if not file.parent.is_dir():
        raise UserError(f"{file.parent}: there is no such folder")
    if file.exists() and not force:
        raise UserError(f"{file}: is there already; add --force to replace it")


def write(
    file: Path,
    title: str,
    headings: Sequence[Heading],
    rows: Iterable[Sequence[Cell]],
    *,
    force: bool = False,
) -> None:
    """Write `rows` under `headings`; `title` names the sheet of an .xlsx. A text that
    looks like a formula gets an apostrophe; times must be of no zone.

    Raises UserError as `check_target` does, or when the disk does not take it.
    """
    check_target(file, force=force)
    _replace(file, contents(file.suffix.lower(), title, headings, rows))


def contents(
    ending: str, title: str, headings: Sequence[Heading], rows: Iterable[Sequence[Cell]]
) -> bytes:
    """What `write` puts into a file with this ending, for a download; may take seconds."""
    table = [[_safe(cell) for cell in row] for row in rows]
    return _csv(headings, table) if ending == ".csv" else _xlsx(title, headings, table)


def bare(text: str) -> str:
    """A cell that was written here, as it was before it got its apostrophe."""
    return text[1:] if text.startswith("'") and text[1:].startswith(FORMULA_STARTS) else text


def _csv(headings: Sequence[Heading], table: Sequence[Sequence[Cell]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(heading.text for heading in headings)
    writer.writerows([_plain(cell) for cell in row] for row in table)
    return out.getvalue().encode("utf-8-sig")  # without the mark Excel reads it as GBK


def _xlsx(title: str, headings: Sequence[Heading], table: Sequence[Sequence[Cell]]) -> bytes:
    import xlsxwriter  # for those who write a spreadsheet, not for every service

    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet = book.add_worksheet(title)
    bold = book.add_format({"bold": True, "bottom": 1})
    moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss", "align": "left"})
    for index, heading in enumerate(headings):
        sheet.set_column(index, index, heading.width)
        sheet.write_string(0, index, heading.text, bold)
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
    sheet.autofilter(0, 0, len(table), len(headings) - 1)
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
    return "'" + cell if isinstance(cell, str) and cell.startswith(FORMULA_STARTS) else cell


def _plain(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case datetime():
            return cell.strftime("%Y-%m-%d %H:%M:%S")
        case _:
            return str(cell)
