"""A duty roster as a spreadsheet."""

import contextlib
import re
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from ivr import ids
from ivr.desk import table
from ivr.desk.roster import Named
from ivr.errors import UserError
from ivr.settings import Settings
from ivr.store.roster import RosterRow

HEADINGS = {
    "date": ("日期", "date"),
    "start": ("开始", "start", "from"),
    "end": ("结束", "end", "to"),
    "line": ("线路", "line"),
    "primary": ("主班", "primary"),
    "backup": ("备班", "backup"),
    "mobile": ("手机", "mobile"),
    "person": ("姓名", "name", "person"),
    "note": ("备注", "note"),
}
NEEDED = ("date", "start", "end", "primary")

# A year of three shifts a day on five lines is 5,500 rows.
LIMITS = table.Limits(file_bytes=5_000_000, unpacked_bytes=100_000_000, rows=10_000)
CELL_LIMIT = 200  # characters

Cells = dict[str, Any]


def read(file: Path, settings: Settings) -> list[Named]:
    """The entries of `file`, in the zone of the site; an end not after its start is
    on the next day, an empty line is the only line there is.

    Raises UserError naming the row and cell that cannot be understood.
    """
    entries = []
    wrong = []
    for number, cells in _rows(file):
        try:
            entries.append(Named(f"row {number}", _entry(cells, settings)))
        except ValueError as error:
            wrong.append(f"row {number}: {error}")
    if wrong:
        more = f"; and {len(wrong) - 5} more" if len(wrong) > 5 else ""
        raise UserError(f"{file}: {'; '.join(wrong[:5])}{more}; nothing was imported")
    if not entries:
        raise UserError(f"{file}: has no rows below its headings")
    return entries


def _rows(file: Path) -> Iterator[tuple[int, Cells]]:
    """(row number as a spreadsheet shows it, cells by our names); empty rows are left out."""
    with contextlib.closing(table.sheets(file, LIMITS)) as sheets:
        rows = next((sheet.rows for sheet in sheets), iter(()))
        _, headings = next(rows, (1, []))
        columns: dict[str, int] = {}
        for index, heading in enumerate(headings):
            text = _text(heading).lower()
            name = next((name for name, words in HEADINGS.items() if text in words), None)
            if name is not None:
                columns.setdefault(name, index)
        missing = [HEADINGS[name][0] for name in NEEDED if name not in columns]
        if missing:
            raise UserError(
                f"{file}: its first row has no heading {'、'.join(missing)}; "
                f"it wants {'、'.join(words[0] for words in HEADINGS.values())}"
            )
        for number, values in rows:
            yield (
                number,
                {
                    name: values[index] if index < len(values) else None
                    for name, index in columns.items()
                },
            )


def _entry(cells: Cells, settings: Settings) -> RosterRow:
    day = _day(cells["date"])
    start, end = _hour(cells["start"], "开始"), _hour(cells["end"], "结束")
    zone = settings.site.zone
    begin = datetime.combine(day, time(), zone) + start
    until = datetime.combine(day, time(), zone) + (end if end > start else end + timedelta(days=1))
    return RosterRow(
        id=ids.uuid7(begin.timestamp()),
        line=line_named(_text(cells.get("line")), settings),
        from_at=begin.timestamp(),
        to_at=until.timestamp(),
        primary=phones(cells["primary"]),
        backup=phones(cells.get("backup")),
        mobile=mobile(_text(cells.get("mobile"))),
        person=_text(cells.get("person")),
        note=_text(cells.get("note")),
    )


def _text(value: Any) -> str:
    return table.text(value)[:CELL_LIMIT]


def _day(value: Any) -> date:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    found = re.fullmatch(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?", _text(value).split(" ")[0])
    with contextlib.suppress(ValueError):  # the 31st of February
        if found:
            return date(int(found[1]), int(found[2]), int(found[3]))
    raise ValueError(f"日期 {_text(value)!r} is no date; write it like 2026-11-22")


def _hour(value: Any, heading: str) -> timedelta:
    """A time of day as what has passed since midnight; 24:00 is the day's end."""
    if isinstance(value, datetime):
        value = value.time()
    if isinstance(value, time):
        return timedelta(hours=value.hour, minutes=value.minute)
    if isinstance(value, timedelta):
        since = value
    elif isinstance(value, float) and 0 <= value <= 1:  # Excel: a part of the day
        since = timedelta(minutes=round(value * 24 * 60))
    else:
        found = re.fullmatch(r"(\d{1,2})[:：](\d{2})(?::00)?", _text(value))
        if not found or int(found[2]) > 59:
            raise ValueError(f"{heading} {_text(value)!r} is no time; write it like 08:00")
        since = timedelta(hours=int(found[1]), minutes=int(found[2]))
    if not timedelta(0) <= since <= timedelta(hours=24):
        raise ValueError(f"{heading} {_text(value)!r} is not between 00:00 and 24:00")
    return since


def line_named(text: str, settings: Settings) -> str:
    """A line by its name or title. An unknown one is refused with the others' mistakes."""
    if not text and len(settings.lines) == 1:
        return settings.lines[0].name
    if not text:
        raise ValueError("线路 is empty, and there is more than one line")
    return next((line.name for line in settings.lines if text in (line.name, line.title)), text)


def phones(value: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part for part in re.split(r"[\s,，、;；/]+", _text(value)) if part))


def mobile(text: str) -> str:
    number = re.sub(r"[\s()-]", "", text)
    if number and not re.fullmatch(r"\+?\d{3,20}", number):
        raise ValueError(f"手机 {text!r} is no telephone number")
    return number
