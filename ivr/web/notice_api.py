"""Outage notices for programs: plan, keep, run, follow, results."""

from collections.abc import Awaitable, Callable
from functools import wraps

from aiohttp import web

from ivr.calls import listing
from ivr.outbound.ledger import Story
from ivr.outbound.messages import listener
from ivr.outbound.model import Campaign
from ivr.outbound.notice import Notice
from ivr.outbound.notice_plan import KIND, Plan
from ivr.web import notice_steps as steps
from ivr.web.access import Handler, Role
from ivr.web.notice_models import (
    AttemptOut,
    ExtendIn,
    LeftOutOut,
    ListQuery,
    NoticeIn,
    NoticeNew,
    NoticeOut,
    NoticesOut,
    PlanOut,
    ProgressOut,
    ResultOut,
    ResultsOut,
    ResultsQuery,
    SampleQuery,
    SignedIn,
    SignedOut,
    SpeakingOut,
    TextOut,
)
from ivr.web.notice_steps import DESK, SPEAKING
from ivr.web.openapi import Args, B, Nothing, api, routes_of
from ivr.web.owners import number_shown


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

Take = Callable[[web.Request, Campaign, B], Awaitable[Campaign | None]]
"""What a step does. What it answers is shown to the caller; None: the same notice again."""


def _step(
    path: str,
    summary: str,
    *,
    body: type[B] = Nothing,  # type: ignore[assignment]
    role: Role = Role.CLERK,
    status: int | None = None,
) -> Callable[[Take[B]], Handler]:
    """Declare a step of the notice in `path`; answered is the notice as it is afterwards."""

    def declare(take: Take[B]) -> Handler:
        @wraps(take)
        async def given(request: web.Request, args: Args[Nothing, B]) -> NoticeOut:
            campaign = await steps.of(request, args.path["id"])
            other = await take(request, campaign, args.body)
            return await _out(
                request, other or await request.app[DESK].ledger.campaign(campaign.id)
            )

        return api(
            "POST", path, summary=summary, body=body, returns=NoticeOut, role=role, status=status
        )(given)

    return declare


@_step("/api/v1/notices/{id}/approve", "A second person agrees", role=Role.SUPERVISOR)
async def approve(request: web.Request, campaign: Campaign, _body: Nothing) -> None:
    await steps.approve(request, campaign)


@_step("/api/v1/notices/{id}/start", "Begin to phone", status=202)
async def start(request: web.Request, campaign: Campaign, _body: Nothing) -> None:
    """Runs once everything is spoken: see `speaking`."""
    await steps.start(request, campaign)


@_step("/api/v1/notices/{id}/pause", "Phone nobody else for now")
async def pause(request: web.Request, campaign: Campaign, _body: Nothing) -> None:
    """Calls in progress come to their end."""
    await steps.pause(request, campaign)


@_step("/api/v1/notices/{id}/resume", "Go on after a pause", status=202)
async def resume(request: web.Request, campaign: Campaign, _body: Nothing) -> None:
    await steps.start(request, campaign)


@_step("/api/v1/notices/{id}/cancel", "Phone nobody else, for good")
async def cancel(request: web.Request, campaign: Campaign, _body: Nothing) -> None:
    await steps.cancel(request, campaign)


@_step(
    "/api/v1/notices/{id}/extend",
    "The outage lasts until another time",
    body=ExtendIn,
    status=202,
)
async def extend(request: web.Request, campaign: Campaign, body: ExtendIn) -> None:
    """Those told are told again, the others hear the new time only."""
    await steps.extend(request, campaign, request.app[DESK].local(body.end))


@_step("/api/v1/notices/{id}/off", "The outage will not be", status=202)
async def off(request: web.Request, campaign: Campaign, _body: Nothing) -> None:
    """Those told are told so; nobody else is phoned."""
    await steps.off(request, campaign)


@_step(
    "/api/v1/notices/{id}/restored",
    "It is restored: tell those who were reached",
    status=201,
)
async def restored(request: web.Request, campaign: Campaign, _body: Nothing) -> Campaign:
    """Answers the new notice, which starts by itself."""
    return await steps.restored(request, campaign)


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
