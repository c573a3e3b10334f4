"""Lots are fair, and anybody can draw them again."""

from collections import Counter

import pytest

from ivr.outbound.sampling import draw, lacking

HOMES = [f"{building}-1-{room}" for building in range(1, 6) for room in range(101, 121)]


@pytest.mark.parametrize(
    ("heard", "waiting", "wanted", "expected"),
    [(0, 0, 20, 20), (12, 3, 20, 5), (20, 0, 20, 0), (25, 0, 20, 0), (5, 30, 20, 0)],
)
def test_no_more_than_the_month_lacks(heard: int, waiting: int, wanted: int, expected: int) -> None:
    assert lacking(heard, waiting, wanted) == expected


def test_the_same_seed_draws_the_same_whatever_the_order() -> None:
    first = draw(HOMES, [], 20, "main 2026-11-15")
    assert first == draw(reversed(HOMES), [], 20, "main 2026-11-15")
    assert first != draw(HOMES, [], 20, "main 2026-11-16")
    assert len(set(first)) == 20


def test_who_was_heard_is_left_out_and_all_there_are_is_enough() -> None:
    heard = set(HOMES[:95])
    assert sorted(draw(HOMES, heard, 20, "s")) == sorted(HOMES[95:])


def test_every_home_is_as_likely_as_any_other() -> None:
    drawn = Counter(name for seed in range(500) for name in draw(HOMES, [], 20, str(seed)))
    # 100 of 500 each; five standard deviations of a binomial
    assert all(abs(drawn[home] - 100) < 45 for home in HOMES)
