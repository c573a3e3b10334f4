"""How fast events become facts: `python -m bench.events` prints JSON.

A trace recorded from a real Asterisk (recorded.ami: calls answered, abandoned,
unanswered, transferred, queued) is repeated with ids of its own for each
repetition and served from a TCP socket by another process. It is read by

- `ivr`: Session (framing, queue, decoding), Tracker and a null subscriber;
- `peer`: panoramisk and the call tracker cacofonisk, wired as its AmiRunner does,
  with a null reporter (`pip install cacofonisk==0.7.10`).

Each is a process of its own bound to one core, several times in turn; the
figures are medians, but the memory of the longer trace is its worst. Seconds
count from connecting to the last event.
"""

import argparse
import asyncio
import json
import logging
import os
import re
import resource
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

RECORDED = Path(__file__).with_name("recorded.ami")
LOGIN = b"Response: Success\r\nMessage: Authentication accepted\r\n"
BOOTED = b"Event: FullyBooted\r\nPrivilege: system,all\r\nUptime: 1\r\nStatus: Fully Booted\r\n\r\n"
LAST = b"Event: UserEvent\r\nPrivilege: user,all\r\nUserEvent: BenchEnd\r\n\r\n"
RUNS = 5
LONG_RUNS = 3
EVENTS = 100_000


# --- the trace ---------------------------------------------------------------

_IDS = re.compile(
    rb"(?<=id: )(\d+\.\d+)|(?<=-)([0-9a-f]{8})(?=\r|;)|(?<=Uniqueid: )([0-9a-f-]{36})", re.I
)


def repetitions(events: int) -> Iterator[bytes]:
    """The recording again and again until there are `events`, its ids never twice."""
    recorded = RECORDED.read_bytes().partition(b"\r\n")[2]  # without the comment
    count = recorded.count(b"\r\n\r\n")
    for n in range(-(-events // count)):

        def renumbered(found: re.Match[bytes], n: int = n) -> bytes:
            uniqueid, channel, bridge = found.groups()
            if uniqueid:
                return uniqueid + b"%06d" % n
            if channel:
                return b"%08x" % ((int(channel, 16) + n * 0x100) & 0xFFFFFFFF)
            return b"%08x" % n + bytes(bridge[8:])

        yield _IDS.sub(renumbered, recorded)


def serve(events: int) -> None:
    """Be an Asterisk for one client; the port is the first line printed."""
    pieces = list(repetitions(events))
    with socket.create_server(("127.0.0.1", 0)) as server:
        print(server.getsockname()[1], flush=True)
        client, _ = server.accept()
        with client:
            client.sendall(b"Asterisk Call Manager/11.0.0\r\n")
            asked = b""
            while b"\r\n\r\n" not in asked:
                asked += client.recv(4096)
            action_id = re.search(rb"ActionID: (.*)\r\n", asked)
            assert action_id is not None
            client.sendall(LOGIN + b"ActionID: " + action_id[1] + b"\r\n\r\n" + BOOTED)
            for piece in pieces:
                client.sendall(piece)
            client.sendall(LAST)
            while client.recv(4096):  # pings; the client ends it
                pass


# --- those who read it -------------------------------------------------------


async def run_ivr(port: int) -> tuple[float, int]:
    from pydantic import SecretStr

    from ivr.calls.tracker import Tracker
    from ivr.pbx.events import Event, UserEvent
    from ivr.pbx.session import Session
    from ivr.settings import Ami

    tracker = Tracker(lambda name: name.startswith("PJSIP/city-"))
    done = asyncio.Event()
    facts = 0

    def take(event: Event) -> None:
        nonlocal facts
        facts += len(tracker.feed(event))
        if isinstance(event, UserEvent) and event.name == "BenchEnd":
            done.set()

    began = time.perf_counter()
    # The server answers no action but the login; no answer must be waited for.
    ami = Ami(port=port, secret=SecretStr("bench"), timeout_s=600, ping_s=600)
    async with Session(ami, take):
        await done.wait()
        took = time.perf_counter() - began
    return took, facts


async def run_peer(port: int) -> tuple[float, int]:
    from cacofonisk.handlers import EventHandler
    from cacofonisk.reporters import BaseReporter
    from panoramisk import Manager

    logging.disable()  # writing its warnings is no part of the race
    handler = EventHandler(reporter=BaseReporter())
    done = asyncio.Event()

    def take(manager: Manager, event: dict[str, str]) -> None:
        if event["Event"] == "UserEvent" and event["UserEvent"] == "BenchEnd":
            done.set()
        else:
            handler.on_event(event)

    manager = Manager(
        loop=asyncio.get_running_loop(), host="127.0.0.1", port=port, username="ivr",
        secret="bench", encoding="utf8", ping_delay=600, ping_interval=600,
    )  # fmt: skip
    # As cacofonisk's AmiRunner: only what its handler wants.
    for name in handler.event_handlers():
        manager.register_event(name, take)
    began = time.perf_counter()
    await manager.connect()
    await done.wait()
    took = time.perf_counter() - began
    manager.close()
    return took, 0


# --- measuring ---------------------------------------------------------------


def measure(side: str, events: int) -> dict[str, float]:
    """One run: a server and a reader, each a process of its own."""
    me = [sys.executable, "-m", "bench.events", "--events", str(events)]
    server = subprocess.Popen([*me, "--part", "serve"], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        port = server.stdout.readline().strip()
        said = subprocess.run(
            [*me, "--part", side, "--port", port],
            stdout=subprocess.PIPE, text=True, check=True, timeout=600,
        ).stdout  # fmt: skip
    finally:
        server.kill()
        server.wait()
    figures: dict[str, float] = json.loads(said.splitlines()[-1])
    return figures


def read(side: str, port: int, events: int) -> None:
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[-1]})
    took, facts = asyncio.run((run_ivr if side == "ivr" else run_peer)(port))
    peak_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"seconds": took, "facts": facts, "peak_mib": peak_kib / 1024}))


def report(runs: int, events: int) -> dict[str, object]:
    count = sum(piece.count(b"\r\n\r\n") for piece in repetitions(events))
    taken: dict[str, list[dict[str, float]]] = {"ivr": [], "peer": []}
    for _ in range(runs):
        for side, figures in taken.items():
            figures.append(measure(side, events))

    def median(side: str, key: str) -> float:
        return statistics.median(figures[key] for figures in taken[side])

    rate = {side: count / median(side, "seconds") for side in taken}
    longest_peak = max(measure("ivr", 5 * events)["peak_mib"] for _ in range(LONG_RUNS))
    return {
        "events": count,
        "runs": runs,
        "ivr_events_per_s": round(rate["ivr"]),
        "peer_events_per_s": round(rate["peer"]),
        "times_faster": round(rate["ivr"] / rate["peer"], 2),
        "facts": int(median("ivr", "facts")),
        "peak_mib": round(median("ivr", "peak_mib"), 1),
        "worst_peak_mib_of_5_times": round(longest_peak, 1),
        "passed": rate["ivr"] > max(60_000, 2 * rate["peer"])
        and longest_peak < 1.2 * median("ivr", "peak_mib"),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--events", type=int, default=EVENTS)
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--part", choices=["serve", "ivr", "peer"], help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, default=0, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.part == "serve":
        serve(asked.events)
    elif find_spec("cacofonisk") is None:
        sys.exit("bench.events compares with cacofonisk: run `pip install cacofonisk==0.7.10`")
    elif asked.part:
        read(asked.part, asked.port, asked.events)
    else:
        print(json.dumps(report(asked.runs, asked.events), indent=2))


if __name__ == "__main__":
    main()
