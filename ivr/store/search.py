"""Searching the call log: any of a million calls, the newest page at once.

A search has a source of candidates, newest first, and a condition that decides: the
whole log in time, the index of words (schema 009), or, for an owner, the calls of
their numbers. How many there are is counted over `COUNTED` candidates at most, and
over `READ` where the index cannot tell alone.
"""

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from ivr.store import words
from ivr.store.database import Database, Row, load_queries

SQL = load_queries("calls")
FOR_EVER = 1e11  # seconds since the epoch; the year 5138
COUNTED = 10_000
READ = 1_000  # of them, where a row must be read to tell
GATHERED = 5_000  # calls of an owner's numbers; beyond, owners are frequent in any source
CHUNK = 500  # rows of a step through everything

# A call's place may be later than its time where others have the same (schema 009).
PLACE_SLACK = 10_000

Place = tuple[str, str | None, str | None]
"""Building, unit, room as an owner's home has them; None: any of the building or unit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFilter:
    """What a search looks for; None, or an empty text, means any."""

    since: float = 0.0
    until: float = FOR_EVER
    number: str | None = None  # part of the caller's or the called number
    owner: str | None = None  # part of the name of an owner whose number it is
    home: Place | None = None  # where an owner lives whose number it is
    line: str | None = None
    disposition: str | None = None  # "abandoned" means both kinds of it
    breach: bool | None = None
    direction: str | None = None
    staff: str | None = None  # an extension that took part
    unfilled: bool = False  # answered, and the clerk has not written what for
    text: str | None = None  # part of the caller's name, the intent and the note
    terms: str | None = None
    """Anything: each word in a number, a text or an extension; or all of it the name of an
    owner, who lives in `terms_home` if that is what the words say."""
    terms_home: Place | None = None
    before: int | None = None  # the `next` of a page
    limit: int = -1  # rows; -1 is all


class Found(NamedTuple):
    rows: list[Row]  # of the table calls, newest first
    total: int  # without limit and `before`; at least so many when not `exact`
    exact: bool
    next: int | None  # `before` of the next page; None: there are no more


def place(at: float) -> int:
    """The first place in time (schema 009, `nr`) of calls from `at` on."""
    return int(at * 1000)


class _Source(NamedTuple):
    sql: str
    values: dict[str, Any]
    tally: str | None = None  # counts, where nothing of the condition is left to be asked


class Search:
    """The searches of one site."""

    def __init__(self, db: Database, site: str) -> None:
        self._db = db
        self._site = site

    async def page(self, wanted: CallFilter) -> Found:
        """A page of `wanted.limit` calls, newest first, and how many there are."""
        sources = await self._sources(wanted)
        limit = wanted.limit
        found = await self._rows(sources, wanted.before, limit if limit < 0 else limit + 1)
        page = found if limit < 0 else found[:limit]
        more = len(page) < len(found)
        total, exact = len(page), True
        if more or wanted.before is not None:
            total, exact = await self._count(sources)
        return Found(page, total, exact, page[-1]["nr"] if more and page else None)

    async def everything(self, wanted: CallFilter) -> AsyncIterator[list[Row]]:
        """All that `wanted` finds, newest first, in pieces: others read in between."""
        before = wanted.before
        while True:
            found = await self._rows(await self._sources(wanted), before, CHUNK)
            if found:
                yield found
            if len(found) < CHUNK:
                return
            before = found[-1]["nr"]

    async def _rows(self, sources: list[_Source], before: int | None, limit: int) -> list[Row]:
        found: list[Row] = []
        for source in sources:
            values = {**source.values, "limit": limit}
            if before is not None:
                values["before"] = min(values["before"], before)
            sql = f"SELECT calls.* {_with(source.sql)} LIMIT :limit"
            found += await self._db.fetch_all(sql, values)
        found.sort(key=lambda row: -row["nr"])
        return found[:limit] if limit >= 0 else found

    async def _count(self, sources: list[_Source]) -> tuple[int, bool]:
        total, exact = 0, True
        for source in sources:
            most = READ if source.tally is None else COUNTED
            sql = source.tally or SQL["count"].format(source=source.sql, wanted=SQL["wanted"])
            found = await self._db.fetch_one(sql, {**source.values, "most": most + 1})
            assert found is not None
            total += min(int(found["total"]), most)
            exact = exact and int(found["seen"]) <= most
        return total, exact

    async def _sources(self, wanted: CallFilter) -> list[_Source]:
        """What together has each call once."""
        asked = " ".join((wanted.terms or "").split()) or None
        if asked is None:
            return [await self._source(wanted, _values(wanted, self._site), None)]
        with_terms = _values(wanted, self._site) | {
            "terms": json.dumps([_like(term) for term in asked.split()]),
        }
        sources = [await self._source(wanted, with_terms, asked)]
        keys = await self._keys(asked, wanted.terms_home)
        if keys:
            of_owner = {**with_terms, "with_terms": 0}
            sources.append(await self._source(wanted, of_owner, None, keys))
        return sources

    async def _source(
        self,
        wanted: CallFilter,
        values: dict[str, Any],
        asked: str | None,
        keys: list[str] | None = None,
    ) -> _Source:
        if wanted.owner is not None or wanted.home is not None:
            named = await self._keys(wanted.owner, wanted.home)
            keys = named if keys is None else sorted({*keys} & {*named})
        if keys is not None:
            values = {**values, "keys": json.dumps(keys)}
            found = await self._db.fetch_all(SQL["places_of_keys"], {**values, "most": GATHERED})
            if len(found) < GATHERED:
                places = sorted({row["nr"] for row in found}, reverse=True)
                theirs = {**values, "keys": None, "places": json.dumps(places)}
                return _Source(SQL["from_places"], theirs)
        match = words.every(_words(wanted, asked))
        told = keys is None and _is_told_by_words(wanted)
        if match:
            values = {**values, "words": f"{words.one('s', self._site)} AND {match}"}
            return _Source(SQL["from_words"], values, SQL["count_words"] if told else None)
        return _Source(SQL["from_time"], values, SQL["count_time"] if told else None)

    async def _keys(self, name: str | None, home: Place | None) -> list[str]:
        building, unit, room = home or (None, None, None)
        found = await self._db.fetch_all(
            SQL["owner_keys"],
            {
                "site": self._site,
                "name": None if name is None else _like(name),
                "building": building,
                "unit": unit,
                "room": room,
            },
        )
        return [str(row["number_key"]) for row in found]


def _with(source: str) -> str:
    """A source with the condition that decides, in front of its order."""
    tables, by, order = source.partition("ORDER BY")
    return f"{tables} AND {SQL['wanted']} {by}{order}"


def _words(wanted: CallFilter, asked: str | None) -> Iterator[str]:
    """What all calls that `wanted` means have in the index."""
    if wanted.number:
        yield from words.number(_bare(wanted.number))
    if wanted.direction:
        yield words.one("", wanted.direction)
    if wanted.disposition == "abandoned":
        yield words.any_of([words.one("", "abandoned"), words.one("", "systemabandoned")])
    elif wanted.disposition:
        yield words.one("", wanted.disposition.replace("_", ""))
    if wanted.breach is not None:
        yield words.one("", "breach" if wanted.breach else "kept")
    if wanted.unfilled:
        yield words.one("", "unfilled")
    if wanted.line:
        yield words.one("l", wanted.line)
    if wanted.staff:
        yield words.one("x", wanted.staff)
    if wanted.text:
        yield from words.text(wanted.text)
    for term in (asked or "").split():
        ways = [words.every(words.text(term))]
        if words.in_a_number(term):
            ways += [words.every(words.number(term)), words.one("x", term)]
        if match := words.any_of(ways):
            yield match


def _is_told_by_words(wanted: CallFilter) -> bool:
    """Whether every candidate of the words is a match: no word stands for a part only."""
    return not (wanted.text or wanted.terms or wanted.number)


def _values(wanted: CallFilter, site: str) -> dict[str, Any]:
    return {
        "site": site,
        "first": max(0, place(wanted.since)),
        "before": place(wanted.until) + PLACE_SLACK,
        "end": place(wanted.until),
        "since": wanted.since,
        "until": wanted.until,
        "number": None if wanted.number is None else _bare(wanted.number),
        "disposition": wanted.disposition,
        "breach": wanted.breach,
        "direction": wanted.direction,
        "line": wanted.line,
        "unfilled": wanted.unfilled,
        "staff": wanted.staff,
        "text": None if wanted.text is None else _like(wanted.text),
        "keys": None,
        "terms": None,
        "with_terms": 1,
    }


def _bare(number: str) -> str:
    """Without LIKE's wildcards, which cannot stand in a number."""
    return number.replace("%", "").replace("_", "").replace("\0", "")


def _like(text: str) -> str:
    """A part of a text for LIKE, whose patterns end at a NUL."""
    return text.replace("\0", "").replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
