"""Bringing requests over from another system's spreadsheet: what it would do, and doing it."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path

from ivr import ids
from ivr.desk import request_sheet
from ivr.desk.request import Request, RequestState, What
from ivr.desk.request_rows import made
from ivr.desk.request_sheet import Entry, Reading, Wrong
from ivr.desk.requests import Requests
from ivr.store.database import Database, Writer
from ivr.store.requests import RequestTables

_WORKED_ON = (RequestState.ASSIGNED, RequestState.ON_SITE, RequestState.ESCALATED)
_DONE = (
    RequestState.RESOLVED,
    RequestState.CALLING_BACK,
    RequestState.SATISFIED,
    RequestState.CLOSED,
)


@dataclass(frozen=True, slots=True)
class Plan:
    """What an import would do. What is there already stays as it is."""

    added: list[Entry] = field(default_factory=list)
    there: int = 0
    wrong: list[Wrong] = field(default_factory=list)  # cells, the first
    wrong_rows: int = 0


class Import:
    """Reads files into the requests of a site. The same file twice adds nothing."""

    def __init__(self, db: Database, requests: Requests) -> None:
        self._db = db
        self._requests = requests
        self._tables = RequestTables(db, requests.settings.site.id)

    async def plan(self, file: Path) -> Plan:
        """What importing `file` would do. Raises UserError when it cannot be read."""
        settings = self._requests.settings
        reading: Reading = await asyncio.to_thread(request_sheet.read, file, settings)
        known = await self._known(reading.entries)
        added: dict[str, Entry] = {}
        for entry in reading.entries:
            if _key(entry) not in known:
                added.setdefault(_key(entry), entry)
        there = len(reading.entries) - len(added)
        return Plan([*added.values()], there, reading.wrong, reading.wrong_rows)

    async def put(self, plan: Plan, *, by: str, now: float) -> int:
        """Write a plan: all of it, or nothing; how many requests are new. Nobody is told:
        what is brought over is old."""
        async with self._db.write() as writer:
            known = await self._known(plan.added, writer)  # somebody may have been faster
            count = 0
            for entry in plan.added:
                if _key(entry) in known:
                    continue
                at = min(entry.created_at or now, now)
                day = f"{datetime.fromtimestamp(at, self._requests.settings.site.zone):%Y%m%d}"
                number = entry.number or f"{day}-{await self._tables.next_of_day(writer, day):03}"
                request = _request(entry, number, by, at, now)
                await self._requests.put(writer, request, entry.origin, told_until=now)
                text = f"导入：{entry.draft.title}"
                created = made(request, What.CREATED, by, now, text)
                await self._tables.put_entry(writer, asdict(created), told=True)
                count += 1
            return count

    async def _known(self, entries: Sequence[Entry], writer: Writer | None = None) -> set[str]:
        """The keys of those that are there."""
        numbers = {entry.number for entry in entries if entry.number}
        found = {row["number"] for row in await self._tables.numbered(numbers, writer)}
        origins = {entry.origin for entry in entries if entry.origin}
        return found | {f"origin {each}" for each in await self._tables.origins(origins, writer)}


def _key(entry: Entry) -> str:
    return entry.number or f"origin {entry.origin}"


def _request(entry: Entry, number: str, by: str, at: float, now: float) -> Request:
    draft = asdict(entry.draft)
    del draft["origin"]
    done_at = min(entry.done_at or now, now) if entry.state in _DONE else None
    assigned = entry.state in _WORKED_ON or (entry.state in _DONE and entry.draft.department)
    return Request(
        id=ids.uuid7(at),
        number=number,
        state=entry.state,
        created_at=at,
        assigned_at=at if assigned else None,
        on_site_at=at if entry.state is RequestState.ON_SITE else None,
        resolved_at=done_at,
        closed_at=done_at if entry.state is RequestState.CLOSED else None,
        **draft | {"keeper": entry.draft.keeper or by},
    )
