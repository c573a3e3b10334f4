"""The clerk's page: cards that open by themselves, records that are never lost."""

from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from ivr.calls import numbers
from ivr.desk.intake import Draft
from ivr.desk.owner import Care, Home, Owner
from ivr.desk.request import RequestKind
from ivr.ids import uuid7
from ivr.settings import Site as SiteSettings
from ivr.store.owners import OwnerRow, OwnerTable
from ivr.web.access import Role
from ivr.web.callers import described
from ivr.web.card import greeting
from tests.system.office import until
from tests.web.browser import PASSWORD, Shoot, Site, Visits, chromium
from tests.web.switchboard import ZHOU, Ringing, Switchboard

pytestmark = pytest.mark.asyncio(loop_scope="module")
in_browser = pytest.mark.skipif(chromium() is None, reason="no Chromium here")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def board(site: Site) -> AsyncIterator[Switchboard]:
    row = OwnerRow(
        id=uuid7(), name="周建国", title="先生", phones=((ZHOU, numbers.key(ZHOU)),),
        homes=(("3", "1", "1201"),), language="zh-CN", care=("老人",), do_not_call=False,
        quiet="", note="听力不好",
    )  # fmt: skip
    await OwnerTable(site.service.db, site.service.settings.site.id).put([row], version=0)
    yield Switchboard(site.service)


Post = Callable[..., Awaitable[tuple[int, str]]]


@pytest_asyncio.fixture(loop_scope="module")
async def post(site: Site) -> AsyncIterator[Post]:
    headers = {"Authorization": f"Bearer {site.service.token}"}
    async with aiohttp.ClientSession(site.url, headers=headers) as http:

        async def send(path: str, **body: object) -> tuple[int, str]:
            async with http.post(path, json=body) as answer:
                text = await answer.text()
                return answer.status, text

        yield send


async def row_of(site: Site, call: Ringing) -> tuple[str, str, str]:
    """What the log has of the call, once it is there."""
    await until(lambda: _known(site, call.id))
    row = await site.service.calls.get(call.id)
    return row.intent, row.note, row.record_by


async def _known(site: Site, call_id: str) -> bool:
    return bool(await site.service.calls.known([call_id]))


# --- what is said ----------------------------------------------------------------


def owner(name: str, title: str, room: str = "1201") -> Owner:
    return Owner(
        id=name, name=name, title=title, phones=(ZHOU,), homes=(Home("3", "1", room),),
        care=(Care.OLD,),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("owners", "hour", "said"),
    [
        ([owner("周建国", "先生")], 8, "您好，阳光花园物业。周先生，早上好！"),
        ([owner("王小丽", "小姐")], 19, "您好，阳光花园物业。王小姐，晚上好！"),
        ([owner("欧阳娜娜", "女士")], 13, "您好，阳光花园物业。欧阳女士，中午好！"),
        ([owner("周建国", "")], 8, "您好，阳光花园物业。请问有什么可以帮您？"),
        ([owner("周建国", "先生"), owner("李梅", "女士")], 8, "您好，阳光花园物业。请问有什么可以帮您？"),
        ([], 8, "您好，阳光花园物业。请问有什么可以帮您？"),
    ],
)  # fmt: skip
async def test_the_greeting(owners: list[Owner], hour: int, said: str) -> None:
    eight_in_shanghai = 1_700_006_400.0  # 2023-11-15 08:00
    now = eight_in_shanghai + (hour - 8) * 3600
    assert greeting(described(owners), SiteSettings(), now) == said


async def test_several_owners_of_a_number() -> None:
    caller = described([owner("周建国", "先生"), owner("李梅", "女士", "801")])
    assert caller is not None
    assert (caller.address, caller.homes, caller.care) == (
        "业主", ("3-1-1201", "3-1-801"), ("老人",),
    )  # fmt: skip


# --- the record ------------------------------------------------------------------


async def test_a_record_before_the_call_has_ended(
    site: Site, board: Switchboard, post: Post
) -> None:
    call = board.rings("101")
    call.answers("101")
    status, _ = await post(f"/api/v1/calls/{call.id}/record", intent="报修", note="漏水 🚰")
    assert status == 204
    call.ends()
    intent, note, by = await row_of(site, call)
    assert (intent, note) == ("报修", "漏水 🚰")
    assert by.endswith("api-token")


async def test_a_record_while_the_row_is_being_written(
    site: Site, board: Switchboard, post: Post
) -> None:
    call = board.rings("101")
    call.answers("101")
    call.ends()  # over for the tracker; perhaps not in the log yet
    status, _ = await post(f"/api/v1/calls/{call.id}/record", intent="咨询")
    assert status == 204
    assert (await row_of(site, call))[0] == "咨询"
    row = await site.service.calls.get(call.id)
    assert (await post(f"/api/v1/calls/{row.id}/record", intent="投诉", note="太吵"))[0] == 204
    assert (await row_of(site, call))[:2] == ("投诉", "太吵")


@pytest.mark.parametrize(
    ("path", "body", "status", "said"),
    [
        ("calls/9.9/record", {"intent": "报修"}, 400, "there is no call"),
        ("calls/9.9/record", {"intent": ""}, 400, "intent"),
        ("calls/9.9/record", {"intent": "报修", "note": "长" * 2001}, 400, "note"),
        ("calls/9.9/record", {"intent": "报修", "by": "somebody"}, 400, "no field 'by'"),
        ("worklist/nothing/done", {}, 400, "there is no worklist entry"),
        ("dial", {}, 400, "either the number or the worklist entry"),
        ("dial", {"number": "13800138000"}, 400, "no extension"),
        ("dial", {"number": "13800138000", "ext": "999"}, 400, "no phone 999"),
        ("dial", {"number": "0085212345678", "ext": "101"}, 400, "not among the numbers"),
        ("dial", {"number": "*8101", "ext": "101"}, 400, "not among the numbers"),
        ("dial", {"number": "13800138000", "ext": "101"}, 503, "cannot be reached"),
    ],
)
async def test_what_cannot_be(
    post: Post, path: str, body: dict[str, object], status: int, said: str
) -> None:
    answered, text = await post(f"/api/v1/{path}", **body)
    assert (answered, said in text) == (status, True), text


# --- the page --------------------------------------------------------------------


@in_browser
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 360])
@pytest.mark.parametrize("language", ["zh-CN", "en"])
async def test_it_looks_right(
    visits: Visits,
    site: Site,
    board: Switchboard,
    shoot: Shoot,
    width: int,
    theme: str,
    language: str,
) -> None:
    page = await visits(Role.CLERK, width=width, theme=theme, language=language)
    await page.goto("/desk")
    board.rings("101", number="13912345678").ends()  # somebody to be phoned back
    call = board.rings("101")
    card = page.get_by_role("article")
    await expect(card.get_by_role("heading", name="周先生")).to_be_visible()
    await shoot(page, f"desk-{width}-{theme}-{language}")
    await card.locator("summary").click()
    await shoot(page, f"desk-request-{width}-{theme}-{language}")
    wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    assert not await page.evaluate(wide)
    call.ends()
    await expect(card).to_have_count(0)


@in_browser
async def test_the_card_tells_what_is_known(visits: Visits, site: Site, board: Switchboard) -> None:
    made = await site.service.requests.create(
        Draft(kind=RequestKind.REPAIR, title="客厅灯不亮", home="3-1-1201"), by="王芳", now=1.0e9
    )
    page = await visits(Role.CLERK)
    await page.goto("/desk")
    call = board.rings("101", "102")
    card = page.get_by_role("article", name="周先生")
    await expect(card).to_contain_text("听力不好")
    await expect(card.get_by_role("link", name=made.title)).to_be_visible()
    await expect(card).to_contain_text("最近来电")
    call.answers("102")  # a colleague was faster
    await expect(card).to_have_count(0)
    await expect(page.get_by_text("现在没有您的来电")).to_be_visible()
    call.ends()


@in_browser
async def test_what_is_typed_outlives_a_reload_and_an_expired_session(
    visits: Visits, site: Site, board: Switchboard
) -> None:
    page = await visits(Role.CLERK)
    await page.goto("/desk")
    call = board.rings("101")
    call.answers("101")
    card = page.get_by_role("article", name="周先生")
    await card.get_by_label("备注").fill("三楼楼道灯坏了")
    await page.reload()
    await expect(card.get_by_label("备注")).to_have_value("三楼楼道灯坏了")

    await card.get_by_role("button", name="保存记录").click()  # without an intent
    await expect(card.get_by_role("alert")).to_have_text("请选一个来电事由，或者写一个")
    await card.get_by_label("其他事由").fill("公共照明")
    await page.context.clear_cookies()  # the session has run out
    await card.get_by_role("button", name="保存记录").click()
    again = page.get_by_role("dialog", name="登录已过期")
    await again.get_by_label("的密码").fill(PASSWORD)
    await again.get_by_role("button", name="登录").click()
    await expect(again).to_be_hidden()
    await card.get_by_role("button", name="保存记录").click()
    await expect(card.get_by_text("已保存")).to_be_visible()
    call.ends()
    assert (await row_of(site, call))[:2] == ("公共照明", "三楼楼道灯坏了")


@in_browser
async def test_everything_by_keyboard(visits: Visits, site: Site, board: Switchboard) -> None:
    page = await visits(Role.CLERK)
    await page.goto("/desk")
    call = board.rings("101")
    call.answers("101")
    card = page.get_by_role("article", name="周先生")
    await expect(card.get_by_role("radio", name="报修")).to_be_focused()  # nobody was typing
    for key in ("ArrowRight", "ArrowRight", "Tab", "Tab"):
        await page.keyboard.press(key)
    await page.keyboard.type("洗地毯")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(card.get_by_text("已保存")).to_be_visible()
    call.ends()
    assert (await row_of(site, call))[:2] == ("有偿服务", "洗地毯")


@in_browser
async def test_a_second_call_does_not_take_the_pen(
    visits: Visits, site: Site, board: Switchboard
) -> None:
    page = await visits(Role.CLERK)
    await page.goto("/desk")
    first = board.rings("101")
    first.answers("101")
    cards = page.get_by_role("article")
    note = page.get_by_role("article", name="周先生").get_by_label("备注")
    await note.press_sequentially("门禁")
    first.ends()
    second = board.rings("101", number="13911112222")
    await expect(cards).to_have_count(2)
    await note.press_sequentially("卡失灵")
    await expect(note).to_have_value("门禁卡失灵")
    await expect(cards.first).to_contain_text("13911112222")  # what rings is on top
    second.ends()
    await expect(cards).to_have_count(1)  # it was not taken; the other is not yet saved
    await expect(cards).to_contain_text("通话已结束")


@in_browser
async def test_calls_without_a_record_stay_on_the_list(
    visits: Visits, site: Site, board: Switchboard
) -> None:
    call = board.rings("101", number="13933334444")
    call.answers("101")
    call.ends()
    await until(lambda: _known(site, call.id))
    page = await visits(Role.CLERK)
    await page.goto("/desk")
    unfilled = page.get_by_role("region", name="未填记录")
    item = unfilled.get_by_role("listitem").filter(has_text="13933334444")
    await item.get_by_role("link", name="填写").click()
    card = page.get_by_role("article")
    await expect(card.get_by_text("还没有记录")).to_be_visible()
    await card.get_by_role("radio", name="打错").check()
    await card.get_by_role("button", name="保存记录").click()
    await expect(card.get_by_text("已保存")).to_be_visible()
    await expect(item).to_have_count(0)


@in_browser
async def test_the_worklist(
    visits: Visits, site: Site, board: Switchboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung = []

    async def ring_and_dial(*asked: str) -> None:
        rung.append(asked)

    monkeypatch.setattr(site.service.switch, "ring_and_dial", ring_and_dial)
    call = board.rings("101", number="13955556666")
    call.ends()
    page = await visits(Role.CLERK)
    await page.goto("/desk")
    todo = page.get_by_role("region", name="待回电")
    entry = todo.get_by_role("listitem").filter(has_text="13955556666")
    await expect(entry).to_contain_text("未接到")
    await entry.get_by_role("button", name="回电").click()
    await expect(page.get_by_text("请拿起您的话机")).to_be_visible()
    assert rung == [("PJSIP/101", "101", "13955556666")]
    await entry.get_by_role("button", name="已办结").click()
    await expect(entry).to_have_count(0)


@in_browser
async def test_a_card_by_itself(visits: Visits, site: Site, board: Switchboard) -> None:
    """A link that was sent, or a browser without JavaScript."""
    call = board.rings("101", number="13977778888")
    call.answers("101")
    call.ends()
    await until(lambda: _known(site, call.id))
    page: Page = await visits(Role.CLERK)
    await page.goto(f"/desk/calls/{call.id}")
    await expect(page.get_by_role("article")).to_contain_text("13977778888")
    missing = await page.goto("/desk/calls/none")
    assert missing is not None
    assert missing.status == 400
