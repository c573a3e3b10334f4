"""What it costs when nothing happens: `python -m bench.idle` prints JSON.

`ivr serve` beside an idle Asterisk with 10 registered phones: share of a core
over 30 s, and memory in RAM.
"""

import argparse
import asyncio
import json

from bench import figures
from bench.figures import Run, Target
from bench.office import exts, office, tell

RUNS = 3
PHONES = 10
SECONDS = 30.0
SETTLE_S = 5.0  # after the start
CPU_PERCENT = 1.0
RSS_MIB = 120.0


async def measure(runs: int) -> list[Run]:
    async with office(desks=PHONES) as house:
        assert house.service is not None
        for ext in exts(house):
            await house.phone(ext, silent=True)
        await asyncio.sleep(SETTLE_S)
        measured = []
        for number in range(runs):
            tell(f"idle: run {number + 1} of {runs}")
            watch = figures.Watch(ivr=house.service.pid, asterisk=house.asterisk.pid)
            before = figures.cpu_s(house.service.pid)
            await asyncio.sleep(SECONDS)
            used = figures.cpu_s(house.service.pid) - before
            run: Run = {
                "ivr_cpu_percent": round(100 * used / SECONDS, 2),
                "ivr_rss_mib": figures.rss_mib(house.service.pid),
                "asterisk_rss_mib": figures.rss_mib(house.asterisk.pid),
            }
            measured.append(run | watch.stop())
        return measured


def report(runs: int = RUNS) -> dict[str, object]:
    measured = asyncio.run(measure(runs))
    return figures.report(
        measured,
        [
            Target("% of a core", CPU_PERCENT, figures.median(measured, "ivr_cpu_percent")),
            Target("memory in RAM, MiB", RSS_MIB, figures.worst(measured, "ivr_rss_mib")),
        ],
        phones=PHONES,
        seconds=SECONDS,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=RUNS)
    print(json.dumps(report(parser.parse_args().runs), ensure_ascii=False, indent=2))


if __name__ == "__main__":
    main()
