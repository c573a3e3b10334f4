"""The page of a new outage notice: its form, the preview, the message to listen to, the start."""

from datetime import datetime, timedelta

from aiohttp import web
from pydantic import Field

from ivr.errors import UserError
from ivr.outbound import when
from ivr.outbound.model import Urgency
from ivr.outbound.notice import Notice, NoticeKind, common_causes
from ivr.outbound.notice_plan import Plan
from ivr.web import notice_steps as steps
from ivr.web import notice_words as words
from ivr.web.access import SERVICE, Role, needs
from ivr.web.forms import Form, FormModel, Text, empty, read_form
from ivr.web.i18n import gettext as _
from ivr.web.notice_steps import DESK
from ivr.web.render import page

LEFT_OUT_SHOWN = 50


class NoticeForm(FormModel):
    """Times as `<input type="datetime-local">` sends them, or as a person types them."""

    kind: NoticeKind = NoticeKind.WATER
    scope: Text = Field(max_length=500)
    cause: str = Field("", max_length=2000)
    text: str = Field("", max_length=2000)
    begin: Text
    end: Text
    urgency: Urgency = Urgency.URGENT
    not_before: str = ""
    outside_window: bool = False


def routes() -> list[web.RouteDef]:
    return [
        web.get("/notices/new", show_form),
        web.post("/notices/new", take_form),
        web.get("/notices/listen", listen),
    ]


@needs(Role.CLERK)
async def show_form(request: web.Request) -> web.StreamResponse:
    now = request.app[DESK].now()
    begin = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=2)
    form: Form[NoticeForm] = empty(
        NoticeForm(scope="?", begin=typed(begin), end=typed(begin + timedelta(hours=4)))
    )
    form.values["scope"] = ""
    return await _form(request, form)


@needs(Role.CLERK)
async def take_form(request: web.Request) -> web.StreamResponse:
    """`do` is preview, save, or start (save, and begin once it is spoken)."""
    form = await read_form(request, NoticeForm)
    plan = None
    if form.value is not None:
        try:
            plan = await _plan(request, form.value)
        except UserError as error:
            form.refuse(getattr(error, "field", ""), words.sentence(error))
    if plan is None:
        return await _form(request, form, status=422)
    do = form.text("do")
    if do in ("save", "start"):
        campaign = await steps.create(request, plan, start=do == "start")
        raise web.HTTPSeeOther(f"/notices/{campaign.id}#head")
    return await _form(request, form, plan)


async def _plan(request: web.Request, given: NoticeForm) -> Plan:
    desk = request.app[DESK]
    now = desk.now()
    begin = when.parse(given.begin, now)
    notice = Notice(
        id="",
        kind=given.kind,
        scope=given.scope,
        cause=given.cause,
        begin=begin,
        end=when.parse(given.end, now, after=begin),
        urgency=given.urgency,
        text=given.text,
    )
    return await desk.notices.plan(
        notice,
        now,
        by=steps.who(request),
        outside_window=given.outside_window,
        not_before=when.parse(given.not_before, now) if given.not_before else None,
    )


async def _form(
    request: web.Request, form: Form[NoticeForm], plan: Plan | None = None, status: int = 200
) -> web.StreamResponse:
    desk = request.app[DESK]
    dialer = desk.settings.dialer
    return await page(
        request,
        "notices/new.html",
        title=_("新通知"),
        status=status,
        form=form,
        plan=plan,
        texts=desk.texts(plan) if plan else [],
        minutes=plan.minutes(dialer.lines, dialer.pace) if plan else 0,
        dialer=dialer,
        ahead_h=desk.settings.notices.written_ahead_h,
        buildings=await request.app[SERVICE].owners.buildings(),
        causes=common_causes(),
        left_out_shown=LEFT_OUT_SHOWN,
        asked={name: value for name, value in form.values.items() if name != "do"},
        words=words,
    )


def typed(at: datetime) -> str:
    """As `<input type="datetime-local">` has it."""
    return f"{at:%Y-%m-%dT%H:%M}"


@needs(Role.CLERK)
async def listen(request: web.Request) -> web.StreamResponse:
    """The message of a form that is not kept yet: the form's fields in the query."""
    query = {name: value for name, value in request.query.items() if value != ""}
    try:
        given = NoticeForm.model_validate(query)
        plan = await _plan(request, given)
    except (ValueError, UserError):
        raise web.HTTPNotFound(reason="There is no such notice") from None
    return await _sound(request, plan)


async def _sound(request: web.Request, plan: Plan) -> web.StreamResponse:
    text = request.query.get("sample", "0")
    number = int(text) if text.isdecimal() and len(text) < 4 else 0
    return web.FileResponse(await request.app[DESK].sample(plan, number))
