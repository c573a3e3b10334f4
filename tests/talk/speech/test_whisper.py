"""Whisper as a judge of closed sets: what speaks for an answer, and what does not."""

import numpy as np
import pytest

from ivr.talk.line import RATE
from ivr.talk.speech.base import Choice, Question
from ivr.talk.speech.questions import shipped
from ivr.talk.speech.whisper import LONGEST_S, Evidence, WhisperEngine
from tests.talk.speech.conftest import Say

SATISFIED = shipped("zh-CN")["satisfied"]
ANY = SATISFIED.choices[0]


@pytest.mark.parametrize(
    ("above_hush", "above_free", "ahead", "likely"),
    [
        (12.0, -1.0, 8.0, True),  # a clear answer
        (3.0, -2.0, 6.0, True),  # a mumbled one
        (2.0, -12.0, 5.0, False),  # the model would have written something else
        (-3.0, -6.0, 1.0, False),  # no better than silence
    ],
)
def test_what_speaks_for_an_answer(
    above_hush: float, above_free: float, ahead: float, likely: bool
) -> None:
    assert (Evidence("满意", ANY, above_hush, above_free, ahead).odds > 0) is likely


def test_being_far_ahead_is_no_answer_by_itself() -> None:
    near, far = (Evidence("满意", ANY, 1.0, -8.0, ahead).odds for ahead in (6.0, 60.0))
    assert near == far


@pytest.mark.slow
def test_what_is_no_utterance(whisper: WhisperEngine) -> None:
    for samples in (np.zeros(0, np.int16), np.ones(round((LONGEST_S + 1) * RATE), np.int16)):
        heard = whisper.recognise(samples, SATISFIED)
        assert (heard.choice, heard.score) == (None, 0.0)


@pytest.mark.slow
@pytest.mark.parametrize("text", ["非常", "很", "不太", "还", "没"])
def test_the_beginning_of_an_answer_is_not_believed(
    whisper: WhisperEngine, say: Say, text: str
) -> None:
    """Else the turn would be over before 满意 or 不满意 is said."""
    samples = say("zm_yunxi", text)
    for question in (SATISFIED, shipped("zh-CN")["fixed"]):
        assert not whisper.recognise(samples, question).sure


@pytest.mark.slow
def test_sentences_that_begin_alike_are_heard_to_their_end(
    whisper: WhisperEngine, say: Say
) -> None:
    choices = ("对不起您拨打的电话暂时无人接听", "对不起您拨打的电话暂时无法接通")
    question = Question(
        "long", tuple(Choice(f"c{n}", str(n), (words,), words) for n, words in enumerate(choices))
    )
    for words in choices:
        heard = whisper.recognise(say("zm_yunxi", words), question)
        assert heard.sure
        assert heard.transcript == words


@pytest.mark.slow
def test_a_question_of_ones_own(whisper: WhisperEngine, say: Say) -> None:
    own = Question(
        "when",
        (Choice("today", "1", ("今天",), "今天"), Choice("tomorrow", "2", ("明天上午",), "明天")),
    )
    whisper.learn(own)
    assert whisper.unheard(own) == []
    heard = whisper.recognise(say("zm_yunxi", "明天上午"), own)
    assert (heard.choice, heard.transcript, heard.engine) == ("tomorrow", "明天上午", "whisper")
    one = Question("one", own.choices[1:])
    assert whisper.recognise(say("zm_yunxi", "明天上午"), one).choice == "tomorrow"


@pytest.mark.slow
def test_the_threshold_of_a_question(whisper: WhisperEngine, say: Say) -> None:
    strict = Question("strict", SATISFIED.choices, threshold=0.9999)
    samples = say("zm_yunxi", "今天天气不错")
    assert whisper.recognise(samples, strict).choice is None
