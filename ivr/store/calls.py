"""Rows of the call log: one per call, with the phones it rang, its transfers and holds.

`ivr.store.search` finds them.
"""

import json
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

from ivr.errors import UserError
from ivr.store.database import Database, Row, Writer, load_queries
from ivr.store.search import FOR_EVER as FOR_EVER
from ivr.store.search import CallFilter as CallFilter
from ivr.store.search import Search, place

T = TypeVar("T", "CallRow", "LegRow", "TransferRow", "HoldRow")

SQL = load_queries("calls")
NAME_LENGTH = 4  # characters of an id's end that are enough to name a row
INTENT_MOST = 200  # characters
NOTE_MOST = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class LegRow:
    ext: str
    channel: str
    dial_at: float | None
    ring_at: float | None
    answer_at: float | None
    end_at: float | None
    rings: int
    ring_s: float | None
    outcome: str
    breach: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferRow:
    kind: str
    by_ext: str
    to_ext: str
    begin_at: float | None
    end_at: float | None
    seconds: float | None
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldRow:
    begin_at: float | None
    end_at: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What a clerk wrote of a call (做好每一次来电记录)."""

    intent: str  # what for
    note: str
    by: str
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRow:
    """One call. Times are seconds since the epoch, UTC; `_s` are seconds; a text
    that is not known is empty."""

    id: str
    site: str
    call_id: str
    direction: str
    caller: str
    caller_key: str
    caller_name: str
    called: str
    called_key: str
    line: str
    start_at: float | None
    ring_at: float | None
    system_answer_at: float | None
    answer_at: float | None
    end_at: float | None
    answered_ext: str
    answered_channel: str
    rings: int
    ring_s: float | None
    wait_s: float | None
    talk_s: float | None
    hold_s: float
    disposition: str
    hangup_by: str
    breach: bool
    cause: int | None
    cause_text: str
    recording: str
    recording_state: str
    repaired: bool
    attempt_id: str
    logged_at: float
    intent: str = ""
    note: str = ""
    record_by: str = ""
    record_at: float | None = None
    legs: tuple[LegRow, ...] = ()
    transfers: tuple[TransferRow, ...] = ()
    holds: tuple[HoldRow, ...] = ()

    @property
    def at(self) -> float:
        """When it began; when it was logged, if nobody knows."""
        return self.logged_at if self.start_at is None else self.start_at


@dataclass(frozen=True, slots=True)
class Person:
    """An owner, as a list of calls names them."""

    id: str
    name: str
    title: str
    home: str  # "3-1-1201", the first one, or ""


@dataclass(frozen=True, slots=True)
class Page:
    rows: list[CallRow]  # newest first
    total: int  # without the limit; at least so many when not `exact`
    exact: bool = True
    next: int | None = None  # CallFilter.before of the next page; None: there are no more


class Calls:
    """The log of one site."""

    def __init__(self, db: Database, site: str) -> None:
        self._db = db
        self._site = site
        self._search = Search(db, site)

    async def put(self, writer: Writer, row: CallRow) -> str | None:
        """Write or replace the row of `row.call_id` inside a transaction.

        Returns the row's id, or None when a complete row was kept instead of
        this repaired one.
        """
        values = {**_columns(row), "site": self._site}
        found = list(await writer.execute_fetchall(SQL["put"], values))
        if not found:
            return None
        row_id = str(found[0]["id"])
        of_row = {"call": row_id, "site": self._site}
        for part, rows in (("leg", row.legs), ("transfer", row.transfers), ("hold", row.holds)):
            await writer.execute(SQL[f"clear_{part}s"], of_row)
            await writer.executemany(SQL[f"put_{part}"], _numbered(rows, of_row))
        by_id = {"id": row_id, "site": self._site}
        for step in ("take_record", "drop_record", "forget_words", "place", "index_words"):
            await writer.execute(SQL[step], by_id)
        return row_id

    async def find(self, wanted: CallFilter) -> Page:
        """A page of `wanted.limit` calls, newest first, and how many there are."""
        found = await self._search.page(wanted)
        return Page(await self._whole(found.rows), found.total, found.exact, found.next)

    async def everything(self, wanted: CallFilter) -> AsyncIterator[list[CallRow]]:
        """All that `wanted` finds, newest first, in pieces: others read in between."""
        async for rows in self._search.everything(wanted):
            yield await self._whole(rows)

    async def get(self, name: str) -> CallRow:
        """The call named by its id, the last characters of it, or Asterisk's id.

        Raises UserError when there is none, or more than one.
        """
        wanted = {"site": self._site, **naming(name)}
        found = await self._db.fetch_all(SQL["exact"], wanted)
        found = found or await self._db.fetch_all(SQL["ending"], wanted)
        only(found, name, "call")
        return (await self._whole(found))[0]

    async def people(self, keys: Iterable[str]) -> dict[str, list[Person]]:
        """The owners of numbers (`caller_key`, `called_key`), by number."""
        found = await self._db.fetch_all(
            SQL["people"], {"site": self._site, "keys": json.dumps(sorted({*keys} - {""}))}
        )
        people: dict[str, list[Person]] = {}
        for row in found:
            home = "-".join(part for part in (row["building"], row["unit"], row["room"]) if part)
            person = Person(row["id"], row["name"], row["title"], home)
            people.setdefault(row["number_key"], []).append(person)
        return people

    async def known(self, call_ids: Iterable[str]) -> set[str]:
        """Those of `call_ids` that have a row."""
        found = await self._db.fetch_all(
            SQL["known"], {"site": self._site, "call_ids": json.dumps(list(call_ids))}
        )
        return {str(row["call_id"]) for row in found}

    async def figures(self, since: float) -> dict[str, float | None]:
        """Counts of the calls from outside since `since`, and `service_level`: the
        share picked up by a person within the rings (三响内接起率), None without calls."""
        found = await self._db.fetch_all(
            SQL["figures"], {"site": self._site, "first": place(since)}
        )
        figures: dict[str, float | None] = dict(found[0])
        calls, in_time = figures["calls"], figures.pop("in_time")
        figures["service_level"] = in_time / calls if calls and in_time is not None else None
        return figures

    async def unchecked(self) -> list[tuple[str, str, float]]:
        """(id, recording, seconds talked) of calls whose recording was not checked."""
        found = await self._db.fetch_all(SQL["unchecked"], {"site": self._site})
        return [(row["id"], row["recording"], row["talk_s"] or 0.0) for row in found]

    async def set_recording_state(self, states: dict[str, str]) -> None:
        """`states`: row id → state."""
        async with self._db.write() as writer:
            await writer.executemany(
                SQL["set_recording_state"],
                [{"site": self._site, "id": id_, "state": state} for id_, state in states.items()],
            )

    async def set_record(self, call: str, *, intent: str, note: str, by: str, at: float) -> bool:
        """The clerk's record of a call, named by its row's id or by Asterisk's id.

        A call that is not over has no row yet: then the record is kept, over restarts
        too, and the row takes it when it is written. Returns whether there is a row.
        Raises UserError for a text that is too long.
        """
        if len(intent) > INTENT_MOST or len(note) > NOTE_MOST:
            raise UserError(
                f"来电意图最多 {INTENT_MOST} 字，备注最多 {NOTE_MOST} 字，请缩短后再保存"
            )
        values = {
            "site": self._site,
            "call": call,
            "intent": intent.strip(),
            "note": note.strip(),
            "by": by,
            "at": at,
        }
        async with self._db.write() as writer:
            found = list(await writer.execute_fetchall(SQL["set_record"], values))
            if found:
                await writer.execute(SQL["index_words"], {"id": found[0]["id"]})
            else:
                await writer.execute(SQL["keep_record"], values)
        return bool(found)

    async def kept_record(self, call_id: str) -> Record | None:
        """What was written of a call that has no row yet; `call_id` is Asterisk's."""
        found = await self._db.fetch_one(SQL["kept_record"], {"site": self._site, "call": call_id})
        return None if found is None else Record(**dict(found))

    async def purged(self, files: Iterable[str]) -> None:
        """The recordings `files` are to be deleted: their rows name them no longer."""
        async with self._db.write() as writer:
            await writer.execute(
                SQL["purged"], {"site": self._site, "files": json.dumps(list(files))}
            )

    async def _whole(self, found: Sequence[Row]) -> list[CallRow]:
        """Rows of the table with the rows that belong to them."""
        ids = {"calls": json.dumps([row["id"] for row in found])}
        legs = await self._parts("legs", LegRow, ids)
        transfers = await self._parts("transfers", TransferRow, ids)
        holds = await self._parts("holds", HoldRow, ids)
        return [
            replace(
                _row(CallRow, row),
                legs=tuple(legs.get(row["id"], ())),
                transfers=tuple(transfers.get(row["id"], ())),
                holds=tuple(holds.get(row["id"], ())),
            )
            for row in found
        ]

    async def _parts(self, query: str, kind: type[T], ids: dict[str, str]) -> dict[str, list[T]]:
        parts: dict[str, list[T]] = {}
        for found in await self._db.fetch_all(SQL[query], ids):
            parts.setdefault(found["call"], []).append(_row(kind, found))
        return parts


def naming(name: str) -> dict[str, str]:
    """Parameters of a query that finds a row by its id or the id's end."""
    # LIKE's wildcards cannot stand in an id; without them no escape is needed.
    end = name.replace("%", "").replace("_", "")
    return {"name": name, "ending": f"%{end}" if len(end) >= NAME_LENGTH else end}


def only(found: Sequence[Row], name: str, what: str) -> None:
    """Raises UserError unless exactly one row was found."""
    if not found:
        raise UserError(f"there is no {what} {name!r}; give its id as the list shows it")
    if len(found) > 1:
        raise UserError(f"{name!r} names more than one {what}; give more of its id")


def _columns(row: CallRow | LegRow | TransferRow | HoldRow) -> dict[str, Any]:
    values = {field.name: getattr(row, field.name) for field in fields(row)}
    return {name: value for name, value in values.items() if not isinstance(value, tuple)}


def _numbered(
    rows: Sequence[LegRow | TransferRow | HoldRow], of_row: dict[str, str]
) -> list[dict[str, Any]]:
    return [{**_columns(row), **of_row, "position": index} for index, row in enumerate(rows)]


_FLAGS = {"breach", "repaired"}


def _row(kind: type[T], found: Row) -> T:
    names = set(found.keys())
    values: dict[str, Any] = {
        field.name: bool(found[field.name]) if field.name in _FLAGS else found[field.name]
        for field in fields(kind)
        if field.name in names
    }
    return kind(**values)
