"""A manager starts a notice in the browser, the telephones ring, and the page tells it."""

import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from playwright.async_api import expect

from ivr.demo import behaviours
from ivr.demo.call import Call
from ivr.settings import Dialer, Notices
from ivr.talk.voice import program
from ivr.web.access import Role
from tests.web.browser import SETTINGS as BASE
from tests.web.browser import Office, Shoot, Visits

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.pbx,
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(program.find() is None, reason="no espeak-ng on this machine"),
]

SETTINGS = BASE.model_copy(
    update={
        "notices": Notices(voice="espeak"),
        "dialer": Dialer(window="00:00-24:00", attempts=1, ring_s=5, detect_machines=False),
    }
)
SHEET = """\
楼栋,单元,房号,姓名,称谓,电话1
3,1,101,周建国,先生,13800138001
3,1,102,王芳,女士,13800138002
3,1,201,李明,先生,13800138003
"""


async def confirms(call: Call) -> None:
    await call.wait_audio(20)
    await call.pause(2.0)
    await call.send_dtmf("1")
    await call.pause(2.0)
    await call.hangup()


async def test_a_notice_is_started_and_finishes(
    office: Office, signed_in: Visits, shoot: Shoot, tmp_path: Path
) -> None:
    for number, behaviour in (
        ("13800138001", behaviours.answer(0.5, confirms)),
        ("13800138002", behaviours.busy),
        ("13800138003", behaviours.unallocated),
    ):
        office.house.city.subscriber(number, behaviour)
    sheet = tmp_path / "owners.csv"
    sheet.write_text(SHEET, encoding="utf-8")
    page = await signed_in(Role.MANAGER)
    await page.goto("/owners/import")
    await page.get_by_label("文件").set_input_files(sheet)
    await page.get_by_role("button", name="预览").click()
    await page.get_by_role("button", name="写入 3 位业主").click()
    await page.goto("/notices/new")
    await page.get_by_role("button", name="3栋", exact=True).click()
    await page.get_by_label("原因").fill("水箱清洗")
    tomorrow = datetime.now(SETTINGS.site.zone) + timedelta(days=1)
    await page.get_by_label("开始").fill(f"{tomorrow:%Y-%m-%d}T14:00")
    await page.get_by_label("恢复", exact=True).fill(f"{tomorrow:%Y-%m-%d}T18:00")
    await page.get_by_role("button", name="预览").click()
    await page.get_by_role("button", name="保存并开始拨打").click()
    # from here on nobody touches the page
    await expect(page.locator("#head .chip").first).to_have_text("已完成", timeout=240_000)
    for home, result in (("3-1-101", "已确认"), ("3-1-102", "占线"), ("3-1-201", "空号")):
        row = page.locator("tr", has=page.get_by_text(home, exact=True))
        await expect(row).to_contain_text(result)
    row = page.locator("tr", has=page.get_by_text("3-1-101", exact=True))
    await expect(row).to_contain_text(re.compile(r"已确认 *1"))  # the key that was pressed
    await expect(page.locator(".told")).to_contain_text("1 / 3")
    await shoot(page, "notices-story")
