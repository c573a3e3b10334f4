"""The office's own recordings: a person says it better than any engine.

A folder of sound files, each named by what it says (`三号楼.wav`, `幺.wav`) or
by the id of a prompt (`greeting-busy.wav`).
"""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ivr.errors import UserError
from ivr.talk.audio import Audio, join, loudness_db, read, resample, silence, trim

_RATE = 24_000
_SUFFIXES = (".wav", ".flac", ".mp3", ".m4a", ".ogg")
_PAUSES_S = {
    "，": 0.25,
    "、": 0.2,
    " ": 0.15,
    "；": 0.35,
    "：": 0.25,
    "。": 0.45,
    "！": 0.45,
    "？": 0.45,
}
_WORD_ENDS_S = 0.02  # silence kept around a word within a sentence


def own(folder: Path, name: str) -> Path | None:
    """The recording called `name` in `folder`, whatever its format."""
    return next((path for end in _SUFFIXES if (path := folder / f"{name}{end}").is_file()), None)


@dataclass(frozen=True)
class RecordedVoice:
    """Joins recorded words and phrases; the longest recording that fits is taken first."""

    folder: Path

    @property
    def name(self) -> str:
        return f"recordings:{self.folder}"

    @cached_property
    def version(self) -> str:
        stamps = [(path.name, path.stat().st_mtime_ns) for path in self._pieces.values()]
        return "recordings-" + hashlib.sha256(repr(sorted(stamps)).encode()).hexdigest()[:16]

    def render(self, text: str) -> Audio:
        said: list[Audio] = []
        at = 0
        while at < len(text):
            if text[at] in _PAUSES_S:
                said.append(silence(_PAUSES_S[text[at]], _RATE))
                at += 1
                continue
            piece = next((one for one in self._longest_first if text.startswith(one, at)), None)
            if piece is None:
                raise UserError(
                    f"{self.folder}: no recording says {text[at : at + 8]!r}; record it and name"
                    " the file by its words"
                )
            said.append(trim(resample(read(self._pieces[piece]), _RATE), _WORD_ENDS_S))
            at += len(piece)
        if not any(loudness_db(one) > float("-inf") for one in said):
            raise UserError(f"{text!r}: nothing in it can be said; write words")
        return join(said)

    @cached_property
    def _pieces(self) -> dict[str, Path]:
        if not self.folder.is_dir():
            raise UserError(f"{self.folder}: no such folder of recordings")
        found = {one.stem: one for one in sorted(self.folder.iterdir()) if one.suffix in _SUFFIXES}
        if not found:
            raise UserError(f"{self.folder}: no recordings in it; save them as .wav")
        return found

    @cached_property
    def _longest_first(self) -> list[str]:
        return sorted(self._pieces, key=len, reverse=True)
