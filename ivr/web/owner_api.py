"""Owners (业主) for programs: search, one, change, import."""

import asyncio
from collections.abc import Callable
from typing import Any

from aiohttp import web
from pydantic import Field

from ivr.calls import listing
from ivr.desk import home, owner_sheet, owner_words, phone_numbers
from ivr.desk.owner import Care, Owner, quiet_hours
from ivr.desk.owner_sheet import Wrong
from ivr.errors import UserError
from ivr.web.access import SERVICE, Role
from ivr.web.audit import audit
from ivr.web.openapi import ApiModel, Args, Nothing, api, routes_of
from ivr.web.owners import SHOWN, UPLOAD, UPLOADS, number_shown

MOST = 1000
MANY = 20  # numbers or homes of one owner


class OwnerOut(ApiModel):
    """Numbers are masked below the supervisor; `address` is how one speaks to them."""

    id: str
    name: str
    title: str
    address: str
    phones: list[str]
    homes: list[str]
    language: str
    care: list[Care]
    do_not_call: bool
    quiet: str
    note: str


class OwnersOut(ApiModel):
    total: int
    owners: list[OwnerOut]


class OwnersQuery(ApiModel):
    q: str = Field("", max_length=64, description="in the name, number or home")
    care: bool = False
    do_not_call: bool = False
    limit: int = Field(50, ge=1, le=MOST)
    offset: int = Field(0, ge=0, le=10_000_000)


class OwnerChange(ApiModel):
    """What is left out stays as it is."""

    name: str | None = Field(None, max_length=64)
    title: str | None = Field(None, max_length=8)
    phones: list[str] | None = Field(None, max_length=MANY)
    homes: list[str] | None = Field(None, min_length=1, max_length=MANY)
    language: str | None = Field(None, max_length=20)
    care: list[Care] | None = None
    do_not_call: bool | None = None
    quiet: str | None = Field(None, max_length=200, examples=["12:00-14:00"])
    note: str | None = Field(None, max_length=2000)


class ImportQuery(ApiModel):
    confirm: str = Field("", max_length=64, description="`upload` of the preview agreed to")
    book: int = Field(-1, description="`book` of that preview")


class WrongOut(ApiModel):
    where: str
    heading: str
    why: str


class ImportOut(ApiModel):
    """What an import does; with `written` it is done."""

    written: bool
    upload: str = Field(description="say it as `confirm` to have it written")
    book: int
    added: int
    changed: int
    same: int
    repeated: int
    wrong_rows: int
    wrong: list[WrongOut]
    left_out: list[str]


def routes() -> list[web.RouteDef]:
    return routes_of(__name__)


@api(
    "GET",
    "/api/v1/owners",
    summary="Owners, as people count their homes",
    query=OwnersQuery,
    returns=OwnersOut,
    role=Role.CLERK,
)
async def search(request: web.Request, args: Args[OwnersQuery, Nothing]) -> OwnersOut:
    asked = args.query
    total, found = await request.app[SERVICE].owners.search(
        asked.q, care=asked.care, do_not_call=asked.do_not_call,
        limit=asked.limit, offset=asked.offset,
    )  # fmt: skip
    show = number_shown(request)
    return OwnersOut(total=total, owners=[_out(each, show) for each in found])


@api("GET", "/api/v1/owners/{id}", summary="One owner", returns=OwnerOut, role=Role.CLERK)
async def one(request: web.Request, args: Args[Nothing, Nothing]) -> OwnerOut:
    return _out(await _of(request, args.path["id"]), number_shown(request))


@api(
    "PATCH",
    "/api/v1/owners/{id}",
    summary="Change an owner",
    body=OwnerChange,
    returns=OwnerOut,
    role=Role.SUPERVISOR,
)
async def change(request: web.Request, args: Args[Nothing, OwnerChange]) -> OwnerOut:
    service = request.app[SERVICE]
    owner = await _of(request, args.path["id"])
    try:
        wanted = _changes(args.body, service.settings.owners.area_code)
    except ValueError as error:
        raise UserError(f"owner: {error}") from None
    changed = await service.owners.change(owner, **wanted)
    await audit(request, "owner.change", owner.id, detail=owner.address)
    return _out(changed, number_shown(request))


@api(
    "POST",
    "/api/v1/owners/import",
    summary="Import a spreadsheet: first a preview, then the yes to it",
    query=ImportQuery,
    returns=ImportOut,
    role=Role.SUPERVISOR,
    limit=UPLOAD,
)
async def import_(request: web.Request, args: Args[ImportQuery, Nothing]) -> ImportOut:
    """The body is the file itself, with its Content-Type (text/csv, or of an .xlsx), and
    nothing is written. Then `confirm` and `book` of the answer, without a body."""
    owners, uploads = request.app[SERVICE].owners, request.app[UPLOADS]
    name = args.query.confirm
    if not name:
        content = await request.read()
        if not content:
            raise UserError("The body is empty; send the .xlsx or .csv file as the body")
        ending = "csv" if "csv" in request.content_type else "xlsx"
        name = await asyncio.to_thread(uploads.keep, content, ending)
    file = uploads.find(name)
    if file is None:
        raise UserError("There is no such preview any more; send the file again")
    try:
        plan = await owners.plan(file)
    except UserError as error:
        uploads.forget(name)
        raise UserError(str(error).replace(str(file), "the file")) from None
    written = False
    if args.query.confirm:
        if plan.version != args.query.book:
            raise web.HTTPConflict(reason="The owners were changed since the preview; look again")
        await owners.put(plan)
        uploads.forget(name)
        detail = f"+{len(plan.added)} ~{len(plan.changed)}"
        await audit(request, "owner.import", detail=detail)
        written = True
    return ImportOut(
        written=written,
        upload="" if written else name,
        book=plan.version,
        added=len(plan.added),
        changed=len(plan.changed),
        same=plan.same,
        repeated=plan.repeated,
        wrong_rows=plan.wrong_rows,
        wrong=[_wrong(each) for each in plan.wrong[:SHOWN]],
        left_out=plan.left_out,
    )


async def _of(request: web.Request, name: str) -> Owner:
    try:
        return await request.app[SERVICE].owners.get(name)
    except UserError:
        raise web.HTTPNotFound(reason="There is no such owner") from None


def _changes(body: OwnerChange, area_code: str) -> dict[str, Any]:
    """The fields that are named, checked as an import checks them. Raises ValueError."""
    found: dict[str, Any] = body.model_dump(exclude_none=True)
    readings: dict[str, Callable[[Any], Any]] = {
        "phones": lambda phones: tuple(
            dict.fromkeys(phone_numbers.parse(phone, area_code) for phone in phones)
        ),
        "homes": lambda homes: tuple(dict.fromkeys(map(home.parse, homes))),
        "title": lambda title: title and owner_words.title(title),
        "language": lambda code: owner_words.language(owner_words.language_words(code)),
        "care": tuple,
        "quiet": lambda quiet: quiet and quiet_hours(quiet),
        "note": owner_sheet.note,
    }
    return {name: readings.get(name, lambda same: same)(value) for name, value in found.items()}


def _out(owner: Owner, show: listing.Show) -> OwnerOut:
    return OwnerOut(
        id=owner.id,
        name=owner.name,
        title=owner.title,
        address=owner.address,
        phones=[show(phone) for phone in owner.phones],
        homes=[str(each) for each in owner.homes],
        language=owner.language,
        care=list(owner.care),
        do_not_call=owner.do_not_call,
        quiet=owner.quiet,
        note=owner.note,
    )


def _wrong(each: Wrong) -> WrongOut:
    return WrongOut(where=each.where, heading=each.heading, why=each.why)
