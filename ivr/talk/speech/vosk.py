"""Vosk with a closed grammar: nothing can be understood but the question's phrases.

Its traps, each met before: a word outside the model's vocabulary is dropped without a sound,
an empty grammar or one that is no JSON kills the process, a model may refuse 8 kHz, and the
confidence of a word says nothing (noise scores 1.0). So phrases are cut into words the model
has, every grammar holds a filler for all other words, sound is brought to 16 kHz here, and how
much of what was said is filler makes the score.
"""

import json
import time
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ivr.talk.line import RATE, Pcm
from ivr.talk.speech.base import Choice, Question, Recognised
from ivr.talk.speech.features import SAMPLE_RATE, wideband

LONGEST_S = 6.0
"""A longer utterance is no answer of a closed set."""

_FILLERS = ("[unk]", "<unk>", "<UNK>", "[UNK]", "<SPOKEN_NOISE>")  # each model has its own
_PIECE_S = 0.2  # fed as it would be streamed
_TRAIL_S = 0.3  # of silence, for the last word to be finished

_Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Grammar:
    """What can be heard at a question."""

    json: str
    meant: dict[_Words, tuple[str, Choice]]  # the words of each phrase, the phrase, its meaning


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    seconds: float


@dataclass(eq=False)
class VoskEngine:
    """`folder` holds the model, as the locker lays it."""

    folder: Path
    name: str = field(init=False, default="vosk")
    _grammars: dict[tuple[str, ...], _Grammar] = field(init=False, default_factory=dict)

    def learn(self, question: Question) -> None:
        """Build the question's grammar and decode something with it.

        Raises ValueError when none of its phrases can be heard.
        """
        self._decode(np.zeros(RATE // 2, np.int16), self._grammar(question))

    def recognise(self, samples: Pcm, question: Question) -> Recognised:
        begun = time.monotonic()
        phrase, choice, score = "", None, 0.0
        grammar = self._grammar(question)
        if 0 < len(samples) / RATE <= LONGEST_S:
            words = self._decode(samples, grammar)
            phrase, choice, score = _meaning(words, grammar, self._filler)
        return Recognised(
            choice.code if choice is not None and score >= question.threshold else None,
            round(score, 3),
            phrase,
            self.name,
            round((time.monotonic() - begun) * 1000, 1),
        )

    def unheard(self, question: Question) -> list[str]:
        return [phrase for phrase, _ in question.phrases() if self.words(phrase) is None]

    def words(self, phrase: str) -> _Words | None:
        """`phrase` as few words of the model's vocabulary; None when it cannot be made of them."""
        found: list[str] = []
        for piece in phrase.split():
            best: list[_Words | None] = [(), *[None] * len(piece)]
            for end in range(1, len(piece) + 1):
                for start in range(end):
                    before = best[start]
                    if before is None or not self._knows(piece[start:end]):
                        continue
                    longer = best[end]
                    if longer is None or len(before) + 1 < len(longer):
                        best[end] = (*before, piece[start:end])
            whole = best[-1]
            if whole is None:
                return None
            found += whole
        return tuple(found) or None

    def _knows(self, word: str) -> bool:
        return int(self._model.vosk_model_find_word(word)) >= 0

    def _grammar(self, question: Question) -> _Grammar:
        key = tuple(f"{choice.code} {phrase}" for phrase, choice in question.phrases())
        if key not in self._grammars:
            meant = {
                words: (phrase, choice)
                for phrase, choice in question.phrases()
                if (words := self.words(phrase)) is not None
            }
            if not meant:
                raise ValueError(f"{question.id}: the model knows none of its answers")
            phrases = [*(" ".join(words) for words in meant), self._filler]
            self._grammars[key] = _Grammar(json.dumps(phrases, ensure_ascii=False), meant)
        return self._grammars[key]

    def _decode(self, samples: Pcm, grammar: _Grammar) -> list[_Word]:
        import vosk

        recogniser = vosk.KaldiRecognizer(self._model, SAMPLE_RATE, grammar.json)
        recogniser.SetWords(True)
        sound = np.concatenate([wideband(samples), np.zeros(round(_TRAIL_S * SAMPLE_RATE))])
        pcm = (np.clip(sound, -1, 1) * 32767).astype("<i2")
        results = []
        step = round(_PIECE_S * SAMPLE_RATE)
        for start in range(0, len(pcm), step):
            if recogniser.AcceptWaveform(pcm[start : start + step].tobytes()):
                results.append(recogniser.Result())
        results.append(recogniser.FinalResult())
        return [
            _Word(word["word"], word["end"] - word["start"])
            for result in results
            for word in json.loads(result).get("result", ())
        ]

    # --- the model, loaded when first used

    @cached_property
    def _model(self) -> Any:
        import vosk

        vosk.SetLogLevel(-1)
        return vosk.Model(str(self.folder))

    @cached_property
    def _filler(self) -> str:
        known = [filler for filler in _FILLERS if self._knows(filler)]
        if not known:
            raise ValueError(f"{self.folder}: the model has no word for what it does not know")
        return known[0]


def _meaning(
    words: list[_Word], grammar: _Grammar, filler: str
) -> tuple[str, Choice | None, float]:
    """The phrase that was said, its meaning, and how much of what was said it is, squared."""
    spoken = tuple(word.text for word in words if word.text != filler)
    phrases = _phrases(spoken, grammar)
    if not phrases:
        return " ".join(word.text for word in words), None, 0.0
    whole = sum(word.seconds for word in words)
    share = sum(word.seconds for word in words if word.text != filler) / whole if whole else 0.0
    text = " ".join(phrase for phrase, _ in phrases)
    if len({choice.code for _, choice in phrases}) > 1:
        return text, None, 0.0  # they changed their mind
    return text, phrases[0][1], share**2


def _phrases(words: _Words, grammar: _Grammar) -> list[tuple[str, Choice]]:
    """`words` as phrases one after the other, the longest first; empty when there is a rest."""
    found = []
    while words:
        length = next((n for n in range(len(words), 0, -1) if words[:n] in grammar.meant), 0)
        if not length:
            return []
        found.append(grammar.meant[words[:length]])
        words = words[length:]
    return found
