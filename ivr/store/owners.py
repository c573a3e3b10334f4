"""Rows of owners (业主) with their telephone numbers and homes (房屋)."""

import asyncio
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ivr.errors import UserError
from ivr.store.calls import naming, only
from ivr.store.database import Database, Row, load_queries
from ivr.store.marks import Marks

SQL = load_queries("owners")
VERSION = "owners.version"
MANY = 5_000  # owners; more are read by one pass over the tables

Place = tuple[str, str, str]
"""Building, unit and room."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerRow:
    id: str
    name: str
    title: str
    phones: tuple[tuple[str, str], ...]  # (number, its key as ivr.calls.numbers has it)
    homes: tuple[Place, ...]
    language: str
    care: tuple[str, ...]
    do_not_call: bool
    quiet: str
    note: str


class OwnerTable:
    """The owners of one site. What may stand in them is decided in ivr.desk.owners."""

    def __init__(self, db: Database, site: str) -> None:
        self._db = db
        self._site = site
        self._marks = Marks(db, site)

    async def version(self) -> int:
        """Goes up with every change, by whichever process."""
        return int(await self._marks.get(VERSION) or 0)

    async def put(self, rows: Sequence[OwnerRow], *, version: int) -> None:
        """All of `rows` or none; one with a known id is replaced.

        Raises UserError when the owners were changed since they had `version`.
        """
        async with self._db.write() as writer:
            if await self.version() != version:
                raise UserError("the owners were changed meanwhile; nothing was written, try again")
            ids = [{"id": row.id} for row in rows]
            await writer.executemany(SQL["put"], map(self._columns, rows))
            await writer.executemany(SQL["clear_phones"], ids)
            await writer.executemany(SQL["clear_homes"], ids)
            await writer.executemany(SQL["put_phone"], self._phones(rows))
            await writer.executemany(SQL["put_home"], self._homes(rows))
            await self._marks.count_up(writer, VERSION)

    async def remove(self, owner: str) -> None:
        async with self._db.write() as writer:
            await writer.execute(SQL["remove"], {"site": self._site, "id": owner})
            await self._marks.count_up(writer, VERSION)

    async def all(self) -> list[OwnerRow]:
        return await self._whole("all", {"site": self._site})

    async def of_number(self, key: str) -> list[OwnerRow]:
        return await self._found("of_number", key=key)

    async def of_home(self, place: Place) -> list[OwnerRow]:
        building, unit, room = place
        return await self._found("of_home", building=building, unit=unit, room=room)

    async def of_buildings(self, buildings: Iterable[str]) -> list[OwnerRow]:
        """Owners with a home in one of `buildings`."""
        return await self._found("of_buildings", buildings=json.dumps(list(buildings)))

    async def get(self, name: str) -> OwnerRow:
        """By id, the last characters of it, or name.

        Raises UserError when none or several match.
        """
        found = await self._db.fetch_all(SQL["named"], {"site": self._site, **naming(name)})
        only(found, name, "owner")
        return (await self._some([found[0]["owner"]]))[0]

    async def search(
        self,
        *,
        name: str = "",
        number: str = "",
        place: str = "",
        care: bool = False,
        do_not_call: bool = False,
        limit: int,
        offset: int = 0,
    ) -> tuple[int, list[OwnerRow]]:
        """How many there are, and those of one page, by their first home. `name`, `number`
        and `place` ("3-2-1201") are LIKE patterns of which one is enough."""
        wanted = {"name": name, "number": number, "place": place, "care": care}
        found = await self._db.fetch_all(
            SQL["search"],
            {**wanted, "site": self._site, "do_not_call": do_not_call,
             "limit": limit, "offset": offset},
        )  # fmt: skip
        order = {row["owner"]: index for index, row in enumerate(found)}
        rows = await self._some(list(order))
        total = found[0]["total"] if found else 0
        return total, sorted(rows, key=lambda row: order[row.id])

    async def buildings(self) -> list[str]:
        found = await self._db.fetch_all(SQL["buildings"], {"site": self._site})
        return [row["building"] for row in found]

    async def _found(self, query: str, **wanted: str) -> list[OwnerRow]:
        found = await self._db.fetch_all(SQL[query], {"site": self._site, **wanted})
        return await self._some([row["owner"] for row in found])

    async def _some(self, owners: Sequence[str]) -> list[OwnerRow]:
        if not owners:
            return []
        if len(owners) > MANY:
            wanted = set(owners)
            return [row for row in await self.all() if row.id in wanted]
        return await self._whole("some", {"owners": json.dumps(owners)})

    async def _whole(self, query: str, wanted: dict[str, str]) -> list[OwnerRow]:
        phones = await self._db.fetch_all(SQL[f"{query}_phones"], wanted)
        homes = await self._db.fetch_all(SQL[f"{query}_homes"], wanted)
        owners = await self._db.fetch_all(SQL[query], wanted)
        # Seconds of work for a large book: beside the event loop, not in it.
        return await asyncio.to_thread(_assembled, owners, phones, homes)

    def _columns(self, row: OwnerRow) -> dict[str, Any]:
        return {
            "id": row.id,
            "site": self._site,
            "name": row.name,
            "title": row.title,
            "language": row.language,
            "care": " ".join(row.care),
            "do_not_call": row.do_not_call,
            "quiet": row.quiet,
            "note": row.note,
        }

    def _phones(self, rows: Iterable[OwnerRow]) -> Iterator[dict[str, Any]]:
        for row in rows:
            for position, (number, key) in enumerate(row.phones):
                yield {
                    "owner": row.id,
                    "site": self._site,
                    "position": position,
                    "number": number,
                    "number_key": key,
                }

    def _homes(self, rows: Iterable[OwnerRow]) -> Iterator[dict[str, Any]]:
        for row in rows:
            for position, (building, unit, room) in enumerate(row.homes):
                yield {
                    "owner": row.id,
                    "site": self._site,
                    "position": position,
                    "building": building,
                    "unit": unit,
                    "room": room,
                }


def _assembled(owners: list[Row], phones: list[Row], homes: list[Row]) -> list[OwnerRow]:
    numbers: dict[str, list[tuple[str, str]]] = {}
    for row in phones:
        numbers.setdefault(row["owner"], []).append((row["number"], row["number_key"]))
    places: dict[str, list[Place]] = {}
    for row in homes:
        places.setdefault(row["owner"], []).append((row["building"], row["unit"], row["room"]))
    return [
        _owner_row(row, numbers.get(row["id"], ()), places.get(row["id"], ())) for row in owners
    ]


def _owner_row(row: Row, phones: Iterable[tuple[str, str]], homes: Iterable[Place]) -> OwnerRow:
    return OwnerRow(
        id=row["id"],
        name=row["name"],
        title=row["title"],
        phones=tuple(phones),
        homes=tuple(homes),
        language=row["language"],
        care=tuple(row["care"].split()),
        do_not_call=bool(row["do_not_call"]),
        quiet=row["quiet"],
        note=row["note"],
    )
