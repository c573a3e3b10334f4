"""Voices for tests: no engine, the same sound each time."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ivr.talk.audio import Audio, write

RATE = 24_000


def hum(seconds: float, hertz: float = 440.0) -> Audio:
    time = np.arange(round(seconds * RATE)) / RATE
    return Audio(np.asarray(0.3 * np.sin(2 * np.pi * hertz * time), np.float32), RATE)


def write_hum(path: Path, seconds: float = 0.5) -> None:
    """A stand-in for a recording."""
    write(path, hum(seconds))


@dataclass(frozen=True)
class HumVoice:
    """Hums as long as the text is, and writes down each time it is asked to."""

    notes: Path
    name: str = "hum"
    version: str = "1"

    def render(self, text: str) -> Audio:
        with self.notes.open("a", encoding="utf-8") as file:
            file.write(text + "\n")
        return hum(len(text) / 10)

    @property
    def said(self) -> list[str]:
        return self.notes.read_text("utf-8").splitlines() if self.notes.exists() else []


@dataclass(frozen=True)
class DyingVoice:
    """Takes its process with it, as one that ran out of memory."""

    name: str = "dying"
    version: str = "1"

    def render(self, text: str) -> Audio:
        os._exit(9)
