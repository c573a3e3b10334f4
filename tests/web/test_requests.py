"""Service requests: the API, the webhook of the office's own system, and the pages."""

import json
import re
import time
from collections.abc import AsyncIterator
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import aiohttp
import openpyxl
import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from ivr.desk.intake import Draft
from ivr.desk.owner import Home, Owner
from ivr.desk.owners import Plan
from ivr.desk.request import Request, RequestKind, RequestState, Severity
from ivr.hooks import signing
from ivr.hooks.secrets import INBOUND, Secrets
from ivr.outbound.callbacks import Talked
from ivr.settings import Department
from ivr.store.callbacks import AnswerRow, InterviewRow
from ivr.store.calls import CallRow
from ivr.web.access import Role
from tests.web import browser as pages
from tests.web.browser import Shoot, Site, Visits

pytestmark = pytest.mark.asyncio(loop_scope="module")

SETTINGS = pages.SETTINGS.model_copy(
    update={"departments": [Department(name="工程", head="王工"), Department(name="保洁")]}
)


class Api:
    """A program with a token."""

    def __init__(self, site: Site, http: aiohttp.ClientSession) -> None:
        self.site = site
        self._http = http

    async def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {self.site.service.token}"}
        given = {"data": body} if isinstance(body, bytes) else {"json": body}
        async with self._http.request(
            method, f"{self.site.url}/api/v1{path}", headers=headers, **given
        ) as answer:
            if "json" in answer.content_type:
                return answer.status, await answer.json(content_type=None)
            return answer.status, await answer.read()

    async def tell(self, message: Any, secret: str | None = None) -> tuple[int, Any]:
        """As the office's own system does."""
        body = json.dumps(message).encode()
        known = Secrets(self.site.service.settings.paths.data).of(INBOUND)
        headers = signing.headers(secret or known, time.time(), body)
        url = f"{self.site.url}/api/v1/hooks/requests"
        async with self._http.post(url, data=body, headers=headers) as answer:
            return answer.status, await answer.json(content_type=None)


@pytest_asyncio.fixture(loop_scope="module")
async def api(site: Site) -> AsyncIterator[Api]:
    async with aiohttp.ClientSession() as http:
        yield Api(site, http)


async def taken(site: Site, **changes: Any) -> Request:
    values: dict[str, Any] = {"kind": RequestKind.REPAIR, "title": "厨房水龙头漏水"}
    ago = changes.pop("ago", 0.0)
    return await site.service.requests.create(
        Draft(**values | changes), by="小李", now=time.time() - ago
    )


# --- the API -----------------------------------------------------------------


async def test_a_request_through_the_api(api: Api) -> None:
    status, made = await api.ask(
        "POST", "/requests", {"kind": "complaint", "title": "楼上噪音", "home": "3-1-1201"}
    )
    assert status == 201
    assert [limit["need"] for limit in made["limits"]] == [
        "assigned", "on_site", "answered", "solved",
    ]  # fmt: skip
    where = f"/requests/{made['request']['number']}"
    steps = [
        ("assign", {"department": "工程", "version": 1}, "assigned"),
        ("on-site", {"text": "已到"}, "on_site"),
        ("answer", {"text": "今晚处理", "promised_at": time.time() + 3600}, "on_site"),
        ("resolve", {"text": "已劝止"}, "resolved"),
        ("reopen", {"text": "又响了"}, "reopened"),
        ("resolve", {}, "resolved"),
        ("close", {"text": "业主出差"}, "closed"),
    ]
    for step, body, state in steps:
        status, after = await api.ask("POST", f"{where}/{step}", body)
        assert (status, after["request"]["state"]) == (200, state)
    status, told = await api.ask("GET", f"{where}/history")
    assert [entry["what"] for entry in told["entries"]] == [
        "created", "assigned", "on_site", "answered", "resolved", "reopened", "resolved", "closed",
    ]  # fmt: skip
    status, found = await api.ask("GET", "/requests?state=closed&state=open&text=噪音")
    assert found["total"] == 1


async def test_mistakes_are_told(api: Api, site: Site) -> None:
    request = await taken(site)
    where = f"/requests/{request.number}"
    assert (await api.ask("POST", f"{where}/assign", {"department": "工程"}))[0] == 200
    for method, path, body, status, words in [
        ("GET", "/requests/20200101-001", None, 404, "there is no request"),
        ("POST", f"{where}/resolve", {"version": 1}, 409, "was changed by"),
        ("POST", f"{where}/assign", {"department": "水电部"}, 400, "is none of"),
        ("POST", f"{where}/close", {}, 400, "write why it is closed"),
        ("POST", "/requests", {"kind": "repair", "title": ""}, 400, "title"),
        ("POST", "/requests", {"kind": "wish", "title": "x"}, 400, "kind"),
        ("PATCH", where, {"version": 2, "home": "三楼东边"}, 400, "房屋"),
        ("GET", "/requests?colour=red", None, 400, "colour"),
    ]:
        told = await api.ask(method, path, body)
        assert told[0] == status, (path, told)
        assert words in told[1]["detail"]


async def test_the_offices_own_system_reports_and_resolves(api: Api) -> None:
    message = {
        "id": "ERP-77", "action": "create",
        "request": {"kind": "repair", "title": "门禁坏了", "phone": "13800138000"},
    }  # fmt: skip
    status, told = await api.tell(message)
    assert (status, told["state"], told["created"]) == (201, "open", True)
    assert await api.tell(message) == (200, told | {"created": False})
    for _ in range(2):
        resolved = await api.tell({"id": "ERP-77", "action": "resolve", "text": "换了读卡器"})
        assert resolved == (200, {**told, "state": "resolved", "created": False})
    assert (await api.tell({"id": "ERP-78", "action": "resolve"}))[0] == 404
    assert (await api.tell(message | {"action": "remove"}))[0] == 400
    assert (await api.tell(message, secret="guessed"))[0] == 401


async def test_spreadsheets(api: Api, site: Site, tmp_path: Path) -> None:
    rows = "类别,事项,单号,房屋\n报修,路灯不亮,X-1,\n投诉,噪音,X-2,三楼东边\n".encode()
    for dry_run, written in ((1, 0), (0, 1), (0, 0)):
        status, told = await api.ask("POST", f"/requests/import?dry_run={dry_run}", rows)
        assert status == 200
        assert (told["wrong_rows"], told["written"]) == (1, written)
    status, told = await api.ask("POST", "/requests/import", b"\x89PNG" * 50)
    assert status == 400
    status, book = await api.ask("GET", "/requests/export?text=路灯")
    file = tmp_path / "requests.xlsx"
    file.write_bytes(book)
    cells = [cell.value for row in openpyxl.load_workbook(file).active.iter_rows() for cell in row]
    assert "路灯不亮" in cells
    assert "噪音" not in cells


# --- the pages ---------------------------------------------------------------

LOOKS = [("light", 1440), ("dark", 1440), ("light", 360), ("dark", 360)]


async def lived(site: Site) -> Request:
    """A page of requests in every state; one with a history."""
    await taken(site, kind=RequestKind.COMPLAINT, title="夜间施工噪音", home="5-301", ago=1500)
    await taken(
        site, kind=RequestKind.HELP, severity=Severity.URGENT, title="业主忘带钥匙", ago=1300
    )
    await taken(site, kind=RequestKind.PAID, title="家政清洁两小时", department="保洁")
    book = site.service.requests
    told = await taken(
        site, home="3-1-1201", contact="周先生", phone="13800138000", department="工程",
        assignee="王师傅", detail="一直滴水，已经两天。\n家里有老人。", ago=7200,
    )  # fmt: skip
    now = time.time()
    await book.answer(told.id, by="小李", now=now - 7000, text="上午十点上门")
    await book.resolve(told.id, by="王师傅", now=now - 5000, text="换了阀芯")
    await book.calling_back(told.id, by="", now=now - 4000)
    return await book.reopen(told.id, by="", now=now - 3900, text="还在滴水", unsatisfied=True)


@pytest.mark.parametrize(("theme", "width"), LOOKS)
async def test_looked_at(site: Site, visits: Visits, shoot: Shoot, theme: str, width: int) -> None:
    told = await lived(site)
    page = await visits(Role.CLERK, theme=theme, width=width)
    await page.goto("/requests")
    await shoot(page, f"requests-list-{theme}-{width}")
    await page.goto(f"/requests/{told.number}")
    await shoot(page, f"requests-card-{theme}-{width}")
    await page.get_by_text("派工", exact=True).first.click()
    await shoot(page, f"requests-step-{theme}-{width}")
    await page.goto("/requests/new")
    await shoot(page, f"requests-new-{theme}-{width}")
    too_wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert await page.evaluate(too_wide) <= 0


async def test_a_clerk_takes_a_request_and_brings_it_to_its_end(site: Site, visits: Visits) -> None:
    page = await visits(Role.CLERK)
    await page.goto("/requests/new?phone=13911112222")
    await page.get_by_label("类别").select_option("repair")
    await page.get_by_label("事项").fill("走廊灯不亮")
    await page.get_by_label("房屋").fill("三楼东边")
    await page.get_by_role("button", name="登记").click()
    await expect(page.get_by_role("alert")).to_contain_text("填写的内容都还在")
    await expect(page.locator("#home-error")).to_have_text("房屋请写成 3-1-1201 或 5-301")
    await expect(page.get_by_label("事项")).to_have_value("走廊灯不亮")
    await page.get_by_label("房屋").fill("3-1-1201")
    await page.get_by_role("button", name="登记").click()
    await expect(page.get_by_role("heading", name="走廊灯不亮")).to_be_visible()
    await step(page, "派工", {"部门": "工程", "经办人": "王师傅"})
    await step(page, "答复业主", {"怎样答复业主": "今天下午来换灯泡"})
    await step(page, "处理完毕", {"做了什么": "换了灯泡"})
    await step(page, "关闭工单", {"为什么关闭": "业主已看到"})
    number = page.url.rsplit("/", 1)[1]
    request = await site.service.requests.get(number)
    assert (request.state, request.keeper) == (RequestState.CLOSED, "王芳")
    assert (request.department, request.assignee) == ("工程", "王师傅")
    await expect(page.locator(".timeline")).to_contain_text("今天下午来换灯泡")


async def step(page: Page, name: str, fields: dict[str, str]) -> None:
    """Open a step's form, fill it in, send it."""
    form = page.locator("details.step", has=page.get_by_text(name, exact=True)).first
    await form.locator("summary").click()
    for label, value in fields.items():
        field = form.get_by_label(label)
        if await field.evaluate("each => each.tagName") == "SELECT":
            await field.select_option(value)
        else:
            await field.fill(value)
    await form.get_by_role("button", name=name).click()
    await page.wait_for_load_state()


async def test_two_people_change_one_request_and_nothing_is_lost(
    site: Site, visits: Visits
) -> None:
    request = await taken(site, title="单元门关不上")
    clerk, supervisor = await visits(Role.CLERK), await visits(Role.SUPERVISOR)
    for page in (clerk, supervisor):
        await page.goto(f"/requests/{request.number}")
    await step(supervisor, "派工", {"部门": "工程"})
    await step(clerk, "处理完毕", {"做了什么": "我自己调好了闭门器"})
    await expect(clerk.get_by_role("alert")).to_contain_text("李强 刚刚改过这张工单")
    text = clerk.get_by_label("做了什么")
    await expect(text).to_have_value("我自己调好了闭门器")
    await expect(clerk.locator(".timeline")).to_contain_text("派工")
    await clerk.get_by_role("button", name="处理完毕").click()
    await clerk.wait_for_load_state()
    assert (await site.service.requests.get(request.id)).state is RequestState.RESOLVED


async def test_corrections(site: Site, visits: Visits) -> None:
    request = await taken(site, title="电题异响")
    page = await visits(Role.CLERK)
    await page.goto(f"/requests/{request.number}/edit")
    await page.get_by_label("事项").fill("电梯异响")
    await page.get_by_role("button", name="保存更正").click()
    await expect(page.get_by_role("heading", name="电梯异响")).to_be_visible()
    await expect(page.locator(".timeline")).to_contain_text("标题：电题异响 → 电梯异响")


async def test_the_list_shows_what_is_late_first(site: Site, visits: Visits) -> None:
    await taken(site, kind=RequestKind.COMPLAINT, title="最晚的投诉", ago=100_000)
    page = await visits(Role.CLERK)
    await page.goto("/requests")
    first = page.locator("table.list tbody tr").first
    await expect(first).to_contain_text("最晚的投诉")
    await expect(first.locator(".chip.breach").first).to_contain_text(
        re.compile("派工 · 超时 1 天")
    )
    async with page.expect_download() as download:
        await page.get_by_role("link", name="导出").click()
    assert (await download.value).suggested_filename.endswith(".xlsx")
    await page.get_by_label("查找").fill("最晚")
    await page.get_by_role("button", name="查找").click()
    await expect(page.locator("table.list tbody tr")).to_have_count(1)
    await expect(page).to_have_url(re.compile("q="))
    await page.goto("/requests?show=overdue&q=<script>alert(1)</script>")
    await expect(page.get_by_text("没有符合条件的工单")).to_be_visible()


async def test_in_english(visits: Visits, site: Site, shoot: Shoot) -> None:
    page = await visits(Role.CLERK, language="en")
    await page.goto("/requests")
    await expect(page.get_by_role("heading", name="Service requests")).to_be_visible()
    await shoot(page, "requests-list-en")


async def test_from_a_call_the_caller_is_known(site: Site, visits: Visits) -> None:
    """As the call's page links to it."""
    service, now = site.service, time.time()
    kinds: dict[Any, Any] = {str: "", int: 0, float: 0.0, bool: False}
    values = {
        each.name: kinds.get(each.type) for each in fields(CallRow) if each.default is MISSING
    }
    owner = Owner(
        id="o1",
        name="周建国",
        title="先生",
        phones=("13711112222",),
        homes=(Home("3", "1", "1203"),),
    )
    await service.owners.put(Plan(version=0, added=[owner]))
    async with service.db.write() as writer:
        row = CallRow(
            **values
            | {
                "id": "01a20210-0000-7000-8000-0000000000c1", "call_id": "1795000000.7",
                "direction": "inbound", "caller": "13711112222", "start_at": now - 60,
                "logged_at": now,
            }
        )  # fmt: skip
        await service.calls.put(writer, row)
    page = await visits(Role.CLERK)
    await page.goto("/requests/new?call=1795000000.7")
    await expect(page.get_by_label("房屋")).to_have_value("3-1-1203")
    await expect(page.get_by_label("联系人")).to_have_value("周先生")
    await page.get_by_label("类别").select_option("help")
    await page.get_by_label("事项").fill("忘带钥匙")
    await page.get_by_role("button", name="登记").click()
    await expect(page.get_by_role("link", name="看这次通话")).to_be_visible()
    request = await service.requests.get(page.url.rsplit("/", 1)[1])
    assert (request.owner, request.call) == ("o1", "1795000000.7")
    missing = await page.request.get("/requests/new?call=1795000000.99")
    assert missing.status == 404


async def test_what_the_owner_said_stands_under_it(
    site: Site, visits: Visits, shoot: Shoot, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = await taken(site, title="水龙头又漏")
    talk = InterviewRow(
        id="i1", task="t1", campaign="c1", request=request.id, household="3-1-1201",
        reason="repair", script="repair", version="1", begun_at=time.time() - 600,
        result="dissatisfied", verdict="dissatisfied", words="还在滴水 <b>",
    )  # fmt: skip
    answers = (
        AnswerRow(
            id="a1", interview="i1", position=1, step="fixed", question="fixed", choice="no",
            label="没修好", way="speech", key="", score=4.2, engine="whisper", transcript="没修好",
            tries=1, recording="", at=time.time() - 590,
        ),
        AnswerRow(
            id="a2", interview="i1", position=2, step="how", question="satisfied",
            choice="dissatisfied", label="不满意", way="key", key="4", score=None, engine="",
            transcript="", tries=1, recording="", at=time.time() - 580,
        ),
    )  # fmt: skip

    async def story(_request_id: str) -> list[Talked]:
        return [Talked(talk, answers)]

    monkeypatch.setattr(site.service.callbacks, "story", story)
    page = await visits(Role.CLERK)
    await page.goto(f"/requests/{request.number}")
    told = page.get_by_role("region", name="回访")
    await expect(told).to_contain_text("还在滴水 <b>")
    await expect(told).to_contain_text("没修好")
    await expect(told).to_contain_text("按键 4")
    await shoot(page, "requests-story")
