"""What goes between a recogniser and its workers: pickles, each after its length.

The first message to a worker is its engine, all others are jobs.
"""

import pickle
import struct
from dataclasses import dataclass

from ivr.talk.speech.base import Question, Recognised

HEADER = struct.Struct("<I")


@dataclass(frozen=True, slots=True)
class Job:
    """One answer to judge; without samples, a question to learn."""

    question: Question
    samples: bytes | None


@dataclass(frozen=True, slots=True)
class Done:
    """`recognised` is None after learning, or when `problem` says what went wrong.

    `unheard`: phrases of the question that the engine cannot hear, told after learning.
    """

    recognised: Recognised | None
    memory_mb: float
    problem: str = ""
    unheard: tuple[str, ...] = ()


def packed(message: object) -> bytes:
    content = pickle.dumps(message)
    return HEADER.pack(len(content)) + content
