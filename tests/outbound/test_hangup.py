import pytest

from ivr.outbound.hangup import outcome_of, tells
from ivr.outbound.model import Outcome


@pytest.mark.parametrize(
    ("cause", "rang", "timed_out", "expected"),
    [
        (1, False, False, Outcome.UNALLOCATED),
        (28, False, False, Outcome.UNALLOCATED),
        (17, False, False, Outcome.BUSY),
        (17, True, False, Outcome.BUSY),
        (19, True, False, Outcome.NO_ANSWER),
        (19, False, False, Outcome.UNREACHABLE),  # 480 at once: switched off
        (19, False, True, Outcome.NO_ANSWER),  # ring-back tone as early media, and we gave up
        (18, True, False, Outcome.NO_ANSWER),
        (18, False, False, Outcome.UNREACHABLE),
        (20, False, False, Outcome.UNREACHABLE),
        (21, True, False, Outcome.REJECTED),
        (54, False, False, Outcome.SUSPENDED),
        (34, False, False, Outcome.CONGESTION),
        (38, False, False, Outcome.CONGESTION),
        (42, False, False, Outcome.CONGESTION),
        (127, True, False, Outcome.NO_ANSWER),
        (None, False, False, Outcome.UNREACHABLE),
        (16, True, False, Outcome.NO_ANSWER),
    ],
)
def test_cause(cause: int | None, rang: bool, timed_out: bool, expected: Outcome) -> None:
    assert outcome_of(cause, rang=rang, timed_out=timed_out) is expected


@pytest.mark.parametrize("cause", [1, 17, 21, 22, 28, 34, 38, 42, 50, 54])
def test_causes_that_tell(cause: int) -> None:
    assert tells(cause)


@pytest.mark.parametrize("cause", [None, 0, 16, 18, 19, 20, 27, 31, 127])
def test_causes_that_an_announcement_may_make_clear(cause: int | None) -> None:
    assert not tells(cause)
