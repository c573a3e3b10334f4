"""Requests as a spreadsheet: reading what an office has, writing what it can read again."""

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, datetime, time
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from ivr import spreadsheet
from ivr.desk import intake, table
from ivr.desk.request import (
    KIND_WORDS,
    SEVERITY_WORDS,
    STATE_WORDS,
    Request,
    RequestKind,
    RequestState,
    Severity,
)
from ivr.errors import UserError
from ivr.settings import Settings
from ivr.spreadsheet import Heading

LIMITS = table.Limits(file_bytes=20_000_000, unpacked_bytes=300_000_000, rows=50_001)
HEADINGS_WITHIN = 20  # rows; a title and a date may stand above
WRONG_KEPT = 200
NUMBER = re.compile(r"\d{8}-\d{3,6}")  # ours

# The first word of each is what we write, and what messages call it.
HEADINGS = {
    "number": "编号 工单号 工单编号 单号 number no",
    "kind": "类别 类型 kind type",
    "severity": "程度 紧急程度 severity urgency",
    "state": "状态 state status",
    "title": "事项 标题 报修内容 内容摘要 title subject",
    "detail": "说明 内容 详细内容 描述 detail description",
    "home": "房屋 房号 房间 地址 home room",
    "contact": "联系人 报修人 业主 姓名 contact name",
    "phone": "电话 联系电话 手机 phone mobile tel",
    "department": "部门 责任部门 department",
    "assignee": "经办人 维修人 处理人 assignee",
    "keeper": "首问人 接待人 受理人 登记人 keeper",
    "created_at": "登记时间 报修时间 受理时间 created",
    "promised_at": "承诺时间 promised",
    "done_at": "处理时间 完成时间 完成日期 done",
}
WORDING = {name: words.split()[0] for name, words in HEADINGS.items()}
_BY_HEADING = {word: name for name, words in HEADINGS.items() for word in words.split()}
_WIDTHS = {"title": 30, "detail": 40, "number": 14, "created_at": 18, "promised_at": 18}

_KINDS = {word: kind for kind, word in KIND_WORDS.items()} | {k.value: k for k in RequestKind}
_SEVERITIES = {word: each for each, word in SEVERITY_WORDS.items()} | {s.value: s for s in Severity}
_SEVERITIES |= dict.fromkeys(("火警", "伤亡", "电梯困人"), Severity.EMERGENCY)
_STATES = {word: each for each, word in STATE_WORDS.items()} | {s.value: s for s in RequestState}
_STATES |= {"未处理": RequestState.OPEN, "已完成": RequestState.CLOSED}

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What one row says. `origin` tells it from every other row, in every reading of it."""

    where: str  # "row 5"
    number: str  # ours, or ""
    origin: str
    state: RequestState
    created_at: float | None
    done_at: float | None
    draft: intake.Draft


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


def read(file: Path, settings: Settings) -> Reading:
    """The requests in `file`: every row that can be understood, and the cells that cannot.

    Raises UserError when the file is no spreadsheet, has no headings, or no rows
    below them.
    """
    reading = Reading()
    headed = False
    with closing(table.sheets(file, LIMITS)) as sheets:
        for sheet in sheets:
            start = list(islice(sheet.rows, HEADINGS_WITHIN))
            columns, first = _best(start)
            if columns:
                headed = True
                rows = chain(start[first:], sheet.rows)
                _read(f"{sheet.name} " if sheet.name else "", rows, columns, settings, reading)
    if not headed:
        raise UserError(
            f"{file}: none of its first {HEADINGS_WITHIN} rows has the headings 类别 and 事项; "
            f"it wants {' '.join(WORDING.values())}"
        )
    if not reading.entries and not reading.wrong_rows:
        raise UserError(f"{file}: has no rows below its headings")
    return reading


def write(
    file: Path,
    requests: Sequence[Request],
    zone: ZoneInfo,
    show: Callable[[str], str],
    *,
    force: bool = False,
) -> None:
    """One row for each request, under headings that `read` knows; `show` says how a
    telephone number is written. Raises UserError as `ivr.spreadsheet.write` does."""

    def moment(at: float | None) -> datetime | None:
        return None if at is None else datetime.fromtimestamp(at, zone).replace(tzinfo=None)

    headings = [Heading(word, _WIDTHS.get(name, 12)) for name, word in WORDING.items()]
    rows = (
        [
            each.number,
            KIND_WORDS[each.kind],
            SEVERITY_WORDS[each.severity],
            STATE_WORDS[each.state],
            each.title,
            each.detail,
            each.home,
            each.contact,
            show(each.phone),
            each.department,
            each.assignee,
            each.keeper,
            moment(each.created_at),
            moment(each.promised_at),
            moment(each.resolved_at or each.closed_at),
        ]
        for each in requests
    )
    spreadsheet.write(file, "服务工作单", headings, rows, force=force)


def _best(rows: Sequence[table.Row]) -> tuple[dict[str, int], int]:
    """Column of each of our names in the row that has the most, and where rows begin."""
    best: dict[str, int] = {}
    after = 0
    for index, (_, values) in enumerate(rows, 1):
        found: dict[str, int] = {}
        for column, value in enumerate(values):
            name = _heading(value)
            if name is not None:
                found.setdefault(name, column)
        if {"kind", "title"} <= found.keys() and len(found) > len(best):
            best, after = found, index
    return best, after


def _heading(value: Any) -> str | None:
    if not isinstance(value, str) or len(value) > 20:
        return None
    return _BY_HEADING.get(re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", value)).lower())


def _read(
    prefix: str,
    rows: Iterator[table.Row],
    columns: Mapping[str, int],
    settings: Settings,
    reading: Reading,
) -> None:
    for number, values in rows:
        where = f"{prefix}row {number}"
        row = _Row(values, columns, settings)
        entry = row.entry(where)
        if row.wrong:
            reading.wrong_rows += 1
            left = WRONG_KEPT - len(reading.wrong)
            reading.wrong += [Wrong(where, *each) for each in row.wrong[:left]]
        elif entry is not None:
            reading.entries.append(entry)


class _Row:
    """The cells of a row by our names; it collects what is wrong with them."""

    def __init__(
        self, values: Sequence[Any], columns: Mapping[str, int], settings: Settings
    ) -> None:
        self._values = values
        self._columns = columns
        self._settings = settings
        self.wrong: list[tuple[str, str]] = []  # (heading, why)

    def entry(self, where: str) -> Entry | None:
        """None for a row that says nothing."""
        texts = {name: self._text(name) for name in intake.TEXTS if name in self._columns}
        if not any(texts.values()) and not self.wrong:
            return None
        kind = self._read("kind", lambda text: _known(_KINDS, text, KIND_WORDS.values()))
        severity = self._read(
            "severity", lambda text: _known(_SEVERITIES, text, SEVERITY_WORDS.values())
        )
        state = self._read("state", lambda text: _known(_STATES, text, STATE_WORDS.values()))
        created_at, promised_at, done_at = map(
            self._moment, ("created_at", "promised_at", "done_at")
        )
        fields = {name: self._field(name, text) for name, text in texts.items()}
        if kind is None and not any(heading == WORDING["kind"] for heading, _ in self.wrong):
            self.wrong.append((WORDING["kind"], "is empty"))
        if self.wrong or kind is None:
            return None
        try:
            intake.check_severity(kind, severity or Severity.NORMAL)
        except UserError as error:
            self.wrong.append((WORDING["severity"], str(error)))
            return None
        given = self._text("number")
        draft = intake.Draft(
            kind=kind,
            severity=severity or Severity.NORMAL,
            promised_at=promised_at,
            **fields,
        )
        ours = given if NUMBER.fullmatch(given) else ""
        said = "\n".join((given, kind, *fields.values(), str(created_at)))
        origin = given if given and not ours else f"import-{_hash(said)}"
        return Entry(
            where=where,
            number=ours,
            origin="" if ours else origin,
            state=state or RequestState.OPEN,
            created_at=created_at,
            done_at=done_at,
            draft=draft,
        )

    def _field(self, name: str, text: str) -> str:
        try:
            return intake.checked_field(name, text, self._settings)
        except UserError as error:
            heading = WORDING[name]
            self.wrong.append((heading, str(error).partition(" ")[2] or str(error)))
            return ""

    def _moment(self, name: str) -> float | None:
        value = self._value(name)
        if value in (None, ""):
            return None
        if isinstance(value, str):
            text = value.strip().replace("/", "-").replace("年", "-").replace("月", "-")
            try:
                value = datetime.fromisoformat(re.sub(r"\b(\d)\b", r"0\1", text.replace("日", "")))
            except ValueError:
                self.wrong.append(
                    (WORDING[name], f"{value[:30]!r} is no time; write it like 2026-11-22 10:00")
                )
                return None
        elif isinstance(value, date) and not isinstance(value, datetime):
            value = datetime.combine(value, time())
        elif not isinstance(value, datetime):
            self.wrong.append((WORDING[name], f"{value!r} is no time; make the column a date"))
            return None
        return value.replace(tzinfo=self._settings.site.zone).timestamp()

    def _read(self, name: str, parse: Callable[[str], T]) -> T | None:
        text = self._text(name)
        if not text:
            return None
        try:
            return parse(text)
        except ValueError as error:
            self.wrong.append((WORDING[name], str(error)))
            return None

    def _text(self, name: str) -> str:
        try:
            return spreadsheet.bare(table.text(self._value(name)))
        except ValueError as error:
            self.wrong.append((WORDING[name], str(error)))
            return ""

    def _value(self, name: str) -> Any:
        index = self._columns.get(name)
        return None if index is None or index >= len(self._values) else self._values[index]


def _known(words: Mapping[str, T], text: str, names: Any) -> T:
    found = words.get(text.lower())
    if found is None:
        raise ValueError(f"{text[:30]!r} is none of {' '.join(dict.fromkeys(names))}")
    return found


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:24]
