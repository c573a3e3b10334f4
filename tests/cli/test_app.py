"""The `ivr` command as a whole: mistakes are one sentence, pipes may close."""

import subprocess
import sys
from pathlib import Path

import pytest

from ivr import __version__

COMMANDS = ("init", "serve", "doctor", "transfer", "say", "demo", "replay", "record", "dialplan",
            "calls", "roster", "prompts", "models")  # fmt: skip


def ivr(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ivr", *arguments], cwd=cwd, capture_output=True, text=True
    )


def test_version() -> None:
    assert ivr("--version").stdout == f"ivr {__version__}\n"


def test_every_command_says_what_it_does() -> None:
    said = ivr("--help").stdout
    for command in COMMANDS:
        assert f" {command} " in said


@pytest.mark.parametrize("command", ["serve", "doctor", "calls", "roster show"])
def test_without_settings_one_sentence_and_exit_code_2(command: str, tmp_path: Path) -> None:
    done = ivr(*command.split(), cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == "ivr: ivr.toml: no such file; `ivr init` writes one\n"
    assert list(tmp_path.iterdir()) == []


def test_a_reader_that_has_seen_enough() -> None:
    story = Path(__file__).parents[1] / "calls/stories/blind.ami"
    traces = " ".join([str(story)] * 200)
    done = subprocess.run(
        f"{sys.executable} -m ivr replay --json {traces} | head -1",
        shell=True, capture_output=True, text=True,
    )  # fmt: skip
    assert done.stdout.startswith("{")
    assert "Traceback" not in done.stderr
