"""Counting rings: a ring is one cycle of the cadence, not a burst of tone.

China's ringing tone is 1 s on, 4 s off (GF 002-9002), so ring n begins
(n - 1) · 5 s after the phone began to ring. Asterisk tells only the start of
ringing; everything here is arithmetic from that moment.
"""

from math import floor


def ring_number(ring_s: float, cadence_s: float) -> int:
    """The ring that is sounding `ring_s` seconds after ringing began; the first is 1.

    A ring belongs to its beginning: exactly `cadence_s` seconds in, ring 2 sounds.
    """
    return floor(max(0.0, ring_s) / cadence_s) + 1


def ring_starts(ring: int, cadence_s: float) -> float:
    """Seconds from the start of ringing to the start of ring number `ring`."""
    return (ring - 1) * cadence_s


def deadline_s(max_rings: int, cadence_s: float) -> float:
    """Seconds after which one ring too many would sound."""
    return ring_starts(max_rings + 1, cadence_s)
