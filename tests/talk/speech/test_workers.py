"""Worker processes that die, hang, fail and grow; the answer that is lost, and the next one."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from ivr.settings import Speech
from ivr.talk.speech.base import Choice, Question, SpeechUnavailable
from ivr.talk.speech.testing import DIES, FAILS, GROWS, HANGS, ObedientEngine, order
from ivr.talk.speech.workers import Recogniser


def alive(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("ascii")
        return stat.rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


async def gone(*pids: int) -> None:
    async with asyncio.timeout(10):
        while any(map(alive, pids)):  # noqa: ASYNC110 - other processes tell nobody
            await asyncio.sleep(0.02)


async def again(recogniser: Recogniser, asked: Question, number: int = 2) -> str | None:
    """The answer of a worker that is being started, when it comes."""
    async with asyncio.timeout(30):
        while True:
            with suppress(SpeechUnavailable):
                return (await recogniser.recognise(order(number), asked)).choice


async def test_answers_are_recognised_side_by_side(asked: Question) -> None:
    async with Recogniser(ObedientEngine(takes_s=0.3), Speech(workers=2), [asked]) as recogniser:
        await recogniser.ready()
        assert await again(recogniser, asked) == "no"
        while len(recogniser.pids) < 2:
            await recogniser.recognise(order(1), asked)
        begun = time.monotonic()
        both = await asyncio.gather(
            recogniser.recognise(order(1), asked), recogniser.recognise(order(2), asked)
        )
        assert [one.choice for one in both] == ["yes", "no"]
        assert time.monotonic() - begun < 0.55
        assert recogniser.problem is None
        pids = recogniser.pids
    await gone(*pids)


async def test_a_death_costs_one_answer_and_no_time(asked: Question) -> None:
    async with Recogniser(ObedientEngine(), Speech(workers=1), [asked]) as recogniser:
        await recogniser.ready()
        begun = time.monotonic()
        with pytest.raises(SpeechUnavailable, match="its worker died"):
            await recogniser.recognise(order(DIES), asked)
        assert time.monotonic() - begun < 2.0
        assert await again(recogniser, asked) == "no"


async def test_killed_in_the_middle(asked: Question) -> None:
    engine = ObedientEngine(takes_s=5)
    async with Recogniser(engine, Speech(workers=1), [asked]) as recogniser:
        await recogniser.ready()
        answer = asyncio.create_task(recogniser.recognise(order(1), asked))
        await asyncio.sleep(0.3)
        begun = time.monotonic()
        os.kill(recogniser.pids[0], signal.SIGKILL)
        with pytest.raises(SpeechUnavailable):
            await answer
        assert time.monotonic() - begun < 2.0


async def test_killed_while_it_waits_costs_nothing(asked: Question) -> None:
    async with Recogniser(ObedientEngine(), Speech(workers=1), [asked]) as recogniser:
        await recogniser.ready()
        (first,) = recogniser.pids
        os.kill(first, signal.SIGKILL)
        async with asyncio.timeout(10):
            while recogniser.pids in ([], [first]):  # noqa: ASYNC110 - a process tells nobody
                await asyncio.sleep(0.02)
        assert (await recogniser.recognise(order(1), asked)).choice == "yes"


async def test_a_worker_that_hangs_is_waited_for_no_longer_than_the_deadline(
    asked: Question,
) -> None:
    speech = Speech(workers=1, deadline_s=0.5)
    async with Recogniser(ObedientEngine(), speech, [asked]) as recogniser:
        await recogniser.ready()
        begun = time.monotonic()
        with pytest.raises(SpeechUnavailable, match=r"none in 0\.5 s"):
            await recogniser.recognise(order(HANGS), asked)
        assert time.monotonic() - begun < 1.0


async def test_too_many_answers_are_refused_at_once(asked: Question) -> None:
    speech = Speech(workers=1, deadline_s=1.0)
    async with Recogniser(ObedientEngine(takes_s=0.6), speech, [asked]) as recogniser:
        await recogniser.ready()
        await recogniser.recognise(order(1), asked)  # it learns how long an answer takes
        answer = asyncio.create_task(recogniser.recognise(order(2), asked))
        await asyncio.sleep(0.1)
        begun = time.monotonic()
        with pytest.raises(SpeechUnavailable, match="1 answers are ahead"):
            await recogniser.recognise(order(1), asked)
        assert time.monotonic() - begun < 0.1
        assert (await answer).choice == "no"


async def test_a_fault_of_one_answer_is_not_the_next_ones(asked: Question) -> None:
    async with Recogniser(ObedientEngine(), Speech(workers=1), [asked]) as recogniser:
        await recogniser.ready()
        pids = recogniser.pids
        with pytest.raises(SpeechUnavailable, match="ValueError: no memory"):
            await recogniser.recognise(order(FAILS), asked)
        assert (await recogniser.recognise(order(1), asked)).choice == "yes"
        assert recogniser.pids == pids


async def test_one_that_has_grown_is_replaced_without_a_gap(asked: Question) -> None:
    async with Recogniser(
        ObedientEngine(), Speech(workers=1, memory_mb=120), [asked]
    ) as recogniser:
        await recogniser.ready()
        (first,) = recogniser.pids
        await recogniser.recognise(order(GROWS), asked)
        async with asyncio.timeout(20):
            while recogniser.pids == [first]:
                assert (await recogniser.recognise(order(1), asked)).choice == "yes"
        assert recogniser.memory_mb[0] < 120
        await gone(first)


async def test_one_whose_model_needs_more_than_the_limit_is_kept_until_it_grows(
    asked: Question,
) -> None:
    """A fresh one would need as much: it would be replaced for ever."""
    engine = ObedientEngine(weighs_mb=150, takes_s=0.05)
    async with Recogniser(engine, Speech(workers=1, memory_mb=120), [asked]) as recogniser:
        await recogniser.ready()
        (first,) = recogniser.pids
        for _ in range(60):  # from the twentieth on it may be replaced, which takes half a second
            await recogniser.recognise(order(1), asked)
        assert recogniser.memory_mb[0] > 150
        assert recogniser.pids == [first]
        await recogniser.recognise(order(GROWS), asked)
        async with asyncio.timeout(20):
            while recogniser.pids == [first]:
                assert (await recogniser.recognise(order(1), asked)).choice == "yes"
        await gone(first)


async def test_an_answer_nobody_waits_for_is_not_worked_on(asked: Question) -> None:
    async with Recogniser(ObedientEngine(takes_s=0.3), Speech(workers=1), [asked]) as recogniser:
        await recogniser.ready()
        orders = [asyncio.create_task(recogniser.recognise(order(1), asked)) for _ in range(4)]
        await asyncio.sleep(0.05)
        for one in orders[1:]:
            one.cancel()
        begun = time.monotonic()
        await recogniser.recognise(order(2), asked)
        assert time.monotonic() - begun < 0.9


async def test_an_engine_that_cannot_start_is_told(asked: Question) -> None:
    speech = Speech(workers=1, deadline_s=1.0)
    async with Recogniser(ObedientEngine(dies_learning=True), speech, [asked]) as recogniser:
        with pytest.raises(SpeechUnavailable, match="none in 1 s"):
            await recogniser.recognise(order(1), asked)
        assert recogniser.problem is not None
        assert "it ended with code 3" in recogniser.problem


async def test_what_the_engine_cannot_hear_is_told() -> None:
    mixed = Question("mixed", (Choice("a", "1", ("好", "ok"), "好"),))
    async with Recogniser(ObedientEngine(), Speech(workers=1), [mixed]) as recogniser:
        await recogniser.ready()
        assert recogniser.unheard(mixed) == ["ok"]


PARENT = """
import asyncio
from ivr.settings import Speech
from ivr.talk.speech.testing import ObedientEngine, order
from ivr.talk.speech.workers import Recogniser
async def main():
    async with Recogniser(ObedientEngine(), Speech(workers=2)) as recogniser:
        while len(recogniser.pids) < 2:
            await asyncio.sleep(0.02)
        print(*recogniser.pids, flush=True)
        await asyncio.sleep(60)
asyncio.run(main())
"""


def test_workers_end_when_their_parent_is_killed() -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pids = [int(pid) for pid in parent.stdout.readline().split()]
    assert len(pids) == 2
    parent.kill()
    parent.wait()
    parent.stdout.close()
    asyncio.run(gone(*pids))
