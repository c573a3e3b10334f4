"""`ivr say`, `ivr prompts`, `ivr models`, as a person types them."""

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from ivr.cli import models, prompts
from ivr.cli.say import say
from ivr.errors import UserError
from ivr.talk.audio import read
from ivr.talk.prompts import catalogue
from ivr.talk.testing import HumVoice
from ivr.talk.voice import choose

app = typer.Typer()
app.command()(say)
app.add_typer(prompts.app, name="prompts")
app.add_typer(models.app, name="models")


def run(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


@pytest.fixture
def office(hum: HumVoice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(choose, "prepare", lambda *_: (hum, None))
    config = tmp_path / "ivr.toml"
    config.write_text('[site]\ncompany = "碧水湾物业"\n', encoding="utf-8")
    monkeypatch.setenv("IVR_CONFIG", str(config))
    return tmp_path


def test_say_as_text_makes_no_sound() -> None:
    said = run("say", "3栋9:00-17:30停水，电话400-123-4567", "--text")
    assert said.output == "三栋九点至十七点半停水，电话四零零 幺二三 四五六七\n"


@pytest.mark.parametrize("rate", [8_000, 16_000])
def test_say_to_a_file(office: Path, rate: int) -> None:
    out = office / "notices" / "a.wav"
    assert run("say", "您好", "--out", str(out), "--rate", str(rate)).exit_code == 0
    assert read(out).rate == rate


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "--out FILE.wav"),
        (("--out", "x.wav", "--rate", "44100"), "choose 8000 or 16000"),
        (("--out", "."), "is a folder"),
        (("--out", "x.wav", "--voice", "nobody"), "voice 'nobody' cannot speak"),
    ],
)
def test_say_with_a_mistake(office: Path, words: tuple[str, ...], says: str) -> None:
    made = run("say", "您好", *words)
    assert isinstance(made.exception, UserError)
    assert says in str(made.exception)


def test_prompts_from_nothing_to_in_order(office: Path) -> None:
    assert "未生成" in run("prompts", "list").output
    assert run("prompts", "check").exit_code == 1
    count = len(catalogue("zh-CN")) + 1  # and the music
    assert f"{count} 条提示音" in run("prompts", "build").output
    assert run("prompts", "check").exit_code == 0
    listed = run("prompts", "list").output
    assert "greeting-busy" in listed
    assert "碧水湾物业" in listed
    (office / "data/prompts/zh-CN/hold.wav").unlink()
    checked = run("prompts", "check")
    assert checked.exit_code == 1
    assert "hold" in checked.output


def test_playing_what_is_not_there(office: Path) -> None:
    made = run("prompts", "play", "greeting-busy")
    assert isinstance(made.exception, UserError)
    assert "ivr prompts build" in str(made.exception)


def test_models_before_they_are_there(cache: Path) -> None:
    assert "未安装" in run("models", "list").output
    assert run("models", "verify", "kokoro").exit_code == 1
    assert run("models", "verify").exit_code == 0
    made = run("models", "install", "whisper-9")
    assert isinstance(made.exception, UserError)
