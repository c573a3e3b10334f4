"""Who is asked about a request: how they are greeted, on which numbers, and when not."""

import tomllib
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from types import ModuleType
from typing import Any

from ivr.calls import numbers
from ivr.desk import phone_numbers
from ivr.desk.home import parse as parse_home
from ivr.desk.owner import TITLES, UNNAMED, Household, Owner
from ivr.desk.owners import Owners
from ivr.desk.request import Request
from ivr.errors import UserError
from ivr.outbound import spoken, spoken_english
from ivr.resources import folder
from ivr.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A household and whoever speaks for it."""

    household: str
    address: str  # 周先生; empty when unknown
    numbers: tuple[str, ...]  # digits to dial, best first
    quiet: str
    language: str
    do_not_call: bool = False
    care: bool = False  # a person rather than a menu


async def for_request(request: Request, owners: Owners, settings: Settings) -> Asked:
    """The person who asked for it, then the others of the home."""
    known = await owners.by_number(request.phone) if request.phone else []
    living = await _household(request.home, owners)
    if living is not None and not known:
        known = list(living.owners)
    owner = next((one for one in known if one.id == request.owner), None)
    if owner is None and len(known) == 1:
        owner = known[0]
    own = _dialled(request.phone, settings)
    others = living.numbers if living is not None else ()
    spared = owner is not None and owner.do_not_call
    return Asked(
        household=request.home or numbers.mask(own) or request.contact,
        address=_address(request.contact, owner, living),
        numbers=tuple(dict.fromkeys(number for number in (own, *others) if number)),
        quiet=owner.quiet if owner else living.quiet if living else "",
        language=owner.language if owner else living.language if living else settings.site.language,
        do_not_call=spared or (living is not None and living.do_not_call),
        care=bool(owner.care if owner else living.care if living else ()),
    )


def of_household(household: Household) -> Asked:
    return Asked(
        household=household.id,
        address="" if household.address == UNNAMED else household.address,
        numbers=household.numbers,
        quiet=household.quiet,
        language=household.language,
        do_not_call=household.do_not_call,
        care=bool(household.care),
    )


def greeting(address: str, at: datetime, language: str) -> str:
    """周先生，早上好; at `at` in the site's zone."""
    words = templates(language)["greeting"]
    text = words["known"] if address else words["unknown"]
    return str(text.format(address=address, daypart=says(language).greeting_daypart(at)))


def says(language: str) -> ModuleType:
    """Dates and hours as a language says them: ivr.outbound.spoken and its twin."""
    return spoken_english if language.startswith("en") else spoken


@cache
def templates(language: str) -> dict[str, Any]:
    """The words around a callback; UserError when the language has none."""
    path = folder("prompts") / "callbacks" / f"{language}.toml"
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"There are no words for callbacks in language {language!r}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: is no file of words: {error}") from None


async def _household(home: str, owners: Owners) -> Household | None:
    try:
        return await owners.household(parse_home(home)) if home else None
    except ValueError:
        return None


def _dialled(phone: str, settings: Settings) -> str:
    try:
        return phone_numbers.dialled(phone_numbers.parse(phone, settings.owners.area_code)) or ""
    except ValueError:
        return ""


def _address(contact: str, owner: Owner | None, living: Household | None) -> str:
    """As the request names them if that is how one speaks to people, else as the book does."""
    if len(contact) <= 5 and contact.endswith(TITLES) and contact not in TITLES:
        return contact
    found = owner.address if owner else living.address if living else UNNAMED
    return "" if found == UNNAMED else found
