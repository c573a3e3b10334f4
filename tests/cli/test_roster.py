import asyncio
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ivr.cli.roster import app
from ivr.desk.roster import Roster
from ivr.errors import UserError
from ivr.settings import load
from ivr.store.database import FILE_NAME, Database
from ivr.store.roster import RosterRow

TOML = """
[[phones]]
ext = "101"
device = "PJSIP/101"
[[phones]]
ext = "102"
device = "PJSIP/102"

[[lines]]
name = "hotline"
did = ["075512345678"]
ladders = [{ primary = ["101"], mobile = "13800138000" }]
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    config = tmp_path / "ivr.toml"
    config.write_text(TOML, encoding="utf-8")
    return config


def ivr(*arguments: object, answer: str = "") -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], input=answer)


def stored(config: Path) -> list[RosterRow]:
    async def entries() -> list[RosterRow]:
        settings = load(config)
        async with await Database.open(settings.paths.data / FILE_NAME) as db:
            return await Roster(db, settings).entries(0)

    return asyncio.run(entries())


def sheet(config: Path, *rows: str) -> Path:
    file = config.with_name("roster.csv")
    file.write_text("日期,开始,结束,主班,手机,姓名\n" + "\n".join(rows), encoding="utf-8")
    return file


TOMORROW = f"{datetime.now() + timedelta(days=1):%Y-%m-%d}"
NIGHT = f"{TOMORROW},18:00,08:00,102,13900001111,王小姐"


def test_an_import_is_shown_first_and_written_when_confirmed(site: Path) -> None:
    file = sheet(site, NIGHT)
    shown = ivr("import", file, "--config", site, "--dry-run")
    assert shown.exit_code == 0, shown.output
    assert "新增 1" in shown.output
    assert "139****1111" in shown.output
    assert stored(site) == []

    assert ivr("import", file, "--config", site, answer="n\n").exit_code == 1
    assert stored(site) == []

    assert "已写入 1 条。" in ivr("import", file, "--config", site, answer="y\n").output
    assert [row.primary for row in stored(site)] == [("102",)]

    again = ivr("import", file, "--config", site)
    assert "不变 1" in again.output
    assert again.exit_code == 0


def test_a_sheet_with_one_wrong_row_changes_nothing(site: Path) -> None:
    file = sheet(site, NIGHT, f"{TOMORROW},08:00,12:00,999,,")
    error = ivr("import", file, "--yes", "--config", site).exception
    assert isinstance(error, UserError)
    assert "row 3: phone 999 is not in [[phones]]" in str(error)
    assert stored(site) == []


def test_show_tells_who_answers(site: Path) -> None:
    ivr("import", sheet(site, NIGHT), "--yes", "--config", site)
    shown = ivr("show", "--config", site, "--days", "3").output
    assert "服务热线（hotline）" in shown
    assert "138****8000" in shown
    assert "王小姐" in shown
    assert len([line for line in shown.splitlines() if "102" in line]) == 2


def test_one_entry_comes_and_goes(site: Path) -> None:
    added = ivr(
        "add", "--from", f"{TOMORROW} 08:00", "--to", f"{TOMORROW} 18:00", "--primary", "101,102",
        "--person", "周先生", "--config", site,
    )  # fmt: skip
    assert "新增 1" in added.output, added.exception
    (row,) = stored(site)
    assert (row.line, row.primary) == ("hotline", ("101", "102"))
    assert "已删除：hotline" in ivr("remove", row.id[-6:], "--config", site).output
    assert stored(site) == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--primary", "999"], "phone 999 is not in"),
        (["--primary", "101", "--mobile", "ring me"], "手机 'ring me' is no telephone number"),
        (["--primary", "101", "--line", "pool"], "there is no line 'pool'"),
    ],
)
def test_an_entry_that_cannot_stand_is_refused(
    site: Path, arguments: list[str], sentence: str
) -> None:
    times = ["--from", f"{TOMORROW} 08:00", "--to", f"{TOMORROW} 18:00"]
    error = ivr("add", *times, *arguments, "--config", site).exception
    assert isinstance(error, UserError)
    assert sentence in str(error)
    assert stored(site) == []


def test_check_finds_a_phone_that_went_and_hours_nobody_answers(site: Path) -> None:
    assert "✓" in ivr("check", "--config", site, "--days", "1").output
    ivr("import", sheet(site, NIGHT), "--yes", "--config", site)
    site.write_text(
        TOML.replace('ext = "102"', 'ext = "103"').replace(
            '{ primary = ["101"]', '{ hours = "08:00-18:00", primary = ["101"]'
        ),
        encoding="utf-8",
    )
    checked = ivr("check", "--config", site, "--days", "2")
    assert checked.exit_code == 1
    assert "phone 102 is not in [[phones]]" in checked.output
    assert "line 'hotline': no ladder for" in checked.output
