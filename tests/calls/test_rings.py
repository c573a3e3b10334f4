import pytest

from ivr.calls.rings import deadline_s, ring_number, ring_starts


@pytest.mark.parametrize(
    ("ring_s", "ring"),
    [(0, 1), (0.99, 1), (4.999, 1), (5, 2), (9.99, 2), (10, 3), (14.999, 3), (15, 4), (-1, 1)],
)
def test_which_ring_sounds(ring_s: float, ring: int) -> None:
    assert ring_number(ring_s, cadence_s=5) == ring


def test_ring_four_would_sound_at_the_deadline() -> None:
    assert ring_starts(1, 5) == 0
    assert ring_starts(3, 5) == 10
    assert deadline_s(3, 5) == 15
    assert ring_number(deadline_s(3, 5), 5) == 4
