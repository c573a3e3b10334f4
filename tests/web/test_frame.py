"""The frame of every page in a real browser: the sign-in that ran out, keys, menus, words."""

import pytest
from playwright.async_api import Page, expect

from ivr.web.access import Role
from tests.web.browser import PASSWORD, Shoot, Site, Visits

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def forget(site: Site, page: Page) -> None:
    """The session runs out while the page is open."""
    async with site.service.db.write() as writer:
        await writer.execute("DELETE FROM sessions")


async def test_signing_in_by_the_form(site: Site, visits: Visits, shoot: Shoot) -> None:
    page = await visits(None)
    await page.goto("/settings/hours")
    await expect(page.get_by_role("heading", name="登录")).to_be_visible()
    await expect(page.get_by_label("用户名")).to_be_focused()
    await page.keyboard.type("supervisor")
    await page.keyboard.press("Tab")
    await page.keyboard.type("wrong password")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_have_text("用户名或密码不对。")
    await shoot(page, "sign-in-wrong")
    await expect(page.get_by_label("密码")).to_be_focused()
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(f"{site.url}/settings/hours")


async def test_a_form_that_outlives_its_session(site: Site, visits: Visits, shoot: Shoot) -> None:
    """Half a page was typed; the session ended; every word of it arrives."""
    page = await visits(Role.SUPERVISOR)
    await page.goto("/settings/roster")
    await page.get_by_label("姓名", exact=True).fill('李娜 <b>"急"</b> 😀')
    await page.get_by_label("开始", exact=True).fill("2031-05-01T18:00")
    await page.get_by_label("结束", exact=True).fill("2031-05-02T08:00")
    await page.get_by_role("group", name="主班").get_by_label("102").check()
    await forget(site, page)
    await page.get_by_role("button", name="安排值班").click()
    await expect(page.get_by_text("登录已过期")).to_be_visible()
    await shoot(page, "expired")
    await page.get_by_label("用户名").fill("supervisor")
    await page.get_by_label("密码").fill(PASSWORD)
    await page.get_by_role("button", name="登录").click()
    await expect(page.get_by_role("button", name="继续提交")).to_be_visible()
    assert '李娜 <b>"急"</b> 😀' in await page.locator(".typed").inner_text()
    await shoot(page, "expired-resume")
    await page.get_by_role("button", name="继续提交").click()
    await expect(page.get_by_text("已保存，电话系统几秒内生效。")).to_be_visible()
    (row,) = await site.service.roster.entries(1_900_000_000.0)
    assert row.person == '李娜 <b>"急"</b> 😀'
    await site.service.roster.remove(row.id)


async def test_a_page_that_asks_for_the_password_in_place(
    site: Site, visits: Visits, shoot: Shoot
) -> None:
    """For what is sent by JavaScript the page stays as it is; the password is asked over it."""
    page = await visits(Role.SUPERVISOR)
    await page.goto("/settings/roster")
    await page.get_by_label("备注", exact=True).fill("不能丢")
    await forget(site, page)
    send = """async () => (await (await import('/static/session.js')).post(
        '/api/v1/calls/none/transfer', {to: '101'})).status"""
    assert await page.evaluate(send) == 401
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_be_visible()
    await shoot(page, "expired-in-place")
    await dialog.get_by_label("李强 的密码").fill("wrong password")
    await dialog.get_by_role("button", name="登录").click()
    await expect(dialog.get_by_role("alert")).to_have_text("用户名或密码不对。")
    await dialog.get_by_label("李强 的密码").fill(PASSWORD)
    await dialog.get_by_role("button", name="登录").click()
    await expect(dialog).not_to_be_visible()
    await expect(page.get_by_label("备注", exact=True)).to_have_value("不能丢")
    assert await page.evaluate(send) == 400  # signed in: there is only no such call
    token = await page.locator(
        "form[action^='/settings/roster'] [name=csrf_token]"
    ).first.input_value()
    assert token == await page.evaluate("document.body.dataset.csrf")


async def test_a_list_by_the_keyboard(site: Site, visits: Visits) -> None:
    page = await visits(Role.ADMIN)
    await page.goto("/settings/users")
    row = "document.activeElement.closest('tr')?.rowIndex ?? 0"
    for key, at in (
        ("ArrowDown", 1),
        ("ArrowDown", 2),
        ("j", 3),
        ("ArrowUp", 2),
        ("k", 1),
        ("k", 1),
    ):
        await page.keyboard.press(key)
        assert await page.evaluate(row) == at, key
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="王芳")).to_be_visible()
    await page.goto("/settings/audit")
    await page.keyboard.press("/")
    await expect(page.get_by_role("searchbox")).to_be_focused()


async def test_the_menu_of_a_telephone(site: Site, visits: Visits, shoot: Shoot) -> None:
    page = await visits(Role.ADMIN, width=360)
    await page.goto("/account")
    settings = page.get_by_role("navigation").get_by_role("link", name="设置")
    await expect(settings).not_to_be_visible()
    await page.get_by_label("菜单").check(force=True)
    await shoot(page, "menu-360")
    await settings.click()
    await expect(page.get_by_role("heading", name="振铃顺序")).to_be_visible()


async def test_english_and_dark_by_the_switches(site: Site, visits: Visits, shoot: Shoot) -> None:
    page = await visits(Role.CLERK)
    await page.goto("/account")
    await page.get_by_role("button", name="English").click()
    await expect(page.get_by_role("heading", name="My account")).to_be_visible()
    await page.get_by_role("button", name="Dark").first.click()
    ground = "getComputedStyle(document.documentElement).backgroundColor"
    assert await page.evaluate(ground) == "rgb(15, 20, 24)"
    await shoot(page, "account-english-dark")
    await expect(page.get_by_role("button", name="Light").first).to_be_visible()
    await page.get_by_role("button", name="中文").click()
    await expect(page.get_by_role("heading", name="我的账号")).to_be_visible()


async def test_nothing_typed_is_markup(site: Site, visits: Visits) -> None:
    """HTML in every field of a settings page stays text, in the page that lists it too."""
    evil = '"><img src=x onerror="document.title=1"><script>document.title=2</script>'
    page = await visits(Role.ADMIN)
    await page.goto("/settings/tokens")
    await page.get_by_label("用途").fill(evil[:60])
    await page.get_by_role("button", name="新建令牌").click()
    await expect(page.get_by_role("heading", name=evil[:60])).to_be_visible()
    await page.goto("/settings/audit")
    await expect(page.get_by_role("cell", name=evil[:60])).to_be_visible()
    assert await page.title() == "操作记录 · 阳光花园"


async def test_pages_that_are_not_there(site: Site, visits: Visits, shoot: Shoot) -> None:
    page = await visits(Role.CLERK)
    for path, words in (("/nothing", "没有这个页面"), ("/settings/users", "您没有这项权限")):
        await page.goto(path)
        await expect(page.get_by_role("heading", name=words)).to_be_visible()
        await shoot(page, f"problem-{path.strip('/').replace('/', '-')}")


async def test_on_paper_there_is_only_the_content(site: Site, visits: Visits) -> None:
    page = await visits(Role.ADMIN, theme="dark")
    await page.goto("/settings/hours")
    await page.emulate_media(media="print")
    await expect(page.get_by_role("navigation").first).not_to_be_visible()
    ground = "getComputedStyle(document.documentElement).backgroundColor"
    assert await page.evaluate(ground) == "rgb(255, 255, 255)"
