"""Owners as a spreadsheet: reading what an office has, writing what it can read again."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from ivr import spreadsheet
from ivr.desk import owner_words, phone_numbers, table
from ivr.desk.home import Home, home
from ivr.desk.owner import TITLES, Care, Owner, quiet_hours
from ivr.desk.owner_words import WORDING
from ivr.errors import UserError
from ivr.spreadsheet import Heading

LIMITS = table.Limits(file_bytes=50_000_000, unpacked_bytes=600_000_000, rows=200_001)
HEADINGS_WITHIN = 20  # rows; a title, a date and instructions may stand above
NAME_LENGTH = 50  # characters
NOTE_LENGTH = 500
WRONG_KEPT = 200

_ERROR = re.compile(r"#(N/A|REF!|VALUE!|NAME\?|DIV/0!|NULL!|NUM!)")
_WITH_TITLE = re.compile(rf"(.+?)\s*({'|'.join(TITLES)})")

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What one row says of an owner. Empty or None: its cell says nothing."""

    where: str  # "row 5"
    home: Home
    name: str
    title: str = ""
    phones: tuple[str, ...] = ()
    care: tuple[Care, ...] | None = None
    do_not_call: bool | None = None
    quiet: str = ""
    language: str = ""
    note: str = ""


class Wrong(NamedTuple):
    where: str
    heading: str
    why: str


@dataclass(slots=True)
class Reading:
    """What a file holds."""

    entries: list[Entry] = field(default_factory=list)
    wrong: list[Wrong] = field(default_factory=list)  # cells, the first WRONG_KEPT
    wrong_rows: int = 0
    vacant: int = 0  # homes with neither a name nor a number
    left_out: list[str] = field(default_factory=list)  # sheets without headings


def read(file: Path, area_code: str) -> Reading:
    """The owners in `file`: every row that can be understood, and the cells that cannot.

    A row that names no building is in that of the row above. Raises UserError
    when the file is no spreadsheet, has no headings, or no rows below them.
    """
    reading = Reading()
    headed = False
    with closing(table.sheets(file, LIMITS)) as sheets:
        for sheet in sheets:
            start = list(islice(sheet.rows, HEADINGS_WITHIN))
            columns, first = _best(start)
            if columns is not None:
                headed = True
                prefix = f"{sheet.name} " if sheet.name else ""
                _read(prefix, chain(start[first:], sheet.rows), columns, area_code, reading)
            elif start:
                reading.left_out.append(sheet.name)
    if not headed:
        raise UserError(
            f"{file}: none of its first {HEADINGS_WITHIN} rows has the headings 房号 and 姓名 or "
            f"电话; it wants {' '.join(WORDING.values())}"
        )
    if not (reading.entries or reading.wrong_rows or reading.vacant):
        raise UserError(f"{file}: has no rows below its headings")
    return reading


def write(
    file: Path, owners: Sequence[Owner], show: Callable[[str], str], *, force: bool = False
) -> None:
    """One row for each home of each owner, under headings that `read` knows.

    Raises UserError as `ivr.spreadsheet.write` does.
    """
    phones = max([3, *(len(owner.phones) for owner in owners)])
    headings = [
        *(Heading(WORDING[name], 8) for name in ("building", "unit", "room")),
        Heading(WORDING["name"], 14),
        Heading(WORDING["title"], 8),
        *(Heading(f"{WORDING['phone']}{number + 1}", 18) for number in range(phones)),
        Heading(WORDING["note"], 30),
        Heading(WORDING["care"], 14),
        Heading(WORDING["do_not_call"], 8),
        Heading(WORDING["quiet"], 24),
        Heading(WORDING["language"], 10),
    ]
    rows = (
        [
            home.building,
            home.unit,
            home.room,
            owner.name,
            owner.title,
            *map(show, owner.phones),
            *[""] * (phones - len(owner.phones)),
            owner.note,
            "、".join(owner.care),
            "是" if owner.do_not_call else "",
            owner.quiet,
            owner_words.language_words(owner.language),
        ]
        for owner in owners
        for home in owner.homes
    )
    spreadsheet.write(file, "业主", headings, rows, force=force)


def note(text: str) -> str:
    """Raises ValueError when it is longer than anyone reads."""
    return _limited(NOTE_LENGTH)(text)


class _Columns(NamedTuple):
    of: dict[str, int]
    phones: list[int]  # best first
    headings: dict[int, str]  # as they stand there


def _best(rows: Sequence[table.Row]) -> tuple[_Columns | None, int]:
    """The row that names the most columns, and how many rows to leave out for it."""
    best: _Columns | None = None
    after = 0
    for index, (_, values) in enumerate(rows, 1):
        found = _columns(values)
        usable = "room" in found.of and ("name" in found.of or found.phones)
        if usable and (best is None or len(found.headings) > len(best.headings)):
            best, after = found, index
    return best, after


def _columns(values: Sequence[Any]) -> _Columns:
    of: dict[str, int] = {}
    phones: list[tuple[int, int]] = []
    headings: dict[int, str] = {}
    for index, value in enumerate(values):
        if not isinstance(value, str) or len(value) > NAME_LENGTH:
            continue
        match owner_words.heading(value):
            case None:
                continue
            case "phone", number:
                phones.append((number, index))
            case name, _ if name in of:
                continue
            case name, _:
                of[name] = index
        headings[index] = table.text(value)
    return _Columns(of, [index for _, index in sorted(phones)], headings)


def _read(
    prefix: str, rows: Iterator[table.Row], columns: _Columns, area_code: str, reading: Reading
) -> None:
    above = ("", "")
    for number, values in rows:
        row = _Row(values, columns)
        if row.repeats_headings():  # as at the top of every printed page
            continue
        building, unit = row.text("building"), row.text("unit")
        above = (building, unit) if building else (above[0], unit or above[1])
        if row.is_blank():  # only names a building, or draws a line
            continue
        where = f"{prefix}row {number}"
        entry = _entry(where, row, above, area_code)
        if row.wrong:
            reading.wrong_rows += 1
            left = WRONG_KEPT - len(reading.wrong)
            reading.wrong += [Wrong(where, *each) for each in row.wrong[:left]]
        elif entry is None:
            reading.vacant += 1
        else:
            reading.entries.append(entry)


class _Row:
    """The cells of a row by our names; it collects what is wrong with them."""

    def __init__(self, values: Sequence[Any], columns: _Columns) -> None:
        self._values = values
        self._columns = columns
        self.wrong: list[tuple[str, str]] = []  # (heading, why)

    def repeats_headings(self) -> bool:
        room = self._columns.of["room"]
        return bool(self._value(room) == self._columns.headings[room])

    def is_blank(self) -> bool:
        """Whether it says nothing of a home or an owner."""
        of = self._columns.of
        said = [of["room"], *([of["name"]] if "name" in of else []), *self._columns.phones]
        return all(self._value(index) in (None, "") for index in said)

    def text(self, name: str) -> str:
        index = self._columns.of.get(name)
        return "" if index is None else self._text(index)

    def read(self, name: str, parse: Callable[[str], T]) -> T | None:
        """What `parse` makes of the cell; None when it is empty or wrong."""
        text = self.text(name)
        return self._parsed(self._columns.of[name], parse, text) if text else None

    def phones(self, area_code: str) -> tuple[str, ...]:
        def numbers(text: str) -> list[str]:
            return [phone_numbers.parse(part, area_code) for part in phone_numbers.split(text)]

        found: list[str] = []
        for index in self._columns.phones:
            text = self._text(index)
            if text and not owner_words.nobody(text):
                found += self._parsed(index, numbers, text) or ()
        return tuple(dict.fromkeys(found))

    def home(self, above: tuple[str, str]) -> Home | None:
        room = self.text("room")
        if self.wrong:  # one of its cells; that it is empty now needs no telling
            return None
        try:
            return home(*above, room)
        except ValueError as error:
            heading, _, why = str(error).partition(" ")
            self.wrong.append((heading, why))
            return None

    def _parsed(self, index: int, parse: Callable[[Any], T], value: Any) -> T | None:
        try:
            return parse(value)
        except ValueError as error:
            self.wrong.append((self._columns.headings[index], str(error)))
            return None

    def _text(self, index: int) -> str:
        value = self._value(index)
        return "" if value is None else self._parsed(index, _plain, value) or ""

    def _value(self, index: int) -> Any:
        return self._values[index] if index < len(self._values) else None


def _plain(value: Any) -> str:
    if isinstance(value, date | time | timedelta):  # 3-2 became the 2nd of March
        raise ValueError("was made a date by the spreadsheet; make the column text")
    text = spreadsheet.bare(table.text(value))
    if text.startswith("#") and _ERROR.match(text):
        raise ValueError(f"is the error {text} of a formula")
    return text


def _entry(where: str, row: _Row, above: tuple[str, str], area_code: str) -> Entry | None:
    """None when nobody lives there, or the home cannot be understood."""
    place = row.home(above)
    name, title = _named(row.read("name", _limited(NAME_LENGTH)) or "")
    phones = row.phones(area_code)
    do_not_call, quiet = row.read("do_not_call", _disturbed) or (None, "")
    title = row.read("title", owner_words.title) or title
    care = row.read("care", owner_words.care)
    quiet = row.read("quiet", quiet_hours) or quiet
    language = row.read("language", owner_words.language) or ""
    said = row.read("note", note) or ""
    if place is None or not (name or phones):
        return None
    return Entry(
        where=where,
        home=place,
        name=name,
        title=title,
        phones=phones,
        care=care,
        do_not_call=do_not_call,
        quiet=quiet,
        language=language,
        note=said,
    )


def _named(text: str) -> tuple[str, str]:
    """The name, and the title where it was written behind it: 周先生."""
    if owner_words.nobody(text):
        return "", ""
    titled = _WITH_TITLE.fullmatch(text)
    return (titled[1], titled[2]) if titled else (text, "")


def _disturbed(text: str) -> tuple[bool | None, str]:
    """是 is always, 12:00-14:00 is at these hours."""
    if ":" in text or "：" in text:
        return None, quiet_hours(text)
    return owner_words.yes(text), ""


def _limited(length: int) -> Callable[[str], str]:
    def within(text: str) -> str:
        if len(text) > length:
            raise ValueError(f"is {len(text)} characters long; {length} at most")
        return text

    return within
