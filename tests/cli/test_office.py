"""`ivr init` and `ivr dialplan render`."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ivr.cli.app import app
from ivr.errors import UserError
from ivr.settings import load

ANSWERS = {
    "--company": "阳光花园物业",
    "--hotline": "4008001234",
    "--phones": "101，102, 101",
    "--backup": "201",
    "--trunk": "PJSIP/city",
}


def ivr(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(each) for each in arguments], catch_exceptions=False)


def init(config: Path, *more: str, **changes: str) -> Result:
    answers = ANSWERS | {f"--{name}": value for name, value in changes.items()}
    flags = [part for pair in answers.items() for part in pair]
    return ivr("init", *flags, "--config", config, *more)


def test_init_writes_what_loads_again(tmp_path: Path) -> None:
    config = tmp_path / "ivr.toml"
    assert "ivr dialplan render" in init(config).output
    settings = load(config)
    assert settings.site.company == "阳光花园物业"
    assert [phone.ext for phone in settings.phones] == ["101", "102", "201"]
    assert settings.lines[0].ladders[0].backup == ["201"]
    assert len(settings.ami.secret.get_secret_value()) >= 24
    assert config.stat().st_mode & 0o077 == 0  # the secret is in it


def test_init_asks_what_it_was_not_told(tmp_path: Path) -> None:
    config = tmp_path / "ivr.toml"
    done = CliRunner().invoke(
        app, ["init", "--config", str(config)], input="物业\n4008001234\n101\n\n\n"
    )
    assert done.exit_code == 0, done.output
    assert load(config).line_of("4008001234") is not None


def test_init_does_not_write_over_another(tmp_path: Path) -> None:
    config = tmp_path / "ivr.toml"
    init(config)
    before = config.read_text("utf-8")
    with pytest.raises(UserError, match="--force"):
        init(config)
    assert config.read_text("utf-8") == before
    init(config, "--force")
    assert config.read_text("utf-8") != before  # another secret


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"phones": " , "}, "at least one extension"),
        ({"phones": "10 1"}, "do not fit"),
        ({"hotline": "four"}, "do not fit"),
        ({"trunk": "city"}, "do not fit"),
    ],
)
def test_answers_that_do_not_fit(changes: dict[str, str], sentence: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=sentence):
        init(tmp_path / "ivr.toml", **changes)
    assert list(tmp_path.iterdir()) == []


def test_render_tells_what_it_wrote(tmp_path: Path) -> None:
    init(tmp_path / "ivr.toml")
    done = ivr("dialplan", "render", tmp_path / "out", "--config", tmp_path / "ivr.toml")
    written = [Path(line) for line in done.output.splitlines()]
    assert {path.name for path in written} >= {"ivr.conf", "ivr_site.conf", "README.txt"}
    assert all(path.is_file() for path in written)
