"""Rows of service requests (服务工作单), their history, and which limits were told of.

What may stand in them is decided in ivr.desk.requests; values are those of
ivr.desk.request. `Writer` marks what happens inside a transaction.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from ivr.store.calls import naming, only
from ivr.store.database import Database, Row, Writer, load_queries

SQL = load_queries("requests")
Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFilter:
    """What `find` looks for; None means any."""

    states: tuple[str, ...] | None = None
    kind: str | None = None
    severity: str | None = None
    department: str | None = None
    keeper: str | None = None
    home: str | None = None
    phone_key: str | None = None
    call: str | None = None
    due_before: float | None = None  # with a limit that has passed by then
    text: str | None = None  # part of the number, title, detail, home, contact or phone
    since: float | None = None
    until: float | None = None
    limit: int = -1
    offset: int = 0


class Step(NamedTuple):
    """A warning or a breach of a limit that was told of."""

    need: str
    step: str
    breach_at: float


class Times(NamedTuple):
    """What the clock goes by, seconds since the epoch; None: never."""

    due_at: float | None
    look_at: float | None


class RequestTables:
    """The requests of one site."""

    def __init__(self, db: Database, site: str) -> None:
        self.db = db
        self._site = site

    # --- requests ------------------------------------------------------------

    async def put(self, writer: Writer, values: Values) -> None:
        await writer.execute(SQL["put"], {**values, "site": self._site})

    async def update(self, writer: Writer, values: Values, was: int) -> bool:
        """Whether it had version `was`, and now is as given."""
        cursor = await writer.execute(SQL["set"], {**values, "site": self._site, "was": was})
        return cursor.rowcount == 1

    async def next_of_day(self, writer: Writer, day: str) -> int:
        """The next serial number of `day` ("20261122")."""
        rows = list(
            await writer.execute_fetchall(SQL["last_of_day"], {"site": self._site, "day": day})
        )
        return int(rows[0]["last"] or 0) + 1

    async def get(self, name: str, writer: Writer | None = None) -> Row:
        """By number, id or its last characters. Raises UserError when none or several match."""
        found = await self._read("named", naming(name), writer)
        only(found, name, "request")
        return found[0]

    async def of_origin(self, origin: str, writer: Writer | None = None) -> Row | None:
        found = await self._read("of_origin", {"origin": origin}, writer)
        return found[0] if found else None

    async def numbered(self, numbers: Iterable[str], writer: Writer | None = None) -> list[Row]:
        return await self._read("numbered", {"numbers": json.dumps(list(numbers))}, writer)

    async def origins(self, wanted: Iterable[str], writer: Writer | None = None) -> set[str]:
        """Those of `wanted` that a request has."""
        found = await self._read("origins", {"origins": json.dumps(list(wanted))}, writer)
        return {row["origin"] for row in found}

    async def find(self, wanted: RequestFilter) -> tuple[list[Row], int]:
        """A page of them, overdue first, and how many there are without the limit."""
        asked = {name: value for name, value in asdict(wanted).items() if value is not None}
        if wanted.states is not None:
            asked["states"] = json.dumps(wanted.states)
        if wanted.text is not None:
            asked["text"] = f"%{_literal(wanted.text)}%"
        conditions = [SQL[f"where_{name}"] for name in asked if f"where_{name}" in SQL]
        where = " AND ".join(conditions) or "TRUE"
        values = {**asked, "site": self._site}
        rows = await self.db.fetch_all(SQL["page"].replace("{where}", where), values)
        if wanted.limit < 0 and not wanted.offset:
            return rows, len(rows)
        total = await self.db.fetch_one(SQL["total"].replace("{where}", where), values)
        return rows, 0 if total is None else int(total["total"])

    async def counts(self, now: float) -> list[Row]:
        """(state, requests, overdue) of each state."""
        return await self._read("counts", {"now": now})

    # --- limits --------------------------------------------------------------

    async def to_look_at(self, now: float, limit: int) -> list[Row]:
        return await self._read("to_look_at", {"now": now, "limit": limit})

    async def set_times(self, writer: Writer, request: str, times: Times) -> None:
        values = {**times._asdict(), "id": request, "site": self._site}
        await writer.execute(SQL["set_times"], values)

    async def steps(self, writer: Writer, request: str, since: float) -> set[Step]:
        """Those told of already in the round that began at `since`."""
        found = await self._read("steps", {"request": request, "since": since}, writer)
        return {Step(*row) for row in found}

    async def put_steps(
        self, writer: Writer, request: str, since: float, steps: Iterable[Step]
    ) -> None:
        about = {"request": request, "since": since, "site": self._site}
        await writer.executemany(SQL["put_step"], [{**about, **step._asdict()} for step in steps])

    # --- history -------------------------------------------------------------

    async def put_entry(self, writer: Writer, entry: Values, *, told: bool = False) -> None:
        """`told`: nobody has to be told of it."""
        values = {**entry, "site": self._site, "told": int(told)}
        await writer.execute(SQL["put_entry"], values)

    async def entries(self, request: str) -> list[Row]:
        """Oldest first."""
        return await self._read("entries", {"request": request})

    async def untold(self, limit: int) -> list[Row]:
        return await self._read("untold", {"limit": limit})

    async def tell(self, writer: Writer, entry: str) -> bool:
        """Whether nobody had been told of it yet."""
        cursor = await writer.execute(SQL["tell"], {"id": entry, "site": self._site})
        return cursor.rowcount == 1

    async def _read(self, query: str, values: Values, writer: Writer | None = None) -> list[Row]:
        values = {**values, "site": self._site}
        if writer is None:
            return await self.db.fetch_all(SQL[query], values)
        return list(await writer.execute_fetchall(SQL[query], values))


def _literal(text: str) -> str:
    # LIKE's wildcards stand for themselves nowhere a person would look for them
    return text.replace("%", "").replace("_", "")
