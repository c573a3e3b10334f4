"""A campaign at full size: `python -m bench.campaign` prints JSON.

Are the lines used, is the pace kept, is there CPU left?

People answer after 2 to 20 s or, one in seven, not at all; the talk lasts 10 to
25 s; `--scale 10` plays all of it ten times as fast. Real Asterisk, real SIP, no
audio. Each household is called once. Measured by Asterisk's clock:

- line use: what the same calls take when packed perfectly (all their seconds over
  all lines, or the longest call) against what they took;
- pace: the most calls begun in any second, against the pace set; and with lines
  always free (every number busy) how far below the pace it stays;
- decision: how long it takes to find the next call among 100,000 households;
- CPU of the dialer's process.
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from bisect import bisect_left
from pathlib import Path
from typing import NamedTuple

import structlog

from bench import figures
from bench.figures import Target
from ivr.demo.behaviours import answer, busy, never_answer
from ivr.demo.house import House
from ivr.outbound.dialer import Dialer
from ivr.outbound.ledger import Ledger
from ivr.outbound.model import Attempt, CampaignState, Outcome
from ivr.pbx.session import Session
from ivr.pbx.switch import Switch
from ivr.store.database import FILE_NAME, Database
from tests.outbound.office import (
    campaign,
    households,
    open_town,
    settings,
    spawn,
    stop,
)

RING_S, PACE = 30.0, 4.0  # at scale 1
FREE_CALLS = 300
DUE = 100_000
MOST_UNUSED, MOST_CPU, MOST_DECISION_MS, MOST_BELOW = 0.03, 0.60, 20.0, 0.05


class Run(NamedTuple):
    calls: list[Attempt]
    cpu_s: float
    households: int
    unclear: int  # calls whose end nobody knows, or that found no line

    @property
    def begun(self) -> list[float]:
        return sorted(call.dialled_at or 0.0 for call in self.calls)

    @property
    def took_s(self) -> float:
        return max(call.ended_at or 0.0 for call in self.calls) - self.begun[0]

    def perfect_s(self, lines: int) -> float:
        lengths = [(call.ended_at or 0.0) - (call.dialled_at or 0.0) for call in self.calls]
        return max(sum(lengths) / lines, *lengths)

    @property
    def most_a_second(self) -> int:
        times = self.begun
        return max(bisect_left(times, at + 1.0) - index for index, at in enumerate(times))


async def play(house: House, db: Database, first: int, count: int, lines: int, scale: float) -> Run:
    """Phone `count` households once each, by a dialer in a process of its own."""
    ledger = Ledger(db, house.settings.site.id)
    notice = campaign()
    await ledger.create(notice, households(notice, count, first))
    process = await spawn(
        house, settings(lines=lines, pace=PACE * scale, ring_s=RING_S / scale, attempts=1)
    )
    try:
        while (await ledger.campaign(notice.id)).state is not CampaignState.DONE:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        cpu_s = await stop(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    stories = await ledger.stories(notice.id)
    calls = [attempt for story in stories for attempt in story.attempts]
    unclear = (Outcome.UNKNOWN, Outcome.CONGESTION)
    return Run(calls, cpu_s, count, sum(call.outcome in unclear for call in calls))


async def decisions(folder: Path) -> list[float]:
    """Seconds that each of some decisions takes when 100,000 households are due."""
    took = []
    async with await Database.open(folder / "due.db") as db:
        used = settings(lines=1000)
        dialer = Dialer(db, used, Switch(Session(used.ami)))
        notice = campaign()
        await Ledger(db, used.site.id).create(notice, households(notice, DUE))
        for _ in range(200):
            begun = time.perf_counter()
            assert await dialer.decide() is not None
            took.append(time.perf_counter() - begun)
    return took


async def measure(count: int, lines: int, scale: float, folder: Path) -> figures.Run:
    chance = random.Random(3)
    talk_s = f"$[${{RAND({10_000 / scale:.0f},{25_000 / scale:.0f})}} / 1000]"
    async with (
        open_town(folder, talk_s) as house,
        await Database.open(house.settings.paths.data / FILE_NAME) as db,
    ):
        house.city.silent = True
        for each in households(campaign(), count):
            after_s = chance.uniform(2, 20) / scale
            behaviour = never_answer if chance.random() < 1 / 7 else answer(after_s)
            house.city.subscriber(each.numbers[0], behaviour)
        full = await play(house, db, 0, count, lines, scale)
        for each in households(campaign(), FREE_CALLS, count):
            house.city.subscriber(each.numbers[0], busy)
        free = await play(house, db, count, FREE_CALLS, lines, scale)
    took = await decisions(folder)
    below = 1 - (FREE_CALLS - 1) / (free.begun[-1] - free.begun[0]) / (PACE * scale)
    return {
        "took_s": round(full.took_s, 1),
        "perfectly_packed_s": round(full.perfect_s(lines), 1),
        "line_use": round(full.perfect_s(lines) / full.took_s, 4),
        "calls_in_any_second": max(full.most_a_second, free.most_a_second),
        "below_pace_with_free_lines": round(below, 4),
        "dialer_cores": round(full.cpu_s / full.took_s, 3),
        "calls_beyond_one_a_household": sum(
            len(run.calls) - run.households for run in (full, free)
        ),
        "calls_unclear": full.unclear + free.unclear,
        "answered": sum(call.answered_at is not None for call in full.calls),
        "decision_p50_ms": figures.milliseconds(figures.quantile(took, 0.5)),
        "decision_longest_ms": figures.milliseconds(max(took)),
    }


def report(count: int = 1000, lines: int = 30, scale: float = 10.0) -> dict[str, object]:
    with tempfile.TemporaryDirectory(prefix="ivr-bench-") as folder:
        run = asyncio.run(measure(count, lines, scale, Path(folder)))
    unused = round(1 - float(run["line_use"] or 0.0), 4)
    return figures.report(
        [run],
        [
            Target("share of the lines unused", MOST_UNUSED, unused),
            Target("calls in any second", PACE * scale + 1, run["calls_in_any_second"]),
            Target("below the pace with free lines", MOST_BELOW, run["below_pace_with_free_lines"]),
            Target("calls beyond one a household", 0, run["calls_beyond_one_a_household"]),
            Target("calls unclear", 0, run["calls_unclear"]),
            Target("cores of the dialer", MOST_CPU, run["dialer_cores"]),
            Target("longest decision, ms", MOST_DECISION_MS, run["decision_longest_ms"]),
        ],
        households=count, lines=lines, due_households=DUE,
        time_scale=f"1:{scale:g} (people, talk, ringing and pace)",
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--households", type=int, default=1000)
    parser.add_argument("--lines", type=int, default=30)
    parser.add_argument("--scale", type=float, default=10.0)
    asked = parser.parse_args()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    found = report(asked.households, asked.lines, asked.scale)
    print(json.dumps(found, ensure_ascii=False, indent=2))


if __name__ == "__main__":
    main()
