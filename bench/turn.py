"""From a person's last sound to our next: `python -m bench.turn` prints JSON.

A real Asterisk phones owners of the city, and the media server, in a process of its own, asks
each of them one question after the other, all at once. Owners answer in recorded speech whose
end is known to 10 ms; in what they hear, the next sound is looked for. So a turn holds the
telephone's own delays, the end of speech, the recognition and the way back.

Four talk at once to whisper in Mandarin, twenty to Vosk in Korean, whose answers are espeak's.
"""

import argparse
import asyncio
import json
import random
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import structlog

from bench import answers, figures
from bench.figures import Run, Target
from bench.office import office, tell
from ivr.demo import hearing
from ivr.demo.behaviours import answer
from ivr.demo.call import Call
from ivr.demo.house import House
from ivr.demo.sound import write_wav
from ivr.errors import UserError
from ivr.ids import uuid7
from ivr.pbx import actions
from ivr.pbx.session import Session
from ivr.settings import Media, Speech
from ivr.talk.conversation import Conversation
from ivr.talk.line import RATE, HungUp, Line, Pcm
from ivr.talk.media import MediaServer
from ivr.talk.speech.base import Choice, Question
from ivr.talk.speech.choose import choose, ears_of
from ivr.talk.speech.questions import shipped

RUNS = 3
TURNS = 8
PROMPT_S = 0.6
LISTENED_S = 2.5  # for our next sound
_FADED = 10**-2.5  # of the loudest 10 ms, in power: what is fainter is the end of speech
FIRST_NUMBER = 13_800_000_000

KOREAN = Question(
    "만족",
    (
        Choice("satisfied", "1", ("만족", "매우 만족"), "만족"),
        Choice("neutral", "2", ("보통",), "보통"),
    ),
    (Choice("person", "0", ("상담원",), "상담원"),),
)


@dataclass(frozen=True, slots=True)
class Case:
    """Who talks to what."""

    name: str
    engine: str
    language: str
    conversations: int
    memory_mb: int
    p50_ms: float
    p95_ms: float

    @property
    def question(self) -> Question:
        return KOREAN if self.language == "ko" else shipped(self.language)["satisfied"]


CASES = (
    Case("whisper", "whisper", "zh-CN", 4, 450, 500.0, 800.0),
    # the Korean model alone takes 530 MB
    Case("vosk", "vosk", "ko", 20, 700, 400.0, 400.0),
)


# --- the process that is measured ----------------------------------------------


async def serve(port: int, prompt: Path, case: Case) -> None:
    """Ask everybody `TURNS` questions until stdin closes; then tell what was understood."""
    speech = Speech(engine=case.engine, memory_mb=case.memory_mb)
    heard: list[str] = []

    async with ears_of(choose(speech, case.language), speech, [case.question]) as ears:

        async def on_line(line: Line) -> None:
            conversation = Conversation(line, prompt.parent)
            try:
                for _ in range(TURNS):
                    got = await conversation.hear([prompt], 30, ears.ear(case.question))
                    heard.append(got.choice if got else "")
                await conversation.say(prompt)
                await line.ended.wait()
            except HungUp:
                return

        await ears.ready()
        async with MediaServer(Media(port=port), on_line, lambda attempt: True):
            print("ready", flush=True)
            await asyncio.to_thread(sys.stdin.readline)
            pids = [] if ears.recogniser is None else ears.recogniser.pids
            memory = [figures.rss_mib(pid) for pid in pids]
            print(json.dumps({"heard": heard, "worker_mb": max(memory, default=0)}), flush=True)


@asynccontextmanager
async def serving(
    house: House, prompt: Path, case: Case
) -> AsyncIterator["asyncio.subprocess.Process"]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.turn", "--part", "serve", "--case", case.name,
        "--port", str(house.asterisk.fresh.media_port), "--prompt", str(prompt),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        if (await process.stdout.readline()).strip() != b"ready":
            raise UserError(f"{case.name} cannot be had here; `ivr models list` tells why")
        yield process
    finally:
        process.stdin.close()
        await process.wait()


# --- the people -----------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Words:
    """An answer, and how much silence it ends with."""

    samples: Pcm
    silent_s: float


def words(samples: Pcm) -> Words:
    frames = samples[: len(samples) // 80 * 80].astype(float).reshape(-1, 80)
    power = np.mean(frames**2, axis=1)
    last = int(np.flatnonzero(power > power.max() * _FADED)[-1]) + 1
    return Words(samples, (len(samples) - last * 80) / RATE)


async def spoken(case: Case) -> list[Words]:
    if case.language == "ko":
        return [
            words(answers.korean(text, pitch))
            for text, pitch in (("매우 만족", 50), ("상담원", 70))
        ]
    said = await answers.rendered(answers.speakers()[1], ["非常满意", "不满意", "还可以", "满意"])
    return [words(samples) for samples in said.values()]


async def owner(call: Call, said: Sequence[Words]) -> list[float | None]:
    """Answer every question; seconds from the end of each answer to the next sound."""
    await call.wait_audio(15)
    await call.pause(PROMPT_S + random.random())
    turns = []
    for turn in range(TURNS):
        one = said[turn % len(said)]
        await call.say(one.samples)
        ended = time.monotonic() - one.silent_s
        await call.pause(LISTENED_S + random.random())
        turns.append(hearing.first_sound(call.recording(ended, ended + LISTENED_S)))
    await call.hangup()
    return turns


async def measure(case: Case) -> Run:
    said = await spoken(case)
    async with office(1, service=False) as house, Session(house.settings.ami) as session:
        prompt = house.folder / "prompt.wav"
        hertz = np.arange(round(PROMPT_S * RATE)) / RATE
        write_wav(prompt, (8000 * np.sin(2 * np.pi * 1000 * hertz)).astype(np.int16))
        await session.wait_booted()
        async with serving(house, prompt, case) as media:
            assert media.stdin is not None
            assert media.stdout is not None
            watch = figures.Watch(media=media.pid, asterisk=house.asterisk.pid)
            turns = await asyncio.gather(
                *(phone(session, house, number, said) for number in range(case.conversations))
            )
            load = watch.stop()
            media.stdin.write(b"\n")
            told = json.loads(await media.stdout.readline())
    all_turns = [turn for owner in turns for turn in owner]
    seen = [turn for turn in all_turns if turn is not None]
    run: Run = {
        "turns": len(all_turns),
        "turns_without_a_sound": len(all_turns) - len(seen),
        "not_understood": sum(not choice for choice in told["heard"]),
        "turn_p50_ms": figures.milliseconds(figures.quantile(seen, 0.5)),
        "turn_p95_ms": figures.milliseconds(figures.quantile(seen, 0.95)),
        "turn_worst_ms": figures.milliseconds(max(seen, default=None)),
        "worker_mb": told["worker_mb"],
    }
    return run | load


async def phone(
    session: Session, house: House, number: int, said: Sequence[Words]
) -> list[float | None]:
    """One owner's call, from the dialling to the end."""
    done: asyncio.Future[list[float | None]] = asyncio.get_running_loop().create_future()

    async def talk(call: Call) -> None:
        done.set_result(await owner(call, said))

    subscriber, attempt = str(FIRST_NUMBER + number), uuid7()
    house.city.subscriber(subscriber, answer(then=talk))
    await session.send(
        actions.originate(
            f"PJSIP/{subscriber}@city", context="ivr-talk", exten="s", channel_id=attempt,
            variables={"IVR_ATTEMPT": attempt},
        )
    )  # fmt: skip
    async with asyncio.timeout(30 + TURNS * (LISTENED_S + 5)):
        return await done


def report(cases: Sequence[Case] = CASES, runs: int = RUNS) -> dict[str, object]:
    reports: dict[str, dict[str, object]] = {}
    for case in cases:
        measured = []
        for number in range(runs):
            tell(f"turn: {case.name}, run {number + 1} of {runs}")
            measured.append(asyncio.run(measure(case)))
        reports[case.name] = figures.report(
            measured,
            [
                Target("p50, ms", case.p50_ms, figures.median(measured, "turn_p50_ms")),
                Target("p95, ms", case.p95_ms, figures.median(measured, "turn_p95_ms")),
                Target("lost turns", 0, figures.worst(measured, "turns_without_a_sound")),
            ],
            conversations=case.conversations,
            turns=TURNS,
            language=case.language,
        )
    return {"cases": reports, "passed": all(one["passed"] for one in reports.values())}


def main() -> None:
    known = {case.name: case for case in CASES}
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--case", choices=known, action="append")
    parser.add_argument("--part", choices=["serve"], help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--prompt", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    cases = [known[name] for name in asked.case or known]
    if asked.part == "serve":
        structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
        asyncio.run(serve(asked.port, asked.prompt, cases[0]))
    else:
        print(json.dumps(report(cases, asked.runs), ensure_ascii=False, indent=2))


if __name__ == "__main__":
    main()
