"""One call's story as a picture: shapes on lanes over an axis of time. Pure.

Lanes are who took part: the caller, the system where it answered, every telephone.
The axis has two scales, before and after the answer, or a wait of seconds would
vanish beside a talk of minutes. `x` and widths are percent, `y` is a lane's number.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from ivr.store.calls import CallRow, LegRow

LEFT, RIGHT = 1.5, 98.5  # percent, so that what happens at the ends is whole
WAIT_LEAST, WAIT_MOST = 0.3, 0.7  # of the width, when there was a talk as well
FORK_S = 0.5  # phones that ring so close to the first are no escalation
MOST_DOTS = 12  # of one leg; more are one line


class Axis(NamedTuple):
    """Piecewise linear: (time, percent), times rising."""

    points: tuple[tuple[float, float], ...]

    def at(self, when: float) -> float:
        """The percent of a time, no further than the ends."""
        (left, x), *rest = self.points
        if when <= left:
            return x
        for right, until in rest:
            if when <= right:
                return round(x + (until - x) * (when - left) / (right - left), 3)
            left, x = right, until
        return x


class Lane(NamedTuple):
    kind: str  # caller, system, phone
    name: str  # the extension of a phone


class Dot(NamedTuple):
    """One ring."""

    x: float
    y: int
    number: int
    late: bool  # beyond the rings that are promised
    at: float


class Bar(NamedTuple):
    """waiting, system, talk, ringing (rings too many for dots), held."""

    kind: str
    x: float
    width: float
    y: int
    since: float
    until: float


class Step(NamedTuple):
    """From one lane to another: fork (a phone joins a ringing call), answer, blind, attended."""

    kind: str
    x: float
    y: int
    to: int
    at: float
    outcome: str = ""


class Mark(NamedTuple):
    """A moment on the axis: start, answer, deadline, end."""

    kind: str
    x: float
    at: float


@dataclass(frozen=True, slots=True)
class Picture:
    axis: Axis
    lanes: tuple[Lane, ...]
    bars: tuple[Bar, ...]
    dots: tuple[Dot, ...]
    steps: tuple[Step, ...]
    marks: tuple[Mark, ...]
    ended_by: tuple[float, int] | None
    """Where the one who hung up first stands; None when nobody knows."""


def draw(row: CallRow, *, cadence_s: float, max_rings: int) -> Picture | None:
    """None for a call whose times nobody knows."""
    axis = _axis(row)
    if axis is None:
        return None
    lanes = _lanes(row)
    places = {(lane.kind, lane.name): number for number, lane in enumerate(lanes)}
    hand = _Hand(row, axis, places, cadence_s, max_rings)
    steps = tuple(hand.steps())
    return Picture(
        axis=axis,
        lanes=lanes,
        bars=tuple(hand.bars()),
        dots=tuple(hand.dots()),
        steps=steps,
        marks=tuple(hand.marks()),
        ended_by=hand.ended_by(),
    )


def _axis(row: CallRow) -> Axis | None:
    known = [
        at
        for at in (row.start_at, row.ring_at, row.system_answer_at, row.answer_at, row.end_at)
        if at is not None
    ]
    if not known or max(known) - min(known) < 0.001:
        return None
    start, end = min(known), max(known)
    answer = row.answer_at
    if answer is None or not start < answer < end:
        return Axis(((start, LEFT), (end, RIGHT)))
    share = min(WAIT_MOST, max(WAIT_LEAST, (answer - start) / (end - start)))
    return Axis(((start, LEFT), (answer, LEFT + (RIGHT - LEFT) * share), (end, RIGHT)))


def _lanes(row: CallRow) -> tuple[Lane, ...]:
    system = [Lane("system", "")] if row.system_answer_at is not None else []
    named = [leg.ext for leg in row.legs] + [each.to_ext for each in row.transfers]
    if row.direction != "inbound":  # the caller is one of us
        named = [ext for ext in named if ext != row.caller]
    phones = [Lane("phone", ext) for ext in dict.fromkeys(named)]
    return (Lane("caller", ""), *system, *phones)


@dataclass(frozen=True, slots=True)
class _Hand:
    row: CallRow
    axis: Axis
    places: dict[tuple[str, str], int]
    cadence_s: float
    max_rings: int

    def place(self, ext: str) -> int:
        return self.places.get(("phone", ext), 0)

    def bar(self, kind: str, since: float, until: float, place: int) -> Bar:
        x = self.axis.at(since)
        return Bar(kind, x, round(max(0.2, self.axis.at(until) - x), 3), place, since, until)

    def end(self) -> float:
        return self.axis.points[-1][0]

    def bars(self) -> Iterator[Bar]:
        row, start, end = self.row, self.axis.points[0][0], self.end()
        answered = end if row.answer_at is None else row.answer_at
        yield self.bar("waiting", start, answered, 0)
        if row.answer_at is not None:
            yield self.bar("talk", row.answer_at, end, 0)
        if row.system_answer_at is not None:
            yield self.bar("system", row.system_answer_at, max(answered, row.system_answer_at), 1)
        for leg in row.legs:
            if leg.answer_at is not None:
                yield self.bar("talk", leg.answer_at, leg.end_at or end, self.place(leg.ext))
            if leg.ring_at is not None and len(self._rings(leg)) > MOST_DOTS:
                quiet = leg.answer_at or leg.end_at or end
                yield self.bar("ringing", leg.ring_at, quiet, self.place(leg.ext))
        for hold in row.holds:
            if hold.begin_at is not None:
                until = end if hold.end_at is None else hold.end_at
                for place in sorted({0, *self._talking(hold.begin_at)}):
                    yield self.bar("held", hold.begin_at, until, place)

    def dots(self) -> Iterator[Dot]:
        row, promised = self.row, self.max_rings * self.cadence_s
        for leg in self.row.legs:
            times = self._rings(leg)
            if len(times) > MOST_DOTS:
                continue
            for number, at in enumerate(times, 1):
                waiting = row.answer_at is None or at < row.answer_at
                since = at if row.ring_at is None else row.ring_at
                late = waiting and at - since >= promised - 0.05
                yield Dot(self.axis.at(at), self.place(leg.ext), number, late, at)

    def steps(self) -> Iterator[Step]:
        row = self.row
        first = min((leg for leg in row.legs if leg.ring_at is not None), key=_rang, default=None)
        for leg in row.legs:
            if first is None or leg.ring_at is None:
                continue
            waiting = row.answer_at is None or leg.ring_at < row.answer_at
            if waiting and leg.ring_at - _rang(first) > FORK_S:
                begins, ends = self.place(first.ext), self.place(leg.ext)
                if begins != ends:
                    yield Step("fork", self.axis.at(leg.ring_at), begins, ends, leg.ring_at)
        for leg in row.legs:
            # While the caller is held, it is a colleague who is answered.
            if leg.answer_at is not None and not self._held(leg.answer_at):
                x = self.axis.at(leg.answer_at)
                yield Step("answer", x, self.place(leg.ext), 0, leg.answer_at)
        for each in row.transfers:
            if each.begin_at is not None:
                x = self.axis.at(each.begin_at)
                begins, ends = self.place(each.by_ext), self.place(each.to_ext)
                yield Step(each.kind, x, begins, ends, each.begin_at, each.outcome)

    def marks(self) -> Iterator[Mark]:
        row = self.row
        yield Mark("start", self.axis.at(self.axis.points[0][0]), self.axis.points[0][0])
        if row.answer_at is not None:
            yield Mark("answer", self.axis.at(row.answer_at), row.answer_at)
        if row.breach and row.ring_at is not None:
            due = row.ring_at + self.max_rings * self.cadence_s
            if due <= self.end():
                yield Mark("deadline", self.axis.at(due), due)
        yield Mark("end", self.axis.at(self.end()), self.end())

    def ended_by(self) -> tuple[float, int] | None:
        x = self.axis.at(self.end())
        match self.row.hangup_by:
            case "caller":
                return x, 0
            case "system":
                return x, self.places.get(("system", ""), 0)
            case "callee":
                talking = self._talking(self.end() - 0.05)
                return x, talking[-1] if talking else self.place(self.row.answered_ext)
        return None

    def _rings(self, leg: LegRow) -> list[float]:
        if leg.ring_at is None:
            return []
        quiet = leg.answer_at if leg.answer_at is not None else leg.end_at
        quiet = self.end() if quiet is None else quiet
        count = max(1, int((quiet - leg.ring_at) / self.cadence_s - 1e-6) + 1)
        return [leg.ring_at + number * self.cadence_s for number in range(count)]

    def _held(self, at: float) -> bool:
        return any(
            hold.begin_at is not None
            and hold.begin_at < at
            and (hold.end_at is None or at < hold.end_at)
            for hold in self.row.holds
        )

    def _talking(self, at: float) -> list[int]:
        return [
            self.place(leg.ext)
            for leg in self.row.legs
            if leg.answer_at is not None
            and leg.answer_at <= at + 0.05
            and (leg.end_at is None or at <= leg.end_at + 0.1)
        ]


def _rang(leg: LegRow) -> float:
    return leg.ring_at or 0.0
