"""Who answers is told their own message, in their manner, and it is written down."""

from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType

import pytest

from ivr.desk.owners import Owners
from ivr.outbound import telling
from ivr.outbound.dialer import Dialer as TheDialer
from ivr.outbound.messages import Messages
from ivr.outbound.model import Campaign, Outcome, Talk, Task
from ivr.outbound.notice import Notice, NoticeKind
from ivr.outbound.notice_teller import NoticeTeller
from ivr.outbound.notices import Notices
from ivr.pbx.session import Session
from ivr.pbx.switch import Switch
from ivr.settings import Notices as NoticeSettings
from ivr.settings import Paths, Settings
from ivr.store.database import FILE_NAME, Database
from ivr.talk.testing_line import FakeLine
from ivr.talk.voice import program

pytestmark = pytest.mark.skipif(program.find() is None, reason="no espeak-ng on this machine")

Act = Callable[[FakeLine], None]
OWNERS = """\
楼栋,单元,房号,姓名,称谓,电话1,特别关怀
3,1,101,周建国,先生,13800138001,
3,1,102,李明,先生,13800138002,老人
"""


class Office:
    def __init__(self, db: Database, settings: Settings, now: datetime) -> None:
        switch = Switch(Session(settings.ami))  # connected to nothing: nobody to put through to
        dialer = TheDialer(db, settings, switch)
        self.ledger = dialer.ledger
        self.notices = Notices(db, settings, dialer.ledger, Owners(db, settings).households)
        self.messages = Messages(settings)
        self.teller = NoticeTeller(
            settings, dialer, self.notices, self.messages, switch, now=now.timestamp
        )

    async def run(self, now: datetime) -> Campaign:
        hour = timedelta(hours=1)
        notice = Notice(
            id="", kind=NoticeKind.WATER, scope="3栋", cause="水箱清洗",
            begin=now + 4 * hour, end=now + 6 * hour,
        )  # fmt: skip
        plan = await self.notices.plan(notice, now)
        await self.messages.prepare(plan.notice, plan.listeners, plan.place, now, now)
        self.campaign = await self.notices.start(await self.notices.create(plan))
        self.tasks = {task.household: task for task in plan.tasks}
        return self.campaign

    async def tell(self, home: str, *acts: Act, machine: bool = False) -> tuple[Talk, FakeLine]:
        line = line_of(*acts)
        if machine:
            line.variables = MappingProxyType({"IVR_HEARD": "machine"})
        return await self.teller.perform(line, self.campaign, self.tasks[home]), line

    async def task(self, home: str) -> Task:
        task = await self.ledger.task(self.tasks[home].id)
        assert task is not None
        return task


def line_of(*acts: Act) -> FakeLine:
    """Whoever answers does one act at each sound."""
    remaining = list(acts)

    def owner(line: FakeLine, _: str) -> None:
        if remaining:
            remaining.pop(0)(line)

    return FakeLine(owner)


def listen(line: FakeLine) -> None: ...


def press(key: str) -> Act:
    return lambda line: line.press(key)


def hang_up(line: FakeLine) -> None:
    line.leave()


@pytest.fixture
async def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Office]:
    for name in ("DECIDE_S", "STAY_S", "FAREWELL_S"):
        monkeypatch.setattr(telling, name, 0.02)
    settings = Settings(
        paths=Paths(data=tmp_path, prompts=tmp_path / "prompts"),
        notices=NoticeSettings(voice="espeak"),
    )
    now = datetime(2026, 11, 22, 9, 0, tzinfo=settings.site.zone)
    async with await Database.open(tmp_path / FILE_NAME) as db:
        sheet = tmp_path / "owners.csv"
        sheet.write_text(OWNERS, encoding="utf-8")
        owners = Owners(db, settings)
        await owners.put(await owners.plan(sheet))
        opened = Office(db, settings, now)
        await opened.run(now)
        yield opened


async def test_each_household_hears_its_own_message(office: Office) -> None:
    talk, line = await office.tell("3-1-101", press("1"))
    assert talk == Talk(Outcome.CONFIRMED, "1")
    message, thanks = line.said
    assert thanks == "thanks-confirmed"
    _, other = await office.tell("3-1-102", press("1"))
    assert other.said[0] != message


@pytest.mark.parametrize(
    ("acts", "talk", "said"),
    [
        # nobody can be put through here, which is said
        ([], Talk(Outcome.HEARD, "", "要求转人工，未能转接"), ["no-person-now"]),
        ([press("5")], Talk(Outcome.HUNG_UP, "5", "要求转人工，未能转接"), ["no-person-now"]),
        ([hang_up], Talk(Outcome.HUNG_UP, "", "听到第 0 秒时挂断"), []),
    ],
)
async def test_special_care_is_given_a_person_rather_than_a_menu(
    office: Office, acts: list[Act], talk: Talk, said: list[str]
) -> None:
    got, line = await office.tell("3-1-102", *acts)
    assert (got, line.said[1:]) == (talk, said)


async def test_an_answering_machine_is_left_alone(office: Office) -> None:
    talk, line = await office.tell("3-1-101", machine=True)
    assert (talk, line.said) == (Talk(Outcome.VOICEMAIL), [])


@pytest.mark.parametrize(
    ("acts", "outcome"),
    [
        ([listen], Outcome.CALLED_IN),
        ([press("1")], Outcome.CALLED_IN),
        ([press("2"), listen], Outcome.CALLED_IN),
        ([press("0")], None),  # straight to a person: not told
        ([hang_up], None),
    ],
)
async def test_who_calls_in_hears_it_first(
    office: Office, acts: list[Act], outcome: Outcome | None
) -> None:
    await office.teller.called_in(line_of(*acts), "13800138001")
    task = await office.task("3-1-101")
    assert task.outcome is outcome
    if outcome is not None:
        assert task.note == "来电时已听通知"


async def test_a_caller_who_is_on_no_list_hears_nothing(office: Office) -> None:
    line = line_of()
    await office.teller.called_in(line, "13900139000")
    assert line.said == []
