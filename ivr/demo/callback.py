"""The scene 回访: twelve requests resolved, twelve owners phoned back, each in their own way.

They answer in voices that are not ours, or by key: one barges in, one says nothing, one
says something else, one wants a person, one is not at home the first time, one is 不满意
twice and then 满意. Who they are stands in `owners`, how they listen in `person`.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

from ivr.demo import hearing
from ivr.demo.call import Call
from ivr.demo.house import House
from ivr.demo.owners import HURRY, OWNERS, all_words
from ivr.demo.person import POLL_S, TURN_S, Person
from ivr.demo.phone import Phone
from ivr.demo.sound import Samples, read_wav
from ivr.demo.stage import FRONT_DESK, Stage
from ivr.desk.intake import Draft
from ivr.desk.request import STATE_WORDS, WHAT_WORDS, Request, RequestState
from ivr.desk.requests import Requests
from ivr.outbound import asked, scripts
from ivr.outbound import callback as rules
from ivr.outbound.callback import SCRIPTS, Reason
from ivr.outbound.callback_sheet import heard, verdict_words
from ivr.outbound.callbacks import Callbacks, Talked, spoken_values
from ivr.settings import Callbacks as Rules
from ivr.settings import Settings, Speech
from ivr.store.database import FILE_NAME, Database
from ivr.talk.line import load
from ivr.talk.script import Recordings
from ivr.talk.script.model import EndStep
from ivr.talk.script.render import sentences
from ivr.talk.script.texts import spoken
from ivr.talk.speech import choose as speech
from ivr.talk.voice import choose
from ivr.talk.voice.studio import Studio

CALLBACKS = Rules(repair_after_min=0, complaint_after_h=0, household_a_day=9, sample_households=0)
"""An office waits until the workman has left; a demo does not, and draws no sample."""

SPEECH = Speech(deadline_s=6.0)
"""The other scenes are at work on the same two cores."""

HISTORY = Path("demo-report") / "callbacks.txt"
DEPARTMENT = "工程部"
LANGUAGE = "zh-CN"
PATIENCE_S = 170.0


class Callback:
    """The scene in two parts, so that the voices work while other scenes play."""

    def __init__(self) -> None:
        self._people: dict[str, Person] = {}  # by request
        self._requests: dict[str, Request] = {}

    async def prepare(self, stage: Stage) -> None:
        """Take the requests, let the owners learn their words and ours be spoken."""
        house = stage.house
        voices = await _voices()
        async with _desk(house) as (requests, callbacks):
            for index, owner in enumerate(OWNERS):
                number = f"{136_0013_6000 + index}"
                request = await requests.create(
                    Draft(
                        kind=owner.kind, title=owner.title, contact=owner.contact,
                        home=f"{1 + index % 3}-1-{501 + index}", phone=number,
                        department=DEPARTMENT, assignee="李师傅",
                    ),
                    by="前台", now=time.time(),
                )  # fmt: skip
                person = Person(owner, number, voices[index % len(voices)])
                self._people[request.id] = person
                self._requests[request.id] = request
                house.city.subscriber(number, person.take)
            await self._speak(house, callbacks)

    async def _speak(self, house: House, callbacks: Callbacks) -> None:
        """Ours: rendered before, so that nobody has to wait for it."""
        recordings = Recordings(house.settings.paths.data)
        for request in self._requests.values():
            reason = rules.reason(request.kind, CALLBACKS) or Reason.REPAIR
            row = (await callbacks.planned(request, reason, time.time()))[2]
            script, _ = scripts.loaded(house.settings, SCRIPTS[reason], LANGUAGE)
            values = [
                spoken_values(callbacks.values(row, moment))
                for moment in callbacks.moments(row, time.time() + 1200)
            ]
            await recordings.prepare(script, values)
            sounds = await recordings.sounds(script, values[0])
            goodbyes = frozenset(
                name for name, step in script.steps.items() if isinstance(step, EndStep)
            )
            person = self._people[request.id]
            person.asked = {
                sound: await load(said)
                for sound, said in sounds.items()
                if sound in {*HURRY, "words", *script.questions, *goodbyes}
                or ".confirm." in sound
                or sound.endswith(".keys")
            }
            person.goodbyes = goodbyes

    async def play(self, stage: Stage) -> None:
        """The work is done: everybody is phoned, until each has said what they think."""
        house = stage.house
        desks = [
            asyncio.create_task(_takes_calls(house.phones[FRONT_DESK], None)),
            asyncio.create_task(_takes_calls(stage.phone(2), "1")),
        ]
        try:
            async with _desk(house) as (requests, callbacks):
                for request in self._requests.values():
                    await requests.resolve(request.id, by="李师傅", now=time.time(), text="已修好")
                await self._follow(requests)
                await self._report(stage, requests, callbacks)
        finally:
            for desk in desks:
                desk.cancel()

    async def _follow(self, requests: Requests) -> None:
        """What came back is done again; until every request is where its story leads."""
        left = dict(self._requests)
        async with asyncio.timeout(PATIENCE_S):
            while left:
                for request_id in list(left):
                    person = self._people[request_id]
                    now = await requests.get(request_id)
                    if now.state is RequestState.REOPENED:
                        await requests.resolve(
                            request_id, by="李师傅", now=time.time(), text="又去修了一次"
                        )
                    talked = person.calls >= len(person.owner.talks)
                    if (
                        talked
                        and now.state is person.owner.state
                        and await _settled(requests, request_id)
                    ):
                        del left[request_id]
                await asyncio.sleep(0.5)

    async def _report(self, stage: Stage, requests: Requests, callbacks: Callbacks) -> None:
        lines = [f"语音引擎 speech: {speech.choose(SPEECH, LANGUAGE).name}", ""]
        for request_id, person in self._people.items():
            owner = person.owner
            request = await requests.get(request_id)
            talks = await callbacks.story(request_id)
            told = f"说：{' '.join(person.said)}；听到：{_heard(talks)}"
            stage.check(
                f"{owner.contact} {owner.title}（{owner.story}）",
                STATE_WORDS[owner.state],
                f"{STATE_WORDS[request.state]}；{told}",
                request.state is owner.state and person.calls == len(owner.talks),
            )
            lines += [f"{request.number} {owner.contact} {owner.title}：{owner.story}", f"  {told}"]
            lines += await _history(requests, request)
        HISTORY.parent.mkdir(exist_ok=True)
        await asyncio.to_thread(HISTORY.write_text, "\n".join(lines) + "\n", "utf-8")
        first = next(iter(self._requests.values()))
        for number, line in enumerate(await _history(requests, first), 1):
            stage.check(f"{first.title} 经过 {number:02}", "", line.strip(), True)
        rounds = (await requests.get(first.id)).rounds
        stage.equal("两次不满意 came back", rounds, 2)
        stage.equal("每次打一次 calls by the owner's count", self._people[first.id].calls, 3)


def _heard(talks: Sequence[Talked]) -> str:
    """没修好 0.97 → 不满意；…: what the machine made of each talk."""
    told = []
    for talk in talks:
        answers = []
        for answer in talk.answers:
            score = "" if answer.score is None else f" {answer.score:.2f}"
            answers.append(f"{heard(answer) or '—'}{score}")
        told.append(f"{'、'.join(answers) or '—'} → {verdict_words(talk.interview.verdict)}")
    return "；".join(told)


async def _history(requests: Requests, request: Request) -> list[str]:
    zone = requests.settings.site.zone
    return [
        f"    {datetime.fromtimestamp(entry.at, zone):%H:%M:%S} {WHAT_WORDS[entry.what]}"
        f" → {STATE_WORDS[entry.to_state]} {entry.by} {entry.text}".rstrip()
        for entry in await requests.history(request.id)
    ]


async def _settled(requests: Requests, request_id: str) -> bool:
    """Its history tells of a callback: it is not merely where it began."""
    history = await requests.history(request_id)
    return any("回访" in entry.text for entry in history)


async def _takes_calls(phone: Phone, key: str | None) -> None:
    """A desk that answers whatever comes; a department confirms by key what it hears."""
    while True:
        call = await phone.next_call(300)
        if call.ended.is_set():
            continue
        call.ring()
        await call.pause(1.0)
        call.answer()
        if key is not None:
            asyncio.get_running_loop().create_task(_confirm(call, key))


async def _confirm(call: Call, key: str) -> None:
    silence = 0.0
    while not call.ended.is_set() and silence < TURN_S:
        await asyncio.sleep(POLL_S)
        now = time.monotonic()
        spoke = hearing.is_loud(call.recording(call.answered_at, now))
        loud = hearing.is_loud(call.recording(now - POLL_S, now))
        silence = silence + POLL_S if spoke and not loud else 0.0
    if not call.ended.is_set():
        await call.send_dtmf(key)


async def set_up(base: Settings, progress: Callable[[str, float], None]) -> None:
    """Everything of the scene that takes long the first time: ears and the owners' voices."""
    await asyncio.to_thread(speech.prepare, SPEECH, LANGUAGE, progress)
    await _voices(progress)
    async with Studio(choose.choose(LANGUAGE), LANGUAGE) as studio:
        said = _our_sentences(base, datetime.now(base.site.zone))
        for number, sentence in enumerate(said):
            progress(sentence[:20], number / len(said))
            await studio.render(sentence)


def _our_sentences(base: Settings, now: datetime) -> list[str]:
    """What is said to the twelve, now or an hour later."""
    found: dict[str, None] = {}
    for owner in OWNERS:
        reason = rules.reason(owner.kind, CALLBACKS) or Reason.REPAIR
        script, _ = scripts.loaded(base, SCRIPTS[reason], LANGUAGE)
        for moment in (now, now + timedelta(hours=1)):
            values = {
                "greeting": asked.greeting(owner.contact, moment, LANGUAGE),
                "company": base.site.company,
                "title": owner.title,
                "when": "今天",
            }
            for text in spoken(script, values).values():
                found |= dict.fromkeys(sentences(text))
    return list(found)


async def _voices(
    progress: Callable[[str, float], None] = lambda _what, _done: None,
) -> list[dict[str, Samples]]:
    """Words as two people say them, neither of them the voice of the house."""
    names = [name for name in choose.available(LANGUAGE) if name != "espeak"][1:3]
    voices = [choose.choose(LANGUAGE, name) for name in names] or [choose.second(LANGUAGE)]
    made, words = [], all_words()
    for place, voice in enumerate(voices):
        sounds = {}
        async with Studio(voice, LANGUAGE) as studio:
            for number, text in enumerate(words):
                progress(text, (place + number / len(words)) / len(voices))
                sounds[text] = read_wav((await studio.render(text)).files[8000])
        made.append(sounds)
    return made


@asynccontextmanager
async def _desk(house: House) -> AsyncIterator[tuple[Requests, Callbacks]]:
    async with await Database.open(house.settings.paths.data / FILE_NAME) as db:
        requests = Requests(db, house.settings)
        yield requests, Callbacks(db, house.settings, requests)
