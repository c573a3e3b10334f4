"""Notices from draft to result, on the real store, with owners from a spreadsheet."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from ivr.desk.home import parse
from ivr.desk.owners import Owners
from ivr.errors import UserError
from ivr.outbound.ledger import Ledger
from ivr.outbound.messages import listener
from ivr.outbound.model import Campaign, CampaignState, Outcome, Task, Urgency
from ivr.outbound.notice import Notice, NoticeError, NoticeKind, Phase, Place
from ivr.outbound.notice_plan import RESTORED_FOR_S, Approval, Plan
from ivr.outbound.notices import Notices
from ivr.settings import Dialer, Settings
from ivr.store.database import FILE_NAME, Database

SETTINGS = Settings(dialer=Dialer(approval_households=4))
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=SETTINGS.site.zone)
HOUR = timedelta(hours=1)
WATER = Notice(
    id="", kind=NoticeKind.WATER, scope="3栋", cause="供水管道抢修",
    begin=NOW + 5 * HOUR, end=NOW + 9 * HOUR,
)  # fmt: skip

OWNERS = """\
楼栋,单元,房号,姓名,称谓,电话1,电话2,特别关怀,勿扰,勿扰时段,语言
3,1,101,周建国,先生,13800138001,,,,,
3,1,102,王芳,女士,13800138002,075588881234,,,12:00-14:00,
3,1,103,李明,先生,13800138003,,老人,,,
3,1,104,陈静,女士,13800138004,,,是,,
4,1,101,周建国,先生,13800138001,,,,,
4,1,102,刘洋,,,,,,,
4,1,103,John Smith,先生,13800138005,,孕妇,,,英语
"""


@dataclass
class Desk:
    notices: Notices
    ledger: Ledger

    async def plan(self, notice: Notice = WATER, **options: object) -> Plan:
        return await self.notices.plan(notice, NOW, **options)  # type: ignore[arg-type]

    async def running(self, notice: Notice = WATER) -> Campaign:
        return await self.notices.start(await self.notices.create(await self.plan(notice)))

    async def tasks(self, campaign: Campaign) -> dict[str, Task]:
        return {task.household: task for task in await self.ledger.tasks(campaign.id)}

    async def told(self, campaign: Campaign, outcome: Outcome, *homes: str) -> None:
        """As if a call to each of `homes` had ended so."""
        tasks = await self.tasks(campaign)
        for home in homes:
            number = tasks[home].numbers[0]
            await self.ledger.told_otherwise(tasks[home], outcome, number, NOW.timestamp())

    async def outcomes(self, campaign: Campaign) -> dict[str, Outcome | None]:
        return {home: task.outcome for home, task in (await self.tasks(campaign)).items()}


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with await Database.open(tmp_path / FILE_NAME) as db:
        sheet = tmp_path / "owners.csv"
        sheet.write_text(OWNERS, encoding="utf-8")
        owners = Owners(db, SETTINGS)
        await owners.put(await owners.plan(sheet))
        ledger = Ledger(db, SETTINGS.site.id)
        yield Desk(Notices(db, SETTINGS, ledger, owners.households), ledger)


# --- who is told -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("scope", "homes", "place"),
    [
        ("3栋", ["3-1-103", "3-1-101", "3-1-102", "3-1-104"], Place.BUILDING),
        ("3栋1单元、4-1-101", ["3-1-103", "3-1-101", "3-1-102", "3-1-104", "4-1-101"], Place.HOME),
        ("4栋1单元", ["4-1-103", "4-1-101", "4-1-102"], Place.UNIT),
        ("4-1-102", ["4-1-102"], Place.HOME),
    ],
)
async def test_a_scope_becomes_households_the_special_care_homes_first(
    desk: Desk, scope: str, homes: Sequence[str], place: Place
) -> None:
    plan = await desk.plan(replace(WATER, scope=scope))
    assert [task.household for task in plan.tasks] == homes
    assert sorted(plan.tasks, key=lambda task: task.id) == list(plan.tasks)
    assert plan.place is place


async def test_who_is_left_out_and_why(desk: Desk) -> None:
    plan = await desk.plan(replace(WATER, scope="全部"))
    assert [(str(left.home), left.why, left.words) for left in plan.left_out] == [
        ("3-1-104", Outcome.DO_NOT_CALL, "业主要求勿扰"),
        ("4-1-102", Outcome.FORBIDDEN, "没有电话号码"),
    ]
    assert plan.numbers == 4  # 3-1-101 and 4-1-101 share one
    assert plan.minutes(lines=1, pace=10) == 3.0


async def test_what_a_household_brings_along(desk: Desk) -> None:
    plan = await desk.plan(replace(WATER, scope="全部"))
    tasks = {task.household: task for task in plan.tasks}
    assert tasks["3-1-102"].quiet == "12:00-14:00"
    assert tasks["3-1-102"].numbers == ("13800138002", "075588881234")
    smith = listener(tasks["4-1-103"].subject)
    assert (smith.address, smith.language, smith.care) == ("Mr Smith", "en", True)
    assert listener(tasks["4-1-102"].subject).address == ""
    assert [(who.language, who.care) for who in plan.samples] == [
        ("zh-CN", False), ("zh-CN", True), ("en", True),
    ]  # fmt: skip


async def test_a_plan_writes_nothing(desk: Desk) -> None:
    await desk.plan()
    assert await desk.ledger.campaigns() == []


# --- what cannot be meant ----------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "options", "sentence"),
    [
        ({"end": WATER.begin}, {}, "would end .* before it begins"),
        ({"begin": NOW - 4 * HOUR, "end": NOW - HOUR}, {}, "was over at 11-22 08:00"),
        ({"begin": NOW - 7 * HOUR}, {}, "no time left to phone anybody"),
        ({}, {"not_before": NOW + 12 * HOUR}, "no time left to phone anybody"),
        ({"scope": ""}, {}, "scope"),
        ({"scope": "9栋"}, {}, "no owner of 9栋 is known"),
        ({"scope": "三楼"}, {}, "is not understood"),
        ({"cause": " "}, {}, "cause is missing"),
        ({"cause": "🚰！"}, {}, "cause is missing"),
        ({"cause": "авария"}, {}, "cannot say 'а'"),
        ({"cause": "长" * 5000}, {}, "5000 characters"),
        ({"kind": NoticeKind.OTHER}, {}, "needs its text"),
        ({"urgency": Urgency.NORMAL}, {"outside_window": True}, "Only an urgent notice"),
    ],
)
async def test_a_mistake_is_one_sentence_and_nothing_is_kept(
    desk: Desk, changes: dict[str, object], options: dict[str, object], sentence: str
) -> None:
    with pytest.raises(NoticeError, match=sentence) as error:
        await desk.plan(replace(WATER, **changes), **options)  # type: ignore[arg-type]
    assert "\n" not in str(error.value)
    assert error.value.field
    assert not error.value.chinese.isascii()
    assert await desk.ledger.campaigns() == []


async def test_without_owners_there_is_nobody_to_tell(tmp_path: Path) -> None:
    async with await Database.open(tmp_path / FILE_NAME) as db:
        owners = Owners(db, SETTINGS)
        notices = Notices(db, SETTINGS, Ledger(db, SETTINGS.site.id), owners.households)
        with pytest.raises(UserError, match="import their owners first"):
            await notices.plan(replace(WATER, scope="全部"), NOW)


# --- the second person --------------------------------------------------------------


@pytest.mark.parametrize(
    ("scope", "outside_window", "why"),
    [
        ("3栋", False, Approval.NONE),
        ("全部", False, Approval.MANY),
        ("3栋", True, Approval.OUTSIDE),
    ],
)
async def test_when_a_second_person_is_needed(
    desk: Desk, scope: str, outside_window: bool, why: Approval
) -> None:
    plan = await desk.plan(replace(WATER, scope=scope), by="前台", outside_window=outside_window)
    assert plan.needs_approval is why
    campaign = await desk.notices.create(plan)
    expected = CampaignState.DRAFT if why else CampaignState.APPROVED
    assert (await desk.ledger.campaign(campaign.id)).state is expected


async def test_a_second_person_is_not_the_first(desk: Desk) -> None:
    plan = await desk.plan(replace(WATER, scope="全部"), by="前台")
    campaign = await desk.notices.create(plan)
    with pytest.raises(UserError, match="must approve it before it starts"):
        await desk.notices.start(campaign)
    for nobody in ("前台", ""):
        with pytest.raises(UserError, match="a second person must approve it"):
            await desk.notices.approve(campaign, nobody)
    approved = await desk.notices.approve(campaign, "主任")
    assert (approved.state, approved.approved_by) == (CampaignState.APPROVED, "主任")
    with pytest.raises(UserError, match="is approved by now"):
        await desk.notices.approve(approved, "主任")


# --- while it runs -------------------------------------------------------------------


async def test_start_pause_resume_cancel(desk: Desk) -> None:
    campaign = await desk.running()
    with pytest.raises(UserError, match="is running by now"):
        await desk.notices.start(campaign)
    paused = await desk.notices.pause(campaign)
    with pytest.raises(UserError, match="is paused by now"):
        await desk.notices.pause(paused)
    with pytest.raises(UserError, match="just been changed"):
        await desk.notices.pause(campaign)  # by somebody who still saw it run
    running = await desk.notices.start(paused)
    await desk.told(running, Outcome.CONFIRMED, "3-1-101")
    cancelled = await desk.notices.cancel(running, NOW)
    assert cancelled.state is CampaignState.CANCELLED
    assert await desk.outcomes(campaign) == {
        "3-1-101": Outcome.CONFIRMED,
        "3-1-102": Outcome.CANCELLED,
        "3-1-103": Outcome.CANCELLED,
        "3-1-104": Outcome.DO_NOT_CALL,
    }
    with pytest.raises(UserError, match="is cancelled by now"):
        await desk.notices.start(cancelled)


async def test_what_is_kept_is_what_was_planned(desk: Desk) -> None:
    plan = await desk.plan(replace(WATER, text="请提前蓄水"))
    campaign = await desk.notices.create(plan)
    assert await desk.notices.notice(campaign) == (plan.notice, Place.BUILDING)


async def test_an_extension_is_told_to_those_told_and_the_others_hear_only_the_new(
    desk: Desk,
) -> None:
    campaign = await desk.running()
    await desk.told(campaign, Outcome.CONFIRMED, "3-1-101")
    await desk.told(campaign, Outcome.NO_ANSWER, "3-1-102")
    notice, _ = await desk.notices.notice(campaign)
    later = notice.changed(notice.begin, notice.end + 2 * HOUR)
    changed = await desk.notices.change(campaign, later, NOW + HOUR)
    assert (await desk.notices.notice(changed))[0] == later
    assert changed.state is CampaignState.RUNNING
    # reached: again; not reached yet: still; given up: no more; 勿扰: never
    assert await desk.outcomes(campaign) == {
        "3-1-101": None,
        "3-1-102": Outcome.NO_ANSWER,
        "3-1-103": None,
        "3-1-104": Outcome.DO_NOT_CALL,
    }


async def test_an_extension_wakes_a_notice_that_was_done(desk: Desk) -> None:
    campaign = await desk.running(replace(WATER, scope="3-1-101"))
    await desk.told(campaign, Outcome.HEARD, "3-1-101")
    done = await desk.ledger.campaign(campaign.id)
    assert done.state is CampaignState.DONE
    notice, _ = await desk.notices.notice(done)
    changed = await desk.notices.change(
        done, notice.changed(notice.begin, notice.end + HOUR), NOW + HOUR
    )
    assert changed.state is CampaignState.RUNNING
    assert await desk.outcomes(campaign) == {"3-1-101": None}


async def test_an_impossible_extension_changes_nothing(desk: Desk) -> None:
    campaign = await desk.running()
    notice, _ = await desk.notices.notice(campaign)
    with pytest.raises(UserError, match="before it begins"):
        await desk.notices.change(campaign, notice.changed(notice.begin, notice.begin), NOW)
    assert (await desk.notices.notice(campaign))[0] == notice


async def test_an_outage_that_is_off_is_told_to_those_who_heard_of_it(desk: Desk) -> None:
    campaign = await desk.running()
    await desk.told(campaign, Outcome.HEARD, "3-1-103")
    notice, _ = await desk.notices.notice(campaign)
    off = replace(notice, phase=Phase.CANCELLED)
    changed = await desk.notices.change(campaign, off, NOW + HOUR)
    still_open = [home for home, end in (await desk.outcomes(changed)).items() if end is None]
    assert still_open == ["3-1-103"]
    assert changed.state is CampaignState.RUNNING


async def test_an_outage_that_is_off_before_anybody_heard_needs_no_call(desk: Desk) -> None:
    campaign = await desk.running()
    notice, _ = await desk.notices.notice(campaign)
    changed = await desk.notices.change(campaign, replace(notice, phase=Phase.CANCELLED), NOW)
    assert changed.state is CampaignState.CANCELLED
    assert None not in (await desk.outcomes(campaign)).values()


async def test_restored_is_told_to_those_who_were_reached_only(desk: Desk) -> None:
    campaign = await desk.running()
    with pytest.raises(UserError, match="nobody was reached"):
        await desk.notices.restored(campaign, NOW)
    await desk.told(campaign, Outcome.CONFIRMED, "3-1-101")
    await desk.told(campaign, Outcome.VOICEMAIL, "3-1-103")
    await desk.told(campaign, Outcome.BUSY, "3-1-102")
    plan = await desk.notices.restored(campaign, NOW + 9 * HOUR, by="前台")
    assert [task.household for task in plan.tasks] == ["3-1-103", "3-1-101"]
    follow_up = await desk.notices.start(await desk.notices.create(plan))
    assert follow_up.title == "3栋 停水 已恢复"
    assert follow_up.not_after == (NOW + 9 * HOUR).timestamp() + RESTORED_FOR_S
    assert set((await desk.outcomes(follow_up)).values()) == {None}
    assert (await desk.notices.notice(follow_up))[0].phase is Phase.RESTORED


# --- in writing ----------------------------------------------------------------------

PEST = replace(
    WATER, kind=NoticeKind.PEST, cause="灭蚊灭鼠", urgency=Urgency.NORMAL,
    begin=NOW + 48 * HOUR, end=NOW + 50 * HOUR,
)  # fmt: skip


async def test_pest_control_is_phoned_from_a_day_before(desk: Desk) -> None:
    plan = await desk.plan(PEST)
    assert plan.campaign.not_before == (NOW + 24 * HOUR).timestamp()
    assert not plan.short_notice
    late = await desk.plan(replace(PEST, begin=NOW + 5 * HOUR, end=NOW + 6 * HOUR))
    assert late.campaign.not_before == NOW.timestamp()
    assert late.short_notice


async def test_who_has_signed_is_not_phoned(desk: Desk) -> None:
    campaign = await desk.running(PEST)
    with pytest.raises(UserError, match="home 5-301 is not on its list"):
        await desk.notices.signed(campaign, [parse("3-1-101"), parse("5-301")], NOW)
    homes = [parse("3-1-101"), parse("3-1-103")]
    assert await desk.notices.signed(campaign, homes, NOW, by="前台") == 2
    assert await desk.notices.signed(campaign, homes[:1], NOW) == 0
    tasks = await desk.tasks(campaign)
    assert tasks["3-1-101"].outcome is Outcome.CONFIRMED
    assert tasks["3-1-101"].note == "书面签收（前台）"
    assert tasks["3-1-102"].outcome is None
