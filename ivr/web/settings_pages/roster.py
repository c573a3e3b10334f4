"""The duty roster as a calendar: who answers a line instead of its ladder."""

import asyncio
import calendar as months
import tempfile
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from pathlib import Path
from typing import Annotated

from aiohttp import web
from pydantic import Field

from ivr import ids
from ivr.desk import sheet
from ivr.desk.calendar import DayKind, day_kind
from ivr.desk.roster import Named
from ivr.errors import UserError
from ivr.settings import Settings
from ivr.store.roster import RosterRow
from ivr.web.access import MB, SERVICE, Role, needs
from ivr.web.audit import audit
from ivr.web.forms import Form, FormModel, Text, read_form
from ivr.web.i18n import gettext as _
from ivr.web.settings_pages.frame import tab
from ivr.web.settings_pages.ladders import WEEKDAYS

FIRST_YEAR, LAST_YEAR = 2000, 2100
ENDINGS = (".xlsx", ".csv")


class Entry(FormModel):
    """Times as <input type="datetime-local"> sends them."""

    line: Annotated[Text, Field(max_length=32)]
    begin: datetime
    end: datetime
    primary: list[str] = Field(min_length=1)
    backup: list[str] = Field(default_factory=list)
    mobile: str = Field("", max_length=24)
    person: str = Field("", max_length=40)
    note: str = Field("", max_length=200)


@dataclass(frozen=True, slots=True)
class Cell:
    """A day of the calendar."""

    date: date
    kind: DayKind
    inside: bool  # of the month that is shown
    entries: list[RosterRow]


def routes() -> list[web.RouteDef]:
    return [
        web.get("/settings/roster", show),
        web.post("/settings/roster", add),
        web.post("/settings/roster/import", upload),
        web.post("/settings/roster/{id}/remove", remove),
    ]


@needs(Role.SUPERVISOR, machine=False)
async def show(request: web.Request) -> web.StreamResponse:
    return await _show(request, Form(values={"primary": [], "backup": []}))


async def _show(
    request: web.Request, form: Form[Entry], *, status: int = 200, error: str = ""
) -> web.StreamResponse:
    service = request.app[SERVICE]
    settings = service.settings
    zone = settings.site.zone
    today = datetime.now(zone).date()
    month = _month(request.query.get("month", ""), today)
    days = list(months.Calendar().itermonthdates(month.year, month.month))
    entries = await service.roster.entries(_midnight(days[0], zone))
    form.values.setdefault("primary", [])
    form.values.setdefault("backup", [])
    return await tab(
        request,
        "roster.html",
        title=_("值班表"),
        status=status,
        form=form,
        error=error,
        saved=request.query.get("saved", ""),
        today=today,
        month=month,
        before=(month - timedelta(days=1)).replace(day=1),
        after=(month + timedelta(days=32)).replace(day=1),
        weeks=_weeks(days, month, entries, zone),
        weekdays=WEEKDAYS,
        lines=[(line.name, line.title) for line in settings.lines],
        titles={line.name: line.title for line in settings.lines},
        phones=[(each.ext, each.name) for each in settings.phones],
        coming=[row for row in entries if row.to_at > datetime.now(zone).timestamp()][:50],
    )


def _month(text: str, today: date) -> date:
    try:
        month = date.fromisoformat(f"{text}-01")
    except ValueError:
        return today.replace(day=1)
    return month if FIRST_YEAR <= month.year < LAST_YEAR else today.replace(day=1)


def _weeks(
    days: list[date], month: date, entries: list[RosterRow], zone: tzinfo
) -> list[list[Cell]]:
    """An entry stands at every day on which it holds, save one it only reaches into by night."""
    cells = []
    for day in days:
        begin, end = _midnight(day, zone), _midnight(day + timedelta(days=1), zone)
        held = [
            row
            for row in entries
            if begin <= row.from_at < end
            or (row.from_at < begin and min(row.to_at, end) - begin > 12 * 3600)
        ]
        cells.append(Cell(day, day_kind(day), day.month == month.month, held))
    return [cells[at : at + 7] for at in range(0, len(cells), 7)]


def _midnight(day: date, zone: tzinfo) -> float:
    return datetime.combine(day, time(), zone).timestamp()


@needs(Role.SUPERVISOR, machine=False)
async def add(request: web.Request) -> web.StreamResponse:
    form = await read_form(request, Entry)
    service = request.app[SERVICE]
    if form.value is not None:
        _check(form, service.settings)
    if form.value is None:
        return await _show(request, form, status=422)
    given, zone = form.value, service.settings.site.zone
    row = RosterRow(
        id=ids.uuid7(),
        line=given.line,
        from_at=given.begin.replace(tzinfo=zone).timestamp(),
        to_at=given.end.replace(tzinfo=zone).timestamp(),
        primary=tuple(dict.fromkeys(given.primary)),
        backup=tuple(ext for ext in dict.fromkeys(given.backup) if ext not in given.primary),
        mobile=sheet.mobile(given.mobile),
        person=given.person,
        note=given.note,
    )
    try:
        plan = await service.roster.plan([Named("this entry", row)])
    except UserError:
        # all else was checked before
        form.refuse("begin", _("这段时间已有另一条值班，请先删除或改时间"))
        return await _show(request, form, status=409)
    await service.roster.put(plan)
    words = f"{given.line} {given.begin:%Y-%m-%d %H:%M} – {given.end:%m-%d %H:%M}"
    await audit(request, "roster.add", row.id, detail=f"{words} {'、'.join(row.primary)}")
    raise web.HTTPSeeOther(f"/settings/roster?month={given.begin:%Y-%m}&saved=1")


def _check(form: Form[Entry], settings: Settings) -> None:
    given = form.value
    assert given is not None
    if settings.line(given.line) is None:
        form.refuse("line", _("没有这条线路"))
    if not FIRST_YEAR <= given.begin.year < LAST_YEAR or given.begin.tzinfo:
        form.refuse("begin", _("请填写日期或时间"))
    elif given.end.tzinfo or given.end <= given.begin:
        form.refuse("end", _("结束要晚于开始"))
    elif given.end - given.begin > timedelta(days=366):
        form.refuse("end", _("一条值班最长一年"))
    for name in ("primary", "backup"):
        if any(settings.phone(ext) is None for ext in getattr(given, name)):
            form.refuse(name, _("没有这部分机"))
    try:
        sheet.mobile(given.mobile)
    except ValueError:
        form.refuse("mobile", _("这不是电话号码"))


@needs(Role.SUPERVISOR, machine=False)
async def remove(request: web.Request) -> web.StreamResponse:
    roster = request.app[SERVICE].roster
    try:
        row = await roster.remove(request.match_info["id"])
    except UserError:
        raise web.HTTPNotFound from None
    await audit(request, "roster.remove", row.id, detail=f"{row.line} {'、'.join(row.primary)}")
    zone = request.app[SERVICE].settings.site.zone
    month = datetime.fromtimestamp(row.from_at, zone)
    raise web.HTTPSeeOther(f"/settings/roster?month={month:%Y-%m}&saved=1")


@needs(Role.SUPERVISOR, machine=False, body=6 * MB)
async def upload(request: web.Request) -> web.StreamResponse:
    """A spreadsheet: all of it, or nothing and why."""
    service = request.app[SERVICE]
    form: Form[Entry] = Form()
    file = (await read_form(request, FormModel)).files.get("file")
    if file is None or not file.filename:
        return await _show(request, form, status=422, error=_("请选择一个文件。"))
    if Path(file.filename).suffix.lower() not in ENDINGS:
        return await _show(request, form, status=422, error=_("请上传 .xlsx 或 .csv 文件。"))
    with tempfile.TemporaryDirectory() as work:
        path = Path(work) / f"roster{Path(file.filename).suffix.lower()}"
        await asyncio.to_thread(path.write_bytes, file.file.read())
        try:
            entries = await asyncio.to_thread(sheet.read, path, service.settings)
            plan = await service.roster.plan(entries)
        except UserError as error:
            said = str(error).replace(str(path), file.filename)
            return await _show(request, form, status=422, error=said)
    await service.roster.put(plan)
    await audit(request, "roster.import", detail=f"{file.filename}: {len(plan.changes)}")
    raise web.HTTPSeeOther(f"/settings/roster?saved={len(plan.changes)}")
