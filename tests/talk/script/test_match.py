"""Each line: what is typed, what is understood, and whether it has to be confirmed."""

import pytest

from ivr.talk.script.match import match
from ivr.talk.speech.base import Choice, Question
from ivr.talk.speech.questions import named

YES_NO = Question(
    "q", (Choice("yes", "1", ("yes", "all right"), "yes"), Choice("no", "2", ("no",), "no"))
)


@pytest.mark.parametrize(
    ("typed", "code", "sure"),
    [
        ("满意", "satisfied", True),
        ("满意。", "satisfied", True),
        ("不满意", "dissatisfied", True),
        ("很不满意", "very_dissatisfied", True),
        ("我觉得不太满意吧", "dissatisfied", False),
        ("还行，还可以", "neutral", False),
        ("再说一遍", "repeat", True),
        ("我要投诉", "person", True),
        ("今天天气不错", "", False),
        ("一般，满意", "", False),  # two answers are none
        ("", "", False),
    ],
)
def test_what_is_understood(typed: str, code: str, sure: bool) -> None:
    heard = match(typed, named("satisfied", "zh-CN"))
    assert (heard.choice, heard.sure and bool(heard.choice)) == (code, sure)


@pytest.mark.parametrize(
    ("typed", "code"),
    [("Yes!", "yes"), ("yes please", "yes"), ("yesterday", ""), ("All  right", "yes"), ("not", "")],
)
def test_english_words_are_whole_words(typed: str, code: str) -> None:
    assert match(typed, YES_NO).choice == code
