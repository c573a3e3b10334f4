"""The call log in a browser and over the API."""

import csv
import io
import time
from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio
from openpyxl import load_workbook
from playwright.async_api import expect

from ivr.store.audit import AuditFilter, AuditTable
from ivr.store.calls import CallRow
from ivr.web.access import Role
from tests.web.browser import Shoot, Site, Visits, chromium
from tests.web.log_pages import fill

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(chromium() is None, reason="no Chromium here"),
]

ALL = "taped out lost late plain"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def log(site: Site) -> AsyncIterator[dict[str, CallRow]]:
    yield await fill(site, time.time())


@pytest_asyncio.fixture(loop_scope="module")
async def api(site: Site, log: dict[str, CallRow]) -> AsyncIterator[aiohttp.ClientSession]:
    headers = {"Authorization": f"Bearer {site.service.token}"}
    async with aiohttp.ClientSession(f"{site.url}/api/v1/", headers=headers) as session:
        yield session


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ALL),
        ("?q=8000", "taped out plain"),
        ("?q=周建国", "taped out plain"),
        ("?q=3-1-1201", "taped out plain"),
        ("?q=201", "taped"),
        ("?breach=1", "late"),
        ("?result=abandoned", "lost"),
        ("?direction=outbound", "out"),
        ("?ext=201", "taped"),
        ("?unfilled=1", "taped late plain"),
        ("?day=today&q=8000&direction=inbound", "taped plain"),
        ("?since=1999-01-01&until=1999-12-31", ""),
        ("?until=1999-12-31&since=9999-01-01&before=x&breach=maybe&result=<b>", ""),
        ("?q=%00%F0%9F%98%80", ""),
    ],
)
async def test_what_the_address_says_is_shown(
    visits: Visits, log: dict[str, CallRow], query: str, found: str
) -> None:
    page = await visits(Role.CLERK)
    answer = await page.goto(f"/calls{query}")
    assert answer is not None
    assert answer.status == 200
    shown = await page.locator("table.log tbody tr").evaluate_all(
        "rows => rows.map(row => row.dataset.href)"
    )
    assert shown == [f"/calls/{log[name].id}" for name in found.split()]
    if found:
        await expect(page.locator(".counted")).to_contain_text(f"共 {len(found.split())} 通")
    else:
        await expect(page.locator(".empty")).to_contain_text("没有符合条件的通话")


async def test_the_list_by_keyboard_and_by_choice(visits: Visits, log: dict[str, CallRow]) -> None:
    page = await visits(Role.CLERK)
    await page.goto("/calls")
    await expect(page.locator("table.log")).to_contain_text("周建国")
    await expect(page.locator("table.log")).to_contain_text("138****8000")
    await page.select_option("#result", "abandoned")
    await page.wait_for_url("**/calls?*result=abandoned*")
    await page.keyboard.press("/")
    await page.keyboard.type("2222")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**q=2222*")
    await page.locator("body").press("j")
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"**/calls/{log['lost'].id}")


async def test_how_it_looks(visits: Visits, log: dict[str, CallRow], shoot: Shoot) -> None:
    for width in (1440, 360):
        for theme in ("light", "dark"):
            page = await visits(Role.SUPERVISOR, width=width, theme=theme)
            await page.goto("/calls")
            too_wide = "document.documentElement.scrollWidth > innerWidth"
            assert not await page.evaluate(too_wide)
            await shoot(page, f"calls-{width}-{theme}")


async def test_pages_follow_each_other_without_a_gap(
    api: aiohttp.ClientSession, log: dict[str, CallRow]
) -> None:
    found: list[str] = []
    query = {"limit": "2"}
    while True:
        async with api.get("calls", params=query) as answer:
            page = await answer.json()
        assert page["total"] == 5
        found += [row["call_id"] for row in page["calls"]]
        if page["next"] is None:
            break
        query["before"] = str(page["next"])
    assert " ".join(found) == ALL


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"owner": "周"}, "taped out plain"),
        ({"home": "3栋1单元1201室"}, "taped out plain"),
        ({"line": "hotline", "staff": "201"}, "taped"),
        ({"number": "2222", "breach": "true"}, "late"),
        ({"q": "在不在"}, ""),
    ],
)
async def test_the_same_over_the_api(
    api: aiohttp.ClientSession, query: dict[str, str], found: str
) -> None:
    async with api.get("calls", params=query) as answer:
        calls = (await answer.json())["calls"]
    assert [row["call_id"] for row in calls] == found.split()


@pytest.mark.parametrize(
    "query", ["home=", "home=3-1-1-1-1", "limit=x", "since=nan", "before=-", "what=1"]
)
async def test_a_filter_that_cannot_be_is_a_sentence(
    api: aiohttp.ClientSession, query: str
) -> None:
    async with api.get(f"calls?{query}") as answer:
        assert answer.status == (200 if query == "home=" else 400)


@pytest.mark.parametrize(
    ("role", "number"), [(Role.CLERK, "138****8000"), (Role.SUPERVISOR, "13800138000")]
)
async def test_the_export_is_what_is_shown_and_is_audited(
    site: Site, visits: Visits, log: dict[str, CallRow], role: Role, number: str
) -> None:
    page = await visits(role)
    await page.goto("/calls?q=8000&direction=inbound")
    book = await page.request.get("/calls/export?q=8000&direction=inbound&form=xlsx")
    sheet = load_workbook(io.BytesIO(await book.body())).active
    assert [row[4].value for row in sheet.iter_rows(min_row=2)] == [number, number]
    text = await (await page.request.get("/calls/export?form=csv")).body()
    rows = list(csv.DictReader(io.StringIO(text.decode("utf-8-sig"))))
    assert [row["通话号"] for row in rows] == ALL.split()[::-1]
    count, entries = await AuditTable(site.service.db, "main").find(
        AuditFilter(action="calls.export")
    )
    assert count >= 2
    assert {entry.detail.split()[0] for entry in entries} == {"2", "5"}
