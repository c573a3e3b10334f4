"""Which voices this machine has, and which is best."""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from ivr.errors import UserError
from ivr.talk import models
from ivr.talk.model_table import KOKORO
from ivr.talk.voice import program as espeak
from ivr.talk.voice.base import Voice
from ivr.talk.voice.recordings import RecordedVoice

# Best first; the second is the other sex, for the other side of a call. Whisper-base, reading
# 235 syllables at 8 kHz back, had 9 of zm_yunxi wrong and 13 of zf_xiaoyi.
SPEAKERS = {
    "zh": ("zm_yunxi", "zf_xiaoyi", "zf_xiaobei", "zm_yunjian", "zf_xiaoxiao", "zf_xiaoni",
           "zm_yunxia", "zm_yunyang"),
    "en": ("af_heart", "bf_emma", "am_michael"),
}  # fmt: skip
_SECOND_PITCH = 80

Progress = Callable[[str, float], None]


def quiet(_what: str, _done: float) -> None:
    """Progress that nobody watches."""


def available(language: str) -> list[str]:
    """Names of the voices that can speak `language` here and now, best first."""
    names = list(_speakers(language)) if _kokoro_ready() else []
    return [*names, "espeak"] if espeak.find() else names


def choose(language: str, name: str | None = None, speed: float = 1.0) -> Voice:
    """The voice called `name`, or the best there is. Fetches nothing; see `prepare`.

    Names: a speaker (`zm_yunxi`), `espeak` or `espeak:PITCH` (0–99), `recordings:FOLDER`.
    `speed` below 1 speaks slower; recordings stay as they were recorded.
    Raises UserError when it is not here, saying what is.
    """
    here = available(language)
    name = name or next(iter(here), "espeak")
    kind, _, detail = name.partition(":")
    if kind == "recordings" and detail:
        return RecordedVoice(Path(detail))
    program = espeak.find()
    if kind == "espeak" and program and (not detail or (detail.isdecimal() and int(detail) < 100)):
        # loads a dictionary: 0.2 s
        from ivr.talk.voice.espeak import WORDS_PER_MINUTE, EspeakVoice

        pitch, pace = int(detail or 50), round(WORDS_PER_MINUTE * speed)
        return EspeakVoice(program, language, name, pitch, words_per_minute=pace)
    if name in here:
        from ivr.talk.voice.kokoro import KokoroVoice

        return KokoroVoice(KOKORO.folder, name, program, speed=speed)
    raise UserError(
        f"voice {name!r} cannot speak {language} here;"
        f" there are: {', '.join(here) or 'none'}, recordings:FOLDER"
        " (`ivr models install kokoro` brings the natural ones)"
    )


def second(language: str) -> Voice:
    """A voice that is plainly another person than the best one, for the other side of a call."""
    others = [name for name in available(language)[1:] if name != "espeak"]
    return choose(language, others[0] if others else f"espeak:{_SECOND_PITCH}")


def prepare(language: str, progress: Progress = quiet) -> tuple[Voice, str | None]:
    """Fetch what the best voice needs; returns it and, if it is not the natural one, why.

    Raises UserError when no voice at all can be had.
    """
    why = None
    if find_spec("onnxruntime") is None:
        why = "the natural voice needs the Python package onnxruntime (pip install 'ivr[voice]')"
    elif _speakers(language) and not models.installed(KOKORO):
        try:
            models.install(KOKORO, progress=progress)
        except UserError as error:
            why = str(error)
    try:
        espeak.find_or_fetch(lambda what: progress(what, 0.0))
    except UserError:
        if not available(language):
            raise
    return choose(language), why


def _speakers(language: str) -> tuple[str, ...]:
    return SPEAKERS.get(language.split("-")[0], ())


def _kokoro_ready() -> bool:
    return find_spec("onnxruntime") is not None and models.installed(KOKORO)
