"""Where the boxes of a flow go: layers from top to bottom, few crossings. Pure.

The usual way (Sugiyama): layers by the longest way from the start, long arrows bent at the
layers they pass, an order within each layer by the middle of the neighbours.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

_SWEEPS = 12


@dataclass(frozen=True, slots=True)
class Place:
    """The middle of a box, and its layer."""

    x: float
    layer: int


@dataclass(frozen=True, slots=True)
class Layout:
    places: Mapping[str, Place]
    bends: Mapping[tuple[str, str], tuple[Place, ...]]  # of arrows that pass layers
    back: frozenset[tuple[str, str]]  # arrows that lead up again


def layout(
    nodes: Sequence[str], arrows: Iterable[tuple[str, str]], width: float, gap: float
) -> Layout:
    """`nodes` in the order they are written; `width` of a box, `gap` between two."""
    ahead: dict[str, list[str]] = {name: [] for name in nodes}
    for start, end in dict.fromkeys(arrows):
        ahead[start].append(end)
    back = _back(nodes, ahead)
    layers = _layers(nodes, ahead, back)
    rows: list[list[str]] = [[] for _ in range(max(layers.values()) + 1)]
    for name in nodes:
        rows[layers[name]].append(name)
    links: list[tuple[str, str]] = []
    bends: dict[tuple[str, str], list[str]] = {}
    for start in nodes:
        for end in ahead[start]:
            if (start, end) in back:
                continue
            passed = [f"{start}\0{end}\0{layer}" for layer in range(layers[start] + 1, layers[end])]
            for layer, bend in enumerate(passed, layers[start] + 1):
                rows[layer].append(bend)
            chain = [start, *passed, end]
            links += pairwise(chain)
            bends[start, end] = passed
    widths = {one: (gap if "\0" in one else width) for row in rows for one in row}
    _order(rows, links)
    xs = _across(rows, links, widths, gap)
    places = {one: Place(xs[one], number) for number, row in enumerate(rows) for one in row}
    return Layout(
        {name: places[name] for name in nodes},
        {arrow: tuple(places[one] for one in passed) for arrow, passed in bends.items()},
        back,
    )


def _back(nodes: Sequence[str], ahead: Mapping[str, list[str]]) -> frozenset[tuple[str, str]]:
    """The arrows that close a circle, found depth first."""
    found: set[tuple[str, str]] = set()
    done: set[str] = set()
    for first in nodes:
        path: list[tuple[str, int]] = [] if first in done else [(first, 0)]
        open_: set[str] = {first}
        while path:
            name, at = path.pop()
            if at == len(ahead[name]):
                done.add(name)
                open_.discard(name)
                continue
            path.append((name, at + 1))
            end = ahead[name][at]
            if end in open_:
                found.add((name, end))
            elif end not in done:
                open_.add(end)
                path.append((end, 0))
    return frozenset(found)


def _layers(
    nodes: Sequence[str], ahead: Mapping[str, list[str]], back: frozenset[tuple[str, str]]
) -> dict[str, int]:
    """The longest way from a start; without the arrows back there is no circle."""
    layers = dict.fromkeys(nodes, 0)
    for _ in nodes:
        for start in nodes:
            for end in ahead[start]:
                if (start, end) not in back:
                    layers[end] = max(layers[end], layers[start] + 1)
    return layers


def _order(rows: list[list[str]], links: list[tuple[str, str]]) -> None:
    up, down = _neighbours(links)
    for sweep in range(_SWEEPS):
        downwards = sweep % 2 == 0
        sides = up if downwards else down
        for row in rows[1:] if downwards else rows[-2::-1]:
            at = {one: number for each in rows for number, one in enumerate(each)}
            places = {
                one: sum(at[side] for side in sides[one]) / len(sides[one])
                if sides.get(one)
                else float(at[one])
                for one in row
            }
            row.sort(key=places.__getitem__)


def _across(
    rows: list[list[str]],
    links: list[tuple[str, str]],
    widths: Mapping[str, float],
    gap: float,
) -> dict[str, float]:
    """Each over or under the middle of its neighbours, as far as there is room."""
    up, down = _neighbours(links)
    xs: dict[str, float] = {}
    for row in rows:
        at = 0.0
        for one in row:
            xs[one] = at + widths[one] / 2
            at += widths[one] + gap
        for one in row:
            xs[one] -= at / 2
    for sweep in range(_SWEEPS):
        sides = up if sweep % 2 == 0 else down
        for row in rows if sweep % 2 == 0 else rows[::-1]:
            wanted = [
                sum(xs[side] for side in sides[one]) / len(sides[one])
                if sides.get(one)
                else xs[one]
                for one in row
            ]
            placed: list[float] = []
            for number, one in enumerate(row):
                least = wanted[number]
                if number:
                    room = (widths[row[number - 1]] + widths[one]) / 2 + gap
                    least = max(least, placed[-1] + room)
                placed.append(least)
            shift = sum(w - p for w, p in zip(wanted, placed, strict=True)) / len(row)
            for one, place in zip(row, placed, strict=True):
                xs[one] = place + shift
    return xs


def _neighbours(
    links: list[tuple[str, str]],
) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    up: dict[str, list[str]] = {}
    down: dict[str, list[str]] = {}
    for start, end in links:
        down.setdefault(start, []).append(end)
        up.setdefault(end, []).append(start)
    return up, down
