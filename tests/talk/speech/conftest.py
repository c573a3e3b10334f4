"""Real engines, each loaded once for all tests; what is not installed is said."""

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import cache

import pytest
import pytest_asyncio

from bench import answers
from ivr.settings import Speech
from ivr.talk import models
from ivr.talk.line import Pcm
from ivr.talk.model_table import VOSK_KO, VOSK_SMALL_CN, WHISPER_BASE
from ivr.talk.speech.base import Choice, Question
from ivr.talk.speech.choose import Chosen, ears_of
from ivr.talk.speech.ears import Ears
from ivr.talk.speech.questions import shipped
from ivr.talk.speech.vosk import VoskEngine
from ivr.talk.speech.whisper import WhisperEngine

ASKED = Question(
    "satisfied",
    (
        Choice("yes", "1", ("满意",), "满意"),
        Choice("no", "2", ("不满意",), "不满意", costly=True),
    ),
)


@pytest.fixture
def asked() -> Question:
    return ASKED


def installed(model: models.Model) -> models.Model:
    """`model`, or the test is skipped."""
    if not models.installed(model):
        pytest.skip(f"{model.name} is not installed; `ivr models install {model.name}` brings it")
    return model


@pytest.fixture(scope="session")
def whisper() -> WhisperEngine:
    return WhisperEngine(installed(WHISPER_BASE).folder)


@pytest.fixture(scope="session")
def korean() -> VoskEngine:
    return VoskEngine(installed(VOSK_KO).folder)


MANDARIN = {"whisper": WHISPER_BASE, "vosk": VOSK_SMALL_CN}


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=MANDARIN)
async def ears(request: pytest.FixtureRequest) -> AsyncIterator[Ears]:
    """The ears of a Chinese office, with each engine that understands Mandarin."""
    model = installed(MANDARIN[request.param])
    engine = VoskEngine(model.folder) if request.param == "vosk" else WhisperEngine(model.folder)
    speech = Speech(workers=2, deadline_s=10.0)
    async with ears_of(Chosen(engine, ""), speech, shipped("zh-CN").values()) as ears:
        async with asyncio.timeout(60):
            await ears.ready()
        yield ears


Say = Callable[[str, str], Pcm]


@pytest.fixture(scope="session")
def say() -> Say:
    """`say(speaker, text)`: a Mandarin voice of the machine on a telephone, from the cache."""
    if not answers.speakers():
        pytest.skip("the natural voices are not installed; `ivr models install kokoro`")

    @cache
    def said(speaker: str, text: str) -> Pcm:
        return asyncio.run(answers.rendered(speaker, [text]))[text]

    return said
