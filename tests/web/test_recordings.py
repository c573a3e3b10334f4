"""One call's page: its story, its recording for those who may hear it, its record."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from ivr.store.audit import AuditFilter, AuditTable
from ivr.store.calls import CallRow, Calls
from ivr.web.access import Role
from tests.web.browser import Shoot, Site, Visits, chromium
from tests.web.log_pages import call, fill

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(chromium() is None, reason="no Chromium here"),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def log(site: Site) -> AsyncIterator[dict[str, CallRow]]:
    yield await fill(site, time.time())


async def listens(site: Site, action: str = "recording.listen") -> int:
    count, _ = await AuditTable(site.service.db, "main").find(AuditFilter(action=action))
    return count


async def status(page: Page, path: str, **headers: str) -> int:
    return (await page.request.get(path, headers=headers)).status


async def test_the_story_is_drawn_and_told(
    visits: Visits, log: dict[str, CallRow], shoot: Shoot
) -> None:
    for width in (1440, 360):
        for theme in ("light", "dark"):
            page = await visits(Role.SUPERVISOR, width=width, theme=theme)
            await page.goto(f"/calls/{log['taped'].id}")
            await expect(page.locator(".story[data-ready]")).to_be_visible()
            assert not await page.evaluate("document.documentElement.scrollWidth > innerWidth")
            await shoot(page, f"story-{width}-{theme}")
    for shape in (".dot", ".bar.held", ".step.fork", ".step.blind", ".end"):
        assert await page.locator(f".lanes {shape}").count(), shape
    told = page.locator(".timeline")
    for words in ("分机 102 接起", "保持 0:04", "直接转接：102 → 201", "主叫先挂机"):
        await expect(told).to_contain_text(words)
    await expect(page.locator(".facts")).to_contain_text("周建国")


async def test_one_listens_from_where_one_clicks(
    site: Site, visits: Visits, log: dict[str, CallRow]
) -> None:
    before = await listens(site)
    page = await visits(Role.SUPERVISOR)
    await page.goto(f"/calls/{log['taped'].id}")
    wave = page.locator(".wave")
    await expect(page.locator(".story[data-ready]")).to_be_visible()
    box = await wave.bounding_box()
    assert box is not None
    await wave.click(position={"x": box["width"] * 0.8, "y": 20})
    place = "document.querySelector('audio').currentTime"
    await page.wait_for_function(f"{place} > 10 && !document.querySelector('audio').paused")
    assert await page.locator(".head").get_attribute("visibility") == "visible"
    await wave.focus()
    await page.keyboard.press("Space")
    await page.wait_for_function("document.querySelector('audio').paused")
    was = await page.evaluate(place)
    await page.keyboard.press("ArrowLeft")
    assert abs(await page.evaluate(place) - (was - 5)) < 0.5
    assert await listens(site) == before + 1  # however many pieces were asked for


async def test_a_piece_is_answered_with_206(visits: Visits, log: dict[str, CallRow]) -> None:
    page = await visits(Role.SUPERVISOR)
    path = f"/api/v1/calls/{log['taped'].id}/recording"
    piece = await page.request.get(path, headers={"Range": "bytes=100-199"})
    assert (piece.status, len(await piece.body())) == (206, 100)
    assert piece.headers["content-range"].startswith("bytes 100-199/")
    assert await status(page, path, Range="bytes=99999999-") == 416
    peaks = await (await page.request.get(path.replace("recording", "peaks?pieces=100"))).json()
    assert (peaks["seconds"], len(peaks["peaks"])) == (18.0, 100)
    assert peaks["begins_at"] == pytest.approx((log["taped"].end_at or 0) - 18.0)


async def test_who_may_hear_it(site: Site, visits: Visits, log: dict[str, CallRow]) -> None:
    """The clerk's phone, 101, rang for the call, and 102 took it."""
    path = f"/api/v1/calls/{log['taped'].id}/recording"
    clerk, supervisor = await visits(Role.CLERK), await visits(Role.SUPERVISOR)
    nobody = await visits(None)
    assert await status(clerk, path) == 403
    assert await status(clerk, path.replace("recording", "peaks")) == 403
    await clerk.goto(f"/calls/{log['taped'].id}")
    await expect(clerk.locator(".story .hint")).to_contain_text("只有本机参与的通话可以收听")
    assert await status(nobody, path) == 401
    assert await status(supervisor, f"{path}?download=1") == 200
    assert await listens(site, "recording.download") == 1


@pytest.mark.parametrize(
    "file",
    [
        "../ivr.db",
        "recordings/../ivr.db",
        "recordings/../../etc/passwd",
        "/etc/passwd",
        "recordings/deeper/x.wav",
        "recordings/link.wav",
        "recordings",
    ],
)
async def test_no_row_leads_out_of_the_folder(site: Site, visits: Visits, file: str) -> None:
    data = site.service.settings.paths.data
    (data / "recordings" / "deeper").mkdir(parents=True, exist_ok=True)
    (data / "recordings" / "deeper" / "x.wav").touch()
    link = data / "recordings" / "link.wav"
    if not await asyncio.to_thread(link.is_symlink):
        link.symlink_to(data / "ivr.db")
    row = call(f"evil {file}", time.time(), recording=file, recording_state="ok")
    async with site.service.db.write() as writer:
        await Calls(site.service.db, "main").put(writer, row)
    page = await visits(Role.SUPERVISOR)
    assert await status(page, f"/api/v1/calls/{row.id}/recording") == 404
    assert await status(page, f"/api/v1/calls/{row.id}/peaks") == 404


@pytest.mark.parametrize("name", ["..%2F..%2Fetc%2Fpasswd", "nothing", "%00", "%F0%9F%98%80"])
async def test_a_call_that_is_not_there(visits: Visits, name: str) -> None:
    page = await visits(Role.SUPERVISOR)
    assert await status(page, f"/calls/{name}") in (400, 404)
    assert await status(page, f"/api/v1/calls/{name}/recording") in (400, 404)


async def test_the_record_is_written_on_the_page(
    site: Site, visits: Visits, log: dict[str, CallRow], shoot: Shoot
) -> None:
    page = await visits(Role.CLERK)
    await page.goto(f"/calls/{log['late'].id}")
    await expect(page.locator("#record")).to_contain_text("还没有记录")
    await page.fill("#intent", "报修 <b>水管</b>")
    await page.fill("#note", "3-1201\n第二行 😀")
    await page.click("#record button")
    await page.wait_for_url(f"**/calls/{log['late'].id}#record")
    await expect(page.locator("#record")).to_contain_text("王芳")
    found = await site.service.calls.get("late")
    assert (found.intent, found.record_by) == ("报修 <b>水管</b>", "王芳")
    assert await listens(site, "call.record") == 1
    await page.goto("/calls?q=水管")
    await expect(page.locator("table.log tbody tr")).to_have_count(1)


async def test_a_record_that_is_too_long_keeps_what_was_typed(
    visits: Visits, log: dict[str, CallRow]
) -> None:
    page = await visits(Role.CLERK)
    await page.goto(f"/calls/{log['lost'].id}")
    await page.fill("#note", "长" * 4001)
    await page.click("#record button")
    await expect(page.locator("#note-error")).to_be_visible()
    assert len(await page.input_value("#note")) == 4001
