"""Callbacks and surveys for programs: the queue, what was heard, corrections, the figures."""

import time
from typing import Literal

from aiohttp import web
from pydantic import Field

from ivr.errors import UserError
from ivr.outbound import satisfaction
from ivr.outbound.callback import Reason, Verdict
from ivr.outbound.callbacks import Callbacks, Talked
from ivr.outbound.model import CampaignState, Outcome
from ivr.outbound.surveys import EVERYBODY, Surveys
from ivr.store.callbacks import AnswerRow, InterviewRow, SurveyRow
from ivr.store.database import Row
from ivr.web.access import SERVICE, Role, user_of
from ivr.web.audit import audit
from ivr.web.openapi import ApiModel, Args, Nothing, api, routes_of

DAY_S = 86_400.0
MOST_ROWS = 500
NAME = 50
TITLE = 100

Part = Literal["due", "running", "done", "all"]


class QueueQuery(ApiModel):
    part: Part = "all"
    reason: Reason | None = None
    days: int = Field(7, ge=1, le=3660)
    limit: int = Field(100, ge=1, le=MOST_ROWS)
    offset: int = Field(0, ge=0, le=10_000_000)


class CallbackOut(ApiModel):
    """`due_at` is when it is or was due; `interview` the last talk, if there was one."""

    task: str
    reason: Reason
    request: str
    number: str  # of the request
    title: str
    department: str
    household: str
    due_at: float
    ready: bool  # its words are rendered
    lacking: str  # why they cannot be
    tries: int
    running: bool
    outcome: Outcome | None
    interview: str | None
    verdict: Verdict | None


class CallbackPage(ApiModel):
    total: int
    callbacks: list[CallbackOut]


class TalkOut(ApiModel):
    interview: InterviewRow
    answers: list[AnswerRow]


class CorrectionIn(ApiModel):
    choice: str = Field(min_length=1, max_length=NAME, description="code or label of the answer")
    note: str = Field("", max_length=500)


class RateOut(ApiModel):
    name: str
    asked: int
    satisfied: int
    share: float


class SatisfactionQuery(ApiModel):
    days: int = Field(180, ge=1, le=3660)


class SatisfactionOut(ApiModel):
    """Departments and kinds worst first."""

    goal: float
    reached: bool
    total: RateOut
    departments: list[RateOut]
    kinds: list[RateOut]
    months: list[RateOut]


class QuotaOut(ApiModel):
    month: str
    heard: int
    wanted: int
    samples: list[SurveyRow]
    last_survey: float | None
    survey_due: bool


class SurveyIn(ApiModel):
    title: str = Field(min_length=1, max_length=TITLE)
    scope: str = Field(EVERYBODY, min_length=1, max_length=500)


class SurveyOut(ApiModel):
    id: str
    title: str
    state: CampaignState
    homes: int
    left_out: dict[str, int]


class SurveyState(ApiModel):
    id: str
    title: str
    state: CampaignState


class ShareOut(ApiModel):
    choice: str
    label: str
    answers: int


class SurveyResults(ApiModel):
    """Step of the script → its answers, most given first."""

    steps: dict[str, list[ShareOut]]


def routes() -> list[web.RouteDef]:
    return routes_of(__name__)


def book(request: web.Request) -> Callbacks:
    return request.app[SERVICE].callbacks


def surveys(request: web.Request) -> Surveys:
    return request.app[SERVICE].surveys


@api(
    "GET",
    "/api/v1/callbacks",
    summary="Who is to be asked, is being asked, was asked",
    query=QueueQuery,
    returns=CallbackPage,
    role=Role.CLERK,
)
async def queue(request: web.Request, args: Args[QueueQuery, Nothing]) -> CallbackPage:
    asked = args.query
    rows = await book(request).tables.queue(
        asked.part, reason=asked.reason, since=time.time() - asked.days * DAY_S,
        limit=asked.limit, offset=asked.offset,
    )  # fmt: skip
    total = int(rows[0]["total"]) if rows else 0
    return CallbackPage(total=total, callbacks=[_callback(row) for row in rows])


def _callback(row: Row) -> CallbackOut:
    return CallbackOut(
        task=row["task"],
        reason=Reason(row["reason"]),
        request=row["request"],
        number=row["number"] or "",
        title=row["title"] or "",
        department=row["department"] or "",
        household=row["household"],
        due_at=row["due_at"],
        ready=row["ready_at"] is not None,
        lacking=row["lacking"],
        tries=row["tries"],
        running=bool(row["attempt"]),
        outcome=None if row["outcome"] is None else Outcome(row["outcome"]),
        interview=row["interview"],
        verdict=Verdict(row["verdict"]) if row["verdict"] else None,
    )


@api(
    "GET",
    "/api/v1/callbacks/quota",
    summary="Households heard this month, and how the others were drawn",
    returns=QuotaOut,
    role=Role.CLERK,
)
async def quota(request: web.Request, _args: Args[Nothing, Nothing]) -> QuotaOut:
    found = await surveys(request).quota(time.time())
    return QuotaOut.model_validate(found)


@api(
    "GET",
    "/api/v1/callbacks/satisfaction",
    summary="Satisfaction by department, kind and month, worst first",
    query=SatisfactionQuery,
    returns=SatisfactionOut,
    role=Role.SUPERVISOR,
)
async def rates(request: web.Request, args: Args[SatisfactionQuery, Nothing]) -> SatisfactionOut:
    return SatisfactionOut.model_validate(await figures(request, args.query.days))


async def figures(request: web.Request, days: int) -> satisfaction.Figures:
    """Of the last `days`."""
    settings, now = request.app[SERVICE].settings, time.time()
    rows = await book(request).tables.judged(now - days * DAY_S, now)
    return satisfaction.figures(rows, settings.callbacks.goal, settings.site.zone)


@api(
    "GET",
    "/api/v1/callbacks/talks/{id}",
    summary="A talk and every answer in it",
    returns=TalkOut,
    role=Role.CLERK,
)
async def talk(request: web.Request, args: Args[Nothing, Nothing]) -> TalkOut:
    return _talk(await _known(request, args.path["id"]))


async def _known(request: web.Request, name: str) -> Talked:
    try:
        return await book(request).talked(name)
    except UserError as error:
        raise web.HTTPNotFound(reason="there is no such talk") from error


def _talk(found: Talked) -> TalkOut:
    return TalkOut(interview=found.interview, answers=list(found.answers))


@api(
    "GET",
    "/api/v1/callbacks/answers/{id}/recording",
    summary="What was said to a question",
    returns="audio/wav",
    role=Role.SUPERVISOR,
)
async def listen(request: web.Request, args: Args[Nothing, Nothing]) -> web.StreamResponse:
    """Ranges are answered with 206. Every listen stands in the audit log."""
    try:
        answer = await book(request).tables.answer(args.path["id"])
        file = book(request).recording(answer)
    except UserError as error:
        raise web.HTTPNotFound(reason="there is no recording of this answer") from error
    if not request.headers.get("Range", "bytes=0-").startswith("bytes=0-"):
        return web.FileResponse(file, headers=_PRIVATE)  # the player goes on with one listen
    await audit(request, "answer.listen", answer.id)
    return web.FileResponse(file, headers=_PRIVATE)


_PRIVATE = {"Content-Type": "audio/wav", "Cache-Control": "private, no-store"}


@api(
    "POST",
    "/api/v1/callbacks/answers/{id}/correction",
    summary="What a person made of an answer, kept beside the machine's",
    body=CorrectionIn,
    returns=TalkOut,
    role=Role.SUPERVISOR,
)
async def correct(request: web.Request, args: Args[Nothing, CorrectionIn]) -> TalkOut:
    try:
        answer = await book(request).tables.answer(args.path["id"])
    except UserError as error:
        raise web.HTTPNotFound(reason="there is no such answer") from error
    by = user_of(request).name
    found = await book(request).correct(answer.id, args.body.choice, by=by, note=args.body.note)
    await audit(request, "answer.correct", answer.id, detail=args.body.choice)
    return _talk(found)


@api(
    "POST",
    "/api/v1/surveys",
    summary="A new survey; a step begins it",
    body=SurveyIn,
    returns=SurveyOut,
    role=Role.SUPERVISOR,
    status=201,
)
async def open_survey(request: web.Request, args: Args[Nothing, SurveyIn]) -> SurveyOut:
    by = user_of(request).name
    opened = await surveys(request).open(args.body.title, by=by, scope=args.body.scope)
    await audit(request, "survey.create", opened.campaign.id, detail=opened.campaign.title)
    return SurveyOut(
        id=opened.campaign.id,
        title=opened.campaign.title,
        state=opened.campaign.state,
        homes=opened.homes,
        left_out=opened.left_out,
    )


@api(
    "POST",
    "/api/v1/surveys/{id}/{step}",
    summary="approve, start, pause or cancel a survey",
    returns=SurveyState,
    role=Role.SUPERVISOR,
)
async def step(request: web.Request, args: Args[Nothing, Nothing]) -> SurveyState:
    campaign = await move(request, args.path["id"], args.path["step"])
    return SurveyState(id=campaign.id, title=campaign.title, state=campaign.state)


async def move(request: web.Request, name: str, step_: str) -> SurveyState:
    """Bring a survey on by one step. Raises HTTPNotFound for what is none."""
    of = surveys(request)
    try:
        campaign = await of.get(name)
    except UserError as error:
        raise web.HTTPNotFound(reason="there is no such survey") from error
    match step_:
        case "approve":
            campaign = await of.approve(campaign.id, user_of(request).name)
        case "start":
            campaign = await of.start(campaign.id)
        case "pause":
            campaign = await of.pause(campaign.id)
        case "cancel":
            campaign = await of.cancel(campaign.id)
        case _:
            raise web.HTTPNotFound(reason="a survey has no such step")
    await audit(request, f"survey.{step_}", campaign.id, detail=campaign.title)
    return SurveyState(id=campaign.id, title=campaign.title, state=campaign.state)


@api(
    "GET",
    "/api/v1/surveys/{id}/results",
    summary="What a survey came to, question by question",
    returns=SurveyResults,
    role=Role.CLERK,
)
async def results(request: web.Request, args: Args[Nothing, Nothing]) -> SurveyResults:
    try:
        campaign = await surveys(request).get(args.path["id"])
    except UserError as error:
        raise web.HTTPNotFound(reason="there is no such survey") from error
    rows = await book(request).tables.results(campaign.id)
    found = satisfaction.by_step(rows)
    return SurveyResults(
        steps={
            name: [ShareOut.model_validate(share) for share in shares]
            for name, shares in found.items()
        }
    )
