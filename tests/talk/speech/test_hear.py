"""`ivr hear`, as an office tries it on its own recordings."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soxr
from typer.testing import CliRunner

from bench.answers import Spoken, noisy
from ivr.cli.app import app
from ivr.errors import UserError
from ivr.talk import models
from ivr.talk.model_table import WHISPER_BASE
from tests.talk.speech.conftest import Say, installed
from tests.talk.test_wav import wav


def hear(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """In a process of its own: it ends its workers."""
    import sys

    return subprocess.run(
        [sys.executable, "-m", "ivr", "hear", *arguments],
        capture_output=True,
        text=True,
        timeout=90,
    )


def pcm(samples: np.ndarray) -> bytes:
    return np.asarray(samples).astype("<i2").tobytes()


@pytest.mark.slow
def test_files_of_every_kind(tmp_path: Path, say: Say) -> None:
    installed(WHISPER_BASE)
    samples = say("zm_yunxi", "不满意")
    wide = soxr.resample(samples.astype(np.float32), 8000, 44_100).astype(np.int16)
    noise = noisy(Spoken("", "", None, "", samples), 20).samples
    files = {
        "plain.wav": wav(pcm(samples)),
        "stereo 44.1k.wav": wav(pcm(np.repeat(wide, 2)), channels=2, rate=44_100),
        "8 bit.wav": wav(bytes((samples // 256 + 128).astype(np.uint8)), bits=8),
        "noise.wav": wav(pcm(noise)),
        "silence.wav": wav(bytes(32_000)),
        "cut.wav": wav(pcm(samples))[:30],
        "words.txt": b"no sound",
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    paths = [str(tmp_path / name) for name in (*files, "gone.wav")]
    done = hear(*paths, "--question", "satisfied", "--json", "--engine", "whisper")
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert {Path(one["file"]).name: one["choice"] for one in told} == {
        "plain.wav": "dissatisfied",
        "stereo 44.1k.wav": "dissatisfied",
        "8 bit.wav": "dissatisfied",
        "noise.wav": "dissatisfied",
        "silence.wav": None,
    }
    assert all(one["engine"] == "whisper" and 0 <= one["score"] <= 1 for one in told)
    assert all(one["ms"] > 0 for one in told[:-1])
    assert done.returncode == 1
    problems = done.stderr.splitlines()
    assert len(problems) == 3
    assert "cut.wav: is no .wav that can be read" in problems[0]
    assert "words.txt: is no .wav" in problems[1]
    assert "gone.wav: no such file" in problems[2]


def test_an_unknown_question() -> None:
    result = CliRunner().invoke(app, ["hear", "x.wav", "--question", "happy"])
    assert isinstance(result.exception, UserError)
    assert "there are: satisfied, yes_no, fixed, fault" in str(result.exception)


def test_nothing_to_hear_with(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "installed", lambda model: False)
    result = CliRunner().invoke(app, ["hear", "x.wav", "--question", "satisfied"])
    assert isinstance(result.exception, UserError)
    assert "no engine can hear here" in str(result.exception)
    assert "ivr models install" in str(result.exception)
