"""Which numbers may be rung on an outside line at all (toll fraud)."""

import re
from collections.abc import Callable, Iterable

from ivr.errors import UserError
from ivr.settings import Settings

_CLASSES = {"X": "[0-9]", "Z": "[1-9]", "N": "[2-9]"}
_TOKEN = re.compile(r"\[([0-9-]+)\]|[0-9XZN.!-]")


class Allowlist:
    """Numbers that match one of `patterns`, which mean what they mean in a dialplan
    ("1[3-9]XXXXXXXXX"; no underscore in front).

    Raises UserError for a pattern that means nothing.
    """

    def __init__(self, patterns: Iterable[str]) -> None:
        self._patterns = [_compile(pattern) for pattern in patterns]

    def allows(self, number: str) -> bool:
        return any(pattern.fullmatch(number) for pattern in self._patterns)


def may_ring(settings: Settings) -> Callable[[str], bool]:
    """Whether the dialer may ring a number at all: an outside one that is allowed, or one
    of our own phones by its extension.

    Raises UserError for a pattern that means nothing.
    """
    allowlist = Allowlist(settings.outgoing.allow)
    return lambda number: settings.phone(number) is not None or allowlist.allows(number)


def _compile(pattern: str) -> re.Pattern[str]:
    expression, end = "", 0
    while end < len(pattern):
        token = _TOKEN.match(pattern, end)
        if token is None:
            raise UserError(
                f"outgoing.allow: {pattern!r} is no dialplan pattern; check its square brackets"
            )
        end = token.end()
        text = token.group()
        if text in ".!":  # the rest of the number, whatever else the pattern says
            expression += ".+" if text == "." else ".*"
            break
        if token.group(1) is not None:
            expression += _set(pattern, token.group(1))
        elif text != "-":  # a dash only helps the eye
            expression += _CLASSES.get(text, text)
    return re.compile(expression, re.ASCII | re.DOTALL)


def _set(pattern: str, content: str) -> str:
    """Digits and ranges between brackets; a dash at an end means nothing to Asterisk."""
    chosen: set[str] = set()
    index = 0
    while index < len(content):
        first, last = content[index], content[index]
        if content[index + 1 : index + 2] == "-" and index + 2 < len(content):
            last = content[index + 2]
            index += 2
        if first > last:
            raise UserError(f"outgoing.allow: {pattern!r} has a range that runs backwards")
        if first != "-":
            chosen.update(chr(code) for code in range(ord(first), ord(last) + 1))
        index += 1
    if not chosen:
        raise UserError(f"outgoing.allow: {pattern!r} has a set without a digit")
    return "[" + "".join(sorted(chosen)) + "]"
