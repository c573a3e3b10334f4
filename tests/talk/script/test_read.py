"""Each line: a script with one mistake, and the sentence with its line."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ivr.errors import UserError
from ivr.resources import folder
from ivr.talk.script import Script, ScriptError, find, load

SHIPPED = sorted((folder("prompts") / "scripts").glob("*/*.yaml"))

GOOD = """\
script: test
title: 试一试
person: person
silence: nobody
values:
  title: 水龙头
steps:
  hello:
    say: 您好，{title}修好了。
  fixed:
    ask: 请问，修好了吗？
    question: fixed
    when: {no: sorry}
  bye:
    end: satisfied
    say: 谢谢，再见。
  sorry:
    end: dissatisfied
  person:
    transfer: 请稍等。
  nobody:
    end: no_answer
"""

Mistaken = tuple[str, str, int, str]  # instead of, this, on line, what is told

MISTAKES: list[Mistaken] = [
    ("title: 试一试\n", "", 1, "title: is missing"),
    ("title: 试一试", "titel: 试一试\ntitle: 试", 2, "titel: is not known here"),
    ("person: person", "person: bye", 3, "person: 'bye' is no step that is transfer: …"),
    ("silence: nobody", "silence: nowhere", 4, "silence: 'nowhere' is no step that is end: …"),
    ("say: 您好", "tell: 您好", 8, "hello: says not what to do; it needs one of ask, record"),
    ("say: 您好，{title}修好了。", "say: ''", 9, "hello.say: is empty"),
    ("{title}修", "{title.__class__}修", 9, "{title.__class__} is no field"),
    ("{title}修", "{title修", 9, "a brace that is not closed"),
    ("    question: fixed\n    when: {no: sorry}\n", "", 10, "needs either question: NAME or"),
    ("question: fixed", "question: broken", 12, "no question 'broken'; there are: satisfied"),
    ("{no: sorry}", "{no: nowhere}", 13, "fixed: there is no step 'nowhere'"),
    ("{no: sorry}", "{maybe: sorry}", 13, "'maybe' is no answer to it; answers are yes, no"),
    ("{no: sorry}", "{no: sorry, no: bye}", 13, "no is there twice"),
    ("question: fixed", "choices: {}", 12, "has no answers"),
    ("question: fixed", "retries: 9", 12, "fixed.retries: must be 3 or less (it is '9')"),
    (
        "question: fixed",
        "question: fixed\n    next: x y",
        13,
        "fixed.next: may have letters, digits",
    ),
    ("  bye:\n", "  fixed:\n", 14, "fixed is there twice"),
    ("end: satisfied", "end: satisfied\n    ask: 吗？", 14, "bye: is ask and end and say at once"),
    ("end: satisfied", "end: 很满意", 15, "bye.end: may have small letters"),
    ("end: satisfied", "end: &x satisfied", 0, ""),
    ("when: {no: sorry}", "when: [no]", 13, "fixed.when: "),
    ("  hello:", "  ? [a]\n  : b\n  hello:", 8, "a name is one word"),
    ("script: test", "script: [", 3, "is not YAML"),
    ("script: test", "script: \ttest", 1, "is not YAML: found character '\\t'"),
    ("script: test", "script: te\x07st", 1, "has a character that no text has"),
]


def write(folder: Path, text: str) -> Path:
    path = folder / "zh-CN" / "test.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_what_is_shipped_can_be_read(path: Path) -> None:
    script = load(path)
    assert (script.name, script.language) == (path.stem, path.parent.name)


def test_a_good_script(tmp_path: Path) -> None:
    script = load(write(tmp_path, GOOD))
    assert list(script.steps) == ["hello", "fixed", "bye", "sorry", "person", "nobody"]
    assert [(way.why, way.to) for way in script.ways("fixed")] == [("no", "sorry"), ("", "bye")]
    assert script.line("steps", "fixed", "when", "no") == 13
    assert script.line("steps", "fixed", "unheard of") == 10


@pytest.mark.parametrize(("instead", "written", "line", "told"), MISTAKES)
def test_a_mistake_has_its_line(
    tmp_path: Path, instead: str, written: str, line: int, told: str
) -> None:
    assert instead in GOOD
    path = write(tmp_path, GOOD.replace(instead, written, 1))
    if not told:
        load(path)
        return
    with pytest.raises(ScriptError) as error:
        load(path)
    lines = str(error.value).splitlines()
    assert any(one.startswith(f"{path}:{line}: ") and told in one for one in lines), lines


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    text = GOOD.replace("{no: sorry}", "{no: nowhere}").replace("person: person", "person: x")
    with pytest.raises(ScriptError) as error:
        load(write(tmp_path, text))
    assert [problem.line for problem in error.value.problems] == [3, 13]


Choices = Callable[..., Script]


@pytest.mark.parametrize(
    ("choices", "told"),
    [
        ("a: {key: 1, label: 甲}\n      b: {key: 1, label: 乙}", "key 1 has two meanings"),
        ("a: {key: 0, label: 甲}", "key 0 has two meanings"),  # a person
        ("a: {key: 12, label: 甲}", "q.choices.a.key: is no key of a telephone"),
        ("a: {key: 1, label: 甲, words: [好, '2']}", "'2' has no words; digits are for keys"),
        (
            "a: {key: 1, label: 甲, words: [好]}\n      b: {key: 2, label: 乙, words: [好]}",
            "好 means both a and b",
        ),
        ("a: {key: 1, label: 甲, words: [转人工]}", "转人工 means both a and person"),
        ("a: 1", "q.choices.a: holds names with values"),
    ],
)
def test_choices_with_a_mistake(scripted: Choices, choices: str, told: str) -> None:
    with pytest.raises(ScriptError) as error:
        scripted(f"  q:\n    ask: 吗？\n    choices:\n      {choices}\n  bye:\n    end: done\n")
    assert told in str(error.value)


def test_yaml_words_are_no_booleans(scripted: Choices) -> None:
    script = scripted(
        "  q:\n    ask: 吗？\n    choices:\n      yes: {key: 1, label: 是}\n"
        "      no: {key: 2, label: 否}\n    when: {no: bye}\n  bye:\n    end: off\n"
    )
    assert [choice.code for choice in script.questions["q"].choices] == ["yes", "no"]


@pytest.mark.parametrize(
    "bomb",
    [
        "a: &a [x, *a]\n",
        "a: &a [1,1,1]\nb: &b [*a,*a,*a]\nc: [*b,*b,*b]\n",
        "a: !!python/object/apply:os.system ['true']\n",
        "[" * 5000 + "]" * 5000,
        "{a: " * 3000 + "}" * 3000,
        "--- 1\n--- 2\n",
        "",
        "null",
        "\ufeff",
    ],
)
def test_hostile_files_are_no_scripts(tmp_path: Path, bomb: str) -> None:
    with pytest.raises(UserError):
        load(write(tmp_path, bomb))


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    path = write(tmp_path, "")
    for data in (b"\xff\xfe\x00", b"#" * 100_000):
        path.write_bytes(data)
        with pytest.raises(UserError, match=r"test\.yaml"):
            load(path)
    with pytest.raises(UserError, match="no such file"):
        load(tmp_path / "none.yaml")


@pytest.mark.parametrize(("folder", "head"), [("ja", ""), ("zh-CN", "language: fr\n")])
def test_a_language_without_prompts(tmp_path: Path, folder: str, head: str) -> None:
    path = tmp_path / folder / "a.yaml"
    path.parent.mkdir()
    path.write_text(GOOD + head, encoding="utf-8")
    with pytest.raises(ScriptError, match=r"there are no prompts in language .*; there are en, zh"):
        load(path)


def test_the_language_may_be_written(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("language: zh-CN\n" + GOOD, encoding="utf-8")
    assert load(path).language == "zh-CN"


def test_the_offices_own_script_wins(tmp_path: Path) -> None:
    shipped = find("repair", "zh-CN", tmp_path)
    own = tmp_path / "zh-CN" / "repair.yaml"
    own.parent.mkdir()
    own.write_bytes(shipped.read_bytes())
    assert find("repair", "zh-CN", tmp_path) == own
    with pytest.raises(UserError, match=r"no script 'x' in zh-CN; there are: .*repair"):
        find("x", "zh-CN")
