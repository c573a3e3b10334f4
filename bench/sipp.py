"""sipp as the city and as the desks: our own scenarios, and sipp's own statistics of them."""

import asyncio
import contextlib
import csv
import shutil
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import SOCK_DGRAM

from ivr.demo.house import CITY_HOST, free_port
from ivr.errors import UserError
from ivr.pbx.dialplan import Account

HERE = Path(__file__).parent
DESK_HOST = "127.0.0.1"
CALLER, REGISTER = "caller.xml", "register.xml"
RINGS, ANSWERS = "desk_rings.xml", "desk_answers.xml"

FROM_INVITE, FROM_RINGING = "1", "2"
"""Response times of caller.xml, both up to the answer."""

Address = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Calls:
    """What sipp counted. `response_s`: seconds of each call, by the name of the timer."""

    created: int
    successful: int
    failed: int
    response_s: Mapping[str, Sequence[float]]


def program() -> str:
    """Raises UserError with the command that installs it."""
    found = shutil.which("sipp")
    if found is None:
        raise UserError("sipp is not installed; run: sudo apt-get install -y sip-tester")
    return found


def _command(folder: Path, scenario: str, host: str, port: int, *options: str) -> list[str]:
    # sipp writes its statistics beside the scenario, hence the copy
    copy = folder / scenario
    shutil.copyfile(HERE / scenario, copy)
    media = str(free_port(SOCK_DGRAM, host))
    return [
        program(), "-sf", str(copy), "-i", host, "-p", str(port), "-mi", host, "-mp", media,
        "-nostdin", "-trace_err", "-error_file", str(folder / f"{copy.stem}.err"), *options,
    ]  # fmt: skip


async def _start(command: Sequence[str], folder: Path) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *command, cwd=folder, stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip


async def _end(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    await process.wait()


async def call(
    folder: Path, server: Address, number: str, *, calls: int, rate: float, stay_s: float
) -> Calls:
    """`calls` owners of the city, `rate` a second, call `number`; each stays `stay_s`
    after the answer, then hangs up. Returns when the last one has."""
    statistics = folder / "calls.csv"
    command = _command(
        folder, CALLER, CITY_HOST, free_port(SOCK_DGRAM, CITY_HOST),
        "-s", number, "-m", str(calls), "-r", str(rate), "-l", str(calls),
        "-d", str(round(stay_s * 1000)), "-trace_rtt", "-rtt_freq", "1",
        "-trace_stat", "-stf", str(statistics), "-fd", "1", f"{server[0]}:{server[1]}",
    )  # fmt: skip
    process = await _start(command, folder)
    try:
        await process.wait()
    finally:
        await _end(process)
    return read(statistics, folder / f"caller_{process.pid}_rtt.csv")


def read(statistics: Path, response_times: Path) -> Calls:
    """What sipp wrote into the files of -trace_stat and -trace_rtt."""
    with statistics.open(encoding="ascii") as file:
        last = list(csv.DictReader(file, delimiter=";"))[-1]
    seconds: dict[str, list[float]] = {FROM_INVITE: [], FROM_RINGING: []}
    with response_times.open(encoding="ascii") as file:
        for _, milliseconds, timer, *_ in list(csv.reader(file, delimiter=";"))[1:]:
            seconds[timer].append(float(milliseconds) / 1000)
    return Calls(
        int(last["TotalCallCreated"]), int(last["SuccessfulCall(C)"]), int(last["FailedCall(C)"]),
        seconds,
    )  # fmt: skip


@asynccontextmanager
async def desks(
    folder: Path, server: Address, accounts: Sequence[Account], scenario: str, pick_up_s: float = 0
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Desk phones that do as `scenario` says, registered, all in one process."""
    port = free_port(SOCK_DGRAM, DESK_HOST)
    to = f"{server[0]}:{server[1]}"
    lines = [f"{a.user};[authentication username={a.user} password={a.password}]" for a in accounts]
    injected = folder / "accounts.csv"
    injected.touch(mode=0o600)
    injected.write_text("\n".join(["SEQUENTIAL", *lines, ""]), encoding="ascii")
    # Asterisk finds a phone where its REGISTER came from: one port, first one, then the other
    once = ("-inf", str(injected), "-m", str(len(accounts)), "-timeout", "10")
    registering = await _start(_command(folder, REGISTER, DESK_HOST, port, *once, to), folder)
    if await registering.wait() != 0:
        raise UserError(f"The bench's phones could not register; see {folder}/register.err")
    pause = ("-d", str(round(pick_up_s * 1000)))
    process = await _start(_command(folder, scenario, DESK_HOST, port, *pause, to), folder)
    try:
        yield process
    finally:
        await _end(process)
