"""`ivr notice` as a clerk uses it: four fields, listen, approve, start, results."""

import csv
import re
import wave
from datetime import datetime, timedelta
from pathlib import Path

import openpyxl
import pytest
from click.testing import Result
from typer.testing import CliRunner

from ivr.cli import owners
from ivr.cli.notice import app
from ivr.errors import UserError
from ivr.settings import Settings
from ivr.talk.voice import program

pytestmark = pytest.mark.skipif(program.find() is None, reason="no espeak-ng on this machine")

SHEET = """\
楼栋,单元,房号,姓名,称谓,电话1,特别关怀,勿扰
3,1,101,周建国,先生,13800138001,,
3,1,102,=王芳,女士,13800138002,老人,
3,1,103,李明,先生,13800138003,,是
5,1,101,陈静,女士,13800138004,,
"""
TOMORROW = datetime.now(Settings().site.zone) + timedelta(days=1)
WHEN = ["--start", f"{TOMORROW:%m-%d} 14:00", "--end", "18:00"]
WATER = ["--kind", "停水", "--scope", "3栋", "--cause", "供水管道抢修", *WHEN]


@pytest.fixture
def site(tmp_path: Path) -> Path:
    config = tmp_path / "ivr.toml"
    config.write_text(
        '[notices]\nvoice = "espeak"\n[dialer]\napproval_households = 3\n', encoding="utf-8"
    )
    sheet = tmp_path / "owners.csv"
    sheet.write_text(SHEET, encoding="utf-8")
    CliRunner().invoke(owners.app, ["import", str(sheet), "--yes", "--config", str(config)])
    return config


def ivr(site: Path, *arguments: object, answer: str = "") -> Result:
    words = [str(argument) for argument in arguments]
    return CliRunner().invoke(app, [*words, "--config", str(site)], input=answer)


def said(site: Path, *arguments: object) -> str:
    result = ivr(site, *arguments)
    if result.exception:
        raise result.exception
    return result.output


def made(site: Path, *arguments: object) -> str:
    """The short id of a new notice."""
    output = said(site, "new", *(arguments or WATER), "--by", "前台", "--yes")
    return re.findall(r"ivr notice (?:start|approve) (\w+)", output)[0]


def test_a_dry_run_says_what_would_happen_and_keeps_nothing(site: Path) -> None:
    output = said(site, "new", *WATER, "--dry-run")
    assert "尊敬的周先生，" in output
    assert "因供水管道抢修，3号楼将于明天下午两点至六点停水" in output
    assert "[zh-CN 特别关怀]" in output
    assert "户 households 3，号码 numbers 2，不拨打 left out 1，8 线约 0 分钟" in output
    assert re.search(r"3-1-103\s+勿扰\s+业主要求勿扰", output)
    assert "还没有" not in said(site, "list")
    assert "停水" not in said(site, "list")


def test_from_four_fields_to_the_result(site: Path) -> None:
    wav = site.with_name("preview.wav")
    asked = ivr(site, "new", "--out", wav, "--by", "前台",
                answer="\n".join(["停水", "3栋", "供水管道抢修", WHEN[1], "18:00", "y"]) + "\n")  # fmt: skip
    assert asked.exit_code == 0, asked.output
    name = re.findall(r"ivr notice start (\w+)", asked.output)[0]
    with wave.open(str(wav)) as sound:
        assert sound.getframerate() == 8000
        assert sound.getnframes() > 8 * 8000  # eight seconds at least

    assert "已批准" in said(site, "status", name)
    assert "进行中" in said(site, "start", name)
    assert "已暂停" in said(site, "pause", name)
    assert "进行中" in said(site, "resume", name)
    assert "1/3" in said(site, "status", name)
    assert "新登记 1 户" in said(site, "signed", name, "3栋1单元101", "--by", "前台")
    assert "2/3" in said(site, "status", name)
    assert re.search(r"停水\s+进行中\s+3\s+1", said(site, "list"))
    table = said(site, "results", name)
    assert re.search(r"3-1-101\s+周先生\s+已确认", table)
    assert re.search(r"3-1-102\s+=女士\s+待呼叫", table)
    assert "13800138001" not in table
    assert "13800138001" in said(site, "results", name, "--show-numbers")
    assert "已取消" in said(site, "cancel", name, "--yes")


def test_results_are_exported_without_formulas(site: Path) -> None:
    name = made(site)
    for ending in ("xlsx", "csv"):
        out = site.with_name(f"out.{ending}")
        assert "3 户" in said(site, "results", name, "--export", out)
        with pytest.raises(UserError, match="is there already; add --force"):
            said(site, "results", name, "--export", out)
    with site.with_name("out.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["房屋"], row["称呼"], row["结果"], row["号码"]) for row in rows] == [
        ("3-1-101", "周先生", "待呼叫", "138****8001"),
        ("3-1-102", "'=女士", "待呼叫", "138****8002"),
        ("3-1-103", "业主", "勿扰", ""),
    ]
    sheet = openpyxl.load_workbook(site.with_name("out.xlsx")).active
    assert sheet is not None
    assert [cell.value for cell in sheet[2]][:3] == ["3-1-101", "周先生", "待呼叫"]
    assert sheet["B3"].data_type == "s"


def test_a_written_notice_has_a_list_to_sign(site: Path) -> None:
    pest = ["--kind", "消杀", "--scope", "3栋", "--cause", "灭蚊灭鼠", "--urgency", "normal"]
    soon = datetime.now(Settings().site.zone) + timedelta(hours=3)
    start = ["--start", f"{soon:%Y-%m-%d %H:%M}", "--end", f"{soon + timedelta(hours=1):%H:%M}"]
    assert "消杀应提前 24 小时书面通知" in said(site, "new", *pest, *start, "--dry-run")
    name = made(site, *pest, *WHEN)
    out = site.with_name("sign.xlsx")
    assert "3 户" in said(site, "signlist", name, "--out", out)
    sheet = openpyxl.load_workbook(out).active
    assert sheet is not None
    assert [cell.value for cell in sheet[1]] == ["房屋", "称呼", "签收", "日期", "备注"]
    assert [cell.value for cell in sheet[2]] == ["3-1-101", "周先生", None, None, None]


def test_many_homes_need_a_second_person(site: Path) -> None:
    everybody = [*WATER[:2], "--scope", "全部", *WATER[4:]]
    output = said(site, "new", *everybody, "--by", "前台", "--yes")
    assert "a second person must approve: it goes to 4 homes, more than 3" in output
    (name,) = re.findall(r"ivr notice approve (\w+)", output)
    with pytest.raises(UserError, match="must approve it before it starts"):
        said(site, "start", name)
    with pytest.raises(UserError, match="it was made by 前台"):
        said(site, "approve", name, "--by", "前台")
    assert "已批准" in said(site, "approve", name, "--by", "主任")
    assert "进行中" in said(site, "start", name)


def test_a_change_is_spoken_before_anybody_hears_it(site: Path) -> None:
    name = made(site)
    said(site, "start", name)
    said(site, "signed", name, "3-1-101")
    assert "进行中" in said(site, "extend", name, "--end", "20:00")
    assert "将持续到明天晚上八点" in said(site, "preview", name)
    assert re.search(r"3-1-101\s+周先生\s+待呼叫", said(site, "results", name))
    said(site, "signed", name, "3-1-101")
    assert "进行中" in said(site, "off", name)
    assert "停水已经取消" in said(site, "preview", name)
    assert re.search(r"3-1-102\s+=女士\s+已取消", said(site, "results", name))


def test_restored_is_told_to_those_who_knew(site: Path) -> None:
    name = made(site)
    said(site, "start", name)
    with pytest.raises(UserError, match="nobody was reached"):
        said(site, "restored", name)
    said(site, "signed", name, "3-1-101")
    assert "已恢复 进行中" in said(site, "restored", name, "--by", "前台")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["new", *WATER[:6], "--start", "half past", "--end", "18:00"], "'half past' is no time"),
        (["new", *WATER[:6], "--start", "25:00", "--end", "18:00"], "'25:00' is no time of day"),
        (["new", *WATER[:2], "--scope", "9栋", *WATER[4:]], "no owner of 9栋 is known"),
        (["new", *WATER[:4], "--cause", "长" * 501, *WHEN], "have 501 characters"),
        (["status", "nothing"], "there is no campaign 'nothing'"),
        (["signlist", "nothing", "--out", "x.xlsx"], "there is no campaign 'nothing'"),
    ],
)
def test_a_mistake_is_one_sentence(site: Path, arguments: list[str], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        said(site, *arguments)
    assert "停水" not in said(site, "list")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["signed", "{name}", "5-1-101"], "home 5-1-101 is not on its list"),
        (["signed", "{name}", "?"], "楼栋 is empty"),
        (["pause", "{name}"], "is approved by now"),
        (["extend", "{name}", "--end", "noon"], "'noon' is no time"),
        (["results", "{name}", "--export", "out.pdf"], "neither .csv nor .xlsx"),
    ],
)
def test_a_mistake_about_a_notice(site: Path, arguments: list[str], sentence: str) -> None:
    name = made(site)
    with pytest.raises(UserError, match=sentence):
        said(site, *(argument.format(name=name) for argument in arguments))
