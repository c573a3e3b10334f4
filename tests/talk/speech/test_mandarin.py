"""Mandarin answers on a telephone, of people and of the machine's voices, as the engines hear them.

Through the ear and the workers of the calls; with Vosk where its Mandarin model is installed.
"""

import asyncio

import numpy as np
import pytest

from bench import answers
from bench.hear import count, heard
from ivr.talk.line import RATE, Pcm
from ivr.talk.speech.ears import Ears
from ivr.talk.speech.questions import shipped
from tests.talk.speech.conftest import Say

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

QUESTIONS = shipped("zh-CN")
SAID = (  # speaker, question, words, what they mean
    ("zm_yunxi", "satisfied", "非常满意", "very_satisfied"),
    ("zf_xiaobei", "satisfied", "满意", "satisfied"),
    ("zm_yunjian", "satisfied", "还可以", "neutral"),
    ("zm_yunxi", "satisfied", "不满意", "dissatisfied"),
    ("zf_xiaobei", "satisfied", "非常不满意", "very_dissatisfied"),
    ("zm_yunjian", "fixed", "修好了", "yes"),
    ("zm_yunxi", "fixed", "还没修好", "no"),
    ("zf_xiaobei", "fault", "停电了", "power"),
    ("zm_yunjian", "fault", "电梯坏了", "lift"),
    ("zm_yunxi", "yes_no", "没有", "no"),
    ("zf_xiaobei", "satisfied", "再说一遍", "repeat"),
    ("zm_yunjian", "fixed", "我要投诉", "person"),
    ("zf_xiaoyi", "fixed", "转人工", "person"),
    ("zm_yunjian", "satisfied", "人工", "person"),
    ("zf_xiaobei", "yes_no", "对", "yes"),
    ("zm_yunxi", "satisfied", "今天天气不错", None),
    ("zf_xiaobei", "fixed", "晚上再打给我", None),
    ("zm_yunjian", "fault", "苹果", None),
)
WORDS = ("zm_yunxi", "不满意")


async def choice(ears: Ears, question: str, samples: Pcm) -> str | None:
    found = await heard(ears, QUESTIONS[question], samples)
    return found.choice if found else None


async def test_people(ears: Ears) -> None:
    spoken = list(answers.human())
    if not spoken:
        pytest.skip("there are no recordings of people here; IVR_SHARED names their folder")
    figures, mistakes = await count(ears, spoken, at_once=2)
    assert figures["wrong"] == 0, mistakes
    assert figures["accepted"] == 0, mistakes
    assert figures["right"] >= 0.94 * (figures["answers"] or 0), mistakes  # one may be asked again


async def test_voices_of_the_machine(ears: Ears, say: Say) -> None:
    got = {
        (speaker, text): await choice(ears, question, await asyncio.to_thread(say, speaker, text))
        for speaker, question, text, _ in SAID
    }
    assert got == {(speaker, text): meant for speaker, _, text, meant in SAID}


@pytest.mark.parametrize(
    "treatment", ["clean", "noise 20 dB", "level -20 dB", "a cough before", "early", "two at once"]
)
async def test_a_disturbed_line(ears: Ears, say: Say, treatment: str) -> None:
    """Whatever happens, 不满意 is never taken for another answer; mostly it is understood."""
    samples = await asyncio.to_thread(say, *WORDS)
    one = answers.Spoken(WORDS[1], "satisfied", "dissatisfied", WORDS[0], samples)
    cough = np.random.default_rng(2).standard_normal(RATE // 5) * np.linspace(9000, 0, RATE // 5)
    sound = {
        "clean": samples,
        "noise 20 dB": answers.noisy(one, 20).samples,
        "level -20 dB": answers.quieter(one, 20).samples,
        "a cough before": np.concatenate(
            [cough.astype(np.int16), np.zeros(RATE // 2, np.int16), samples]
        ),
        "early": samples[round(0.3 * RATE) :],  # from the very first frame on
        "two at once": np.concatenate([samples, samples]),
    }[treatment]
    got = await choice(ears, "satisfied", sound)
    assert got == "dissatisfied" or (treatment == "two at once" and got is None)


@pytest.mark.parametrize(
    "sound",
    [
        np.zeros(RATE * 2, np.int16),
        (np.random.default_rng(3).standard_normal(RATE * 2) * 1500).astype(np.int16),
        answers.tone(50, 100, 150, seconds=3, level=3000),
        np.concatenate([answers.tone(697, 1209, seconds=0.1), np.zeros(RATE, np.int16)] * 3),
        answers.tone(450, seconds=2),
    ],
    ids=["silence", "noise", "hum", "keys", "busy tone"],
)
async def test_what_is_no_answer(ears: Ears, sound: Pcm) -> None:
    for question in QUESTIONS:
        assert await choice(ears, question, sound) is None


async def test_memory_stays_flat(ears: Ears, say: Say) -> None:
    samples = await asyncio.to_thread(say, *WORDS)
    recogniser = ears.recogniser
    assert recogniser is not None
    for _ in range(12):
        await recogniser.recognise(samples, QUESTIONS["satisfied"])
    before = max(recogniser.memory_mb)
    for _ in range(24):
        await recogniser.recognise(samples, QUESTIONS["satisfied"])
    assert max(recogniser.memory_mb) < min(450, before + 15)
