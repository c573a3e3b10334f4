"""How fast new calls may follow each other, and when to slow down. Times are seconds."""

from collections import deque

BURST = 1.25
"""Tokens the bucket holds: one call, and a quarter of lateness that is made good.

In any second at most floor(pace + BURST) calls begin: pace + 1 for a whole pace.
"""

WHOLE = 1.0 - 1e-9  # who waited as told must not wait again for a rounding error


class Pace:
    """A token bucket of `rate` calls a second. The rate may be changed at any time."""

    def __init__(self, rate: float, at: float) -> None:
        self._rate = rate
        self._tokens = 1.0
        self._at = at

    @property
    def rate(self) -> float:
        return self._rate

    def set_rate(self, rate: float, at: float) -> None:
        """From `at` on; what was saved so far stays."""
        self._fill(at)
        self._rate = rate

    def wait_s(self, at: float) -> float:
        """Seconds from `at` until a call may begin; 0 if it may now."""
        self._fill(at)
        return 0.0 if self._tokens >= WHOLE else (1.0 - self._tokens) / self._rate

    def take(self, at: float) -> bool:
        """Begin a call at `at`, if it may."""
        self._fill(at)
        if self._tokens < WHOLE:
            return False
        self._tokens -= 1.0
        return True

    def _fill(self, at: float) -> None:
        if at > self._at:  # a clock that was set back saves nothing
            self._tokens = min(BURST, self._tokens + (at - self._at) * self._rate)
        self._at = at


class Breaker:
    """Slows the pace down when the lines are congested, and probes until they are not.

    `factor` multiplies the pace. A burst (BURST_CALLS congested of the last
    WINDOW_CALLS) halves it; then PROBE_CALLS calls that get through double it
    again. Calls begun before the last change say nothing about it.
    """

    WINDOW_CALLS = 10
    BURST_CALLS = 3
    PROBE_CALLS = 5
    LEAST = 1 / 16

    def __init__(self) -> None:
        self.factor = 1.0
        self._recent: deque[bool] = deque(maxlen=self.WINDOW_CALLS)
        self._through = 0  # in a row, since the last change
        self._changed_at = float("-inf")

    @property
    def tripped(self) -> bool:
        return self.factor < 1.0

    def ended(self, *, congested: bool, begun_at: float, at: float) -> None:
        """A call that began at `begun_at` ended at `at`."""
        if begun_at < self._changed_at:
            return
        self._recent.append(congested)
        self._through = 0 if congested else self._through + 1
        if sum(self._recent) >= self.BURST_CALLS:
            self._change(max(self.LEAST, self.factor / 2), at)
        elif self.tripped and self._through >= self.PROBE_CALLS:
            self._change(min(1.0, self.factor * 2), at)

    def _change(self, factor: float, at: float) -> None:
        self.factor = factor
        self._recent.clear()
        self._through = 0
        self._changed_at = at
