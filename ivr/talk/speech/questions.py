"""The questions that are shipped: prompts/questions/LANGUAGE.toml, checked as it is read."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from ivr.errors import UserError
from ivr.resources import folder
from ivr.talk.line import KEYS
from ivr.talk.speech.base import Choice, Question

COMMANDS = "commands"
"""The table of words that are heard at every question."""

_Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,32}$")]
_Phrase = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20)]


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _ChoiceRow(_Row):
    code: _Code
    key: Annotated[str, StringConstraints(pattern=r"^[0-9*#]$")]
    label: _Phrase
    say: list[_Phrase]
    costly: bool = False


class _QuestionRow(_Row):
    title: str = ""
    threshold: Annotated[float, Field(gt=0, lt=1)] = 0.5
    choices: list[_ChoiceRow]


@cache
def shipped(language: str) -> dict[str, Question]:
    """The questions of a language, by id; empty where the language has none."""
    path = folder("prompts") / "questions" / f"{language}.toml"
    return load(path) if path.is_file() else {}


@cache
def announcements(language: str) -> Question | None:
    """What telephone networks say before an answer, from prompts/announcements/LANGUAGE.toml;
    None where the language has none."""
    path = folder("prompts") / "announcements" / f"{language}.toml"
    return load(path)["announcement"] if path.is_file() else None


def commands(language: str) -> tuple[Choice, ...]:
    """The words heard at every question of a language."""
    return next((question.commands for question in shipped(language).values()), ())


def named(name: str, language: str) -> Question:
    """Raises UserError, naming those that there are."""
    known = shipped(language)
    if name not in known:
        there = ", ".join(known) or f"none in {language}"
        raise UserError(f"there is no question {name!r}; there are: {there}")
    return known[name]


def load(path: Path) -> dict[str, Question]:
    """Read a file of questions. Raises UserError that says where it is wrong."""
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read ({error})") from None
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{path}: is not TOML: {error}") from None
    rows = {name: _row(path, name, table) for name, table in data.items()}
    common = _choices(rows.pop(COMMANDS)) if COMMANDS in rows else ()
    questions = {
        name: Question(name, _choices(row), common, row.threshold) for name, row in rows.items()
    }
    for question in questions.values():
        if wrong := problem(question):
            raise UserError(f"{path}: {question.id}: {wrong}")
    return questions


def problem(question: Question) -> str | None:
    """Why `question` cannot be asked: no answers, a key or a phrase that is there twice."""
    if not question.choices:
        return "has no answers; give it at least one choice"
    keys: set[str] = set()
    codes: set[str] = set()
    for choice in (*question.choices, *question.commands):
        if choice.code in codes:
            return f"{choice.code} is there twice"
        if choice.key and (choice.key in keys or choice.key not in KEYS):
            return f"key {choice.key} has two meanings or is no key of a telephone"
        keys.add(choice.key)
        codes.add(choice.code)
    meant: dict[str, str] = {}
    for phrase, choice in question.phrases():
        if not any(sign.isalpha() for sign in phrase):
            return f"{phrase!r} has no words; digits are for keys"
        if meant.setdefault(phrase, choice.code) != choice.code:
            return f"{phrase} means both {meant[phrase]} and {choice.code}"
    return None


def _row(path: Path, name: str, table: object) -> _QuestionRow:
    try:
        return _QuestionRow.model_validate(table)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in (name, *first["loc"]))
        raise UserError(f"{path}: {where}: {first['msg']}") from None


def _choices(row: _QuestionRow) -> tuple[Choice, ...]:
    return tuple(
        Choice(one.code, one.key, tuple(one.say), one.label, one.costly) for one in row.choices
    )
