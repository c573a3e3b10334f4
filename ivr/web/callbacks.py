"""The pages of callbacks (回访): the queue, each talk with what was heard, satisfaction,
surveys."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from pydantic import Field

from ivr.errors import UserError
from ivr.outbound import callback_sheet, satisfaction, scripts
from ivr.outbound.callback import Reason, Verdict
from ivr.outbound.model import OUTCOME_WORDS, CampaignState, Outcome
from ivr.outbound.satisfaction import Rate
from ivr.outbound.surveys import EVERYBODY
from ivr.store.callbacks import AnswerRow
from ivr.store.database import Row
from ivr.talk.speech.base import Choice
from ivr.web import callback_words
from ivr.web.access import SERVICE, Role, needs, user_of
from ivr.web.audit import audit
from ivr.web.callbacks_api import DAY_S, TITLE, book, figures, move, surveys
from ivr.web.forms import Form, FormModel, Text, empty, read_form
from ivr.web.i18n import N_
from ivr.web.i18n import gettext as _
from ivr.web.render import page

ROWS = 50
RECENT_DAYS = 30
TABS = {"due": N_("待访"), "running": N_("通话中"), "done": N_("已访"), "all": N_("全部")}
PERIODS = (30, 90, 180, 365)
CHIPS = {
    Verdict.SATISFIED: "done",
    Verdict.DONE: "done",
    Verdict.DISSATISFIED: "breach",
    Verdict.PERSON: "risk",
    Verdict.UNHEARD: "calm",
}
STATE_WORDS = {
    CampaignState.DRAFT: N_("待批准"),
    CampaignState.APPROVED: N_("已批准"),
    CampaignState.RUNNING: N_("进行中"),
    CampaignState.PAUSED: N_("已暂停"),
    CampaignState.DONE: N_("已完成"),
    CampaignState.CANCELLED: N_("已取消"),
}
STEPS = {
    CampaignState.DRAFT: (("approve", N_("批准")), ("cancel", N_("取消"))),
    CampaignState.APPROVED: (("start", N_("开始拨打")), ("cancel", N_("取消"))),
    CampaignState.RUNNING: (("pause", N_("暂停")), ("cancel", N_("取消"))),
    CampaignState.PAUSED: (("start", N_("继续")), ("cancel", N_("取消"))),
}


class CorrectionForm(FormModel):
    choice: Text
    note: str = Field("", max_length=500)


class SurveyForm(FormModel):
    title: Text = Field(max_length=TITLE)
    scope: Text = Field(EVERYBODY, max_length=500)


@dataclass(frozen=True, slots=True)
class Line:
    """One answer, and what it may be corrected to."""

    answer: AnswerRow
    way: str
    heard: str
    asked: str  # the question, as the script has it
    choices: tuple[Choice, ...]
    playable: bool


def routes() -> list[web.RouteDef]:
    return [
        web.get("/callbacks", list_),
        web.get("/callbacks/talks/{id}", talk),
        web.post("/callbacks/answers/{id}", correct),
        web.get("/callbacks/satisfaction", rates),
        web.get("/callbacks/surveys", survey_list),
        web.post("/callbacks/surveys", survey_new),
        web.get("/callbacks/surveys/{id}", survey_one),
        web.post("/callbacks/surveys/{id}/{step}", survey_step),
    ]


# --- the queue -----------------------------------------------------------------


@needs(Role.CLERK, machine=False)
async def list_(request: web.Request) -> web.StreamResponse:
    asked, tables = request.query, book(request).tables
    tab = asked.get("show", "due")
    tab = tab if tab in TABS else "due"
    reason = asked.get("reason", "")
    at = max(1, int(asked["page"])) if asked.get("page", "").isdecimal() else 1
    since = time.time() - RECENT_DAYS * DAY_S
    rows = await tables.queue(
        tab,
        reason=reason if reason in set(Reason) else None,
        since=since,
        limit=ROWS,
        offset=(at - 1) * ROWS,
    )
    counts = await tables.counts(since)
    total = int(rows[0]["total"]) if rows else 0
    return await page(
        request,
        "callbacks/list.html",
        title=_("回访"),
        rows=[(row, *_state(row)) for row in rows],
        tab=tab,
        tabs=[(name, _(label), counts.get(name)) for name, label in TABS.items()],
        reason=reason,
        reasons=[("", _("所有类别")), *callback_words.reasons().items()],
        reason_words=callback_words.reasons(),
        quota=await surveys(request).quota(time.time()),
        total=total,
        page_number=at,
        pages=max(1, -(-total // ROWS)),
    )


def _state(row: Row) -> tuple[str, str]:
    """(words, chip) of where a callback stands."""
    if row["lacking"]:
        return _("缺语音"), "breach"
    if row["attempt"]:
        return _("通话中"), "ringing"
    if row["outcome"] is None:
        return (_("待拨打"), "calm") if row["ready_at"] else (_("准备语音"), "calm")
    if row["verdict"]:
        found = Verdict(row["verdict"])
        return callback_words.verdict(found), CHIPS[found]
    return _(OUTCOME_WORDS[Outcome(row["outcome"])]), "risk"


# --- one talk ------------------------------------------------------------------


@needs(Role.CLERK, machine=False)
async def talk(request: web.Request) -> web.StreamResponse:
    return await _talk(request, request.match_info["id"], {})


async def _talk(
    request: web.Request, name: str, wrong: dict[str, Form[CorrectionForm]], status: int = 200
) -> web.StreamResponse:
    callbacks = book(request)
    try:
        found = await callbacks.talked(name)
    except UserError:
        raise web.HTTPNotFound from None
    of = found.interview
    about = await callbacks.requests.get(of.request) if of.request else None
    verdict = Verdict(of.verdict) if of.verdict else None
    return await page(
        request,
        "callbacks/talk.html",
        title=f"{callback_words.reasons()[of.reason]} {of.household}",
        talk=of,
        about=about,
        verdict=callback_words.verdict(verdict) if verdict else _("进行中"),
        chip=CHIPS[verdict] if verdict else "ringing",
        lines=[await _line(request, answer, found.interview.script) for answer in found.answers],
        forms={answer.id: wrong.get(answer.id) or Form({}) for answer in found.answers},
        status=status,
    )


async def _line(request: web.Request, answer: AnswerRow, script: str) -> Line:
    callbacks = book(request)
    try:
        callbacks.recording(answer)
        playable = True
    except UserError:
        playable = False
    return Line(
        answer=answer,
        way=callback_words.way(answer.way),
        heard=callback_sheet.heard(answer),
        asked=step_words(request, script).get(answer.step, answer.step),
        choices=await callbacks.choices(answer),
        playable=playable,
    )


def step_words(request: web.Request, script: str) -> dict[str, str]:
    """Step → what it asks, as it is written now; nothing of a script that is gone."""
    settings = request.app[SERVICE].settings
    try:
        loaded = scripts.loaded(settings, script, settings.site.language).script
    except UserError:
        return {}
    return {
        name: getattr(step, "ask", "") or getattr(step, "record", "") or name
        for name, step in loaded.steps.items()
    }


@needs(Role.SUPERVISOR, machine=False)
async def correct(request: web.Request) -> web.StreamResponse:
    callbacks = book(request)
    try:
        answer = await callbacks.tables.answer(request.match_info["id"])
    except UserError:
        raise web.HTTPNotFound from None
    form = await read_form(request, CorrectionForm)
    if form.value is not None:
        try:
            await callbacks.correct(
                answer.id, form.value.choice, by=user_of(request).name, note=form.value.note
            )
        except UserError:
            form.refuse("choice", _("请选择一个回答"))
        else:
            await audit(request, "answer.correct", answer.id, detail=form.value.choice)
            raise web.HTTPSeeOther(f"/callbacks/talks/{answer.interview}")
    return await _talk(request, answer.interview, {answer.id: form}, status=422)


# --- satisfaction --------------------------------------------------------------


@needs(Role.SUPERVISOR, machine=False)
async def rates(request: web.Request) -> web.StreamResponse:
    wanted = request.query.get("days", "")
    days = int(wanted) if wanted in map(str, PERIODS) else 180
    found = await figures(request, days)
    charts = [
        _chart("months", "line", found.months, found.goal),
        _chart("departments", "bars", found.departments, found.goal),
        _chart("kinds", "bars", found.kinds, found.goal),
    ]
    return await page(
        request,
        "callbacks/satisfaction.html",
        title=_("满意率"),
        figures=found,
        tables=[
            ("departments", _("按部门，最差在前"), found.departments),
            ("kinds", _("按类别，最差在前"), found.kinds),
            ("months", _("按月份"), found.months),
        ],
        group=callback_words.group,
        days=days,
        periods=[(each, _("近 %(days)d 天", days=each)) for each in PERIODS],
        charts=charts,
    )


def _chart(name: str, kind: str, rates_: Sequence[Rate], goal: float) -> dict[str, Any]:
    return {
        "name": name,
        "kind": kind,
        "labels": [callback_words.group(rate.name) for rate in rates_],
        "values": [rate.share for rate in rates_],
        "goal": goal,
    }


# --- surveys -------------------------------------------------------------------


@needs(Role.CLERK, machine=False)
async def survey_list(request: web.Request) -> web.StreamResponse:
    return await _surveys(request, empty(SurveyForm(title=_("满意度调查"))))


async def _surveys(
    request: web.Request, form: Form[SurveyForm], status: int = 200
) -> web.StreamResponse:
    return await page(
        request,
        "callbacks/surveys.html",
        title=_("满意度调查"),
        rows=await book(request).tables.surveys(),
        quota=await surveys(request).quota(time.time()),
        state_words={state.value: _(words) for state, words in STATE_WORDS.items()},
        form=form,
        status=status,
    )


@needs(Role.SUPERVISOR, machine=False)
async def survey_new(request: web.Request) -> web.StreamResponse:
    form = await read_form(request, SurveyForm)
    if form.value is None:
        return await _surveys(request, form, status=422)
    try:
        opened = await surveys(request).open(
            form.value.title, by=user_of(request).name, scope=form.value.scope
        )
    except UserError as error:
        form.refuse("", str(error))
        return await _surveys(request, form, status=422)
    await audit(request, "survey.create", opened.campaign.id, detail=opened.campaign.title)
    raise web.HTTPSeeOther(f"/callbacks/surveys/{opened.campaign.id}")


@needs(Role.CLERK, machine=False)
async def survey_one(request: web.Request) -> web.StreamResponse:
    return await _survey(request, "")


async def _survey(request: web.Request, wrong: str, status: int = 200) -> web.StreamResponse:
    callbacks = book(request)
    try:
        campaign = await surveys(request).get(request.match_info["id"])
    except UserError:
        raise web.HTTPNotFound from None
    rows = {row["campaign"]: row for row in await callbacks.tables.surveys()}
    row = rows[campaign.id]
    words = step_words(request, row["script"])
    found = satisfaction.by_step(await callbacks.tables.results(campaign.id))
    return await page(
        request,
        "callbacks/survey.html",
        title=campaign.title,
        campaign=campaign,
        survey=row,
        progress=await callbacks.ledger.progress(campaign.id),
        state=_(STATE_WORDS[campaign.state]),
        steps=[(step, _(label)) for step, label in STEPS.get(campaign.state, ())],
        results=[(words.get(step, step), shares) for step, shares in found.items()],
        wrong=wrong,
        status=status,
    )


@needs(Role.SUPERVISOR, machine=False)
async def survey_step(request: web.Request) -> web.StreamResponse:
    try:
        moved = await move(request, request.match_info["id"], request.match_info["step"])
    except UserError as error:
        return await _survey(request, str(error), status=409)
    raise web.HTTPSeeOther(f"/callbacks/surveys/{moved.id}")
