"""What the machine of scripts and those who drive it tell each other. Pure."""

from dataclasses import dataclass, field

from ivr.talk.asking import By, Heard
from ivr.talk.line import Pcm
from ivr.talk.speech.base import Question

CARE = "care"
"""The value that marks an owner to whom a person is given sooner: care=yes."""

HUNG_UP = "hung_up"
PERSON_RESULT = "person"


@dataclass(frozen=True, slots=True)
class Say:
    """Any key skips what is left of it."""

    step: str
    sounds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ask:
    """Say it, and wait for a key or, with `speech`, for words."""

    step: str
    sounds: tuple[str, ...]
    question: Question
    wait_s: float
    speech: bool
    confirms: str | None = None  # the choice that "is that right?" is about


@dataclass(frozen=True, slots=True)
class Record:
    step: str
    sounds: tuple[str, ...]
    longest_s: float
    silence_s: float
    keys: str  # each of them ends it


@dataclass(frozen=True, slots=True)
class Transfer:
    step: str
    sounds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class End:
    step: str
    sounds: tuple[str, ...]
    result: str
    keys: str  # those that bring a person after all


Action = Say | Ask | Record | Transfer | End


@dataclass(frozen=True, slots=True)
class Recorded:
    """What came of a Record: the words, and the key that ended them."""

    samples: Pcm | None = field(default=None, compare=False, repr=False)
    key: str = ""
    transcript: str = ""  # where words are typed, or an engine can

    @property
    def empty(self) -> bool:
        return not self.transcript and (self.samples is None or not len(self.samples))


@dataclass(frozen=True, slots=True)
class NoEar:
    """Nobody can listen to this question; it has not been put yet."""


Event = Heard | Recorded | NoEar | None
"""What came of an action; None: it was said to its end, or nothing was answered."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of one question, or the words that were recorded."""

    step: str
    question: str  # "" for open words
    choice: str | None  # its code; None: there was none
    label: str
    by: By
    key: str = ""
    score: float | None = None
    engine: str = ""
    transcript: str = ""
    tries: int = 1
    samples: Pcm | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Result:
    """`end` is the word of the end step, "person" after a transfer, "hung_up" when the person
    went before it was clear how the call would end."""

    end: str
    replies: tuple[Reply, ...]
    wish: str = ""  # "person": they want one, or need one
