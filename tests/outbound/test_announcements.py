"""Announcements in early media on the real Asterisk, said by the machine's voices, heard by the
recogniser of the calls; and what happens when it cannot hear them."""

import asyncio
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import pytest_asyncio

from bench import answers
from ivr.demo.agent import Behaviour
from ivr.demo.behaviours import announcement
from ivr.demo.call import Call
from ivr.demo.house import House
from ivr.demo.sound import Samples, read_wav, silence, tone
from ivr.outbound import announcements
from ivr.outbound.announcements import FOLDER, Announcements
from ivr.outbound.model import Outcome
from ivr.pbx.session import ActionFailed
from ivr.pbx.switch import Switch
from ivr.settings import Speech
from ivr.talk.line import Pcm
from ivr.talk.model_table import WHISPER_BASE
from ivr.talk.speech import questions
from ivr.talk.speech.base import Question, Recognised
from ivr.talk.speech.choose import Chosen, ears_of
from ivr.talk.speech.ears import Ears
from ivr.talk.speech.whisper import WhisperEngine
from ivr.talk.speech.workers import Recogniser
from ivr.talk.voice.choose import choose
from ivr.talk.voice.studio import Studio
from tests.outbound.office import Office, campaign, settings, task, working
from tests.talk.speech.conftest import installed

pytestmark = [pytest.mark.pbx, pytest.mark.asyncio(loop_scope="module")]

KNOWN = questions.announcements("zh-CN")
SUSPENDED = "对不起，您拨打的电话已停机。"
ENGLISH = "Sorry, the phone you dialed is powered off."
RING = np.concatenate([tone(450, 1.0), silence(2.0), tone(450, 1.0), silence(1.0)])
MUSIC = np.concatenate(
    [sum((tone(note * step, 0.4, 0.1) for step in (1, 1.25, 1.5)), silence(0.4))
     for note in (262, 330, 392, 523, 440, 349, 294, 392, 262)]
)  # fmt: skip


def left(folder: Path) -> list[str]:
    """The recordings that are there still."""
    return [file.name for file in folder.iterdir()]


async def spoken(text: str, speaker: str = "zf_xiaobei") -> Samples:
    if not answers.speakers():
        pytest.skip("the natural voices are not installed; `ivr models install kokoro`")
    language = "en" if text.isascii() else "zh-CN"
    async with Studio(choose(language, None if text.isascii() else speaker), language) as studio:
        return read_wav((await studio.render(text)).files[8000])


def repeating(sound: Samples) -> Behaviour:
    """The network says it until the caller gives up."""

    async def behave(call: Call) -> None:
        call.progress()
        while True:
            await call.say(np.concatenate([sound, silence(0.5)]))

    return behave


def answered_after(sound: Samples) -> Behaviour:
    async def behave(call: Call) -> None:
        call.progress()
        await call.say(sound)
        call.answer()
        await call.ended.wait()

    return behave


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ears() -> AsyncIterator[Ears]:
    engine = WhisperEngine(installed(WHISPER_BASE).folder)
    assert KNOWN is not None
    async with ears_of(Chosen(engine, ""), Speech(workers=1, deadline_s=10.0), [KNOWN]) as ears:
        async with asyncio.timeout(60):
            await ears.ready()
        yield ears


def listening(
    house: House, ears: Ears, folder: Path, **dialer: Any
) -> AbstractAsyncContextManager[Office]:
    """The dialer with `ears` for announcements."""
    return working(
        house, settings(**dialer), folder,
        hearing=lambda switch: Announcements(switch, ears, folder / FOLDER, KNOWN),
    )  # fmt: skip


@pytest.mark.slow
async def test_what_networks_say(
    house: House, ears: Ears, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(announcements, "WITHIN_S", 30.0)  # the machine is busy with the tests
    suspended = await spoken(SUSPENDED)
    off = await spoken("您好，您拨打的用户已关机，请稍后再拨。", "zm_yunjian")
    table: list[tuple[str, Behaviour, Outcome, str]] = [
        ("停机", announcement(suspended, 480), Outcome.SUSPENDED, "对不起您拨打的电话已停机"),
        ("停机, joined late", announcement(suspended[4500:], 480), Outcome.SUSPENDED,
         "您拨打的电话已停机"),
        ("English, then 关机",
         announcement(np.concatenate([await spoken(ENGLISH), silence(0.4), off]), 480),
         Outcome.UNREACHABLE, "您好您拨打的用户已关机"),
        ("空号 with the cause of a phone that is off",
         announcement(await spoken("对不起，您拨打的号码是空号，请核对后再拨。"), 480),
         Outcome.UNALLOCATED, "对不起您拨打的号码是空号"),
        ("通话中",
         announcement(await spoken("对不起，您拨打的电话正在通话中，请稍后再拨。"), 480),
         Outcome.BUSY, "对不起您拨打的电话正在通话中"),
        ("无人接听",
         announcement(await spoken("对不起，您拨打的电话暂时无人接听，请稍后再拨。"), 480),
         Outcome.NO_ANSWER, "对不起您拨打的电话暂时无人接听"),
        ("停机 until we give up", repeating(suspended), Outcome.SUSPENDED,
         "对不起您拨打的电话已停机"),
        ("停机, but the cause says 空号", announcement(suspended, 404), Outcome.UNALLOCATED, ""),
        ("ringing tone", announcement(RING, 480), Outcome.UNREACHABLE, ""),
        ("music", announcement(MUSIC, 480), Outcome.UNREACHABLE, ""),
        ("a person", announcement(await spoken("喂，你好，哪位？"), 480), Outcome.UNREACHABLE, ""),
        ("still connecting",
         announcement(await spoken("请不要挂机，您拨打的电话正在接通中。"), 480),
         Outcome.UNREACHABLE, ""),
        ("somebody answers after it", answered_after(suspended), Outcome.HEARD, ""),
    ]  # fmt: skip
    async with listening(house, ears, tmp_path, ring_s=10.0, lines=4) as office:
        notice = campaign()
        numbers = [f"136{n:08}" for n in range(len(table))]
        for number, (_, behaviour, _, _) in zip(numbers, table, strict=True):
            house.city.subscriber(number, behaviour)
        await office.ledger.create(
            notice,
            [task(notice, what, n) for n, (what, _, _, _) in zip(numbers, table, strict=True)],
        )
        office.dialer.wake()
        stories = await office.until_done(notice, 120)
    got = {s.task.household: (s.attempts[0].outcome, s.attempts[0].note) for s in stories}
    assert got == {
        what: (outcome, words and f"网络播音：{words}") for what, _, outcome, words in table
    }
    assert all(len(story.attempts) == 1 for story in stories)
    assert left(tmp_path / FOLDER) == []


class Deaf:
    """A recogniser that never says anything."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()

    async def start(self) -> None:
        return

    async def recognise(self, samples: Pcm, question: Question) -> Recognised:
        self.asked.set()
        await asyncio.Event().wait()
        raise AssertionError


async def test_a_recogniser_that_is_too_slow_and_a_kill_meanwhile(
    house: House, tmp_path: Path
) -> None:
    """The cause tells, once, and so it does when ivr dies before the end is written."""
    sound, deaf = await spoken(SUSPENDED), Deaf()
    house.city.subscriber("13700000001", announcement(sound, 480))
    ears = Ears("deaf", "", cast(Recogniser, deaf))
    killed, notice = tmp_path / "killed", campaign()
    async with listening(house, ears, tmp_path, ring_s=10.0) as office:
        await office.ledger.create(notice, [task(notice, "1", "13700000001")])
        office.dialer.wake()
        async with asyncio.timeout(15):
            await deaf.asked.wait()
        assert office.dialer.free_lines == office.settings.dialer.lines  # nobody waits for it
        assert [each.state for each in office.dialer.attempts] == ["dialling"]
        shutil.copytree(tmp_path, killed)  # what a kill -9 would leave now
        begun = time.monotonic()
        (story,) = await office.until_done(notice)
        assert time.monotonic() - begun < announcements.WITHIN_S + 1.5
        assert [(a.outcome, a.note) for a in story.attempts] == [(Outcome.UNREACHABLE, "")]
        assert sum(each.state == "done" for each in office.changes) == 1
    assert left(tmp_path / FOLDER) == []
    assert len(left(killed / FOLDER)) == 1
    async with listening(house, ears, killed, ring_s=10.0) as office:
        assert left(killed / FOLDER) == []
        (story,) = await office.until_done(notice)
        assert [(a.outcome, a.note) for a in story.attempts] == [
            (Outcome.UNREACHABLE, "中断后查明")
        ]
    assert sum(call.number == "13700000001" for call in house.city.received) == 1


class Recorder:
    """The telephone system, as far as recording goes."""

    def __init__(self, *, refuses: bool = False) -> None:
        self.recorded: list[str] = []
        self.stopped: list[str] = []
        self.began = asyncio.Event()
        self._refuses = refuses

    async def record_heard(self, channel: str, file: str) -> None:
        if self._refuses:
            raise ActionFailed("MixMonitor", "No such channel")
        await asyncio.to_thread(Path(file).write_bytes, bytes(16_000))
        self.recorded.append(channel)
        self.began.set()

    async def stop_recording(self, channel: str) -> None:
        self.stopped.append(channel)


def recording(recorder: Recorder, folder: Path, recogniser: Deaf | None) -> Announcements:
    ears = Ears("keys", "", cast(Any, recogniser))
    return Announcements(cast(Switch, recorder), ears, folder, KNOWN)


async def test_without_an_engine_nothing_is_recorded(tmp_path: Path) -> None:
    recorder = Recorder()
    hearing = recording(recorder, tmp_path, None)
    hearing.listen("a")
    assert "a" not in hearing
    assert await hearing.heard("a") is None
    assert recorder.recorded == []


async def test_silence_is_not_asked_about(tmp_path: Path) -> None:
    recorder, deaf = Recorder(), Deaf()
    hearing = recording(recorder, tmp_path, deaf)
    hearing.listen("a")
    await recorder.began.wait()
    assert await hearing.heard("a") is None
    assert not deaf.asked.is_set()
    assert left(tmp_path) == []


async def test_what_is_forgotten_is_stopped_and_deleted(tmp_path: Path) -> None:
    recorder = Recorder()
    hearing = recording(recorder, tmp_path, Deaf())
    hearing.listen("a")
    await recorder.began.wait()
    hearing.forget("a")
    hearing.forget("a")
    assert await hearing.heard("a") is None
    await hearing.close()
    assert recorder.stopped == ["a"]
    hearing.listen("b")
    assert "b" not in hearing  # it is closed
    assert left(tmp_path) == []


async def test_a_channel_that_cannot_be_recorded(tmp_path: Path) -> None:
    hearing = recording(Recorder(refuses=True), tmp_path, Deaf())
    hearing.listen("a")
    assert await hearing.heard("a") is None


async def test_what_a_killed_run_left_is_deleted(tmp_path: Path) -> None:
    await asyncio.to_thread((tmp_path / "old.sln").write_bytes, b"x")
    await recording(Recorder(), tmp_path, Deaf()).start()
    assert left(tmp_path) == []
