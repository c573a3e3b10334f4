"""Recognisers for tests: no model, and faults on request."""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ivr.talk.line import Pcm
from ivr.talk.speech.base import Question, Recognised, SpeechUnavailable

DIES, HANGS, FAILS, GROWS = 9, 8, 7, 6
"""First sample of an utterance that makes `ObedientEngine` do so."""


@dataclass(eq=False)
class ObedientEngine:
    """Hears the choice whose number is the first sample of the utterance, 1 being the first."""

    name: str = "obedient"
    takes_s: float = 0.0
    dies_learning: bool = False
    weighs_mb: int = 0
    _ballast: list[bytes] = field(default_factory=list)

    def learn(self, question: Question) -> None:
        if self.dies_learning:
            os._exit(3)
        if not self._ballast:
            self._ballast.append(b"x" * (self.weighs_mb << 20))

    def recognise(self, samples: Pcm, question: Question) -> Recognised:
        match int(samples[0]):
            case 9:
                os._exit(9)
            case 8:
                time.sleep(3600)
            case 7:
                raise ValueError("no memory")
            case 6:
                self._ballast.append(b"x" * (80 << 20))
        time.sleep(self.takes_s)
        choice = question.choices[(int(samples[0]) - 1) % len(question.choices)]
        return Recognised(choice.code, 1.0, choice.variants[0], self.name, 0.0)

    def unheard(self, question: Question) -> list[str]:
        return [phrase for phrase, _ in question.phrases() if phrase.isascii()]


def order(number: int) -> Pcm:
    """An utterance for `ObedientEngine`."""
    return np.full(1600, number, np.int16)


@dataclass(eq=False)
class ScriptedJudge:
    """Judges utterances as it was told, one after the other; None: it is not available."""

    results: Sequence[Recognised | None]
    seconds: list[float] = field(default_factory=list)  # of the utterances it was given

    async def recognise(self, samples: Pcm, question: Question) -> Recognised:
        result = self.results[min(len(self.seconds), len(self.results) - 1)]
        self.seconds.append(len(samples) / 8000)
        if result is None:
            raise SpeechUnavailable("overloaded")
        return result
