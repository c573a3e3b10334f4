import csv
import io
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from ivr.desk.sheet import read
from ivr.errors import UserError
from ivr.settings import Settings

HEADINGS = ["日期", "开始", "结束", "线路", "主班", "备班", "手机", "姓名", "备注"]
ENGLISH = ["Date", "Start", "End", "Line", "Primary", "Backup", "Mobile", "Name", "Note"]


def write_csv(file: Path, *rows: list[str], encoding: str = "utf-8-sig") -> Path:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    file.write_bytes(text.getvalue().encode(encoding))
    return file


def write_xlsx(file: Path, *rows: list[Any]) -> Path:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(file)
    return file


def told(file: Path, settings: Settings) -> list[tuple[Any, ...]]:
    zone = settings.site.zone
    return [
        (
            where,
            row.line,
            f"{datetime.fromtimestamp(row.from_at, zone):%d %H:%M}",
            f"{datetime.fromtimestamp(row.to_at, zone):%d %H:%M}",
            "+".join(row.primary),
            "+".join(row.backup),
            row.mobile,
            row.person,
            row.note,
        )
        for where, row in read(file, settings)
    ]


EXPECTED = [
    ("row 2", "hotline", "22 08:00", "22 18:00", "101+102", "201", "13800138000", "周先生", "白班"),
    ("row 4", "works", "22 18:00", "23 08:00", "201", "", "", "王小姐", ""),
    ("row 5", "hotline", "23 00:00", "24 00:00", "101", "", "", "", ""),
]
TEXT_ROWS = [
    [
        "2026-11-22",
        "08:00",
        "18:00",
        "hotline",
        "101、102",
        "201",
        "138 0013 8000",
        "周先生",
        "白班",
    ],
    ["", "", "", "", "", "", "", "", ""],
    ["2026/11/22", "18:00", "8:00", "工程部", "201", "", "", "王小姐", ""],
    ["2026年11月23日", "0:00", "24:00", "服务热线", "101", "", "", "", ""],
]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8", "gb18030"])
@pytest.mark.parametrize("headings", [HEADINGS, ENGLISH])
def test_csv(tmp_path: Path, settings: Settings, encoding: str, headings: list[str]) -> None:
    file = write_csv(tmp_path / "r.csv", headings, *TEXT_ROWS, encoding=encoding)
    assert told(file, settings) == EXPECTED


def test_xlsx_with_real_dates_times_and_numbers(tmp_path: Path, settings: Settings) -> None:
    file = write_xlsx(
        tmp_path / "r.xlsx",
        HEADINGS,
        [
            datetime(2026, 11, 22),
            time(8),
            0.75,
            "hotline",
            "101,102",
            201,
            13800138000,
            "周先生",
            "白班",
        ],
        [None] * 9,
        [date(2026, 11, 22), time(18), time(8), "works", 201.0, None, None, "王小姐"],
        ["2026-11-23", "00:00", "24:00", "服务热线", "101"],
    )
    assert told(file, settings) == EXPECTED


def test_columns_may_stand_in_any_order_and_others_are_ignored(
    tmp_path: Path, settings: Settings
) -> None:
    rows = [
        ["天气", "主班", "结束", "开始", "日期", "线路"],
        ["晴", "101", "18:00", "08:00", "2026-11-22", "hotline"],
    ]
    ((_, row),) = read(write_csv(tmp_path / "r.csv", *rows), settings)
    assert (row.primary, row.line) == (("101",), "hotline")


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (["tomorrow", "08:00", "18:00", "hotline", "101"], "row 3: 日期 'tomorrow' is no date"),
        (["2026-13-40", "08:00", "18:00", "hotline", "101"], "row 3: 日期 '2026-13-40' is no date"),
        (["2026-11-22", "25:00", "18:00", "hotline", "101"], "row 3: 开始 '25:00' is not between"),
        (["2026-11-22", "08:00", "dusk", "hotline", "101"], "row 3: 结束 'dusk' is no time"),
        (["2026-11-22", "08:00", "18:00", "", "101"], "row 3: 线路 is empty"),
        (
            ["2026-11-22", "08:00", "18:00", "hotline", "101", "", "=1+1"],
            "row 3: 手机 '=1.1' is no telephone number",
        ),
    ],
)
def test_a_cell_that_cannot_be_understood_is_named(
    tmp_path: Path, settings: Settings, row: list[str], sentence: str
) -> None:
    good = ["2026-11-22", "08:00", "18:00", "hotline", "101"]
    file = write_csv(tmp_path / "r.csv", HEADINGS, good, row)
    with pytest.raises(UserError, match=sentence):
        read(file, settings)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("r.csv", b"", "no heading 日期、开始、结束、主班"),
        ("r.csv", "日期,开始,结束,主班\n".encode(), "no rows below"),
        ("r.csv", b"\xff\xff\xff", "neither UTF-8 nor GB 18030"),
        ("r.csv", b'a,"' + b"x" * 200_000, "is not CSV"),
        ("r.csv", b"x" * 5_000_001, "larger than 5 MB"),
        ("r.xlsx", b"PK\x03\x04 not really", "is not an .xlsx"),
        ("r.xls", b"", "neither .xlsx nor .csv"),
        ("none.csv", None, "cannot be read"),
    ],
)
def test_a_file_that_is_no_roster_is_refused(
    tmp_path: Path, settings: Settings, name: str, content: bytes | None, sentence: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=sentence):
        read(tmp_path / name, settings)


def test_too_many_rows_are_refused(tmp_path: Path, settings: Settings) -> None:
    file = write_csv(tmp_path / "r.csv", HEADINGS, *([TEXT_ROWS[0]] * 10_000))
    with pytest.raises(UserError, match="more than 10000 rows"):
        read(file, settings)
