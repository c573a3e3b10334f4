"""Every bench, or those named: `python -m bench.run [NAME…]`; `make bench` calls it.

Prints one JSON document: the machine, and of each bench its conditions, its
medians, its targets (limit, measured, passed) and every run. A target that was
missed is said, not punished: the exit status is 1 only if a bench could not run.
"""

import argparse
import json
import logging
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime

import structlog

from bench import (
    campaign,
    events,
    figures,
    guard,
    hear,
    idle,
    import_owners,
    kill,
    log,
    log1m,
    media,
    memory,
    turn,
)
from bench.office import tell
from ivr import __version__
from ivr.errors import UserError

Report = dict[str, object]


def board_report() -> Report:
    from bench import board  # needs a browser, which the others do without

    return board.report()


BENCHES: dict[str, Callable[[], Report]] = {
    "events": lambda: events.report(events.RUNS, events.EVENTS),
    "idle": idle.report,
    "log": log.report,
    "log1m": log1m.report,
    "guard": guard.report,
    "media": media.report,
    "import": lambda: import_owners.report(import_owners.OWNERS, import_owners.RUNS),
    "hear": hear.report,
    "memory": memory.report,
    "turn": turn.report,
    "campaign": campaign.report,
    "kill": kill.report,
    "board": board_report,
}


def run(name: str) -> Report:
    """The report of `bench.NAME`, or why there is none."""
    tell(f"{name}…")
    began = time.monotonic()
    try:
        result = BENCHES[name]()
    except (UserError, OSError, TimeoutError, subprocess.CalledProcessError) as error:
        result = {"error": str(error) or type(error).__name__, "passed": False}
    took = round(time.monotonic() - began, 1)
    said = result.get("error") or ("passed" if result["passed"] else "a target was missed")
    tell(f"{name}: {said} ({took} s)")
    return {**result, "took_s": took}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHES)}; default all"
    )
    names = parser.parse_args().names or list(BENCHES)
    if unknown := [name for name in names if name not in BENCHES]:
        parser.error(f"there is no bench {unknown[0]}; they are: {', '.join(BENCHES)}")
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    machine = figures.machine()
    reports = {name: run(name) for name in names}
    document = {
        "ivr": __version__,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine,
        "passed": all(report["passed"] for report in reports.values()),
        "benches": reports,
    }
    print(json.dumps(document, ensure_ascii=False, indent=2))
    return int(any("error" in report for report in reports.values()))


if __name__ == "__main__":
    raise SystemExit(main())
