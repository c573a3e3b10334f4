"""Scripts written for one test."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ivr.talk.script import Script, load

HEAD = """\
script: test
title: 试
person: person
silence: nobody
"""
TAIL = """
  person:
    transfer: 请稍等，正在为您转接。
  nobody:
    end: no_answer
    say: 打扰您了，再见。
"""

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """A script file of these steps, between the usual head and tail."""

    def make(steps: str, *, head: str = HEAD, tail: str = TAIL, folder: str = "zh-CN") -> Path:
        path = tmp_path / folder / "test.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"{head}steps:\n{steps}{tail}", encoding="utf-8")
        return path

    return make


@pytest.fixture
def scripted(write: Write) -> Callable[..., Script]:
    return lambda steps, **how: load(write(steps, **how))
