"""espeak-ng: small, everywhere, plainly a machine. The voice when no other can be had.

It reads Mandarin well enough only from pinyin, so that is what it is given.
"""

import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ivr.errors import UserError
from ivr.talk.audio import Audio, read
from ivr.talk.voice.pinyin import Foreign, Mark, Word, romanised, spell
from ivr.talk.voice.pinyin import read as read_chinese
from ivr.talk.voice.program import Program

WORDS_PER_MINUTE = 150


@dataclass(frozen=True)
class EspeakVoice:
    """`language` is "zh-CN" or "en"; `pitch` tells two speakers apart (0–99)."""

    program: Program
    language: str
    name: str = "espeak"
    pitch: int = 50
    words_per_minute: int = WORDS_PER_MINUTE

    @cached_property
    def version(self) -> str:
        said = self.program.run("--version", text="").split()
        number = next((word for word in said if word[0].isdigit()), "unknown")
        return f"espeak-ng-{number}-{self.language}-{self.pitch}-{self.words_per_minute}"

    def render(self, text: str) -> Audio:
        chinese = self.language.startswith("zh")
        spoken = as_pinyin(text) if chinese else romanised(text)
        if not any(one.isalnum() for one in spoken):
            raise UserError(f"{text!r}: nothing in it can be said; write words")
        with tempfile.TemporaryDirectory() as folder:
            wav = Path(folder) / "said.wav"
            self.program.run(
                *("-v", "cmn-latn-pinyin" if chinese else "en-gb"),
                *("-s", str(self.words_per_minute), "-p", str(self.pitch), "-w", str(wav)),
                text=spoken,
            )
            return read(wav)


def as_pinyin(text: str) -> str:
    """Normalised Chinese text as espeak-ng reads it: 您好，… → "nin2 hao3, …"."""
    said = []
    for token in read_chinese(text):
        match token:
            case Word(syllables):
                said.append(" ".join(syllables))
            case Foreign(word):
                said += [" ".join(letter.syllables) for letter in spell(word)]
            case Mark(mark):
                said.append(_MARKS.get(mark, ","))
    return " ".join(said)


_MARKS = {"。": ".", "？": "?", "！": "!", "；": ";", "：": ":"}
