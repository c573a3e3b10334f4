"""Callbacks in the browser: the queue, what was heard, corrections, satisfaction, surveys."""

import time
from collections.abc import AsyncIterator
from dataclasses import replace

import numpy as np
import pytest
import pytest_asyncio
from playwright.async_api import expect

from ivr import ids
from ivr.desk.intake import Draft
from ivr.desk.owner import Home, Owner
from ivr.desk.owners import Plan
from ivr.desk.request import Request, RequestKind, RequestState
from ivr.outbound.callback import Reason
from ivr.outbound.model import Attempt, AttemptState, Outcome
from ivr.outbound.retry import Rules
from ivr.settings import Callbacks, Department
from ivr.store.callbacks import AnswerRow, InterviewRow
from ivr.talk import audio
from ivr.web.access import Role
from tests.web import browser as pages
from tests.web.browser import Shoot, Site, Visits

pytestmark = pytest.mark.asyncio(loop_scope="module")

SETTINGS = pages.SETTINGS.model_copy(
    update={
        "departments": [Department(name="工程", head="王工"), Department(name="保洁")],
        "callbacks": Callbacks(enabled=False),  # nobody is phoned here: rows are made by hand
    }
)
LOOKS = [("light", 1440), ("dark", 1440), ("light", 360), ("dark", 360)]
LONG_AGO = 3600 * 24 * 40


async def talked(
    site: Site, title: str, said: str, *, department: str = "工程", phone: str, ago: float = 600
) -> tuple[Request, InterviewRow]:
    """A request that was resolved and asked about: 修好了, and `said` of the service."""
    service, now = site.service, time.time() - ago
    callbacks, ledger = service.callbacks, service.outbound.dialer.ledger
    request = await service.requests.create(
        Draft(kind=RequestKind.REPAIR, title=title, phone=phone, contact="周先生",
              home="3-1-1201", department=department, assignee="李师傅"),
        by="王芳", now=now - 7200,
    )  # fmt: skip
    request = await service.requests.resolve(request.id, by="李师傅", now=now - 60)
    campaign, task, row = await callbacks.planned(request, Reason.REPAIR, now)
    async with service.db.write() as writer:
        await callbacks.keep(writer, campaign, task, row)
    attempt = Attempt(
        id=ids.uuid7(), task_id=task.id, campaign_id="", number=phone,
        state=AttemptState.TALKING, created_at=now, answered_at=now,
    )  # fmt: skip
    found = await ledger.task(task.id)
    assert found is not None
    attempt = replace(attempt, campaign_id=found.campaign_id)
    assert await ledger.begin(attempt, 0)
    talk = InterviewRow(
        id=attempt.id, task=task.id, campaign=found.campaign_id, request=request.id,
        household="3-1-1201", reason="repair", script="repair", version="b4784af91fc9",
        begun_at=now,
    )  # fmt: skip
    recording = f"answers/2026-11-22/{talk.id}-1.wav"
    audio.write(
        service.settings.paths.data / recording,
        audio.Audio(np.random.default_rng(1).normal(0, 0.1, 12_000).astype(np.float32), 8000),
    )
    label, code = {"满意": ("满意", "satisfied"), "不满意": ("不满意", "dissatisfied")}[said]
    answers = [
        AnswerRow(
            id=ids.uuid7(), interview=talk.id, position=0, step="fixed", question="fixed",
            choice="yes", label="修好了", way="key", key="1", score=None, engine="",
            transcript="", tries=1, recording="", at=now + 5,
        ),
        AnswerRow(
            id=ids.uuid7(), interview=talk.id, position=1, step="satisfied", question="satisfied",
            choice=code, label=label, way="speech", key="", score=0.97, engine="whisper",
            transcript=said, tries=2, recording=recording, at=now + 12,
        ),
    ]  # fmt: skip
    async with service.db.write() as writer:
        await callbacks.tables.put_interview(writer, talk)
        for answer in answers:
            await callbacks.tables.put_answer(writer, answer)
    await callbacks.end(talk, code, "")
    done = replace(attempt, state=AttemptState.DONE, outcome=Outcome.CONFIRMED, ended_at=now + 20)
    rules = Rules.of(service.settings.dialer, lambda _: True)
    async with service.db.write() as writer:
        await ledger.end(writer, done, rules, now + 20)
    await service.outbound.loop.look()
    return request, await callbacks.tables.interview(talk.id)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def lived(site: Site) -> AsyncIterator[tuple[Request, InterviewRow]]:
    """A few days' callbacks: most satisfied, one not, one still to be phoned, one not phoned."""

    async def nothing() -> None:
        """No voice is needed here, and none may be there."""

    site.service.outbound.loop.render = nothing  # type: ignore[method-assign]
    owners = [
        Owner(id=ids.uuid7(), name="周建国", title="先生", phones=(f"1390013{n:04}",),
              homes=(Home("5", "1", f"{n + 101}"),))
        for n in range(6)
    ]  # fmt: skip
    version = await site.service.owners._table.version()
    await site.service.owners.put(Plan(version, added=owners))
    for number, (title, said, department) in enumerate(
        [
            ("窗户关不严", "满意", "工程"),
            ("门铃不响", "满意", "工程"),
            ("楼道地面脏", "满意", "保洁"),
        ]
    ):
        await talked(site, title, said, department=department, phone=f"1370013{number:04}",
                     ago=600 + 3600 * number)  # fmt: skip
    one = await talked(site, "厨房水龙头漏水", "不满意", phone="13800138000")
    for title, phone in (("客厅插座没电", "13800138001"), ("卫生间灯不亮", "")):
        waiting = await site.service.requests.create(
            Draft(kind=RequestKind.REPAIR, title=title, phone=phone, department="工程",
                  assignee="李师傅"), by="王芳", now=time.time(),
        )  # fmt: skip
        waiting = await site.service.requests.resolve(waiting.id, by="李师傅", now=time.time())
        await site.service.callbacks.put(waiting, Reason.REPAIR, time.time() + 1800)
    yield one


@pytest.mark.parametrize(("theme", "width"), LOOKS)
async def test_looked_at(
    site: Site, visits: Visits, shoot: Shoot, lived: tuple[Request, InterviewRow],
    theme: str, width: int,
) -> None:  # fmt: skip
    page = await visits(Role.SUPERVISOR, theme=theme, width=width)
    too_wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    for name, path in (
        ("due", "/callbacks"),
        ("done", "/callbacks?show=done"),
        ("talk", f"/callbacks/talks/{lived[1].id}"),
        ("satisfaction", "/callbacks/satisfaction"),
        ("surveys", "/callbacks/surveys"),
    ):
        await page.goto(path)
        await shoot(page, f"callbacks-{name}-{theme}-{width}")
        assert await page.evaluate(too_wide) <= 0, path


async def test_the_queue_says_where_everybody_stands(
    visits: Visits, lived: tuple[Request, InterviewRow]
) -> None:
    page = await visits(Role.CLERK)
    await page.goto("/callbacks")
    await expect(page.locator("table tr", has_text="客厅插座没电")).to_contain_text("准备语音")
    await page.goto("/callbacks?show=done")
    await expect(page.locator("table tr", has_text="厨房水龙头漏水")).to_contain_text("不满意")
    await expect(page.locator("table tr", has_text="卫生间灯不亮")).to_contain_text("号码不允许")
    await expect(page.get_by_text("已听取")).to_be_visible()
    await page.goto(f"/callbacks/talks/{lived[1].id}")
    await expect(page.locator("audio")).to_have_count(0)  # supervisors listen


async def test_a_correction_stays_beside_what_the_machine_heard(
    site: Site, visits: Visits, shoot: Shoot, lived: tuple[Request, InterviewRow]
) -> None:
    request, talk = await talked(site, "阳台门锁坏了", "满意", phone="13700137009")
    assert (await site.service.requests.get(request.id)).state is RequestState.CLOSED
    page = await visits(Role.SUPERVISOR)
    await page.goto(f"/callbacks/talks/{talk.id}")
    heard = page.locator("li", has_text="您对这次维修服务满意吗")
    await heard.get_by_text("听到的不对").click()
    await heard.get_by_label("业主说的是").select_option(label="不满意")
    await heard.get_by_label("说明").fill("录音里说的是不满意 <b>")
    await heard.get_by_role("button", name="更正").click()
    await expect(heard.locator("strong")).to_have_text("满意")
    await expect(heard).to_contain_text("更正为 不满意")
    await expect(heard).to_contain_text("录音里说的是不满意 <b>")
    await shoot(page, "callbacks-corrected")
    again = await site.service.requests.get(request.id)
    assert (again.state, again.rounds) == (RequestState.REOPENED, 1)


async def test_an_answer_is_listened_to_in_pieces_and_audited(
    site: Site, visits: Visits, lived: tuple[Request, InterviewRow]
) -> None:
    (told,) = await site.service.callbacks.talks(task=lived[1].task)
    path = f"/api/v1/callbacks/answers/{told.answers[1].id}/recording"
    page = await visits(Role.SUPERVISOR)
    whole = await page.request.get(path)
    piece = await page.request.get(path, headers={"Range": "bytes=100-199"})
    assert (whole.status, piece.status) == (200, 206)
    assert await piece.body() == (await whole.body())[100:200]
    clerk = await visits(Role.CLERK)
    assert (await clerk.request.get(path)).status == 403
    none = f"/api/v1/callbacks/answers/{told.answers[0].id}/recording"
    assert (await page.request.get(none)).status == 404


async def test_a_survey_from_form_to_start(
    site: Site, visits: Visits, shoot: Shoot, lived: tuple[Request, InterviewRow]
) -> None:
    page = await visits(Role.SUPERVISOR)
    await page.goto("/callbacks/surveys")
    await page.get_by_label("名称").fill("2026 下半年满意度调查")
    await page.get_by_label("范围").fill("99栋")
    await page.get_by_role("button", name="新建").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    await expect(page.get_by_label("名称")).to_have_value("2026 下半年满意度调查")
    await page.get_by_label("范围").fill("5栋")
    await page.get_by_role("button", name="新建").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("2026 下半年满意度调查")
    await page.get_by_role("button", name="开始拨打").click()
    await expect(page.get_by_text("进行中")).to_be_visible()
    await shoot(page, "callbacks-survey")
    await page.get_by_role("button", name="取消").click()
    await expect(page.get_by_text("已取消")).to_be_visible()


async def test_the_api(site: Site, visits: Visits, lived: tuple[Request, InterviewRow]) -> None:
    page = await visits(Role.SUPERVISOR)

    async def get(path: str) -> object:
        answer = await page.request.get(f"/api/v1{path}")
        assert answer.status == 200, await answer.text()
        return await answer.json()

    queue = await get("/callbacks?part=done")
    assert queue["total"] == len(queue["callbacks"]) > 0  # type: ignore[index]
    quota = await get("/callbacks/quota")
    assert quota["heard"] >= 1  # type: ignore[index]
    rates = await get("/callbacks/satisfaction")
    assert rates["departments"][0]["name"] == "工程"  # type: ignore[index]  # worst first
    talk = await get(f"/callbacks/talks/{lived[1].id}")
    assert [each["label"] for each in talk["answers"]] == ["修好了", "不满意"]  # type: ignore[index]
    assert (await page.request.get("/api/v1/callbacks/talks/none")).status == 404


async def test_in_english(
    visits: Visits, shoot: Shoot, lived: tuple[Request, InterviewRow]
) -> None:
    page = await visits(Role.SUPERVISOR, language="en")
    await page.goto("/callbacks?show=done")
    await expect(page.get_by_role("cell", name="Repair callback").first).to_be_visible()
    await shoot(page, "callbacks-done-en")
