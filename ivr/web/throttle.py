"""How often a wrong password may be tried. Pure: time is passed in."""

from collections import OrderedDict
from dataclasses import dataclass

MOST_KEYS = 20_000


@dataclass(slots=True)
class _Record:
    failures: int
    last: float


class Throttle:
    """Counts failures by key; after `free` of them each next one costs a longer wait.

    Waits double from `first_s` to `longest_s`, and all is forgotten `forget_s`
    after the last failure.
    """

    def __init__(
        self,
        free: int,
        *,
        first_s: float = 30.0,
        longest_s: float = 900.0,
        forget_s: float = 3600.0,
    ) -> None:
        self._free = free
        self._first_s = first_s
        self._longest_s = longest_s
        self._forget_s = forget_s
        self._records: OrderedDict[str, _Record] = OrderedDict()

    def wait_s(self, key: str, now: float) -> float:
        """Seconds until `key` may try again; 0: at once."""
        record = self._records.get(key)
        if record is None or record.failures < self._free:
            return 0.0
        # a clock that was set back must lock nobody out for longer
        since = max(0.0, now - record.last)
        if since > self._forget_s:
            return 0.0
        steps = min(record.failures - self._free, 16)
        wait = min(self._first_s * 2.0**steps, self._longest_s)
        return max(0.0, wait - since)

    def failed(self, key: str, now: float) -> None:
        record = self._records.pop(key, None)
        if record is None or now - record.last > self._forget_s:
            record = _Record(0, now)
        record.failures += 1
        record.last = now
        self._records[key] = record
        while len(self._records) > MOST_KEYS:
            self._records.popitem(last=False)

    def succeeded(self, key: str) -> None:
        """All is forgotten."""
        self._records.pop(key, None)

    def forgiven(self, key: str) -> None:
        """One failure was none after all."""
        record = self._records.get(key)
        if record is not None:
            record.failures -= 1
