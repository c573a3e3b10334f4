"""Sums of the call log over a time: what reports and charts are made of.

A month of a log of a million calls is read from one index (schema 009) in some tens of
milliseconds, so nothing is summed up ahead that could differ from the rows.
"""

from dataclasses import dataclass, fields
from typing import Any, TypeVar

from ivr.store.database import Database, load_queries
from ivr.store.search import place

SQL = load_queries("reports")
SLOT_S = 900.0
AGAIN_S = 7 * 86_400.0  # who calls again within it was not helped at first contact


@dataclass(frozen=True, slots=True)
class Slot:
    """A quarter of an hour that had calls; `calls` to `breaches` are calls from outside."""

    at: float  # its beginning
    calls: int
    answered: int  # by a person
    in_time: int  # by a person, within three rings
    abandoned: int
    system_answered: int
    breaches: int
    outbound: int
    wait_s: float  # sum over calls from outside
    talk_s: float  # sum over all


@dataclass(frozen=True, slots=True)
class Staff:
    ext: str
    answered: int  # calls whose first answer was theirs
    inbound: int  # of them, from outside
    in_time: int  # of these, within three rings
    talk_s: float
    wait_s: float | None  # mean of what their callers waited
    missed: int  # their telephone rang when the promise was broken


@dataclass(frozen=True, slots=True)
class Breach:
    id: str
    at: float
    caller: str
    line: str
    ring_s: float | None
    answered_ext: str
    disposition: str
    reason: str
    """unreachable: no telephone rang; busy: and some were busy; unanswered, given_up: the
    caller left, after the system answered; system_first: a person after the system; late."""


@dataclass(frozen=True, slots=True)
class CalledBack:
    kind: str  # of ivr.store.worklist.Kind
    entries: int
    done: int
    by_call: int  # of them, closed by an answered call
    after_s: float | None  # mean


@dataclass(frozen=True, slots=True)
class FirstContact:
    answered: int
    resolved: int  # whose number did not call again within AGAIN_S


T = TypeVar("T", Slot, Staff, Breach, CalledBack, FirstContact)


class Reports:
    """Of one site. Times are seconds since the epoch, UTC: [since, until)."""

    def __init__(self, db: Database, site: str) -> None:
        self._db = db
        self._site = site

    async def slots(self, since: float, until: float, line: str = "") -> list[Slot]:
        """Quarters of an hour in order; of one `line` only, or of all."""
        return await self._all(
            Slot, "slots", since, until, line=line, of=lambda row: {"at": row["slot"] * SLOT_S}
        )

    async def staff(self, since: float, until: float) -> list[Staff]:
        """By extension, most answers first; one that only missed calls comes last."""
        missed = {
            row["ext"]: row["missed"]
            for row in await self._db.fetch_all(SQL["missed"], self._span(since, until))
        }
        found = await self._all(
            Staff, "staff", since, until, of=lambda row: {"missed": missed.pop(row["ext"], 0)}
        )
        silent = (Staff(ext, 0, 0, 0, 0.0, None, count) for ext, count in sorted(missed.items()))
        return [*found, *silent]

    async def breaches(self, since: float, until: float) -> list[Breach]:
        """Calls from outside that broke the three-ring rule, newest first, with the reason."""
        return await self._all(Breach, "breaches", since, until)

    async def called_back(self, since: float, until: float) -> list[CalledBack]:
        """What became of callers who had to be phoned back."""
        return await self._all(CalledBack, "called_back", since, until)

    async def first_contact(self, since: float, until: float) -> FirstContact:
        window = place(AGAIN_S)
        return (await self._all(FirstContact, "first_contact", since, until, window=window))[0]

    async def _all(
        self,
        kind: type[T],
        query: str,
        since: float,
        until: float,
        of: Any = lambda row: {},
        **values: Any,
    ) -> list[T]:
        found = await self._db.fetch_all(SQL[query], {**self._span(since, until), **values})
        names = [field.name for field in fields(kind)]
        return [
            kind(**{name: row[name] for name in names if name in row.keys()} | of(row))  # noqa: SIM118
            for row in found
        ]

    def _span(self, since: float, until: float) -> dict[str, Any]:
        return {
            "site": self._site,
            "since": since,
            "until": until,
            "first": place(since),
            "end": place(until),
        }
