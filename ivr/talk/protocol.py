"""What Asterisk's chan_websocket says and understands (its JSON control messages, Asterisk 22).

Sound goes both ways as binary messages of 16-bit samples, 8,000 a second. Asterisk
cuts what it gets into frames of 20 ms, queues them and plays one after the other;
a mark between two of them is reported when it is reached.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

RATE = 8_000
FRAME = 160  # samples; shorter pieces are dropped outside buffering mode, so sound is padded
MAX_COMMAND = 127  # characters; longer ones Asterisk ignores


@dataclass(frozen=True, slots=True)
class Started:
    """MEDIA_START, the first message. `variables` are those the call's channel passed on."""

    format: str
    variables: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Pressed:
    """DTMF_END: the key was let go."""

    key: str


@dataclass(frozen=True, slots=True)
class Reached:
    """MEDIA_MARK_PROCESSED: everything before the mark was played."""

    mark: int


@dataclass(frozen=True, slots=True)
class Flow:
    """MEDIA_XOFF and MEDIA_XON: Asterisk's queue is nearly full, or has room again."""

    stopped: bool


@dataclass(frozen=True, slots=True)
class Refused:
    """ERROR: Asterisk could not do what it was told."""

    why: str


Event = Started | Pressed | Reached | Flow | Refused


def command(name: str, **values: str) -> str:
    """A control message. Raises ValueError when Asterisk would ignore it for its length."""
    text = json.dumps({"command": name, **values}, separators=(",", ":"))
    if len(text) > MAX_COMMAND:
        raise ValueError(f"{name} is longer than {MAX_COMMAND} characters")
    return text


FLUSH = command("FLUSH_MEDIA")
HANG_UP = command("HANGUP")


def mark(number: int) -> str:
    return command("MARK_MEDIA", correlation_id=str(number))


def parse(text: str) -> Event | None:
    """The event in a text message; None for one that does not concern us.

    Raises ValueError for what is no event of chan_websocket's.
    """
    said = json.loads(text)  # its error is a ValueError
    if not isinstance(said, dict) or not isinstance(said.get("event"), str):
        raise ValueError("a control message without an event")
    match said["event"]:
        case "MEDIA_START":
            variables = said.get("channel_variables")
            if not isinstance(variables, dict):
                variables = {}
            return Started(
                str(said.get("format", "")),
                {str(name): str(value) for name, value in variables.items()},
            )
        case "DTMF_END":
            return Pressed(str(said.get("digit", "")))
        case "MEDIA_MARK_PROCESSED":
            return Reached(int(said.get("correlation_id", "")))
        case "MEDIA_XOFF":
            return Flow(stopped=True)
        case "MEDIA_XON":
            return Flow(stopped=False)
        case "ERROR":
            return Refused(str(said.get("error_text", "")))
        case _:
            return None
