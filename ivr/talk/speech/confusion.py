"""Answers that sound so much alike that no engine, and hardly a person, tells them apart.

Chinese is compared by its sounds: initials, finals and tones, with what the South confuses
(zh/z, sh/s, n/l, -ng/-n) counting little. Other languages are compared by their letters.
"""

from collections.abc import Callable, Sequence
from functools import cache
from itertools import combinations
from typing import TypeVar

from ivr.talk.speech.base import Question

ALIKE = 0.5
"""Phrases nearer than this sound the same; one syllable more or less is 1."""

_Syllable = tuple[str, str, str]  # initial, final, tone
_T = TypeVar("_T")

_NEAR_INITIALS = (
    frozenset({"z", "zh"}), frozenset({"c", "ch"}), frozenset({"s", "sh"}), frozenset({"n", "l"}),
    frozenset({"l", "r"}), frozenset({"f", "h"}),
)  # fmt: skip
_NEAR_FINALS = (frozenset({"an", "ang"}), frozenset({"en", "eng"}), frozenset({"in", "ing"}))
_OTHER = 0.5
_NEAR = 0.15
_TONE = 0.1


def alike(question: Question) -> list[tuple[str, str]]:
    """Phrases of two different choices that sound the same."""
    return [
        (one, other)
        for (one, meant), (other, meant_too) in combinations(question.phrases(), 2)
        if meant.code != meant_too.code and distance(one, other) < ALIKE
    ]


def distance(one: str, other: str) -> float:
    """How far two phrases are apart to the ear, in syllables."""
    if _chinese(one) and _chinese(other):
        return _edits(_syllables(one), _syllables(other), _apart)
    letters = [[sign for sign in text.casefold() if sign.isalnum()] for text in (one, other)]
    # a syllable is three letters or so
    return _edits(letters[0], letters[1], lambda a, b: float(a != b)) / 3


def _chinese(phrase: str) -> bool:
    return all("一" <= sign <= "鿿" for sign in phrase if sign.isalnum())


@cache
def _syllables(phrase: str) -> tuple[_Syllable, ...]:
    from pypinyin import Style, pinyin  # its dictionary takes a moment to load

    hanzi = "".join(sign for sign in phrase if sign.isalnum())
    read = [
        [found[0] for found in pinyin(hanzi, style=style, strict=False)]
        for style in (Style.INITIALS, Style.FINALS, Style.FINALS_TONE3)
    ]
    return tuple(
        (initial, final, toned.removeprefix(final))
        for initial, final, toned in zip(*read, strict=True)
    )


def _apart(one: _Syllable, other: _Syllable) -> float:
    return (
        _part(one[0], other[0], _NEAR_INITIALS)
        + _part(one[1], other[1], _NEAR_FINALS)
        + (_TONE if one[2] != other[2] else 0.0)
    )


def _part(one: str, other: str, near: tuple[frozenset[str], ...]) -> float:
    if one == other:
        return 0.0
    return _NEAR if frozenset({one, other}) in near else _OTHER


def _edits(one: Sequence[_T], other: Sequence[_T], apart: Callable[[_T, _T], float]) -> float:
    """The cheapest way from `one` to `other`; to add or to drop an item costs 1."""
    row = [float(count) for count in range(len(other) + 1)]
    for count, item in enumerate(one, 1):
        before, row[0] = row[0], float(count)
        for at, wanted in enumerate(other, 1):
            change = before + apart(item, wanted)
            before = row[at]
            row[at] = min(change, before + 1, row[at - 1] + 1)
    return row[-1]
