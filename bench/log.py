"""Every call its row, at once, under load: `python -m bench.log` prints JSON.

50 calls a second for 60 s from a sipp city; a sipp desk picks each up quickly,
the talk is short. `ivr serve` commits the rows (synchronous=FULL). The lag runs
from the end of a call by Asterisk's clock to the moment at which another
connection to the database sees its row, looked for every 10 ms.
"""

import argparse
import asyncio
import contextlib
import json
import re
import sqlite3
import time

import aiohttp

from bench import figures, sipp
from bench.figures import Run, Target
from bench.office import HOTLINE, office, sipp_desks, tell
from ivr.demo.house import House
from ivr.store.database import FILE_NAME

RUNS = 3
RATE = 50.0  # calls a second
SECONDS = 60
PICK_UP_S = 0.1
TALK_S = 1.0
LOOK_EVERY_S = 0.01
ROWS_WITHIN_S = 10.0
LAG_P99_MS = 250.0


class Watcher:
    """Sees rows as they are committed."""

    def __init__(self, house: House) -> None:
        path = house.settings.paths.data / FILE_NAME
        self._log = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        self._last = 0
        self.lag_s: dict[str, float] = {}

    def look(self) -> None:
        new = self._log.execute(
            "SELECT rowid, call_id, end_at FROM calls WHERE rowid > ? ORDER BY rowid", (self._last,)
        ).fetchall()
        now = time.time()
        for self._last, call_id, end_at in new:
            self.lag_s[call_id] = now - end_at

    async def follow(self) -> None:
        while True:
            self.look()
            await asyncio.sleep(LOOK_EVERY_S)

    def answered(self) -> int:
        sql = "SELECT count(*) FROM calls WHERE disposition = 'answered' AND repaired = 0"
        return int(self._log.execute(sql).fetchone()[0])

    def close(self) -> None:
        self._log.close()


async def measure(seconds: int = SECONDS) -> Run:
    """One run. Nothing is recorded: the talk is silence, and its files would be the load."""
    async with (
        office(desks=1, recording=False) as house,
        sipp_desks(house, sipp.ANSWERS, PICK_UP_S) as desk,
    ):
        assert house.service is not None
        with contextlib.closing(Watcher(house)) as watcher:
            following = asyncio.create_task(watcher.follow())
            watch = figures.Watch(
                ivr=house.service.pid, asterisk=house.asterisk.pid, phones=desk.pid
            )
            seen = await sipp.call(
                house.folder, house.server, HOTLINE,
                calls=round(RATE * seconds), rate=RATE, stay_s=TALK_S,
            )  # fmt: skip
            load = watch.stop()
            await figures.until(lambda: len(watcher.lag_s) >= seen.created, ROWS_WITHIN_S)
            following.cancel()
            rows, lags = len(watcher.lag_s), watcher.lag_s.values()
            return {
                "calls": seen.created,
                "successful": seen.successful,
                "failed": seen.failed,
                "rows": rows,
                "rows_answered": watcher.answered(),
                "p50_lag_ms": figures.milliseconds(figures.quantile(lags, 0.5)),
                "p99_lag_ms": figures.milliseconds(figures.quantile(lags, 0.99)),
                "longest_lag_ms": figures.milliseconds(max(lags, default=None)),
                "own_rows_within_250_ms": await _own_count(house),
                "ivr_rss_mib": figures.rss_mib(house.service.pid),
                **load,
            }


async def _own_count(house: House) -> int | None:
    """The service's own view, from /metrics: rows that lagged 250 ms at most."""
    async with aiohttp.request("GET", f"{house.url}/metrics") as response:
        text = await response.text()
    found = re.search(r'^ivr_call_log_lag_seconds_bucket\{le="0.25"\} (\S+)', text, re.MULTILINE)
    return None if found is None else round(float(found[1]))


def report(runs: int = RUNS) -> dict[str, object]:
    measured = []
    for number in range(runs):
        tell(f"log: run {number + 1} of {runs}")
        measured.append(asyncio.run(measure()))
    calls = round(RATE * SECONDS)
    failed = figures.missing(measured, "successful", calls)
    lost = figures.missing(measured, "rows_answered", calls)
    lag = figures.median(measured, "p99_lag_ms")
    return figures.report(
        measured,
        [
            Target("calls that sipp did not end well, all runs", 0, failed),
            Target("calls without their one row, all runs", 0, lost),
            Target("p99 from a call's end to its row, ms", LAG_P99_MS, lag),
        ],
        calls_per_s=RATE,
        seconds=SECONDS,
        recording=False,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=RUNS)
    print(json.dumps(report(parser.parse_args().runs), ensure_ascii=False, indent=2))


if __name__ == "__main__":
    main()
