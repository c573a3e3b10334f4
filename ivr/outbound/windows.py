"""Hours of the day in which people may, or may not, be phoned."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

_DAY = timedelta(days=1)
_SEARCH_DAYS = 3  # a day on which the clock is put forward may leave a short span out


@dataclass(frozen=True, slots=True)
class Window:
    """From `opens` until just before `closes`, in `zone`; may pass midnight.

    The same time twice is the whole day.
    """

    opens: time
    closes: time
    zone: ZoneInfo

    @classmethod
    def parse(cls, text: str, zone: ZoneInfo) -> "Window":
        """Of "08:00-21:00" ("00:00-24:00" is the whole day), as settings have checked it."""
        opens, closes = (
            time(int(part[:2]) % 24, int(part[3:])) for part in text.strip().split("-")
        )
        return cls(opens, closes, zone)

    def contains(self, at: float) -> bool:
        local = datetime.fromtimestamp(at, self.zone).time()
        if self.opens < self.closes:
            return self.opens <= local < self.closes
        return local >= self.opens or local < self.closes

    def next_open(self, at: float) -> float:
        """`at` if it is inside, else the next moment that is."""
        return at if self.contains(at) else self._next(self.opens, at, inside=True)

    def next_close(self, at: float) -> float:
        """`at` if it is outside, else the next moment that is; `at` of a whole day never is."""
        if not self.contains(at) or self.opens == self.closes:
            return at
        return self._next(self.closes, at, inside=False)

    def _next(self, mark: time, at: float, *, inside: bool) -> float:
        day = datetime.fromtimestamp(at, self.zone).date()
        for offset in range(_SEARCH_DAYS):
            moment = datetime.combine(day + offset * _DAY, mark, self.zone).timestamp()
            if moment > at and self.contains(moment) is inside:
                return moment
        raise AssertionError(f"{self} never comes")  # pragma: no cover


def next_midnight(at: float, zone: ZoneInfo) -> float:
    """When the local day after `at`'s begins."""
    day = datetime.fromtimestamp(at, zone).date() + _DAY
    return datetime.combine(day, time(), zone).timestamp()


def midnight(at: float, zone: ZoneInfo) -> float:
    """When the local day of `at` began."""
    return datetime.combine(datetime.fromtimestamp(at, zone).date(), time(), zone).timestamp()
