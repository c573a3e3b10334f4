"""Rows of the call log: one per call, with the phones it rang and its transfers."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, TypeVar

from ivr.errors import UserError
from ivr.store.database import Database, Row, Writer, load_queries

SQL = load_queries("calls")
FOR_EVER = 1e11  # seconds since the epoch; the year 5138
NAME_LENGTH = 4  # characters of an id's end that are enough to name a row


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
    legs: tuple[LegRow, ...] = ()
    transfers: tuple[TransferRow, ...] = ()

    @property
    def at(self) -> float:
        """When it began; when it was logged, if nobody knows."""
        return self.logged_at if self.start_at is None else self.start_at


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFilter:
    """What `find` looks for; None means any."""

    since: float = 0.0
    until: float = FOR_EVER
    number: str | None = None  # part of the caller's or the called number
    disposition: str | None = None
    breach: bool | None = None
    direction: str | None = None
    staff: str | None = None  # an extension that took part
    unfilled: bool = False  # answered, and the clerk has not written what for
    limit: int = -1


@dataclass(frozen=True, slots=True)
class Page:
    rows: list[CallRow]  # newest first
    total: int  # without the limit


class Calls:
    """The log of one site."""

    def __init__(self, db: Database, site: str) -> None:
        self._db = db
        self._site = site

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
        await writer.execute(SQL["clear_legs"], of_row)
        await writer.execute(SQL["clear_transfers"], of_row)
        await writer.executemany(SQL["put_leg"], _numbered(row.legs, of_row))
        await writer.executemany(SQL["put_transfer"], _numbered(row.transfers, of_row))
        return row_id

    async def find(self, wanted: CallFilter) -> Page:
        number = None if wanted.number is None else _literal(wanted.number)
        found = await self._db.fetch_all(
            SQL["find"], {**asdict(wanted), "number": number, "site": self._site}
        )
        total = int(found[0]["total"]) if found else 0
        return Page(await self._whole([_call(row) for row in found]), total)

    async def get(self, name: str) -> CallRow:
        """The call named by its id, the last characters of it, or Asterisk's id.

        Raises UserError when there is none, or more than one.
        """
        found = await self._db.fetch_all(SQL["named"], {"site": self._site, **naming(name)})
        only(found, name, "call")
        return (await self._whole([_call(found[0])]))[0]

    async def known(self, call_ids: Iterable[str]) -> set[str]:
        """Those of `call_ids` that have a row."""
        found = await self._db.fetch_all(
            SQL["known"], {"site": self._site, "call_ids": json.dumps(list(call_ids))}
        )
        return {str(row["call_id"]) for row in found}

    async def figures(self, since: float) -> dict[str, float | None]:
        """Counts of the calls from outside since `since`, and `service_level`: the
        share picked up by a person within the rings (三响内接起率), None without calls."""
        found = await self._db.fetch_all(SQL["figures"], {"site": self._site, "since": since})
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

    async def fill_in(self, row_id: str, intent: str, note: str) -> None:
        """The clerk's record: what the call was for."""
        async with self._db.write() as writer:
            await writer.execute(
                SQL["fill_in"],
                {"site": self._site, "id": row_id, "intent": intent, "note": note},
            )

    async def _whole(self, rows: list[CallRow]) -> list[CallRow]:
        ids = {"calls": json.dumps([row.id for row in rows])}
        legs: dict[str, list[LegRow]] = {}
        for found in await self._db.fetch_all(SQL["legs"], ids):
            legs.setdefault(found["call"], []).append(_row(LegRow, found))
        transfers: dict[str, list[TransferRow]] = {}
        for found in await self._db.fetch_all(SQL["transfers"], ids):
            transfers.setdefault(found["call"], []).append(_row(TransferRow, found))
        return [
            replace(
                row, legs=tuple(legs.get(row.id, ())), transfers=tuple(transfers.get(row.id, ()))
            )
            for row in rows
        ]


def naming(name: str) -> dict[str, str]:
    """Parameters of a query that finds a row by its id or the id's end."""
    end = _literal(name)
    return {"name": name, "ending": f"%{end}" if len(end) >= NAME_LENGTH else end}


def only(found: Sequence[Row], name: str, what: str) -> None:
    """Raises UserError unless exactly one row was found."""
    if not found:
        raise UserError(f"there is no {what} {name!r}; give its id as the list shows it")
    if len(found) > 1:
        raise UserError(f"{name!r} names more than one {what}; give more of its id")


def _literal(text: str) -> str:
    # LIKE's wildcards cannot stand in a number or an id; without them no escape is needed.
    return text.replace("%", "").replace("_", "")


def _columns(row: CallRow | LegRow | TransferRow) -> dict[str, Any]:
    values = {field.name: getattr(row, field.name) for field in fields(row)}
    return {name: value for name, value in values.items() if not isinstance(value, tuple)}


def _numbered(rows: Sequence[LegRow | TransferRow], of_row: dict[str, str]) -> list[dict[str, Any]]:
    return [{**_columns(row), **of_row, "position": index} for index, row in enumerate(rows)]


T = TypeVar("T", CallRow, LegRow, TransferRow)
_FLAGS = {"breach", "repaired"}


def _row(kind: type[T], found: Row) -> T:
    names = set(found.keys())
    values: dict[str, Any] = {
        field.name: bool(found[field.name]) if field.name in _FLAGS else found[field.name]
        for field in fields(kind)
        if field.name in names
    }
    return kind(**values)


def _call(found: Row) -> CallRow:
    return _row(CallRow, found)
