"""Each story: a script that can be read, and what would go wrong in a call."""

from collections.abc import Callable

import pytest

from ivr.resources import folder
from ivr.talk.prompts import catalogue
from ivr.talk.script import Script, check, load

Scripted = Callable[..., Script]
SHIPPED = sorted((folder("prompts") / "scripts").glob("*/*.yaml"))

ASK = """\
    ask: 请问，修好了吗？
    question: fixed
"""


def told(script: Script) -> list[str]:
    return [f"{problem.line}: {problem.sentence}" for problem in check(script)]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_what_is_shipped_is_in_order(path: object) -> None:
    assert check(load(path)) == []  # type: ignore[arg-type]


def test_a_loop_without_exit(scripted: Scripted) -> None:
    script = scripted(f"  again:\n{ASK}    when: {{no: sorry}}\n    next: again\n"
                      "  sorry:\n    say: 对不起。\n    next: again\n")  # fmt: skip
    assert told(script) == [
        "6: again: goes round without an end (again → sorry); let one answer lead to an end step"
    ]


def test_a_loop_with_an_exit_is_fine(scripted: Scripted) -> None:
    assert told(scripted(f"  again:\n{ASK}    when: {{no: again}}\n  bye:\n    end: done\n")) == []


def test_a_loop_in_which_nothing_is_asked(scripted: Scripted) -> None:
    script = scripted(
        f"  q:\n{ASK}  hm:\n    say: 好的。\n  see:\n    branch: q\n    when: {{no: hm}}\n"
        "  bye:\n    end: done\n"
    )
    assert told(script) == ["9: hm: comes back to itself without asking anything"]


def test_an_unreachable_step(scripted: Scripted) -> None:
    script = scripted("  hello:\n    say: 您好。\n    next: bye\n  lost:\n    say: 啊。\n"
                      "  bye:\n    end: done\n")  # fmt: skip
    assert told(script) == ["9: lost: no step leads here; remove it"]


def test_a_step_that_leads_nowhere(scripted: Scripted) -> None:
    script = scripted("", tail="  person:\n    transfer: 请稍等。\n  nobody:\n    end: none\n"
                      "  hello:\n    say: 您好。\n")  # fmt: skip
    assert "10: hello: leads nowhere; end the script with an end step" in told(script)


def test_a_missing_prompt(scripted: Scripted) -> None:
    script = scripted("  bye:\n    end: done\n")
    texts = catalogue("zh-CN")
    texts.pop("script-no-match")
    assert [problem.sentence for problem in check(script, texts)] == [
        "prompt script-no-match is missing in zh-CN; write it into prompts/zh-CN/script.toml"
    ]


@pytest.mark.parametrize(
    ("steps", "problem"),
    [
        ("  a:\n    say: 您好，{name}。\n", "7: a: {name} is not among the values of the script"),
        ("  a:\n    say: 。。。\n", "7: a: nothing in it can be said; write words"),
    ],
)
def test_what_cannot_be_said(scripted: Scripted, steps: str, problem: str) -> None:
    assert told(scripted(f"{steps}  bye:\n    end: done\n")) == [problem]


def test_a_value_that_nobody_needs(scripted: Scripted) -> None:
    head = "script: t\ntitle: 试\nperson: person\nsilence: nobody\nvalues: {a: 甲}\n"
    assert told(scripted("  bye:\n    end: done\n", head=head)) == [
        "5: value a is never used; remove it"
    ]


CHOICES = """\
  q:
    ask: 请问，现在方便吗？
    choices:
      yes: {key: 1, label: 方便, words: [%s]}
      no: {key: 2, label: 没空, words: [%s]}
  bye:
    end: done
"""


@pytest.mark.parametrize("words", ["OK", "好2", "好，的"])
def test_words_that_no_engine_can_hear(scripted: Scripted, words: str) -> None:
    script = scripted(CHOICES % (f"'{words}'", "没空"))
    assert told(script) == [
        f"9: q: no engine can hear {words!r}; write it in words of the language"
    ]


def test_two_answers_that_sound_the_same(scripted: Scripted) -> None:
    assert told(scripted(CHOICES % ("是的", "四的"))) == [
        "8: q: '是的' and '四的' sound the same but are two answers; choose other words for one"
    ]


def test_words_that_the_installed_engine_does_not_know(scripted: Scripted) -> None:
    script = scripted(CHOICES % ("方便", "没空"))
    found = check(script, unheard=lambda question: ["没空"])
    assert [(one.line, one.sentence) for one in found] == [
        (8, "q: the installed engine does not know '没空'; say it otherwise")
    ]
