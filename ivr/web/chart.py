"""Small charts as SVG: the shapes of stacked columns. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

GAP = 0.24  # of a column's width


class Column(NamedTuple):
    label: str
    values: tuple[float, ...]  # from the bottom up
    says: str  # for who points at it


class Bar(NamedTuple):
    x: float  # percent of the width
    width: float
    y: float  # pixels from the top
    height: float
    series: int


class Drawn(NamedTuple):
    bars: list[Bar]
    whole: list[tuple[float, float, str]]  # x, width and words of each column
    labels: list[tuple[float, str]]  # x of the middle
    most: float  # the highest column


def stacked(columns: Sequence[Column], *, height: float, labels: int) -> Drawn:
    """Columns side by side, `height` pixels high, about `labels` of them labelled."""
    most = max((sum(column.values) for column in columns), default=0) or 1
    step = 100 / max(1, len(columns))
    every = max(1, -(-len(columns) // labels))
    bars, whole, marks = [], [], []
    for index, column in enumerate(columns):
        x, width = step * (index + GAP / 2), step * (1 - GAP)
        y = height
        for series, value in enumerate(column.values):
            if value:
                part = value / most * height
                y -= part
                bars.append(Bar(round(x, 3), round(width, 3), round(y, 2), round(part, 2), series))
        whole.append((round(step * index, 3), round(step, 3), column.says))
        if index % every == 0:
            marks.append((round(step * (index + 0.5), 3), column.label))
    return Drawn(bars, whole, marks, most)
