"""Sums of calls by hour and day of the site's clock. Pure."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import TypeVar

from ivr.store.reports import Slot

K = TypeVar("K")


@dataclass(slots=True)
class Sum:
    """Of calls from outside; `outbound` and `talk_s` are of all."""

    calls: int = 0
    answered: int = 0
    in_time: int = 0
    abandoned: int = 0
    system_answered: int = 0
    breaches: int = 0
    outbound: int = 0
    wait_s: float = 0.0
    talk_s: float = 0.0

    def add(self, slot: Slot) -> None:
        self.calls += slot.calls
        self.answered += slot.answered
        self.in_time += slot.in_time
        self.abandoned += slot.abandoned
        self.system_answered += slot.system_answered
        self.breaches += slot.breaches
        self.outbound += slot.outbound
        self.wait_s += slot.wait_s
        self.talk_s += slot.talk_s

    @property
    def service_level(self) -> float | None:
        """三响内接起率: picked up by a person within the rings; None without calls."""
        return self.in_time / self.calls if self.calls else None

    @property
    def mean_wait_s(self) -> float | None:
        return self.wait_s / self.calls if self.calls else None

    @property
    def others(self) -> int:
        """Neither picked up in time nor over the deadline: given up early, busy, failed."""
        return max(0, self.calls - self.in_time - self.breaches)


def total(slots: Iterable[Slot]) -> Sum:
    whole = Sum()
    for slot in slots:
        whole.add(slot)
    return whole


def by_hour(slots: Iterable[Slot], zone: tzinfo) -> dict[int, Sum]:
    """All 24 hours of the day."""
    hours: dict[int, Sum] = {hour: Sum() for hour in range(24)}
    return _sorted(slots, hours, lambda at: datetime.fromtimestamp(at, zone).hour)


def by_day(slots: Iterable[Slot], zone: tzinfo, since: float, until: float) -> dict[date, Sum]:
    """All days of [since, until), with and without calls."""
    days: dict[date, Sum] = {}
    day = datetime.fromtimestamp(since, zone).date()
    last = datetime.fromtimestamp(until - 1, zone).date()
    while day <= last:
        days[day] = Sum()
        day += timedelta(days=1)
    return _sorted(slots, days, lambda at: datetime.fromtimestamp(at, zone).date())


def _sorted(slots: Iterable[Slot], sums: dict[K, Sum], key: Callable[[float], K]) -> dict[K, Sum]:
    for slot in slots:
        sums.setdefault(key(slot.at), Sum()).add(slot)
    return sums
