"""The audit log as a page and a spreadsheet: who did what, when, from where."""

import asyncio
from dataclasses import replace
from datetime import date, datetime, time, timedelta, tzinfo

from aiohttp import web

from ivr import spreadsheet
from ivr.spreadsheet import Heading
from ivr.store.audit import AuditEntry, AuditFilter
from ivr.store.calls import FOR_EVER
from ivr.web.access import SERVICE, Role, needs
from ivr.web.audit import AUDIT, audit
from ivr.web.i18n import N_
from ivr.web.i18n import gettext as _
from ivr.web.openapi import ApiModel, Args, Nothing, api, routes_of
from ivr.web.settings_pages.frame import tab
from ivr.web.users import USERS

ROWS = 50
MOST_EXPORTED = 100_000
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

# What an action does and what it is done to; the rest is shown as it is written.
NOUNS = {
    "session": N_("登录"),
    "user": N_("用户"),
    "token": N_("接口令牌"),
    "roster": N_("值班表"),
    "prompt": N_("提示音"),
    "audit": N_("操作记录"),
    "call": N_("通话"),
    "recording": N_("录音"),
    "notice": N_("通知"),
    "request": N_("服务工作单"),
    "callback": N_("回访"),
    "survey": N_("满意度调查"),
    "owner": N_("业主"),
    "hook": N_("事件推送"),
    "report": N_("报表"),
}


class AuditQuery(ApiModel):
    """Days are of the site's calendar, YYYY-MM-DD; `until` is the last one shown."""

    since: date | None = None
    until: date | None = None
    user: str = ""
    action: str = ""
    text: str = ""
    page: int = 1


class AuditPage(ApiModel):
    total: int
    entries: list[AuditEntry]


def routes() -> list[web.RouteDef]:
    return [
        web.get("/settings/audit", show),
        web.get("/settings/audit.xlsx", export),
        *routes_of(__name__),
    ]


def _filter(query: AuditQuery, zone: tzinfo) -> AuditFilter:
    return AuditFilter(
        since=_midnight(query.since, zone) if query.since else 0.0,
        until=_midnight(query.until + timedelta(days=1), zone)
        if query.until and query.until < date.max
        else FOR_EVER,
        user_id=query.user,
        action=query.action,
        text=query.text,
        limit=ROWS,
        offset=ROWS * (min(max(query.page, 1), 1_000_000) - 1),
    )


def _midnight(day: date, zone: tzinfo) -> float:
    # Years before 1970 or so have no timestamp everywhere.
    day = max(day, date(1971, 1, 1))
    return datetime.combine(day, time(), zone).timestamp()


def _query(request: web.Request) -> AuditQuery:
    """A link that was cut or mistyped shows what is left of it."""
    given = dict(request.query)
    query = AuditQuery(
        user=given.get("user", ""),
        action=given.get("action", ""),
        text=given.get("text", "")[:200],
        page=int(page) if (page := given.get("page", "")).isdecimal() and len(page) < 7 else 1,
    )
    days = {name: _day(given.get(name, "")) for name in ("since", "until")}
    return query.model_copy(update=days)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


@needs(Role.MANAGER, machine=False)
async def show(request: web.Request) -> web.StreamResponse:
    query = _query(request)
    table = request.app[AUDIT]
    total, entries = await table.find(_filter(query, request.app[SERVICE].settings.site.zone))
    return await tab(
        request,
        "record.html",
        title=_("操作记录"),
        wanted=query,
        total=total,
        entries=entries,
        pages=max(1, -(-total // ROWS)),
        people=await request.app[USERS].all(),
        actions=await table.actions(),
        nouns=NOUNS,
    )


@needs(Role.MANAGER, machine=False)
async def export(request: web.Request) -> web.StreamResponse:
    """What the page's filters show, all of it."""
    zone = request.app[SERVICE].settings.site.zone
    wanted = replace(_filter(_query(request), zone), limit=MOST_EXPORTED, offset=0)
    _total, entries = await request.app[AUDIT].find(wanted)
    await audit(request, "audit.export", detail=str(len(entries)))
    name = f"audit-{datetime.now(zone):%Y%m%d-%H%M}.xlsx"
    return web.Response(
        body=await asyncio.to_thread(_workbook, entries, zone),
        content_type=XLSX,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _workbook(entries: list[AuditEntry], zone: tzinfo) -> bytes:
    headings = [
        Heading(_("时间"), 20),
        Heading(_("姓名"), 12),
        Heading(_("角色"), 12),
        Heading(_("地址"), 16),
        Heading(_("操作"), 18),
        Heading(_("对象"), 38),
        Heading(_("说明"), 60),
    ]
    rows = (
        (
            datetime.fromtimestamp(each.at, zone).replace(tzinfo=None),
            each.user_name,
            each.role,
            each.address,
            each.action,
            each.target,
            each.detail,
        )
        for each in entries
    )
    return spreadsheet.contents(".xlsx", _("操作记录"), headings, rows)


@api(
    "GET",
    "/api/v1/audit",
    summary="Who did what, the latest first",
    query=AuditQuery,
    returns=AuditPage,
    role=Role.MANAGER,
)
async def entries(request: web.Request, args: Args[AuditQuery, Nothing]) -> AuditPage:
    """Fifty a page."""
    wanted = _filter(args.query, request.app[SERVICE].settings.site.zone)
    total, found = await request.app[AUDIT].find(wanted)
    return AuditPage(total=total, entries=found)
