"""`ivr script`, as a property manager types it."""

import os
import pty
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ivr.cli.script import app
from ivr.errors import UserError
from ivr.talk.script import find


def run(*words: str, typed: str = "") -> Result:
    return CliRunner().invoke(app, list(words), input=typed)


def talk(typed: str, *words: str) -> list[str]:
    """What was understood, and the result, of a talk with these lines typed."""
    done = run("talk", *words, typed=typed)
    assert done.exit_code == 0, done.exception
    return [line.strip() for line in done.output.splitlines() if re.search("→|结果", line)]


def test_all_shipped_scripts_are_in_order() -> None:
    done = run("check", "repair", "complaint", "paid-service", "survey", "weekly", "pest-control")
    assert done.exit_code == 0
    assert done.output.count("没有问题") == 6


def test_problems_are_told_with_their_lines(tmp_path: Path) -> None:
    bad = tmp_path / "zh-CN" / "bad.yaml"
    bad.parent.mkdir()
    bad.write_text(
        "script: bad\ntitle: 坏\nperson: p\nsilence: p\nsteps:\n  p:\n    transfer: 请\n"
    )
    done = run("check", "repair", str(bad))
    assert done.exit_code == 1
    assert f"{bad}:4: silence: 'p' is no step that is end: …\n" in done.output
    assert "报修回访" in done.output


def test_what_is_no_file(tmp_path: Path) -> None:
    for name in ("nothing", str(tmp_path / "nothing.yaml")):
        assert isinstance(run("check", name).exception, UserError)


@pytest.mark.parametrize(
    ("typed", "understood"),
    [
        ("好了\n非常满意\n", ["fixed: 修好了 (yes) · 说话 1.00",
                        "satisfied: 非常满意 (very_satisfied) · 说话 1.00", "结果 result: satisfied"]),
        ("1\n1\n", ["fixed: 修好了 (yes) · 按键 1",
                    "satisfied: 非常满意 (very_satisfied) · 按键 1", "结果 result: satisfied"]),
        ("嗯？\n还没修好\n对\n水还在滴\n", ["fixed: 没修好 (no) · 说话 1.00 · 第 2 次",
                                  "words: 录音 水还在滴", "结果 result: dissatisfied"]),
        ("\n\n\n", ["fixed: — · 没有回答 · 第 3 次", "结果 result: no_answer"]),
        ("转人工\n", ["fixed: 转人工 (person) · 说话 1.00", "结果 result: person · 需要人工 a person"]),
        ("1\n挂断\n", ["fixed: 修好了 (yes) · 按键 1", "结果 result: hung_up"]),
        ("", ["结果 result: hung_up"]),
    ],
)  # fmt: skip
def test_a_talk(typed: str, understood: list[str]) -> None:
    assert [line.removeprefix("→ ") for line in talk(typed, "repair")] == understood


def test_values_are_filled_in() -> None:
    done = run(
        "talk", "repair", "--value", "greeting=王小姐，晚上好", "--value", "care=yes", typed="啊\n"
    )
    assert "📞 王小姐，晚上好。这里是阳光花园物业" in done.output
    assert "结果 result: person" in done.output  # sooner
    assert isinstance(run("talk", "repair", "--value", "title").exception, UserError)


def test_keys_only_tells_the_keys_and_hears_no_words() -> None:
    done = run("talk", "repair", "--keys-only", typed="好了\n1\n1\n")
    assert "📞 修好了请按1，没修好请按2。" in done.output
    assert "📞 对不起，没有听到您的回答。" in done.output


def test_the_language_of_a_shipped_script() -> None:
    done = run("talk", "repair", "-l", "en", typed="1\n1\n")
    assert "📞 it is fixed: press 1; it is not fixed: press 2." in done.output
    assert "结果 result: satisfied" in done.output


def test_the_offices_own_script_and_name_are_used(tmp_path: Path) -> None:
    config = tmp_path / "ivr.toml"
    config.write_text('[site]\ncompany = "碧水湾物业"\n', encoding="utf-8")
    assert "这里是碧水湾物业" in run("talk", "repair", "-c", str(config)).output
    own = tmp_path / "data/prompts/scripts/zh-CN/repair.yaml"
    own.parent.mkdir(parents=True)
    own.write_text(find("repair", "zh-CN").read_text("utf-8").replace("报修回访", "本小区的回访"))
    assert "本小区的回访" in run("check", "repair", "-c", str(config)).output


def test_a_script_with_problems_is_not_performed(tmp_path: Path) -> None:
    path = tmp_path / "zh-CN" / "a.yaml"
    path.parent.mkdir()
    path.write_text(
        "script: a\ntitle: 甲\nperson: p\nsilence: e\nsteps:\n  s:\n    say: 好。\n    next: s\n"
        "  p:\n    transfer: 请\n  e:\n    end: done\n"
    )
    assert "goes round" in str(run("talk", str(path)).exception)


def test_a_picture(tmp_path: Path) -> None:
    out = tmp_path / "repair.svg"
    assert run("draw", "repair", "--out", str(out)).exit_code == 0
    assert ET.parse(out).getroot().tag.endswith("svg")
    assert isinstance(run("draw", "repair", "--out", str(tmp_path)).exception, UserError)


def test_in_a_terminal() -> None:
    """The prompt waits for what is typed, Ctrl-D hangs up."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "ivr", "script", "talk", "repair"],
        stdin=theirs, stdout=theirs, stderr=theirs,
        env=os.environ | {"PYTHONIOENCODING": "utf-8", "TERM": "dumb"},
    )  # fmt: skip
    os.close(theirs)
    try:
        seen = ""
        for typed, awaited in (("好了\n", "修好了吗？"), ("\x04", "满意吗？"), ("", "hung_up")):
            while awaited not in seen or (typed and not seen.rstrip().endswith(">")):
                seen += os.read(ours, 4096).decode("utf-8", "replace")
            os.write(ours, typed.encode())
            seen = ""
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()
        os.close(ours)
