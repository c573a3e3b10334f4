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
from collections.abc import Mapping

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

    async def until(self, rows: int, within_s: float) -> None:
        """Until `rows` were seen, or `within_s` is over."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while len(self.lag_s) < rows:
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
            watch = figures.Watch(ivr=house.service.pid, asterisk=house.asterisk.pid, phones=desk.pid)
            seen = await sipp.call(
                house.folder, house.server, HOTLINE,
                calls=round(RATE * seconds), rate=RATE, stay_s=TALK_S,
            )  # fmt: skip
            load = watch.stop()
            await watcher.until(seen.created, ROWS_WITHIN_S)
            following.cancel()
            rows = len(watcher.lag_s)
            lags = watcher.lag_s.values()
            return {
                "calls": seen.created,
                "successful": seen.successful,
                "failed": seen.failed,
                "rows": rows,
                "rows_answered": watcher.answered(),
                "missing": seen.created - rows,
                "p50_lag_ms": figures.milliseconds(figures.quantile(lags, 0.5)),
                "p99_lag_ms": figures.milliseconds(figures.quantile(lags, 0.99)),
                "longest_lag_ms": figures.milliseconds(max(lags, default=None)),
                **await _histogram(house),
                "ivr_rss_mib": figures.rss_mib(house.service.pid),
                **load,
            }


async def _histogram(house: House) -> Mapping[str, int]:
    """The service's own view: /metrics, rows by the lag that they had at most."""
    async with aiohttp.request("GET", f"{house.url}/metrics") as response:
        text = await response.text()
    found = re.findall(r'^ivr_call_log_lag_seconds_bucket\{le="([^"]+)"\} (\S+)', text, re.MULTILINE)
    return {f"own_rows_within_{limit}_s": round(float(count)) for limit, count in found}


def report(runs: int = RUNS) -> dict[str, object]:
    measured = []
    for number in range(runs):
        tell(f"log: run {number + 1} of {runs}")
        measured.append(asyncio.run(measure()))
    lost = sum(abs(run["missing"] or 0) for run in measured)
    failed = sum(run["failed"] or 0 for run in measured)
    return figures.report(
        measured,
        [
            Target("calls without their one row, all runs", 0, lost),
            Target("calls that sipp says failed, all runs", 0, failed),
            Target("p99 from a call's end to its row, ms", LAG_P99_MS, figures.median(measured, "p99_lag_ms")),
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
