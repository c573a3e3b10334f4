"""An outage notice (停水/停电通知): what it says, to whom, in which words. Pure."""

import tomllib
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any

from ivr.errors import UserError
from ivr.outbound import spoken
from ivr.outbound.model import Urgency
from ivr.resources import folder

MOST_CHARACTERS = 500  # of cause and text together; nobody listens to more


class NoticeKind(StrEnum):
    WATER = "water"
    POWER = "power"
    GAS = "gas"
    LIFT = "lift"
    PEST = "pest"  # in writing, a day before (RULES.md)
    OTHER = "other"


KIND_WORDS = {
    NoticeKind.WATER: "停水",
    NoticeKind.POWER: "停电",
    NoticeKind.GAS: "停气",
    NoticeKind.LIFT: "电梯检修",
    NoticeKind.PEST: "消杀",
    NoticeKind.OTHER: "其他",
}


class Phase(StrEnum):
    """What there is to say about an outage, one after the other."""

    OUTAGE = "outage"
    CHANGED = "changed"  # it lasts longer, or begins at another time
    CANCELLED = "cancelled"
    RESTORED = "restored"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """`begin` and `end` are aware times in the site's zone; `scope` is as a person wrote it."""

    id: str
    kind: NoticeKind
    scope: str
    cause: str
    begin: datetime
    end: datetime
    urgency: Urgency = Urgency.URGENT
    phase: Phase = Phase.OUTAGE
    text: str = ""  # what is done, for kind OTHER

    def changed(self, begin: datetime, end: datetime) -> "Notice":
        """The same outage at another time, still to be told."""
        return replace(self, begin=begin, end=end, phase=Phase.CHANGED)


@dataclass(frozen=True, slots=True)
class Listener:
    """Whom a message is for: how to address them, and what they call their home."""

    address: str  # 周先生; empty when unknown
    building: str
    unit: str = ""
    room: str = ""
    language: str = "zh-CN"


class Place(StrEnum):
    """How exactly a message names the place: no finer than the scope does."""

    ALL = "all"
    BUILDING = "building"
    UNIT = "unit"
    HOME = "home"


def check(notice: Notice, now: datetime) -> None:
    """Raises UserError when the notice cannot be meant so."""
    if notice.end <= notice.begin:
        raise UserError(
            f"The outage would end ({notice.end:%m-%d %H:%M}) before it begins "
            f"({notice.begin:%m-%d %H:%M}); correct --start or --end"
        )
    if notice.end <= now and notice.phase in (Phase.OUTAGE, Phase.CHANGED):
        raise UserError(
            f"The outage was over at {notice.end:%m-%d %H:%M}; correct --end, "
            "or tell that it is restored"
        )
    if not notice.cause.strip() and notice.phase is Phase.OUTAGE:
        raise UserError("The cause is missing; owners want to know why: --cause 供水管道抢修")
    if notice.kind is NoticeKind.OTHER and not notice.text.strip():
        raise UserError("A notice of another kind needs --text: what will be done")
    length = len(notice.cause) + len(notice.text)
    if length > MOST_CHARACTERS:
        raise UserError(
            f"Cause and text have {length} characters; nobody listens to more than "
            f"{MOST_CHARACTERS}: shorten them"
        )


def parts(
    notice: Notice, listener: Listener, place: Place, company: str, heard_at: datetime
) -> tuple[str, ...]:
    """What this listener hears at `heard_at`, in the pieces that are rendered one by one.

    Greeting, who calls, the body, the keys: each is the same for many homes.
    """
    template = templates(listener.language)
    greeting = template["greeting"]
    hello = greeting["hello"].format(daypart=spoken.greeting_daypart(heard_at), company=company)
    known = greeting["known"].format(address=listener.address)
    return (
        known if listener.address else greeting["unknown"],
        hello,
        body(notice, listener, place, heard_at),
        template["keys"]["menu"],
    )


def body(notice: Notice, listener: Listener, place: Place, heard_at: datetime) -> str:
    """The sentence that says what, why, where and until when, heard at `heard_at`."""
    template = templates(listener.language)
    today = heard_at.date()
    kind = notice.kind.value
    key = notice.phase.value
    if notice.phase is Phase.OUTAGE and notice.begin <= heard_at:
        key = "outage-now"
    restore_after = notice.begin if key == "outage" else None
    return str(
        template["body"][key].format(
            cause=notice.cause.strip().rstrip("。，"),
            where=where(listener, place),
            span=spoken.span(notice.begin, notice.end, today),
            restore=spoken.moment(notice.end, today, after=restore_after),
            what=template["what"][kind].format(text=notice.text.strip().rstrip("。")),
            back=template["back"][kind],
        )
    )


def where(listener: Listener, place: Place) -> str:
    """三号楼二单元, no finer than `place`."""
    words = templates(listener.language)["place"]
    key = place.value
    if place is Place.HOME and not listener.unit:
        key = "home-without-unit"
    elif place is Place.UNIT and not listener.unit:
        key = Place.BUILDING.value
    return str(
        words[key].format(building=listener.building, unit=listener.unit, room=listener.room)
    )


@cache
def templates(language: str) -> dict[str, Any]:
    """The templates of `language`; UserError when there are none."""
    path = folder("prompts") / "templates" / f"{language}.toml"
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"There are no notice templates for language {language!r}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: is no template file: {error}") from None
