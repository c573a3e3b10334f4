"""Recordings: where a call's file is, and whether it is whole."""

import re
import wave
from collections.abc import Iterable
from contextlib import suppress
from enum import StrEnum
from pathlib import Path

FOLDER = "recordings"  # under the data folder

# A recording begins when the notice is over, some seconds into the talk, and ends
# with it; frames lost on the way make it a little shorter.
SHORTEST_SHARE = 0.9
SLACK_S = 10.0


class RecordingState(StrEnum):
    NONE = "none"  # not recorded
    UNCHECKED = "unchecked"  # the call has ended, nobody has looked yet
    OK = "ok"
    MISSING = "missing"
    SHORT = "short"  # unreadable, or much shorter than the talk
    PURGED = "purged"  # its retention was over


def file_of(call_id: str) -> str:
    """The recording's path relative to the data folder."""
    return f"{FOLDER}/{re.sub(r'[^0-9A-Za-z._-]', '_', call_id)}.wav"


def check(file: Path, talk_s: float) -> RecordingState:
    """Look at the file of a call that talked for `talk_s` seconds."""
    if not file.is_file():
        return RecordingState.MISSING
    try:
        with wave.open(str(file), "rb") as audio:
            seconds = audio.getnframes() / audio.getframerate()
    except (OSError, EOFError, wave.Error, ZeroDivisionError):
        return RecordingState.SHORT
    whole = seconds >= talk_s * SHORTEST_SHARE - SLACK_S and seconds > 0
    return RecordingState.OK if whole else RecordingState.SHORT


def outlived(data: Path, before: float) -> list[str]:
    """Recordings last written before `before` (seconds since the epoch, UTC), as
    `file_of` names them. PIPL: kept no longer than the retention that is set."""
    old = []
    for file in (data / FOLDER).glob("*.wav"):
        with suppress(OSError):
            if file.stat().st_mtime < before:
                old.append(f"{FOLDER}/{file.name}")
    return old


def delete(data: Path, files: Iterable[str]) -> int:
    """Delete recordings; returns how many. One that cannot be stays for the next time."""
    deleted = 0
    for file in files:
        with suppress(OSError):
            (data / file).unlink()
            deleted += 1
    return deleted
