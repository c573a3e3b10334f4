"""The repair script on a real Asterisk, with owners who press keys and owners who speak."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import pytest
import pytest_asyncio

from ivr.demo.behaviours import answer
from ivr.demo.call import Call
from ivr.demo.sound import Samples, read_wav, write_wav
from ivr.settings import Settings, Speech
from ivr.talk import models
from ivr.talk.asking import By
from ivr.talk.conversation import Conversation
from ivr.talk.line import Line, Sound
from ivr.talk.model_table import KOKORO, WHISPER_BASE
from ivr.talk.script import Result, Script, find, load
from ivr.talk.script.perform import perform
from ivr.talk.script.texts import BEEP, SHARED
from ivr.talk.script.tone import beep
from ivr.talk.speech.choose import speech_for
from ivr.talk.speech.ears import Ears
from ivr.talk.voice import choose
from ivr.talk.voice.studio import TELEPHONE, Studio
from tests.talk.owners import Owners, chime, owners

pytestmark = [pytest.mark.pbx, pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

WORDS = ("还没修好", "是的", "再说一遍", "今天天气很好", "水还在滴")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Owners]:
    async with owners(tmp_path_factory.mktemp("scripts")) as office:
        for seed, name in enumerate(SHARED, 100):
            write_wav(office.prompts / f"{name}.wav", chime(seed, 0.6))
        yield office


@pytest.fixture(scope="module")
def repair() -> Script:
    return load(find("repair", "zh-CN"))


@dataclass
class Office:
    """A performance that tells the owner's side which sound begins."""

    house: Owners
    script: Script
    begun: "asyncio.Queue[str]" = field(default_factory=asyncio.Queue)

    def sound(self, name: str) -> Sound:
        self.begun.put_nowait(name)
        return beep() if name == BEEP else chime(sum(name.encode()), 0.6)

    async def phone(
        self, owner: Callable[[Call], Awaitable[None]], ears: Ears | None = None
    ) -> Result:
        result: asyncio.Future[Result] = asyncio.get_running_loop().create_future()

        async def talk(line: Line) -> None:
            conversation = Conversation(line, self.house.prompts)
            result.set_result(
                await perform(
                    conversation, self.script, self.script.values, ears, prompt_of=self.sound
                )
            )

        _, call = await self.house.phone(talk, answer(then=owner))
        async with asyncio.timeout(60):
            done = await result
        await call.wait_ended(10)
        return done

    async def until(self, name: str) -> None:
        async with asyncio.timeout(30):
            while await self.begun.get() != name:
                pass


async def test_an_owner_who_presses_keys(office: Owners, repair: Script) -> None:
    desk = Office(office, repair)

    async def owner(call: Call) -> None:
        await desk.until("fixed")
        await call.pause(0.2)
        await call.send_dtmf("2")  # while it is being asked
        await desk.until(BEEP)
        await call.pause(0.6)
        await call.say(chime(77, 1.5))
        await call.send_dtmf("#")
        await desk.until("sorry")
        await call.pause(1.0)
        await call.hangup()

    result = await desk.phone(owner)
    assert result.end == "dissatisfied"
    assert [(reply.choice, reply.by) for reply in result.replies][:1] == [("no", By.KEY)]
    assert result.replies[-1].step == "words"
    assert result.replies[-1].key == "#"


async def spoken_words() -> dict[str, Samples]:
    voice = choose.second("zh-CN")  # plainly another person than we
    async with Studio(voice, "zh-CN") as studio:
        return {word: read_wav((await studio.render(word)).files[TELEPHONE]) for word in WORDS}


@pytest.mark.skipif(
    not (models.installed(KOKORO) and models.installed(WHISPER_BASE)),
    reason="needs a voice and an ear: ivr models install kokoro whisper-base",
)
async def test_an_owner_who_speaks(office: Owners, repair: Script) -> None:
    words = await spoken_words()
    desk = Office(office, repair)

    async def say(call: Call, at: str, word: str, after_s: float = 0.9) -> None:
        await desk.until(at)
        await call.pause(after_s)
        await call.say(words[word])

    async def owner(call: Call) -> None:
        await say(call, "fixed", "再说一遍", after_s=0.1)  # while it is being asked
        await say(call, "fixed", "今天天气很好")
        await say(call, "fixed", "还没修好")
        await say(call, "fixed.confirm.no", "是的")
        await say(call, BEEP, "水还在滴", after_s=0.6)
        await desk.until("sorry")
        await call.pause(0.5)
        await call.hangup()

    speech = Speech(engine="whisper", workers=1, deadline_s=10)  # a busy machine is no failure
    async with speech_for(Settings(speech=speech)) as ears:
        await ears.ready()
        result = await desk.phone(owner, ears)
    assert result.end == "dissatisfied"
    fixed, told = result.replies
    assert (fixed.choice, fixed.by, fixed.engine, fixed.tries) == ("no", By.SPEECH, "whisper", 2)
    assert fixed.samples is not None
    assert (told.step, told.by) == ("words", By.SPEECH)
    assert told.samples is not None
    assert len(told.samples) / TELEPHONE > 0.5
