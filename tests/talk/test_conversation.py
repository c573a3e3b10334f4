"""What a person does while each sound is played, and what the conversation makes of it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import numpy as np
import pytest

from ivr.talk.asking import Answer, By, Heard
from ivr.talk.conversation import Conversation, Said
from ivr.talk.line import HungUp, Pcm
from ivr.talk.testing_line import FakeLine

PROMPTS = Path("prompts")
QUICK_S = 0.02  # nobody answers within


class Person:
    """Does something at the n-th time of a sound: {"question": [nothing, press("1")]}."""

    def __init__(self, **acts: list[Callable[[FakeLine], None]]) -> None:
        self._acts = acts

    def __call__(self, line: FakeLine, name: str) -> None:
        if acts := self._acts.get(name.replace("-", "_")):
            acts.pop(0)(line)


def press(keys: str) -> Callable[[FakeLine], None]:
    return lambda line: line.press(keys)


def soon(act: Callable[[], None]) -> None:
    """After every sound has ended."""
    asyncio.get_running_loop().call_later(0.1, act)


def nothing(line: FakeLine) -> None: ...


def talk(**acts: list[Callable[[FakeLine], None]]) -> tuple[FakeLine, Conversation]:
    line = FakeLine(Person(**acts))
    return line, Conversation(line, PROMPTS)


class WordEar:
    """Hears one word from the first frame on that is loud."""

    def __init__(self, word: str, *, fails: bool = False) -> None:
        self.word, self.fails = word, fails

    async def hear(self, frames: AsyncIterator[Pcm], speaking: Callable[[], None]) -> Heard:
        async for _ in frames:
            if self.fails:
                raise RuntimeError("no memory")
            speaking()
            return Heard(self.word, By.SPEECH, 1.0)
        raise AssertionError("the line ended")


# --- say ------------------------------------------------------------------------


async def test_said_to_its_end() -> None:
    line, conversation = talk()
    assert await conversation.say("goodbye") == Said(True, None)
    assert (line.said, line.cut) == (["goodbye"], [])


async def test_a_key_cuts_it_short() -> None:
    line, conversation = talk(message=[press("1")])
    assert await conversation.say("message") == Said(False, "1")
    assert line.cut == ["message"]


async def test_only_the_keys_that_mean_something_cut_it_short() -> None:
    _, conversation = talk(message=[press("57")])
    assert await conversation.say("message", keys="1") == Said(True, None)
    assert conversation.keys == "57"


async def test_what_must_be_heard_is_not_cut_and_keys_wait() -> None:
    line, conversation = talk(notice=[press("1")])
    assert await conversation.say("notice", interruptible=False) == Said(True, None)
    assert line.cut == []
    assert await conversation.say("question") == Said(False, "1")


async def test_hanging_up_tells_how_much_was_heard() -> None:
    _, conversation = talk(message=[FakeLine.leave])
    with pytest.raises(HungUp) as gone:
        await conversation.say("message")
    assert 0 < gone.value.heard_s < 0.01


async def test_samples_can_be_said() -> None:
    line, conversation = talk()
    assert (await conversation.say(np.zeros(160, np.int16))).finished
    assert line.said == ["sound"]


# --- ask ------------------------------------------------------------------------


async def test_the_key_answers() -> None:
    line, conversation = talk(question=[press("2")])
    assert await conversation.ask("question", "12") == Answer("2", By.KEY, 1)
    assert line.cut == ["question"]


async def test_keys_typed_ahead_answer_in_order() -> None:
    _, conversation = talk(hello=[press("21")])
    await conversation.say("hello", interruptible=False)
    first = await conversation.ask("question", "12")
    second = await conversation.ask("question", "12")
    assert (first.choice, second.choice) == ("2", "1")


async def test_the_ladder_of_no_answer() -> None:
    line, conversation = talk(question=[nothing, press("7"), press("1")])
    answer = await conversation.ask(
        "question", "12", timeout_s=QUICK_S, no_input="not-heard", no_match="not-known"
    )
    assert answer == Answer("1", By.KEY, 3)
    assert line.said == ["question", "not-heard", "question", "not-known", "question"]


async def test_nobody_answers() -> None:
    _, conversation = talk()
    answer = await conversation.ask("question", "12", timeout_s=QUICK_S, retries=1)
    assert answer == Answer(None, By.NO_INPUT, 2)


async def test_said_again_on_request() -> None:
    line, conversation = talk(question=[press("9"), press("1")])
    assert await conversation.ask("question", "12", repeat="9") == Answer("1", By.KEY, 1)
    assert line.said == ["question", "question"]


async def test_hanging_up_ends_a_question() -> None:
    _, conversation = talk(question=[FakeLine.leave])
    with pytest.raises(HungUp):
        await conversation.ask("question", "12")


async def test_hanging_up_while_thinking_ends_a_question() -> None:
    _, conversation = talk(question=[lambda line: soon(line.leave)])
    with pytest.raises(HungUp):
        await conversation.ask("question", "12", timeout_s=30)


# --- speech ---------------------------------------------------------------------


async def test_a_spoken_word_interrupts_and_answers() -> None:
    line, conversation = talk(question=[FakeLine.speak])
    answer = await conversation.ask("question", "12", choices=["yes"], ear=WordEar("yes"))
    assert answer == Answer("yes", By.SPEECH, 1, 1.0)
    assert line.cut == ["question"]


async def test_keys_work_beside_speech() -> None:
    _, conversation = talk(question=[press("1")])
    answer = await conversation.ask("question", "12", choices=["yes"], ear=WordEar("yes"))
    assert answer == Answer("1", By.KEY, 1)


async def test_another_word_is_no_match() -> None:
    _, conversation = talk(question=[FakeLine.speak, press("1")])
    answer = await conversation.ask("question", "12", choices=["yes"], ear=WordEar(""))
    assert answer == Answer("1", By.KEY, 2)


async def test_a_deaf_ear_leaves_the_keys() -> None:
    _, conversation = talk(question=[FakeLine.speak, press("1")])
    answer = await conversation.ask(
        "question", "12", choices=["yes"], ear=WordEar("yes", fails=True), timeout_s=QUICK_S
    )
    assert answer == Answer("1", By.KEY, 2)


async def test_silence_is_no_answer() -> None:
    _, conversation = talk()
    assert await conversation.listen(WordEar("yes"), QUICK_S) is None


# --- the end --------------------------------------------------------------------


async def test_they_hang_up_first() -> None:
    line, conversation = talk()
    asyncio.get_running_loop().call_soon(line.leave)
    assert await conversation.farewell(5) is True
    _, patient = talk()
    assert await patient.farewell(QUICK_S) is False
