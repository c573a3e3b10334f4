"""The call log: the list with its filters, its export, and the API of both."""

import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any, Literal, NamedTuple

from aiohttp import web
from pydantic import ValidationInfo, field_validator

from ivr.calls import export, listing, numbers, summary
from ivr.calls.model import TransferKind
from ivr.calls.transfer import transfer
from ivr.desk import home as homes
from ivr.errors import UserError
from ivr.store.calls import FOR_EVER, CallFilter, CallRow
from ivr.store.reports import Reports, Slot
from ivr.store.worklist import Entry
from ivr.web.access import SERVICE, Role, needs, shows, user_of
from ivr.web.audit import audit
from ivr.web.chart import Column, Drawn, stacked
from ivr.web.i18n import N_
from ivr.web.i18n import gettext as _
from ivr.web.openapi import ApiModel, Args, Nothing, api, routes_of
from ivr.web.render import page as render

Form = Literal["csv", "xlsx"]

MOST_ROWS = 1000
PAGE_ROWS = 50
MOST_EXPORTED = 100_000  # rows; a spreadsheet of a million is nobody's
CHART_HEIGHT = 96.0
HOURS_UP_TO = 2  # days of a chart by hours; longer ones are by days
CHART_DAYS = 92

DISPOSITIONS = {
    "answered": N_("已接听"),
    "abandoned": N_("放弃"),
    "system_abandoned": N_("系统代接后放弃"),
    "no_answer": N_("无人接听"),
    "busy": N_("忙"),
    "failed": N_("失败"),
}
DIRECTIONS = {"inbound": N_("呼入"), "outbound": N_("呼出"), "internal": N_("内线")}
DAYS = {
    "today": N_("今天"),
    "yesterday": N_("昨天"),
    "week": N_("近 7 天"),
    "month": N_("近 30 天"),
}


class CallsQuery(ApiModel):
    """Times are seconds since the epoch. `q` is anything: part of a number, an owner's name
    or home, an extension, words of the record; `before` is the `next` of a page."""

    since: float = 0.0
    until: float = FOR_EVER
    q: str | None = None
    number: str | None = None
    owner: str | None = None
    home: str | None = None
    text: str | None = None
    line: str | None = None
    disposition: str | None = None
    breach: bool | None = None
    direction: str | None = None
    staff: str | None = None
    unfilled: bool = False
    before: int | None = None
    limit: int = 100

    @field_validator("since", "until", "limit", mode="before")
    @classmethod
    def _number(cls, value: Any, info: ValidationInfo) -> Any:
        try:
            number = float(value)
        except (TypeError, ValueError):
            raise ValueError("since, until and limit are numbers") from None
        if number != number:
            raise ValueError("since, until and limit are numbers")
        most = MOST_ROWS if info.field_name == "limit" else FOR_EVER
        return max(1.0 if info.field_name == "limit" else 0.0, min(number, most))

    @field_validator("before")
    @classmethod
    def _place(cls, value: int | None) -> int | None:
        return None if value is None else max(0, min(value, int(FOR_EVER * 1000)))

    def wanted(self) -> CallFilter:
        """Raises UserError for a `home` that is none."""
        given = self.model_dump(exclude={"q", "home"})
        return CallFilter(
            **given, home=_home(self.home), terms=self.q, terms_home=_home_or_none(self.q)
        )


class CallPage(ApiModel):
    total: int  # at least so many when not `exact`
    exact: bool
    next: int | None  # `before` of the next page
    calls: list[CallRow]


class WorklistOut(ApiModel):
    entries: list[Entry]


class TransferIn(ApiModel):
    to: str
    kind: TransferKind = TransferKind.BLIND


class TransferOut(ApiModel):
    call_id: str
    to: str
    kind: TransferKind


def routes() -> list[web.RouteDef]:
    return [
        web.get("/calls", list_),
        web.get("/calls/export", export_),
        *routes_of(__name__),
    ]


# --- the API -------------------------------------------------------------------


@api(
    "GET",
    "/api/v1/worklist",
    summary="Whom to phone back",
    returns=WorklistOut,
    role=Role.CLERK,
)
async def worklist(request: web.Request, args: Args[Nothing, Nothing]) -> WorklistOut:
    """Abandoned calls and callers who asked for it, oldest first."""
    return WorklistOut(entries=await request.app[SERVICE].worklist.entries())


@api(
    "GET",
    "/api/v1/calls",
    summary="Rows of the log, newest first",
    query=CallsQuery,
    returns=CallPage,
    role=Role.CLERK,
)
async def calls(request: web.Request, args: Args[CallsQuery, Nothing]) -> CallPage:
    """A page; ask again with `before` set to its `next` for the one after it."""
    found = await request.app[SERVICE].calls.find(args.query.wanted())
    return CallPage(total=found.total, exact=found.exact, next=found.next, calls=found.rows)


@api("GET", "/api/v1/calls/{id}", summary="One call", returns=CallRow, role=Role.CLERK)
async def one_call(request: web.Request, args: Args[Nothing, Nothing]) -> CallRow:
    """By its id, the end of it, or Asterisk's id."""
    return await request.app[SERVICE].calls.get(args.path["id"])


@api(
    "POST",
    "/api/v1/calls/{id}/transfer",
    summary="Send the caller on",
    body=TransferIn,
    returns=TransferOut,
    role=Role.CLERK,
    status=202,
)
async def transfer_call(request: web.Request, args: Args[Nothing, TransferIn]) -> TransferOut:
    """The caller hears 请稍等 first. `id` is the open call's, as /api/v1/live tells it."""
    service = request.app[SERVICE]
    call = next((each for each in service.tracker.calls if each.call_id == args.path["id"]), None)
    if call is None:
        raise UserError(f"There is no open call {args.path['id']!r}")
    await transfer(service.settings, service.switch, call, args.body.to, args.body.kind)
    return TransferOut(call_id=call.call_id, to=args.body.to, kind=args.body.kind)


# --- the list ------------------------------------------------------------------


class ListQuery(ApiModel):
    """The list's address; what is no filter of ours is left alone."""

    model_config = ApiModel.model_config | {"extra": "ignore"}

    q: str = ""
    day: str = ""  # of DAYS
    since: str = ""  # a date
    until: str = ""  # a date, inclusive
    direction: str = ""
    result: str = ""
    line: str = ""
    ext: str = ""
    breach: bool = False
    unfilled: bool = False
    before: int | None = None


class Asked(NamedTuple):
    """What the address says: the filter, and its days (None: from the beginning, no end)."""

    wanted: CallFilter
    first: date | None
    last: date | None


@needs(Role.CLERK)
async def list_(request: web.Request) -> web.StreamResponse:
    """/calls: filters in the address, newest first."""
    service = request.app[SERVICE]
    zone = service.settings.site.zone
    today = datetime.now(zone).date()
    query = _query(request)
    asked = _asked(query, today, zone)
    found = await service.calls.find(replace(asked.wanted, limit=PAGE_ROWS))
    first, last = _charted(asked, today)
    slots = await Reports(service.db, service.settings.site.id).slots(
        _midnight(first, zone), _midnight(last + timedelta(days=1), zone), query.line
    )
    return await render(
        request,
        "log/list.html",
        title=_("通话记录"),
        calls=found,
        people=await service.calls.people(map(_other_key, found.rows)),
        other=_other_number,
        other_key=_other_key,
        asked=query,
        first=asked.first,
        last=asked.last,
        chart=_chart(slots, first, last, zone),
        sums=summary.total(slots),
        chart_days=(first, last),
        days=DAYS,
        directions=DIRECTIONS,
        dispositions=DISPOSITIONS,
        lines=service.settings.lines,
        phones=service.settings.phones,
        filtered=bool(set(request.query) - {"before"}),
    )


@needs(Role.CLERK, machine=False)
async def export_(request: web.Request) -> web.StreamResponse:
    """/calls/export: what the list shows, all of it, as .xlsx or .csv. Numbers are whole
    for those who supervise."""
    service = request.app[SERVICE]
    zone = service.settings.site.zone
    form: Form = "csv" if request.query.get("form") == "csv" else "xlsx"
    today = datetime.now(zone).date()
    asked = _asked(_query(request), today, zone)
    rows: list[CallRow] = []
    async for piece in service.calls.everything(replace(asked.wanted, before=None)):
        rows += piece
        if len(rows) > MOST_EXPORTED:
            raise UserError(_("超过 10 万通，请缩短时间范围后再导出。"))
    rows.reverse()
    show = listing.as_is if shows(user_of(request), Role.SUPERVISOR) else numbers.mask
    body = await asyncio.to_thread(_written, rows, form, zone, show)
    await audit(request, "calls.export", detail=f"{len(rows)} {form} {request.query_string}"[:900])
    return _download(body, f"calls-{today:%Y%m%d}.{form}", form)


def _written(rows: list[CallRow], form: Form, zone: tzinfo, show: listing.Show) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"calls.{form}"
        export.export(rows, file, zone, show=show)
        return file.read_bytes()


def _download(body: bytes, name: str, form: Form) -> web.Response:
    types = {
        "csv": "text/csv; charset=utf-8",
        "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    }
    return web.Response(
        body=body,
        headers={
            "Content-Type": types[form],
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
        },
    )


# --- the address ---------------------------------------------------------------


def _query(request: web.Request) -> ListQuery:
    """A value that cannot be is no filter: an old link still opens."""
    given = {name: value.strip() for name, value in request.query.items() if value.strip()}
    if not given.get("before", "0").isdecimal() or len(given.get("before", "0")) > 15:
        del given["before"]
    for flag in ("breach", "unfilled"):
        if flag in given:
            given[flag] = "true" if given[flag] in {"1", "true", "on"} else "false"
    return ListQuery.model_validate(given)


def _asked(query: ListQuery, today: date, zone: tzinfo) -> Asked:
    first, last = _days(query, today)
    wanted = CallFilter(
        since=0.0 if first is None else _midnight(first, zone),
        until=FOR_EVER if last is None else _midnight(last + timedelta(days=1), zone),
        terms=query.q or None,
        terms_home=_home_or_none(query.q),
        direction=query.direction or None,
        disposition=query.result or None,
        line=query.line or None,
        staff=query.ext or None,
        breach=True if query.breach else None,
        unfilled=query.unfilled,
        before=query.before,
    )
    return Asked(wanted, first, last)


def _days(query: ListQuery, today: date) -> tuple[date | None, date | None]:
    match query.day:
        case "today":
            return today, today
        case "yesterday":
            return today - timedelta(days=1), today - timedelta(days=1)
        case "week":
            return today - timedelta(days=6), today
        case "month":
            return today - timedelta(days=29), today
    first, last = _date(query.since), _date(query.until)
    return (last, first) if first and last and last < first else (first, last)


def _date(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 1971 <= day.year <= 9000 else None


def _midnight(day: date, zone: tzinfo) -> float:
    return datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()


def _home(text: str | None) -> tuple[str, str, str] | None:
    if not text:
        return None
    try:
        home = homes.parse(text)
    except ValueError as error:
        raise UserError(f"home: {error}") from None
    return home.building, home.unit, home.room


def _home_or_none(text: str | None) -> tuple[str, str, str] | None:
    try:
        return _home(text)
    except UserError:
        return None


# --- what the list shows ---------------------------------------------------------


def _other_number(row: CallRow) -> str:
    """Whom we spoke with: who called, or whom we called."""
    return row.called if row.direction == "outbound" else row.caller


def _other_key(row: CallRow) -> str:
    return row.called_key if row.direction == "outbound" else row.caller_key


def _charted(asked: Asked, today: date) -> tuple[date, date]:
    """The days of the chart: those asked for, the newest of them; today without any."""
    last = min(asked.last or today, today)
    first = asked.first or (last if asked.first == asked.last else last - timedelta(days=29))
    return max(min(first, last), last - timedelta(days=CHART_DAYS)), last


def _chart(slots: Sequence[Slot], first: date, last: date, zone: tzinfo) -> Drawn:
    columns: list[Column] = []
    if (last - first).days < HOURS_UP_TO:
        for hour, each in summary.by_hour(slots, zone).items():
            columns.append(_column(f"{hour:02}", f"{hour:02}:00–{hour:02}:59", each))
    else:
        days = summary.by_day(
            slots, zone, _midnight(first, zone), _midnight(last + timedelta(days=1), zone)
        )
        columns = [_column(f"{day:%m-%d}", f"{day:%Y-%m-%d}", each) for day, each in days.items()]
    return stacked(columns, height=CHART_HEIGHT, labels=12)


def _column(label: str, when: str, each: summary.Sum) -> Column:
    says = _(
        "%(when)s：来电 %(calls)d，三响内接起 %(in_time)d，"
        "超时 %(breaches)d，放弃及其他 %(others)d",
        when=when,
        calls=each.calls,
        in_time=each.in_time,
        breaches=each.breaches,
        others=each.others,
    )
    return Column(label, (each.in_time, each.others, each.breaches), says)
