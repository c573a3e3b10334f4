"""Everything a script says, by the id of the sound. Pure.

A sound of a step is `STEP` or `STEP.PART`; those shared by all scripts are prompts of the
catalogue (prompts/LANGUAGE/script.toml).
"""

from collections.abc import Iterator, Mapping

from ivr.errors import UserError
from ivr.talk.script.model import (
    AskStep,
    EndStep,
    RecordStep,
    SayStep,
    Script,
    Step,
    TransferStep,
    fields,
)
from ivr.talk.speech.base import Question

NO_INPUT = "script-no-input"
NO_MATCH = "script-no-match"
PRESS_KEYS = "script-press-keys"
CONFIRM_KEYS = "script-confirm-keys"
NO_PERSON = "no-person-now"
SHARED = (NO_INPUT, NO_MATCH, PRESS_KEYS, CONFIRM_KEYS, NO_PERSON)

BEEP = "beep"
"""After it the person's words are kept; it is made, not spoken."""


def part(step: str, *names: str) -> str:
    """The id of a sound: satisfied.confirm.dissatisfied."""
    return ".".join((step, *names))


def templates(script: Script) -> dict[str, str]:
    """Sound id → text with its {fields}."""
    return {
        sound: text
        for name, step in script.steps.items()
        for sound, text in _of_step(script, name, step)
    }


def spoken(script: Script, values: Mapping[str, str]) -> dict[str, str]:
    """Sound id → text as this person hears it: all that has to be rendered for the call.

    Raises UserError when a value is missing.
    """
    filled = {}
    for sound, text in templates(script).items():
        lacking = [name for name in fields(text) if name not in values]
        if lacking:
            raise UserError(
                f"Script {script.name} says {{{lacking[0]}}} in {sound}, and the call has no such"
                f" value; it has {', '.join(values) or 'none'}"
            )
        filled[sound] = text.format_map(values)
    return filled


def _of_step(script: Script, name: str, step: Step) -> Iterator[tuple[str, str]]:
    match step:
        case SayStep(say=str(text)) | RecordStep(record=str(text)) | TransferStep(transfer=text):
            yield name, text
        case EndStep(say=str(text)):
            yield name, text
        case AskStep():
            yield name, step.ask
            question = script.questions[name]
            if not script.tells_keys(name):
                yield part(name, "keys"), step.keys or script.phrases.keys(question)
            for own in ("no_input", "no_match"):
                if text := getattr(step, own):
                    yield part(name, own), text
            if confirmable(script, question):
                for choice in question.choices:
                    text = script.phrases.confirm.format(label=choice.label)
                    yield part(name, "confirm", choice.code), text


def confirmable(script: Script, question: Question) -> bool:
    """Only what was spoken needs to be confirmed, and only where 对吗 can be answered."""
    return script.confirming is not None and any(one.variants for one in question.choices)
