"""What may go wrong in a call although the script can be read. No engine is started."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from ivr.talk.normalise import normalise
from ivr.talk.prompts import catalogue
from ivr.talk.script import texts as said
from ivr.talk.script.model import (
    AskStep,
    EndStep,
    RecordStep,
    Script,
    TransferStep,
    fields,
)
from ivr.talk.script.read import Problem
from ivr.talk.speech.base import Question
from ivr.talk.speech.confusion import alike

Unheard = Callable[[Question], list[str]]
"""The phrases of a question that an engine cannot hear."""


def check(
    script: Script,
    texts: Mapping[str, str] | None = None,
    unheard: Unheard | None = None,
) -> list[Problem]:
    """Everything wrong with `script`, in the order of its lines.

    `texts`: the prompts there are, default those of the script's language. `unheard`: what
    the installed engine cannot hear; without it only the writing is looked at.
    """
    found = [
        *_ways(script),
        *_prompts(script, catalogue(script.language) if texts is None else texts),
        *_words(script, unheard),
    ]
    return sorted(set(found))


# --- where it leads


def _ways(script: Script) -> Iterator[Problem]:
    names = list(script.steps)
    for name, step in script.steps.items():
        if not isinstance(step, TransferStep | EndStep) and not list(script.ways(name)):
            yield _problem(
                script, f"{name}: leads nowhere; end the script with an end step", "steps", name
            )
    leads = {name: [way.to for way in script.ways(name)] for name in names}
    failing = {name: [to] for name in names if (to := script.no_answer(name)) is not None}
    start = [script.start, script.person, script.silence]
    reached = _reached(start, lambda one: [*leads[one], *failing.get(one, [])])
    for name in names:
        if name not in reached:
            yield _problem(script, f"{name}: no step leads here; remove it", "steps", name)
    yield from _circles(script, leads, reached)


def _circles(
    script: Script, leads: Mapping[str, list[str]], reached: Iterable[str]
) -> Iterator[Problem]:
    """Steps from which no answer leads to an end, and rounds in which nothing is asked."""
    lasts = {n for n, s in script.steps.items() if isinstance(s, TransferStep | EndStep)}
    comes_from: dict[str, list[str]] = {name: [] for name in script.steps}
    for name, ways in leads.items():
        for to in ways:
            comes_from[to].append(name)
    ending = _reached(lasts, comes_from.__getitem__)
    endless = [one for one in script.steps if one in reached and one not in ending and leads[one]]
    if endless:
        yield _problem(
            script,
            f"{endless[0]}: goes round without an end ({' → '.join(endless)});"
            " let one answer lead to an end step",
            "steps",
            endless[0],
        )
    listens = {n for n, s in script.steps.items() if isinstance(s, AskStep | RecordStep)}
    quiet = {
        name: [to for to in ways if to not in listens]
        for name, ways in leads.items()
        if name not in listens
    }
    for name in quiet:
        if name not in endless and name in _reached(quiet[name], quiet.__getitem__):
            yield _problem(
                script, f"{name}: comes back to itself without asking anything", "steps", name
            )
            return


def _reached(start: Iterable[str], ways: Callable[[str], Iterable[str]]) -> set[str]:
    found: set[str] = set()
    ahead = list(start)
    while ahead:
        name = ahead.pop()
        if name not in found:
            found.add(name)
            ahead += ways(name)
    return found


# --- what is said


def _prompts(script: Script, texts: Mapping[str, str]) -> Iterator[Problem]:
    for prompt in said.SHARED:
        if prompt not in texts:
            yield _problem(
                script,
                f"prompt {prompt} is missing in {script.language}; write it into"
                f" prompts/{script.language}/script.toml",
                "script",
            )
    used: set[str] = set()
    for sound, text in said.templates(script).items():
        step, _, part = sound.partition(".")
        where = ("steps", step, part or str(script.steps[step].kind))
        used.update(fields(text))
        for name in fields(text):
            if name not in script.values:
                yield _problem(
                    script, f"{step}: {{{name}}} is not among the values of the script", *where
                )
        filled = text.format_map({name: script.values.get(name, "") for name in fields(text)})
        if not any(sign.isalnum() for sign in normalise(filled, script.language)):
            yield _problem(script, f"{step}: nothing in it can be said; write words", *where)
    branches = {getattr(step, "branch", "") for step in script.steps.values()}
    for name in script.values:
        if name not in used | branches:
            yield _problem(script, f"value {name} is never used; remove it", "values", name)


# --- what is heard


def _words(script: Script, unheard: Unheard | None) -> Iterator[Problem]:
    for name, question in script.questions.items():
        step = script.steps[name]
        assert isinstance(step, AskStep)
        where = ("steps", name, "question" if step.question else "choices")
        for choice in question.choices:
            at = where if step.question else (*where, choice.code)
            for words in choice.variants:
                if not _sayable(words, script.language):
                    yield _problem(
                        script,
                        f"{name}: no engine can hear {words!r}; write it in words of the language",
                        *at,
                    )
        for one, other in alike(question):
            yield _problem(
                script,
                f"{name}: {one!r} and {other!r} sound the same but are two answers;"
                " choose other words for one",
                *where,
            )
        if unheard is not None:
            for words in unheard(question):
                yield _problem(
                    script,
                    f"{name}: the installed engine does not know {words!r}; say it otherwise",
                    *where,
                )


def _sayable(words: str, language: str) -> bool:
    """Chinese engines know characters only; others, letters."""
    if language.startswith("zh"):
        return all("\u4e00" <= sign <= "\u9fff" for sign in words)
    return all(sign.isalpha() or sign in " '-" for sign in words)


def _problem(script: Script, sentence: str, *where: str) -> Problem:
    return Problem(script.line(*where), sentence, script.path)
