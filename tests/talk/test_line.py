"""Conversations on a real Asterisk: what owners hear, press and say."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio

from ivr.demo import hearing
from ivr.demo.behaviours import answer
from ivr.demo.call import Call
from ivr.demo.sound import write_wav
from ivr.errors import UserError
from ivr.outbound.model import Outcome, Talk
from ivr.outbound.telling import ToPerson, accompany, tell
from ivr.talk.asking import Heard
from ivr.talk.conversation import Conversation
from ivr.talk.line import HungUp, Line, Pcm, load
from ivr.talk.testing import write_hum
from tests.talk.owners import Owners, chime, owners

pytestmark = [pytest.mark.pbx, pytest.mark.asyncio(loop_scope="module")]

GAP_S = 0.03  # one that anybody would notice is longer
BARGE_IN_S = 0.15
Telling = Callable[[Conversation, Path, ToPerson], Awaitable[Talk]]
KEY_S = 0.1  # the owners' telephones hold a key down so long


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Owners]:
    async with owners(tmp_path_factory.mktemp("owners")) as office:
        yield office


@pytest.mark.slow
async def test_a_long_message_is_heard_whole_and_without_a_gap(office: Owners) -> None:
    message = chime(1, 26.0)

    async def talk(line: Line) -> None:
        begun = time.monotonic()
        assert await line.play(message) == 26.0
        assert time.monotonic() - begun == pytest.approx(26.0, abs=0.3)

    _, owner = await office.phone(talk)
    await owner.wait_ended(40)
    heard = owner.recording()
    found = await asyncio.to_thread(hearing.find, message, heard)
    assert found.score > 0.98
    assert hearing.silence_gaps(heard, GAP_S) == []
    assert owner.ended_by == "them"


async def test_a_key_brings_silence_at_once(office: Owners) -> None:
    async def talk(line: Line) -> None:
        said = await Conversation(line, office.prompts).say(chime(2, 20.0))
        assert (said.finished, said.key) == (False, "1")
        await line.ended.wait()

    _, owner = await office.phone(talk)
    await owner.wait_audio(5)
    await owner.pause(1.0)
    pressed = time.monotonic()
    await owner.send_dtmf("1")
    await owner.pause(0.6)
    heard = owner.recording(pressed, pressed + 0.6)
    silences = hearing.silence_gaps(heard, 0.2)
    await owner.hangup()
    assert len(silences) == 1
    assert silences[0].start_s - KEY_S <= BARGE_IN_S
    assert silences[0].end_s == pytest.approx(0.6, abs=0.02)


async def test_keys_typed_ahead_answer_two_questions(office: Owners) -> None:
    answers: list[Heard | None] = []

    async def talk(line: Line) -> None:
        conversation = Conversation(line, office.prompts)
        await conversation.say(chime(3, 2.0), interruptible=False)
        answers.append(await conversation.hear([chime(4, 5.0)]))
        answers.append(await conversation.hear([chime(5, 5.0)]))

    async def hurry(call: Call) -> None:
        await call.wait_audio(5)
        await call.send_dtmf("32")

    _, owner = await office.phone(talk, answer(then=hurry))
    await owner.wait_ended(10)
    assert answers == [Heard("3"), Heard("2")]


async def test_two_owners_hear_each_their_own(office: Owners) -> None:
    sounds = [chime(6, 4.0), chime(7, 4.0)]

    def saying(index: int) -> "asyncio.Task[tuple[str, Call]]":
        async def talk(line: Line) -> None:
            await line.play(sounds[index])

        return asyncio.create_task(office.phone(talk))

    calls = [(await each)[1] for each in [saying(0), saying(1)]]
    await asyncio.gather(*(call.wait_ended(15) for call in calls))
    for own, call in enumerate(calls):
        assert hearing.find(sounds[own], call.recording()).present
        assert not hearing.find(sounds[1 - own], call.recording()).present


async def test_what_the_owner_says_is_heard(office: Owners) -> None:
    word = chime(8, 1.0)
    heard: list[Pcm] = []
    over = asyncio.Event()

    async def speak(call: Call) -> None:
        await call.wait_audio(5)
        await call.pause(0.2)
        await call.say(word)
        await call.pause(0.2)
        await call.hangup()

    async def talk(line: Line) -> None:
        playing = asyncio.create_task(line.play(chime(9, 0.2)))
        heard.extend([frame async for frame in line.frames()])
        await playing
        over.set()

    await office.phone(talk, answer(then=speak))
    async with asyncio.timeout(10):
        await over.wait()
    assert {len(frame) for frame in heard} == {160}
    assert hearing.find(word, np.concatenate(heard)).present


async def test_an_owner_who_goes_in_the_middle(office: Owners) -> None:
    gone: asyncio.Future[HungUp] = asyncio.get_running_loop().create_future()

    async def talk(line: Line) -> None:
        try:
            await Conversation(line, office.prompts).say(chime(10, 20.0))
        except HungUp as event:
            gone.set_result(event)

    async def impatient(call: Call) -> None:
        await call.wait_audio(5)
        await call.pause(3.0)
        await call.hangup()

    await office.phone(talk, answer(then=impatient))
    async with asyncio.timeout(10):
        assert (await gone).heard_s == pytest.approx(3.0, abs=0.2)


async def test_without_ivr_the_dialplan_ends_the_call(office: Owners) -> None:
    async def talk(line: Line) -> None:
        raise AssertionError("nobody is there to talk")

    await office.media.close()
    try:
        _, owner = await office.phone(talk)
        await owner.wait_ended(5)
    finally:
        await office.media.start()
    assert owner.ended_by == "them"


async def test_when_ivr_stops_in_the_middle_the_dialplan_ends_the_call(office: Owners) -> None:
    ended = asyncio.Event()

    async def talk(line: Line) -> None:
        with contextlib.suppress(HungUp):
            await Conversation(line, office.prompts).say(chime(11, 20.0))
        ended.set()

    _, owner = await office.phone(talk)
    await owner.wait_audio(5)
    await office.media.close()
    try:
        await owner.wait_ended(5)
    finally:
        await office.media.start()
    assert ended.is_set()
    assert owner.ended_by == "them"


async def test_an_unknown_attempt_is_ended_by_the_dialplan(office: Owners) -> None:
    async def talk(line: Line) -> None:
        raise AssertionError("this call is nobody's")

    async def forget(call: Call) -> None:
        office.talks.clear()
        call.answer()
        await call.ended.wait()

    _, owner = await office.phone(talk, forget)
    await owner.wait_ended(5)
    assert owner.ended_by == "them"


# --- telling ----------------------------------------------------------------------


@pytest.fixture
def message(tmp_path: Path) -> Path:
    write_wav(tmp_path / "message.wav", chime(20, 6.0))
    return tmp_path / "message.wav"


async def told(
    office: Owners, message: Path, keys: str = "", how: Telling = tell
) -> tuple[Talk, Call]:
    """An owner who presses `keys` two seconds into the message, and hangs up after a "1"."""
    talks: asyncio.Future[Talk] = asyncio.get_running_loop().create_future()

    async def talk(line: Line) -> None:
        async def to_person() -> None:
            await office.to_hotline(line.attempt)

        talks.set_result(await how(Conversation(line, office.prompts), message, to_person))

    async def behave(call: Call) -> None:
        await call.wait_audio(5)
        await call.pause(2.0)
        await call.send_dtmf(keys)
        if keys == "1":
            await call.pause(3.0)
            await call.hangup()

    _, owner = await office.phone(talk, answer(then=behave))
    async with asyncio.timeout(60):
        return await talks, owner


async def test_confirmed(office: Owners, message: Path) -> None:
    talk, owner = await told(office, message, "1")
    await owner.wait_ended(5)
    assert talk == Talk(Outcome.CONFIRMED, "1")
    assert owner.ended_by == "us"
    heard = owner.recording()
    assert hearing.find(await load(office.prompts / "thanks-confirmed.wav"), heard).present
    assert not hearing.find(chime(20, 6.0)[3 * 8000 :], heard).present


@pytest.mark.slow
async def test_heard_twice_without_a_key(office: Owners, message: Path) -> None:
    talk, owner = await told(office, message)
    await owner.wait_ended(15)
    assert talk == Talk(Outcome.HEARD)
    heard = owner.recording()
    first = hearing.find(chime(20, 6.0), heard[: 9 * 8000])
    second = hearing.find(chime(20, 6.0), heard[9 * 8000 :])
    assert first.present
    assert second.present
    assert second.offset_s + 9 - first.offset_s == pytest.approx(6.0 + 5.0, abs=0.2)


async def test_put_through_to_a_person(office: Owners, message: Path) -> None:
    desk = await office.house.phone("101")
    try:
        talk, owner = await told(office, message, "0")
        assert talk == Talk(Outcome.TRANSFERRED, "0")
        clerk = await desk.next_call(5)
        clerk.answer()
        await clerk.wait_answered(5)
        await clerk.say(chime(21, 1.5))
        await owner.hangup()
    finally:
        await office.house.unplug("101")
    heard = owner.recording()
    assert hearing.find(await load(office.prompts / "please-wait-transfer.wav"), heard).present
    assert hearing.find(chime(21, 1.5), heard).present


async def test_special_care_stays_on_the_line_and_is_put_through(
    office: Owners, message: Path
) -> None:
    desk = await office.house.phone("101")
    try:
        talk, owner = await told(office, message, how=accompany)
        assert talk == Talk(Outcome.TRANSFERRED, "", "未挂机，转人工")
        clerk = await desk.next_call(5)
        clerk.answer()
        await clerk.wait_answered(5)
        await owner.hangup()
    finally:
        await office.house.unplug("101")
    heard = owner.recording()
    whole = hearing.find(chime(20, 6.0), heard)
    wait = hearing.find(await load(office.prompts / "please-wait-transfer.wav"), heard)
    assert whole.present
    assert wait.present
    assert wait.offset_s - whole.offset_s >= 6.0 + 2.5


# --- files ------------------------------------------------------------------------


async def test_a_file_that_is_no_telephone_sound_is_said(tmp_path: Path) -> None:
    (tmp_path / "empty.wav").touch()
    write_hum(tmp_path / "wide.wav")  # 24 kHz
    for name in ("empty.wav", "wide.wav", "missing.wav"):
        with pytest.raises(UserError, match=name):
            await load(tmp_path / name)


async def test_a_file_that_was_rendered_again_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    for length in (1.0, 2.0):
        write_wav(path, chime(1, length))
        assert len(await load(path)) == length * 8000
