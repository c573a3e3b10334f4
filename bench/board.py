"""A hundred wallboards while the telephone never stops: `python -m bench.board` prints JSON.

50 calls a second for 60 s from a sipp city, picked up by a sipp desk after 0.1 s, one
second of talk. One board is open in Chromium, 99 more are plain listeners of the same
stream. The lag runs from the event by Asterisk's clock (a call began, rang, was answered)
to its arrival at each listener; in Chromium to the text in the page, as a MutationObserver
sees it.
"""

import argparse
import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from playwright.async_api import Page, async_playwright

from bench import figures, sipp
from bench.figures import Run, Target
from bench.office import HOTLINE, office, sipp_desks, tell
from ivr.demo.house import House
from ivr.errors import UserError
from ivr.service import TOKEN_FILE
from ivr.store.database import FILE_NAME, Database
from ivr.web.access import Role
from ivr.web.users import Users, new_password
from tests.web.browser import chromium

RUNS = 2
BOARDS = 100  # one of them in Chromium
RATE = 50.0  # calls a second
SECONDS = 60
PICK_UP_S = 0.1
TALK_S = 1.0
P99_MS = 250.0
CORES = 0.6
TIMES = ("started_at", "ring_at", "answered_at")

# Rows of waiting callers, with the time at which they stood in the page.
OBSERVE = """() => {
  window.seen = [];
  const list = document.querySelector('[data-part="ringing"]');
  new MutationObserver((changes) => {
    for (const change of changes) for (const row of change.addedNodes) {
      if (row.dataset?.key) window.seen.push([row.dataset.key, Date.now() / 1000, row.textContent]);
    }
  }).observe(list, { childList: true });
}"""


@dataclass
class Seen:
    """What all listeners together were told; a message is read once, for all of them."""

    at: dict[str, dict[str, float]] = field(default_factory=dict)  # call → when what happened
    lags_s: list[float] = field(default_factory=list)
    messages: int = 0
    states: int = 0
    _read: dict[str, list[float]] = field(default_factory=dict)

    def take(self, message: bytes, now: float) -> None:
        head, _, rest = message.partition(b"\n")
        if b"event: state" in rest:
            self.states += 1
            return
        if b"event: patch" not in rest:
            return
        self.messages += 1
        id_ = head.decode()
        times = self._read.get(id_)
        if times is None:
            times = self._read[id_] = self._times(json.loads(rest.split(b"data: ", 1)[1]))
        self.lags_s += [now - at for at in times]

    def _times(self, patch: dict[str, Any]) -> list[float]:
        found = []
        for call_id, change in patch.get("calls", {}).items():
            for name in TIMES:
                if change and name in change:
                    self.at.setdefault(call_id, {})[name] = change[name]
                    found.append(float(change[name]))
        return found


async def listen(http: aiohttp.ClientSession, url: str, seen: Seen) -> None:
    """One board without a screen."""
    async with http.get(f"{url}/api/v1/stream") as response:
        left = b""
        async for chunk in response.content.iter_any():
            now = time.time()
            *messages, left = (left + chunk).split(b"\n\n")
            for message in messages:
                seen.take(message, now)


@asynccontextmanager
async def listeners(house: House, count: int, seen: Seen) -> AsyncIterator[None]:
    token = (house.settings.paths.data / TOKEN_FILE).read_text(encoding="ascii").strip()
    headers = {"Authorization": f"Bearer {token}"}
    timeout = aiohttp.ClientTimeout(total=None)
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(
        headers=headers, timeout=timeout, connector=connector, read_bufsize=2**20
    ) as http:
        tasks = [asyncio.create_task(listen(http, house.url, seen)) for _ in range(count)]
        await figures.until(lambda: seen.states >= count, 20)
        yield
        if ended := sum(task.done() for task in tasks):
            raise UserError(f"{ended} listeners were dropped")
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def board(house: House) -> AsyncIterator[Page]:
    """The wallboard in a real browser, signed in."""
    password = new_password()
    async with await Database.open(house.settings.paths.data / FILE_NAME) as db:
        users = Users(db, house.settings)
        await users.add(
            "bench", name="bench", role=Role.CLERK, password=password, must_change=False
        )
        users.close()
    path = chromium()
    if path is None:
        raise UserError("there is no Chromium here: apt-get install chromium fonts-noto-cjk")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path)
        context = await browser.new_context(
            base_url=house.url, viewport={"width": 1920, "height": 1080}
        )
        form = {"login": "bench", "password": password}
        answer = await context.request.post("/sign-in", form=form, max_redirects=0)
        if answer.status != 303:
            raise UserError(f"the bench could not sign in: {answer.status}")
        page = await context.new_page()
        await page.goto("/board?wall=1")
        await page.wait_for_selector('[data-part="phones"] li')
        await page.evaluate(OBSERVE)
        yield page
        await browser.close()


async def measure(seconds: int = SECONDS, boards: int = BOARDS) -> Run:
    """One run. Nothing is recorded: the talk is silence, and its files would be the load."""
    seen = Seen()
    async with (
        office(desks=1, recording=False) as house,
        sipp_desks(house, sipp.ANSWERS, PICK_UP_S) as desk,
        board(house) as page,
        listeners(house, boards - 1, seen),
    ):
        assert house.service is not None
        watch = figures.Watch(ivr=house.service.pid, asterisk=house.asterisk.pid, phones=desk.pid)
        calls = await sipp.call(
            house.folder, house.server, HOTLINE,
            calls=round(RATE * seconds), rate=RATE, stay_s=TALK_S,
        )  # fmt: skip
        load = watch.stop()
        rows: list[tuple[str, float, str]] = await page.evaluate("window.seen")
        rss = figures.rss_mib(house.service.pid)
    in_page = [
        at - when for call_id, at, _ in rows
        if (when := seen.at.get(call_id, {}).get("ring_at")) is not None
    ]  # fmt: skip
    return {
        "calls": calls.created,
        "failed": calls.failed,
        "told_calls": len(seen.at),
        "messages_per_board": round(seen.messages / (boards - 1)),
        "listener_p50_ms": figures.milliseconds(figures.quantile(seen.lags_s, 0.5)),
        "listener_p99_ms": figures.milliseconds(figures.quantile(seen.lags_s, 0.99)),
        "listener_longest_ms": figures.milliseconds(max(seen.lags_s, default=None)),
        "page_rows": len(in_page),
        "page_p50_ms": figures.milliseconds(figures.quantile(in_page, 0.5)),
        "page_p99_ms": figures.milliseconds(figures.quantile(in_page, 0.99)),
        "page_longest_ms": figures.milliseconds(max(in_page, default=None)),
        "ivr_rss_mib": rss,
        **load,
    }


def report(runs: int = RUNS, seconds: int = SECONDS, boards: int = BOARDS) -> dict[str, object]:
    done = []
    for number in range(runs):
        tell(f"board: run {number + 1} of {runs}")
        done.append(asyncio.run(measure(seconds, boards)))
    listeners_p99 = figures.median(done, "listener_p99_ms")
    page_p99 = figures.median(done, "page_p99_ms")
    untold = figures.missing(done, "told_calls", RATE * seconds)
    targets = [
        Target("listeners: p99 from event to arrival, ms", P99_MS, listeners_p99),
        Target("Chromium: p99 from event to text, ms", P99_MS, page_p99),
        Target("the service, cores", CORES, figures.median(done, "ivr_cores")),
        Target("calls not told, all runs", 0, untold),
    ]
    return figures.report(done, targets, boards=boards, calls_per_s=RATE, seconds=seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--seconds", type=int, default=SECONDS)
    parser.add_argument("--boards", type=int, default=BOARDS)
    given = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        document = report(given.runs, given.seconds, given.boards)
        print(json.dumps(document, ensure_ascii=False, indent=2))


if __name__ == "__main__":
    main()
