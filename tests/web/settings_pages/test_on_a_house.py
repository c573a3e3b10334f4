"""What is set on a page holds on the telephone: a real Asterisk, a real browser, a real call."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import expect

from ivr.web.access import Role
from tests.system.office import until
from tests.web.browser import Office, Shoot, Visits

pytestmark = [pytest.mark.pbx, pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


async def test_a_shift_planned_on_the_page_rings_the_phone(
    office: Office, signed_in: Visits, shoot: Shoot
) -> None:
    """The supervisor puts 201 on duty for today; the next caller reaches 201 and nobody else."""
    page = await signed_in(Role.SUPERVISOR)
    await page.goto("/settings/roster")
    now = datetime.now(ZoneInfo("Asia/Shanghai"))
    begin, end = now - timedelta(hours=1), now + timedelta(hours=5)
    await page.get_by_label("姓名", exact=True).fill("老周")
    await page.get_by_label("开始", exact=True).fill(f"{begin:%Y-%m-%dT%H:%M}")
    await page.get_by_label("结束", exact=True).fill(f"{end:%Y-%m-%dT%H:%M}")
    await page.get_by_role("group", name="主班").get_by_label("201").check()
    await page.get_by_role("button", name="安排值班").click()
    await expect(page.get_by_text("已保存，电话系统几秒内生效。")).to_be_visible()

    house = office.house

    async def known() -> bool:
        first, *_ = (await house.asterisk.cli("database get ivr/hotline 1")).split("|", 2)[1:]
        return "PJSIP/201" in first

    await until(known)
    call = house.city.call("13800138000", "4008001234", house.server)
    ringing = await house.phones["201"].next_call(10)
    ringing.ring()
    await call.wait_ringing(10)
    (live,) = (await house.get("/api/v1/live"))["calls"]
    assert [phone["ext"] for phone in live["phones"]] == ["201"]
    await call.hangup()
    await ringing.wait_ended(10)
    await page.goto("/settings/ladders")
    await expect(page.get_by_text("现在响").locator("..")).to_contain_text("201 工程值班")
    await shoot(page, "settings-ladders-on-duty")
