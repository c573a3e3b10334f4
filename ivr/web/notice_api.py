"""Outage notices for programs: plan, keep, run, follow, results."""

from aiohttp import web
from pydantic import Field

from ivr.calls import listing
from ivr.outbound.ledger import Story
from ivr.outbound.messages import listener
from ivr.outbound.model import (
    AttemptState,
    Campaign,
    CampaignState,
    Outcome,
    Urgency,
)
from ivr.outbound.notice import Notice, NoticeKind, Phase
from ivr.outbound.notice_plan import KIND, Approval, Plan
from ivr.web import notice_steps as steps
from ivr.web.access import Role
from ivr.web.notice_steps import DESK, SPEAKING
from ivr.web.openapi import ApiModel, Args, Nothing, api, routes_of
from ivr.web.owners import number_shown

MOST = 1000
LATEST = 4e9  # epoch seconds: the year 2096


class NoticeIn(ApiModel):
    """An outage; times are seconds since the epoch."""

    kind: NoticeKind
    scope: str = Field(min_length=1, max_length=500, examples=["3栋、5栋2单元、3-2-1201"])
    cause: str = Field("", max_length=2000, examples=["供水管道抢修"])
    text: str = Field("", max_length=2000, description="what is done, for kind other")
    begin: float = Field(ge=0, le=LATEST)
    end: float = Field(ge=0, le=LATEST)
    urgency: Urgency = Urgency.URGENT
    not_before: float | None = Field(None, ge=0, le=LATEST, description="phone nobody earlier")
    outside_window: bool = False


class NoticeNew(NoticeIn):
    start: bool = Field(False, description="begin once it is spoken, if nobody else must agree")


class TextOut(ApiModel):
    """What is heard by one group of homes."""

    language: str
    care: bool
    text: str


class LeftOutOut(ApiModel):
    home: str
    why: Outcome
    words: str


class PlanOut(ApiModel):
    """The dry run: nothing was kept."""

    title: str
    households: int
    calls: int = Field(description="if everybody answers: homes share numbers")
    minutes: float = Field(description="for the lines at hand, if everybody answers")
    not_before: float
    not_after: float
    needs_approval: Approval
    short_notice: bool = Field(description="told in writing later than the rules want")
    texts: list[TextOut]
    left_out: list[LeftOutOut]


class ProgressOut(ApiModel):
    households: int
    open: int = Field(description="still to be told, `live` among them")
    live: int = Field(description="on the phone now")
    outcomes: dict[Outcome, int]


class SpeakingOut(ApiModel):
    """The voice at work, or why it failed."""

    done: float = Field(ge=0, le=1)
    error: str


class NoticeOut(ApiModel):
    id: str
    title: str
    kind: NoticeKind
    scope: str
    cause: str
    text: str
    phase: Phase
    begin: float
    end: float
    urgency: Urgency
    state: CampaignState
    not_before: float
    not_after: float
    outside_window: bool
    created_at: float
    created_by: str
    approved_by: str
    progress: ProgressOut
    speaking: SpeakingOut | None


class NoticesOut(ApiModel):
    notices: list[NoticeOut]


class AttemptOut(ApiModel):
    number: str
    state: AttemptState
    outcome: Outcome | None
    created_at: float
    answered_at: float | None
    ended_at: float | None
    keys: str
    note: str


class ResultOut(ApiModel):
    home: str
    address: str
    outcome: Outcome | None = Field(description="none while the household is still to be told")
    note: str
    attempts: list[AttemptOut]


class ResultsOut(ApiModel):
    total: int
    results: list[ResultOut]


class ListQuery(ApiModel):
    state: CampaignState | None = None
    limit: int = Field(100, ge=1, le=MOST)


class ResultsQuery(ApiModel):
    outcome: Outcome | None = None
    limit: int = Field(100, ge=1, le=MOST)
    offset: int = Field(0, ge=0, le=10_000_000)


class SampleQuery(ApiModel):
    sample: int = Field(0, ge=0, le=100, description="index into the texts of the plan")


class ExtendIn(ApiModel):
    end: float = Field(ge=0, le=LATEST)


class SignedIn(ApiModel):
    homes: list[str] = Field(min_length=1, max_length=MOST)


class SignedOut(ApiModel):
    new: int


def routes() -> list[web.RouteDef]:
    return routes_of(__name__)


# --- before ----------------------------------------------------------------------


async def _plan(request: web.Request, body: NoticeIn) -> Plan:
    desk = request.app[DESK]
    notice = Notice(
        id="",
        kind=body.kind,
        scope=body.scope,
        cause=body.cause,
        begin=desk.local(body.begin),
        end=desk.local(body.end),
        urgency=body.urgency,
        text=body.text,
    )
    return await desk.notices.plan(
        notice,
        desk.now(),
        by=steps.who(request),
        outside_window=body.outside_window,
        not_before=None if body.not_before is None else desk.local(body.not_before),
    )


@api(
    "POST",
    "/api/v1/notices/plan",
    summary="Dry run: who would be told what",
    body=NoticeIn,
    returns=PlanOut,
    role=Role.CLERK,
)
async def plan(request: web.Request, args: Args[Nothing, NoticeIn]) -> PlanOut:
    """Nothing is kept."""
    desk = request.app[DESK]
    made = await _plan(request, args.body)
    dialer = desk.settings.dialer
    return PlanOut(
        title=made.campaign.title,
        households=len(made.tasks),
        calls=made.numbers,
        minutes=made.minutes(dialer.lines, dialer.pace),
        not_before=made.campaign.not_before,
        not_after=made.campaign.not_after,
        needs_approval=made.needs_approval,
        short_notice=made.short_notice,
        texts=[
            TextOut(language=who.language, care=who.care, text=text)
            for who, text in desk.texts(made)
        ],
        left_out=[
            LeftOutOut(home=str(each.home), why=each.why, words=each.words)
            for each in made.left_out
        ],
    )


@api(
    "POST",
    "/api/v1/notices/preview.wav",
    summary="Hear a notice that is not kept yet",
    query=SampleQuery,
    body=NoticeIn,
    returns="audio/wav",
    role=Role.CLERK,
)
async def preview_new(
    request: web.Request, args: Args[SampleQuery, NoticeIn]
) -> web.StreamResponse:
    """Spoken at the first request, which takes a while."""
    made = await _plan(request, args.body)
    return web.FileResponse(await request.app[DESK].sample(made, args.query.sample))


@api(
    "POST",
    "/api/v1/notices",
    summary="Keep a notice, and start it if wished",
    body=NoticeNew,
    returns=NoticeOut,
    role=Role.CLERK,
    status=201,
)
async def create(request: web.Request, args: Args[Nothing, NoticeNew]) -> NoticeOut:
    """It is spoken in the background; state draft waits for a second person."""
    made = await _plan(request, args.body)
    return await _out(request, await steps.create(request, made, start=args.body.start))


# --- looking ---------------------------------------------------------------------


@api(
    "GET",
    "/api/v1/notices",
    summary="Notices, newest first",
    query=ListQuery,
    returns=NoticesOut,
    role=Role.CLERK,
)
async def list_all(request: web.Request, args: Args[ListQuery, Nothing]) -> NoticesOut:
    found = await request.app[DESK].ledger.campaigns(args.query.state)
    mine = [each for each in reversed(found) if each.kind == KIND][: args.query.limit]
    return NoticesOut(notices=[await _out(request, each) for each in mine])


@api("GET", "/api/v1/notices/{id}", summary="One notice", returns=NoticeOut, role=Role.CLERK)
async def one(request: web.Request, args: Args[Nothing, Nothing]) -> NoticeOut:
    return await _out(request, await steps.of(request, args.path["id"]))


@api(
    "GET",
    "/api/v1/notices/{id}/progress",
    summary="How far it is",
    returns=ProgressOut,
    role=Role.CLERK,
)
async def progress(request: web.Request, args: Args[Nothing, Nothing]) -> ProgressOut:
    return await _progress(request, await steps.of(request, args.path["id"]))


@api(
    "GET",
    "/api/v1/notices/{id}/results",
    summary="Every household's result",
    query=ResultsQuery,
    returns=ResultsOut,
    role=Role.CLERK,
)
async def results(request: web.Request, args: Args[ResultsQuery, Nothing]) -> ResultsOut:
    """Numbers are masked below the supervisor."""
    campaign = await steps.of(request, args.path["id"])
    ledger, wanted = request.app[DESK].ledger, args.query
    show = number_shown(request)
    counts = await ledger.progress(campaign.id)
    total = counts.total if wanted.outcome is None else counts.outcomes.get(wanted.outcome, 0)
    stories = await ledger.stories(campaign.id, wanted.outcome, wanted.limit, wanted.offset)
    return ResultsOut(total=total, results=[_result(each, show) for each in stories])


@api(
    "GET",
    "/api/v1/notices/{id}/preview.wav",
    summary="Hear a notice",
    query=SampleQuery,
    returns="audio/wav",
    role=Role.CLERK,
)
async def preview(request: web.Request, args: Args[SampleQuery, Nothing]) -> web.StreamResponse:
    desk = request.app[DESK]
    made = await desk.plan_of(await steps.of(request, args.path["id"]))
    return web.FileResponse(await desk.sample(made, args.query.sample))


# --- steering --------------------------------------------------------------------


@api(
    "POST",
    "/api/v1/notices/{id}/approve",
    summary="A second person agrees",
    returns=NoticeOut,
    role=Role.SUPERVISOR,
)
async def approve(request: web.Request, args: Args[Nothing, Nothing]) -> NoticeOut:
    campaign = await steps.of(request, args.path["id"])
    await steps.approve(request, campaign)
    return await _again(request, campaign)


@api(
    "POST",
    "/api/v1/notices/{id}/start",
    summary="Begin to phone",
    returns=NoticeOut,
    role=Role.CLERK,
    status=202,
)
async def start(request: web.Request, args: Args[Nothing, Nothing]) -> NoticeOut:
    """Runs once everything is spoken: see `speaking`."""
    campaign = await steps.of(request, args.path["id"])
    await steps.start(request, campaign)
    return await _again(request, campaign)


@api(
    "POST",
    "/api/v1/notices/{id}/pause",
    summary="Phone nobody else for now",
    returns=NoticeOut,
    role=Role.CLERK,
)
async def pause(request: web.Request, args: Args[Nothing, Nothing]) -> NoticeOut:
    """Calls in progress come to their end."""
    campaign = await steps.of(request, args.path["id"])
    await steps.pause(request, campaign)
    return await _again(request, campaign)


@api(
    "POST",
    "/api/v1/notices/{id}/resume",
    summary="Go on after a pause",
    returns=NoticeOut,
    role=Role.CLERK,
    status=202,
)
async def resume(request: web.Request, args: Args[Nothing, Nothing]) -> NoticeOut:
    campaign = await steps.of(request, args.path["id"])
    await steps.start(request, campaign)
    return await _again(request, campaign)


@api(
    "POST",
    "/api/v1/notices/{id}/cancel",
    summary="Phone nobody else, for good",
    returns=NoticeOut,
    role=Role.CLERK,
)
async def cancel(request: web.Request, args: Args[Nothing, Nothing]) -> NoticeOut:
    campaign = await steps.of(request, args.path["id"])
    await steps.cancel(request, campaign)
    return await _again(request, campaign)


@api(
    "POST",
    "/api/v1/notices/{id}/extend",
    summary="The outage lasts until another time",
    body=ExtendIn,
    returns=NoticeOut,
    role=Role.CLERK,
    status=202,
)
async def extend(request: web.Request, args: Args[Nothing, ExtendIn]) -> NoticeOut:
    """Those told are told again, the others hear the new time only."""
    campaign = await steps.of(request, args.path["id"])
    await steps.extend(request, campaign, request.app[DESK].local(args.body.end))
    return await _again(request, campaign)


@api(
    "POST",
    "/api/v1/notices/{id}/off",
    summary="The outage will not be",
    returns=NoticeOut,
    role=Role.CLERK,
    status=202,
)
async def off(request: web.Request, args: Args[Nothing, Nothing]) -> NoticeOut:
    """Those told are told so; nobody else is phoned."""
    campaign = await steps.of(request, args.path["id"])
    await steps.off(request, campaign)
    return await _again(request, campaign)


@api(
    "POST",
    "/api/v1/notices/{id}/restored",
    summary="It is restored: tell those who were reached",
    returns=NoticeOut,
    role=Role.CLERK,
    status=201,
)
async def restored(request: web.Request, args: Args[Nothing, Nothing]) -> NoticeOut:
    """Answers the new notice, which starts by itself."""
    campaign = await steps.of(request, args.path["id"])
    return await _out(request, await steps.restored(request, campaign))


@api(
    "POST",
    "/api/v1/notices/{id}/signed",
    summary="Homes that have signed the list and need no call",
    body=SignedIn,
    returns=SignedOut,
    role=Role.CLERK,
)
async def signed(request: web.Request, args: Args[Nothing, SignedIn]) -> SignedOut:
    campaign = await steps.of(request, args.path["id"])
    return SignedOut(new=await steps.signed(request, campaign, args.body.homes))


# --- what is answered ------------------------------------------------------------


async def _again(request: web.Request, campaign: Campaign) -> NoticeOut:
    return await _out(request, await request.app[DESK].ledger.campaign(campaign.id))


async def _out(request: web.Request, campaign: Campaign) -> NoticeOut:
    notice, _ = await request.app[DESK].notices.notice(campaign)
    job = request.app[SPEAKING].of(campaign.id)
    return NoticeOut(
        id=campaign.id,
        title=campaign.title,
        kind=notice.kind,
        scope=notice.scope,
        cause=notice.cause,
        text=notice.text,
        phase=notice.phase,
        begin=notice.begin.timestamp(),
        end=notice.end.timestamp(),
        urgency=campaign.urgency,
        state=campaign.state,
        not_before=campaign.not_before,
        not_after=campaign.not_after,
        outside_window=campaign.outside_window,
        created_at=campaign.created_at,
        created_by=campaign.created_by,
        approved_by=campaign.approved_by,
        progress=await _progress(request, campaign),
        speaking=None if job is None else SpeakingOut(done=job.done, error=str(job.error or "")),
    )


async def _progress(request: web.Request, campaign: Campaign) -> ProgressOut:
    found = await request.app[DESK].ledger.progress(campaign.id)
    return ProgressOut(
        households=found.total, open=found.open, live=found.live, outcomes=found.outcomes
    )


def _result(story: Story, show: listing.Show) -> ResultOut:
    return ResultOut(
        home=story.task.household,
        address=listener(story.task.subject).address,
        outcome=story.task.outcome,
        note=story.task.note,
        attempts=[
            AttemptOut(
                number=show(each.number),
                state=each.state,
                outcome=each.outcome,
                created_at=each.created_at,
                answered_at=each.answered_at,
                ended_at=each.ended_at,
                keys=each.keys,
                note=each.note,
            )
            for each in story.attempts
        ],
    )
