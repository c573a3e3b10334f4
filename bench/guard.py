"""The promise of three rings under load: `python -m bench.guard` prints JSON.

200 owners of a sipp city ring the hotline at once. Nobody picks up: two desk
phones ring, at ring 3 a backup phone too, and before ring 4 the system must
answer. What counts is what the caller's telephone saw, from its INVITE to the
200, in sipp's own response times. Once with ivr watching, once with ivr killed
(SIGKILL) halfway, when the backup phones of some calls ring and of others do not.
"""

import argparse
import asyncio
import contextlib
import json
import sqlite3

from bench import figures, sipp
from bench.figures import Run, Target
from bench.office import HOTLINE, office, sipp_desks, tell
from ivr.demo.house import House
from ivr.store.database import FILE_NAME

RUNS = 3
CALLS = 200
RATE = 50.0  # calls a second: all of them ring 4 s after the first
DESKS, BACKUPS = 2, 1
STAY_S = 5.0  # in the music: until all are answered
KILL_AFTER_S = 11.0
ROWS_WITHIN_S = 30.0

P99_ERROR_MS = 150.0
LATEST_S = 15.2
LATEST_ALONE_S = 16.0


async def measure(*, kill: bool) -> Run:
    """One run. Seconds count from each caller's INVITE."""
    async with office(DESKS, BACKUPS) as house, sipp_desks(house, sipp.RINGS) as desks:
        assert house.service is not None
        watch = figures.Watch(ivr=house.service.pid, asterisk=house.asterisk.pid, phones=desks.pid)
        burst = sipp.call(
            house.folder, house.server, HOTLINE, calls=CALLS, rate=RATE, stay_s=STAY_S
        )
        city = asyncio.create_task(burst)
        if kill:
            await asyncio.sleep(KILL_AFTER_S)
            await house.stop_service(kill=True)
        seen = await city
        load = watch.stop()
        if kill:
            await house.start_service()
        return _figures(seen, house.settings.rings.deadline_s) | await _log(house) | load


def _figures(seen: sipp.Calls, deadline_s: float) -> Run:
    after = seen.response_s[sipp.FROM_INVITE]
    error = [abs(each - deadline_s) for each in after]
    return {
        "calls": seen.created,
        "failed": seen.failed,
        "answered": len(after),
        "p50_error_ms": figures.milliseconds(figures.quantile(error, 0.5)),
        "p99_error_ms": figures.milliseconds(figures.quantile(error, 0.99)),
        "first_answer_s": min(after, default=None),
        "last_answer_s": max(after, default=None),
        "last_answer_after_ringing_s": max(seen.response_s[sipp.FROM_RINGING], default=None),
    }


async def _log(house: House) -> Run:
    """What the log says of the same calls, once it has them all."""
    path = house.settings.paths.data / FILE_NAME
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as log:
        count = "SELECT count(*) FROM calls"
        await figures.until(lambda: log.execute(count).fetchone()[0] >= CALLS, ROWS_WITHIN_S)
        rows, breaches, repaired = log.execute(
            "SELECT count(*), sum(breach), sum(repaired) FROM calls"
        ).fetchone()
        backups = log.execute(
            "SELECT min(legs.ring_at) - calls.ring_at"
            " FROM legs JOIN calls ON calls.id = legs.call"
            " WHERE legs.ext = :backup AND legs.ring_at < calls.system_answer_at"
            " GROUP BY legs.call",
            {"backup": house.settings.phones[-1].ext},
        ).fetchall()
    late = [at - 2 * house.settings.rings.ring_cadence_s for (at,) in backups]
    return {
        "rows": rows,
        "rows_breach": breaches,
        "rows_repaired": repaired,
        "backup_rang_at_ring_3": len(backups),
        "p99_backup_late_ms": figures.milliseconds(figures.quantile(late, 0.99)),
    }


def report(runs: int = RUNS) -> dict[str, object]:
    """Both ways, `runs` times each; the latest caller is that of all runs."""
    watched, alone = [], []
    for number in range(runs):
        tell(f"guard: run {number + 1} of {runs}, ivr watching")
        watched.append(asyncio.run(measure(kill=False)))
        tell(f"guard: run {number + 1} of {runs}, ivr killed halfway")
        alone.append(asyncio.run(measure(kill=True)))
    conditions = {
        "calls_at_once": CALLS, "calls_per_s": RATE, "desks": DESKS, "backups": BACKUPS,
    }  # fmt: skip
    error = figures.median(watched, "p99_error_ms")
    with_ivr = figures.report(
        watched,
        [Target("p99 of |answer − 15 s|, ms", P99_ERROR_MS, error), *_all(watched, LATEST_S)],
    )
    killed = figures.report(alone, _all(alone, LATEST_ALONE_S), killed_after_s=KILL_AFTER_S)
    passed = bool(with_ivr["passed"] and killed["passed"])
    return conditions | {"ivr_watching": with_ivr, "ivr_killed": killed, "passed": passed}


def _all(runs: list[Run], latest_s: float) -> list[Target]:
    """What holds for every caller of every run."""
    return [
        Target("latest answer of all runs, s", latest_s, figures.worst(runs, "last_answer_s")),
        Target("callers without an answer, all runs", 0, figures.missing(runs, "answered", CALLS)),
        Target("calls without their one row, all runs", 0, figures.missing(runs, "rows", CALLS)),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=RUNS)
    print(json.dumps(report(parser.parse_args().runs), ensure_ascii=False, indent=2))


if __name__ == "__main__":
    main()
