"""Kokoro-82M: the natural voice, by ONNX; takes a third of real time on two cores."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ivr.errors import UserError
from ivr.talk.audio import Audio, join, trim
from ivr.talk.voice import english
from ivr.talk.voice.ipa import ipa
from ivr.talk.voice.pinyin import Foreign, Mark, Word, read, spell
from ivr.talk.voice.program import Program

RATE = 24_000
_LONGEST = 300  # phonemes said in one go; the model takes 510, and rushes long texts
_SENTENCE_PAUSE_S = 0.4
_ENDS_S = 0.03  # the model leaves up to half a second of its own
_STYLES = 510  # rows of a voice: the style for a text of so many phonemes

_MARKS = {
    "，": ",", "、": ",", "。": ".", "！": "!", "？": "?", "：": ":", "；": ";",
    ",": ",", ".": ".", "!": "!", "?": "?", ":": ":", ";": ";",
}  # fmt: skip
_SENTENCE = re.compile(r"[^。！？；.!?;]+[。！？；.!?;]*")
_CLAUSE = re.compile(r"[^，、：,:]+[，、：,:]*")


@dataclass(frozen=True)
class KokoroVoice:
    """`folder` holds model.onnx, vocab.json and NAME.bin, as the model locker lays them.

    `program` says English words; without it they are spelled.
    """

    folder: Path
    name: str
    program: Program | None = None
    threads: int = 2
    speed: float = 1.0

    @property
    def version(self) -> str:
        return "kokoro-v1.0-int8-2" + ("" if self.speed == 1 else f"-{self.speed:g}")

    def render(self, text: str) -> Audio:
        pieces = [self._say(part) for part in self._parts(text)]
        if not pieces:
            raise UserError(f"{text!r}: nothing in it can be said; write words")
        return join(pieces, _SENTENCE_PAUSE_S)

    def _parts(self, text: str) -> Iterator[str]:
        """Phonemes of `text`, cut at sentences, else at clauses, else anywhere."""
        for sentence in _SENTENCE.findall(text):
            said = self.phonemes(sentence)
            if len(said) <= _LONGEST:
                clauses = [said]
            else:
                clauses = [self.phonemes(one) for one in _CLAUSE.findall(sentence)]
            for clause in clauses:
                for at in range(0, len(clause), _LONGEST):
                    part = clause[at : at + _LONGEST].strip()
                    if any(one.isalpha() for one in part):
                        yield part

    def phonemes(self, text: str) -> str:
        """What the model is given; only signs of its vocabulary."""
        out = ""
        after_word = False
        for token in read(text, spell_capitals=self.name.startswith("z")):
            match token:
                case Mark(mark):
                    out += _MARKS.get(mark, "")
                    after_word = bool(out)
                    continue
                case Word(syllables):
                    said = "".join(ipa(one) for one in syllables)
                case Foreign(word) if self.program:
                    said = english.phonemes(self.program, word)
                case Foreign(word):
                    said = " ".join("".join(map(ipa, w.syllables)) for w in spell(word))
            out += (" " if after_word else "") + said
            after_word = True
        return "".join(one for one in out if one in self._vocabulary)

    def _say(self, phonemes: str) -> Audio:
        ids = [self._vocabulary[one] for one in phonemes]
        (sound,) = self._session.run(
            None,
            {
                "tokens": np.array([[0, *ids, 0]], np.int64),
                "style": self._styles[min(len(ids), _STYLES - 1)],
                "speed": np.array([self.speed], np.float32),
            },
        )
        return trim(Audio(np.asarray(sound, np.float32).reshape(-1), RATE), _ENDS_S)

    @cached_property
    def _vocabulary(self) -> dict[str, int]:
        vocabulary: dict[str, int] = json.loads((self.folder / "vocab.json").read_text("utf-8"))[
            "vocab"
        ]
        return vocabulary

    @cached_property
    def _styles(self) -> Any:
        return np.fromfile(self.folder / f"{self.name}.bin", np.float32).reshape(_STYLES, 1, 256)

    @cached_property
    def _session(self) -> Any:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self.threads
        options.log_severity_level = 3
        return onnxruntime.InferenceSession(
            str(self.folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
        )
