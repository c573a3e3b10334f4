import asyncio
import csv
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from ivr.calls.facts import CallEnded
from ivr.calls.log import CallLog
from ivr.calls.model import Call, Direction, Disposition, Leg, LegOutcome, Side
from ivr.cli.calls import app
from ivr.errors import UserError
from ivr.settings import load
from ivr.store.calls import CallFilter, Calls
from ivr.store.database import FILE_NAME, Database

TOML = """
[[phones]]
ext = "101"
device = "PJSIP/101"

[[lines]]
name = "hotline"
did = ["075512345678"]
ladders = [{ primary = ["101"] }]
"""

START = 1_795_312_800.0  # 2026-11-22 10:00 in Shanghai
CALLS: list[dict[str, Any]] = [
    {"call_id": "1.1", "start_at": START - 86400},
    {"call_id": "1.2", "caller": "02088889999", "caller_name": "[red]李女士[/red]"},
    {
        "call_id": "1.3",
        "caller": "13900001111",
        "answer_at": None,
        "answered_ext": None,
        "system_answer_at": START + 15,
        "legs": [],
        "disposition": Disposition.ABANDONED,
    },
]


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """The settings file of a site whose log holds three calls."""
    config = tmp_path / "ivr.toml"
    config.write_text(TOML, encoding="utf-8")
    asyncio.run(_fill(config))
    return config


async def _fill(config: Path) -> None:
    settings = load(config)
    async with await Database.open(settings.paths.data / FILE_NAME) as db:
        log = CallLog(db, settings)
        await log.start()
        for changes in CALLS:
            log.on_fact(_ended(**changes))
        await log.close()


def _ended(**changes: Any) -> CallEnded:
    start = changes.get("start_at", START)
    values: dict[str, Any] = {
        "caller": "13800138000",
        "caller_name": "周先生",
        "called": "075512345678",
        "caller_channel": "PJSIP/trunk-1",
        "caller_uniqueid": "1",
        "direction": Direction.INBOUND,
        "start_at": start,
        "ring_at": start,
        "answer_at": start + 6,
        "end_at": start + 66,
        "answered_ext": "101",
        "disposition": Disposition.ANSWERED,
        "hangup_by": Side.CALLER,
        "cause": 16,
        "legs": [
            Leg("PJSIP/101-1", "2", "101", start, start, start + 6, start + 66, True,
                LegOutcome.ANSWERED)
        ],
        **changes,
    }  # fmt: skip
    return CallEnded(values["end_at"], Call(**values))


def ivr(*arguments: object, env: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], env=env)


def test_the_list_masks_numbers_and_shows_text_as_it_is(site: Path) -> None:
    result = ivr("--config", site)
    assert result.exit_code == 0, result.output
    assert "通话 3" in result.output
    assert "138****8000 周先生" in result.output
    assert "0208…9999 [red]李女士[/red]" in result.output
    assert "系统代接后放弃 超时" in result.output
    assert "13800138000" not in result.output
    assert "13800138000" in ivr("--config", site, "--show-numbers").output


@pytest.mark.parametrize(
    ("options", "count"),
    [
        (["--day", "2026-11-22"], 2),
        (["--day", "2026-11-21"], 1),
        (["--day", "2026-11-21..2026-11-22"], 3),
        (["--number", "8000"], 1),
        (["--number", "0208 888"], 1),
        (["--disposition", "abandoned"], 1),
        (["--breach"], 1),
        (["--staff", "101"], 2),
        (["--staff", "102"], 0),
        (["--direction", "outbound"], 0),
        (["--unfilled"], 2),
    ],
)
def test_filters_are_the_same_for_list_and_export(
    site: Path, tmp_path: Path, options: list[str], count: int
) -> None:
    listed = ivr("--config", site, *options).output
    assert f"通话 {count}" in listed if count else "没有符合条件的通话。" in listed
    file = tmp_path / "calls.csv"
    result = ivr("export", file, "--config", site, *options)
    assert f"已导出 {count} 通" in result.output
    with file.open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == count
    assert [row["开始时间"] for row in rows] == sorted(row["开始时间"] for row in rows)


def test_a_limit_says_that_there_are_more(site: Path) -> None:
    assert "通话 3（显示最近 2）" in ivr("--config", site, "--limit", "2").output


def test_show_tells_the_story(site: Path) -> None:
    result = ivr("show", "1.3", "--config", site)
    assert result.exit_code == 0, result.output
    assert "呼入 139****1111 周先生 → 0755…5678" in result.output
    assert "10:00:15    +15.0 s  系统代接" in result.output
    assert "系统代接后放弃，主叫先挂机" in result.output


def test_what_a_call_was_for_can_be_written_later(site: Path) -> None:
    assert ivr("note", "1.1", "--intent", "报修", "-c", site).exit_code == 0
    assert "来电意图：报修" in ivr("show", "1.1", "-c", site).output
    assert "通话 1" in ivr("-c", site, "--unfilled").output


def test_a_caller_nobody_answered_is_listed_until_done(site: Path) -> None:
    listed = ivr("todo", "--config", site).output
    assert "待回电 1" in listed
    assert "139****1111" in listed
    entry = next(line.split()[0] for line in listed.splitlines() if "139****1111" in line)
    done = ivr("done", entry, "--by", "102", "--note", "已回电", "--config", site)
    assert "已办：139****1111" in done.output
    assert "没有待回电。" in ivr("todo", "--config", site).output
    assert "已办 102" in ivr("todo", "--all", "--config", site).output
    assert isinstance(ivr("done", entry, "--config", site).exception, UserError)


def test_an_entry_that_a_later_call_settled_says_so(site: Path) -> None:
    async def call_again() -> str:
        settings = load(site)
        async with await Database.open(settings.paths.data / FILE_NAME) as db:
            log = CallLog(db, settings)
            await log.start()
            log.on_fact(_ended(call_id="1.4", caller="13900001111", start_at=START + 600))
            await log.close()
            (row,) = (await Calls(db, "main").find(CallFilter(since=START + 500))).rows
            return row.id

    row_id = asyncio.run(call_again())
    assert f"已接通，自动销去（通话 {row_id[-6:]}）" in ivr("todo", "--all", "-c", site).output


def test_the_settings_file_comes_from_three_places(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "系统代接" in ivr("--config", site, "show", "1.3").output
    assert "系统代接" in ivr("show", "1.3", env={"IVR_CONFIG": str(site)}).output
    monkeypatch.chdir(site.parent)
    assert "系统代接" in ivr("show", "1.3").output


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--day", "soon"], "--day soon: is no day"),
        (["--number", "周先生"], "has no digit"),
        (["show", "9.9"], "there is no call '9.9'"),
        (["done", "nobody"], "there is no worklist entry"),
        (["export", "calls.ods"], "neither .csv nor .xlsx"),
    ],
)
def test_a_users_mistake_is_one_sentence(site: Path, arguments: list[str], sentence: str) -> None:
    error = ivr("--config", site, *arguments).exception
    assert isinstance(error, UserError)
    assert sentence in str(error)


def test_without_a_database_the_list_says_how_to_get_one(tmp_path: Path) -> None:
    config = tmp_path / "ivr.toml"
    config.write_text(TOML, encoding="utf-8")
    error = ivr("--config", config).exception
    assert isinstance(error, UserError)
    assert "`ivr serve` makes it" in str(error)
    assert not (tmp_path / "data").exists()
