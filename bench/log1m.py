"""A log of a million calls: `python -m bench.log1m` prints JSON.

An estate's year of 1,000,000 calls is written by the schema before the log's indices,
then opened, so the migration is measured as well. Then every filter and search asks for
its first page with its count, as the page /calls does, and reports are made of days and
months, each time about something else. What the disk must give first counts as it does
for a person: nothing is asked twice.
"""

import argparse
import asyncio
import json
import random
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench import estate, figures
from bench.figures import Run, Target
from bench.office import tell
from ivr.store.calls import CallFilter, Calls
from ivr.store.database import FILE_NAME, Database
from ivr.store.reports import Reports

CALLS = 1_000_000
ASKED = 40  # times each
PAGE = 50
NOW = 1_795_312_800.0
DAY = 86_400.0
SEARCH_P95_MS = 60.0
REPORT_P95_MS = 300.0


def searches(chance: random.Random, book: list[estate.Owner]) -> dict[str, CallFilter]:
    """Every filter and search, about something different each time."""
    owner, phone = chance.choice(book), chance.choice(estate.PHONES)
    since = NOW - chance.uniform(1, estate.DAYS) * DAY
    word = chance.choice(estate.INTENTS).split()[1]
    line, digits = chance.choice(tuple(estate.LINES)), f"{chance.randrange(10**5):05}"
    building, unit, room = owner.home
    return {
        "all": CallFilter(),
        "a day": CallFilter(since=since, until=since + DAY),
        "a month": CallFilter(since=since, until=since + 30 * DAY),
        "number, whole": CallFilter(number=owner.number),
        "number, last four": CallFilter(number=owner.number[-4:]),
        "number, five signs": CallFilter(number=digits),
        "number, two signs": CallFilter(number=digits[:2]),
        "owner's name": CallFilter(owner=owner.name),
        "owner's surname": CallFilter(owner=owner.name[:1]),
        "home": CallFilter(home=owner.home),
        "building": CallFilter(home=(building, None, None)),
        "extension": CallFilter(staff=phone),
        "disposition": CallFilter(disposition=chance.choice(("abandoned", "busy", "no_answer"))),
        "breach": CallFilter(breach=True),
        "no breach": CallFilter(breach=False),
        "direction": CallFilter(direction=chance.choice(("inbound", "outbound", "internal"))),
        "line": CallFilter(line=line),
        "not filled in": CallFilter(unfilled=True),
        "words": CallFilter(text=word),
        "two signs of words": CallFilter(text=word[:2]),
        "words of nobody": CallFilter(text="喷泉"),
        "anything: number": CallFilter(terms=digits[:4]),
        "anything: name": CallFilter(terms=owner.name),
        "anything: surname": CallFilter(terms=owner.name[:1]),
        "anything: home": CallFilter(terms=f"{building}-{unit}-{room}", terms_home=owner.home),
        "anything: words": CallFilter(terms=f"{word} 派单"),
        "breaches of an extension": CallFilter(breach=True, staff=phone),
        "breaches of a line in a month": CallFilter(
            breach=True, line=line, since=since, until=since + 30 * DAY
        ),
        "abandoned of a number": CallFilter(disposition="abandoned", number=digits[:4]),
        "not filled in of a phone": CallFilter(unfilled=True, staff=phone, line=line),
        "words of a building": CallFilter(text=word, home=(building, None, None)),
        "words of a surname": CallFilter(text=word, owner=owner.name[:1]),
        "internal calls of a mobile": CallFilter(direction="internal", number="138"),
    }


async def timed(work: Callable[[], Awaitable[Any]]) -> float:
    """Milliseconds."""
    began = time.perf_counter()
    await work()
    return (time.perf_counter() - began) * 1000


async def measure(file: Path) -> tuple[dict[str, Run], dict[str, Run], float]:
    """Searches and reports by name with their quantiles, and the seconds of migrating."""
    began = time.perf_counter()
    async with await Database.open(file) as db:
        migrated_s = time.perf_counter() - began
        tell(f"log1m: migrated in {migrated_s:.0f} s")
        calls, reports = Calls(db, "main"), Reports(db, "main")
        chance, book = random.Random(2), estate.owners()
        took: dict[str, list[float]] = {}
        told: dict[str, list[float]] = {}
        for _ in range(ASKED):
            for name, wanted in searches(chance, book).items():
                page = replace(wanted, limit=PAGE)
                took.setdefault(name, []).append(await timed(lambda page=page: calls.find(page)))
            since = NOW - chance.uniform(31, estate.DAYS) * DAY
            for name, days in (("day", 1), ("month", 30)):
                until = since + days * DAY
                for what, work in {
                    "hours": reports.slots,
                    "staff": reports.staff,
                    "breaches": reports.breaches,
                    "called back": reports.called_back,
                    "first contact": reports.first_contact,
                }.items():
                    told.setdefault(f"{name}: {what}", []).append(
                        await timed(lambda work=work, until=until: work(since, until))  # noqa: B023
                    )
                told.setdefault(name, []).append(sum(each[-1] for each in told.values()))
        return _quantiles(took), _quantiles(told), migrated_s


def _quantiles(took: dict[str, list[float]]) -> dict[str, Run]:
    return {
        name: {
            "p50_ms": round(figures.quantile(each, 0.5) or 0, 2),
            "p95_ms": round(figures.quantile(each, 0.95) or 0, 2),
        }
        for name, each in took.items()
    }
