"""A log of a million calls: `python -m bench.log1m` prints JSON.

An estate's three years of 1,000,000 calls are written by the schema before the log's
indices, then opened, so the migration is measured as well. Then every filter and search
asks for its first page with its count, as the page /calls does, and reports are made of
days and months, each time about something else. At last the pages are got over HTTP.
"""

import argparse
import asyncio
import json
import logging
import random
import tempfile
import time
from collections.abc import Awaitable
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import structlog
from aiohttp import web

from bench import estate, figures
from bench.figures import Target
from bench.office import tell
from ivr.demo.house import free_port
from ivr.service import Service
from ivr.settings import Ami, Callbacks, Media, Paths, Settings
from ivr.store.calls import CallFilter, Calls
from ivr.store.database import FILE_NAME, Database
from ivr.store.reports import Reports
from ivr.web.access import Role
from ivr.web.app import create_app
from ivr.web.users import Users

Took = dict[str, list[tuple[float, float]]]
"""Milliseconds of each time, and those of the processor, by what was asked."""

CALLS = 1_000_000
ASKED = 40  # times each
PAGE = 50
NOW = 1_795_312_800.0
DAY = 86_400.0
SITE = "main"
PASSWORD = "a log of a million calls"
PAGE_VISITS = 5
PAGES = {
    "the list": "/calls",
    "the list, a month": "/calls?since=2026-10-01&until=2026-10-31",
    "search: a name": "/calls?q=%E5%91%A8",
    "search: four digits": "/calls?q=8000",
    "breaches of an extension": "/calls?breach=1&ext=101",
    "reports of a month": "/reports?period=month&day=2026-10-01",
    "the monthly report": "/reports/month?day=2026-10-01",
}
CPU = 1  # of what `timed` gives
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


async def timed(work: Awaitable[Any]) -> tuple[float, float]:
    """Milliseconds, and those of this process alone: others use the machine as well."""
    began, used = time.perf_counter(), time.process_time()
    await work
    return (time.perf_counter() - began) * 1000, (time.process_time() - used) * 1000


async def ask(db: Database) -> tuple[Took, Took]:
    """Milliseconds of every search and every report, by name."""
    calls, reports = Calls(db, SITE), Reports(db, SITE)
    chance, book = random.Random(2), estate.owners()
    found: Took = {}
    told: Took = {}
    for _ in range(ASKED):
        for name, wanted in searches(chance, book).items():
            took = await timed(calls.find(replace(wanted, limit=PAGE)))
            found.setdefault(name, []).append(took)
        since = NOW - chance.uniform(31, estate.DAYS) * DAY
        for name, days in (("day", 1), ("month", 30)):
            span = (since, since + days * DAY)
            parts = {
                "by time": reports.slots(*span),
                "by staff": reports.staff(*span),
                "breaches": reports.breaches(*span),
                "called back": reports.called_back(*span),
                "first contact": reports.first_contact(*span),
            }
            whole = []
            for part, work in parts.items():
                whole.append(await timed(work))
                told.setdefault(f"{name}, {part}", []).append(whole[-1])
            told.setdefault(name, []).append((sum(t for t, _ in whole), sum(c for _, c in whole)))
    return found, told


async def visit(folder: Path) -> Took:
    """Milliseconds of the pages themselves, as a signed-in manager gets them."""
    settings = Settings(
        ami=Ami(port=free_port()),
        media=Media(port=free_port()),
        callbacks=Callbacks(enabled=False, sample_households=0),
        paths=Paths(data=folder, prompts=folder / "prompts"),
    )
    async with await Service.open(settings) as service:
        people = Users(service.db, settings)
        await people.add(
            "manager", name="经理", role=Role.MANAGER, password=PASSWORD, must_change=False
        )
        people.close()
        runner = web.AppRunner(create_app(service), shutdown_timeout=1)
        await runner.setup()
        port = free_port()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        try:
            jar = aiohttp.CookieJar(unsafe=True)
            async with aiohttp.ClientSession(f"http://127.0.0.1:{port}", cookie_jar=jar) as person:
                form = {"login": "manager", "password": PASSWORD}
                async with person.post("/sign-in", data=form) as answer:
                    answer.raise_for_status()
                return await _pages(person)
        finally:
            await runner.cleanup()


async def _pages(person: aiohttp.ClientSession) -> Took:
    took: Took = {}
    for name, path in PAGES.items():
        for _ in range(PAGE_VISITS):
            took.setdefault(name, []).append(await timed(_get(person, path)))
    return took


async def _get(person: aiohttp.ClientSession, path: str) -> None:
    async with person.get(path) as answer:
        answer.raise_for_status()
        await answer.read()


async def measure(folder: Path) -> tuple[Took, Took, Took, float]:
    """Searches, reports and pages, and the seconds of migrating."""
    began = time.perf_counter()
    async with await Database.open(folder / FILE_NAME) as db:
        migrated_s = time.perf_counter() - began
        tell(f"log1m: indexed in {migrated_s:.0f} s")
        found, told = await ask(db)
    return found, told, await visit(folder), migrated_s


def report(calls: int = CALLS) -> dict[str, object]:
    quiet = structlog.make_filtering_bound_logger(logging.CRITICAL)
    structlog.configure(wrapper_class=quiet)  # its service has no Asterisk, and would say so
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / FILE_NAME
        estate.write(file, calls, NOW)
        tell(f"log1m: {calls} calls written")
        watch = figures.Watch()
        found, told, visited, migrated_s = asyncio.run(measure(Path(scratch)))
        load = watch.stop()
        size = sum(each.stat().st_size for each in Path(scratch).glob(f"{FILE_NAME}*"))
    return figures.report(
        [{"migrated_s": round(migrated_s, 1), "file_mib": round(size / 2**20), **load}],
        [
            *(
                Target(f"search, {name}: p95, ms", SEARCH_P95_MS, p95(took))
                for name, took in found.items()
            ),
            *(
                Target(f"report of a {name}: p95, ms", REPORT_P95_MS, p95(told[name]))
                for name in ("day", "month")
            ),
        ],
        calls=calls,
        days=estate.DAYS,
        asked=ASKED,
        searches_p50_ms={name: p50(took) for name, took in found.items()},
        searches_cpu_p95_ms={name: p95(took, CPU) for name, took in found.items()},
        reports_p95_ms={name: p95(took) for name, took in told.items()},
        reports_cpu_p95_ms={name: p95(took, CPU) for name, took in told.items()},
        pages_p50_ms={name: p50(took) for name, took in visited.items()},
    )


def p95(took: list[tuple[float, float]], which: int = 0) -> float:
    return round(figures.quantile([each[which] for each in took], 0.95) or 0.0, 1)


def p50(took: list[tuple[float, float]]) -> float:
    return round(figures.quantile([wall for wall, _ in took], 0.5) or 0.0, 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--calls", type=int, default=CALLS)
    print(json.dumps(report(parser.parse_args().calls), ensure_ascii=False, indent=2))


if __name__ == "__main__":
    main()
