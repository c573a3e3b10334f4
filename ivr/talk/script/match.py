"""Typed words as an ear would hear them: the text matcher of `ivr script talk`. Pure."""

import re

from ivr.talk.asking import By, Heard
from ivr.talk.speech.base import Choice, Question

ENGINE = "text"

_WORD = re.compile(r"[\w]+")


def match(text: str, question: Question) -> Heard:
    """The choice whose words stand in `text`; the longest words win (不满意 before 满意).

    Only words that are the whole text are sure. Choice "" when none or several fit.
    """
    said = plain(text)
    found: list[tuple[int, Choice]] = [
        (len(words), choice)
        for phrase, choice in question.phrases()
        if (words := plain(phrase)) and _stands_in(words, said)
    ]
    longest = max((length for length, _ in found), default=0)
    best = {choice.code for length, choice in found if length == longest}
    if len(best) != 1:
        return Heard("", By.SPEECH, 0.0, engine=ENGINE, transcript=text)
    score = longest / len(said)
    return Heard(best.pop(), By.SPEECH, score, score == 1.0, ENGINE, text)


def plain(text: str) -> str:
    """Without marks and capitals; words of one blank between them."""
    return " ".join(_WORD.findall(text.lower()))


def _stands_in(words: str, said: str) -> bool:
    """English words only whole: yes is not in yesterday."""
    if words.isascii():
        return re.search(rf"\b{re.escape(words)}\b", said) is not None
    return words in said
