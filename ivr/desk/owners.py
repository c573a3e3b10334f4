"""The book of owners: importing it, looking up who lives where, who is told for a home."""

import asyncio
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import chain, repeat, zip_longest
from pathlib import Path
from typing import Any, NamedTuple

from ivr import ids
from ivr.calls import numbers
from ivr.desk import owner_sheet, phone_numbers
from ivr.desk.home import Home, natural, tidy
from ivr.desk.home import name as building_name
from ivr.desk.home import parse as parse_home
from ivr.desk.owner import UNNAMED, Care, Household, Owner
from ivr.desk.owner_sheet import Entry, Reading, Wrong
from ivr.desk.scope import Scope
from ivr.errors import UserError
from ivr.settings import Settings
from ivr.store.database import Database
from ivr.store.owners import OwnerRow, OwnerTable

REPEATS_KEPT = 200
SEARCHED = 3  # digits, at least, of a number that is searched for


class Difference(NamedTuple):
    heading: str  # as in the sheet
    before: str
    after: str


class Change(NamedTuple):
    before: Owner
    after: Owner

    def differences(self, show: Callable[[str], str]) -> Iterator[Difference]:
        """Field by field; `show` says how a telephone number is shown."""
        for name, heading in FIELDS.items():
            before, after = getattr(self.before, name), getattr(self.after, name)
            if before == after:
                continue
            if name == "phones":
                before, after = tuple(map(show, before)), tuple(map(show, after))
            yield Difference(heading, words(before), words(after))


@dataclass(frozen=True, slots=True)
class Plan:
    """What an import would do."""

    version: int  # of the book it was made for
    added: list[Owner] = field(default_factory=list)
    changed: list[Change] = field(default_factory=list)
    same: int = 0
    repeats: list[str] = field(default_factory=list)  # rows that say nothing new, the first
    repeated: int = 0
    wrong: list[Wrong] = field(default_factory=list)  # cells, the first
    wrong_rows: int = 0
    vacant: int = 0
    left_out: list[str] = field(default_factory=list)  # sheets without headings

    @property
    def writes(self) -> list[Owner]:
        return [*self.added, *(change.after for change in self.changed)]


FIELDS = {
    "name": "姓名",
    "title": "称谓",
    "phones": "电话",
    "homes": "房屋",
    "language": "语言",
    "care": "特别关怀",
    "do_not_call": "勿扰",
    "quiet": "勿扰时段",
    "note": "备注",
}


class Owners:
    """The owners of the site in `settings`, kept in the store."""

    def __init__(self, db: Database, settings: Settings) -> None:
        self._settings = settings
        self._table = OwnerTable(db, settings.site.id)

    async def plan(self, file: Path) -> Plan:
        """What importing `file` would do. Raises UserError when it cannot be read."""
        area_code = self._settings.owners.area_code
        reading = await asyncio.to_thread(owner_sheet.read, file, area_code)
        version = await self._table.version()
        stored = await asyncio.to_thread(_owners, await self._table.all())
        language = self._settings.site.language
        return await asyncio.to_thread(plan, reading, stored, version, language)

    async def put(self, plan: Plan) -> None:
        """Write a plan: all of it, or nothing.

        Raises UserError when the book was changed after the plan was made.
        """
        if plan.added or plan.changed:
            rows = await asyncio.to_thread(lambda: list(map(_row, plan.writes)))
            await self._table.put(rows, version=plan.version)

    async def change(self, owner: Owner, **changes: Any) -> Owner:
        """Replace fields of `owner`, as they were read. Raises UserError when it is gone."""
        version = await self._table.version()
        changed = replace(_owner(await self._table.get(owner.id)), **changes)
        await self._table.put([_row(changed)], version=version)
        return changed

    async def remove(self, owner: Owner) -> None:
        """Forget an owner, with all their numbers."""
        await self._table.remove(owner.id)

    async def all(self) -> list[Owner]:
        """By their first home, as people count."""
        owners = _owners(await self._table.all())
        return sorted(owners, key=lambda owner: [natural(home) for home in owner.homes[:1]])

    async def is_empty(self) -> bool:
        return not await self._table.buildings()

    async def buildings(self) -> list[str]:
        """Those with owners, as people count."""
        names = await self._table.buildings()
        return sorted(names, key=lambda name: natural(Home(name, "", "")))

    async def by_number(self, number: str) -> list[Owner]:
        """Owners with this number, however it is written: who is calling."""
        with suppress(ValueError):  # an extension, or a caller without a number
            number = phone_numbers.parse(number, self._settings.owners.area_code)
        key = numbers.key(number)
        return _owners(await self._table.of_number(key)) if key else []

    async def of_home(self, home: Home) -> list[Owner]:
        place = (home.building, home.unit, home.room)
        return _owners(await self._table.of_home(place))

    async def search(
        self,
        text: str = "",
        *,
        care: bool = False,
        do_not_call: bool = False,
        limit: int = 50,
        offset: int = 0,
    ) -> tuple[int, list[Owner]]:
        """How many have `text` in their name, number or home (3栋, 3-2, 3-2-1201), and those
        of one page, as people count homes. With `care` or `do_not_call` only such owners."""
        bare = text.strip().replace("%", "").replace("_", "")
        digits = re.sub(r"[\s-]", "", bare)
        total, rows = await self._table.search(
            name=f"%{bare}%" if bare else "",
            number=f"%{digits}%" if digits.isdecimal() and len(digits) >= SEARCHED else "",
            place=_place_pattern(bare) if bare else "",
            care=care,
            do_not_call=do_not_call,
            limit=limit,
            offset=offset,
        )
        return total, _owners(rows)

    async def get(self, owner: str) -> Owner:
        """By id. Raises UserError when there is none."""
        return _owner(await self._table.get(owner))

    async def find(self, text: str) -> list[Owner]:
        """By home (3-2-1201), telephone number, name, or the end of an id.

        Raises UserError when nobody is found.
        """
        try:
            found = await self.of_home(parse_home(text))
        except ValueError:
            found = []
        found = found or await self.by_number(text)
        return found or [_owner(await self._table.get(text))]

    async def household(self, home: Home) -> Household | None:
        """None when nobody is known there."""
        owners = await self.of_home(home)
        return household(home, owners) if owners else None

    async def households(self, scope: Scope) -> list[Household]:
        """The homes of `scope` that have owners, as people count.

        Raises UserError when a part of it names no known home: a wrong digit would
        leave people without a call, and nobody would notice.
        """
        buildings = filter(scope.in_building, await self._table.buildings())
        rows = await self._table.of_buildings(buildings)
        return await asyncio.to_thread(households, scope, map(_owner, rows))


def _place_pattern(text: str) -> str:
    """3栋 is every home of building 3; 3-2 and 3栋2单元1201 are as they are written."""
    if re.search("[栋幢楼座]$", text):
        return f"{building_name(text)}-%"
    try:
        return f"{parse_home(text)}%"
    except ValueError:
        return f"{tidy(text)}%"


def plan(reading: Reading, stored: Iterable[Owner], version: int, language: str) -> Plan:
    """What the rows of a file mean for the owners that are `stored`.

    One name with one telephone number is one owner, and so is one name in one home.
    An empty cell says nothing: what is stored stays. Homes are added, never taken
    away, since a file may hold one building only.
    """
    made = Plan(
        version,
        wrong=reading.wrong,
        wrong_rows=reading.wrong_rows,
        vacant=reading.vacant,
        left_out=reading.left_out,
    )
    drafts, repeats = _gathered(reading.entries)
    book = _Index(stored)
    known = [book.by_phone(draft) for draft in drafts]
    new: list[_Draft] = []
    for draft, owner in zip(drafts, known, strict=True):
        before = owner or book.by_home(draft)
        if before is None:
            new.append(draft)
        elif (after := _updated(before, draft)) != before:
            made.changed.append(Change(before, after))
    # Ids are read back in their order: it shall be the file's.
    made.added.extend(map(_new, sorted(ids.uuid7() for _ in new), new, repeat(language)))
    unchanged = len(drafts) - len(made.added) - len(made.changed)
    return replace(made, same=unchanged, repeats=repeats[:REPEATS_KEPT], repeated=len(repeats))


def household(home: Home, owners: Sequence[Owner]) -> Household:
    """Who is told for `home`, and how; `owners` is not empty.

    The best number of each owner comes before the second best of any.
    """
    callable_ = [owner for owner in owners if not owner.do_not_call]
    spared = {phone for owner in owners if owner.do_not_call for phone in owner.phones}
    lines = [
        [line for line in map(phone_numbers.dialled, owner.phones) if line and line not in spared]
        for owner in callable_
    ]
    in_turn = chain.from_iterable(zip_longest(*lines))
    reached = [owner for owner, own in zip(callable_, lines, strict=True) if own]
    addresses = {owner.address for owner in reached}
    quiet = (span for owner in callable_ for span in owner.quiet.split(",") if span)
    return Household(
        home=home,
        owners=tuple(owners),
        numbers=tuple(dict.fromkeys(number for number in in_turn if number)),
        do_not_call=not callable_,
        quiet=",".join(dict.fromkeys(quiet)),
        language=(callable_ or owners)[0].language,
        address=addresses.pop() if len(addresses) == 1 else UNNAMED,
    )


def households(scope: Scope, owners: Iterable[Owner]) -> list[Household]:
    """The homes of `scope` with their owners. Raises UserError as `Owners.households`."""
    buildings: dict[str, dict[Home, list[Owner]]] = {}
    for owner in owners:
        for home in owner.homes:
            buildings.setdefault(home.building, {}).setdefault(home, []).append(owner)
    missed = set(scope.parts)
    chosen: list[tuple[Home, list[Owner]]] = []
    for building, homes in buildings.items():
        parts = [part for part in scope.parts if part.of_building(building)]
        for home, living in homes.items():
            inside = [part for part in parts if home in part]
            missed.difference_update(inside)
            if inside:
                chosen.append((home, living))
    for part in scope.parts:
        if part in missed:
            raise UserError(
                f"scope: no owner of {part} is known; correct it, or import their owners first"
            )
    chosen.sort(key=lambda each: natural(each[0]))
    return [household(home, living) for home, living in chosen]


def words(value: str | bool | tuple[object, ...]) -> str:
    """A field as the sheet has it."""
    match value:
        case bool():
            return "是" if value else "否"
        case tuple():
            return "、".join(map(str, value))
        case _:
            return value


# --- one owner of many rows --------------------------------------------------


@dataclass(slots=True)
class _Draft:
    """What all rows of one owner say."""

    name: str
    phones: dict[str, None]
    homes: dict[Home, str]  # and where it stands
    entry: Entry  # the first one; of later ones, what it does not say


def _gathered(entries: Iterable[Entry]) -> tuple[list[_Draft], list[str]]:
    """The owners of a file, and sentences on rows that only repeat another."""
    drafts: list[_Draft] = []
    by_phone: dict[tuple[str, str], _Draft] = {}
    by_home: dict[tuple[str, Home], _Draft] = {}
    repeats: list[str] = []
    for entry in entries:
        main = (entry.name, entry.phones[0]) if entry.phones else None
        draft = by_phone.get(main) if main else None
        if draft is None and (entry.name or not main):
            draft = by_home.get((entry.name, entry.home))
        if draft is None:
            draft = _Draft(entry.name, {}, {}, entry)
            drafts.append(draft)
        elif entry.home in draft.homes and draft.phones.keys() >= set(entry.phones):
            first = draft.homes[entry.home]
            repeats.append(f"{entry.where}: {entry.home} {entry.name} is {first} again")
        if main:
            by_phone[main] = draft
        by_home[entry.name, entry.home] = draft
        draft.phones.update(dict.fromkeys(entry.phones))
        draft.homes.setdefault(entry.home, entry.where)
        draft.entry = _together(draft.entry, entry)
    return drafts, repeats


def _together(first: Entry, later: Entry) -> Entry:
    if first is later:
        return first
    care = None if first.care is later.care is None else (*(first.care or ()), *(later.care or ()))
    flags = [flag for flag in (first.do_not_call, later.do_not_call) if flag is not None]
    return replace(
        first,
        title=first.title or later.title,
        care=care if care is None else tuple(dict.fromkeys(care)),
        do_not_call=any(flags) if flags else None,
        quiet=first.quiet or later.quiet,
        language=first.language or later.language,
        note=first.note or later.note,
    )


class _Index:
    """The stored owners by what a row may know of them; each is found once."""

    def __init__(self, owners: Iterable[Owner]) -> None:
        self._by_phone: dict[tuple[str, str], Owner] = {}
        self._by_home: dict[tuple[str, Home], list[Owner]] = {}
        self._taken: set[str] = set()
        for owner in owners:
            for phone in owner.phones:
                self._by_phone.setdefault((owner.name, phone), owner)
            for home in owner.homes:
                self._by_home.setdefault((owner.name, home), []).append(owner)

    def by_phone(self, draft: _Draft) -> Owner | None:
        return self._take(self._by_phone.get((draft.name, phone)) for phone in draft.phones)

    def by_home(self, draft: _Draft) -> Owner | None:
        """Only where there is one such owner: nameless ones may share a home."""
        found = (self._by_home.get((draft.name, home), []) for home in draft.homes)
        return self._take(owners[0] for owners in found if len(owners) == 1)

    def _take(self, owners: Iterable[Owner | None]) -> Owner | None:
        for owner in owners:
            if owner is not None and owner.id not in self._taken:
                self._taken.add(owner.id)
                return owner
        return None


def _new(owner: str, draft: _Draft, language: str) -> Owner:
    said = draft.entry
    return Owner(
        id=owner,
        name=draft.name,
        title=said.title,
        phones=tuple(draft.phones),
        homes=tuple(draft.homes),
        language=said.language or language,
        care=said.care or (),
        do_not_call=bool(said.do_not_call),
        quiet=said.quiet,
        note=said.note,
    )


def _updated(owner: Owner, draft: _Draft) -> Owner:
    said = draft.entry
    return replace(
        owner,
        title=said.title or owner.title,
        phones=tuple(draft.phones) or owner.phones,
        homes=tuple(dict.fromkeys((*owner.homes, *draft.homes))),
        language=said.language or owner.language,
        care=owner.care if said.care is None else said.care,
        do_not_call=owner.do_not_call if said.do_not_call is None else said.do_not_call,
        quiet=said.quiet or owner.quiet,
        note=said.note or owner.note,
    )


def _owners(rows: Iterable[OwnerRow]) -> list[Owner]:
    return list(map(_owner, rows))


def _owner(row: OwnerRow) -> Owner:
    return Owner(
        id=row.id,
        name=row.name,
        title=row.title,
        phones=tuple(number for number, _ in row.phones),
        homes=tuple(Home(*place) for place in row.homes),
        language=row.language,
        care=tuple(map(Care, row.care)),
        do_not_call=row.do_not_call,
        quiet=row.quiet,
        note=row.note,
    )


def _row(owner: Owner) -> OwnerRow:
    return OwnerRow(
        id=owner.id,
        name=owner.name,
        title=owner.title,
        phones=tuple((phone, numbers.key(phone)) for phone in owner.phones),
        homes=tuple((home.building, home.unit, home.room) for home in owner.homes),
        language=owner.language,
        care=tuple(care.value for care in owner.care),
        do_not_call=owner.do_not_call,
        quiet=owner.quiet,
        note=owner.note,
    )
