"""Which answers sound the same."""

import pytest

from ivr.talk.speech.base import Choice, Question
from ivr.talk.speech.confusion import ALIKE, alike, distance
from ivr.talk.speech.questions import shipped


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("停电", "停店"),  # homophones
        ("买了", "卖了"),  # the tone
        ("四", "是"),  # si, shi
        ("蓝的", "南的"),  # l, n
        ("停水", "听水"),
        ("yes", "yes!"),
    ],
)
def test_these_sound_the_same(one: str, other: str) -> None:
    assert distance(one, other) == distance(other, one) < ALIKE


@pytest.mark.parametrize(
    ("one", "other"),
    [("满意", "不满意"), ("停电了", "停水了"), ("是", "不是"), ("修好了", "没修好"), ("yes", "no")],
)
def test_these_do_not(one: str, other: str) -> None:
    assert distance(one, other) >= ALIKE


@pytest.mark.parametrize("name", shipped("zh-CN"))
def test_nothing_shipped_can_be_mistaken(name: str) -> None:
    assert alike(shipped("zh-CN")[name]) == []


def test_ways_to_say_the_same_may_sound_alike() -> None:
    buy, sell = Choice("buy", "1", ("买", "要买"), "买"), Choice("sell", "2", ("卖",), "卖")
    assert alike(Question("trade", (buy, sell))) == [("买", "卖")]
