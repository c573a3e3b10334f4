"""Scripts from YAML files: every mistake with its line, before any call is made.

YAML is composed to nodes and each scalar is taken as it is written: `no` is the word no,
nothing is constructed, and every value knows its line.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from ivr.errors import UserError
from ivr.resources import folder
from ivr.talk.prompts import languages
from ivr.talk.script.model import (
    CODE,
    FIELD,
    KEY,
    NAME,
    AskStep,
    BranchStep,
    EndStep,
    Phrases,
    RecordStep,
    SayStep,
    Script,
    ScriptRow,
    Step,
    TransferStep,
    commands_of,
)
from ivr.talk.speech import questions
from ivr.talk.speech.base import Question

END = ".yaml"
CONFIRMING = "yes_no"
"""The question that has the words for 对吗？"""

_LARGEST = 64 * 1024  # bytes; the longest shipped script has three
_KINDS = (AskStep, RecordStep, BranchStep, TransferStep, EndStep, SayStep)  # an end may say

Where = tuple[str, ...]


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """Something wrong with a script."""

    line: int
    sentence: str
    path: Path

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.sentence}"


class ScriptError(UserError):
    """A script that cannot be used; one line a problem."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = sorted(problems)
        super().__init__("\n".join(map(str, self.problems)))


def load(path: Path, known: Mapping[str, Question] | None = None) -> Script:
    """Read a script. `known`: the questions it may refer to, default those of its language.

    Raises ScriptError with every mistake in the file, UserError when it cannot be read.
    """
    try:
        data = path.read_bytes()
        if len(data) > _LARGEST:
            raise UserError(f"{path}: is larger than {_LARGEST // 1024} KB; that is no script")
        text = data.decode("utf-8")
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; check its name") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read ({error}); save it as UTF-8") from None
    return _Reading(path, text, known).script()


def find(name: str, language: str, own: Path | None = None) -> Path:
    """The file of a script: the office's own `own/LANGUAGE/NAME.yaml`, else the shipped one.

    Raises UserError when there is none.
    """
    shipped = folder("prompts") / "scripts"
    for base in (own, shipped):
        if base is not None and (path := base / language / f"{name}{END}").is_file():
            return path
    there = sorted({path.stem for path in (shipped / language).glob(f"*{END}")})
    raise UserError(
        f"There is no script {name!r} in {language}; there are: {', '.join(there) or 'none'}"
    )


@cache
def phrases(language: str) -> Phrases:
    """Raises UserError when the language has none."""
    path = folder("prompts") / "scripts" / language / "phrases.toml"
    try:
        return Phrases(**tomllib.loads(path.read_text("utf-8")))
    except FileNotFoundError:
        raise UserError(
            f"There are no scripts in language {language!r}; {path.name} is missing"
        ) from None
    except (OSError, ValueError, TypeError) as error:
        raise UserError(f"{path}: is no file of phrases: {error}") from None


class _Reading:
    """One file on its way to a Script; mistakes are gathered, not thrown one by one."""

    def __init__(self, path: Path, text: str, known: Mapping[str, Question] | None) -> None:
        self._path = path
        self._text = text
        self._known = known
        self._lines: dict[Where, int] = {}
        self._problems: list[Problem] = []

    def script(self) -> Script:
        head = self._head(self._data(self._node()))
        language = self._language(head)
        steps = self._steps(head)
        self._stop()
        known = questions.shipped(language) if self._known is None else self._known
        asked = self._questions(head, steps, known, language)
        self._references(head, steps, asked)
        self._stop()
        return Script(
            name=head.script,
            title=head.title,
            language=language,
            path=self._path,
            person=head.person,
            silence=head.silence,
            values=head.values,
            steps=steps,
            questions=asked,
            commands=commands_of(questions.commands(language)),
            confirming=known.get(CONFIRMING),
            phrases=phrases(language),
            lines=self._lines,
        )

    # --- YAML

    def _node(self) -> yaml.Node:
        try:
            node = yaml.compose(self._text, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            said = error.problem or error.context or "cannot be read"
            self._tell_line(mark.line + 1 if mark else 1, f"is not YAML: {said}")
        except yaml.reader.ReaderError as error:
            line = self._text.count("\n", 0, error.position) + 1
            self._tell_line(line, "has a character that no text has; type the line anew")
        except RecursionError:
            self._tell_line(1, "is nested too deeply; that is no script")
        else:
            if isinstance(node, yaml.MappingNode):
                return node
            self._tell_line(1, "is no script; begin with: script: NAME")
        self._stop()
        raise AssertionError("unreachable")

    def _data(self, node: yaml.Node) -> dict[str, Any]:
        found = self._plain(node, (), set())
        self._stop()
        assert isinstance(found, dict)
        return found

    def _plain(self, node: yaml.Node, where: Where, seen: set[int]) -> Any:
        """Scalars as they are written, in dicts and lists; the line of each is noted."""
        self._lines.setdefault(where, node.start_mark.line + 1)
        if id(node) in seen:
            self._tell(where, "anchors (&, *) have no place in a script; write it out")
            return ""
        seen.add(id(node))
        if isinstance(node, yaml.ScalarNode):
            return node.value
        if isinstance(node, yaml.SequenceNode):
            return [
                self._plain(one, (*where, str(index)), seen) for index, one in enumerate(node.value)
            ]
        found: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._tell_line(key.start_mark.line + 1, "a name is one word")
                continue
            here = (*where, key.value)
            if key.value in found:
                self._tell_line(key.start_mark.line + 1, f"{key.value} is there twice; remove one")
                continue
            self._lines[here] = key.start_mark.line + 1
            found[key.value] = self._plain(value, here, seen)
        return found

    # --- the rows

    def _head(self, data: dict[str, Any]) -> ScriptRow:
        try:
            return ScriptRow.model_validate(data)
        except ValidationError as error:
            self._invalid(error, ())
        self._stop()
        raise AssertionError("unreachable")

    def _language(self, head: ScriptRow) -> str:
        language = head.language or self._path.resolve().parent.name
        if language in languages():
            return language
        where = ("language",) if head.language else ("script",)
        self._tell(
            where,
            f"there are no prompts in language {language!r}; there are {', '.join(languages())}:"
            " write language: zh-CN, or put the file into a folder of that name",
        )
        return language

    def _steps(self, head: ScriptRow) -> dict[str, Step]:
        steps: dict[str, Step] = {}
        for name, row in head.steps.items():
            where = ("steps", name)
            kinds = [kind for kind in _KINDS if kind.kind in row]
            names = [kind.kind for kind in kinds]
            if not kinds:
                those = ", ".join(kind.kind for kind in _KINDS)
                self._tell(where, f"{name}: says not what to do; it needs one of {those}")
            elif len(kinds) > 1 and names != [EndStep.kind, SayStep.kind]:
                self._tell(where, f"{name}: is {' and '.join(names)} at once; make two steps of it")
            else:
                try:
                    steps[name] = kinds[0].model_validate(row)
                except ValidationError as error:
                    self._invalid(error, where)
        return steps

    def _questions(
        self,
        head: ScriptRow,
        steps: Mapping[str, Step],
        known: Mapping[str, Question],
        language: str,
    ) -> dict[str, Question]:
        commands = commands_of(questions.commands(language))
        asked = {}
        for name, step in steps.items():
            if not isinstance(step, AskStep):
                continue
            where = ("steps", name)
            if (step.question is None) == (step.choices is None):
                self._tell(where, f"{name}: needs either question: NAME or choices: …")
                continue
            if step.question is not None:
                question = known.get(step.question)
                if question is None:
                    self._tell(
                        (*where, "question"),
                        f"{name}: there is no question {step.question!r};"
                        f" there are: {', '.join(known) or 'none'}",
                    )
                    continue
            else:
                rows = step.choices or {}
                question = Question(
                    f"{head.script}.{name}",
                    tuple(row.choice(code) for code, row in rows.items()),
                    commands,
                )
                if wrong := questions.problem(question):
                    self._tell((*where, "choices"), f"{name}: {wrong}")
            asked[name] = question
        return asked

    def _references(
        self, head: ScriptRow, steps: Mapping[str, Step], asked: Mapping[str, Question]
    ) -> None:
        for field, kind in (("person", TransferStep), ("silence", EndStep)):
            name = getattr(head, field)
            if not isinstance(steps.get(name), kind):
                self._tell((field,), f"{field}: {name!r} is no step that is {kind.kind}: …")
        for name, step in steps.items():
            for where, to in _leads(step):
                if to not in steps:
                    self._tell(("steps", name, *where), f"{name}: there is no step {to!r}")
            if isinstance(step, AskStep) and name in asked:
                self._codes(name, step.when, asked[name])
            elif isinstance(step, BranchStep):
                if step.branch in asked:
                    self._codes(name, step.when, asked[step.branch])
                elif step.branch not in head.values:
                    self._tell(
                        ("steps", name, "branch"),
                        f"{name}: {step.branch!r} is neither a question of this script"
                        " nor one of its values",
                    )

    def _codes(self, name: str, when: Mapping[str, str], question: Question) -> None:
        codes = [one.code for one in question.choices]
        for code in when:
            if code not in codes:
                self._tell(
                    ("steps", name, "when", code),
                    f"{name}: {code!r} is no answer to it; answers are {', '.join(codes)}",
                )

    # --- telling

    def _invalid(self, error: ValidationError, where: Where) -> None:
        for item in error.errors():
            at = (*where, *(str(part) for part in item["loc"] if part != "[key]"))
            name = ".".join(at[1:] if at[0] == "steps" and len(at) > 1 else at)
            self._tell(at, f"{name}: {_said(item)}")

    def _tell(self, where: Where, sentence: str) -> None:
        while where and where not in self._lines:
            where = where[:-1]
        self._tell_line(self._lines.get(where, 1), sentence)

    def _tell_line(self, line: int, sentence: str) -> None:
        self._problems.append(Problem(line, sentence, self._path))

    def _stop(self) -> None:
        if self._problems:
            raise ScriptError(self._problems)


_WRITTEN = {
    NAME: "may have letters, digits, - and _ only, at most 32",
    CODE: "may have small letters a to z, digits and _ only, at most 32",
    FIELD: "may have small letters a to z, digits and _ only, at most 32",
    KEY: "is no key of a telephone; write one of 0 to 9, * and #",
}


def _said(item: Mapping[str, Any]) -> str:
    """What pydantic found, in words for somebody who writes scripts."""
    given, limits = item.get("input"), item.get("ctx", {})
    shown = f" (it is {given[:40]!r})" if isinstance(given, str) else ""
    match item["type"]:
        case "missing":
            return "is missing"
        case "extra_forbidden":
            return "is not known here; check its spelling"
        case "dict_type" | "model_type" | "model_attributes_type":
            return "holds names with values, one a line"
        case "string_pattern_mismatch":
            return _WRITTEN[limits["pattern"]] + shown
        case "string_too_short":
            return "is empty; write words"
        case "string_too_long":
            return f"is too long; {limits['max_length']} characters at most"
        case "greater_than_equal":
            return f"must be {limits['ge']:g} or more{shown}"
        case "less_than_equal":
            return f"must be {limits['le']:g} or less{shown}"
        case _:
            return f"{item['msg'].removeprefix('Value error, ')}{shown}"


def _leads(step: Step) -> Iterator[tuple[Where, str]]:
    """Each place of a step that names another one."""
    for field in ("next", "no_answer"):
        if (to := getattr(step, field, None)) is not None:
            yield (field,), to
    if isinstance(step, AskStep | BranchStep):
        for code, to in step.when.items():
            yield ("when", code), to
