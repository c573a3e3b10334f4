"""The words of speech: a question with its closed set of answers, and what was recognised.

No engine, no I/O: everybody may import it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from ivr.talk.line import RATE, Pcm

REPEAT = "repeat"
"""Code of the command "say it again"."""

PERSON = "person"
"""Code of the command "give me a person"."""

SURE = 0.8
"""A score from which on an answer need not be confirmed, unless it is costly."""


class SpeechUnavailable(Exception):  # noqa: N818 - no fault of this answer; keys go on
    """No engine could judge this answer in time: overload, a worker's death, none installed."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer of a question; `variants` are the ways to say it."""

    code: str
    key: str
    variants: tuple[str, ...]
    label: str
    costly: bool = False  # acting on it by mistake hurts: confirm it first


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked. `commands` (say it again, a person) are heard at every question."""

    id: str
    choices: tuple[Choice, ...]
    commands: tuple[Choice, ...] = ()
    threshold: float = 0.5  # scores below it are no answer

    def phrases(self) -> Iterator[tuple[str, Choice]]:
        """Everything that can be said, with what it means."""
        for choice in (*self.choices, *self.commands):
            for variant in choice.variants:
                yield variant, choice

    def choice(self, code: str) -> Choice | None:
        """The choice or command with this code."""
        return next((one for one in (*self.choices, *self.commands) if one.code == code), None)


@dataclass(frozen=True, slots=True)
class Recognised:
    """One answer as an engine understood it.

    `score` is 0 … 1, accepted from the question's threshold on. `transcript` is the phrase
    that fits best, also when it was rejected. `ms` is what the engine took.
    """

    choice: str | None
    score: float
    transcript: str
    engine: str
    ms: float

    @property
    def sure(self) -> bool:
        return self.choice is not None and self.score >= SURE


@dataclass(frozen=True, slots=True, eq=False)
class Utterance:
    """What a person said at a question, for the record."""

    samples: Pcm = field(repr=False)  # 8 kHz
    recognised: Recognised | None  # None: no engine could judge it

    @property
    def seconds(self) -> float:
        return len(self.samples) / RATE


class Engine(Protocol):
    """Recognises answers. Slow and blocking: only a worker process calls it."""

    @property
    def name(self) -> str: ...

    def learn(self, question: Question) -> None:
        """Work ahead what does not depend on the answer."""

    def recognise(self, samples: Pcm, question: Question) -> Recognised:
        """`samples` (8 kHz) are one utterance with little silence around it."""
        ...

    def unheard(self, question: Question) -> list[str]:
        """The phrases that this engine cannot hear."""
        ...
