"""What a person does while each sound is played, and what the conversation makes of it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import numpy as np
import pytest

from ivr.talk.asking import By, Heard
from ivr.talk.conversation import Conversation, Said
from ivr.talk.dictation import Loudness
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


# --- hear -----------------------------------------------------------------------


def spoken(word: str) -> Heard:
    return Heard(word, By.SPEECH, 1.0)


async def test_the_key_answers() -> None:
    line, conversation = talk(question=[press("2")])
    assert await conversation.hear(["question"]) == Heard("2")
    assert line.cut == ["question"]


async def test_keys_typed_ahead_answer_in_order() -> None:
    _, conversation = talk(hello=[press("21")])
    await conversation.say("hello", interruptible=False)
    heard = [await conversation.hear(["question"]) for _ in range(2)]
    assert heard == [Heard("2"), Heard("1")]


async def test_every_sound_is_said_and_silence_is_no_answer() -> None:
    line, conversation = talk()
    assert await conversation.hear(["sorry", "question"], QUICK_S, WordEar("yes")) is None
    assert line.said == ["sorry", "question"]
    assert line.cut == []


async def test_hanging_up_ends_a_question() -> None:
    _, conversation = talk(question=[FakeLine.leave])
    with pytest.raises(HungUp):
        await conversation.hear(["question"])


async def test_hanging_up_while_thinking_ends_a_question() -> None:
    _, conversation = talk(question=[lambda line: soon(line.leave)])
    with pytest.raises(HungUp):
        await conversation.hear(["question"], 30)


async def test_a_spoken_word_interrupts_and_answers() -> None:
    line, conversation = talk(question=[FakeLine.speak])
    assert await conversation.hear(["question"], ear=WordEar("yes")) == spoken("yes")
    assert line.cut == ["question"]


async def test_keys_work_beside_speech() -> None:
    _, conversation = talk(question=[press("1")])
    assert await conversation.hear(["question"], ear=WordEar("yes")) == Heard("1")


async def test_another_word_is_heard_as_none() -> None:
    _, conversation = talk(question=[FakeLine.speak])
    assert await conversation.hear(["question"], ear=WordEar("")) == spoken("")


async def test_an_ear_that_fails_over_an_answer_is_told_at_once() -> None:
    _, conversation = talk(question=[FakeLine.speak])
    heard = await conversation.hear(["question"], 30, WordEar("yes", fails=True))
    assert heard == Heard("", By.DEAF)


async def test_an_ear_that_never_worked_leaves_the_question_to_be_said() -> None:
    class Broken:
        async def hear(self, frames: AsyncIterator[Pcm], speaking: Callable[[], None]) -> Heard:
            raise MemoryError

    line, conversation = talk()
    assert await conversation.hear(["question"], 30, Broken()) == Heard("", By.DEAF)
    assert (line.said, line.cut) == (["question"], [])
    _, conversation = talk(question=[press("1")])
    assert await conversation.hear(["question"], 30, Broken()) == Heard("1")


# --- record ---------------------------------------------------------------------


async def loudness() -> Loudness:
    return Loudness()


@pytest.mark.parametrize(
    ("act", "key", "seconds"),
    [
        (lambda line: line.press("5#"), "#", 2.0),
        (lambda line: line.leave(), "", 2.0),
        (lambda line: line.speak(3.0, level=0), "", 2.3),
    ],
    ids=["key", "hangup", "silence"],
)
async def test_words_are_kept_until(
    act: Callable[[FakeLine], None], key: str, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ivr.talk.conversation._voice", loudness)  # a level is a voice here
    line, conversation = talk()
    line.speak(2.0, level=8000)
    soon(lambda: act(line))
    samples, pressed = await conversation.record(30, 2)
    assert pressed == key
    assert len(samples) / 8000 == pytest.approx(seconds, abs=0.05)


# --- the end --------------------------------------------------------------------


async def test_they_hang_up_first() -> None:
    line, conversation = talk()
    asyncio.get_running_loop().call_soon(line.leave)
    assert await conversation.farewell(5) is True
    _, patient = talk()
    assert await patient.farewell(QUICK_S) is False
