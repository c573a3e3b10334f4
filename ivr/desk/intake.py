"""What somebody wants to become a service request, checked field by field. Pure."""

import re
import unicodedata
from dataclasses import dataclass, replace

from ivr.desk import departments, phone_numbers
from ivr.desk.home import parse as parse_home
from ivr.desk.owner import UNNAMED, Owner
from ivr.desk.request import RequestKind, Severity
from ivr.errors import UserError
from ivr.settings import Settings

TITLE_LENGTH = 60  # characters; it is spoken
NAME_LENGTH = 50
TEXT_LENGTH = 2000
ORIGIN_LENGTH = 128

TEXTS: dict[str, int] = {
    "title": TITLE_LENGTH,
    "detail": TEXT_LENGTH,
    "home": NAME_LENGTH,
    "contact": NAME_LENGTH,
    "phone": NAME_LENGTH,
    "department": NAME_LENGTH,
    "assignee": NAME_LENGTH,
    "keeper": NAME_LENGTH,
    "origin": ORIGIN_LENGTH,
}
"""The texts of a request and how long they may be, in characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A request as it is asked for. Texts may be empty, but for the title."""

    kind: RequestKind
    title: str
    severity: Severity = Severity.NORMAL
    detail: str = ""
    home: str = ""
    owner: str = ""
    contact: str = ""
    phone: str = ""
    department: str = ""
    assignee: str = ""
    keeper: str = ""
    call: str = ""
    promised_at: float | None = None
    origin: str = ""  # its id in the office's own system


WORDING = {
    "title": "标题",
    "detail": "内容",
    "home": "房屋",
    "contact": "联系人",
    "phone": "电话",
    "department": "部门",
    "assignee": "经办人",
    "keeper": "首问人",
    "origin": "外部编号",
    "kind": "类别",
    "severity": "程度",
    "promised_at": "承诺时间",
    "owner": "业主",
}


def checked(draft: Draft, settings: Settings, now: float) -> Draft:
    """`draft` with every field as it is kept. Raises UserError for what cannot stand."""
    changes = {name: checked_field(name, getattr(draft, name), settings) for name in TEXTS}
    check_severity(draft.kind, draft.severity)
    check_promise(draft.promised_at, now)
    return replace(draft, **changes)  # type: ignore[arg-type]  # texts, all of them


def checked_field(name: str, text: str, settings: Settings) -> str:
    """One text of a request as it is kept. Raises UserError naming the field."""
    text = _tidy(text, lines=name == "detail")
    longest = TEXTS[name]
    if name == "title" and not text:
        raise UserError("标题 is empty; say in a few words what is wanted")
    if len(text) > longest:
        raise UserError(f"{WORDING[name]} is {len(text)} characters long; {longest} at most")
    try:
        match name:
            case "home":
                return _home(text) if text else ""
            case "phone":
                return _phone(text, settings) if text else ""
            case "department":
                return departments.checked(settings, text)
            case _:
                return text
    except ValueError as error:
        raise UserError(f"{WORDING[name]}: {error}") from None


def checked_text(text: str, what: str = "说明") -> str:
    """A remark in the history. Raises UserError when it is too long."""
    text = _tidy(text, lines=True)
    if len(text) > TEXT_LENGTH:
        raise UserError(f"{what} is {len(text)} characters long; {TEXT_LENGTH} at most")
    return text


def check_severity(kind: RequestKind, severity: Severity) -> None:
    if severity is Severity.SEVERE and kind is not RequestKind.COMPLAINT:
        raise UserError("程度 重大 (severe) is of complaints; write 紧急 (urgent) or 一般 (normal)")


def check_promise(promised_at: float | None, now: float) -> None:
    if promised_at is not None and promised_at <= now:
        raise UserError("承诺时间 is in the past; promise a time that is still to come")


def for_owner(draft: Draft, owners: list[Owner], number: str) -> Draft:
    """`draft` with what the owners with this telephone number tell; what it says stays.

    A home is taken over only where there is no doubt which.
    """
    if not owners:
        return replace(draft, phone=draft.phone or number)
    owner = owners[0]
    homes = {home for each in owners for home in each.homes}
    name = owner.address if owner.address != UNNAMED else owner.name
    return replace(
        draft,
        owner=draft.owner or owner.id,
        home=draft.home or (str(homes.pop()) if len(homes) == 1 else ""),
        contact=draft.contact or name,
        phone=draft.phone or number,
    )


def _home(text: str) -> str:
    try:
        return str(parse_home(text))
    except ValueError:
        raise ValueError(f"{text!r} is none; write it like 3-1-1201 or 5-301") from None


def _phone(text: str, settings: Settings) -> str:
    """An extension stays; else a number as owners' are kept."""
    if settings.phone(text) is not None:
        return text
    return phone_numbers.parse(text, settings.owners.area_code)


def _tidy(text: str, *, lines: bool) -> str:
    """Without control characters and outer blanks; line breaks only where `lines`."""
    text = text.replace("\r\n", "\n")
    if not lines:
        text = re.sub(r"\s+", " ", text)
    return "".join(
        each for each in text if each == "\n" or unicodedata.category(each) not in ("Cc", "Cs")
    ).strip()
