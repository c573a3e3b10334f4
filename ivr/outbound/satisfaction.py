"""Satisfaction in figures: by department, kind and month, against the goal. Pure.

Every talk that judged the work on a request counts once, as it was said and as people
corrected it; a request that came back counts each time its owner was asked.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any, NamedTuple

from ivr.desk.request import KIND_WORDS, RequestKind

NO_DEPARTMENT = "未派部门"


class Rate(NamedTuple):
    """`satisfied` of `asked`."""

    name: str
    asked: int
    satisfied: int

    @property
    def share(self) -> float:
        return self.satisfied / self.asked if self.asked else 0.0


@dataclass(frozen=True, slots=True)
class Figures:
    """Departments and kinds are worst first, months in their order."""

    total: Rate
    departments: tuple[Rate, ...]
    kinds: tuple[Rate, ...]
    months: tuple[Rate, ...]
    goal: float

    @property
    def reached(self) -> bool:
        return self.total.share >= self.goal


Judged = Mapping[str, Any]
"""(ended_at, verdict, kind, department)"""


def figures(rows: Sequence[Judged], goal: float, zone: tzinfo) -> Figures:
    """Of the talks `rows`."""
    return Figures(
        total=_rate("全部", rows),
        departments=_worst_first(rows, lambda row: row["department"] or NO_DEPARTMENT),
        kinds=_worst_first(rows, lambda row: KIND_WORDS[RequestKind(row["kind"])]),
        months=tuple(
            sorted(_by(rows, lambda row: f"{datetime.fromtimestamp(row['ended_at'], zone):%Y-%m}"))
        ),
        goal=goal,
    )


def _by(rows: Iterable[Judged], name: Callable[[Judged], str]) -> list[Rate]:
    groups: dict[str, list[Judged]] = defaultdict(list)
    for row in rows:
        groups[name(row)].append(row)
    return [_rate(group, of) for group, of in groups.items()]


def _worst_first(rows: Iterable[Judged], name: Callable[[Judged], str]) -> tuple[Rate, ...]:
    return tuple(sorted(_by(rows, name), key=lambda rate: (rate.share, -rate.asked, rate.name)))


def _rate(name: str, rows: Sequence[Judged]) -> Rate:
    return Rate(name, len(rows), sum(row["verdict"] == "satisfied" for row in rows))


class Share(NamedTuple):
    """One answer to a question of a survey."""

    choice: str
    label: str
    answers: int


def by_step(rows: Iterable[Mapping[str, Any]]) -> dict[str, tuple[Share, ...]]:
    """Step that asked → its answers, most given first. `rows`: (step, choice, label, answers)."""
    found: dict[str, Counter[tuple[str, str]]] = {}
    for row in rows:
        counted = found.setdefault(row["step"], Counter())
        counted[row["choice"], row["label"]] += row["answers"]
    return {
        step: tuple(Share(*choice, count) for choice, count in counted.most_common())
        for step, counted in found.items()
    }


def month(of: datetime) -> tuple[float, float]:
    """The month in which `of` is: its beginning, and the next one's."""
    first = of.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return first.timestamp(), months_before(first, -1).timestamp()


def months_before(when: datetime, months: int) -> datetime:
    """The first of the month so many months before `when`'s, at the same time of day."""
    years, index = divmod(when.year * 12 + when.month - 1 - months, 12)
    return when.replace(year=years, month=index + 1, day=1)
