"""Wrong passwords: how long the next try has to wait."""

import pytest

from ivr.web.throttle import MOST_KEYS, Throttle


def failing(times: int) -> Throttle:
    throttle = Throttle(5, first_s=30, longest_s=900, forget_s=3600)
    for _ in range(times):
        throttle.failed("wang", 100.0)
    return throttle


@pytest.mark.parametrize(
    ("failures", "wait"),
    [(0, 0), (4, 0), (5, 30), (6, 60), (7, 120), (9, 480), (10, 900), (1000, 900)],
)
def test_each_failure_costs_more(failures: int, wait: float) -> None:
    assert failing(failures).wait_s("wang", 100.0) == wait


def test_waiting_helps_and_others_are_not_concerned() -> None:
    throttle = failing(6)
    assert throttle.wait_s("wang", 130.0) == 30
    assert throttle.wait_s("wang", 160.0) == 0
    assert throttle.wait_s("li", 100.0) == 0


def test_success_and_time_forget() -> None:
    throttle = failing(6)
    throttle.succeeded("wang")
    assert throttle.wait_s("wang", 100.0) == 0
    throttle = failing(10)
    throttle.failed("wang", 100.0 + 3601)
    assert throttle.wait_s("wang", 100.0 + 3601) == 0


def test_one_that_was_none_is_taken_back() -> None:
    throttle = failing(5)
    throttle.forgiven("wang")
    throttle.forgiven("li")
    assert throttle.wait_s("wang", 100.0) == 0
    throttle.failed("wang", 100.0)
    assert throttle.wait_s("wang", 100.0) == 30


def test_a_clock_that_was_set_back_locks_nobody_out_for_longer() -> None:
    assert failing(6).wait_s("wang", -1e6) == 60


def test_strangers_cannot_fill_the_memory() -> None:
    throttle = Throttle(1)
    for number in range(MOST_KEYS + 10):
        throttle.failed(str(number), 1.0)
    assert throttle.wait_s("0", 1.0) == 0
    assert throttle.wait_s(str(MOST_KEYS), 1.0) > 0
