"""Which ladder answers a line, now and over the next days. Pure."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta, tzinfo
from itertools import pairwise
from typing import NamedTuple

from ivr.desk.calendar import DayKindOf, day_kind, matches
from ivr.settings import Ladder, Line

DAY = timedelta(days=1)


class Segment(NamedTuple):
    """`ladder` answers until `until` (seconds since the epoch); then the next segment's."""

    until: float
    ladder: Ladder


def ladder_at(line: Line, when: datetime, day_kind_of: DayKindOf = day_kind) -> Ladder:
    """The first ladder of `line` that holds at `when`, an aware time in the site's zone.

    A span that passes midnight belongs to the day it began on. A line is never
    without phones: where no ladder holds, its last one answers (`gaps` finds that).
    """
    return _holding(line, when, day_kind_of) or line.ladders[-1]


def schedule(
    line: Line, start: datetime, days: int = 7, day_kind_of: DayKindOf = day_kind
) -> list[Segment]:
    """Ladders of `line` from `start` over the next `days` days, without a gap."""
    segments: list[Segment] = []
    for begin, until in _pieces(line, start, days, day_kind_of):
        ladder = ladder_at(line, datetime.fromtimestamp(begin, start.tzinfo), day_kind_of)
        extend(segments, Segment(until, ladder))
    return segments


def gaps(
    line: Line, start: datetime, days: int = 7, day_kind_of: DayKindOf = day_kind
) -> list[tuple[float, float]]:
    """(from, until) where no ladder of `line` was written for the hour."""
    found: list[tuple[float, float]] = []
    for begin, until in _pieces(line, start, days, day_kind_of):
        if _holding(line, datetime.fromtimestamp(begin, start.tzinfo), day_kind_of) is None:
            if found and found[-1][1] == begin:
                begin, _ = found.pop()
            found.append((begin, until))
    return found


def extend(segments: list[Segment], segment: Segment) -> None:
    """Append, joining with a last segment that has the same ladder."""
    if segments and segments[-1].ladder == segment.ladder:
        segments.pop()
    segments.append(segment)


def _holding(line: Line, when: datetime, day_kind_of: DayKindOf) -> Ladder | None:
    at = when.timestamp()
    today = when.date()
    for ladder in line.ladders:
        for day in (today, today - DAY):
            begin, end = _span(ladder, day, when.tzinfo)
            if begin <= at < end and matches(ladder.days, day_kind_of(day)):
                return ladder
    return None


def _span(ladder: Ladder, day: date, zone: tzinfo | None) -> tuple[float, float]:
    """When the ladder's hours of `day` begin and end; from and to the same hour is 24 hours."""
    first, last = ladder.hours.split("-")
    begin = datetime.combine(day, time.fromisoformat(first), zone)
    end_day = day + DAY if last == "24:00" or last <= first else day
    end = datetime.combine(end_day, time() if last == "24:00" else time.fromisoformat(last), zone)
    return begin.timestamp(), end.timestamp()


def _pieces(
    line: Line, start: datetime, days: int, day_kind_of: DayKindOf
) -> Iterable[tuple[float, float]]:
    """(from, until) between moments at which the ladder may change."""
    first, last = start.timestamp(), start.timestamp() + days * DAY.total_seconds()
    edges = {
        edge
        for offset in range(-1, days + 2)
        for ladder in line.ladders
        for edge in _span(ladder, start.date() + offset * DAY, start.tzinfo)
        if first < edge < last
    }
    times = [first, *sorted(edges), last]
    return pairwise(times)
