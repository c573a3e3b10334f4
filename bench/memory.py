"""A worker's memory over a thousand answers: `python -m bench.memory` prints JSON.

One worker judges the machine's own Mandarin over and over, as it would in a month of
callbacks; nobody replaces it. Its memory is read after each answer. It must stay below the
limit, and the last hundred answers must need no more than the hundred after the warming up.
"""

import asyncio
import json
import statistics
from collections.abc import Sequence

from bench import answers, figures
from bench.answers import LANGUAGE, Spoken
from bench.figures import Run, Target
from bench.office import tell
from ivr.settings import Speech
from ivr.talk.speech.base import Engine
from ivr.talk.speech.choose import choose
from ivr.talk.speech.questions import shipped
from ivr.talk.speech.workers import Recogniser

ANSWERS = 1_000
WARM = 100
SPOKEN = 40  # different answers

LIMIT_MB = 450.0
GROWTH_MB = 15.0


async def measure(engine: Engine, spoken: Sequence[Spoken], count: int) -> Run:
    known = shipped(LANGUAGE)
    # one that was replaced would look flat
    speech = Speech(workers=1, memory_mb=100_000, deadline_s=10.0)
    async with Recogniser(engine, speech, known.values(), recycled_after=count + 1) as recogniser:
        await recogniser.ready()
        watch = figures.Watch(worker=recogniser.pids[0])
        memory, took = [], []
        for number in range(count):
            one = spoken[number % len(spoken)]
            took.append((await recogniser.recognise(one.samples, known[one.question])).ms)
            memory += recogniser.memory_mb
            if not (number + 1) % WARM:
                tell(f"memory: {engine.name}, {number + 1} answers, {memory[-1]} MB")
        load = watch.stop()
    run: Run = {
        "answers": count,
        "first_mb": memory[0],
        "warm_mb": round(statistics.median(memory[WARM : 2 * WARM]), 1),
        "last_mb": round(statistics.median(memory[-WARM:]), 1),
        "most_mb": max(memory),
        "answer_p50_ms": figures.quantile(took, 0.5),
        "answer_p95_ms": figures.quantile(took, 0.95),
    }
    return run | load


def report(count: int = ANSWERS) -> dict[str, object]:
    chosen = choose(Speech(), LANGUAGE)
    if chosen.engine is None:
        return {"engine": chosen.name, "why": chosen.why, "passed": False}
    spoken = asyncio.run(answers.synthetic(answers.speakers()[0]))[:SPOKEN]
    run = asyncio.run(measure(chosen.engine, spoken, count))
    grown = (run["last_mb"] or 0) - (run["warm_mb"] or 0)
    return figures.report(
        [run],
        [
            Target("worker, MB", LIMIT_MB, run["most_mb"]),
            Target("growth, MB", GROWTH_MB, round(grown, 1)),
        ],
        engine=chosen.name,
        why=chosen.why,
    )


if __name__ == "__main__":
    print(json.dumps(report(), ensure_ascii=False, indent=2))
