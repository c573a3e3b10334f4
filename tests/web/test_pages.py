"""Every page of the navigation, in light and dark, on a desk and on a telephone.

What a browser can judge is judged here; the screenshots are for a person to look at.
"""

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from ivr.web.access import Role
from ivr.web.render import PATHS
from tests.web.browser import Shoot, Site, Tabs, Visits

pytestmark = pytest.mark.asyncio(loop_scope="module")

LOOKS = [
    ("light", 1440, "zh-CN"),
    ("dark", 1440, "zh-CN"),
    ("light", 360, "zh-CN"),
    ("dark", 360, "zh-CN"),
    ("light", 360, "en"),
]
FIRST_LOAD = 300_000  # bytes, compressed
WITH_CHARTS = 700_000
LCP_MS = 1000.0

NO_PAGES = ("/api/v1/", "/healthz", "/metrics", "/favicon.ico")

UNLABELLED = """() => [...document.querySelectorAll('input, select, textarea')]
  .filter(each => each.type !== 'hidden' && !each.closest('[hidden]') && !each.hidden)
  .filter(each => !each.labels?.length && !each.ariaLabel && !each.getAttribute('aria-labelledby')
                  && !each.closest('#swagger'))
  .map(each => each.outerHTML)"""
NAMELESS = """() => [...document.querySelectorAll('button, a[href]')]
  .filter(each => !each.closest('#swagger'))
  .filter(each => !each.textContent.trim() && !each.ariaLabel && !each.title)
  .map(each => each.outerHTML)"""
TOO_WIDE = """() => document.documentElement.scrollWidth - document.documentElement.clientWidth"""
TWICE = """() => {
  const ids = [...document.querySelectorAll('[id]')].map(each => each.id);
  return ids.filter((id, index) => ids.indexOf(id) !== index);
}"""
LOADED = """() => performance.getEntriesByType('navigation')
  .concat(performance.getEntriesByType('resource'))
  .reduce((sum, entry) => sum + entry.transferSize, 0)"""
LCP = """() => new Promise(resolve => {
  new PerformanceObserver(list => resolve(list.getEntries().at(-1).startTime))
    .observe({type: 'largest-contentful-paint', buffered: true});
})"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def paths(site: Site, browser: Browser) -> list[str]:
    """Addresses without parameters that answer a GET with a page."""
    tabs = Tabs(browser, site.url)
    page = await tabs.open(Role.ADMIN)
    found = []
    for path in sorted(site.app[PATHS]):
        if not path.startswith(NO_PAGES):
            answer = await page.request.get(path)
            if answer.ok and (await answer.text()).startswith("<!doctype html>"):
                found.append(path)
    await tabs.close()
    return found


@pytest.mark.slow
@pytest.mark.parametrize(("theme", "width", "language"), LOOKS)
async def test_every_page(
    paths: list[str], visits: Visits, shoot: Shoot, theme: str, width: int, language: str
) -> None:
    page = await visits(Role.ADMIN, theme=theme, width=width, language=language)
    wrong: list[str] = []
    for path in paths:
        await page.goto(path, wait_until="load")
        await shoot(
            page, f"{path.strip('/').replace('/', '-') or 'home'}-{theme}-{width}-{language}"
        )
        if not await page.title() or await page.locator("html").get_attribute("lang") != language:
            wrong.append(f"{path}: has no title or no language")
        for what, script in (
            ("a field without a label", UNLABELLED),
            ("a button or link without a name", NAMELESS),
            ("an id twice", TWICE),
        ):
            wrong.extend(f"{path}: {what}: {each}" for each in await page.evaluate(script))
        if over := await page.evaluate(TOO_WIDE):
            wrong.append(f"{path}: scrolls sideways by {over} px at {width} px")
    assert not wrong, "\n".join(wrong)


@pytest.mark.slow
async def test_the_first_load_of_every_page_is_small_and_quick(
    paths: list[str], visits: Visits
) -> None:
    page = await visits(Role.ADMIN)
    devtools = await page.context.new_cdp_session(page)
    await devtools.send("Network.enable")
    await devtools.send("Network.setCacheDisabled", {"cacheDisabled": True})
    wrong = []
    for path in paths:
        painted = []
        for _attempt in range(3):  # a busy machine is not the page's fault
            await page.goto(path, wait_until="load")
            size = await page.evaluate(LOADED)
            painted.append(await page.evaluate(LCP))
            if painted[-1] <= LCP_MS:
                break
        charts = await page.locator("script[src*='echarts'], script[src*='swagger']").count()
        most = WITH_CHARTS if charts else FIRST_LOAD
        if not 1000 < size <= most:
            wrong.append(f"{path}: {size:,} bytes, at most {most:,}")
        if min(painted) > LCP_MS:
            wrong.append(f"{path}: painted after {min(painted):.0f} ms, at most {LCP_MS:.0f}")
    assert not wrong, "\n".join(wrong)
