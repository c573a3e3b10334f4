"""What a network says before anybody answers (您拨打的电话已停机 …), and what it means.

Pure: sound and probabilities in, parts and outcomes out.
"""

from collections.abc import Iterable, Iterator

from ivr.outbound.model import Outcome
from ivr.talk.speech.base import Recognised
from ivr.talk.speech.vad import WINDOW, Endpointer, Moment, Timing

OUTCOMES = {
    "unallocated": Outcome.UNALLOCATED,
    "suspended": Outcome.SUSPENDED,
    "off": Outcome.UNREACHABLE,
    "unreachable": Outcome.UNREACHABLE,
    "busy": Outcome.BUSY,
    "no_answer": Outcome.NO_ANSWER,
}
"""By the codes of prompts/announcements."""

SENTENCE = Timing(least=0.8, pause=0.07, settled=0.1, ended=0.15, longest=5.0)
"""Announcements come without the pauses of a person who thinks; what is shorter (喂, 对不起)
tells nothing, and an engine takes no more than 5.8 s at a time."""

_BEFORE, _AFTER = 6, 6  # windows: the voice begins and ends faintly


def sentences(probabilities: Iterable[float]) -> Iterator[slice]:
    """Where a voice speaks, as samples; `probabilities` of speech are by window."""
    ends, moment = Endpointer(SENTENCE), None
    for probability in probabilities:
        moment = ends.feed(probability)
        if moment is Moment.ENDED:
            yield _around(ends.first, ends.last)
    if ends.begun and moment is not Moment.ENDED:  # cut off
        yield _around(ends.first, ends.last)


def _around(first: int, last: int) -> slice:
    return slice(max(0, first - _BEFORE) * WINDOW, (last + 1 + _AFTER) * WINDOW)


def outcome_of(recognised: Recognised) -> Outcome | None:
    """None when it was no announcement that we know."""
    return None if recognised.choice is None else OUTCOMES[recognised.choice]
