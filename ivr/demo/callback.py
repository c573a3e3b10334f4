"""The scene 回访: twelve requests resolved, twelve owners phoned back, each in their own way.

They answer in voices that are not ours, or by key: one barges in, one says nothing, one
says something else, one wants a person, one is not at home the first time, one is 不满意
twice and then 满意. Owners understand what they are asked by listening to it.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from ivr.demo import hearing
from ivr.demo.call import Call
from ivr.demo.house import House
from ivr.demo.phone import Phone
from ivr.demo.sound import RATE, Samples, read_wav
from ivr.demo.stage import FRONT_DESK, Stage
from ivr.desk.intake import Draft
from ivr.desk.request import STATE_WORDS, WHAT_WORDS, Request, RequestKind, RequestState
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

CALLBACKS = Rules(repair_after_min=0, complaint_after_h=0, household_a_day=9)
"""An office waits until the workman has left; a demo does not."""

SPEECH = Speech(deadline_s=6.0)
"""The other scenes are at work on the same two cores."""

HISTORY = Path("demo-report") / "callbacks.txt"
DEPARTMENT = "工程部"
LANGUAGE = "zh-CN"
ASKED = ("fixed", "satisfied", "words")
PATIENCE_S = 170.0
POLL_S = 0.1
BEGIN_S = 0.7  # of a question is enough to know it
LATELY_S = 1.0  # for the beep that follows, and what polling takes
REMEMBERED_S = 8.0  # of what is heard; no question is longer
TURN_S = 0.8  # of silence after somebody spoke: it is our turn
GIVE_UP_S = 25.0  # of nothing to answer

FINE, WELL = "修好了", "非常满意"


@dataclass(frozen=True, slots=True)
class Say:
    words: str
    code: str = ""  # the choice that is meant; empty: none
    early: bool = False  # while the question is still being put


@dataclass(frozen=True, slots=True)
class Press:
    key: str
    code: str = ""
    early: bool = False


Act = Say | Press | None
"""What an owner does when it is their turn; None: nothing."""

Talk = Mapping[str, Sequence[Act]]
"""Step of the script → what is done the first, the second … time it is asked."""

HURRY: dict[str, Sequence[Act]] = {
    "hello": [Press("#", early=True)],
    "about": [Press("#", early=True)],
}
"""Who is phoned again knows already what it is about."""

YES, NO = Say("是的", "yes"), Say("不是", "no")


def says(fixed: str = FINE, satisfied: str = WELL, code: str = "very_satisfied") -> Talk:
    return {"fixed": [Say(fixed, "yes")], "satisfied": [Say(satisfied, code)]}


GRIPE: Talk = {
    "fixed": [Say("没修好", "no")],
    "satisfied": [Say("不满意", "dissatisfied")],
    "words": [Say("水龙头还在滴水，请你们再来看一看。")],
}


@dataclass(frozen=True, slots=True)
class Owner:
    """One request and how its owner takes each call about it; None: does not answer."""

    title: str
    contact: str
    story: str
    talks: tuple[Talk | None, ...]
    state: RequestState
    kind: RequestKind = RequestKind.REPAIR


CLOSED, DUE = RequestState.CLOSED, RequestState.RESOLVED
OWNERS = (
    # the one with the longest story goes first
    Owner("厨房水龙头漏水", "周先生", "两次不满意，第三次满意",
          (GRIPE, {**HURRY, **GRIPE}, {**HURRY, **says()}), CLOSED),
    Owner("客厅插座没电", "王女士", "先不在家，第二次接听", (None, says("好了", "很满意")), CLOSED),
    Owner("卫生间灯不亮", "李先生", "开口回答", (says(),), CLOSED),
    Owner("阳台门锁坏了", "陈女士", "开口回答", (says("已经修好了", "满意", "satisfied"),), CLOSED),
    Owner("空调不制冷", "张先生", "按键回答",
          ({"fixed": [Press("1", "yes")], "satisfied": [Press("2", "satisfied")]},), CLOSED),
    Owner("马桶堵塞", "刘女士", "抢着回答",
          ({"fixed": [Say(FINE, "yes")], "satisfied": [Say(WELL, "very_satisfied", early=True)]},),
          CLOSED),
    Owner("窗户关不严", "赵先生", "不出声", ({},), DUE),
    Owner("门铃不响", "孙女士", "答非所问，再答",
          ({"fixed": [Say("今天天气不错"), Say(FINE, "yes")],
            "satisfied": [Say("还可以", "neutral")]},), CLOSED),
    Owner("热水器报警", "吴先生", "转人工",
          ({"fixed": [Say("转人工", "person")]},), RequestState.CALLING_BACK),
    Owner("楼道堆放杂物", "郑女士", "投诉，满意后由人工确认", (says(),), RequestState.SATISFIED,
          RequestKind.COMPLAINT),
    Owner("家庭保洁", "何先生", "有偿服务", (says(satisfied="满意", code="satisfied"),), CLOSED,
          RequestKind.PAID),
    Owner("墙面渗水", "林女士", "请再说一遍",
          ({"fixed": [Say("再说一遍"), Say("解决了", "yes")],
            "satisfied": [Say("满意", "satisfied")]},), CLOSED),
)  # fmt: skip


@dataclass
class _Person:
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

    def __init__(self, person: _Person, talk: Talk, call: Call) -> None:
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
            if _is_loud(call.recording(max(self._since, now - TURN_S), now)):
                deadline = now + GIVE_UP_S
            elif _is_loud(spoken):
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
        if len(lately) < len(begin) or not _is_loud(lately):
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


def _is_loud(samples: Samples) -> bool:
    if not len(samples):
        return False
    return float(np.sqrt(np.mean(np.square(samples.astype(np.float64))))) > hearing.QUIET


class Callback:
    """The scene in two parts, so that the voices work while other scenes play."""

    def __init__(self) -> None:
        self._people: dict[str, _Person] = {}  # by request
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
                person = _Person(owner, number, voices[index % len(voices)])
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
        spoke = _is_loud(call.recording(call.answered_at, now))
        loud = _is_loud(call.recording(now - POLL_S, now))
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


def _words() -> list[str]:
    """Everything that any owner says."""
    acts = [act for owner in OWNERS for talk in owner.talks if talk for acts in talk.values()
            for act in acts]  # fmt: skip
    return list(dict.fromkeys([each.words for each in (*acts, YES, NO) if isinstance(each, Say)]))


async def _voices(
    progress: Callable[[str, float], None] = lambda _what, _done: None,
) -> list[dict[str, Samples]]:
    """Words as two people say them, neither of them the voice of the house."""
    names = [name for name in choose.available(LANGUAGE) if name != "espeak"][1:3]
    voices = [choose.choose(LANGUAGE, name) for name in names] or [choose.second(LANGUAGE)]
    made, words = [], _words()
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
