"""The duty roster (值班表): who answers a line instead of its ladder, from … to …."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, tzinfo
from typing import NamedTuple

from ivr.desk.calendar import DayKindOf, day_kind
from ivr.desk.ladder import Segment, extend, schedule
from ivr.errors import UserError
from ivr.settings import Ladder, Line, Settings
from ivr.store.database import Database
from ivr.store.roster import RosterRow, RosterTable

ERRORS_SHOWN = 5


class Plan(NamedTuple):
    """What putting entries into the roster would do."""

    added: list[RosterRow]
    replaced: list[RosterRow]  # same line and times, other phones or words
    same: list[RosterRow]

    @property
    def changes(self) -> list[RosterRow]:
        return [*self.added, *self.replaced]


class Named(NamedTuple):
    """An entry and where a person finds it ("row 3"), for messages."""

    where: str
    row: RosterRow


class Roster:
    """The roster of the site in `settings`, kept in the store."""

    def __init__(self, db: Database, settings: Settings) -> None:
        self._settings = settings
        self._table = RosterTable(db, settings.site.id)

    async def version(self) -> int:
        """Another number after every change by any process; cheap to ask often."""
        return await self._table.version()

    async def entries(self, since: float, line: str | None = None) -> list[RosterRow]:
        """Entries that have not ended at `since`, by their beginning."""
        return await self._table.between(since, line=line)

    async def effective_schedule(self, line: Line, start: datetime, days: int = 7) -> list[Segment]:
        """Ladders of `line` for the next days with the roster's entries laid over them.

        Phones that have left the settings since an entry was made are not rung.
        """
        entries = await self._table.between(start.timestamp(), line=line.name)
        able = [row for row in map(self._without_lost_phones, entries) if row.primary]
        return effective_schedule(line, able, start, days)

    async def plan(self, entries: Sequence[Named]) -> Plan:
        """What `put` would do. Raises UserError when an entry cannot stand."""
        validate(self._settings, entries)
        stored = {_place(row): row for row in await self._table.between()}
        wanted = {_place(entry.row) for entry in entries}
        others = [
            Named(f"the roster's entry {row.id[-6:]}", row)
            for place, row in stored.items()
            if place not in wanted
        ]
        _refuse(overlaps([*entries, *others]))
        plan = Plan([], [], [])
        for _, row in entries:
            there = stored.get(_place(row))
            if there is None:
                plan.added.append(row)
            elif replace(row, id=there.id) == there:
                plan.same.append(there)
            else:
                plan.replaced.append(replace(row, id=there.id))
        return plan

    async def put(self, plan: Plan) -> None:
        """Write a plan: all of it, or nothing."""
        if plan.changes:
            await self._table.put(plan.changes)

    async def remove(self, name: str) -> RosterRow:
        """Remove the entry with this id (or the end of it) and return it."""
        row = await self._table.get(name)
        await self._table.remove(row)
        return row

    def _without_lost_phones(self, row: RosterRow) -> RosterRow:
        primary, backup = (
            tuple(ext for ext in exts if self._settings.phone(ext))
            for exts in (row.primary, row.backup)
        )
        return replace(row, primary=primary, backup=backup)


def effective_schedule(
    line: Line,
    entries: Iterable[RosterRow],
    start: datetime,
    days: int = 7,
    day_kind_of: DayKindOf = day_kind,
) -> list[Segment]:
    """The schedule of `line` with entries laid over it while they last.

    What an entry leaves empty (backup phones, mobile) is the ladder's of the hour.
    """
    laid = sorted((row for row in entries if row.line == line.name), key=lambda row: row.from_at)
    segments: list[Segment] = []
    at = start.timestamp()
    for until, ladder in schedule(line, start, days, day_kind_of):
        while at < until:
            on_duty = next((row for row in laid if row.from_at <= at < row.to_at), None)
            if on_duty:
                piece = Segment(min(until, on_duty.to_at), _relieved(ladder, on_duty))
            else:
                following = min((row.from_at for row in laid if row.from_at > at), default=until)
                piece = Segment(min(until, following), ladder)
            extend(segments, piece)
            at = piece.until
    return segments


def validate(settings: Settings, entries: Sequence[Named]) -> None:
    """Raises UserError naming each entry that cannot stand, and why."""
    _refuse(problems(settings, entries) + overlaps(entries))


def problems(settings: Settings, entries: Sequence[Named]) -> list[str]:
    """Lines and phones that do not exist, times that do not make a span."""
    found = []
    for where, row in entries:
        if settings.line(row.line) is None:
            found.append(f"{where}: there is no line {row.line!r} in [[lines]]")
        if row.to_at <= row.from_at:
            found.append(f"{where}: ends before it begins")
        if not row.primary:
            found.append(f"{where}: names no phone that rings first (主班)")
        found.extend(
            f"{where}: phone {ext} is not in [[phones]]"
            for ext in (*row.primary, *row.backup)
            if settings.phone(ext) is None
        )
    return found


def overlaps(entries: Sequence[Named]) -> list[str]:
    """Two entries for one line at one time: nobody could say which holds."""
    found = []
    ordered = sorted(entries, key=lambda entry: (entry.row.line, entry.row.from_at))
    latest: Named | None = None
    for entry in ordered:
        if latest and latest.row.line == entry.row.line and entry.row.from_at < latest.row.to_at:
            found.append(f"{entry.where}: overlaps {latest.where} on line {entry.row.line!r}")
        if not latest or latest.row.line != entry.row.line or entry.row.to_at > latest.row.to_at:
            latest = entry
    return found


def hours(row: RosterRow, zone: tzinfo) -> str:
    """ "11-22 18:00–08:00" in the site's time; the end's date where it is days away."""
    begin, end = (datetime.fromtimestamp(at, zone) for at in (row.from_at, row.to_at))
    near = row.to_at - row.from_at <= 24 * 3600
    return f"{begin:%m-%d %H:%M}–{end:%H:%M}" if near else f"{begin:%m-%d %H:%M}–{end:%m-%d %H:%M}"


def _refuse(found: Sequence[str]) -> None:
    if found:
        more = len(found) - ERRORS_SHOWN
        tail = f"; and {more} more" if more > 0 else ""
        raise UserError("; ".join(found[:ERRORS_SHOWN]) + tail + "; nothing was changed")


def _place(row: RosterRow) -> tuple[str, float, float]:
    return row.line, row.from_at, row.to_at


def _relieved(ladder: Ladder, row: RosterRow) -> Ladder:
    return Ladder(
        primary=list(row.primary),
        backup=list(row.backup) or ladder.backup,
        mobile=row.mobile or ladder.mobile,
    )
