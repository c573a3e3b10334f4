"""What to do with each answer to a question: no sound, no clock.

The machine of scripts drives it, on the telephone and in a terminal.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum

from ivr.talk.line import Pcm

REPEATS = 5
"""How often a question is said again on request; then asking for it is no answer."""


class By(StrEnum):
    """How the answer came, or why there is none."""

    KEY = "key"
    SPEECH = "speech"
    NO_INPUT = "no_input"
    NO_MATCH = "no_match"
    DEAF = "deaf"  # whoever listened failed; keys go on


class Again(StrEnum):
    """Why the question is put once more."""

    REPEAT = "repeat"  # they asked for it
    NO_INPUT = "no_input"
    NO_MATCH = "no_match"


@dataclass(frozen=True, slots=True)
class Heard:
    """What came after a question: a key, or the choice a recogniser made ("": none fitted)."""

    choice: str
    by: By = By.KEY
    score: float | None = None  # the recogniser's
    sure: bool = True  # False: ask whether that was meant
    engine: str = ""
    transcript: str = ""
    samples: Pcm | None = field(default=None, compare=False, repr=False)  # what was said


@dataclass(frozen=True, slots=True)
class Answer:
    choice: str | None  # None: there was none
    by: By
    tries: int  # how often the question was put, repeats left out
    score: float | None = None


class Asking:
    """One question being asked: `take` says what to do with what was heard."""

    def __init__(self, choices: Collection[str], *, repeat: Collection[str] = "", retries: int = 2):
        self._choices = choices
        self._repeat = repeat
        self._retries = retries
        self._tries = 1
        self._repeats = 0

    def take(self, heard: Heard | None) -> Answer | Again:
        """`heard` is None when nothing came in time."""
        if heard is not None and heard.choice and heard.choice in self._choices:
            return Answer(heard.choice, heard.by, self._tries, heard.score)
        if heard is not None and heard.choice and heard.choice in self._repeat:
            self._repeats += 1
            if self._repeats <= REPEATS:
                return Again.REPEAT
        reason = Again.NO_INPUT if heard is None else Again.NO_MATCH
        if self._tries > self._retries:
            return Answer(None, By(reason.value), self._tries)
        self._tries += 1
        return reason
