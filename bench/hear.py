"""What is understood of spoken answers: `python -m bench.hear` prints JSON.

Every answer goes through the ear and the workers of the calls, frame by frame. Counted for
each source are the answers understood rightly, wrongly, not at all, and of words that are no
answer those that were taken for one. Sources are recordings of people (where this machine
has them, see `bench.answers`), each Mandarin voice of the machine, and both with noise or
with little level. Beside it stands what the same model makes of the answers when it is asked
to write down whatever was said.
"""

import argparse
import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import numpy as np
import structlog
from pypinyin import lazy_pinyin

from bench import answers, figures
from bench.answers import LANGUAGE, Spoken
from bench.figures import Run, Target
from bench.office import tell
from ivr.settings import Speech
from ivr.talk.line import RATE, Pcm
from ivr.talk.speech.base import Question, Recognised
from ivr.talk.speech.choose import KEYS, choose
from ivr.talk.speech.ears import Ears
from ivr.talk.speech.questions import shipped
from ivr.talk.speech.whisper import WhisperEngine
from ivr.talk.speech.workers import Recogniser

NOISE_DB = (20.0, 10.0, 5.0)
QUIETER_DB = 26.0
DISTURBED_VOICES = 2  # of the machine's, besides people

UNDERSTOOD = 0.97  # of people's answers
WRONG = 0.01
ACCEPTED = 0.01  # of what is no answer

_SILENCE = np.zeros(round(1.5 * RATE), np.int16)


async def frames(samples: Pcm) -> AsyncIterator[Pcm]:
    sound = np.concatenate([samples, _SILENCE])
    for start in range(0, len(sound), RATE // 50):
        yield sound[start : start + RATE // 50]


async def heard(ears: Ears, question: Question, samples: Pcm) -> Recognised | None:
    """The first answer in `samples`, else what was nearest to one; None when nobody spoke."""
    best: Recognised | None = None
    sound = frames(samples)
    ear = ears.ear(question)
    assert ear is not None
    while best is None or best.choice is None:
        said = await ear.listen(sound)
        if said is None:
            return best
        best = said.recognised
    return best


async def count(ears: Ears, spoken: Sequence[Spoken], at_once: int) -> tuple[Run, list[str]]:
    """The figures of one source, and each mistake."""
    known = shipped(LANGUAGE)
    turn = asyncio.Semaphore(at_once)

    async def one(each: Spoken) -> tuple[Spoken, Recognised | None]:
        async with turn:
            return each, await heard(ears, known[each.question], each.samples)

    found = await asyncio.gather(*map(one, spoken))
    got = [(each, took.choice if took else None, took) for each, took in found]
    inside = [(each, choice) for each, choice, _ in got if each.choice is not None]
    outside = [choice for each, choice, _ in got if each.choice is None]
    run: Run = {
        "answers": len(inside),
        "right": sum(choice == each.choice for each, choice in inside),
        "wrong": sum(choice not in (each.choice, None) for each, choice in inside),
        "rejected": sum(choice is None for _, choice in inside),
        "out_of_set": len(outside),
        "accepted": sum(choice is not None for choice in outside),
    }
    mistakes = [
        f"{each.question}: {each.text} ({each.source}) → {took.transcript if took else 'nothing'}"
        f" {took.score if took else 0:.2f}"
        for each, choice, took in got
        if choice != each.choice
    ]
    return run, mistakes


async def sources(voices: Sequence[str]) -> dict[str, list[Spoken]]:
    """What is put to the engine, by its name."""
    clean = {"human": list(answers.human())}
    for voice in voices:
        tell(f"hear: rendering {voice}")
        clean[voice] = await answers.synthetic(voice)
    disturbed = {name: clean[name] for name in ("human", *voices[:DISTURBED_VOICES])}
    treatments: dict[str, Callable[[Spoken], Spoken]] = {
        f"noise {decibel:.0f} dB": lambda one, decibel=decibel: answers.noisy(one, decibel)  # type: ignore[misc]
        for decibel in NOISE_DB
    }
    treatments[f"level -{QUIETER_DB:.0f} dB"] = lambda one: answers.quieter(one, QUIETER_DB)
    treated = {
        f"{source}, {name}": [treat(one) for one in spoken]
        for name, treat in treatments.items()
        for source, spoken in disturbed.items()
    }
    return {name: spoken for name, spoken in (clean | treated).items() if spoken}


def written_down(folder: Path, spoken: Sequence[Spoken]) -> Run:
    """How many answers whisper writes down rightly when nobody tells it what to expect.

    By their sounds without tones: it writes traditional characters as often as simplified ones.
    """
    engine = WhisperEngine(folder, LANGUAGE.split("-")[0], threads=2)
    inside = [each for each in spoken if each.choice is not None]
    right = sum(sounds(engine.transcribe(each.samples)) == sounds(each.text) for each in inside)
    return {"answers": len(inside), "right": right}


def sounds(text: str) -> list[str]:
    """The syllables of `text`, whichever characters it is written with."""
    return lazy_pinyin("".join(sign for sign in text if sign.isalnum()))


async def measure(voices: Sequence[str], speech: Speech) -> dict[str, object]:
    chosen = choose(speech, LANGUAGE)
    if chosen.engine is None:
        return {"engine": KEYS, "why": chosen.why, "passed": False}
    put = await sources(voices)
    counted: dict[str, Run] = {}
    mistakes: dict[str, list[str]] = {}
    recogniser = Recogniser(chosen.engine, speech, shipped(LANGUAGE).values())
    async with Ears(chosen.name, chosen.why, recogniser) as ears:
        await ears.ready()
        for name, spoken in put.items():
            counted[name], mistakes[name] = await count(ears, spoken, at_once=2)
            tell(f"hear: {chosen.name}, {name}: {counted[name]}")
    openly = {}
    if isinstance(chosen.engine, WhisperEngine):
        folder = chosen.engine.folder
        for name in ("human", *voices[:1]):
            if name in put:
                openly[name] = await asyncio.to_thread(written_down, folder, put[name])
                tell(f"hear: open transcription, {name}: {openly[name]}")
    targets = _targets(counted)
    return {
        "engine": chosen.name,
        "why": chosen.why,
        "sources": counted,
        "open_transcription": openly,
        "mistakes": {name: found for name, found in mistakes.items() if found},
        "targets": [figures.told(target) for target in targets],
        "passed": all(target.passed for target in targets),
    }


def _targets(counted: dict[str, Run]) -> list[Target]:
    """People's answers and everything that is no answer, said without a disturbance."""
    people = counted.get("human", {})
    clean = [run for name, run in counted.items() if "," not in name]
    return [
        Target("people not understood, share", 1 - UNDERSTOOD, _share(people, "rejected", "wrong")),
        Target("people understood wrongly, share", WRONG, _share(people, "wrong")),
        Target(
            "no answer taken for one, share",
            ACCEPTED,
            _ratio(
                sum(run["accepted"] or 0 for run in clean),
                sum(run["out_of_set"] or 0 for run in clean),
            ),
        ),
    ]


def _share(run: Run, *names: str) -> float | None:
    return _ratio(sum(run[name] or 0 for name in names), run["answers"] or 0) if run else None


def _ratio(part: float, whole: float) -> float | None:
    return round(part / whole, 4) if whole else None


def report(voices: Sequence[str] | None = None) -> dict[str, object]:
    speech = Speech(deadline_s=10.0)  # the machine's speed is bench.turn's business
    return asyncio.run(measure(answers.speakers() if voices is None else voices, speech))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--voices", nargs="*", help="default: every Mandarin voice")
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    print(json.dumps(report(parser.parse_args().voices), ensure_ascii=False, indent=2))


if __name__ == "__main__":
    main()
