"""`ivr transfer` where there is nothing to transfer; real transfers are in tests/system."""

from pathlib import Path

import pytest
from aiohttp.test_utils import unused_port
from typer.testing import CliRunner

from ivr.cli.app import app
from ivr.cli.transfer import _named
from ivr.errors import UserError
from ivr.service import TOKEN_FILE

OPEN = [
    {"call_id": "1.0", "phones": [{"ext": "101", "talking": False}]},
    {"call_id": "2.0", "phones": [{"ext": "101", "talking": True}]},
]


def transfer(folder: Path) -> None:
    (folder / "ivr.toml").write_text(f"[web]\nport = {unused_port()}\n")
    arguments = ["transfer", "101", "--to", "102", "--config", str(folder / "ivr.toml")]
    CliRunner().invoke(app, arguments, catch_exceptions=False)


def test_a_service_that_never_ran(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="never run here; start it with `ivr serve`"):
        transfer(tmp_path)


def test_a_service_that_does_not_run(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / TOKEN_FILE).write_text("token\n")
    with pytest.raises(UserError, match="No service answers at"):
        transfer(tmp_path)


def test_which_call_is_meant() -> None:
    assert _named(OPEN, "1.0") == "1.0"
    assert _named(OPEN, "101") == "2.0"
    with pytest.raises(UserError, match="extension '102' talks to nobody"):
        _named(OPEN, "102")
