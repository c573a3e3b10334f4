import math

from hypothesis import given
from hypothesis import strategies as st

from ivr.outbound.pacing import BURST, Breaker, Pace

RATES = st.floats(0.1, 50)


@given(RATES, st.lists(st.floats(0, 0.5), max_size=300))
def test_never_more_than_the_pace_in_any_second(rate: float, steps: list[float]) -> None:
    pace, at, begun = Pace(rate, 0.0), 0.0, []
    for step in steps:
        at += step
        while pace.take(at):
            begun.append(at)
    for first in begun:
        assert sum(first <= each < first + 1 for each in begun) <= math.floor(rate + BURST + 1e-6)


@given(st.integers(1, 50), st.floats(0, 0.2))
def test_a_waker_that_is_a_little_late_loses_nothing(rate: int, lateness: float) -> None:
    pace, at, calls = Pace(rate, 0.0), 0.0, 0
    late = lateness / rate
    while at < 20:
        if pace.take(at):
            calls += 1
        at += pace.wait_s(at) + late
    assert calls >= 20 * rate * 0.98


@given(RATES, st.floats(0, 100))
def test_who_waits_as_told_may_begin(rate: float, at: float) -> None:
    pace = Pace(rate, at)
    assert pace.take(at)
    later = at + pace.wait_s(at)
    assert not pace.take(at)
    assert pace.take(later + 1e-6)


def test_a_clock_that_is_set_back_gives_nothing() -> None:
    pace = Pace(1, 1000.0)
    assert pace.take(1000.0)
    assert not pace.take(10.0)
    assert not pace.take(10.5)
    assert pace.take(11.0)


def test_a_new_rate_counts_from_its_moment() -> None:
    pace = Pace(10, 0.0)
    assert pace.take(0.0)
    pace.set_rate(1, 0.05)
    assert (pace.rate, round(pace.wait_s(0.05), 3)) == (1, 0.5)


def calls(breaker: Breaker, story: str, at: float) -> float:
    """x: congested, o: got through; one a second. Their end is also the last's begin."""
    for end in story:
        at += 1.0
        breaker.ended(congested=end == "x", begun_at=at - 0.5, at=at)
    return at


def test_single_congested_calls_change_nothing() -> None:
    breaker = Breaker()
    calls(breaker, "xooooooooo" * 5, 0.0)
    assert (breaker.factor, breaker.tripped) == (1.0, False)


def test_a_burst_halves_and_probes_recover() -> None:
    breaker = Breaker()
    at = calls(breaker, "oxoxx", 0.0)
    assert (breaker.factor, breaker.tripped) == (0.5, True)
    at = calls(breaker, "xxx", at)
    assert breaker.factor == 0.25
    at = calls(breaker, "ooooxooooo", at)  # one congested call begins the count anew
    assert breaker.factor == 0.5
    calls(breaker, "ooooo", at)
    assert (breaker.factor, breaker.tripped) == (1.0, False)


def test_it_never_stops_altogether() -> None:
    breaker = Breaker()
    calls(breaker, "x" * 100, 0.0)
    assert breaker.factor == Breaker.LEAST


def test_calls_from_before_a_change_say_nothing_about_it() -> None:
    breaker = Breaker()
    at = calls(breaker, "xxx", 0.0)
    for _ in range(20):
        breaker.ended(congested=True, begun_at=0.0, at=at + 1)
    assert breaker.factor == 0.5
