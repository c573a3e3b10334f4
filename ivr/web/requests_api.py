"""Service requests for programs: the JSON API."""

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from aiohttp import web
from pydantic import Field

from ivr.calls import listing, numbers
from ivr.desk import request_sheet
from ivr.desk.intake import ORIGIN_LENGTH, TEXT_LENGTH, TITLE_LENGTH, Draft
from ivr.desk.limits import Limit
from ivr.desk.request import UNDONE, Entry, Request, RequestKind, RequestState, Severity
from ivr.desk.request_import import Import
from ivr.desk.requests import ConflictError, Requests
from ivr.errors import UserError
from ivr.store.requests import RequestFilter
from ivr.store.search import FOR_EVER
from ivr.web.access import SERVICE, Role, user_of
from ivr.web.audit import audit
from ivr.web.openapi import ApiModel, Args, Nothing, api, routes_of

MOST_ROWS = 500
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ZIP = b"PK"  # an .xlsx begins so
NAME = 50  # characters of a person, a home, a department


class RequestsQuery(ApiModel):
    """Times are seconds since the epoch."""

    state: list[RequestState] | None = None
    kind: RequestKind | None = None
    severity: Severity | None = None
    department: str | None = Field(None, max_length=NAME)
    keeper: str | None = Field(None, max_length=NAME)
    home: str | None = Field(None, max_length=NAME)
    call: str | None = Field(None, max_length=64)
    text: str | None = Field(None, max_length=100)
    undone: bool = Field(False, description="only those with work left to do")
    overdue: bool = Field(False, description="only those with a limit that has passed")
    since: float | None = Field(None, ge=0, le=FOR_EVER)
    until: float | None = Field(None, ge=0, le=FOR_EVER)
    limit: int = Field(100, ge=1, le=MOST_ROWS)
    offset: int = Field(0, ge=0, le=10_000_000)


class RequestIn(ApiModel):
    kind: RequestKind
    title: str = Field(min_length=1, max_length=TITLE_LENGTH)
    severity: Severity = Severity.NORMAL
    detail: str = Field("", max_length=TEXT_LENGTH)
    home: str = Field("", max_length=NAME)
    contact: str = Field("", max_length=NAME)
    phone: str = Field("", max_length=NAME)
    department: str = Field("", max_length=NAME)
    assignee: str = Field("", max_length=NAME)
    keeper: str = Field("", max_length=NAME)
    call: str = Field("", max_length=64)
    promised_at: float | None = Field(None, ge=0, le=FOR_EVER)
    origin: str = Field(
        "", max_length=ORIGIN_LENGTH, description="its id in your system; taken once"
    )


class ChangeIn(ApiModel):
    """Only what is given is changed."""

    version: int = Field(ge=1, le=2**31, description="as it was read")
    kind: RequestKind | None = None
    severity: Severity | None = None
    title: str | None = Field(None, min_length=1, max_length=TITLE_LENGTH)
    detail: str | None = Field(None, max_length=TEXT_LENGTH)
    home: str | None = Field(None, max_length=NAME)
    contact: str | None = Field(None, max_length=NAME)
    phone: str | None = Field(None, max_length=NAME)
    promised_at: float | None = Field(None, ge=0, le=FOR_EVER)


class StepIn(ApiModel):
    version: int | None = Field(None, ge=1, le=2**31, description="as it was read; 409 if changed")
    text: str = Field("", max_length=TEXT_LENGTH)


class AssignIn(StepIn):
    department: str = Field("", max_length=NAME)
    assignee: str = Field("", max_length=NAME)
    promised_at: float | None = Field(None, ge=0, le=FOR_EVER)


class AnswerIn(StepIn):
    text: str = Field(min_length=1, max_length=TEXT_LENGTH)
    promised_at: float | None = Field(None, ge=0, le=FOR_EVER)


class RequestOut(ApiModel):
    request: Request
    limits: list[Limit]  # what still has to happen, the earliest first


class RequestPage(ApiModel):
    total: int
    requests: list[RequestOut]  # overdue first


class History(ApiModel):
    entries: list[Entry]


class ImportQuery(ApiModel):
    dry_run: bool = Field(False, description="only say what would be done")


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import found, and what it wrote."""

    new: int
    there: int  # already; they stay as they are
    wrong_rows: int
    written: int
    wrong: list[request_sheet.Wrong]  # cells, the first


def routes() -> list[web.RouteDef]:
    return routes_of(__name__)


# --- the API -------------------------------------------------------------------


@api(
    "GET",
    "/api/v1/requests",
    summary="Service requests, overdue first",
    query=RequestsQuery,
    returns=RequestPage,
    role=Role.CLERK,
)
async def find(request: web.Request, args: Args[RequestsQuery, Nothing]) -> RequestPage:
    book = request.app[SERVICE].requests
    page = await book.find(_wanted(args.query))
    return RequestPage(total=page.total, requests=[_out(book, each) for each in page.rows])


def _wanted(asked: RequestsQuery) -> RequestFilter:
    states: tuple[str, ...] | None = None if asked.state is None else tuple(asked.state)
    if asked.undone:
        states = tuple(UNDONE if states is None else UNDONE.intersection(asked.state or ()))
    plain = asked.model_dump(exclude={"state", "undone", "overdue"})
    due_before = time.time() if asked.overdue else None
    return RequestFilter(**plain, states=states, due_before=due_before)


@api(
    "POST",
    "/api/v1/requests",
    summary="Take a request",
    body=RequestIn,
    returns=RequestOut,
    role=Role.CLERK,
    status=201,
)
async def create(request: web.Request, args: Args[Nothing, RequestIn]) -> RequestOut:
    """Whoever takes it keeps it (首问负责), unless `keeper` says who."""
    book = request.app[SERVICE].requests
    draft = Draft(**args.body.model_dump())
    made = await book.create(draft, by=user_of(request).name, now=time.time())
    await audit(request, "request.create", made.number, detail=made.title)
    return _out(book, made)


@api(
    "GET",
    "/api/v1/requests/export",
    summary="Service requests as a spreadsheet",
    query=RequestsQuery,
    returns=XLSX,
    role=Role.SUPERVISOR,
)
async def export(request: web.Request, args: Args[RequestsQuery, Nothing]) -> web.StreamResponse:
    """With whole telephone numbers; can be imported again. `limit` and `offset` are not asked."""
    found = await request.app[SERVICE].requests.find(
        replace(_wanted(args.query), limit=-1, offset=0)
    )
    await audit(request, "request.export", detail=str(len(found.rows)))
    return await spreadsheet(request, found.rows, whole=True)


@api(
    "POST",
    "/api/v1/requests/import",
    summary="Bring requests over from a spreadsheet (the body: .xlsx or .csv)",
    query=ImportQuery,
    returns=Imported,
    role=Role.MANAGER,
    limit=request_sheet.LIMITS.file_bytes,
)
async def import_(request: web.Request, args: Args[ImportQuery, Nothing]) -> Imported:
    """All rows that are right, or with `dry_run` none; the same file twice adds nothing."""
    service = request.app[SERVICE]
    content = await request.read()
    importing = Import(service.db, service.requests)
    ending = "xlsx" if content.startswith(ZIP) else "csv"
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"requests.{ending}"
        await asyncio.to_thread(file.write_bytes, content)
        try:
            plan = await importing.plan(file)
        except UserError as error:
            raise UserError(str(error).replace(str(file), "the file")) from None
    written = 0
    if not args.query.dry_run and plan.added:
        written = await importing.put(plan, by=_by(request), now=time.time())
        await audit(request, "request.import", detail=str(written))
    return Imported(len(plan.added), plan.there, plan.wrong_rows, written, plan.wrong)


@api(
    "GET",
    "/api/v1/requests/{id}",
    summary="One request, by its number or id",
    returns=RequestOut,
    role=Role.CLERK,
)
async def one(request: web.Request, args: Args[Nothing, Nothing]) -> RequestOut:
    return _out(request.app[SERVICE].requests, await known(request))


@api(
    "GET",
    "/api/v1/requests/{id}/history",
    summary="What happened to a request, oldest first",
    returns=History,
    role=Role.CLERK,
)
async def history(request: web.Request, args: Args[Nothing, Nothing]) -> History:
    found = await known(request)
    return History(entries=await request.app[SERVICE].requests.history(found.id))


@api(
    "PATCH",
    "/api/v1/requests/{id}",
    summary="Correct fields of a request",
    body=ChangeIn,
    returns=RequestOut,
    role=Role.CLERK,
)
async def change(request: web.Request, args: Args[Nothing, ChangeIn]) -> RequestOut:
    fields = args.body.model_dump(exclude_unset=True, exclude={"version"})
    fields = {name: value for name, value in fields.items() if value is not None}
    book, found = request.app[SERVICE].requests, await known(request)
    step = book.change(
        found.id, by=_by(request), now=time.time(), version=args.body.version, **fields
    )
    return await _done(request, "request.change", step)


def _step(
    path: str, take: Callable[..., Awaitable[Request]], body: type[StepIn], summary: str
) -> None:
    """Declare a step, which is `take` of the book with the fields of the body."""

    async def given(request: web.Request, args: Args[Nothing, StepIn]) -> RequestOut:
        book, found = request.app[SERVICE].requests, await known(request)
        step = take(book, found.id, by=_by(request), now=time.time(), **args.body.model_dump())
        return await _done(request, f"request.{take.__name__}", step)

    given.__name__ = take.__name__
    api("POST", path, summary=summary, body=body, returns=RequestOut, role=Role.CLERK)(given)


_step(
    "/api/v1/requests/{id}/assign",
    Requests.assign,
    AssignIn,
    "Give it to a department or a person",
)
_step("/api/v1/requests/{id}/on-site", Requests.on_site, StepIn, "Somebody is on the spot")
_step(
    "/api/v1/requests/{id}/answer",
    Requests.answer,
    AnswerIn,
    "The owner was told what will happen, and when",
)
_step(
    "/api/v1/requests/{id}/resolve",
    Requests.resolve,
    StepIn,
    "The work is done; the owner is called back",
)
_step(
    "/api/v1/requests/{id}/reopen",
    Requests.reopen,
    StepIn,
    "It is to be done again; say what is wrong",
)
_step(
    "/api/v1/requests/{id}/close",
    Requests.close,
    StepIn,
    "For good; with a reason unless the owner is satisfied",
)


async def spreadsheet(
    request: web.Request, rows: list[Request], *, whole: bool
) -> web.StreamResponse:
    """`rows` as a file to keep; telephone numbers masked unless `whole`."""
    zone = request.app[SERVICE].settings.site.zone
    show = listing.as_is if whole else numbers.mask
    body = await asyncio.to_thread(_written, rows, zone, show)
    name = f"requests-{datetime.now(zone):%Y%m%d}.xlsx"
    return web.Response(
        body=body,
        headers={
            "Content-Type": XLSX,
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
        },
    )


def _written(rows: list[Request], zone: ZoneInfo, show: listing.Show) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "requests.xlsx"
        request_sheet.write(file, rows, zone, show)
        return file.read_bytes()


async def known(request: web.Request) -> Request:
    """The request of the address. Raises HTTPNotFound."""
    try:
        return await request.app[SERVICE].requests.get(request.match_info["id"])
    except UserError as error:
        raise web.HTTPNotFound(reason=str(error)) from None


async def _done(request: web.Request, action: str, step: Awaitable[Request]) -> RequestOut:
    try:
        after = await step
    except ConflictError as error:
        raise web.HTTPConflict(reason=str(error)) from None
    await audit(request, action, after.number, detail=after.title)
    return _out(request.app[SERVICE].requests, after)


def _out(book: Requests, found: Request) -> RequestOut:
    return RequestOut(request=found, limits=book.limits(found))


def _by(request: web.Request) -> str:
    return user_of(request).name
