"""A script on the telephone: the machine's actions as sound, what was heard back to it."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from ivr.talk.asking import Heard
from ivr.talk.conversation import Conversation, Ear
from ivr.talk.line import KEYS, HungUp, Sound
from ivr.talk.script import texts
from ivr.talk.script.actions import (
    Action,
    Ask,
    End,
    Event,
    NoEar,
    Record,
    Recorded,
    Reply,
    Result,
    Say,
    Transfer,
)
from ivr.talk.script.machine import Machine
from ivr.talk.script.model import Script
from ivr.talk.speech.base import Question

FAREWELL_S = 10.0
"""The owner hangs up first; after this the caller of `perform` does."""


class Ears(Protocol):
    """Who listens; see `ivr.talk.speech`."""

    def ear(self, question: Question) -> Ear | None:
        """For one question; None: keys only, now."""


ToPerson = Callable[[], Awaitable[bool]]
"""Makes the call go on to a person once the conversation ends; whether there is one."""


async def perform(
    conversation: Conversation,
    script: Script,
    values: Mapping[str, str],
    ears: Ears | None,
    *,
    prompt_of: Callable[[str], Sound],
    on_reply: Callable[[Reply], None] = lambda _: None,
    to_person: ToPerson | None = None,
) -> Result:
    """Hold the conversation; returns once the person has gone or it is time to hang up.

    `prompt_of` gives the sound of each id of `texts.spoken` and the beep
    (`Recordings.sounds`). `on_reply` is told of each reply as soon as it is there.
    With `to_person`, a transfer is announced only when it will happen; the call goes on to
    the person when the line is hung up. Never raises HungUp.
    """
    performance = _Performance(
        conversation, Machine(script, values, speech=ears is not None), ears, prompt_of, to_person
    )
    told = 0
    action = performance.machine.begin()
    try:
        while True:
            event = await performance.do(action)
            before, action = action, performance.machine.take(event)
            for reply in performance.machine.replies[told:]:
                on_reply(reply)
            told = len(performance.machine.replies)
            if action == before and isinstance(action, Transfer | End):
                break
    except HungUp:
        pass
    return performance.machine.gone()


class _Performance:
    def __init__(
        self,
        conversation: Conversation,
        machine: Machine,
        ears: Ears | None,
        prompt_of: Callable[[str], Sound],
        to_person: ToPerson | None,
    ) -> None:
        self.machine = machine
        self._conversation = conversation
        self._ears = ears
        self._prompt_of = prompt_of
        self._to_person = to_person

    async def do(self, action: Action) -> Event:
        """What came of it. Raises HungUp."""
        match action:
            case Say():
                return await self._say(action.sounds)
            case Ask():
                return await self._ask(action)
            case Record():
                return await self._record(action)
            case Transfer():
                return await self._transfer(action)
            case End():
                return await self._end(action)

    async def _say(self, sounds: tuple[str, ...], keys: str = KEYS) -> Heard | None:
        for sound in sounds:
            said = await self._conversation.say(self._sound(sound), keys=keys)
            if said.key is not None:
                return Heard(said.key)
        return None

    async def _ask(self, action: Ask) -> Event:
        ear = self._ears.ear(action.question) if self._ears and action.speech else None
        if ear is None and action.speech:
            return NoEar()
        sounds = [self._sound(one) for one in action.sounds]
        return await self._conversation.hear(sounds, action.wait_s, ear)

    async def _record(self, action: Record) -> Event:
        *spoken, beep = action.sounds
        said = await self._say(tuple(spoken))
        if said is not None and said.choice in action.keys:
            return Recorded(key=said.choice)
        await self._conversation.say(self._sound(beep), interruptible=False)
        samples, key = await self._conversation.record(
            action.longest_s, action.silence_s, action.keys
        )
        return Recorded(samples, key)

    async def _transfer(self, action: Transfer) -> Event:
        if self._to_person is not None and not await self._to_person():
            await self._conversation.say(texts.NO_PERSON, interruptible=False)
            await self._conversation.farewell(FAREWELL_S)
            return None
        for sound in action.sounds:
            await self._conversation.say(self._sound(sound), interruptible=False)
        return None

    async def _end(self, action: End) -> Event:
        heard = await self._say(action.sounds, action.keys)
        if heard is None:
            await self._conversation.farewell(FAREWELL_S)
        return heard

    def _sound(self, sound: str) -> Sound | str:
        return sound if sound in texts.SHARED else self._prompt_of(sound)
