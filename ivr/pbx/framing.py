"""The AMI byte stream, cut into messages.

AMI is lines of ``Key: value``; a blank line ends a message. The greeting
(``Asterisk Call Manager/11.0.0``) is a line of its own before the first
message, with no blank line after it.

Only a blank line separates: a header ``Event:`` inside a message never starts
another one, because a dialplan's UserEvent() may carry a caller's text there.
"""

import structlog

GREETING = "Asterisk Call Manager/"
LIMIT = 1 << 20

log = structlog.get_logger(__name__)


class Framer:
    """Feed it bytes as they come; it gives back whole messages.

    Lines end in CRLF or LF, in any mixture; those of a message given back are
    joined by a bare LF. Bytes that are no UTF-8 become U+FFFD. A message of
    more than `limit` bytes is dropped, counted and logged; the stream goes on.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self.limit = limit
        self.dropped = 0
        self.greeting = ""
        self._buffer = bytearray()
        self._first = True  # the greeting may still come
        self._skipping = False  # inside a message that is too long

    @property
    def rest(self) -> str:
        """The beginning of a message that has not ended yet."""
        return "" if self._skipping else self._buffer.decode("utf-8", "replace").lstrip("\n")

    def feed(self, data: bytes) -> list[str]:
        """The messages that `data` completes, in order, without empty ones."""
        buffer = self._buffer
        if buffer[-1:] == b"\r":  # the LF of this CR may be the first byte of `data`
            del buffer[-1]
            data = b"\r" + data
        seen = 0 if self._first else max(0, len(buffer) - 1)
        buffer += data.replace(b"\r\n", b"\n")
        if self._first and not self._take_greeting():
            return []
        end = buffer.rfind(b"\n\n", seen)
        if end < 0:
            if len(buffer) > self.limit + 3:  # besides the message: LF before, LF CR after
                self._overflow()
            return []
        head = buffer[:end]
        del buffer[: end + 2]
        if self._skipping or end > self.limit:
            return self._split_with_care(head)
        # Whole messages only, so no character is cut: decoding needs no state.
        text = head.decode("utf-8", "replace")
        return [message for piece in text.split("\n\n") if (message := piece.strip("\n"))]

    def _take_greeting(self) -> bool:
        """Cut the greeting off; False while it may not be whole yet."""
        buffer = self._buffer
        if GREETING.encode().startswith(buffer[: len(GREETING)]):
            end = buffer.find(b"\n")
            if end < 0 and len(buffer) <= self.limit:
                return False
            self.greeting = buffer[: max(0, end)].decode("utf-8", "replace")
            del buffer[: end + 1]
        self._first = False
        return True

    def _overflow(self) -> None:
        if not self._skipping:
            self._skipping = True
            self._count_drop()
        del self._buffer[:-2]  # they may be the beginning of the blank line

    def _split_with_care(self, head: bytearray) -> list[str]:
        pieces = head.split(b"\n\n")
        if self._skipping:
            self._skipping = False
            del pieces[0]
        messages = []
        for piece in pieces:
            message = piece.strip(b"\n")
            if len(message) > self.limit:
                self._count_drop()
            elif message:
                messages.append(message.decode("utf-8", "replace"))
        return messages

    def _count_drop(self) -> None:
        self.dropped += 1
        log.warning("an AMI message was too long and is dropped", limit_bytes=self.limit)
