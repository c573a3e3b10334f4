"""Homes (房屋) by building, unit and room, however people write them. Pure."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

PART_LENGTH = 16  # characters of a building's, unit's or room's name
MANY = 4_096  # spellings of names, of which a list has few and repeats them

_KIND = re.compile(r"(?:号楼|号栋|栋|幢|座|单元|号|楼)$")
_ROOM = re.compile(r"(?:号房|室|房|号)$")
_IN_WORDS = re.compile(
    r"(?:(?P<building>.+?)(?:号楼|号栋|栋|幢|座))?(?:(?P<unit>.+?)单元)?(?P<room>.+)"
)
_NUMERAL = re.compile(r"([一二三四五六七八九]?)(十?)([一二三四五六七八九]?)")
_DIGITS = "零一二三四五六七八九"


@dataclass(frozen=True, slots=True, order=True)
class Home:
    """A home by building, unit and room, as people write them: "3", "2", "1201".

    `unit` is empty where a building has none. No part holds a dash, so its text
    ("3-2-1201", "5-301") is the home's id, and `parse` reads it back.
    """

    building: str
    unit: str
    room: str

    def __str__(self) -> str:
        return "-".join(part for part in (self.building, self.unit, self.room) if part)


def home(building: str, unit: str, room: str) -> Home:
    """The home that three cells name: 三号楼, 2单元, １２０１室 is 3-2-1201.

    A room that says more (3-2-1201, 3栋2单元1201室) speaks for the parts that are
    empty. Raises ValueError with the heading and what is wrong.
    """
    building, unit = name(building), name(unit)
    above, room = _split(tidy(room))
    if len(above) == 1 and building and above != (building,):
        above = (building, *above)  # 2-1201 beside a building: its unit
    if above:
        stated = [part for part in (building, unit) if part]
        if any(part not in above for part in stated) or above[0] != (building or above[0]):
            raise ValueError(f"房号 {'-'.join((*above, room))!r} is not in {'-'.join(stated)}")
        building, unit = above[0], above[1] if len(above) > 1 else unit
    return Home(
        _checked("楼栋", building),
        _checked("单元", unit) if unit else "",
        _checked("房号", room),
    )


def parse(text: str) -> Home:
    """A home written in one piece: 3-2-1201, 5-301, 3栋2单元1201室.

    Raises ValueError when it is none.
    """
    return home("", "", text)


def natural(home: Home) -> tuple[list[tuple[int, str]], ...]:
    """A key that sorts homes as people count: building 2 before building 10."""
    return tuple(
        [(int(run), "") if run.isdecimal() else (-1, run) for run in re.findall(r"\d+|\D+", part)]
        for part in (home.building, home.unit, home.room)
    )


@lru_cache(MANY)
def tidy(text: str) -> str:
    """Half-width, without blanks, every dash the same."""
    return re.sub(r"\s+", "", re.sub("[‐‑‒–—―−]", "-", unicodedata.normalize("NFKC", text)))


@lru_cache(MANY)
def name(text: str) -> str:
    """A building or a unit: 三号楼, 3栋 and 03 are 3; a座 is A; 十二单元 is 12."""
    bare = _KIND.sub("", tidy(text).removeprefix("第"))
    numeral = _NUMERAL.fullmatch(bare)
    if bare and numeral:
        tens, ten, ones = (_DIGITS.find(part) if part else 0 for part in numeral.groups())
        return str((tens or 1) * 10 + ones if ten else tens or ones)
    return (bare.lstrip("0") or "0") if bare.isdecimal() else bare.upper()


@lru_cache(MANY)
def room_name(text: str) -> str:
    """1201室 is 1201; a leading zero stays, for it is written on the door."""
    return _ROOM.sub("", tidy(text)).upper()


@lru_cache(MANY)
def _split(room: str) -> tuple[tuple[str, ...], str]:
    """The names that stand before a room in its text, and the room."""
    words = _IN_WORDS.fullmatch(room)
    if words and (words["building"] or words["unit"]):
        above = [part for part in (words["building"], words["unit"]) if part]
        return tuple(map(name, above)), room_name(words["room"])
    *above, room = room.split("-")
    if len(above) > 2:
        raise ValueError(f"房号 {'-'.join((*above, room))!r}: write it like 3-2-1201")
    return tuple(map(name, above)), room_name(room)


@lru_cache(MANY)
def _checked(heading: str, part: str) -> str:
    if not part:
        raise ValueError(f"{heading} is empty")
    if len(part) > PART_LENGTH or not re.fullmatch(r"[^\W_]+", part):
        shown = part if len(part) <= PART_LENGTH else part[:PART_LENGTH] + "…"
        raise ValueError(f"{heading} {shown!r} is none; write it like 3, 2 or 1201")
    return part
