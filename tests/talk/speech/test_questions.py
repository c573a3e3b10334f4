"""The questions that are shipped, and what is wrong with others."""

from pathlib import Path

import pytest

from ivr.errors import UserError
from ivr.talk.speech import questions
from ivr.talk.speech.base import Choice, Question

CODES = {
    "satisfied": {
        "very_satisfied": "非常满意 很满意",
        "satisfied": "满意",
        "neutral": "一般 还可以 还行",
        "dissatisfied": "不太满意 不满意",
        "very_dissatisfied": "很不满意 非常不满意",
    },
    "yes_no": {"yes": "是 是的 对 有", "no": "不是 不对 没有"},
    "fixed": {"yes": "好了 修好了 解决了 已经修好了", "no": "没修好 没解决 还没修好 没有解决"},
    "fault": {
        "power": "没电了 停电了",
        "water": "没水了 停水了",
        "leak": "漏水了",
        "lift": "电梯坏了",
    },
}


@pytest.mark.parametrize("name", CODES)
def test_the_shipped_questions(name: str) -> None:
    question = questions.named(name, "zh-CN")
    assert {one.code: " ".join(one.variants) for one in question.choices} == CODES[name]
    assert [one.code for one in question.commands] == ["repeat", "person"]
    keys = [one.key for one in (*question.choices, *question.commands)]
    assert len(set(keys)) == len(keys)
    assert questions.problem(question) is None


def test_costly_answers_are_marked() -> None:
    satisfied = questions.named("satisfied", "zh-CN")
    assert [one.code for one in satisfied.choices if one.costly] == [
        "dissatisfied",
        "very_dissatisfied",
    ]


def test_an_unknown_question_names_the_known() -> None:
    with pytest.raises(UserError, match="there are: satisfied, yes_no, fixed, fault"):
        questions.named("happy", "zh-CN")


def test_a_language_without_questions() -> None:
    assert questions.shipped("xx") == {}
    with pytest.raises(UserError, match="none in xx"):
        questions.named("satisfied", "xx")


@pytest.mark.parametrize(
    ("toml", "says"),
    [
        ("[a]\nchoices = []", "a: has no answers"),
        ("[a", "is not TOML"),
        ("[a]\ntitle = 'x'", "a.choices: Field required"),
        ("[a]\nchoices = [{code='x', key='12', label='x', say=['好']}]", "a.choices.0.key"),
        ("[a]\nchoices = [{code='x', key='1', label='x', say=['12']}]", "digits are for keys"),
        (
            "[a]\nchoices = [{code='x', key='1', label='x', say=['好']},"
            " {code='y', key='1', label='y', say=['坏']}]",
            "key 1 has two meanings",
        ),
        (
            "[a]\nchoices = [{code='x', key='1', label='x', say=['好']},"
            " {code='y', key='2', label='y', say=['好']}]",
            "好 means both x and y",
        ),
    ],
)
def test_a_wrong_file_is_one_sentence(tmp_path: Path, toml: str, says: str) -> None:
    path = tmp_path / "zh-CN.toml"
    path.write_text(toml, "utf-8")
    with pytest.raises(UserError, match=says) as wrong:
        questions.load(path)
    assert str(path) in str(wrong.value)


def test_commands_are_heard_too() -> None:
    question = Question(
        "x", (Choice("a", "1", ("好",), "好"),), (Choice("repeat", "*", ("再说",), "再说"),)
    )
    assert [(phrase, one.code) for phrase, one in question.phrases()] == [
        ("好", "a"),
        ("再说", "repeat"),
    ]
    assert question.choice("repeat") is question.commands[0]
    assert question.choice("b") is None
