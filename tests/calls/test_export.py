import csv
import io
import stat
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pytest

from ivr import spreadsheet as module
from ivr.calls.export import COLUMNS, export
from ivr.calls.listing import as_is
from ivr.calls.model import Call, Direction, Disposition, Leg, LegOutcome, Side
from ivr.calls.record import finished
from ivr.errors import UserError
from ivr.settings import Settings
from ivr.store.calls import CallRow

SHANGHAI = ZoneInfo("Asia/Shanghai")
T = 1_795_312_800.25  # 2026-11-22 10:00:00 in Shanghai


def row(**changes: Any) -> CallRow:
    values: dict[str, Any] = {
        "call_id": "1795312800.10",
        "caller": "075588880000",
        "caller_name": "周先生",
        "called": "12345",
        "caller_channel": "PJSIP/trunk-1",
        "caller_uniqueid": "1",
        "direction": Direction.INBOUND,
        "start_at": T,
        "ring_at": T,
        "answer_at": T + 6,
        "end_at": T + 66.04,
        "answered_ext": "101",
        "disposition": Disposition.ANSWERED,
        "hangup_by": Side.CALLER,
        "cause": 16,
        "legs": [
            Leg("PJSIP/101-1", "2", "101", T, T, T + 6, T + 66, True, LegOutcome.ANSWERED),
            Leg("PJSIP/102-1", "3", "102", T, T, None, T + 6, True, LegOutcome.ELSEWHERE),
        ],
        **changes,
    }
    return finished(Call(**values), Settings(), recording="", now=T + 67).row


def read_csv(file: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(file.read_bytes().decode("utf-8-sig"), newline="")))


def read_xlsx(file: Path) -> list[dict[str, Any]]:
    sheet = openpyxl.load_workbook(file).worksheets[0]
    headings, *rows = sheet.iter_rows(values_only=True)
    return [dict(zip(map(str, headings), values, strict=True)) for values in rows]


def test_csv(tmp_path: Path) -> None:
    file = tmp_path / "通话.csv"
    export([row()], file, SHANGHAI, show=as_is)
    assert file.read_bytes().startswith(b"\xef\xbb\xbf")
    (line,) = read_csv(file)
    assert list(line) == [column.heading for column in COLUMNS]
    assert {name: line[name] for name in ("方向", "开始时间", "主叫", "首接分机", "结果")} == {
        "方向": "呼入",
        "开始时间": "2026-11-22 10:00:00",
        "主叫": "075588880000",
        "首接分机": "101",
        "结果": "已接听",
    }
    assert line["振铃分机"] == "101 振铃 2 响 6 s 接起；102 振铃 2 响 6 s 他人接起"
    assert (line["通话秒数"], line["先挂机方"], line["挂机原因"]) == ("60.0", "主叫", "正常挂机")


def test_xlsx(tmp_path: Path) -> None:
    file = tmp_path / "calls.xlsx"
    export([row(), row()], file, SHANGHAI, show=as_is)
    line = read_xlsx(file)[1]
    assert line["主叫"] == "075588880000"  # text: no leading zero is lost
    assert line["通话号"] == "1795312800.10"
    assert line["开始时间"].replace(microsecond=0) == datetime(2026, 11, 22, 10, 0)
    assert line["通话秒数"] == 60
    sheet = openpyxl.load_workbook(file).worksheets[0]
    assert sheet.freeze_panes == "A2"
    assert sheet.column_dimensions["A"].width > 30


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_numbers_are_masked_unless_asked_for(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"calls{suffix}"
    export([row(caller="13800138000")], file, SHANGHAI)
    read = read_csv if suffix == ".csv" else read_xlsx
    assert read(file)[0]["主叫"] == "138****8000"


HOSTILE = [
    '=HYPERLINK("http://example.invalid")',
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "＝1+1",
]


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
@pytest.mark.parametrize("text", HOSTILE)
def test_no_cell_is_a_formula(tmp_path: Path, suffix: str, text: str) -> None:
    file = tmp_path / f"calls{suffix}"
    export([row(caller_name=text, caller="+8613800138000")], file, SHANGHAI, show=as_is)
    if suffix == ".csv":
        (line,) = read_csv(file)
    else:
        (line,) = read_xlsx(file)
        for cells in openpyxl.load_workbook(file).worksheets[0].iter_rows():
            assert all(cell.data_type != "f" and cell.hyperlink is None for cell in cells)
    assert line["姓名"] == "'" + text
    assert line["主叫"] == "'+8613800138000"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_every_dangerous_beginning_is_defused(start: str) -> None:
    assert module._safe(f"{start}x") == f"'{start}x"
    assert module._safe(-1.5) == -1.5


def test_commas_quotes_and_lines_stay_in_their_cell(tmp_path: Path) -> None:
    file = tmp_path / "calls.csv"
    export([row(caller_name='a,"b";c')], file, SHANGHAI)
    assert read_csv(file)[0]["姓名"] == 'a,"b";c'


def test_an_empty_log_is_headings(tmp_path: Path) -> None:
    for name in ("calls.csv", "calls.xlsx"):
        export([], tmp_path / name, SHANGHAI)
    assert read_csv(tmp_path / "calls.csv") == read_xlsx(tmp_path / "calls.xlsx") == []


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("calls.ods", "neither .csv nor .xlsx"),
        ("calls", "neither .csv nor .xlsx"),
        ("nowhere/calls.csv", "no such folder"),
        ("there.csv", "is there already"),
    ],
)
def test_a_file_that_cannot_be_is_refused(tmp_path: Path, name: str, sentence: str) -> None:
    (tmp_path / "there.csv").write_text("mine")
    with pytest.raises(UserError, match=sentence):
        export([row()], tmp_path / name, SHANGHAI)
    assert [file.name for file in tmp_path.iterdir()] == ["there.csv"]
    assert (tmp_path / "there.csv").read_text() == "mine"


def test_force_replaces_the_whole_file(tmp_path: Path) -> None:
    file = tmp_path / "calls.csv"
    file.write_text("mine")
    export([row()], file, SHANGHAI, force=True)
    assert len(read_csv(file)) == 1
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_failed_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "calls.csv"
    file.write_text("mine")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(UserError, match="No space left"):
        export([row()], file, SHANGHAI, force=True)
    assert [left.name for left in tmp_path.iterdir()] == ["calls.csv"]
    assert file.read_text() == "mine"
