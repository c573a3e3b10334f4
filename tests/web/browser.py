"""A real browser for the tests: Debian's Chromium, driven by Playwright.

Fixtures (tests/web/conftest.py offers them; one of each per module, so say
`pytestmark = pytest.mark.asyncio(loop_scope="module")`):

    site        our pages in this process, without an Asterisk: `site.url`, `site.service`
    office      a real house: Asterisk and `ivr serve`: `office.house`, `office.url`
    visits      await visits(Role.CLERK) → a Page of `site`, signed in
    signed_in   await signed_in(Role.CLERK) → a Page of `office`, signed in
    shoot       await shoot(page, "calls-list") keeps a screenshot

`visits` and `signed_in` take width=360, theme="dark", language="en", and role None
for a stranger. Each person has a login of the role's name and PASSWORD. Console
errors, uncaught exceptions and broken CSP rules on any page fail the test.
A module may have SETTINGS of its own. Screenshots lie in the run's folder, and in
$IVR_SCREENSHOTS where that is set.

`python -m tests.web.browser` installs Chromium and the fonts where it may.
"""

import asyncio
import functools
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import unused_port
from argon2 import PasswordHasher
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, async_playwright
from pydantic import SecretStr

from ivr import ids
from ivr.demo.house import House, open_house
from ivr.service import Service
from ivr.settings import (
    Ami,
    Ladder,
    Line,
    Media,
    Outgoing,
    Paths,
    Phone,
    Rings,
    Settings,
    Trunk,
    Waiting,
)
from ivr.store.database import FILE_NAME, Database
from ivr.store.users import UserRow, UserTable
from ivr.web.access import Role
from ivr.web.app import create_app
from tests.system.office import make_prompts

PASSWORD = "correct horse battery"
PACKAGES = ("chromium", "fonts-noto-cjk")
NAMES = {
    Role.CLERK: "王芳",
    Role.SUPERVISOR: "李强",
    Role.MANAGER: "周敏",
    Role.ADMIN: "管理员",
}
HEIGHT = {360: 740, 1440: 900}
WANTED = re.compile(
    r"the server responded with a status of 4\d\d|Status Error Code 4\d\d"
    r"|net::ERR_(?:INCOMPLETE|CONNECTION)"  # a server that was stopped
)  # tests ask for these

SETTINGS = Settings(
    rings=Rings(ring_cadence_s=1.0),
    waiting=Waiting(apology_every_s=5),
    outgoing=Outgoing(allow=["1[3-9]XXXXXXXXX"]),
    phones=[
        Phone(ext="101", device="PJSIP/101", name="前台一", department="客服"),
        Phone(ext="102", device="PJSIP/102", name="前台二", department="客服"),
        Phone(ext="103", device="PJSIP/103", name="主管", department="客服"),
        Phone(ext="201", device="PJSIP/201", name="工程值班", department="工程"),
    ],
    trunks=[Trunk(device="PJSIP/city")],
    lines=[
        Line(
            name="hotline",
            did=["4008001234"],
            ladders=[
                Ladder(days="workday", hours="08:00-18:00", primary=["101", "102"], backup=["103"]),
                Ladder(primary=["101"], backup=["201"], mobile="13800138000"),
            ],
        )
    ],
)


def chromium() -> str | None:
    """The path of a Chromium of this machine."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((path for name in names if (path := shutil.which(name))), None)


def install() -> str:
    """Chromium and the fonts, by apt; what was done or why not, in one sentence."""
    if chromium() is not None:
        return f"the browser tests use {chromium()}"
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return f"the browser tests will be skipped: apt-get install {' '.join(PACKAGES)}"
    quiet = ["apt-get", "-qq", "-o", "Dpkg::Use-Pty=0"]
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in (
        [*quiet, "update"],
        [*quiet, "install", "-y", "--no-install-recommends", *PACKAGES],
    ):
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            return f"the browser tests will be skipped: {' '.join(command[:1])}: {last}"
    return f"installed {' and '.join(PACKAGES)}"


@dataclass
class Tabs:
    """Pages of one server that a test opened; closing finds what went wrong on them."""

    browser: Browser
    url: str
    contexts: list[BrowserContext] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    async def open(
        self,
        role: Role | None,
        *,
        width: int = 1440,
        theme: str = "light",
        language: str = "zh-CN",
    ) -> Page:
        context = await self.browser.new_context(
            base_url=self.url,
            viewport={"width": width, "height": HEIGHT.get(width, 900)},
            color_scheme=theme,  # type: ignore[arg-type]
            locale=language,
            reduced_motion="reduce",
        )
        self.contexts.append(context)
        context.set_default_timeout(10_000)
        if role is not None:
            answer = await context.request.post(
                "/sign-in", form={"login": role.value, "password": PASSWORD}, max_redirects=0
            )
            assert answer.status == 303, await answer.text()
        if language != "zh-CN":
            await context.add_cookies([{"name": "language", "value": language, "url": self.url}])
        page = await context.new_page()
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.problems.append(f"{page.url}: {error}"))
        return page

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not WANTED.search(message.text):
            where = message.location.get("url", "")
            self.problems.append(f"{where}: {message.text}")

    async def close(self) -> None:
        for context in self.contexts:
            await context.close()
        assert not self.problems, "\n".join(self.problems)


Visits = Callable[..., Coroutine[Any, Any, Page]]
Shoot = Callable[[Page, str], Coroutine[Any, Any, Path]]


@dataclass
class Site:
    """Our pages, served by this process."""

    url: str
    service: Service
    app: web.Application


@dataclass
class Office:
    """Our pages on a real house."""

    house: House
    url: str


@functools.cache
def password_hash() -> str:
    return PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(PASSWORD)


async def add_people(db: Database, settings: Settings) -> None:
    """One of each role; the clerk and the supervisor have the first phones."""
    table = UserTable(db, settings.site.id)
    exts = [phone.ext for phone in settings.phones if not phone.outside]
    for role, ext in zip(Role, [*exts[:2], "", "", "", ""], strict=False):
        await table.add(
            UserRow(
                id=ids.uuid7(),
                login=role.value,
                name=NAMES[role],
                role=role.value,
                password=password_hash(),
                ext=ext,
                created_at=time.time(),
            )
        )


@asynccontextmanager
async def open_site(settings: Settings, folder: Path) -> AsyncIterator[Site]:
    """Pages without an Asterisk."""
    update: dict[str, Any] = {
        "ami": Ami(port=unused_port(), secret=SecretStr("x")),
        "media": Media(port=unused_port()),
        "paths": Paths(data=folder / "data", prompts=make_prompts(folder / "prompts")),
    }
    settings = settings.model_copy(update=update)
    async with await Service.open(settings) as service:
        await add_people(service.db, settings)
        app = create_app(service)
        runner = web.AppRunner(app, shutdown_timeout=1)
        await runner.setup()
        try:
            port = unused_port()
            await web.TCPSite(runner, "127.0.0.1", port).start()
            yield Site(f"http://127.0.0.1:{port}", service, app)
        finally:
            await runner.cleanup()


@asynccontextmanager
async def open_office(settings: Settings, folder: Path) -> AsyncIterator[Office]:
    """Pages on a real house, whose phones are plugged in."""
    paths = settings.paths.model_copy(update={"prompts": make_prompts(folder / "prompts")})
    settings = settings.model_copy(update={"paths": paths})
    phones = [phone.ext for phone in settings.phones if not phone.outside]
    async with open_house(settings, folder, phones=phones, service=False) as house:
        async with await Database.open(house.settings.paths.data / FILE_NAME) as db:
            await add_people(db, house.settings)
        await house.start_service()
        try:
            yield Office(house, house.url)
        finally:
            await house.stop_service()


# --- fixtures --------------------------------------------------------------------


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    path = chromium()
    if path is None:
        pytest.skip(f"no Chromium here: apt-get install {' '.join(PACKAGES)}")
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=path)
        yield launched
        await launched.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Site]:
    settings = getattr(request.module, "SETTINGS", SETTINGS)
    async with open_site(settings, tmp_path_factory.mktemp("site")) as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Office]:
    settings = getattr(request.module, "SETTINGS", SETTINGS)
    async with open_office(settings, tmp_path_factory.mktemp("office")) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="module")
async def visits(browser: Browser, site: Site) -> AsyncIterator[Visits]:
    tabs = Tabs(browser, site.url)
    yield tabs.open
    await tabs.close()


@pytest_asyncio.fixture(loop_scope="module")
async def signed_in(browser: Browser, office: Office) -> AsyncIterator[Visits]:
    tabs = Tabs(browser, office.url)
    yield tabs.open
    await tabs.close()


@pytest.fixture
def shoot(tmp_path_factory: pytest.TempPathFactory) -> Shoot:
    kept = os.environ.get("IVR_SCREENSHOTS")
    folder = Path(kept) if kept else tmp_path_factory.getbasetemp() / "screenshots"

    async def take(page: Page, name: str) -> Path:
        await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
        path = folder / f"{name}.png"
        await page.screenshot(path=path, full_page=True)
        return path

    return take


if __name__ == "__main__":
    print(install(), file=sys.stderr)
