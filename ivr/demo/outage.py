"""The scene 停水: a community phoned, household by household, each with a story of its own.

Forty households of three buildings come from a spreadsheet; the notice is previewed,
approved by a second person and run over eight lines; somebody on the list calls the
hotline; the notice is paused and resumed, AMI is cut and ivr is killed in the middle
(by the scenes of those names); those who were reached hear at the end that the water
is back.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from ivr import spreadsheet
from ivr.demo import behaviours
from ivr.demo.agent import Behaviour
from ivr.demo.call import Call
from ivr.demo.house import House
from ivr.demo.phone import Phone
from ivr.demo.sound import Samples, read_wav, silence
from ivr.demo.stage import FRONT_DESK, Stage
from ivr.errors import UserError
from ivr.outbound import results
from ivr.outbound.ledger import Ledger
from ivr.outbound.model import Outcome
from ivr.outbound.notices import REACHED
from ivr.settings import Dialer, Settings
from ivr.spreadsheet import Heading
from ivr.store.database import FILE_NAME, Database
from ivr.talk.speech import choose as speech
from ivr.talk.voice import choose
from ivr.talk.voice.studio import Studio

DIALER = Dialer(
    window="00:00-24:00",
    lines=8,
    keep_free=2,
    pace=4.0,
    ring_s=8,
    attempts=2,
    busy_retry_s=4,
    no_answer_retry_s=4,
    other_retry_s=4,
    congestion_retry_s=2,
    approval_households=30,
)
"""Hours and retries short enough for a demo; an office's are in ivr.toml."""

NAMES = ("周建国", "王小红", "李明", "欧阳芳", "张伟", "陈静", "刘洋", "赵磊")
TITLES = ("先生", "女士", "先生", "女士", "先生", "女士", "先生", "先生")
CALLS_IN = "13700137000"
SWITCHED_OFF = "对不起，您拨打的电话已关机。"
CUT_OFF = "对不起，您拨打的电话已停机。"
"""What the network says; it refuses both with 480 afterwards."""
PATIENCE_S = 150.0
PAUSE_SEEN_S = 2.0  # the dialer looks every second
ENOUGH = 8  # households of the follow-up are enough to see it work


@dataclass(frozen=True, slots=True)
class Household:
    room: tuple[str, str, str]
    number: str
    expected: Outcome
    behaviour: Behaviour | None = None
    do_not_call: bool = False
    quiet: str = ""

    @property
    def home(self) -> str:
        return "-".join(self.room)


def confirming(after_s: float) -> Behaviour:
    """Listens for a while, presses 1, hears the thanks, hangs up."""

    async def listen(call: Call) -> None:
        await call.pause(2.5 + after_s)
        await call.send_dtmf("1")
        await call.pause(2.5)
        await call.hangup()

    return behaviours.answer(0.8, listen)


async def _wants_a_person(call: Call) -> None:
    call.ring()
    await call.pause(0.8)
    call.answer()
    await call.pause(5)
    await call.send_dtmf("0")
    await call.pause(14)
    await call.hangup()


async def _listens_to_the_end(call: Call) -> None:
    call.ring()
    await call.pause(0.8)
    call.answer()
    await call.ended.wait()


def _after_busy() -> Behaviour:
    """Busy the first time, there the second."""
    calls: list[Call] = []
    there = confirming(1.0)

    async def behave(call: Call) -> None:
        calls.append(call)
        await (behaviours.busy if len(calls) == 1 else there)(call)

    return behave


def households(
    machine: Behaviour, network: dict[str, Behaviour], now: datetime, *, understood: bool
) -> list[Household]:
    """The forty, in the order of their homes. `machine` is how a machine answers, `network`
    what is announced; where that cannot be `understood`, 停机 has the cause of 关机."""
    quiet = f"{now - timedelta(hours=1):%H:%M}-{now + timedelta(hours=8):%H:%M}"
    kinds: list[tuple[Outcome, Behaviour | None]] = [
        (Outcome.HEARD, _listens_to_the_end),
        (Outcome.TRANSFERRED, _wants_a_person),
        (Outcome.NO_ANSWER, behaviours.never_answer),
        (Outcome.VOICEMAIL, machine),
        (Outcome.UNALLOCATED, behaviours.unallocated),
        (Outcome.UNREACHABLE, network[SWITCHED_OFF]),
        (Outcome.SUSPENDED if understood else Outcome.UNREACHABLE, network[CUT_OFF]),
        (Outcome.REJECTED, behaviours.reject(603)),
        (Outcome.BUSY, behaviours.busy),
        (Outcome.CONFIRMED, _after_busy()),
        (Outcome.NO_ANSWER, behaviours.never_answer),
        (Outcome.DO_NOT_CALL, None),
        (Outcome.OUT_OF_WINDOW, None),
        (Outcome.DUPLICATE, None),
        (Outcome.CALLED_IN, None),
    ]
    kinds += [(Outcome.CONFIRMED, confirming(index % 5)) for index in range(40 - len(kinds))]
    made: list[Household] = []
    for index, (expected, behaviour) in enumerate(kinds):
        room = (str(3 + index % 3), "1", f"{1 + index // 3:02d}01")
        number = f"{137_0013_7100 + index}"
        if expected is Outcome.DUPLICATE:
            number = made[0].number  # the same owner has two homes
        if expected is Outcome.CALLED_IN:
            number = CALLS_IN
        made.append(
            Household(
                room,
                number,
                expected,
                behaviour,
                do_not_call=expected is Outcome.DO_NOT_CALL,
                quiet=quiet if expected is Outcome.OUT_OF_WINDOW else "",
            )
        )
    return made


class Outage:
    """The scene in two parts, so that the voice works while other scenes play."""

    def __init__(self) -> None:
        self.under_way = asyncio.Event()
        self._homes: list[Household] = []
        self._campaign = ""

    async def prepare(self, stage: Stage) -> None:
        """Import the owners, draft the notice, have it spoken and approved."""
        house = stage.house
        now = datetime.now(house.settings.site.zone)
        machine = behaviours.machine(stage.owner_says, after_s=0.8, listen_s=20)
        engine = speech.choose(house.settings.speech, house.settings.site.language).engine
        announced = await _network_says(house.settings.site.language)
        network = {
            words: behaviours.announcement(np.concatenate([sound, silence(0.6), sound]), 480)
            for words, sound in announced.items()
        }
        self._homes = households(machine, network, now, understood=engine is not None)
        for home in self._homes:
            if home.behaviour is not None:
                house.city.subscriber(home.number, home.behaviour)
        house.city.subscriber(CALLS_IN, behaviours.never_answer)
        sheet = house.folder / "owners.xlsx"
        _write_sheet(self._homes, sheet)
        await ivr(house, "owners", "import", str(sheet), "--yes")
        begin, end = now + timedelta(hours=2), now + timedelta(hours=5)
        wav = Path("demo-report") / "notice.wav"
        wav.parent.mkdir(exist_ok=True)
        said = await ivr(
            house, "notice", "new", "--kind", "停水", "--scope", "3栋,4栋,5栋",
            "--cause", "供水管道抢修", "--start", f"{begin:%Y-%m-%d %H:%M}",
            "--end", f"{end:%Y-%m-%d %H:%M}", "--by", "前台", "--yes", "--out", str(wav),
        )  # fmt: skip
        self._campaign = said.split("ivr notice approve ")[1].split()[0]
        stage.check("试听文件 preview", "wav", str(wav), wav.exists())
        await ivr(house, "notice", "approve", self._campaign, "--by", "主任")

    async def play(self, stage: Stage) -> None:
        """Run it, disturb it, and compare every household with its story."""
        house = stage.house
        front = asyncio.create_task(_front_desk(house.phones[FRONT_DESK]))
        try:
            await ivr(house, "notice", "start", self._campaign)
            await self._call_in(stage)
            await ivr(house, "notice", "pause", self._campaign)
            await self._holds_still(stage)
            await ivr(house, "notice", "resume", self._campaign)
            # from here on other scenes cut AMI and kill ivr under the running notice
            self.under_way.set()
            quiet = sum(home.expected is Outcome.OUT_OF_WINDOW for home in self._homes)
            await self._until(house, lambda told: told >= len(self._homes) - quiet)
            await ivr(house, "notice", "cancel", self._campaign, "--yes")
            await self._compare(stage)
            await self._restored(stage)
        finally:
            front.cancel()

    async def _call_in(self, stage: Stage) -> None:
        """An owner on the list calls the hotline and hears the notice before the phones ring."""
        house = stage.house
        await _until_expected(house, CALLS_IN)
        owner = house.city.call(CALLS_IN, stage.did, house.server)
        await owner.wait_answered(10)
        clerk = await stage.take(0, 1.0)
        stage.check(
            "来电先听通知 the notice before the phones ring", "> 10 s",
            f"{clerk.history[0][0] - (owner.answered_at or 0):.1f} s",
            clerk.history[0][0] - (owner.answered_at or 0) > 10,
        )  # fmt: skip
        await owner.pause(1.0)
        await owner.hangup()

    async def _until(self, house: House, enough: Callable[[int], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                async with _ledger(house) as ledger:
                    campaign = await ledger.campaign(self._campaign)
                    progress = await ledger.progress(campaign.id)
                if enough(progress.total - progress.open):
                    return
                await asyncio.sleep(0.3)

    async def _holds_still(self, stage: Stage) -> None:
        """Paused: calls in progress go on, and no new one begins."""
        await asyncio.sleep(PAUSE_SEEN_S)
        before = await self._attempts(stage.house)
        await asyncio.sleep(PAUSE_SEEN_S)
        after = await self._attempts(stage.house)
        stage.equal("暂停中新拨打 calls begun while paused", after - before, 0)

    async def _attempts(self, house: House) -> int:
        async with _ledger(house) as ledger:
            campaign = await ledger.campaign(self._campaign)
            return sum(len(story.attempts) for story in await ledger.stories(campaign.id))

    async def _compare(self, stage: Stage) -> None:
        async with _ledger(stage.house) as ledger:
            campaign = await ledger.campaign(self._campaign)
            stories = {s.task.household: s for s in await ledger.stories(campaign.id)}
        stage.equal("户数 households", len(stories), len(self._homes))
        unknown = 0
        for home in self._homes:
            story = stories.get(home.home)
            outcome = story.task.outcome if story else None
            expected = home.expected
            if expected is Outcome.OUT_OF_WINDOW:
                expected = Outcome.CANCELLED  # nobody was phoned in their quiet hours
            told = "；".join(
                f"{results.words(each.outcome)} {each.note}".strip()
                for each in (story.attempts if story else ())
            )
            # whoever was on the phone when ivr was killed: nobody can tell, and it says so
            fits = outcome is expected or (
                outcome is Outcome.UNKNOWN and story is not None and story.attempts[-1].note != ""
            )
            unknown += outcome is Outcome.UNKNOWN
            stage.check(
                f"{home.home} {home.number[-4:]}", results.words(expected),
                f"{results.words(outcome)}（{told}）", fits,
            )  # fmt: skip
        stage.check(
            "未知（ivr 被杀时正在通话）unknown: talking when ivr was killed",
            f"≤ {DIALER.lines}", str(unknown), unknown <= DIALER.lines,
        )  # fmt: skip
        overlap = [a for s in stories.values() for a in s.attempts if a.ended_at is None]
        stage.equal("未了结的呼叫 attempts without an end", len(overlap), 0)

    async def _restored(self, stage: Stage) -> None:
        house = stage.house
        await ivr(house, "notice", "restored", self._campaign, "--by", "前台")
        async with asyncio.timeout(PATIENCE_S):
            while True:
                async with _ledger(house) as ledger:
                    campaigns = await ledger.campaigns()
                    follow_up = next(c for c in campaigns if c.title.endswith("已恢复"))
                    stories = await ledger.stories(follow_up.id)
                heard = sum(story.task.outcome in REACHED for story in stories)
                if heard >= ENOUGH:
                    break
                await asyncio.sleep(0.3)
        stage.check("已恢复 told that it is back", f"≥ {ENOUGH}", str(heard), heard >= ENOUGH)
        await ivr(house, "notice", "cancel", follow_up.id, "--yes")
        async with _ledger(house) as ledger:
            campaign = await ledger.campaign(self._campaign)
            told = await ledger.stories(campaign.id)
        reached = {s.task.household for s in told if s.task.outcome in REACHED}
        stage.equal(
            "已恢复只打给通知到的 only those reached hear that it is back",
            {story.task.household for story in stories} == reached, True,
        )  # fmt: skip


async def set_up(base: Settings, progress: Callable[[str, float], None]) -> None:
    """What takes long the first time: ears for the network's announcements, and its voice."""
    await asyncio.to_thread(speech.prepare, base.speech, base.site.language, progress)
    await _network_says(base.site.language, progress)


async def _network_says(
    language: str, progress: Callable[[str, float], None] = choose.quiet
) -> dict[str, Samples]:
    said: dict[str, Samples] = {}
    async with Studio(choose.second(language), language) as studio:
        for words in (SWITCHED_OFF, CUT_OFF):
            progress(words, len(said) / 2)
            said[words] = read_wav((await studio.render(words)).files[8000])
    return said


@asynccontextmanager
async def _ledger(house: House) -> AsyncIterator[Ledger]:
    async with await Database.open(house.settings.paths.data / FILE_NAME) as db:
        yield Ledger(db, house.settings.site.id)


async def _until_expected(house: House, number: str) -> None:
    """Until Asterisk knows that a caller from `number` is to hear the notice."""
    async with asyncio.timeout(20):
        while True:
            if number in await house.asterisk.cli("database show ivr-expected"):
                return
            await asyncio.sleep(0.3)


async def _front_desk(phone: Phone) -> None:
    """Whoever presses 0 reaches the service desk."""
    while True:
        call = await phone.next_call(300)
        if call.ended.is_set():
            continue
        call.ring()
        await call.pause(1.0)
        call.answer()


def _write_sheet(homes: list[Household], file: Path) -> None:
    headings = ("楼栋", "单元", "房号", "姓名", "称谓", "电话1", "勿扰", "免打扰时段")
    spreadsheet.write(
        file,
        "业主",
        [Heading(heading, 12) for heading in headings],
        (
            [
                *home.room, NAMES[i % 8], TITLES[i % 8], home.number,
                "是" if home.do_not_call else "", home.quiet,
            ]
            for i, home in enumerate(homes)
        ),
    )  # fmt: skip


async def ivr(house: House, *words: str) -> str:
    """Run an `ivr` command as a clerk would; raises UserError when it fails."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "ivr", *words, "--config", str(house.config),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await process.communicate()
    text = said.decode(errors="replace")
    if process.returncode:
        raise UserError(f"ivr {' '.join(words)}: {text.strip()[-300:]}")
    return text
