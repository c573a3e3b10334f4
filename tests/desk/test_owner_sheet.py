import csv
import io
import zipfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from ivr.calls.listing import as_is
from ivr.desk.home import Home
from ivr.desk.owner import Care, Owner
from ivr.desk.owner_sheet import Entry, Reading, read, write
from ivr.errors import UserError

CHINESE = "楼栋,单元,房号,姓名,称谓,电话1,电话2,电话3,备注,特别关怀,勿扰,语言"
ENGLISH = "Building,Unit,Room,Name,Title,Phone1,Phone2,Phone3,Note,Care,Do-not-call,Language"
Rows = Sequence[Sequence[Any]]


def write_csv(file: Path, rows: Rows, encoding: str = "utf-8") -> Path:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    file.write_bytes(text.getvalue().encode(encoding))
    return file


def write_xlsx(file: Path, rows: Rows, merge: Sequence[str] = ()) -> Path:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for cells in merge:
        book.active.merge_cells(cells)
    book.save(file)
    return file


def said(reading: Reading) -> list[str]:
    return [
        " ".join(
            part
            for part in (
                entry.where.removeprefix("row "),
                str(entry.home),
                entry.name,
                entry.title,
                "+".join(entry.phones),
                *(entry.care or ()),
                {True: "勿扰", False: "可扰", None: ""}[entry.do_not_call],
                entry.quiet,
                entry.language,
                entry.note,
            )
            if part
        )
        for entry in reading.entries
    ]


def one(tmp_path: Path, **cells: Any) -> Entry:
    values = {"楼栋": "3", "房号": "1201", "姓名": "周建国", "电话": "13800138000", **cells}
    (entry,) = read(
        write_xlsx(tmp_path / "o.xlsx", [list(values), list(values.values())]), "0755"
    ).entries
    return entry


ROWS = [
    ["3栋", "2单元", "1201室", "周建国", "先生", "13800138000", "88881234", "", "租户", "老人", "", "中文"],
    ["", "", "", "", "", "", "", "", "", "", "", ""],
    ["三号楼", "2", "1202", "李梅", "女", "+86 139-0013-9000", "", "", "", "孕妇、残疾人", "是", "英语"],
    ["5", "", "３０１", "", "", "", "0755-88885678转801", "", "", "无", "12:00-14:00", ""],
]  # fmt: skip
EXPECTED = [
    "2 3-2-1201 周建国 先生 13800138000+075588881234 老人 zh-CN 租户",
    "4 3-2-1202 李梅 女士 13900139000 孕妇 残疾人 勿扰 en",
    "5 5-301 075588885678转801 12:00-14:00",
]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("headings", [CHINESE, ENGLISH])
def test_csv(tmp_path: Path, headings: str, encoding: str) -> None:
    assert (
        said(read(write_csv(tmp_path / "o.csv", [headings.split(","), *ROWS], encoding), "0755"))
        == EXPECTED
    )


def test_xlsx_with_numbers_that_are_numbers(tmp_path: Path) -> None:
    rows = [list(row) for row in ROWS]
    rows[0][5:7] = [13800138000.0, 88881234]
    rows[0][1] = 2.0
    rows[3][2] = 301
    assert (
        said(read(write_xlsx(tmp_path / "o.xlsx", [CHINESE.split(","), *rows]), "0755")) == EXPECTED
    )


def test_other_headings_in_another_order_below_a_title(tmp_path: Path) -> None:
    rows = [
        ["阳光花园业主名册"],
        ["制表：王小姐", "", "2026-11-22"],
        ["序号", "联系电话 2", "业主", "房间号", "楼 号", "联系电话（1）", "天气"],
        [1, "13900139000", "周建国", "1201", "3号楼", "13800138000", "晴"],
        ["序号", "联系电话 2", "业主", "房间号", "楼 号", "联系电话（1）", "天气"],
        [2, "", "李梅先生", "1202", "", "13700137000", "晴"],
    ]
    assert said(read(write_csv(tmp_path / "o.csv", rows), "0755")) == [
        "4 3-1201 周建国 13800138000+13900139000",
        "6 3-1202 李梅 先生 13700137000",
    ]


def test_merged_cells_are_filled_down(tmp_path: Path) -> None:
    rows = [
        ["业主名册", None, None, None, None],
        ["楼栋", "单元", "房号", "姓名", "电话"],
        ["3", "1", "101", "周建国", "13800138000"],
        [None, None, "102", None, None],
        [None, "2", "201", "李梅", "13900139000"],
        [None, None, None, "王强", "13700137000"],
    ]
    merge = ["A1:E1", "A3:A6", "B3:B4", "B5:B6", "C5:C6", "D3:D4", "E3:E4"]
    assert said(read(write_xlsx(tmp_path / "o.xlsx", rows, merge), "0755")) == [
        "3 3-1-101 周建国 13800138000",
        "4 3-1-102 周建国 13800138000",
        "5 3-2-201 李梅 13900139000",
        "6 3-2-201 王强 13700137000",
    ]


def test_every_sheet_with_headings_is_read(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.title = "说明"
    book.active.append(["请按楼栋填写"])
    for building in ("3栋", "5栋"):
        sheet = book.create_sheet(building)
        sheet.append(["楼栋", "房号", "姓名"])
        sheet.append([building, 301, "周建国"])
    book.create_sheet("旧").append(["楼栋", "房号", "姓名"])
    book["旧"].append(["9栋", 301, "周建国"])
    book["旧"].sheet_state = "hidden"
    book.save(tmp_path / "o.xlsx")
    reading = read(tmp_path / "o.xlsx", "0755")
    assert said(reading) == ["3栋 row 2 3-301 周建国", "5栋 row 2 5-301 周建国"]
    assert reading.left_out == ["说明"]


def test_a_formula_is_its_result_and_without_one_a_mistake(tmp_path: Path) -> None:
    rows = [["楼栋", "房号", "姓名", "电话"], ["3", "101", "=A2", "13800138000"]]
    file = write_xlsx(tmp_path / "o.xlsx", rows)
    ((where, heading, why),) = read(file, "0755").wrong
    assert (where, heading) == ("row 2", "姓名")
    assert "formula without a result" in why

    calculated = tmp_path / "calculated.xlsx"
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(calculated, "w") as new:
        for part in old.infolist():
            data = old.read(part).replace(b"<f>A2</f><v />", b"<f>A2</f><v>3</v>")
            new.writestr(part, data.replace(b"<f>A2</f><v></v>", b"<f>A2</f><v>3</v>"))
    assert said(read(calculated, "0755")) == ["2 3-101 3 13800138000"]


@pytest.mark.parametrize(
    ("cells", "heading", "why"),
    [
        ({"电话": "138001380"}, "电话", "no telephone number that exists"),
        ({"电话": 1.38e10 + 0.5}, "电话", "is no telephone number"),
        ({"房号": None}, "房号", "is empty"),
        ({"楼栋": None}, "楼栋", "is empty"),
        ({"房号": date(2026, 3, 2)}, "房号", "was made a date"),
        ({"房号": "#REF!"}, "房号", "is the error #REF! of a formula"),
        ({"称谓": "大人"}, "称谓", "'大人' is none of 先生"),
        ({"特别关怀": "VIP"}, "特别关怀", "'VIP' is none of 老人 孕妇 残疾人"),
        ({"勿扰": "有时"}, "勿扰", "neither 是 nor 否"),
        ({"勿扰": "12:00"}, "勿扰", "no span of hours"),
        ({"语言": "客家话"}, "语言", "'客家话' is none of 中文 英语"),
        ({"备注": "长" * 5_000}, "备注", "is 5000 characters long; 500 at most"),
        ({"姓名": "长" * 51}, "姓名", "is 51 characters long"),
    ],
)
def test_a_cell_that_cannot_stand_is_named(
    tmp_path: Path, cells: dict[str, Any], heading: str, why: str
) -> None:
    values = {"楼栋": "3", "房号": "1201", "姓名": "周建国", "电话": "13800138000", **cells}
    rows = [list(values), list(values.values()), ["4", "101", "李梅", "13900139000"]]
    reading = read(write_xlsx(tmp_path / "o.xlsx", rows), "0755")
    assert [(each.where, each.heading) for each in reading.wrong] == [("row 2", heading)]
    assert why in reading.wrong[0].why
    assert said(reading) == ["3 4-101 李梅 13900139000"]


def test_a_title_is_read_but_never_guessed(tmp_path: Path) -> None:
    assert one(tmp_path, 姓名="周建国").title == ""
    assert (one(tmp_path, 姓名="周先生").name, one(tmp_path, 姓名="周先生").title) == ("周", "先生")
    assert one(tmp_path, 称谓="Ms.").title == "女士"


def test_many_mistakes_are_counted_and_some_are_told(tmp_path: Path) -> None:
    rows = [["楼栋", "房号", "姓名", "电话"], *([["3", "101", "周建国", "1"]] * 300)]
    reading = read(write_csv(tmp_path / "o.csv", rows), "0755")
    assert (reading.wrong_rows, len(reading.wrong)) == (300, 200)


def test_vacant_homes_are_counted(tmp_path: Path) -> None:
    rows = [["楼栋", "房号", "姓名", "电话"], ["3", "101", "空置", ""], ["3", "102", "", "无"]]
    assert read(write_csv(tmp_path / "o.csv", rows), "0755").vacant == 2


JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(range(256)) * 8


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("o.csv", b"", "has the headings 房号"),
        ("o.csv", "周建国,13800138000\n".encode(), "has the headings 房号"),
        ("o.csv", "楼栋,房号,姓名\n".encode(), "has no rows below its headings"),
        ("o.csv", JPEG, "neither UTF-8 nor GB 18030|has the headings"),
        ("o.xlsx", b"", "is not an .xlsx spreadsheet"),
        ("o.xlsx", JPEG, "is not an .xlsx spreadsheet"),
        ("o.xlsx", b"\xd0\xcf\x11\xe0" + bytes(600), "has a password or is an old .xls"),
        ("o.xls", b"", "neither .xlsx nor .csv"),
        ("o.csv", b"x" * 50_000_001, "larger than 50 MB"),
        ("none.xlsx", None, "cannot be read"),
    ],
)
def test_a_file_that_is_no_list_of_owners_is_refused(
    tmp_path: Path, name: str, content: bytes | None, sentence: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=sentence) as told:
        read(tmp_path / name, "0755")
    assert "\n" not in str(told.value)


def test_a_damaged_spreadsheet_is_refused(tmp_path: Path) -> None:
    whole = write_xlsx(tmp_path / "o.xlsx", [CHINESE.split(","), *ROWS]).read_bytes()
    for cut in (100, len(whole) // 2, len(whole) - 30):
        (tmp_path / "cut.xlsx").write_bytes(whole[:cut])
        with pytest.raises(UserError, match=r"is not an \.xlsx spreadsheet"):
            read(tmp_path / "cut.xlsx", "0755")


def test_a_wrong_size_written_in_the_sheet_is_not_believed(tmp_path: Path) -> None:
    file = write_xlsx(tmp_path / "o.xlsx", [CHINESE.split(","), *ROWS])
    for size in (b'"A1:A1"', b'"A1:XFD1048576"'):
        lying = tmp_path / "lying.xlsx"
        with zipfile.ZipFile(file) as old, zipfile.ZipFile(lying, "w") as new:
            for part in old.infolist():
                new.writestr(part, old.read(part).replace(b'"A1:L5"', size))
        assert said(read(lying, "0755")) == EXPECTED


@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
def test_what_is_written_reads_back_and_runs_nowhere(tmp_path: Path, ending: str) -> None:
    owner = Owner(
        id="1",
        name="=HYPERLINK(1)",
        title="先生",
        phones=("13800138000", "075588881234转801", "13900139000", "13700137000"),
        homes=(Home("3", "2", "1201"), Home("5", "", "0301")),
        language="en",
        care=(Care.OLD, Care.PREGNANT),
        do_not_call=True,
        quiet="12:00-14:00,21:00-08:00",
        note="@SUM(A1)",
    )
    file = tmp_path / f"o{ending}"
    write(file, [owner], as_is)
    entries = read(file, "0755").entries
    assert [entry.home for entry in entries] == list(owner.homes)
    for entry in entries:
        for name in ("name", "title", "phones", "language", "care", "do_not_call", "quiet", "note"):
            assert getattr(entry, name) == getattr(owner, name)
    if ending == ".csv":
        assert "'=HYPERLINK(1)" in file.read_text("utf-8-sig")
