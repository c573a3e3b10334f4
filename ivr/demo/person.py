"""An owner at the telephone, phoned by the machine: listens until a question was put, answers.

Owners understand what they are asked by listening to it; what they do then is their talk.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from ivr.demo import hearing
from ivr.demo.call import Call
from ivr.demo.owners import NO, YES, Act, Owner, Press, Say, Talk
from ivr.demo.sound import RATE, Samples

ASKED = ("fixed", "satisfied", "words")
POLL_S = 0.1
BEGIN_S = 0.7  # of a question is enough to know it
LATELY_S = 1.0  # for the beep that follows, and what polling takes
REMEMBERED_S = 8.0  # of what is heard; no question is longer
TURN_S = 0.8  # of silence after somebody spoke: it is our turn
GIVE_UP_S = 25.0  # of nothing to answer


@dataclass
class Person:
    """An owner at the telephone: what they can say, and what they have said."""

    owner: Owner
    number: str
    voice: Mapping[str, Samples]  # words → sound
    asked: dict[str, Samples] = field(default_factory=dict)  # sound id → how it sounds
    goodbyes: frozenset[str] = frozenset()
    calls: int = 0
    said: list[str] = field(default_factory=list)

    async def take(self, call: Call) -> None:
        talk = self.owner.talks[min(self.calls, len(self.owner.talks) - 1)]
        self.calls += 1
        call.ring()
        if talk is None:
            self.said.append("（不在家）")
            await call.ended.wait()
            return
        await call.pause(0.6)
        call.answer()
        await _Answering(self, talk, call).until_the_end()


class _Answering:
    """One call: listens until a question has been put, and does what the talk says."""

    def __init__(self, person: Person, talk: Talk, call: Call) -> None:
        self._person = person
        self._talk = talk
        self._call = call
        self._times: dict[str, int] = {}
        self._last: str | None = None  # whoever did not catch a question takes it for the same
        self._meant = ""  # the code of what was answered last
        self._since = time.monotonic()

    async def until_the_end(self) -> None:
        self._since = self._call.answered_at or time.monotonic()
        while not self._call.ended.is_set():
            asked = await self._next_question()
            if asked is None:
                return
            if asked in self._person.goodbyes:
                await self._call.pause(0.3)
                await self._call.hangup()
                return
            await self._answer(asked)

    async def _next_question(self) -> str | None:
        """The sound that was heard last before the silence, or begins to be heard by one
        who does not wait; None when nothing more comes."""
        call, deadline = self._call, time.monotonic() + GIVE_UP_S
        early = self._early()
        while not call.ended.is_set():
            await call.pause(POLL_S)
            now = time.monotonic()
            spoken = call.recording(max(self._since, now - REMEMBERED_S), now)
            if early is not None and await self._begins(early, spoken):
                await call.pause(0.3)
                return early
            if hearing.is_loud(call.recording(max(self._since, now - TURN_S), now)):
                deadline = now + GIVE_UP_S
            elif hearing.is_loud(spoken):
                self._since = now
                found = await asyncio.to_thread(self._recognise, spoken) or self._last
                if found is not None:
                    return found
            elif now > deadline:
                return None
        return None

    def _early(self) -> str | None:
        """The next step, if they do not wait for its end."""
        step = next((step for step in self._talk if not self._times.get(step)), None)
        act = self._talk[step][0] if step is not None else None
        return step if act is not None and act.early else None

    async def _begins(self, step: str, spoken: Samples) -> bool:
        """The beginning of that question was heard just now."""
        begin = self._person.asked[step][: round(BEGIN_S * RATE)]
        lately = spoken[-(len(begin) + round(LATELY_S * RATE)) :]
        if len(lately) < len(begin) or not hearing.is_loud(lately):
            return False
        return (await asyncio.to_thread(hearing.find, begin, lately)).present

    def _recognise(self, spoken: Samples) -> str | None:
        """What was said last, before the silence."""
        latest: tuple[float, str] | None = None
        for sound, sample in self._person.asked.items():
            lately = spoken[-(len(sample) + round((TURN_S + LATELY_S) * RATE)) :]
            if len(sample) <= len(lately):
                found = hearing.find(sample, lately)
                end_s = found.offset_s + (len(sample) - len(lately)) / RATE
                if found.present and (latest is None or end_s > latest[0]):
                    latest = end_s, sound
        return None if latest is None else latest[1]

    async def _answer(self, sound: str) -> None:
        self._last = sound
        step, _, rest = sound.partition(".")
        act: Act
        if rest.startswith("confirm."):
            act = YES if rest == f"confirm.{self._meant}" else NO
        else:
            acts = self._talk.get(step, ())
            times = self._times[step] = self._times.get(step, 0) + 1
            act = acts[min(times, len(acts)) - 1] if acts else None
        match act:
            case Say(words, code):
                self._meant = code if not rest.startswith("confirm.") else self._meant
                self._person.said.append(f"“{words}”")
                await self._call.say(self._person.voice[words])
                if step == "words":
                    await self._call.send_dtmf("#")
            case Press(key):
                if key != "#":
                    self._person.said.append(f"按 {key}")
                await self._call.send_dtmf(key)
            case None if step in ASKED:
                self._person.said.append("（不出声）")
        self._since = time.monotonic()
