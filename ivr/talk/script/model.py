"""What a script is: steps, and where each of them leads. Pure.

The steps are written in YAML (`ivr.talk.script.read`); the machine walks them.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from string import Formatter
from typing import Annotated, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from ivr.talk.speech.base import PERSON, REPEAT, Choice, Question

LONGEST_TEXT = 300  # characters of one step; nobody listens to more
LONGEST_RECORDING_S = 120


NAME = r"^[\w-]{1,32}$"
CODE = r"^[a-z0-9_]{1,32}$"
FIELD = r"^[a-z][a-z0-9_]{0,31}$"
KEY = r"^[0-9*#]$"


def _fillable(text: str) -> str:
    """Only plain {fields}: what is said never reaches into an object."""
    try:
        found = list(Formatter().parse(text))
    except ValueError as error:
        raise ValueError(f"has a brace that is not closed ({error})") from None
    for _, name, spec, conversion in found:
        if name is not None and (not re.fullmatch(FIELD, name) or spec or conversion):
            raise ValueError(f"{{{name}}} is no field; write it like {{title}}")
    return text


_PRESS = r"(?:按|press )\s*"

Name = Annotated[str, StringConstraints(pattern=NAME)]
ValueName = Annotated[str, StringConstraints(pattern=FIELD)]
Code = Annotated[str, StringConstraints(pattern=CODE)]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20)]
Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_TEXT),
    AfterValidator(_fillable),
]


class Row(BaseModel):
    """A piece of a script as it is written."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ChoiceRow(Row):
    """One answer of a question that the script brings itself."""

    key: Annotated[str, StringConstraints(pattern=KEY)]
    label: Words
    words: list[Words] = []  # the ways to say it; none: by key only
    costly: bool = False  # confirmed before it is believed

    def choice(self, code: str) -> Choice:
        return Choice(code, self.key, tuple(self.words), self.label, self.costly)


class SayStep(Row):
    """Says something; a key skips it, 0 brings a person."""

    kind: ClassVar = "say"
    say: Text
    next: Name | None = None


class AskStep(Row):
    """Asks for one of a closed set of answers: `question` names a shipped set, or `choices`."""

    kind: ClassVar = "ask"
    ask: Text
    question: str | None = None
    choices: dict[Code, ChoiceRow] | None = None
    keys: Text | None = None  # how the keys are told; default: 满意请按1，不满意请按2。
    retries: int = Field(2, ge=0, le=3)
    wait: float = Field(5.0, ge=2, le=20)  # seconds, for the first word or key
    no_input: Text | None = None  # said after a silence; default: prompt script-no-input
    no_match: Text | None = None  # said after other words; default: prompt script-no-match
    no_answer: Name | None = None  # where it goes when all tries were in vain
    when: dict[Code, Name] = {}
    next: Name | None = None


class RecordStep(Row):
    """Keeps what the person says, in their own words, until they are silent or press #."""

    kind: ClassVar = "record"
    record: Text
    seconds: int = Field(60, ge=5, le=LONGEST_RECORDING_S)
    silence: float = Field(3.0, ge=1, le=10)  # seconds of it end the recording
    next: Name | None = None


class BranchStep(Row):
    """Goes on by an earlier answer, or by a value of the call."""

    kind: ClassVar = "branch"
    branch: str
    when: dict[str, Name] = Field(min_length=1)
    next: Name | None = None  # for everything else


class TransferStep(Row):
    """Hands the call to a person."""

    kind: ClassVar = "transfer"
    transfer: Text


class EndStep(Row):
    """Says goodbye; `end` is the result of the call, in one word."""

    kind: ClassVar = "end"
    end: Code
    say: Text | None = None


Step = SayStep | AskStep | RecordStep | BranchStep | TransferStep | EndStep


class ScriptRow(Row):
    """The head of the file."""

    script: Name
    title: Words
    language: str = ""  # default: the folder's name
    person: Name  # the transfer step for 转人工, 我要投诉 and key 0, at any time
    silence: Name  # the end step for somebody who never answers
    values: dict[ValueName, Text] = {}  # what is filled in for each call, with an example
    steps: dict[Name, dict[str, object]] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Phrases:
    """How a language puts together what no script has to write out."""

    key: str  # {label}请按{key}
    between: str
    end: str
    confirm: str  # 您说的是{label}，对吗？
    star: str
    hash: str

    def keys(self, question: Question) -> str:
        """满意请按1，不满意请按2。"""
        names = {"*": self.star, "#": self.hash}
        told = (
            self.key.format(label=one.label, key=names.get(one.key, one.key))
            for one in question.choices
        )
        return self.between.join(told) + self.end


@dataclass(frozen=True, slots=True)
class Way:
    """From one step to another. `why` is an answer's code, or "" for the ordinary way."""

    to: str
    why: str = ""


@dataclass(frozen=True, eq=False)
class Script:
    """A script whose every reference leads somewhere; see `check` for what may still be wrong."""

    name: str
    title: str
    language: str
    path: Path
    person: str
    silence: str
    values: Mapping[str, str]
    steps: Mapping[str, Step]
    questions: Mapping[str, Question]  # of each ask step
    commands: tuple[Choice, ...]  # say it again, a person: heard at any time
    confirming: Question | None  # 对吗？ None: the language has no words for it
    phrases: Phrases
    lines: Mapping[tuple[str, ...], int] = field(repr=False)  # from 1; ("steps", "hello", "next")

    @property
    def start(self) -> str:
        return next(iter(self.steps))

    def line(self, *where: str) -> int:
        """The line on which that stands, or the nearest thing around it."""
        while where and where not in self.lines:
            where = where[:-1]
        return self.lines.get(where, 1)

    def after(self, name: str) -> str | None:
        """Where the ordinary way leads: `next`, else the step below; None at the bottom."""
        named = getattr(self.steps[name], "next", None)
        if named is not None:
            return str(named)
        names = list(self.steps)
        below = names.index(name) + 1
        return names[below] if below < len(names) else None

    def ways(self, name: str) -> Iterator[Way]:
        """Where the step may lead, by what the person answers; failing to answer left out."""
        step = self.steps[name]
        if isinstance(step, TransferStep | EndStep):
            return
        when = step.when if isinstance(step, AskStep | BranchStep) else {}
        for why, to in when.items():
            yield Way(to, why)
        after = self.after(name)
        everything = isinstance(step, AskStep) and all(
            one.code in when for one in self.questions[name].choices
        )
        if after is not None and not everything:
            yield Way(after)

    def no_answer(self, name: str) -> str | None:
        step = self.steps[name]
        return step.no_answer if isinstance(step, AskStep) else None

    def tells_keys(self, name: str) -> bool:
        """Whether the question itself names every key, so that they need no second sentence."""
        step = self.steps[name]
        assert isinstance(step, AskStep)
        names = {"*": self.phrases.star, "#": self.phrases.hash}
        return all(
            re.search(_PRESS + re.escape(names.get(one.key, one.key)), step.ask, re.IGNORECASE)
            for one in self.questions[name].choices
        )


def commands_of(found: tuple[Choice, ...]) -> tuple[Choice, ...]:
    """The commands of a language; without words for them there are still their keys."""
    return found or (Choice(REPEAT, "*", (), REPEAT), Choice(PERSON, "0", (), PERSON))


def fields(text: str) -> list[str]:
    """The {fields} of a text, in order."""
    return [name for _, name, _, _ in Formatter().parse(text) if name]
