"""Traces: what an Asterisk said over AMI, kept as text, written and read back."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from ivr import __version__
from ivr.errors import UserError
from ivr.pbx.decode import decode
from ivr.pbx.events import Event
from ivr.pbx.framing import GREETING, Framer

CHUNK = 1 << 16

# Their digits are no telephone numbers, and must stay for the trace to hang together.
_UNMASKED = re.compile(r"(Event|Privilege|Timestamp|Uniqueid|UniqueId|Linkedid|ActionID)$")
_NAME = re.compile(r"(CallerIDName|ConnectedLineName)$")
# A telephone number; the first alternative is the counter that ends a channel's name.
_NUMBER = re.compile(r"-[0-9a-f]{8}(?=$|[;,&])|(?<![0-9A-Za-z])\+?[0-9]{7,}(?![0-9A-Za-z])")


def read_trace(path: Path, report: Callable[[str], None] = lambda _: None) -> Iterator[Event]:
    """The events of a trace of raw AMI text, in order; memory does not grow with it.

    Lines end in CRLF or LF; lines beginning with ``#`` between messages, the
    greeting and responses are skipped. A last message that breaks off within a
    line (a trace cut in the middle) is left out, and `report` gets a sentence.

    Raises UserError when the file cannot be read.
    """
    framer = Framer()
    for text in _texts(path, framer, report):
        event = decode(_without_notes(text))
        if event is not None:
            yield event
    if framer.dropped:
        report(f"{path}: {framer.dropped} message(s) over {framer.limit} bytes are left out")


def _texts(path: Path, framer: Framer, report: Callable[[str], None]) -> Iterator[str]:
    try:
        with path.open("rb") as file:
            while data := file.read(CHUNK):
                yield from framer.feed(data)
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None
    rest = _without_notes(framer.rest)
    if rest.endswith("\n"):
        yield rest
    elif rest and not rest.startswith("#"):
        report(f"{path}: breaks off within a message; its last {len(rest)} characters are left out")


def _without_notes(text: str) -> str:
    """`text` without the comments and greetings before its first header."""
    while text.startswith(("#", GREETING)):
        text = text.partition("\n")[2]
    return text


class Recorder:
    """Writes a trace: give its `write` to Session.tap().

    Only events are written; no response, no action and so no secret. With `mask`
    telephone numbers of seven digits and more and the names of callers are
    replaced, the same one always by the same; only events that a replay needs
    are then written.

    `source` is told in the comment at the beginning, with our version and the date.

    Raises UserError when `path` exists or cannot be written. When writing fails
    later (disk full), `error` holds the sentence and nothing more is written.
    """

    def __init__(self, path: Path, *, source: str = "AMI", mask: bool = False) -> None:
        self.path = path
        self.messages = 0
        self.error: UserError | None = None
        self._mask = _Mask() if mask else None
        masked = ", numbers and names masked" if mask else ""
        moment = datetime.now(UTC).isoformat(timespec="seconds")
        try:
            self._file = path.open("xb")
            self._file.write(f"# ivr {__version__}: {source}, {moment}{masked}\r\n".encode())
        except FileExistsError:
            raise UserError(f"{path} exists already; choose another name") from None
        except OSError as error:
            raise UserError(f"{path}: cannot be written ({error.strerror})") from None

    def write(self, message: str) -> None:
        """A message as Session.tap() gives it."""
        if self.error is not None or not message.startswith("Event: "):
            return
        if self._mask is not None:
            if decode(message) is None:
                return
            message = self._mask(message)
        try:
            self._file.write(message.replace("\n", "\r\n").encode() + b"\r\n\r\n")
        except OSError as error:
            self.error = UserError(f"{self.path}: recording ended ({error.strerror})")
        else:
            self.messages += 1

    def close(self) -> None:
        """Raises UserError if the last part could not be written."""
        try:
            self._file.close()
        except OSError as error:
            self.error = UserError(f"{self.path}: recording ended ({error.strerror})")
        if self.error is not None:
            raise self.error

    def __enter__(self) -> "Recorder":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Mask:
    """Replaces each number by one of its length and each name by a plain one."""

    def __init__(self) -> None:
        self._numbers: dict[str, str] = {}
        self._names: dict[str, str] = {}

    def __call__(self, message: str) -> str:
        return "\n".join(self._line(line) for line in message.split("\n"))

    def _line(self, line: str) -> str:
        key, colon, value = line.partition(": ")
        if not colon or _UNMASKED.search(key):
            return line
        if _NAME.search(key) and value not in ("", "<unknown>"):
            return f"{key}: {self._names.setdefault(value, f'name {len(self._names) + 1}')}"
        return f"{key}: {_NUMBER.sub(lambda found: self._number(found[0]), value)}"

    def _number(self, number: str) -> str:
        if number.startswith("-"):
            return number
        digits = number.removeprefix("+")
        plus = number[: len(number) - len(digits)]
        known = self._numbers.get(digits)
        if known is None:
            known = self._numbers[digits] = f"{len(self._numbers) + 1:0{len(digits)}}"
        return plus + known
