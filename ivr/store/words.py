"""What is asked of the index of calls: the words of schema 009's `call_documents`.

The index only brings candidates, newest first; the query that reads their rows decides.
So a word may be left out here, but none may be asked for that a matching row lacks.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator

GRAM = 3  # signs of a number that are one word
_NOT_OF_A_WORD = re.compile(r"[^0-9A-Za-z_*#+-]")
_IN_NUMBERS = re.compile(r"[0-9A-Za-z*#+-]+")


def one(prefix: str, value: str) -> str:
    """A whole value: x101, lhotline."""
    return _quoted(prefix + _NOT_OF_A_WORD.sub("", value))


def in_a_number(part: str) -> bool:
    """Whether it can stand in a number, or a name that a telephone gives for one."""
    return _IN_NUMBERS.fullmatch(part) is not None


def number(part: str) -> list[str]:
    """What every number with `part` in it has; nothing for less than three signs."""
    if not in_a_number(part):
        return []
    return list(
        dict.fromkeys(
            _quoted(f"n{part[place : place + GRAM]}") for place in range(len(part) - GRAM + 1)
        )
    )


def text(part: str) -> list[str]:
    """What every text with `part` in it has: its pairs of signs, or signs that stand alone."""
    return list(dict.fromkeys(_quoted(f"w{sign}") for sign in _signs(part)))


def every(words: Iterable[str]) -> str:
    return " AND ".join(words)


def any_of(ways: Iterable[str]) -> str:
    """Empty if a way is: then everything is a candidate."""
    each = list(ways)
    return f"({' OR '.join(f'({way})' for way in each)})" if each and all(each) else ""


def _signs(part: str) -> Iterator[str]:
    run = ""
    for sign in f"{part} ":
        if _is_letter(sign):
            run += sign
            continue
        if len(run) == 1:
            yield run
        yield from (run[place : place + 2] for place in range(len(run) - 1))
        run = ""


def _is_letter(sign: str) -> bool:
    """Whether FTS5's unicode61, which knows Unicode 6.1, takes it for part of a word: it was
    one long before. What came later may be no part, and would make two words of one."""
    return unicodedata.ucd_3_2_0.category(sign)[0] in "LN"


def _quoted(word: str) -> str:
    return f'"{word}"'
