"""同类问题: one trouble that several homes report in their own words. Pure.

What many report gets one answer for all (服务管理制度: a written answer on the board
within a week), so the same trouble must be seen before it is handled ten times.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from ivr.desk.request import Request, RequestKind

WINDOW_S = 14 * 86_400.0
LEAST = 3  # requests of different homes
ALIKE = 0.34  # share of the pairs of signs that two titles have in common

_WORDLESS = re.compile(r"[\W\d_]+|[的了呢啊吗吧我们请问一下有没没有已经坏不]")


@dataclass(frozen=True, slots=True)
class Group:
    kind: RequestKind
    building: str  # where all of them are, or "" when they are of several
    title: str  # of the newest
    requests: tuple[Request, ...]  # newest first

    @property
    def homes(self) -> int:
        return len({request.home or request.id for request in self.requests})


def groups(requests: Iterable[Request], now: float) -> list[Group]:
    """The same trouble of at least `LEAST` homes within the window before `now`.

    Two requests are alike when they are of one kind and their titles share words; in one
    building fewer words will do. Largest group first.
    """
    recent = [each for each in requests if now - each.created_at <= WINDOW_S]
    found: list[Group] = []
    for kind in RequestKind:
        of_kind = sorted(
            (each for each in recent if each.kind is kind), key=lambda each: -each.created_at
        )
        for cluster in _clusters(of_kind):
            buildings = {_building(each) for each in cluster}
            group = Group(
                kind,
                buildings.pop() if len(buildings) == 1 else "",
                cluster[0].title,
                tuple(cluster),
            )
            if group.homes >= LEAST:
                found.append(group)
    return sorted(found, key=lambda group: (-group.homes, -group.requests[0].created_at))


def _clusters(requests: Sequence[Request]) -> list[list[Request]]:
    """Each joins those that are like it, and so brings them together."""
    clusters: list[list[Request]] = []
    by_pair: defaultdict[str, set[int]] = defaultdict(set)
    for each in requests:
        pairs = _pairs(each.title)
        near = sorted({number for pair in pairs for number in by_pair[pair]})
        mine = [number for number in near if any(_alike(each, other) for other in clusters[number])]
        home = mine[0] if mine else len(clusters)
        if not mine:
            clusters.append([])
        for number in mine[1:]:
            clusters[home] += clusters[number]
            for members in by_pair.values():
                if number in members:
                    members.discard(number)
                    members.add(home)
            clusters[number] = []
        clusters[home].append(each)
        for pair in pairs:
            by_pair[pair].add(home)
    return [sorted(cluster, key=lambda each: -each.created_at) for cluster in clusters if cluster]


def _alike(one: Request, other: Request) -> bool:
    mine, theirs = _pairs(one.title), _pairs(other.title)
    if not mine or not theirs:
        return False
    shared = len(mine & theirs) / min(len(mine), len(theirs))
    building = _building(one)
    return shared >= (ALIKE / 2 if building and building == _building(other) else ALIKE)


@lru_cache(maxsize=4096)
def _pairs(title: str) -> frozenset[str]:
    """Every two signs in a row of what a title says, without small words and figures."""
    words = [word for word in _WORDLESS.split(title.lower()) if word]
    return frozenset(
        word[place : place + 2] for word in words for place in range(max(1, len(word) - 1))
    )


def _building(request: Request) -> str:
    return request.home.partition("-")[0]
