"""Each line: what is heard, one after the other, and what comes of the question."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.talk.asking import REPEATS, Again, Answer, Asking, By, Heard

KEY = {key: Heard(key) for key in "1234567890*#"}
YES = Heard("yes", By.SPEECH, 4.2)
MUMBLE = Heard("", By.SPEECH)
NOTHING = None


@pytest.mark.parametrize(
    ("heard", "outcome"),
    [
        ([KEY["1"]], Answer("1", By.KEY, 1)),
        ([YES], Answer("yes", By.SPEECH, 1, 4.2)),
        ([KEY["7"], KEY["2"]], Answer("2", By.KEY, 2)),
        ([NOTHING, NOTHING, KEY["1"]], Answer("1", By.KEY, 3)),
        ([NOTHING, NOTHING, NOTHING], Answer(None, By.NO_INPUT, 3)),
        ([NOTHING, MUMBLE, KEY["8"]], Answer(None, By.NO_MATCH, 3)),
        ([KEY["9"], KEY["9"], KEY["1"]], Answer("1", By.KEY, 1)),  # hearing it again costs no try
        ([KEY["9"], NOTHING, NOTHING, NOTHING], Answer(None, By.NO_INPUT, 3)),
    ],
)
def test_a_question_ends(heard: list[Heard | None], outcome: Answer) -> None:
    asking = Asking({"1", "2", "yes"}, repeat="9", retries=2)
    *before, last = (asking.take(each) for each in heard)
    assert all(isinstance(each, Again) for each in before)
    assert last == outcome


def test_the_reason_is_told_for_asking_again() -> None:
    asking = Asking("12", repeat="9", retries=2)
    reasons = [asking.take(heard) for heard in (NOTHING, KEY["9"], MUMBLE)]
    assert reasons == [Again.NO_INPUT, Again.REPEAT, Again.NO_MATCH]


@given(st.lists(st.sampled_from([*KEY.values(), MUMBLE, NOTHING])), st.integers(0, 5))
def test_no_question_is_asked_for_ever(heard: list[Heard | None], retries: int) -> None:
    asking = Asking("12", repeat="9", retries=retries)
    asked = 0
    for each in heard:
        if isinstance(asking.take(each), Answer):
            return
        asked += 1
    assert asked <= retries + REPEATS
