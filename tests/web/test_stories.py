"""What the people of an office do in a day, in real browsers, on real calls."""

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from ivr.calls import numbers
from ivr.demo.call import Call
from ivr.ids import uuid7
from ivr.settings import Ladder, Line, Outgoing, Phone, Rings, Settings, Trunk, Waiting
from ivr.store.database import FILE_NAME, Database
from ivr.store.owners import OwnerRow, OwnerTable
from ivr.web.access import Role
from tests.system.office import until
from tests.web.browser import Office, Shoot, Visits, chromium

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.slow,
    pytest.mark.pbx,
    pytest.mark.skipif(chromium() is None, reason="no Chromium here"),
]

HOTLINE = "4008001234"
ZHOU = "13800138000"
DESKS = ("101", "102", "201")
SETTINGS = Settings(
    rings=Rings(ring_cadence_s=2.0),
    waiting=Waiting(apology_every_s=5),
    outgoing=Outgoing(allow=["1[3-9]XXXXXXXXX"]),
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
    """周建国 of 3-1-1201 is in the book."""
    row = OwnerRow(
        id=uuid7(), name="周建国", title="先生", phones=((ZHOU, numbers.key(ZHOU)),),
        homes=(("3", "1", "1201"),), language="zh-CN", care=("老人",), do_not_call=False,
        quiet="", note="",
    )  # fmt: skip
    async with await Database.open(office.house.settings.paths.data / FILE_NAME) as db:
        await OwnerTable(db, office.house.settings.site.id).put([row], version=0)
    yield


def owner_calls(office: Office) -> Call:
    return office.house.city.call(ZHOU, HOTLINE, office.house.server, display_name="周建国")


async def rings(office: Office, ext: str) -> Call:
    call = await office.house.phones[ext].next_call(10)
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
    await card.get_by_role("radio", name="报修").check(force=True)
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


async def states(page: Page) -> None:
    phones = page.get_by_role("region", name="分机").get_by_role("listitem")
    await expect(phones).to_have_count(len(DESKS))
    for index, ext in enumerate(DESKS):
        await expect(phones.nth(index)).to_contain_text(re.compile(f"{ext}.*空闲", re.DOTALL))
