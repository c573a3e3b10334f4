"""`ivr replay`; `ivr record` is tested on a live system in tests/system."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ivr.cli.app import app
from ivr.errors import UserError

STORIES = Path(__file__).parents[1] / "calls/stories"


def replay(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["replay", *map(str, arguments)], catch_exceptions=False)


def test_one_object_a_call_in_order_of_start() -> None:
    done = replay("--json", STORIES / "answered.ami", STORIES / "abandoned.ami")
    calls = [json.loads(line) for line in done.output.splitlines()]
    assert [call["disposition"] for call in calls] == ["answered", "abandoned"]


def test_for_people_it_is_a_table_of_words() -> None:
    done = replay(STORIES / "answered.ami")
    assert done.exit_code == 0
    assert done.output.strip()
    assert not done.output.startswith("{")


def test_a_trace_cut_in_the_middle_leaves_its_call_open(tmp_path: Path) -> None:
    whole = (STORIES / "answered.ami").read_bytes()
    (tmp_path / "cut.ami").write_bytes(whole[: len(whole) // 2])
    done = replay("--json", tmp_path / "cut.ami")
    assert json.loads(done.output.splitlines()[-1])["open"] is True


def test_a_trace_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.ami"):
        replay(tmp_path / "none.ami")
