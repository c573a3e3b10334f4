"""The clerk's page (我的来电): the caller's card, the record to fill in, what is left to do."""

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiohttp import web
from pydantic import Field

from ivr.desk.departments import departments
from ivr.desk.intake import TEXT_LENGTH, TITLE_LENGTH, Draft
from ivr.desk.request import (
    KIND_WORDS,
    SEVERITY_WORDS,
    STATE_WORDS,
    Request,
    RequestKind,
    Severity,
)
from ivr.errors import UserError
from ivr.outbound.click import call_from
from ivr.service import Service
from ivr.store.calls import CallRow
from ivr.store.search import CallFilter
from ivr.store.worklist import Entry
from ivr.web.access import SERVICE, Role, User, needs, user_of
from ivr.web.audit import audit
from ivr.web.board import LIVE
from ivr.web.callers import Caller, described
from ivr.web.card import Card, card
from ivr.web.forms import Form, FormModel, Text, read_form
from ivr.web.i18n import N_
from ivr.web.i18n import gettext as _
from ivr.web.openapi import ApiModel, Args, Nothing, api, routes_of
from ivr.web.render import fragment, page

UNFILLED = 20  # calls without a record that are listed, and how many are looked at
UNFILLED_SOUGHT = 200
UNFILLED_DAYS = 7.0
INTENT_LENGTH = 30
NOTE_LENGTH = 2000

INTENTS = (
    N_("报修"),
    N_("投诉"),
    N_("有偿服务"),
    N_("建议"),
    N_("求助"),
    N_("咨询"),
    N_("访客放行"),
    N_("缴费"),
    N_("打错"),
)
"""What calls are about, as it is kept; the clerk may write another word."""

PROMISES_MIN = (30, 60, 120, 240)


class RecordForm(FormModel):
    """`other` is the clerk's own word where none of INTENTS fits."""

    intent: str = Field("", max_length=INTENT_LENGTH)
    other: str = Field("", max_length=INTENT_LENGTH)
    note: str = Field("", max_length=NOTE_LENGTH)


class RequestForm(FormModel):
    kind: RequestKind
    severity: Severity = Severity.NORMAL
    title: Text = Field(max_length=TITLE_LENGTH)
    detail: str = Field("", max_length=TEXT_LENGTH)
    home: str = Field("", max_length=50)
    contact: str = Field("", max_length=50)
    department: str = Field("", max_length=50)
    promised: datetime | None = None  # of the site's zone, as a browser writes it


def routes() -> list[web.RouteDef]:
    return [
        web.get("/desk", desk),
        web.get("/desk/todo", todo),
        web.get("/desk/calls/{id}", caller_card),
        web.post("/desk/calls/{id}/record", save_record),
        web.post("/desk/calls/{id}/request", make_request),
        *routes_of(__name__),
    ]


# --- the page ------------------------------------------------------------------


@needs(Role.CLERK, machine=False)
async def desk(request: web.Request) -> web.StreamResponse:
    """`?call=…` opens that call's card."""
    service, user = request.app[SERVICE], user_of(request)
    rings = service.settings.rings
    return await page(
        request,
        "card/desk.html",
        title=_("我的来电"),
        todo=await _todo(service, user),
        opened=request.query.get("call", ""),
        words=_words(),
        rule={"max": rings.max_rings, "cadence_s": rings.ring_cadence_s},
    )


@needs(Role.CLERK, machine=False)
async def todo(request: web.Request) -> web.StreamResponse:
    found = await _todo(request.app[SERVICE], user_of(request))
    return await fragment(request, "card/todo.html", todo=found)


@dataclass(frozen=True, slots=True)
class Todo:
    """What is left to do: `callers` are the owners behind the numbers."""

    worklist: list[Entry]
    unfilled: list[CallRow]
    unfilled_total: int
    callers: dict[str, Caller]


async def _todo(service: Service, user: User) -> Todo:
    """Everybody's worklist; the clerk's own calls without a record, newest first."""
    worklist = await service.worklist.entries()
    unfilled: list[CallRow] = []
    if user.ext:
        since = time.time() - UNFILLED_DAYS * 86_400
        wanted = CallFilter(staff=user.ext, unfilled=True, since=since, limit=UNFILLED_SOUGHT)
        found = await service.calls.find(wanted)
        # its phone may have rung only
        unfilled = [row for row in found.rows if row.answered_ext == user.ext]
    total = len(unfilled)
    unfilled = unfilled[:UNFILLED]
    every = {entry.number for entry in worklist} | {row.caller for row in unfilled}
    owners = service.owners
    callers = {number: described(await owners.by_number(number)) for number in every}
    known = {number: caller for number, caller in callers.items() if caller is not None}
    return Todo(worklist, unfilled, total, known)


def _words() -> dict[str, object]:
    return {
        "stage": {
            "calm": _("接入中"),
            "ringing": _("振铃"),
            "risk": _("将超时"),
            "breach": _("超时"),
        },
        "phone": {
            "idle": _("空闲"),
            "ringing": _("振铃"),
            "talking": _("通话"),
            "offline": _("离线"),
            "unknown": _("未知"),
        },
        "held": _("保持"),
        "talking": _("通话中"),
        "over": _("通话已结束"),
        "elsewhere": _("已由 %s 接起"),
        "dialling": _("呼出中"),
        "failed": _("没有办成，请再试一次"),
        "transferred": _("正在转接 %s，业主先听到“请稍等”"),
        "calling": _("请拿起您的话机，接起后自动拨出"),
        "done": _("已办结"),
    }


@needs(Role.CLERK, machine=False)
async def caller_card(request: web.Request) -> web.StreamResponse:
    found = await _card(request)
    return await _show(request, found, _record_of(found), _request_of(found))


async def _card(request: web.Request) -> Card:
    return await card(request.app[SERVICE], request.app[LIVE].call, request.match_info["id"])


async def _show(
    request: web.Request,
    found: Card,
    record: Form[RecordForm],
    ask: Form[RequestForm],
    *,
    template: str = "card/card.html",
    status: int = 200,
    saved: bool = False,
    made: Request | None = None,
) -> web.Response:
    """A piece for the page, or the card by itself (a link, a browser without JavaScript)."""
    settings = request.app[SERVICE].settings
    user = user_of(request)
    context: dict[str, Any] = {
        "card": found,
        "record": record,
        "ask": ask,
        "saved": saved,
        "made": made,
        "intents": [(word, _(word)) for word in INTENTS],
        "kinds": [(kind.value, _(word)) for kind, word in KIND_WORDS.items()],
        "severities": [(each.value, _(word)) for each, word in SEVERITY_WORDS.items()],
        "departments": [each.name for each in departments(settings)],
        "phones": [each for each in settings.phones if each.ext != user.ext and not each.outside],
        "promises": PROMISES_MIN,
        "STATE_WORDS": STATE_WORDS,
    }
    if request.headers.get("HX-Request"):
        return await fragment(request, template, status=status, **context)
    return await page(request, "card/alone.html", title=_("来电"), status=status, **context)


def _record_of(found: Card) -> Form[RecordForm]:
    usual = found.intent in INTENTS
    return Form(
        values={
            "intent": found.intent if usual else "",
            "other": "" if usual else found.intent,
            "note": found.note,
        }
    )


def _request_of(found: Card) -> Form[RequestForm]:
    """What is known already stands in the form."""
    contact = found.caller.address if found.caller else ""
    return Form(values={"home": found.home, "contact": contact, "severity": Severity.NORMAL.value})


@needs(Role.CLERK, machine=False)
async def save_record(request: web.Request) -> web.StreamResponse:
    form = await read_form(request, RecordForm)
    given = form.value
    if given is not None and not (given.other or given.intent):
        form.refuse("intent", _("请选一个来电事由，或者写一个"))
    elif given is not None:
        await _record(request, request.match_info["id"], given.other or given.intent, given.note)
    found = await _card(request)
    saved = form.value is not None
    return await _show(
        request,
        found,
        form,
        _request_of(found),
        template="card/record.html",
        status=200 if saved else 422,
        saved=saved,
    )


async def _record(request: web.Request, call_id: str, intent: str, note: str) -> None:
    service, user = request.app[SERVICE], user_of(request)
    live = request.app[LIVE]
    call = live.call(call_id)
    known = call.call_id if call else (await service.calls.get(call_id)).call_id
    await service.calls.set_record(known, intent=intent, note=note, by=user.name, at=time.time())
    await audit(request, "call.record", known, detail=intent)
    live.recount()


@needs(Role.CLERK, machine=False)
async def make_request(request: web.Request) -> web.StreamResponse:
    form = await read_form(request, RequestForm)
    found = await _card(request)
    made: Request | None = None
    if form.value is not None:
        try:
            made = await _make(request, found, form.value)
        except UserError as error:
            form.refuse("", error)
    if made is not None:
        found = await _card(request)
        form = _request_of(found)
    return await _show(
        request, found, _record_of(found), form, template="card/request.html",
        status=422 if made is None else 200, made=made,
    )  # fmt: skip


async def _make(request: web.Request, found: Card, asked: RequestForm) -> Request:
    service, user = request.app[SERVICE], user_of(request)
    zone = service.settings.site.zone
    promised = asked.promised
    made = await service.requests.create(
        Draft(
            kind=asked.kind,
            severity=asked.severity,
            title=asked.title,
            detail=asked.detail,
            home=asked.home,
            owner=found.owners[0].id if len(found.owners) == 1 else "",
            contact=asked.contact,
            phone=found.number,
            department=asked.department,
            keeper=user.name,
            call=found.call_id,
            promised_at=None if promised is None else promised.replace(tzinfo=zone).timestamp(),
        ),
        by=user.name,
        now=time.time(),
    )
    await audit(request, "request.create", made.number, detail=made.title)
    request.app[LIVE].recount()
    return made


# --- for programs, and for the page's buttons -----------------------------------


class RecordIn(ApiModel):
    intent: str = Field(min_length=1, max_length=INTENT_LENGTH)
    note: str = Field("", max_length=NOTE_LENGTH)


@api(
    "POST",
    "/api/v1/calls/{id}/record",
    summary="Write what a call was for",
    body=RecordIn,
    returns=None,
    role=Role.CLERK,
)
async def record(request: web.Request, args: Args[Nothing, RecordIn]) -> None:
    """`id` is the call's row or Asterisk's id. A call that goes on may have its record
    already; it is kept until the row is there."""
    await _record(request, args.path["id"], args.body.intent.strip(), args.body.note.strip())


class DoneIn(ApiModel):
    note: str = Field("", max_length=NOTE_LENGTH)


@api(
    "POST",
    "/api/v1/worklist/{id}/done",
    summary="Somebody has phoned them back",
    body=DoneIn,
    returns=None,
    role=Role.CLERK,
)
async def worklist_done(request: web.Request, args: Args[Nothing, DoneIn]) -> None:
    worklist = request.app[SERVICE].worklist
    entry = await worklist.get(args.path["id"])
    await worklist.done(entry, at=time.time(), by=user_of(request).name, note=args.body.note)
    await audit(request, "worklist.done", entry.id, detail=args.body.note)
    request.app[LIVE].recount()


class DialIn(ApiModel):
    """`entry` is one of the worklist; otherwise `number`. `ext` rings first: by default
    the user's own phone."""

    entry: str = ""
    number: str = Field("", max_length=40)
    ext: str = ""


class DialOut(ApiModel):
    ext: str


@api(
    "POST",
    "/api/v1/dial",
    summary="Ring a phone of ours, then connect it to a number",
    body=DialIn,
    returns=DialOut,
    role=Role.CLERK,
    status=202,
)
async def dial(request: web.Request, args: Args[Nothing, DialIn]) -> DialOut:
    """Only numbers of outgoing.allow. An answered call closes its worklist entry by itself."""
    service, user = request.app[SERVICE], user_of(request)
    asked = args.body
    if bool(asked.entry) == bool(asked.number):
        raise UserError("Say either the number or the worklist entry to call")
    number = asked.number or (await service.worklist.get(asked.entry)).number
    ext = asked.ext or user.ext
    await call_from(service.settings, service.switch, ext, number)
    await audit(request, "call.dial", asked.entry, detail=ext)
    return DialOut(ext=ext)
