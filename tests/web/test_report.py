"""Reports: charts with their tables, spreadsheets, a page to print, the API."""

import io
import time
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import aiohttp
import pytest
import pytest_asyncio
from openpyxl import load_workbook
from playwright.async_api import expect

from ivr.desk.intake import Draft
from ivr.desk.request import RequestKind
from ivr.store.calls import CallRow
from ivr.web.access import Role
from ivr.web.report import REPORTS
from tests.web.browser import Shoot, Site, Visits, chromium
from tests.web.log_pages import fill

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(chromium() is None, reason="no Chromium here"),
]
NOTHING_YET = ("satisfaction", "called-back")
HEAVIEST = 700 * 1024  # bytes of a page with charts, compressed, on its first load


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def log(site: Site) -> AsyncIterator[dict[str, CallRow]]:
    now = time.time()
    for home in ("3-1-501", "3-1-601", "3-2-101"):
        draft = Draft(kind=RequestKind.REPAIR, title="热水没有了", home=home)
        await site.service.requests.create(draft, by="王芳", now=now - 60)
    yield await fill(site, now)


async def test_how_it_looks(visits: Visits, log: dict[str, CallRow], shoot: Shoot) -> None:
    for width in (1440, 360):
        for theme in ("light", "dark"):
            page = await visits(Role.SUPERVISOR, width=width, theme=theme)
            for name, path in (("reports", "/reports?period=month"), ("month", "/reports/month")):
                await page.goto(path)
                too_wide = "document.documentElement.scrollWidth > innerWidth"
                assert not await page.evaluate(too_wide)
                await shoot(page, f"{name}-{width}-{theme}")


async def test_every_report_is_a_chart_or_a_table(visits: Visits, log: dict[str, CallRow]) -> None:
    page = await visits(Role.SUPERVISOR)
    weight = 0

    async def weigh(response: object) -> None:
        nonlocal weight
        sizes = await response.request.sizes()  # type: ignore[attr-defined]
        weight += sizes["responseBodySize"]

    page.on("response", weigh)
    await page.goto("/reports?period=month", wait_until="networkidle")
    assert 0 < weight <= HEAVIEST
    await expect(page.locator("#breaches canvas")).to_be_visible()
    await expect(page.locator("#similar")).to_contain_text("热水没有了")
    await expect(page.locator("#similar")).to_contain_text("3 栋")
    await expect(page.locator("#by-staff table")).to_contain_text("101 前台一")
    await page.goto("/reports?period=day&day=1999-01-01")
    await expect(page.locator(".empty")).to_contain_text("这段时间没有来电")


async def test_the_printed_month_has_no_frame(visits: Visits, log: dict[str, CallRow]) -> None:
    page = await visits(Role.SUPERVISOR)
    await page.goto("/reports/month")
    assert len(await page.pdf(format="A4")) > 10_000
    await page.emulate_media(media="print")
    await expect(page.locator(".side")).to_be_hidden()
    await expect(page.locator(".toolbar")).to_be_hidden()
    await expect(page.locator(".paper")).to_contain_text("经理签字")


@pytest.mark.parametrize("name", REPORTS)
async def test_each_is_a_spreadsheet(visits: Visits, log: dict[str, CallRow], name: str) -> None:
    page = await visits(Role.SUPERVISOR)
    answer = await page.request.get(f"/reports/{name}.xlsx?period=month")
    assert answer.status == 200
    sheet = load_workbook(io.BytesIO(await answer.body())).active
    assert sheet.max_row >= (1 if name in NOTHING_YET else 2)


async def test_reports_are_for_supervisors(visits: Visits) -> None:
    page = await visits(Role.CLERK)
    for path in ("/reports", "/reports/month", "/reports/by-hour.xlsx"):
        assert (await page.request.get(path)).status == 403
    manager = await visits(Role.MANAGER)
    assert (await manager.request.get("/reports/nothing.xlsx")).status == 404


@pytest.mark.parametrize("name", REPORTS)
async def test_the_api(site: Site, log: dict[str, CallRow], name: str) -> None:
    midnight = datetime.now(site.service.settings.site.zone).replace(hour=0, minute=0, second=0)
    span = {
        "since": str((midnight - timedelta(days=1)).timestamp()),
        "until": str((midnight + timedelta(days=1)).timestamp()),
    }
    headers = {"Authorization": f"Bearer {site.service.token}"}
    async with aiohttp.ClientSession(f"{site.url}/api/v1/reports/", headers=headers) as session:
        async with session.get(name, params=span) as answer:
            assert answer.status == 200
            found = await answer.json()
        assert all(len(row) == len(found["columns"]) for row in found["rows"])
        if name == "by-day":
            assert [sum(row[1] for row in found["rows"])] == [4]
        for wrong in ({"since": "2", "until": "1"}, {"since": "0", "until": "4e9"}):
            async with session.get(name, params=wrong) as answer:
                assert answer.status == 422
        async with session.get("nothing", params=span) as answer:
            assert answer.status == 404
