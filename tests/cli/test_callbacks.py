import asyncio
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ivr.cli.callbacks import app
from ivr.errors import UserError
from ivr.settings_file import write
from tests.outbound.callbacks import Desk, open_desk


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An office in which one owner was satisfied and one was not; the config's path."""

    async def live() -> None:
        async with open_desk(tmp_path, monkeypatch) as desk:
            await _talk(desk, "厨房水龙头漏水", "13800138000", "1")
            await _talk(desk, "阳台门锁坏了", "13800138001", "4")
            write(desk.settings, tmp_path / "ivr.toml", force=True)

    asyncio.run(live())
    return tmp_path / "ivr.toml"


async def _talk(desk: Desk, title: str, phone: str, satisfied: str) -> None:
    await desk.resolved(title, phone=phone, home="")
    await desk.phoned({"fixed": "1", "satisfied": satisfied, "words": "#"})


def ivr(site: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--config", str(site)])


def said(site: Path, *arguments: str) -> str:
    result = ivr(site, *arguments)
    assert result.exception is None, result.output
    return result.stdout


def test_the_queue(site: Path) -> None:
    told = said(site, "list")
    for words in ("厨房水龙头漏水", "满意", "阳台门锁坏了", "不满意", "138****8000"):
        assert words in told
    assert "回访 0 条" in said(site, "list", "--part", "due")


def test_what_was_heard_and_a_correction(site: Path) -> None:
    number = next(word for word in said(site, "list").split() if word.endswith("-001"))
    told = said(site, "show", number)
    assert "按 1" in told
    answer = next(line.split()[0] for line in told.splitlines() if "satisfied" in line)
    corrected = said(site, "correct", answer, "不满意", "--by", "主管", "--note", "听录音")
    assert "不满意（主管）" in corrected
    assert "非常满意" in corrected  # the machine's stays beside it
    wrong = ivr(site, "correct", answer, "高兴", "--by", "主管")
    assert isinstance(wrong.exception, UserError)
    assert "very_satisfied 非常满意" in str(wrong.exception)


def test_figures(site: Path) -> None:
    told = said(site, "results")
    assert "目标 96%" in told
    assert "50.0%" in told
    assert "工程部" in told
    assert "已听取 2 户，应不少于 20 户" in said(site, "quota")


def test_export(site: Path, tmp_path: Path) -> None:
    file = tmp_path / "out.csv"
    assert "2 次通话" in said(site, "export", str(file))
    text = file.read_text("utf-8-sig")
    assert "不满意" in text
    assert isinstance(ivr(site, "export", str(file)).exception, UserError)  # not written over


def test_a_survey_of_nobody(site: Path) -> None:
    result = ivr(site, "survey", "new", "--title", "调查", "--by", "主管")
    assert isinstance(result.exception, UserError)
    assert "调查" in said(site, "survey", "list")
