"""A spreadsheet people send: .xlsx, or .csv in UTF-8, UTF-16 or GB 18030 (Excel's in China).

Rows come one by one, so that 100,000 of them need no more memory than ten.
"""

import csv
import io
import re
import zipfile
from bisect import bisect_left
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from ivr.errors import UserError

COLUMNS = 64  # a stray cell at the far right must not make every row 16,384 wide
OLD_EXCEL = b"\xd0\xcf\x11\xe0"  # .xls, and .xlsx with a password

Row = tuple[int, Sequence[Any]]
"""Its number as a spreadsheet shows it, and its cells."""


class Limits(NamedTuple):
    file_bytes: int
    unpacked_bytes: int  # a few kilobytes of .xlsx can unpack to gigabytes
    rows: int  # that are not empty, the headings among them


class Sheet(NamedTuple):
    name: str  # empty where there is only one
    rows: Iterator[Row]  # not the empty ones; to be read before the next sheet


class Formula:
    """A cell whose formula was never calculated: nobody knows what it says."""

    def __str__(self) -> str:
        raise ValueError("is a formula without a result; open the file in Excel and save it")


class Merge(NamedTuple):
    """Cells of one column merged into one: only the first has the value."""

    first: int
    last: int
    column: int  # from 0


def sheets(file: Path, limits: Limits) -> Generator[Sheet, None, None]:
    """The sheets of `file`; merged cells are filled down, formulas are their results.

    The file is closed with the generator. Raises UserError when it is no such file,
    damaged, or larger than `limits`.
    """
    try:
        size = file.stat().st_size
        with file.open("rb") as opened:
            start = opened.read(4)
    except OSError as error:
        raise UserError(f"{file}: cannot be read ({error.strerror})") from None
    if size > limits.file_bytes:
        raise UserError(f"{file}: is larger than {limits.file_bytes // 1_000_000} MB; split it")
    match file.suffix.lower():
        case ".xlsx" if start == OLD_EXCEL:
            raise UserError(f"{file}: has a password or is an old .xls; save it as plain .xlsx")
        case ".xlsx":
            found = _xlsx(file, limits)
        case ".csv":
            found = iter([Sheet("", _csv(file))])
        case _:
            raise UserError(f"{file}: is neither .xlsx nor .csv; save it as one of them")
    for sheet in found:
        yield Sheet(sheet.name, _within(sheet.rows, file, limits))


def text(value: Any) -> str:
    """A cell as text; a number that a spreadsheet took for one is 101, not 101.0.

    Raises ValueError for a `Formula`.
    """
    if value is None:
        return ""
    if isinstance(value, str) and value.isprintable() and "  " not in value:
        return value.strip()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return re.sub(r"[\x00-\x1f\x7f\s]+", " ", str(value)).strip()


def _within(rows: Iterable[Row], file: Path, limits: Limits) -> Iterator[Row]:
    for count, row in enumerate(rows):
        if count >= limits.rows:
            raise UserError(f"{file}: has more than {limits.rows} rows; split it")
        yield row


def _empty(values: Sequence[Any]) -> bool:
    return not any(
        value is not None and (not isinstance(value, str) or value.strip()) for value in values
    )


def _csv(file: Path) -> Iterator[Row]:
    data = _decoded(file)
    lines = csv.reader(io.StringIO(data, newline=""), delimiter=_delimiter(data))
    try:
        for number, values in enumerate(lines, 1):
            if not _empty(values):
                yield number, values[:COLUMNS]
    except csv.Error as error:
        raise UserError(f"{file}: is not CSV ({error})") from None


def _decoded(file: Path) -> str:
    data = file.read_bytes()
    for encoding in (
        "utf-8-sig",
        "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "gb18030",
    ):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UserError(f"{file}: is neither UTF-8 nor GB 18030 text; save it as CSV UTF-8")


def _delimiter(data: str) -> str:
    """Excel writes semicolons or tabs in some countries and formats."""
    start = data[:10_000]
    return max(",\t;", key=start.count)


@contextmanager
def _telling(file: Path) -> Iterator[None]:
    """A damaged file makes zipfile, the XML parser or openpyxl raise almost anything."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        raise UserError(f"{file}: is not an .xlsx spreadsheet ({error})") from None


def _xlsx(file: Path, limits: Limits) -> Iterator[Sheet]:
    import openpyxl  # 15 MB of memory, for those who read a spreadsheet

    with _telling(file), ExitStack() as stack:
        archive = stack.enter_context(zipfile.ZipFile(file))
        unpacked = sum(part.file_size for part in archive.infolist())
        if unpacked > limits.unpacked_bytes:
            raise UserError(f"{file}: unpacks to {unpacked // 1_000_000} MB; that is no list")
        book = stack.enter_context(closing(openpyxl.load_workbook(file, read_only=True)))
        shown = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
        for sheet in shown:
            # openpyxl tells no merged cells of a sheet it streams, but where its XML is
            merges = _merges(archive, sheet._worksheet_path)
            rows = _filled(enumerate(_calculated(file, sheet), 1), merges)
            name = sheet.title if len(shown) > 1 else ""
            yield Sheet(name, _told(file, rows))


def _told(file: Path, rows: Iterator[Row]) -> Iterator[Row]:
    with _telling(file):
        for number, values in rows:
            if not _empty(values):
                yield number, values


def _values(sheet: Any) -> Iterator[Sequence[Any]]:
    # Some programs write a wrong size of the sheet, and openpyxl would believe it.
    sheet.reset_dimensions()
    return iter(sheet.iter_rows(max_col=COLUMNS, values_only=True))


def _calculated(file: Path, sheet: Any) -> Iterator[Sequence[Any]]:
    """The rows of `sheet` with the results that Excel kept beside its formulas.

    openpyxl gives formulas or results, not both; the results are read beside
    the formulas from the first row on that has one.
    """
    import openpyxl

    results: Iterator[Sequence[Any]] | None = None
    at = 0
    with ExitStack() as stack:
        for number, values in enumerate(_values(sheet)):
            if any(map(_is_formula, filter(None, values))):
                if results is None:
                    book = openpyxl.load_workbook(file, read_only=True, data_only=True)
                    stack.enter_context(closing(book))
                    results = _values(book[sheet.title])
                known = next(islice(results, number - at, None))
                at = number + 1
                values = [
                    Formula() if value and _is_formula(value) and result is None else result
                    for value, result in zip(values, known, strict=True)
                ]
            yield values


def _is_formula(value: Any) -> bool:
    match value:
        case str():
            return value.startswith("=")
        case int() | float():
            return False
        case _:
            return type(value).__module__.startswith("openpyxl.")  # array, table formulas


def _merges(archive: zipfile.ZipFile, part: str) -> list[Merge]:
    """Merged cells of a sheet, by their first row."""
    from openpyxl.utils import column_index_from_string

    pattern = re.compile(rb'mergeCell\s[^>]*?\bref="([A-Z]{1,3})(\d+):[A-Z]{1,3}(\d+)"')
    found = []
    rest = b""
    with archive.open(part) as xml:
        while chunk := xml.read(1 << 20):
            piece = rest + chunk
            end = 0
            for match in pattern.finditer(piece):
                column, first, last = (group.decode() for group in match.groups())
                found.append(Merge(int(first), int(last), column_index_from_string(column) - 1))
                end = match.end()
            rest = piece[max(end, len(piece) - 200) :]
    return sorted(found)


def _filled(rows: Iterator[Row], merges: list[Merge]) -> Iterator[Row]:
    """The rows, with what the first of merged cells says in those below it."""
    if not merges:
        yield from rows
        return
    open_: list[tuple[Merge, Any]] = []
    coming = 0
    for number, values in rows:
        open_ = [(merge, value) for merge, value in open_ if merge.last >= number]
        if open_:
            filled = list(values)
            for merge, value in open_:
                filled[merge.column] = value
            values = filled
        until = bisect_left(merges, (number + 1,), lo=coming)
        open_ += [
            (merge, values[merge.column])
            for merge in merges[coming:until]
            if merge.last > number and merge.column < COLUMNS
        ]
        coming = until
        yield number, values
