"""`ivr requests` as its user types it."""

import csv
from pathlib import Path

import openpyxl
import pytest
from typer.testing import CliRunner, Result

from ivr.cli import hooks, owners, requests
from ivr.errors import UserError


@pytest.fixture
def site(tmp_path: Path) -> Path:
    config = tmp_path / "ivr.toml"
    config.write_text(
        '[[departments]]\nname = "工程部"\n\n[[departments]]\nname = "保洁部"\n'
        '[[hooks.targets]]\nname = "erp"\nurl = "https://erp.example.org/hook"\n',
        encoding="utf-8",
    )
    return config


def ivr(site: Path, *arguments: object, answer: str = "", app: object = requests.app) -> Result:
    words = [str(argument) for argument in arguments]
    return CliRunner().invoke(app, [*words, "--config", str(site)], input=answer)  # type: ignore[arg-type]


def number_of(result: Result) -> str:
    assert result.exit_code == 0, result.output
    return result.output.split()[0]


def test_a_request_from_the_first_word_to_the_last(site: Path) -> None:
    book = site.with_name("owners.csv")
    book.write_text(
        "楼栋,单元,房号,姓名,称谓,电话\n3,1,1201,周建国,先生,13800138000", encoding="utf-8"
    )
    ivr(site, "import", book, "--yes", app=owners.app)
    taken = ivr(
        site, "new", "complaint", "楼上噪音", "--phone", "13800138000", "--by", "小李",
    )  # fmt: skip
    number = number_of(taken)
    assert "3-1-1201" in taken.output
    assert "周先生" in taken.output
    assert "138****8000" in taken.output
    listed = ivr(site, "list").output
    assert number in listed
    assert "派工 还剩 9 分钟" in listed
    assert "已派" in ivr(site, "assign", number, "--to", "工程部", "--person", "王师傅").output
    assert "已派" in ivr(site, "answer", number, "今晚上门").output
    assert "到场" in ivr(site, "on-site", number).output
    assert "已处理" in ivr(site, "resolve", number, "-t", "已劝止").output
    assert number not in ivr(site, "list").output
    assert "重新处理" in ivr(site, "reopen", number, "又响了").output
    assert "重新处理" in ivr(site, "note", number, "业主很生气").output
    refused = ivr(site, "close", number)
    assert isinstance(refused.exception, UserError)
    assert "关闭" in ivr(site, "close", number, "-t", "业主搬走了").output
    story = ivr(site, "show", number).output
    for said in ("小李", "今晚上门", "已劝止", "又响了", "业主很生气", "业主搬走了"):
        assert said in story


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("new", "repair", " "), "标题 is empty"),
        (("new", "repair", "漏水", "--department", "水电部"), "is none of 工程部 保洁部"),
        (("new", "repair", "漏水", "--promised", "明天"), "is no time; write it like 18:00"),
        (("show", "20200101-001"), "there is no request"),
    ],
)
def test_mistakes(site: Path, words: tuple[str, ...], sentence: str) -> None:
    ivr(site, "new", "repair", "门禁")
    told = ivr(site, *words)
    assert isinstance(told.exception, UserError)
    assert sentence in str(told.exception)


ROWS = [
    "类别,事项,房屋,联系人,电话,部门,状态,登记时间,完成时间,工单号",
    "报修,水龙头漏水,3-1-1201,周先生,13800138000,工程部,已处理,2026-11-20 09:00,2026-11-20 11:30,W-1",
    "投诉,=HYPERLINK(1),5-301,李女士,13900139000,,,2026/11/1,,W-2",
    "报修,没有编号的,3-1-1202,,,,,2026年11月2日,,",
]


def sheet(site: Path, *more: str) -> Path:
    file = site.with_name("requests.csv")
    file.write_text("\n".join([*ROWS, *more]), encoding="utf-8")
    return file


def test_an_import_is_shown_first_and_the_same_file_twice_adds_nothing(site: Path) -> None:
    file = sheet(
        site, "许愿,要有光,,,,,,,,W-3", "报修,x,三楼东边,,,,,,,W-4", "报修,,1-101,,,,,昨天,,W-5"
    )
    shown = ivr(site, "import", file, "--dry-run").output
    assert "新增 3，已有 0，有误 3" in shown
    assert "'许愿' is none of 报修 投诉" in shown
    assert "write it like 3-1-1201" in shown
    assert "'昨天' is no time" in shown
    assert ivr(site, "list", "--all").output.startswith("工单 0")
    assert ivr(site, "import", file, answer="n\n").exit_code == 1
    assert "已写入 3 张工单" in ivr(site, "import", file, answer="y\n").output
    assert "新增 0，已有 3，有误 3" in ivr(site, "import", file).output
    listed = ivr(site, "list", "--all").output
    assert "20261120-001" in listed
    assert "已处理" in listed
    assert "20261101-001" in listed


def test_an_export_can_be_read_again_and_holds_no_formula(site: Path, tmp_path: Path) -> None:
    ivr(site, "import", sheet(site), "--yes")
    file = tmp_path / "out.csv"
    assert "已导出 3 张工单" in ivr(site, "export", file, "--show-numbers").output
    with file.open(encoding="utf-8-sig", newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert {row["事项"] for row in rows} == {"水龙头漏水", "'=HYPERLINK(1)", "没有编号的"}
    again = ivr(site, "import", file, "--dry-run").output
    assert "新增 0，已有 3，有误 0" in again
    other = tmp_path / "other"
    other.mkdir()
    empty = other / "ivr.toml"
    empty.write_text(site.read_text("utf-8"), encoding="utf-8")
    assert "已写入 3 张工单" in ivr(empty, "import", file, "--yes").output
    second = tmp_path / "second.csv"
    ivr(empty, "export", second, "--show-numbers")
    assert second.read_bytes() == file.read_bytes()


def test_numbers_are_masked_in_an_export_unless_asked_for(site: Path, tmp_path: Path) -> None:
    ivr(site, "import", sheet(site), "--yes")
    file = tmp_path / "out.xlsx"
    ivr(site, "export", file)
    cells = [cell.value for row in openpyxl.load_workbook(file).active.iter_rows() for cell in row]  # type: ignore[union-attr]
    assert "138****8000" in cells
    assert "13800138000" not in cells
    refused = ivr(site, "export", file)
    assert "--force" in str(refused.exception)


@pytest.mark.parametrize("name", ["photo.xlsx", "list.csv", "list.pdf"])
def test_files_that_are_none(site: Path, name: str) -> None:
    file = site.with_name(name)
    file.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(200))
    told = ivr(site, "import", file)
    assert isinstance(told.exception, UserError)


def test_hooks(site: Path) -> None:
    ivr(site, "new", "repair", "门禁")
    assert "erp.example.org" in ivr(site, "status", app=hooks.app).output
    secrets = {ivr(site, "secret", name, app=hooks.app).output for name in ("erp", "inbound")}
    assert len(secrets) == 2
    assert "0 条" in ivr(site, "again", "erp", app=hooks.app).output
    told = ivr(site, "secret", "nobody", app=hooks.app)
    assert "is none of erp inbound" in str(told.exception)
