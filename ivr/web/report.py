"""Reports of a day, a week, a month: as charts and tables, as spreadsheets, as JSON, and a
month as a page to print."""

import asyncio
import tempfile
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from aiohttp import web

from ivr import spreadsheet
from ivr.service import Service
from ivr.spreadsheet import Cell, Heading
from ivr.web.access import SERVICE, Role, needs
from ivr.web.audit import audit
from ivr.web.chart import Column, Drawn, stacked
from ivr.web.i18n import N_
from ivr.web.i18n import gettext as _
from ivr.web.openapi import ApiModel, Args, Nothing, api, routes_of
from ivr.web.render import page
from ivr.web.report_tables import LISTED, REPORTS, Period, Table, sums

LONGEST_DAYS = 366

PERIODS = {"day": N_("日"), "week": N_("周"), "month": N_("月")}


class ReportQuery(ApiModel):
    """Seconds since the epoch: [since, until), a year at most."""

    since: float
    until: float


class ReportOut(ApiModel):
    """`columns` in their order; shares are 0…1, lengths of time seconds."""

    name: str
    title: str
    columns: list[str]
    rows: list[list[str | float | int | None]]


def routes() -> list[web.RouteDef]:
    return [
        web.get("/reports", reports),
        web.get("/reports/month", monthly),
        web.get("/reports/{name}.xlsx", spreadsheet_of),
        *routes_of(__name__),
    ]


# --- pages ---------------------------------------------------------------------------


@needs(Role.SUPERVISOR)
async def reports(request: web.Request) -> web.StreamResponse:
    """/reports?period=day|week|month&day=2026-11-22"""
    service = request.app[SERVICE]
    period = _asked(request, service)
    tables = [
        await REPORTS[name](service, period)
        for name in REPORTS
        if name not in LISTED and (name != "by-day" or period.kind != "day")
    ]
    return await page(
        request,
        "reports/reports.html",
        title=_("报表"),
        period=period,
        periods=PERIODS,
        tables=tables,
        charts=[_chart(table) for table in tables if table.chart and table.rows],
        sums=await sums(service, period),
        today=datetime.now(service.settings.site.zone).date(),
    )


@needs(Role.SUPERVISOR)
async def monthly(request: web.Request) -> web.StreamResponse:
    """/reports/month?day=2026-11-01: the month as one page to print."""
    service = request.app[SERVICE]
    zone = service.settings.site.zone
    day = _date(request.query.get("day", "")) or datetime.now(zone).date()
    period = _period("month", day, service)
    before = _period("month", period.before, service)
    tables = [await REPORTS[name](service, period) for name in REPORTS if name not in LISTED]
    return await page(
        request,
        "reports/month.html",
        title=_("%(month)s 服务报告", month=f"{period.first:%Y-%m}"),
        period=period,
        tables=tables,
        sums=await sums(service, period),
        past=await sums(service, before),
        company=service.settings.site.company,
        drawn={table.name: _drawn(table) for table in tables if table.chart == "level"},
    )


@needs(Role.SUPERVISOR)
async def spreadsheet_of(request: web.Request) -> web.StreamResponse:
    service = request.app[SERVICE]
    name = request.match_info["name"]
    if name not in REPORTS:
        raise web.HTTPNotFound
    period = _asked(request, service)
    table = await REPORTS[name](service, period)
    body = await asyncio.to_thread(_written, table)
    await audit(request, "report.export", name, detail=f"{period.first}…{period.last}")
    return web.Response(
        body=body,
        headers={
            "Content-Type": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "Content-Disposition": f'attachment; filename="{name}-{period.first:%Y%m%d}.xlsx"',
            "Cache-Control": "no-store",
        },
    )


@api(
    "GET",
    "/api/v1/reports/{name}",
    summary="A report",
    query=ReportQuery,
    returns=ReportOut,
    role=Role.SUPERVISOR,
)
async def report(request: web.Request, args: Args[ReportQuery, Nothing]) -> ReportOut:
    """`name` is by-hour, by-day, by-staff, breaches, breach-list, called-back,
    first-contact, satisfaction or similar."""
    if args.path["name"] not in REPORTS:
        raise web.HTTPNotFound(reason="there is no such report")
    service = request.app[SERVICE]
    first, last = _span(args.query, service)
    period = Period("span", first, last, args.query.since, args.query.until)
    table = await REPORTS[args.path["name"]](service, period)
    return ReportOut(
        name=table.name,
        title=table.title,
        columns=list(table.headings),
        rows=[list(row) for row in table.rows],
    )


# --- of when ------------------------------------------------------------------------


def _asked(request: web.Request, service: Service) -> Period:
    kind = request.query.get("period", "month")
    day = _date(request.query.get("day", "")) or datetime.now(service.settings.site.zone).date()
    return _period(kind if kind in PERIODS else "month", day, service)


def _period(kind: str, day: date, service: Service) -> Period:
    zone = service.settings.site.zone
    match kind:
        case "day":
            first = last = day
        case "week":
            first = day - timedelta(days=day.weekday())
            last = first + timedelta(days=6)
        case _:
            first = day.replace(day=1)
            last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    end = last + timedelta(days=1)
    since = datetime(first.year, first.month, first.day, tzinfo=zone).timestamp()
    until = datetime(end.year, end.month, end.day, tzinfo=zone).timestamp()
    return Period(kind, first, last, since, until)


def _span(query: ReportQuery, service: Service) -> tuple[date, date]:
    since, until = query.since, query.until
    if not (0 <= since < until <= 4e9) or until - since > LONGEST_DAYS * 86_400:
        raise web.HTTPUnprocessableEntity(
            reason="since and until are seconds since the epoch, a year apart at most"
        )
    zone = service.settings.site.zone
    return (
        datetime.fromtimestamp(since, zone).date(),
        datetime.fromtimestamp(until - 1, zone).date(),
    )


def _date(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 1972 <= day.year <= 2090 else None


# --- how they are shown ---


def _chart(table: Table) -> dict[str, Any]:
    """What report.js draws."""
    return {
        "name": table.name,
        "kind": table.chart,
        "labels": [str(row[0]) for row in table.rows],
        "series": [
            {
                "name": table.headings[column],
                "percent": table.kinds[column] == "p",
                "values": [row[column] for row in table.rows],
            }
            for column in table.series
        ],
    }


def _drawn(table: Table) -> Drawn:
    """For the printer, which draws no chart of a script's."""
    columns = [
        Column(row[0], (row[2], max(0, row[1] - row[2] - row[4]), row[4]), row[0])
        for row in table.rows
    ]
    return stacked(columns, height=96.0, labels=16)


def _written(table: Table) -> bytes:
    headings = [
        Heading(f"{heading}（{_('秒')}）" if kind == "s" else heading, 24 if kind == "t" else 14)
        for heading, kind in zip(table.headings, table.kinds, strict=True)
    ]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "report.xlsx"
        spreadsheet.write(file, table.title, headings, [_cells(row) for row in table.rows])
        return file.read_bytes()


def _cells(row: Sequence[Any]) -> list[Cell]:
    return [round(value, 4) if isinstance(value, float) else value for value in row]
