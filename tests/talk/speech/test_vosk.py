"""The real Vosk on its Korean model: words, grammars, rejection, and a worker's death."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import suppress

import numpy as np
import pytest

from bench import answers
from bench.turn import KOREAN
from ivr.settings import Speech
from ivr.talk.line import RATE, Pcm
from ivr.talk.speech.base import Choice, Question, SpeechUnavailable
from ivr.talk.speech.choose import Chosen, ears_of
from ivr.talk.speech.vosk import VoskEngine

pytestmark = pytest.mark.slow  # the model takes two seconds and 500 MB

ANSWERS = {"매우 만족": "satisfied", "상담원": "person"}
NO_ANSWER = ("사과", "학교", "안녕하세요")


def question(*phrases: str) -> Question:
    return Question("x", (Choice("a", "1", phrases, "a"),))


@pytest.mark.parametrize(
    ("phrase", "words"),
    [
        ("매우 만족", ("매우", "만족")),
        ("매우불만족", ("매우", "불만족")),  # as few words as there are
        ("엘리베이터", ("엘리베이터",)),
        ("满意", None),
        ("만족 满意", None),
        ("", None),
    ],
)
def test_phrases_are_cut_into_words_the_model_knows(
    korean: VoskEngine, phrase: str, words: tuple[str, ...] | None
) -> None:
    assert korean.words(phrase) == words


def test_a_grammar_has_a_filler_and_no_unknown_word(korean: VoskEngine) -> None:
    mixed = question("만족", "满意")
    korean.learn(mixed)
    assert korean.unheard(mixed) == ["满意"]
    grammar = json.loads(korean._grammar(mixed).json)
    assert grammar == ["만족", "<UNK>"]


def test_a_question_of_which_nothing_can_be_heard_is_refused(korean: VoskEngine) -> None:
    """An empty grammar would kill the process."""
    with pytest.raises(ValueError, match="knows none of its answers"):
        korean.learn(question("满意", "不满意"))


@pytest.mark.parametrize("text", ANSWERS)
@pytest.mark.parametrize("pitch", [50, 70])
def test_answers(korean: VoskEngine, text: str, pitch: int) -> None:
    heard = korean.recognise(answers.korean(text, pitch), KOREAN)
    assert (heard.choice, heard.transcript) == (ANSWERS[text], text)
    assert heard.sure


@pytest.mark.parametrize("text", NO_ANSWER)
def test_other_words(korean: VoskEngine, text: str) -> None:
    assert korean.recognise(answers.korean(text), KOREAN).choice is None


@pytest.mark.parametrize(
    "sound",
    [np.zeros(0, np.int16), np.zeros(RATE, np.int16), np.full(80, 9, np.int16),
     np.zeros(RATE * 30, np.int16)],
    ids=["nothing", "silence", "10 ms", "30 s"],
)  # fmt: skip
def test_what_is_no_speech(korean: VoskEngine, sound: np.ndarray) -> None:
    """Tones and noise are kept from it by the voice detector: it finds words in them."""
    assert korean.recognise(sound, KOREAN).choice is None


async def test_on_a_line_and_after_a_workers_death(korean: VoskEngine) -> None:
    """Frame by frame, the end found by ear; the worker is killed; the next answer is heard."""
    speech = Speech(workers=1, memory_mb=700, deadline_s=5.0)
    async with ears_of(Chosen(VoskEngine(korean.folder), ""), speech, [KOREAN]) as ears:
        async with asyncio.timeout(60):
            await ears.ready()
        ear = ears.ear(KOREAN)
        assert ear is not None
        assert ears.recogniser is not None
        heard = await ear.hear(_frames("매우 만족"), lambda: None)
        assert heard.choice == "satisfied"
        os.kill(ears.recogniser.pids[0], signal.SIGKILL)
        async with asyncio.timeout(60):
            heard_again = None
            while heard_again is None or heard_again.recognised is None:
                with suppress(SpeechUnavailable):
                    heard_again = await ear.listen(_frames("상담원"))
        assert heard_again.recognised.choice == "person"


async def _frames(text: str) -> AsyncIterator[Pcm]:
    sound = np.concatenate(
        [await asyncio.to_thread(answers.korean, text), np.zeros(RATE, np.int16)]
    )
    for start in range(0, len(sound), 160):
        yield sound[start : start + 160]
