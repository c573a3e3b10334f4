"""The pages of service requests (服务工作单): the list by limit, one request with its
history, and its steps."""

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web
from pydantic import Field

from ivr.desk.departments import departments
from ivr.desk.intake import TEXT_LENGTH, TITLE_LENGTH, Draft, for_owner
from ivr.desk.request import (
    KIND_WORDS,
    NEXT_STATES,
    WHAT_WORDS,
    Request,
    RequestKind,
    RequestState,
    Severity,
)
from ivr.desk.requests import ConflictError, Count, Requests
from ivr.errors import UserError
from ivr.outbound.callback import VERDICT_WORDS
from ivr.service import Service
from ivr.store.requests import RequestFilter
from ivr.web.access import SERVICE, Role, needs, shows, user_of
from ivr.web.audit import audit
from ivr.web.forms import Form, FormModel, Text, empty, read_form
from ivr.web.i18n import gettext as _
from ivr.web.render import page
from ivr.web.request_words import (
    ENTRY_MARKS,
    STEPS,
    TABS,
    Due,
    as_due,
    choices,
    refusal,
    words,
)
from ivr.web.requests_api import known, spreadsheet

ROWS = 50  # of a page
NAME = 50


class NewRequest(FormModel):
    kind: RequestKind
    severity: Severity = Severity.NORMAL
    title: Text = Field(max_length=TITLE_LENGTH)
    detail: str = Field("", max_length=TEXT_LENGTH)
    home: str = Field("", max_length=NAME)
    contact: str = Field("", max_length=NAME)
    phone: str = Field("", max_length=NAME)
    department: str = Field("", max_length=NAME)
    assignee: str = Field("", max_length=NAME)
    promised: datetime | None = None  # in the site's zone, as a browser writes it
    call: str = Field("", max_length=64)


class StepForm(FormModel):
    version: int = Field(ge=1)
    text: str = Field("", max_length=TEXT_LENGTH)
    department: str = Field("", max_length=NAME)
    assignee: str = Field("", max_length=NAME)
    promised: datetime | None = None


class EditForm(NewRequest):
    version: int = Field(ge=1)


@dataclass(frozen=True, slots=True)
class Row:
    request: Request
    due: Due | None


def routes() -> list[web.RouteDef]:
    return [
        web.get("/requests", list_),
        web.get("/requests/export", export),
        web.get("/requests/new", new),
        web.post("/requests/new", take),
        web.get("/requests/{id}", card),
        web.get("/requests/{id}/edit", edit),
        web.post("/requests/{id}/edit", save),
        web.post("/requests/{id}/{step}", do),
    ]


# --- the list ------------------------------------------------------------------


@needs(Role.CLERK, machine=False)
async def list_(request: web.Request) -> web.StreamResponse:
    book, now = request.app[SERVICE].requests, time.time()
    asked = request.query
    tab, wanted = _asked(request, now)
    at = _whole(asked.get("page", "1"))
    found = await book.find(replace(wanted, limit=ROWS, offset=(at - 1) * ROWS))
    counts = await book.counts(now)
    return await page(
        request,
        "requests/list.html",
        title=_("服务工作单"),
        rows=[Row(each, _due(book, each, now)) for each in found.rows],
        total=found.total,
        tab=tab,
        tabs=[(name, _(label), _count(name, counts)) for name, (label, _states) in TABS.items()],
        page_number=at,
        pages=max(1, -(-found.total // ROWS)),
        q=asked.get("q", ""),
        kind=wanted.kind or "",
        kinds=[("", _("所有类别")), *((each.value, _(KIND_WORDS[each])) for each in RequestKind)],
        department=asked.get("department", ""),
        departments=[
            ("", _("所有部门")),
            *((each.name, each.name) for each in departments(book.settings)),
        ],
        **words(),
    )


def _asked(request: web.Request, now: float) -> tuple[str, RequestFilter]:
    """The tab and what the address asks for."""
    asked = request.query
    tab = asked.get("show", "undone")
    tab = tab if tab in TABS else "undone"
    kind = asked.get("kind", "")
    return tab, RequestFilter(
        states=TABS[tab][1],
        kind=kind if kind in set(RequestKind) else None,
        department=asked.get("department") or None,
        text=asked.get("q", "").strip()[:100] or None,
        due_before=now if tab == "overdue" else None,
    )


@needs(Role.CLERK, machine=False)
async def export(request: web.Request) -> web.StreamResponse:
    """What the list shows, all of it. Numbers are whole for those who supervise."""
    book, now = request.app[SERVICE].requests, time.time()
    _tab, wanted = _asked(request, now)
    rows = (await book.find(wanted)).rows
    await audit(request, "request.export", detail=f"{len(rows)} {request.query_string}"[:900])
    return await spreadsheet(request, rows, whole=shows(user_of(request), Role.SUPERVISOR))


def _count(tab: str, counts: Mapping[RequestState, Count]) -> int | None:
    """How many a tab holds; None where nobody counts them."""
    if tab == "overdue":
        return sum(count.overdue for count in counts.values())
    states = TABS[tab][1]
    if tab in ("done", "all") or states is None:
        return None
    return sum(counts[state].requests for state in states if state in counts)


# --- a new one -----------------------------------------------------------------


@needs(Role.CLERK, machine=False)
async def new(request: web.Request) -> web.StreamResponse:
    form: Form[NewRequest] = Form(values={"severity": Severity.NORMAL.value})
    call = request.query.get("call", "")
    if call:
        form.values |= await _of_call(request.app[SERVICE], call)
    for name in ("home", "phone", "contact"):
        if request.query.get(name):
            form.values[name] = request.query[name]
    return await _new_page(request, form)


@needs(Role.CLERK, machine=False)
async def take(request: web.Request) -> web.StreamResponse:
    form = await read_form(request, NewRequest)
    service, asked = request.app[SERVICE], form.value
    if asked is None:
        return await _new_page(request, form, status=422)
    fields = asked.model_dump(exclude={"promised"})
    draft = Draft(**fields, promised_at=_promise(service, asked.promised))
    try:
        if draft.phone:
            owners = await service.owners.by_number(draft.phone)
            draft = for_owner(draft, owners, draft.phone)
        made = await service.requests.create(draft, by=user_of(request).name, now=time.time())
    except UserError as error:
        return await _new_page(request, form.refuse(*refusal(error)), status=422)
    await audit(request, "request.create", made.number, detail=made.title)
    raise web.HTTPSeeOther(f"/requests/{made.number}")


async def _of_call(service: Service, call_id: str) -> dict[str, str]:
    """What is known of a call: who calls, and from which home."""
    live = next((each for each in service.tracker.calls if each.call_id == call_id), None)
    if live is not None:
        number = live.caller
    else:
        try:
            row = await service.calls.get(call_id)
        except UserError as error:
            raise web.HTTPNotFound(reason=str(error)) from None
        number = row.called if row.direction == "outbound" else row.caller
        call_id = row.call_id
    blank = Draft(kind=RequestKind.REPAIR, title="")
    draft = for_owner(blank, await service.owners.by_number(number), number)
    fields = {"call": call_id, "home": draft.home, "contact": draft.contact}
    return fields | {"phone": draft.phone}


async def _new_page(
    request: web.Request, form: Form[NewRequest], status: int = 200
) -> web.StreamResponse:
    return await page(
        request,
        "requests/new.html",
        title=_("登记工单"),
        status=status,
        form=form,
        to="/requests/new",
        back="/requests",
        **choices(request.app[SERVICE].settings),
    )


# --- one request ---------------------------------------------------------------


@needs(Role.CLERK, machine=False)
async def card(request: web.Request) -> web.StreamResponse:
    return await _card_page(request, await known(request))


@needs(Role.CLERK, machine=False)
async def do(request: web.Request) -> web.StreamResponse:
    """One step. Where somebody else was faster, what was typed stays and what they did
    is shown."""
    name, before = request.match_info["step"], await known(request)
    if name not in STEPS:
        raise web.HTTPNotFound
    form = await read_form(request, StepForm)
    if form.value is None:
        return await _card_page(request, before, name, form, status=422)
    try:
        after = await _step(request, name, before, form.value)
    except ConflictError:
        current = await known(request)
        form.refuse("", _conflict(await _last_by(request, current)))
        form.values["version"] = str(current.version)
        return await _card_page(request, current, name, form, status=409)
    except UserError as error:
        return await _card_page(request, before, name, form.refuse(*refusal(error)), status=422)
    await audit(request, f"request.{name.replace('-', '_')}", after.number, detail=after.title)
    raise web.HTTPSeeOther(f"/requests/{after.number}")


async def _step(request: web.Request, name: str, before: Request, asked: StepForm) -> Request:
    book = request.app[SERVICE].requests
    always: dict[str, Any] = {"by": user_of(request).name, "now": time.time()}
    if name == "note":
        return await book.note(before.id, text=asked.text, **always)
    always |= {"version": asked.version, "text": asked.text}
    promised_at = _promise(request.app[SERVICE], asked.promised)
    plain: dict[str, Callable[..., Awaitable[Request]]] = {
        "on-site": book.on_site,
        "resolve": book.resolve,
        "satisfied": book.satisfied,
        "reopen": book.reopen,
        "escalate": book.escalate,
        "close": book.close,
    }
    match name:
        case "assign":
            return await book.assign(
                before.id,
                department=asked.department,
                assignee=asked.assignee,
                promised_at=promised_at,
                **always,
            )
        case "answer":
            return await book.answer(before.id, promised_at=promised_at, **always)
        case _:
            return await plain[name](before.id, **always)


async def _card_page(
    request: web.Request,
    found: Request,
    step: str = "",
    form: Form[StepForm] | None = None,
    status: int = 200,
) -> web.StreamResponse:
    """`step` is the one whose form is open, with what was typed into it."""
    service, now = request.app[SERVICE], time.time()
    book = service.requests
    if form is None:
        values = {"version": str(found.version), "department": found.department}
        form = Form(values=values | {"assignee": found.assignee})
    owners = await service.owners.by_number(found.phone) if found.phone else []
    return await page(
        request,
        "requests/card.html",
        title=found.title,
        status=status,
        found=found,
        history=await book.history(found.id),
        dues=[as_due(each, now) for each in book.limits(found)],
        steps=[
            (name, _(label))
            for name, (label, state) in STEPS.items()
            if state is None or state in NEXT_STATES[found.state]
        ],
        step=step,
        form=form,
        owners=owners,
        story=await service.callbacks.story(found.id),
        verdict_words=VERDICT_WORDS,
        departments=[("", _("不变")), *((d.name, d.name) for d in departments(service.settings))],
        entry_marks=ENTRY_MARKS,
        what_words={what: _(label) for what, label in WHAT_WORDS.items()},
        **words(),
    )


# --- corrections ---------------------------------------------------------------


@needs(Role.CLERK, machine=False)
async def edit(request: web.Request) -> web.StreamResponse:
    found = await known(request)
    promised = _local(request.app[SERVICE].settings.site.zone, found.promised_at)
    form = empty(
        EditForm(
            version=found.version,
            promised=promised,
            **{name: getattr(found, name) for name in _EDITED},
        )
    )
    if promised is not None:
        form.values["promised"] = f"{promised:%Y-%m-%dT%H:%M}"
    return await _edit_page(request, found, form)


@needs(Role.CLERK, machine=False)
async def save(request: web.Request) -> web.StreamResponse:
    found = await known(request)
    form = await read_form(request, EditForm)
    service, asked = request.app[SERVICE], form.value
    if asked is None:
        return await _edit_page(request, found, form, status=422)
    fields = {name: getattr(asked, name) for name in _EDITED}
    promised = _local(service.settings.site.zone, found.promised_at)
    if asked.promised != promised:
        fields["promised_at"] = _promise(service, asked.promised)
    try:
        after = await service.requests.change(
            found.id, by=user_of(request).name, now=time.time(), version=asked.version, **fields
        )
    except ConflictError:
        form.refuse("", _conflict(await _last_by(request, found)))
        form.values["version"] = str(found.version)
        return await _edit_page(request, found, form, status=409)
    except UserError as error:
        return await _edit_page(request, found, form.refuse(*refusal(error)), status=422)
    await audit(request, "request.change", after.number, detail=after.title)
    raise web.HTTPSeeOther(f"/requests/{after.number}")


_EDITED = ("kind", "severity", "title", "detail", "home", "contact", "phone")


async def _edit_page(
    request: web.Request, found: Request, form: Form[EditForm], status: int = 200
) -> web.StreamResponse:
    return await page(
        request,
        "requests/new.html",
        title=_("更正 %(number)s", number=found.number),
        status=status,
        form=form,
        to=f"/requests/{found.number}/edit",
        back=f"/requests/{found.number}",
        found=found,
        **choices(request.app[SERVICE].settings),
    )


# --- small things ---------------------------------------------------------------


def _conflict(by: str) -> str:
    if by:
        return _(
            "%(name)s 刚刚改过这张工单。请看一下最新的情况；您填写的内容都还在，可以再次提交。",
            name=by,
        )
    return _("这张工单刚刚有了变化。请看一下最新的情况；您填写的内容都还在，可以再次提交。")


async def _last_by(request: web.Request, found: Request) -> str:
    entries = await request.app[SERVICE].requests.history(found.id)
    return next((entry.by for entry in reversed(entries) if entry.by), "")


def _promise(service: Service, promised: datetime | None) -> float | None:
    zone = service.settings.site.zone
    return None if promised is None else promised.replace(tzinfo=zone).timestamp()


def _local(zone: ZoneInfo, at: float | None) -> datetime | None:
    """A time as a browser writes it."""
    if at is None:
        return None
    return datetime.fromtimestamp(at, zone).replace(tzinfo=None, second=0, microsecond=0)


def _whole(text: str) -> int:
    return max(1, min(int(text), 100_000)) if text.isascii() and text.isdecimal() else 1


def _due(book: Requests, found: Request, now: float) -> Due | None:
    """The limit that is worst off: the earliest."""
    limits = book.limits(found)
    return as_due(limits[0], now) if limits else None
