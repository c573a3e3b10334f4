"""An outage notice (停水/停电通知): what it says, to whom, in which words. Pure."""

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from typing import Any, Protocol

from ivr.errors import UserError
from ivr.outbound import spoken, spoken_english
from ivr.outbound.model import Urgency
from ivr.resources import folder

MOST_CHARACTERS = 500  # of cause and text together; nobody listens to more
_SPEAKABLE = re.compile(r"[A-Za-z0-9\u3007\u3400-\u4dbf\u4e00-\u9fff]")  # what the voices know


class NoticeError(UserError):
    """What is wrong with a notice, in the language of programs and in that of the office.

    `field` is the one to correct ("begin", "scope", …), or empty.
    """

    def __init__(self, field: str, english: str, chinese: str) -> None:
        super().__init__(english)
        self.field = field
        self.chinese = chinese


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


WRITTEN = frozenset({NoticeKind.PEST})
"""Told in writing as well, some time ahead, with a list to sign."""


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
    care: bool = False  # 特别关怀: spoken to slowly


class Place(StrEnum):
    """How exactly a message names the place: no finer than the scope does."""

    ALL = "all"
    BUILDING = "building"
    UNIT = "unit"
    HOME = "home"


def check(notice: Notice, now: datetime) -> None:
    """Raises NoticeError when the notice cannot be meant so."""
    begin, end = f"{notice.begin:%m-%d %H:%M}", f"{notice.end:%m-%d %H:%M}"
    if notice.end <= notice.begin:
        raise NoticeError(
            "end",
            f"The outage would end ({end}) before it begins ({begin}); correct one of them",
            f"结束时间（{end}）不在开始时间（{begin}）之后，请改正",
        )
    if notice.end <= now and notice.phase in (Phase.OUTAGE, Phase.CHANGED):
        raise NoticeError(
            "end",
            f"The outage was over at {end}; correct the end, or tell that it is restored",
            f"{end} 已经过去，请改正结束时间，或通知“已恢复”",
        )
    for field, given in (("cause", notice.cause), ("text", notice.text)):
        if strange := next((one for one in given if _unspeakable(one)), None):
            raise NoticeError(
                field,
                f"The voice cannot say {strange!r}; write it in Chinese or English",
                f"语音读不出“{strange}”，请用中文或英文",
            )
    if not _SPEAKABLE.search(notice.cause) and notice.phase is Phase.OUTAGE:
        raise NoticeError(
            "cause",
            "The cause is missing; owners want to know why, such as 供水管道抢修",
            "请写明原因，业主想知道为什么，如 供水管道抢修",
        )
    if notice.kind is NoticeKind.OTHER and not _SPEAKABLE.search(notice.text):
        raise NoticeError(
            "text", "A notice of another kind needs its text: what will be done", "请写明要做什么"
        )
    length = len(notice.cause) + len(notice.text)
    if length > MOST_CHARACTERS:
        raise NoticeError(
            "cause",
            f"Cause and text have {length} characters; nobody listens to more than "
            f"{MOST_CHARACTERS}: shorten them",
            f"原因和内容共 {length} 字，没有人会听超过 {MOST_CHARACTERS} 字，请缩短",
        )


def _unspeakable(character: str) -> bool:
    wide = unicodedata.normalize("NFKC", character)
    return any(one.isalnum() and not _SPEAKABLE.match(one) for one in wide)


def parts(
    notice: Notice,
    listener: Listener,
    place: Place,
    company: str,
    heard_at: datetime,
    *,
    person: bool = False,
) -> tuple[str, ...]:
    """What this listener hears at `heard_at`, in the pieces that are rendered one by one.

    Greeting, who calls, the body, the keys: each is the same for many homes. With
    `person` no keys are named: whoever stays on the line gets a person.
    """
    template = templates(listener.language)
    greeting = template["greeting"]
    daypart = _times(listener.language).greeting_daypart(heard_at)
    hello = greeting["hello"].format(daypart=daypart, company=company)
    known = greeting["known"].format(address=listener.address)
    return (
        known if listener.address else greeting["unknown"],
        hello,
        body(notice, listener, place, heard_at),
        template["keys"]["care" if person else "menu"],
    )


def body(notice: Notice, listener: Listener, place: Place, heard_at: datetime) -> str:
    """The sentence that says what, why, where and until when, heard at `heard_at`."""
    template = templates(listener.language)
    times = _times(listener.language)
    today = heard_at.date()
    kind = notice.kind.value
    key = notice.phase.value
    if notice.phase is Phase.OUTAGE and notice.begin <= heard_at:
        key = "outage-now"
    restore_after = notice.begin if key == "outage" else None
    return str(
        template["body"][key].format(
            cause=_cause(notice.cause.strip().rstrip("。，"), template),
            where=where(listener, place),
            span=times.span(notice.begin, notice.end, today),
            restore=times.moment(notice.end, today, after=restore_after),
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


class _Times(Protocol):
    """Dates and hours as a language says them: ivr.outbound.spoken and its twins."""

    def greeting_daypart(self, when: datetime, /) -> str: ...
    def moment(self, when: datetime, today: date, /, *, after: datetime | None = None) -> str: ...
    def span(self, begin: datetime, end: datetime, today: date, /) -> str: ...


def _times(language: str) -> _Times:
    return spoken_english if language == "en" else spoken


def _cause(cause: str, template: Mapping[str, Any]) -> str:
    """As it was typed, or as a template in another language translates it."""
    known: Mapping[str, str] | None = template.get("causes")
    if known is None or cause.isascii():
        return cause
    return known.get(cause, known["default"])


def common_causes() -> list[str]:
    """Causes that are said in every language."""
    return [cause for cause in templates("en")["causes"] if cause != "default"]


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
