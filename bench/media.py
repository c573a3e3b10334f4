"""Sixty conversations at once: `python -m bench.media` prints JSON.

The media server, in a process of its own, plays a message to 60 owners of the city
whom a real Asterisk has phoned; the owners send sound all the while, as telephones do.
Counted are the processor time of that process while all 60 play, and the silences
in what each owner received: the message has none of its own, so that one in the
recording is an underrun or a lost packet. In the end every owner presses a key, and
the message must stop.
"""

import argparse
import asyncio
import json
import random
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import structlog

from bench import figures
from bench.figures import Run, Target
from bench.office import office, tell
from ivr.demo import hearing
from ivr.demo.behaviours import answer
from ivr.demo.call import Call
from ivr.demo.house import House
from ivr.demo.sound import RATE, Samples, write_wav
from ivr.ids import uuid7
from ivr.pbx import actions
from ivr.pbx.session import Session
from ivr.settings import Media
from ivr.talk.conversation import Conversation
from ivr.talk.line import Line
from ivr.talk.media import MediaServer

RUNS = 3
LINES = 60
CALLS_PER_S = 20.0
MESSAGE_S = 40.0
MEASURED_S = 30.0
FIRST_NUMBER = 13_800_000_000
COMPARED = 6  # owners whose recording is compared with the message, sample by sample
KEY_S = 0.1  # how long an owner holds a key down

CORES = 0.30
GAP_MS = 40.0
BARGE_IN_MS = 150.0


def message() -> Samples:
    """A voice that never pauses and never repeats: swept tones."""
    draw = np.random.default_rng(1)
    hertz = np.repeat(draw.uniform(500, 2500, round(MESSAGE_S * 4)), RATE // 4)
    return (8000 * np.sin(2 * np.pi * np.cumsum(hertz) / RATE)).astype(np.int16)


# --- the process that is measured ----------------------------------------------


async def serve(port: int, sound: Path) -> None:
    """Play `sound` to everybody until stdin closes."""

    async def on_line(line: Line) -> None:
        await Conversation(line, sound.parent).say(sound)
        await line.ended.wait()

    async with MediaServer(Media(port=port), on_line, lambda attempt: True):
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.read)


@asynccontextmanager
async def serving(house: House, sound: Path) -> AsyncIterator["asyncio.subprocess.Process"]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.media", "--part", "serve",
        "--port", str(house.asterisk.fresh.media_port), "--sound", str(sound),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        await process.stdout.readline()
        yield process
    finally:
        process.stdin.close()
        await process.wait()


# --- the people -----------------------------------------------------------------


async def phone(session: Session, house: House) -> list[Call]:
    """Phone every owner, at a steady pace; returns when all hear something."""
    arrived: asyncio.Queue[Call] = asyncio.Queue()

    async def pick_up(call: Call) -> None:
        arrived.put_nowait(call)
        await answer()(call)

    for line in range(LINES):
        number, attempt = str(FIRST_NUMBER + line), uuid7()
        house.city.subscriber(number, pick_up)
        await session.send(
            actions.originate(
                f"PJSIP/{number}@city",
                context="ivr-talk",
                exten="s",
                channel_id=attempt,
                variables={"IVR_ATTEMPT": attempt},
            )
        )
        await asyncio.sleep(1 / CALLS_PER_S)
    async with asyncio.timeout(10):
        calls = [await arrived.get() for _ in range(LINES)]
    await asyncio.gather(*(call.wait_audio(10) for call in calls))
    return calls


async def interrupt(call: Call) -> tuple[float, float | None]:
    """The owner presses a key: when (monotonic), and the seconds from its release to silence."""
    await call.pause(random.random())
    pressed = time.monotonic()
    await call.send_dtmf("1")
    await call.pause(0.5)
    silences = hearing.silence_gaps(call.recording(pressed, pressed + 0.6), 0.2)
    return pressed, silences[0].start_s - KEY_S if silences else None


def heard(calls: Sequence[Call], until: Sequence[float], sound: Samples) -> Run:
    """What came to each owner from the first sound `until` they pressed a key."""
    gaps, scores, missing = [], [], 0
    for index, (call, end) in enumerate(zip(calls, until, strict=True)):
        recording = call.recording(call.answered_at, end)
        first = hearing.first_sound(recording)
        if first is None or len(recording) < MEASURED_S * RATE:
            missing += 1
            continue
        whole = recording[round(first * RATE) :]
        gaps.append(max((gap.length_s for gap in hearing.silence_gaps(whole, 0.01)), default=0.0))
        if index < COMPARED:
            scores.append(hearing.find(sound[: len(whole) - RATE], recording).score)
    return {
        "owners": len(calls),
        "owners_who_heard_too_little": missing,
        "owners_with_a_gap": sum(gap > 0 for gap in gaps),
        "longest_gap_ms": figures.milliseconds(max(gaps, default=None)),
        "worst_likeness": round(min(scores, default=0.0), 3),
    }


async def measure() -> Run:
    sound = message()
    async with office(1, service=False) as house:
        path = house.folder / "message.wav"
        write_wav(path, sound)
        async with serving(house, path) as media, Session(house.settings.ami) as session:
            await session.wait_booted()
            calls = await phone(session, house)
            watch = figures.Watch(media=media.pid, asterisk=house.asterisk.pid)
            await asyncio.sleep(MEASURED_S)
            load = watch.stop()
            memory = figures.rss_mib(media.pid)
            ends = await asyncio.gather(*(interrupt(call) for call in calls))
            pressed = [at for at, _ in ends]
            silent = [after for _, after in ends if after is not None]
            what = await asyncio.to_thread(heard, calls, pressed, sound)
    barge_in: Run = {
        "owners_not_let_in": len(ends) - len(silent),
        "barge_in_p50_ms": figures.milliseconds(figures.quantile(silent, 0.5)),
        "barge_in_worst_ms": figures.milliseconds(max(silent, default=None)),
    }
    return what | barge_in | load | {"media_rss_mib": memory}


def report(runs: int = RUNS) -> dict[str, object]:
    measured = []
    for number in range(runs):
        tell(f"media: run {number + 1} of {runs}")
        measured.append(asyncio.run(measure()))
    return figures.report(
        measured,
        [
            Target("cores of the media process", CORES, figures.median(measured, "media_cores")),
            Target("longest gap, ms", GAP_MS, figures.worst(measured, "longest_gap_ms")),
            Target("key to silence, ms", BARGE_IN_MS, figures.worst(measured, "barge_in_worst_ms")),
            *(
                Target(name.replace("_", " "), 0, figures.worst(measured, name))
                for name in ("owners_who_heard_too_little", "owners_not_let_in")
            ),
        ],
        conversations=LINES, message_s=MESSAGE_S, measured_s=MEASURED_S,
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--part", choices=["serve"], help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--sound", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    if asked.part == "serve":
        asyncio.run(serve(asked.port, asked.sound))
    else:
        print(json.dumps(report(asked.runs), ensure_ascii=False, indent=2))


if __name__ == "__main__":
    main()
