"""What the people of an office do in a day, in real browsers, on real calls."""

import asyncio
import itertools
import re
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from ivr.calls import numbers
from ivr.demo.behaviours import answer
from ivr.demo.call import Call
from ivr.demo.sound import write_wav
from ivr.ids import uuid7
from ivr.settings import (
    Callbacks,
    Dialer,
    Ladder,
    Line,
    Notices,
    Outgoing,
    Phone,
    Rings,
    Settings,
    Speech,
    Trunk,
    Waiting,
)
from ivr.store.database import FILE_NAME, Database
from ivr.store.owners import OwnerRow, OwnerTable
from ivr.talk.prompts import catalogue
from ivr.web.access import Role
from tests.system.office import noise, until
from tests.web.browser import Office, Shoot, Visits, chromium

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.slow,
    pytest.mark.pbx,
    pytest.mark.skipif(chromium() is None, reason="no Chromium here"),
]

HOTLINE = "4008001234"
ZHOU = "13800138000"
LI = "13900139000"
DESKS = ("101", "102", "201")
SETTINGS = Settings(
    rings=Rings(ring_cadence_s=2.0),
    waiting=Waiting(apology_every_s=5),
    outgoing=Outgoing(allow=["1[3-9]XXXXXXXXX"]),
    dialer=Dialer(window="00:00-24:00", detect_machines=False),
    notices=Notices(voice="espeak"),
    callbacks=Callbacks(repair_after_min=0, household_a_day=9, sample_households=0),
    speech=Speech(engine="keys"),
    phones=[
        Phone(ext="101", device="PJSIP/101", name="前台", department="客服部"),
        Phone(ext="102", device="PJSIP/102", name="前台", department="客服部"),
        Phone(ext="201", device="PJSIP/201", name="工程值班", department="工程部"),
    ],
    trunks=[Trunk(device="PJSIP/city")],
    lines=[Line(name="hotline", did=[HOTLINE], ladders=[Ladder(primary=["101"], backup=["102"])])],
)


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def owners(office: Office) -> AsyncIterator[None]:
    """周先生 of 3-1-1201 and 李女士 of 5-1-302 are in the book; what the system says is noise."""
    spoken = office.house.settings.paths.prompts / "zh-CN"
    for name in catalogue("zh-CN"):
        if not (spoken / f"{name}.wav").exists():
            write_wav(spoken / f"{name}.wav", noise(7, 0.5))
    rows = [
        OwnerRow(
            id=uuid7(), name=name, title=title, phones=((number, numbers.key(number)),),
            homes=(home,), language="zh-CN", care=care, do_not_call=False, quiet="", note="",
        )
        for name, title, number, home, care in (
            ("周建国", "先生", ZHOU, ("3", "1", "1201"), ("老人",)),
            ("李梅", "女士", LI, ("5", "1", "302"), ()),
        )
    ]  # fmt: skip
    async with await Database.open(office.house.settings.paths.data / FILE_NAME) as db:
        await OwnerTable(db, office.house.settings.site.id).put(rows, version=0)
    yield


def owner_calls(office: Office, number: str = ZHOU) -> Call:
    return office.house.city.call(number, HOTLINE, office.house.server)


async def rings(office: Office, ext: str) -> Call:
    """The call that rings phone `ext` now; what rang it before and is over does not count."""
    while True:
        call = await office.house.phones[ext].next_call(10)
        if not call.ended.is_set():
            call.ring()
            return call


async def ends(owner: Call, *others: Call) -> None:
    await owner.hangup()
    for call in (owner, *others):
        await call.wait_ended(5)


async def test_a_clerk_takes_a_call_sees_the_card_fills_the_record_transfers(
    office: Office, signed_in: Visits, shoot: Shoot
) -> None:
    page = await signed_in(Role.CLERK)
    await page.goto("/desk")
    await expect(page.get_by_text("现在没有您的来电")).to_be_visible()

    owner = owner_calls(office)
    clerk = await rings(office, "101")
    card = page.get_by_role("article", name="周先生")
    await expect(card).to_be_visible()  # popped up while it rings
    await expect(card).to_contain_text("3-1-1201")
    await expect(card).to_contain_text("老人")
    await expect(card).to_contain_text(re.compile("周先生，.+好！"))
    await expect(card.get_by_text("振铃")).to_be_visible()
    assert (await page.title()).startswith("☎ 周先生")

    clerk.answer()
    await owner.wait_answered(5)
    await expect(card.get_by_text("通话中")).to_be_visible()
    await card.get_by_role("radio", name="报修").check()
    await card.get_by_label("备注").fill("厨房水龙头漏水，<b>急</b> 🚰")
    await card.get_by_role("button", name="保存记录").press("Enter")
    await expect(card.get_by_text("已保存")).to_be_visible()

    await card.get_by_text("登记服务工作单").click()
    await card.get_by_label("类别").select_option(label="报修")
    await card.get_by_label("要办的事").fill("厨房水龙头漏水")
    await card.get_by_label("部门").select_option(label="工程部")
    await card.get_by_role("button", name="1 小时内").click()
    await card.get_by_role("button", name="登记", exact=True).click()
    await expect(card.get_by_text("已登记")).to_be_visible()
    await shoot(page, "story-clerk-card")

    await card.get_by_label("转给").select_option("201")
    await card.get_by_role("button", name="直接转接").click()
    await expect(page.get_by_text("正在转接 201")).to_be_visible()
    engineer = await rings(office, "201")
    engineer.answer()
    await engineer.wait_audio(5)
    await expect(card.get_by_text("已由 201 接起")).to_be_visible()
    await ends(owner, engineer)

    await expect(card.get_by_text("通话已结束")).to_be_visible()
    row = await logged(office)
    assert (row["intent"], row["note"]) == ("报修", "厨房水龙头漏水，<b>急</b> 🚰")
    assert [(t["kind"], t["to_ext"], t["outcome"]) for t in row["transfers"]] == [
        ("blind", "201", "answered")
    ]
    await page.reload()  # every call of theirs has its record
    await expect(page.get_by_text("每一次来电都有记录了。")).to_be_visible()


async def logged(office: Office, count: int = 1) -> dict[str, object]:
    """The newest row of the owner's calls, as soon as there are `count`."""
    found: list[dict[str, object]] = []

    async def there() -> bool:
        found[:] = (await office.house.get("/api/v1/calls", number=ZHOU))["calls"]
        return len(found) >= count

    await until(there)
    return found[0]


async def test_a_supervisor_watches_a_call_go_amber_red_saved(
    office: Office, signed_in: Visits, shoot: Shoot
) -> None:
    page = await signed_in(Role.SUPERVISOR)
    await page.goto("/board")
    ringing = page.get_by_role("region", name="正在振铃")
    await expect(ringing.get_by_text("没有等待的来电")).to_be_visible()
    await states(page)

    owner = owner_calls(office)
    first = await rings(office, "101")
    call = ringing.get_by_role("listitem").filter(has_text="周先生")
    await expect(call).to_contain_text("138****8000")
    await expect(call).to_contain_text("●○○")
    await expect(call).to_contain_text("●●○")
    await expect(call).to_contain_text("将超时")
    await expect(call).to_contain_text("●●●")
    await shoot(page, "story-board-amber")
    helper = await rings(office, "102")  # at ring 3 the backup phone rings too
    await expect(call).to_contain_text("102")
    await expect(call).to_contain_text("系统代接")
    assert await call.get_attribute("data-stage") == "breach"
    await shoot(page, "story-board-red")

    second = await rings(office, "102") if helper.ended.is_set() else helper
    second.answer()
    talking = page.get_by_role("region", name="通话中")
    saved = talking.get_by_role("listitem").filter(has_text="周先生")
    await expect(saved).to_contain_text("102")
    await expect(saved).to_contain_text("超时接起")
    await expect(ringing.get_by_role("listitem")).to_have_count(0)
    await shoot(page, "story-board-saved")
    await ends(owner, second)
    await expect(talking.get_by_role("listitem")).to_have_count(0)
    await first.wait_ended(5)


async def test_a_page_left_open_survives_a_restart_of_the_server(
    office: Office, signed_in: Visits
) -> None:
    page = await signed_in(Role.CLERK)
    await page.goto("/board")
    await page.evaluate("window.same = true")
    await states(page)
    await office.house.stop_service(kill=True)
    await expect(page.get_by_text("与服务器的连接中断")).to_be_visible()
    owner = owner_calls(office)  # the dialplan rings by itself
    desk = await rings(office, "101")
    desk.answer()
    await office.house.start_service()
    await expect(page.get_by_text("与服务器的连接中断")).to_be_hidden(timeout=15_000)
    call = page.locator('[data-part="ringing"] > li, [data-part="talking"] > li')
    await expect(call).to_contain_text("周先生")
    await ends(owner)
    await expect(call).to_have_count(0)
    await desk.wait_ended(5)
    assert await page.evaluate("window.same")  # it was never loaded again


async def test_a_caller_who_gave_up_is_phoned_back(
    office: Office, signed_in: Visits, shoot: Shoot
) -> None:
    page = await signed_in(Role.CLERK)
    await page.goto("/desk")
    owner = owner_calls(office)
    desk = await rings(office, "101")
    await owner.hangup()
    await desk.wait_ended(5)
    todo = page.get_by_role("region", name="待回电")
    entry = todo.get_by_role("listitem").filter(has_text="周先生").first
    office.house.city.subscriber(ZHOU, answer())
    await entry.get_by_role("button", name="回电").press("Enter")
    await expect(page.get_by_text("请拿起您的话机")).to_be_visible()
    mine = await rings(office, "101")
    assert mine.caller == ZHOU  # what the display shows
    mine.answer()
    await mine.wait_audio(10)
    card = page.get_by_role("article", name="周先生")
    await expect(card.get_by_text("通话中")).to_be_visible()
    await shoot(page, "story-phoned-back")
    theirs = office.house.city.received[-1]
    assert (theirs.number, theirs.caller) == (ZHOU, "101")
    await mine.hangup()
    await theirs.wait_ended(5)
    await expect(todo.get_by_role("listitem").filter(has_text="周先生")).to_have_count(0)
    rows = (await office.house.get("/api/v1/calls", direction="outbound"))["calls"]
    assert [(row["caller"], row["called"], row["disposition"]) for row in rows] == [
        ("101", ZHOU, "answered")
    ]


async def test_a_manager_starts_a_notice_and_sees_it_finish(
    office: Office, signed_in: Visits, shoot: Shoot
) -> None:
    told = asyncio.Event()

    async def confirms(call: Call) -> None:
        await call.pause(2.0)
        await call.send_dtmf("1")
        told.set()

    office.house.city.subscriber(LI, answer(0.5, confirms))
    page = await signed_in(Role.MANAGER)
    await page.goto("/notices/new")
    zone = office.house.settings.site.zone
    begin = datetime.now(zone) + timedelta(hours=1)
    await page.get_by_role("radio", name="停水").check(force=True)
    await page.get_by_label("范围").fill("5栋")
    await page.get_by_label("原因").fill("水泵检修")
    await page.get_by_label("开始").fill(f"{begin:%Y-%m-%dT%H:%M}")
    await page.get_by_label("恢复").fill(f"{begin + timedelta(hours=2):%Y-%m-%dT%H:%M}")
    await page.get_by_role("button", name="预览").click()
    await expect(page.get_by_text("李女士").first).to_be_visible()
    await page.get_by_role("button", name="保存并开始拨打").click()
    await asyncio.wait_for(told.wait(), 60)
    home = page.get_by_role("row").filter(has_text="5-1-302")
    await expect(home).to_contain_text("已确认", timeout=20_000)
    await expect(page.get_by_text("已完成").first).to_be_visible(timeout=20_000)
    await shoot(page, "story-notice-finished")

    # the clerk who is asked about it has it on the card
    clerk = await signed_in(Role.CLERK)
    await clerk.goto("/desk")
    owner = owner_calls(office, LI)
    desk = await rings(office, "101")
    await expect(clerk.get_by_role("article", name="李女士")).to_contain_text("水泵检修")
    await ends(owner)
    await desk.wait_ended(5)


async def test_an_unsatisfied_callback_reopens_its_request_and_the_second_closes_it(
    office: Office, signed_in: Visits, shoot: Shoot
) -> None:
    wants = ["2", "#"]  # 没修好; the end of what is recorded

    async def owner_with_keys(call: Call) -> None:
        """Presses the same again and again, whatever is asked, until the talk is over."""
        keys = itertools.cycle(wants)
        while not call.ended.is_set():
            await call.pause(1.0)
            await call.send_dtmf(next(keys))

    office.house.city.subscriber(LI, answer(0.2, owner_with_keys))
    made = await office.house.post(
        "/api/v1/requests", kind="repair", title="客厅插座没电", home="5-1-302", contact="李女士",
        phone=LI, department="工程部",
    )  # fmt: skip
    page = await signed_in(Role.SUPERVISOR)
    await page.goto("/requests")
    await page.get_by_role("link", name="客厅插座没电").click()
    await resolves(page, "换了插座")
    await becomes(office, made["request"]["number"], "reopened")
    await page.reload()
    await expect(page.get_by_text("重新处理").first).to_be_visible()
    await expect(page.get_by_text("不满意 1 次")).to_be_visible()
    await shoot(page, "story-reopened")

    wants[:] = ["1"]  # 修好了, 非常满意
    await resolves(page, "换了线路")
    await becomes(office, made["request"]["number"], "closed")
    await page.reload()
    await expect(page.get_by_text("关闭").first).to_be_visible()
    await shoot(page, "story-closed")


async def resolves(page: Page, what: str) -> None:
    """处理完毕, with what was done."""
    step = page.get_by_role("group").filter(has_text="处理完毕")
    await step.locator("summary").click()
    await step.get_by_label("做了什么").fill(what)
    await step.get_by_role("button", name="处理完毕").click()
    await expect(page.get_by_text(what)).to_be_visible()


async def becomes(office: Office, number: str, state: str) -> None:
    async def so() -> bool:
        found = await office.house.get(f"/api/v1/requests/{number}")
        return bool(found["request"]["state"] == state)

    await until(so, 90)


async def states(page: Page) -> None:
    phones = page.get_by_role("region", name="分机").get_by_role("listitem")
    await expect(phones).to_have_count(len(DESKS))
    for index, ext in enumerate(DESKS):
        await expect(phones.nth(index)).to_contain_text(re.compile(f"{ext}.*空闲", re.DOTALL))
