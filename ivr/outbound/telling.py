"""Telling somebody a message by telephone: confirm, hear it again, or speak to a person."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

import structlog

from ivr.errors import UserError
from ivr.outbound.model import Outcome, Talk
from ivr.pbx.session import ActionFailed, ActionTimeout, ConnectionLost
from ivr.talk.conversation import Conversation
from ivr.talk.line import HungUp

DECIDE_S = 5.0  # after the message, for a key
STAY_S = 3.0  # who is still there after the message so long wants a person
FAREWELL_S = 10.0  # the owner hangs up first; after this we do
PLAYS = 5  # of the message in one call, whatever keys are pressed

log = structlog.get_logger(__name__)

ToPerson = Callable[[], Awaitable[None]]
"""Makes the call go on to a person once the conversation ends.

Raises ActionFailed, ActionTimeout or ConnectionLost when Asterisk did not take it.
"""


class _Wish(Enum):
    CONFIRM = auto()
    REPEAT = auto()
    PERSON = auto()
    NONE = auto()


@dataclass
class _Progress:
    """How far the message has come."""

    plays: int = 0
    whole: bool = False  # heard to its end
    left_after_s: float | None = None  # they hung up so far into it


async def tell(
    conversation: Conversation,
    message: Path,
    to_person: ToPerson,
    *,
    confirm: Collection[str] = "1",
    repeat: Collection[str] = "29",
    human: Collection[str] = "0",
) -> Talk:
    """Say `message`, which names the keys; each is one or more keys and works at any time.

    Without a key it is said once more. After the return the line is to be hung up: for
    TRANSFERRED that is what takes the call on to a person. Never raises HungUp.
    """
    progress = _Progress()
    outcome, note = None, ""
    try:
        match await _wish(conversation, message, progress, confirm, repeat, human):
            case _Wish.CONFIRM:
                outcome = Outcome.CONFIRMED
                await _part(conversation, "thanks-confirmed")
            case _Wish.PERSON if await _hand_over(to_person, conversation):
                await _prompt(conversation, "please-wait-transfer")
                outcome = Outcome.TRANSFERRED
            case _Wish.PERSON:
                note = "要求转人工，未能转接"
                await _part(conversation, "no-person-now")
            case _:
                await _part(conversation, "notice-goodbye")
    except HungUp:
        pass
    if outcome is None:
        outcome = Outcome.HEARD if progress.whole else Outcome.HUNG_UP
        if progress.left_after_s is not None and not progress.whole:
            note = f"听到第 {progress.left_after_s:.0f} 秒时挂断"
    return Talk(outcome, conversation.keys, note)


async def accompany(conversation: Conversation, message: Path, to_person: ToPerson) -> Talk:
    """Say `message` to somebody who is given a person rather than a menu (RULES.md, Care).

    Any key, or just staying on the line, goes on to a person; whoever has heard the
    message and hangs up knows. Otherwise as `tell`.
    """
    outcome, note, heard = None, "", False
    try:
        heard = (await conversation.say(message)).finished
        if heard and await conversation.key(timeout_s=STAY_S) is None:
            note = "未挂机，转人工"
        if await _hand_over(to_person, conversation):
            await _prompt(conversation, "please-wait-transfer")
            outcome = Outcome.TRANSFERRED
        else:
            note = "要求转人工，未能转接"
            await _part(conversation, "no-person-now")
    except HungUp as gone:
        if not heard and not conversation.keys:
            note = f"听到第 {gone.heard_s:.0f} 秒时挂断"
    if outcome is None:
        outcome = Outcome.HEARD if heard else Outcome.HUNG_UP
    return Talk(outcome, conversation.keys, note)


async def _wish(
    conversation: Conversation,
    message: Path,
    progress: _Progress,
    confirm: Collection[str],
    repeat: Collection[str],
    human: Collection[str],
) -> _Wish:
    """What the person wants of us, having heard as much of the message as they liked."""
    keys = {*confirm, *repeat, *human}
    silences = 0
    while progress.plays < PLAYS and silences < 2:
        progress.plays += 1
        try:
            said = await conversation.say(message, keys=keys)
        except HungUp as gone:
            progress.left_after_s = gone.heard_s
            raise
        progress.whole |= said.finished
        key = said.key or await conversation.key(keys, DECIDE_S)
        if key is None:
            silences += 1
        elif key in confirm:
            return _Wish.CONFIRM
        elif key in human:
            return _Wish.PERSON
    return _Wish.NONE


async def _part(conversation: Conversation, prompt: str) -> None:
    """Say goodbye; the owner hangs up first."""
    await _prompt(conversation, prompt)
    await conversation.farewell(FAREWELL_S)


async def _prompt(conversation: Conversation, prompt: str) -> None:
    """One that is not there is missed by nobody as much as what they have just told us."""
    try:
        await conversation.say(prompt, interruptible=False)
    except UserError as error:
        log.error("a prompt cannot be said", prompt=prompt, why=str(error))


async def _hand_over(to_person: ToPerson, conversation: Conversation) -> bool:
    try:
        await to_person()
    except (ActionFailed, ActionTimeout, ConnectionLost) as error:
        log.warning("nobody to put through to", attempt=conversation.line.attempt, why=str(error))
        return False
    return True
