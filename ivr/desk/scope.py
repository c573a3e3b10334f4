"""Which homes something is about, as people say it: 3栋, 1-5栋, 3栋2单元, 3-2-1201. Pure."""

import re
import unicodedata
from dataclasses import dataclass, replace

from ivr.desk.home import Home, name, room_name
from ivr.errors import UserError

EVERYTHING = ("全部", "全小区", "所有", "all")
LENGTH = 2_000  # characters
HOW = "write it like 3栋, 1-5栋, 3栋2单元, 3栋1201室, 3-2-1201 or 全部, with commas between"

_NAME = r"[^\W_栋幢座室房单元号楼]{1,16}"
_RANGE = rf"{_NAME}(?:-{_NAME})?"
_PLACE = re.compile(
    rf"(?:(?P<building>{_RANGE})(?:号楼|号院|号栋|栋|幢|座|号))?"
    rf"(?:(?P<unit>{_RANGE})单元)?"
    rf"(?:(?P<room>{_RANGE})(?P<is_room>号房|室|房|号)?)?"
)
_LISTED = re.compile(rf"(?<=[栋幢座楼号元])({_RANGE}(?:,{_RANGE})+)(单元|室|房)")
_DASHED = re.compile(rf"{_NAME}(?:-{_NAME}){{0,2}}")


@dataclass(frozen=True, slots=True)
class Span:
    """One name, or all from the first to the last: 3, 1-5, A-C."""

    first: str
    last: str

    def __contains__(self, name: str) -> bool:
        if self.first == self.last:
            return name == self.first
        if self.first.isdecimal():
            return name.isdecimal() and int(self.first) <= int(name) <= int(self.last)
        return len(name) == 1 and self.first <= name <= self.last

    def __str__(self) -> str:
        return self.first if self.first == self.last else f"{self.first}-{self.last}"


@dataclass(frozen=True, slots=True)
class Part:
    """Homes whose building, unit and room are in these; None is any."""

    building: Span | None = None
    unit: Span | None = None
    room: Span | None = None
    either: Span | None = None  # 3-2: the unit, or in a building without units the room

    def __contains__(self, home: Home) -> bool:
        return (
            (self.building is None or home.building in self.building)
            and (self.unit is None or home.unit in self.unit)
            and (self.room is None or home.room in self.room)
            and (self.either is None or (home.unit or home.room) in self.either)
        )

    def of_building(self, building: str) -> bool:
        """Whether a home of `building` may be in it."""
        return self.building is None or building in self.building

    def __str__(self) -> str:
        if self.building is None:
            return EVERYTHING[0]
        if self.either is not None:
            return f"{self.building}-{self.either}"
        unit = "" if self.unit is None else f"{self.unit}单元"
        room = "" if self.room is None else f"{self.room}室"
        return f"{self.building}栋{unit}{room}"


@dataclass(frozen=True, slots=True)
class Scope:
    """Any mix of buildings, units and rooms; `parse` reads its text back."""

    parts: tuple[Part, ...]

    def __contains__(self, home: Home) -> bool:
        return any(home in part for part in self.parts)

    def __str__(self) -> str:
        return "、".join(map(str, self.parts))

    def in_building(self, building: str) -> bool:
        """Whether a home of `building` may be in it."""
        return any(part.of_building(building) for part in self.parts)


def parse(text: str) -> Scope:
    """The scope that `text` names.

    3栋1、2单元 are two units of building 3; what follows a unit or a room by its
    kind alone (2单元, 1202室) is beside it. Raises UserError naming what is not
    understood.
    """
    if len(text) > LENGTH:
        raise UserError(f"scope: is longer than {LENGTH} characters; name whole buildings")
    parts: list[Part] = []
    for item in _items(text):
        part = _part(item, parts[-1] if parts else None)
        if part not in parts:
            parts.append(part)
    if not parts:
        raise UserError(f"scope: is empty; {HOW}")
    return Scope(tuple(parts))


def _items(text: str) -> list[str]:
    tidy = re.sub("[‐‑‒–—―−~至到]+", "-", unicodedata.normalize("NFKC", text).strip())
    tidy = re.sub(r"\s*-\s*", "-", tidy)
    tidy = re.sub(r"(?<=[栋幢座楼号元])\s+(?=[^\s,、;]+(?:单元|室|房))", "", tidy)
    tidy = re.sub(r"[\s,、;和及与+]+", ",", tidy)
    spelt = _LISTED.sub(lambda found: ",".join(one + found[2] for one in found[1].split(",")), tidy)
    return [item for item in spelt.split(",") if item]


def _part(item: str, before: Part | None) -> Part:
    if item.lower() in EVERYTHING:
        return Part()
    if _DASHED.fullmatch(item):
        return _dashed(item, before)
    place = _PLACE.fullmatch(item)
    if place is None:
        raise UserError(f"scope: {item!r} is not understood; {HOW}")
    building, unit, room = (
        None if place[kind] is None else _span(place[kind], item, rooms=kind == "room")
        for kind in ("building", "unit", "room")
    )
    if building is not None:
        return Part(building, unit, room)
    if unit is not None and before is not None and before.unit is not None:
        return replace(before, unit=unit, room=room)
    if unit is None and before is not None and before.room is not None:
        return replace(before, room=room)
    raise UserError(f"scope: {item!r} names no building; write it like 3栋{item}")


def _dashed(item: str, before: Part | None) -> Part:
    match item.split("-"):
        case [building]:
            if before is not None and (before.unit or before.room or before.either):
                raise UserError(
                    f"scope: {item!r} may be a building or a room; write {item}栋 or {item}室"
                )
            return Part(_one(name(building)))
        case [building, either]:
            return Part(_one(name(building)), either=_one(name(either)))
        case [building, unit, room]:
            return Part(_one(name(building)), _one(name(unit)), _one(room_name(room)))
    raise AssertionError(item)


def _one(text: str) -> Span:
    return Span(text, text)


def _span(text: str, item: str, *, rooms: bool) -> Span:
    first, dash, last = text.partition("-")
    tidy = room_name if rooms else name
    span = Span(tidy(first), tidy(last if dash else first))
    numbers = span.first.isdecimal() and span.last.isdecimal()
    letters = len(span.first) == len(span.last) == 1 and (span.first + span.last).isalpha()
    if not dash or (numbers and int(span.first) <= int(span.last)):
        return span
    if letters and span.first <= span.last:
        return span
    raise UserError(f"scope: {item!r} does not go from a smaller to a larger one; {HOW}")
