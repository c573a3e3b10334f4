"""The pages of outage notices: the list, one as it runs, and on paper."""

import asyncio
import tempfile
from collections.abc import Awaitable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from aiohttp import web
from pydantic import Field

from ivr.calls import listing
from ivr.desk.home import Home, natural
from ivr.errors import UserError
from ivr.outbound import results, when
from ivr.outbound.ledger import Progress, Story
from ivr.outbound.messages import listener
from ivr.outbound.model import Campaign, CampaignState, Outcome, Task
from ivr.outbound.notice import Listener, Phase, Place, body
from ivr.outbound.notice_plan import KIND
from ivr.outbound.notices import REACHED
from ivr.web import notice_form
from ivr.web import notice_steps as steps
from ivr.web import notice_words as words
from ivr.web.access import Role, needs
from ivr.web.audit import audit
from ivr.web.forms import FormModel, Text, read_form
from ivr.web.i18n import gettext as _
from ivr.web.notice_form import typed
from ivr.web.notice_steps import DESK, SPEAKING
from ivr.web.owners import number_shown
from ivr.web.render import fragment, page

PAGE_ROWS = 50
OPEN = "open"  # not told yet, among the results that can be listed
SHOWN = 100  # notices in the list
WRITTEN_DAYS = 30  # seen from so long before, a day is a date and not 明天
EXPORTS = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
}
OVER = (CampaignState.DONE, CampaignState.CANCELLED)


class EndForm(FormModel):
    end: Text


class SignedForm(FormModel):
    homes: list[Text] = Field(min_length=1, max_length=1000)


STEPS = {
    "start": steps.start,
    "pause": steps.pause,
    "cancel": steps.cancel,
    "off": steps.off,
}


class Bar(NamedTuple):
    """One part of a notice's bar; shares in percent."""

    state: str  # the class that colours it
    words: str
    homes: int
    begin: float
    share: float


def set_up(app: web.Application) -> None:
    steps.set_up(app)


def routes() -> list[web.RouteDef]:
    return [
        web.get("/notices", show_all),
        *notice_form.routes(),
        web.get("/notices/{id}", show_one),
        web.get("/notices/{id}/sign", sign_list),
        web.get("/notices/{id}/results.{ending:xlsx|csv}", export),
        web.post("/notices/{id}/approve", approve),
        web.post("/notices/{id}/{step:start|pause|cancel|off}", take_step),
        web.post("/notices/{id}/restored", restored),
        web.post("/notices/{id}/extend", extend),
        web.post("/notices/{id}/signed", signed),
    ]


# --- the list --------------------------------------------------------------------


@needs(Role.CLERK)
async def show_all(request: web.Request) -> web.StreamResponse:
    desk, speaking = request.app[DESK], request.app[SPEAKING]
    campaigns = [each for each in await desk.ledger.campaigns() if each.kind == KIND]
    rows = []
    for campaign in reversed(campaigns[-SHOWN:]):
        progress = await desk.ledger.progress(campaign.id)
        notice, _place = await desk.notices.notice(campaign)
        rows.append((campaign, notice, progress, bars(progress), speaking.of(campaign.id)))
    moving = any(each.state is CampaignState.RUNNING or job for each, *_, job in rows)
    return await page(
        request,
        "notices/list.html",
        title=_("通知"),
        rows=rows,
        total=len(campaigns),
        moving=moving,
        words=words,
    )


def bars(progress: Progress) -> list[Bar]:
    """Told, not reached, on the phone, still to be told; without who never was to be told."""
    counts = {"done": 0, "risk": 0}
    for outcome, count in progress.outcomes.items():
        if outcome not in words.NEVER_MEANT:
            counts[words.outcome_class(outcome)] += count
    parts = [
        ("done", _("已通知"), counts["done"]),
        ("risk", _("未通知到"), counts["risk"]),
        ("ringing", _("通话中"), progress.live),
        ("calm", _("待呼叫"), progress.open - progress.live),
    ]
    total = sum(count for _state, _words, count in parts)
    found, at = [], 0.0
    for state, said, count in parts:
        share = 100 * count / total if total else 0.0
        found.append(Bar(state, said, count, round(at, 2), round(share, 2)))
        at += share
    return found


# --- one -------------------------------------------------------------------------


@needs(Role.CLERK)
async def show_one(request: web.Request) -> web.StreamResponse:
    campaign = await steps.of(request, request.match_info["id"])
    return await _one(request, campaign)


async def _one(
    request: web.Request, campaign: Campaign, *, problem: str = "", status: int = 200
) -> web.StreamResponse:
    context = await _context(request, campaign)
    live = "live" in request.query and request.method == "GET"
    if live:  # what notices.js puts in the place of what has changed
        return await fragment(request, "notices/live.html", **context)
    desk = request.app[DESK]
    plan = await desk.plan_of(campaign)
    return await page(
        request,
        "notices/one.html",
        title=campaign.title,
        status=status,
        problem=problem,
        texts=desk.texts(plan if plan.samples else plan.reopened()),
        **context,
    )


async def _context(request: web.Request, campaign: Campaign) -> Mapping[str, Any]:
    desk = request.app[DESK]
    notice, _place = await desk.notices.notice(campaign)
    progress = await desk.ledger.progress(campaign.id)
    outcome = _outcome(request.query.get("outcome", ""))
    number = request.query.get("page", "1")
    at = max(1, int(number)) if number.isdecimal() and len(number) < 6 else 1
    tasks = sorted(await desk.ledger.tasks(campaign.id), key=_in_order)
    if outcome == OPEN:
        tasks = [task for task in tasks if task.outcome is None]
    elif outcome is not None:
        tasks = [task for task in tasks if task.outcome == outcome]
    total = len(tasks)
    stories = await desk.ledger.stories_of(tasks[(at - 1) * PAGE_ROWS : at * PAGE_ROWS])
    show = number_shown(request)
    return {
        "campaign": campaign,
        "notice": notice,
        "progress": progress,
        "end_typed": typed(notice.end),
        "bars": bars(progress),
        "job": request.app[SPEAKING].of(campaign.id),
        "rows": [(story, listener(story.task.subject), _number(story, show)) for story in stories],
        "outcome": outcome,
        "total": total,
        "at": at,
        "pages": -(-total // PAGE_ROWS),
        "reached": any(each in REACHED for each in progress.outcomes),
        "over": campaign.state in OVER,
        "is_told": notice.phase in (Phase.OUTAGE, Phase.CHANGED),
        "mine": campaign.created_by == steps.who(request),
        "words": words,
    }


def _outcome(text: str) -> str | None:
    """A result to be listed alone; OPEN is whoever is still to be told."""
    return text if text in {OPEN, *(each.value for each in Outcome)} else None


def _in_order(task: Task) -> tuple[list[tuple[int, str]], ...]:
    """Homes as people count them."""
    who = listener(task.subject)
    return natural(Home(who.building, who.unit, who.room))


def _number(story: Story, show: listing.Show) -> str:
    if story.attempts:
        return show(story.attempts[-1].number)
    return show(story.task.numbers[0]) if story.task.numbers else ""


@needs(Role.SUPERVISOR)
async def approve(request: web.Request) -> web.StreamResponse:
    campaign = await steps.of(request, request.match_info["id"])
    return await _after(request, campaign, steps.approve(request, campaign))


@needs(Role.CLERK)
async def take_step(request: web.Request) -> web.StreamResponse:
    campaign = await steps.of(request, request.match_info["id"])
    return await _after(request, campaign, STEPS[request.match_info["step"]](request, campaign))


@needs(Role.CLERK)
async def restored(request: web.Request) -> web.StreamResponse:
    """Leads to the follow-up."""
    campaign = await steps.of(request, request.match_info["id"])
    return await _after(request, campaign, steps.restored(request, campaign))


@needs(Role.CLERK)
async def extend(request: web.Request) -> web.StreamResponse:
    campaign = await steps.of(request, request.match_info["id"])
    form = await read_form(request, EndForm)
    if form.value is None:
        return await _one(request, campaign, problem=next(iter(form.errors.values())), status=422)
    notice, _place = await request.app[DESK].notices.notice(campaign)
    try:
        end = when.parse(form.value.end, request.app[DESK].now(), after=notice.begin)
    except UserError as error:
        return await _one(request, campaign, problem=words.sentence(error), status=422)
    return await _after(request, campaign, steps.extend(request, campaign, end))


@needs(Role.CLERK)
async def signed(request: web.Request) -> web.StreamResponse:
    campaign = await steps.of(request, request.match_info["id"])
    form = await read_form(request, SignedForm)
    homes = [] if form.value is None else form.value.homes
    return await _after(request, campaign, steps.signed(request, campaign, homes))


async def _after(
    request: web.Request, campaign: Campaign, step: Awaitable[object]
) -> web.StreamResponse:
    """Take the step and show the notice, or what was wrong above it."""
    try:
        result = await step
    except UserError as error:
        current = await request.app[DESK].ledger.campaign(campaign.id)
        return await _one(request, current, problem=words.sentence(error), status=422)
    shown = result.id if isinstance(result, Campaign) else campaign.id
    raise web.HTTPSeeOther(f"/notices/{shown}")


# --- on paper --------------------------------------------------------------------


@needs(Role.CLERK)
async def sign_list(request: web.Request) -> web.StreamResponse:
    """To be printed and signed home by home."""
    campaign = await steps.of(request, request.match_info["id"])
    desk = request.app[DESK]
    notice, place = await desk.notices.notice(campaign)
    tasks = sorted(await desk.ledger.tasks(campaign.id), key=_in_order)
    listeners = [(task.household, listener(task.subject)) for task in tasks]
    buildings = "、".join(dict.fromkeys(who.building for _home, who in listeners))
    return await page(
        request,
        "notices/sign.html",
        title=_("签收表"),
        campaign=campaign,
        text=body(
            notice,
            Listener("", buildings),
            place if place is Place.ALL else Place.BUILDING,
            notice.begin - timedelta(days=WRITTEN_DAYS),
        ),
        rows=listeners,
    )


@needs(Role.CLERK)
async def export(request: web.Request) -> web.StreamResponse:
    campaign = await steps.of(request, request.match_info["id"])
    ending = request.match_info["ending"]
    desk = request.app[DESK]
    stories = sorted(
        await desk.ledger.stories(campaign.id), key=lambda story: _in_order(story.task)
    )
    show = number_shown(request)

    def written() -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / f"results.{ending}"
            results.export(stories, file, desk.settings.site.zone, show=show)
            return file.read_bytes()

    data = await asyncio.to_thread(written)
    await audit(request, "notice.export", campaign.id, detail=campaign.title)
    name = quote(f"{campaign.title}.{ending}")
    return web.Response(
        body=data,
        headers={
            "Content-Type": EXPORTS[ending],
            "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
        },
    )
