"""A script performed on a line; the person does something at each sound."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from ivr.talk import conversation
from ivr.talk.asking import By, Heard
from ivr.talk.conversation import Conversation
from ivr.talk.dictation import Loudness
from ivr.talk.line import Pcm
from ivr.talk.script import Reply, Result, Script, find, load
from ivr.talk.script import perform as performing
from ivr.talk.script.perform import ToPerson, perform
from ivr.talk.speech.base import Question
from ivr.talk.testing_line import FakeLine

Act = Callable[[FakeLine], None]
PROMPTS = Path("prompts")
DEAF = Heard("", By.DEAF)


def press(keys: str) -> Act:
    return lambda line: line.press(keys)


def speak(line: FakeLine) -> None:
    line.speak()


def leave(line: FakeLine) -> None:
    line.leave()


def nothing(line: FakeLine) -> None: ...


@dataclass
class FakeEar:
    """Hears `heard` in the first sound that comes; By.DEAF: no engine could judge it."""

    heard: Heard

    async def hear(self, frames: AsyncIterator[Pcm], speaking: Callable[[], None]) -> Heard:
        async for frame in frames:
            speaking()
            return replace(self.heard, samples=frame)
        raise AssertionError("the line ended")


class DyingEar(FakeEar):
    async def hear(self, frames: AsyncIterator[Pcm], speaking: Callable[[], None]) -> Heard:
        raise MemoryError


@dataclass
class FakeEars:
    """Lends `ears` one after the other; then there is none."""

    ears: list[FakeEar | None]
    asked: list[str] = field(default_factory=list)

    def ear(self, question: Question) -> FakeEar | None:
        self.asked.append(question.id)
        return self.ears.pop(0) if self.ears else None


def hears(choice: str | None, score: float = 0.95) -> FakeEar:
    return FakeEar(Heard(choice or "", By.SPEECH, score, score > 0.8, "test", choice or "嗯"))


@dataclass
class Told:
    line: FakeLine
    result: Result
    replies: list[Reply]


@pytest.fixture(scope="module")
def repair() -> Script:
    return load(find("repair", "zh-CN"))


async def loudness() -> Loudness:
    return Loudness()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(performing, "FAREWELL_S", 0.02)
    monkeypatch.setattr(conversation, "_voice", loudness)  # a level is a voice here


async def call(
    script: Script,
    acts: dict[str, list[Act]],
    ears: FakeEars | None = None,
    to_person: ToPerson | None = None,
) -> Told:
    """`acts`: what the person does at the n-th time of a sound."""

    def person(line: FakeLine, name: str) -> None:
        if acts.get(name):
            acts[name].pop(0)(line)

    line = FakeLine(person)
    replies: list[Reply] = []
    result = await perform(
        Conversation(line, PROMPTS), script, script.values, ears,
        prompt_of=lambda sound: Path(f"{sound}.wav"), on_reply=replies.append,
        to_person=to_person,
    )  # fmt: skip
    assert tuple(replies) == result.replies
    return Told(line, result, replies)


async def test_by_keys(repair: Script) -> None:
    told = await call(repair, {"fixed": [press("1")], "satisfied": [press("2")]})
    assert told.result.end == "satisfied"
    assert [(one.choice, one.by, one.key) for one in told.replies] == [
        ("yes", By.KEY, "1"),
        ("satisfied", By.KEY, "2"),
    ]
    assert told.line.said == ["hello", "about", "fixed", "satisfied", "thanks"]


async def test_by_voice_with_the_utterances(repair: Script) -> None:
    ears = FakeEars([hears("yes"), hears("very_satisfied")])
    told = await call(repair, {"fixed": [speak], "satisfied": [speak]}, ears)
    assert told.result.end == "satisfied"
    assert ears.asked == ["fixed", "satisfied"]
    for reply in told.replies:
        assert (reply.by, reply.engine, reply.score) == (By.SPEECH, "test", 0.95)
        assert reply.samples is not None
        assert len(reply.samples) == 800
    assert told.line.cut == ["fixed", "satisfied"]  # barge-in


async def test_a_costly_answer_is_confirmed(repair: Script) -> None:
    ears = FakeEars([hears("no"), hears("yes")])
    told = await call(
        repair, {"fixed": [speak], "fixed.confirm.no": [speak], "words": [press("#")]}, ears
    )
    assert told.result.end == "dissatisfied"
    assert ears.asked == ["fixed", "yes_no"]
    assert told.line.said[2:4] == ["fixed", "fixed.confirm.no"]


async def test_an_unsure_answer_is_confirmed(repair: Script) -> None:
    ears = FakeEars([hears("yes", 0.6), hears("yes")])
    acts = {"fixed": [speak], "fixed.confirm.yes": [speak], "satisfied": [leave]}
    told = await call(repair, acts, ears)
    assert [reply.choice for reply in told.replies] == ["yes"]


@pytest.mark.parametrize("ear", [FakeEar(DEAF), DyingEar(DEAF)], ids=["overload", "death"])
async def test_a_failing_ear_leaves_the_keys(repair: Script, ear: FakeEar) -> None:
    acts = {"fixed": [speak], "fixed.keys": [press("1")], "satisfied": [leave]}
    told = await call(repair, acts, FakeEars([ear, hears("yes")]))
    assert told.line.said[2:5] == ["fixed", "script-press-keys", "fixed.keys"]
    assert [(one.choice, one.by) for one in told.replies] == [("yes", By.KEY)]


async def test_no_ear_at_all(repair: Script) -> None:
    acts = {"fixed.keys": [press("1")], "satisfied.keys": [press("1")]}
    told = await call(repair, acts, FakeEars([]))
    assert told.line.said == [
        "hello", "about", "fixed", "fixed.keys", "satisfied", "satisfied.keys", "thanks",
    ]  # fmt: skip
    assert told.result.end == "satisfied"


async def test_keys_during_the_greeting_skip_to_what_they_answer(repair: Script) -> None:
    told = await call(repair, {"hello": [press("11")]})
    assert told.result.end == "satisfied"
    assert told.line.cut[:2] == ["hello", "about"]


async def test_words_are_kept_until_the_silence_after_them(repair: Script) -> None:
    def tell(line: FakeLine) -> None:
        line.speak(2.0, level=8000)
        line.speak(4.0, level=0)

    told = await call(repair, {"fixed": [press("2")], "beep": [tell]})
    assert told.result.end == "dissatisfied"
    reply = told.replies[-1]
    assert (reply.step, reply.by) == ("words", By.SPEECH)
    assert reply.samples is not None
    assert len(reply.samples) / 8000 == pytest.approx(2.3, abs=0.1)
    assert told.line.said[-3:] == ["words", "beep", "sorry"]


async def test_words_are_kept_when_they_hang_up(repair: Script) -> None:
    def tell_and_leave(line: FakeLine) -> None:
        line.speak(2.0, level=8000)
        asyncio.get_running_loop().call_later(0.1, line.leave)

    told = await call(repair, {"fixed": [press("2")], "beep": [tell_and_leave]})
    assert told.result.end == "dissatisfied"
    assert told.replies[-1].samples is not None
    assert len(told.replies[-1].samples)


async def test_hanging_up_in_the_greeting(repair: Script) -> None:
    told = await call(repair, {"hello": [leave]})
    assert told.result == Result("hung_up", ())


async def test_the_owner_hangs_up_first(repair: Script) -> None:
    acts = {"fixed": [press("1")], "satisfied": [press("1")], "thanks": [leave]}
    told = await call(repair, acts)
    assert told.result.end == "satisfied"
    assert not told.line.hung_up_by_us


@pytest.mark.parametrize("there", [True, False])
async def test_to_a_person(repair: Script, there: bool) -> None:
    async def to_person() -> bool:
        return there

    told = await call(repair, {"fixed": [press("0")]}, to_person=to_person)
    assert told.result.end == told.result.wish == "person"
    assert told.line.said[-1] == ("person" if there else "no-person-now")


async def test_a_person_at_goodbye(repair: Script) -> None:
    acts = {"fixed": [press("1")], "satisfied": [press("1")], "thanks": [press("50")]}
    told = await call(repair, acts)
    assert told.result.wish == "person"
    assert told.line.said[-1] == "person"
