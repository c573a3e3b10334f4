"""What is counted, how it is summed up, and on which machine."""

import asyncio
import contextlib
import os
import platform
import resource
import statistics
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bench import sipp
from ivr.errors import UserError
from ivr.pbx.install import find_or_install

Run = dict[str, float | int | None]
"""The figures of one run, each named with its unit."""

TICKS = os.sysconf("SC_CLK_TCK")
LOOK_EVERY_S = 0.01
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Target:
    """A promise of the product: `measured` is at most `limit`; None was not seen at all."""

    what: str
    limit: float
    measured: float | None

    @property
    def passed(self) -> bool:
        return self.measured is not None and self.measured <= self.limit


def told(target: Target) -> dict[str, object]:
    """A target as a report has it."""
    return asdict(target) | {"passed": target.passed}


def report(
    runs: Sequence[Run], targets: Sequence[Target], **conditions: object
) -> dict[str, object]:
    """What a bench hands back; `conditions` say how it was measured."""
    return {
        **conditions,
        "median": medians(runs),
        "targets": [told(target) for target in targets],
        "passed": all(target.passed for target in targets),
        "runs": list(runs),
    }


def medians(runs: Sequence[Run]) -> Run:
    """Of every figure, over the runs in which it was seen."""
    return {name: median(runs, name) for name in dict.fromkeys(n for run in runs for n in run)}


def median(runs: Sequence[Run], name: str) -> float | None:
    seen = _seen(runs, name)
    return round(statistics.median(seen), 3) if seen else None


def worst(runs: Sequence[Run], name: str) -> float | None:
    """The largest of all runs."""
    return max(_seen(runs, name), default=None)


async def until(done: Callable[[], bool], within_s: float) -> None:
    """Wait for `done`, which other processes bring about; `within_s` at most."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(within_s):
            while not done():  # noqa: ASYNC110 - no event of theirs reaches us
                await asyncio.sleep(LOOK_EVERY_S)


def missing(runs: Sequence[Run], name: str, expected: float) -> float:
    """By how much the figure was off, all runs together."""
    return sum(abs(expected - (run.get(name) or 0)) for run in runs)


def _seen(runs: Sequence[Run], name: str) -> list[float]:
    return [value for run in runs if (value := run.get(name)) is not None]


def quantile(values: Iterable[float], share: float) -> float | None:
    """The smallest value that at least `share` of all do not exceed (nearest rank)."""
    ordered = sorted(values)
    if not ordered:
        return None
    return ordered[max(0, -int(-share * len(ordered) // 1) - 1)]


def milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 1)


# --- processes ---------------------------------------------------------------


def cpu_s(pid: int) -> float:
    """Seconds of processor time that a process has used; 0 when it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except FileNotFoundError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS


def rss_mib(pid: int) -> float:
    """Memory of a process that is in RAM."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return round(pages * PAGE / 2**20, 1)


class Watch:
    """Who used the processor while it ran.

    `others_cores` is what everybody else on the machine used: a run is only as
    good as that is small.
    """

    def __init__(self, **pids: int) -> None:
        self._pids = pids
        self._began = time.monotonic()
        self._cpu = {name: cpu_s(pid) for name, pid in pids.items()}
        self._ours, self._busy = self._used(), _busy_s()
        self._load = os.getloadavg()[0]

    def _used(self) -> float:
        me, ended = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        spent = me.ru_utime + me.ru_stime + ended.ru_utime + ended.ru_stime
        return spent + sum(cpu_s(pid) for pid in self._pids.values())

    def stop(self) -> Run:
        took = time.monotonic() - self._began
        others = _busy_s() - self._busy - (self._used() - self._ours)
        cores: Run = {
            f"{name}_cores": round((cpu_s(pid) - self._cpu[name]) / took, 3)
            for name, pid in self._pids.items()
            if cpu_s(pid)
        }
        return cores | {
            "others_cores": round(max(0.0, others / took), 2),
            "load_before": round(self._load, 2),
            "load_after": round(os.getloadavg()[0], 2),
        }


def _busy_s() -> float:
    """Seconds that all cores together were not idle (waiting for a disk is idle)."""
    user, nice, system, _idle, _wait, *rest = Path("/proc/stat").read_text("ascii").split()[1:9]
    return sum(map(int, (user, nice, system, *rest))) / TICKS


# --- the machine -------------------------------------------------------------


def machine() -> Mapping[str, object]:
    """What the figures hold for."""
    memory = Path("/proc/meminfo").read_text(encoding="ascii").split()[1]
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(int(memory) / 2**20, 1),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "asterisk": _asterisk(),
        "sipp": _sipp(),
        "load": [round(each, 2) for each in os.getloadavg()],
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.processor()


def _asterisk() -> str:
    try:
        command = [*find_or_install().command, "-V"]
    except UserError as error:
        return str(error)
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def _sipp() -> str:
    try:
        said = subprocess.run([sipp.program(), "-v"], capture_output=True, text=True, check=False)
    except UserError as error:
        return str(error)
    return next((line.strip() for line in said.stdout.splitlines() if "SIPp v" in line), "")
