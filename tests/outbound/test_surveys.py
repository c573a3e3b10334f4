"""Surveys of all homes, and the households drawn by lot."""

import time
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import pytest
import pytest_asyncio

from ivr import ids
from ivr.desk.owner import Home, Owner
from ivr.desk.owners import Plan
from ivr.errors import UserError
from ivr.outbound.callback import Reason
from ivr.outbound.model import CampaignState, Outcome
from ivr.outbound.surveys import KIND
from ivr.store.callbacks import InterviewRow
from tests.outbound.callbacks import BASE, Desk, open_desk

ZONE = BASE.site.zone


def owner(room: int, **changes: object) -> Owner:
    values = {"phones": (f"1380013{room:04}",), "homes": (Home("3", "1", str(room)),)} | changes
    return Owner(id=ids.uuid7(), name="周建国", title="先生", **values)  # type: ignore[arg-type]


@pytest_asyncio.fixture
async def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    async with open_desk(tmp_path, monkeypatch) as opened:
        people = [owner(room) for room in range(101, 131)]
        people.append(owner(131, do_not_call=True))
        people.append(owner(132, phones=()))
        book = opened.callbacks.owners
        await book.put(Plan(await book._table.version(), added=people))
        yield opened


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp()


ASKED = dict.fromkeys(("willing", "service", "security", "cleaning", "repairs", "overall"), "1") | {
    "advice": "#"
}


async def test_everybody_is_asked_but_who_must_not(desk: Desk) -> None:
    opened = await desk.surveys.open("2026 下半年满意度调查", by="主管")
    assert opened.homes == 30
    assert opened.left_out == {"业主要求勿扰，请人工回访": 1, "没有电话号码，请人工回访": 1}
    assert opened.campaign.state is CampaignState.APPROVED
    await desk.surveys.start(opened.campaign.id)
    await desk.loop.render()
    due = await desk.due(KIND)
    assert len(due) == 30
    outcome = await desk.talk(await desk.begin(due[0]), due[0], ASKED)
    assert outcome is Outcome.CONFIRMED
    told: list[str] = []

    async def tell(_writer: object, talk: InterviewRow) -> None:
        told.append(talk.verdict)

    desk.callbacks.on_survey.append(tell)
    await desk.look()
    await desk.look()
    assert told == ["done"]
    results = await desk.callbacks.tables.results(opened.campaign.id)
    assert {row["step"] for row in results} >= {"service", "security", "cleaning", "overall"}
    quota = await desk.surveys.quota(time.time())
    assert (quota.heard, quota.survey_due) == (1, False)


@pytest.mark.parametrize(
    ("title", "scope", "words"),
    [(" ", "全部", "no title"), ("调查", "99栋", "99"), ("调查", "3栋1单元131", "勿扰")],
)
async def test_a_survey_that_cannot_be(desk: Desk, title: str, scope: str, words: str) -> None:
    if words == "勿扰":
        opened = await desk.surveys.open(title, by="主管", scope=scope)
        assert opened.homes == 0
        return
    with pytest.raises(UserError, match=words):
        await desk.surveys.open(title, by="主管", scope=scope)
    assert await desk.callbacks.tables.surveys() == []


async def test_a_large_survey_wants_a_second_person(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialer = BASE.dialer.model_copy(update={"approval_households": 1})
    async with open_desk(tmp_path, monkeypatch, BASE.model_copy(update={"dialer": dialer})) as desk:
        book = desk.callbacks.owners
        await book.put(Plan(await book._table.version(), added=[owner(101), owner(102)]))
        opened = await desk.surveys.open("调查", by="主管")
        assert opened.campaign.state is CampaignState.DRAFT
        with pytest.raises(UserError, match="second person"):
            await desk.surveys.start(opened.campaign.id)
        with pytest.raises(UserError, match="second person"):
            await desk.surveys.approve(opened.campaign.id, "主管")
        await desk.surveys.approve(opened.campaign.id, "主任")
        assert (await desk.surveys.start(opened.campaign.id)).state is CampaignState.RUNNING


async def test_the_sample_fills_up_the_month_once(desk: Desk) -> None:
    assert await desk.surveys.draw_sample(at("2026-11-14 10:00")) is None  # too early
    survey = await desk.surveys.open("调查", by="主管", scope="3栋1单元101")
    await desk.surveys.start(survey.campaign.id)
    await desk.loop.render()
    (task,) = await desk.due(KIND)
    await desk.talk(await desk.begin(task), task, ASKED)
    rules = desk.settings.callbacks.model_copy(update={"sample_from_day": 1})
    desk.surveys._settings = desk.settings.model_copy(update={"callbacks": rules})
    now = time.time()
    campaign = await desk.surveys.draw_sample(now)
    assert campaign is not None
    (row,) = await desk.callbacks.tables.surveys(Reason.SAMPLE)
    assert (row["population"], row["drawn"]) == (30, 19)
    assert row["seed"] == f"main {datetime.fromtimestamp(now, ZONE):%Y-%m-%d}"
    drawn = {task.household for task in await desk.callbacks.ledger.tasks(campaign.id)}
    assert "3-1-101" not in drawn  # heard already
    assert await desk.surveys.draw_sample(now + 1) is None  # once a day
