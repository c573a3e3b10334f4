"""Drawing households by lot so that enough are heard every month. Pure.

Fair: every household is as likely as any other, whatever its place in the list. Stated:
with the same seed and the same households anybody draws the same ones.
"""

import hashlib
from collections.abc import Collection, Iterable


def lacking(heard: int, drawn_open: int, wanted: int) -> int:
    """How many more have to be drawn to hear `wanted` households this month, when
    `drawn_open` are still to be phoned."""
    return max(0, wanted - heard - drawn_open)


def draw(households: Iterable[str], left_out: Collection[str], count: int, seed: str) -> list[str]:
    """`count` of the households, or all there are, in the order of their lots.

    `left_out` are those heard lately or drawn before.
    """
    lots = sorted(
        (hashlib.sha256(f"{seed}\n{name}".encode()).hexdigest(), name)
        for name in set(households) - set(left_out)
    )
    return [name for _, name in lots[:count]]
