"""Which sounds a script has, and what each says."""

from collections.abc import Callable

import pytest

from ivr.errors import UserError
from ivr.talk.script import Machine, Script, find, load, spoken
from ivr.talk.script.actions import Ask
from ivr.talk.script.texts import BEEP, SHARED, templates

Scripted = Callable[..., Script]


def test_everything_that_is_said_for_a_question(scripted: Scripted) -> None:
    script = scripted("""
  fixed:
    ask: "{title}修好了吗？"
    question: fixed
    no_match: 请您再说一遍。
  bye:
    end: done
""", head="script: t\ntitle: 试\nperson: person\nsilence: nobody\nvalues: {title: 灯}\n")  # fmt: skip
    assert spoken(script, {"title": "水龙头"}) == {
        "fixed": "水龙头修好了吗？",
        "fixed.keys": "修好了请按1，没修好请按2。",
        "fixed.no_match": "请您再说一遍。",
        "fixed.confirm.yes": "您说的是修好了，对吗？",
        "fixed.confirm.no": "您说的是没修好，对吗？",
        "person": "请稍等，正在为您转接。",
        "nobody": "打扰您了，再见。",
    }
    with pytest.raises(UserError, match=r"says \{title\} in fixed"):
        spoken(script, {})


@pytest.mark.parametrize(
    ("ask", "told"),
    [
        ("收到请按1，再听一遍请按2。", True),
        ("收到请按 1，再听请按2。", True),
        ("收到请按1，一共2项。", False),
        ("请问，收到1号通知了吗？", False),
    ],
)
def test_a_question_may_tell_its_keys_itself(scripted: Scripted, ask: str, told: bool) -> None:
    script = scripted(
        f"  q:\n    ask: {ask}\n    choices:\n      a: {{key: 1, label: 收到}}\n"
        "      b: {key: 2, label: 再听}\n  bye:\n    end: done\n"
    )
    assert ("q.keys" not in templates(script)) is told
    first = Machine(script, speech=False).begin()
    assert isinstance(first, Ask)
    assert first.sounds == (("q",) if told else ("q", "q.keys"))


def test_star_and_hash_are_said_by_their_names(scripted: Scripted) -> None:
    script = scripted(
        "  q:\n    ask: 吗？\n    choices:\n      a: {key: '#', label: 完了}\n  bye:\n    end: done\n"
    )
    assert templates(script)["q.keys"] == "完了请按井号键。"


def test_a_value_is_never_a_template() -> None:
    script = load(find("repair", "zh-CN"))
    values = {**script.values, "title": "{company}{0}{title.__class__}"}
    assert "{company}{0}{title.__class__}" in spoken(script, values)["about"]


def test_no_step_can_be_mistaken_for_a_shared_prompt() -> None:
    for name in ("repair", "survey"):
        assert not {*SHARED, BEEP} & set(templates(load(find(name, "zh-CN"))))
