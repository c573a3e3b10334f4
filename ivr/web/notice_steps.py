"""What can be done with a notice, by page or by program: one function for each step.

Each writes the audit log, has the dialer look at once, and speaks in the background.
"""

from datetime import datetime

from aiohttp import web

from ivr.desk import home
from ivr.errors import UserError
from ivr.outbound.messages import Progress
from ivr.outbound.model import Campaign
from ivr.outbound.notice import NoticeError
from ivr.outbound.notice_desk import NoticeDesk
from ivr.outbound.notice_plan import KIND, Plan
from ivr.outbound.notices import check_startable
from ivr.web.access import SERVICE, user_of
from ivr.web.audit import audit
from ivr.web.speaking import Speaking

DESK = web.AppKey("notice_desk", NoticeDesk)
SPEAKING = web.AppKey("speaking", Speaking)


def set_up(app: web.Application) -> None:
    service = app[SERVICE]
    outbound = service.outbound
    app[DESK] = NoticeDesk(service.settings, outbound.dialer.ledger, outbound.notices)
    app[SPEAKING] = Speaking()
    app.on_cleanup.append(_close)


async def _close(app: web.Application) -> None:
    await app[SPEAKING].close()


def who(request: web.Request) -> str:
    """Whoever asks, as a notice remembers them."""
    user = user_of(request)
    return user.name or user.login


async def of(request: web.Request, name: str) -> Campaign:
    """The notice of that id. Raises HTTPNotFound when there is none."""
    try:
        found = await request.app[DESK].ledger.campaign(name)
    except UserError:
        raise web.HTTPNotFound(reason="There is no such notice") from None
    if found.kind != KIND:
        raise web.HTTPNotFound(reason="There is no such notice")
    return found


async def create(request: web.Request, plan: Plan, *, start: bool = False) -> Campaign:
    """Keep it and speak it; with `start` it begins afterwards, if nobody else must agree."""
    desk = request.app[DESK]
    campaign = await desk.notices.create(plan)
    await audit(request, "notice.create", campaign.id, detail=campaign.title)
    if start and not plan.needs_approval:
        await _start(request, campaign)
    else:
        job = request.app[SPEAKING].begin(campaign.id, lambda p: desk.prepare(plan, p))
        await job.soon()
    return await desk.ledger.campaign(campaign.id)


async def approve(request: web.Request, campaign: Campaign) -> None:
    await request.app[DESK].notices.approve(campaign, who(request))
    await audit(request, "notice.approve", campaign.id, detail=campaign.title)


async def start(request: web.Request, campaign: Campaign) -> None:
    """Begin, or go on after a pause."""
    check_startable(campaign)
    await audit(request, "notice.start", campaign.id, detail=campaign.title)
    await _start(request, campaign)


async def _start(request: web.Request, campaign: Campaign) -> None:
    desk, dialer = request.app[DESK], request.app[SERVICE].outbound.dialer

    async def work(progress: Progress) -> None:
        await desk.start(campaign, progress)
        dialer.wake()

    await request.app[SPEAKING].begin(campaign.id, work).soon()


async def pause(request: web.Request, campaign: Campaign) -> None:
    await request.app[DESK].notices.pause(campaign)
    await audit(request, "notice.pause", campaign.id, detail=campaign.title)


async def cancel(request: web.Request, campaign: Campaign) -> None:
    """Phone nobody else."""
    desk = request.app[DESK]
    await desk.notices.cancel(campaign, desk.now())
    await audit(request, "notice.cancel", campaign.id, detail=campaign.title)


async def extend(request: web.Request, campaign: Campaign, end: datetime) -> None:
    """It lasts until `end`; those told are told again."""
    desk = request.app[DESK]
    changed = await desk.later(campaign, end)
    await audit(
        request, "notice.extend", campaign.id, detail=f"{campaign.title} → {end:%m-%d %H:%M}"
    )
    await (
        request.app[SPEAKING].begin(campaign.id, lambda p: desk.change(campaign, changed, p)).soon()
    )


async def off(request: web.Request, campaign: Campaign) -> None:
    """The outage will not be; those told are told so."""
    desk = request.app[DESK]
    changed = await desk.off(campaign)
    await audit(request, "notice.off", campaign.id, detail=campaign.title)
    await (
        request.app[SPEAKING].begin(campaign.id, lambda p: desk.change(campaign, changed, p)).soon()
    )


async def restored(request: web.Request, campaign: Campaign) -> Campaign:
    """已恢复: the follow-up to those who were reached."""
    desk = request.app[DESK]
    plan = await desk.notices.restored(campaign, desk.now(), who(request))
    follow_up = await desk.notices.create(plan)
    await audit(request, "notice.restored", campaign.id, detail=follow_up.title)
    await _start(request, follow_up)
    return await desk.ledger.campaign(follow_up.id)


async def signed(request: web.Request, campaign: Campaign, homes: list[str]) -> int:
    """These homes have signed the list and are not phoned."""
    try:
        wanted = [home.parse(text) for text in homes]
    except ValueError as error:
        raise NoticeError("homes", str(error), "房号写得不对，请写成 3-2-1201") from None
    desk = request.app[DESK]
    new = await desk.notices.signed(campaign, wanted, desk.now(), who(request))
    await audit(
        request, "notice.signed", campaign.id, detail=f"{campaign.title}: {'、'.join(homes)}"
    )
    return new
