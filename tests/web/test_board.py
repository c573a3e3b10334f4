"""The wallboard in a real browser: what it shows, and that it stays true."""

import re
import time
from collections.abc import AsyncIterator
from datetime import datetime

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from ivr.calls import numbers
from ivr.ids import uuid7
from ivr.service import Component
from ivr.store.owners import OwnerRow, OwnerTable
from ivr.web.access import Role
from ivr.web.board import LIVE
from tests.web.browser import Shoot, Site, Visits, chromium
from tests.web.switchboard import ZHOU, Switchboard

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(chromium() is None, reason="no Chromium here"),
]

HOSTILE = "<img/src=x/onerror=alert(1)>"
MALLORY = "13700137000"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def board(site: Site) -> AsyncIterator[Switchboard]:
    rows = [
        OwnerRow(
            id=uuid7(), name=name, title="先生", phones=((number, numbers.key(number)),),
            homes=((building, "1", "1201"),), language="zh-CN", care=("老人",), do_not_call=False,
            quiet="", note="",
        )
        for name, number, building in (("周建国", ZHOU, "3"), (HOSTILE, MALLORY, "4"))
    ]  # fmt: skip
    await OwnerTable(site.service.db, site.service.settings.site.id).put(rows, version=0)
    board = Switchboard(site.service)
    for phone in site.service.settings.phones:
        board.phone(phone.ext, "NOT_INUSE")
    yield board


def region(page: Page, name: str):  # type: ignore[no-untyped-def]
    return page.get_by_role("region", name=name)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1920, 1440, 360])
@pytest.mark.parametrize("language", ["zh-CN", "en"])
async def test_it_looks_right(
    visits: Visits,
    site: Site,
    board: Switchboard,
    shoot: Shoot,
    monkeypatch: pytest.MonkeyPatch,
    width: int,
    theme: str,
    language: str,
) -> None:
    well = {name: Component(True, "") for name in site.service.health()}
    monkeypatch.setattr(site.service, "health", lambda: well)
    site.app[LIVE]._see_health()
    now = time.time()
    calls = [
        board.rings("101", since=now - 0.3),
        board.rings("102", number="075512343456", since=now - 2.4),
        board.rings("103", number="13900139000", since=now - 9),
        board.rings("201", since=now - 70),
        board.rings("201", number="13600136000", since=now - 130),
    ]
    calls[3].answers("201", now - 69)
    calls[4].answers("201", now - 120)
    board.phone("201", "INUSE")
    board.phone("101", "RINGING")
    board.phone("103", "UNAVAILABLE")
    page = await visits(Role.SUPERVISOR, width=width, theme=theme, language=language)
    if width == 1920:
        await page.set_viewport_size({"width": 1920, "height": 1080})
    await page.goto("/board?wall=1" if width == 1920 else "/board")
    ringing = page.locator('[data-part="ringing"] > li')
    await expect(ringing).to_have_count(3)
    await expect(page.locator('[data-part="talking"] > li')).to_have_count(2)
    await expect(ringing.first).to_have_attribute("data-stage", "breach")
    await shoot(page, f"board-{width}-{theme}-{language}")
    wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    assert not await page.evaluate(wide)
    if width == 1920:  # the whole of it is on the wall, and large: 40 px is read from 5 m
        tall = "document.documentElement.scrollHeight > document.documentElement.clientHeight"
        assert not await page.evaluate(tall)
        size = "element => parseFloat(getComputedStyle(element).fontSize)"
        assert await page.locator('[data-part="ringing"] .who').first.evaluate(size) >= 40
    for call in calls:
        call.ends()
    board.phone("201", "NOT_INUSE")
    board.phone("101", "NOT_INUSE")
    board.phone("103", "NOT_INUSE")


async def test_rings_fill_between_events_by_the_servers_clock(
    visits: Visits, board: Switchboard
) -> None:
    page = await visits(Role.CLERK)
    await page.clock.install(time="2031-05-05T03:04:05Z")  # this computer's clock is years off
    await page.goto("/board")
    call = board.rings("101")
    row = region(page, "正在振铃").get_by_role("listitem")
    for dots, word in (("●○○", "振铃"), ("●●○", "振铃"), ("●●●", "将超时"), ("●●●!", "超时")):
        await expect(row).to_contain_text(dots)
        await expect(row).to_contain_text(word)
    zone = board._service.settings.site.zone
    minutes = {f"{datetime.fromtimestamp(time.time() + s, zone):%H:%M}" for s in (-60, 0)}
    assert await page.locator('[data-part="clock"]').inner_text() in minutes
    call.ends()
    await expect(row).to_have_count(0)


async def test_who_talks_to_whom(visits: Visits, board: Switchboard) -> None:
    page = await visits(Role.CLERK)
    await page.goto("/board")
    call = board.rings("101", "102")
    await expect(region(page, "正在振铃")).to_contain_text("前台一 101")
    call.answers("102")
    row = region(page, "通话中").get_by_role("listitem")
    await expect(row).to_contain_text(re.compile("102.*周先生.*3-1-1201", re.DOTALL))
    await expect(row).to_contain_text("第 1 响接起")
    call.held(True)
    await expect(row).to_contain_text("保持")
    call.held(False)
    await expect(row).to_contain_text("第 1 响接起")
    call.ends()
    await expect(row).to_have_count(0)


async def test_names_are_text(visits: Visits, board: Switchboard) -> None:
    page = await visits(Role.CLERK)
    await page.goto("/board")
    call = board.rings("101", number=MALLORY)
    row = region(page, "正在振铃").get_by_role("listitem")
    await expect(row).to_contain_text(HOSTILE)
    assert await page.locator("img[src=x]").count() == 0
    call.ends()


async def test_after_a_night_asleep_it_is_right(visits: Visits, board: Switchboard) -> None:
    page = await visits(Role.CLERK)
    await page.clock.install()
    await page.goto("/board")
    await page.evaluate("window.same = true")
    await expect(page.locator('[data-part="phones"] li')).to_have_count(4)
    await page.clock.fast_forward("08:00:00")
    call = board.rings("101")
    row = region(page, "正在振铃").get_by_role("listitem")
    await expect(row).to_contain_text("周先生")
    await expect(page.locator('[data-part="lost"]')).to_be_hidden()
    call.ends()
    await expect(row).to_have_count(0)
    assert await page.evaluate("window.same")


async def test_sound_is_remembered(visits: Visits, board: Switchboard) -> None:
    page = await visits(Role.CLERK)
    await page.goto("/board")
    sound = page.locator('[data-part="sound"]')
    await expect(sound).to_have_text(re.compile("点此打开声音|声音：开"))
    if await sound.inner_text() == "点此打开声音":
        await sound.press("Enter")
    await expect(sound).to_have_text("声音：开")
    await sound.press("Enter")
    await expect(sound).to_have_text("声音：关")
    await page.reload()
    await expect(sound).to_have_text("声音：关")
    assert await sound.get_attribute("aria-pressed") == "false"


async def test_what_is_unwell_stands_on_top(visits: Visits, board: Switchboard) -> None:
    page = await visits(Role.CLERK)
    await page.goto("/board")
    banners = page.get_by_role("alert").filter(has_text="与电话系统的连接中断")
    await expect(banners).to_be_visible()  # there is no Asterisk here
    await expect(page.locator("#board")).to_have_attribute("data-stale", "true")


async def test_a_session_that_ended_says_so(visits: Visits, site: Site) -> None:
    page = await visits(Role.CLERK)
    await page.clock.install()
    await page.goto("/board")
    await expect(page.locator('[data-part="phones"] li')).to_have_count(4)
    await page.context.clear_cookies()
    await page.clock.fast_forward("00:05:00")  # it listens anew
    await expect(page.get_by_text("登录已过期").first).to_be_visible()
    await expect(page.get_by_role("link", name="重新登录")).to_be_visible()
