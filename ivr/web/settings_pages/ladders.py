"""Who rings when: the ladders of each line, the coming week, hours and holidays."""

import asyncio
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

from aiohttp import web

from ivr.desk import calendar
from ivr.desk.calendar import DayKind, day_kind
from ivr.desk.ladder import Segment, gaps
from ivr.settings import Ladder, Settings
from ivr.web.access import SERVICE, Role, needs
from ivr.web.i18n import N_
from ivr.web.i18n import gettext as _
from ivr.web.settings_pages.frame import tab

DAYS = 7
GAP_DAYS = 31
HOLIDAY_DAYS = 120
DAY_S = 24 * 3600.0

DAY_WORDS = {
    "all": N_("每天"),
    "workday": N_("工作日"),
    "weekend": N_("周末"),
    "holiday": N_("节假日"),
    "restday": N_("休息日"),
}
WEEKDAYS = (
    N_("周一"),
    N_("周二"),
    N_("周三"),
    N_("周四"),
    N_("周五"),
    N_("周六"),
    N_("周日"),
)


@dataclass(frozen=True, slots=True)
class Piece:
    """Part of a day during which the same phones ring; `left` and `width` are shares of it."""

    begin: float
    until: float
    left: float
    width: float
    ladder: Ladder
    shade: int  # one of four, by ladder


@dataclass(frozen=True, slots=True)
class Day:
    date: date
    kind: DayKind
    pieces: list[Piece]


def routes() -> list[web.RouteDef]:
    return [web.get("/settings/ladders", show), web.get("/settings/hours", hours)]


@needs(Role.SUPERVISOR, machine=False)
async def show(request: web.Request) -> web.StreamResponse:
    service = request.app[SERVICE]
    settings = service.settings
    zone = settings.site.zone
    now = datetime.now(zone)
    midnight = datetime.combine(now.date(), time(), zone)
    lines = []
    for line in settings.lines:
        segments = await service.roster.effective_schedule(line, midnight, DAYS)
        days = split(segments, midnight.date(), zone)
        current = next((each.ladder for each in segments if now.timestamp() < each.until), None)
        empty = await asyncio.to_thread(gaps, line, now, GAP_DAYS)
        lines.append({"line": line, "days": days, "now": current, "gaps": empty})
    return await tab(
        request,
        "ladders.html",
        title=_("振铃顺序"),
        lines=lines,
        names={phone.ext: phone.name for phone in settings.phones},
        day_words=DAY_WORDS,
        weekdays=WEEKDAYS,
        rings=settings.rings,
    )


def split(segments: list[Segment], first: date, zone: tzinfo) -> list[Day]:
    """A schedule that begins at midnight of `first`, day by day."""
    shades: list[Ladder] = []
    days: list[Day] = []
    begin = datetime.combine(first, time(), zone).timestamp()
    for segment in segments:
        if segment.ladder not in shades:
            shades.append(segment.ladder)
        while begin < segment.until:
            day = datetime.fromtimestamp(begin, zone).date()
            start = datetime.combine(day, time(), zone).timestamp()
            end = datetime.combine(day + timedelta(days=1), time(), zone).timestamp()
            until = min(segment.until, end)
            if not days or days[-1].date != day:
                days.append(Day(day, day_kind(day), []))
            length = end - start  # 23 or 25 hours where clocks are changed
            days[-1].pieces.append(
                Piece(
                    begin,
                    until,
                    (begin - start) / length,
                    (until - begin) / length,
                    segment.ladder,
                    shades.index(segment.ladder) % 4,
                )
            )
            begin = until
    return days


@needs(Role.SUPERVISOR, machine=False)
async def hours(request: web.Request) -> web.StreamResponse:
    settings = request.app[SERVICE].settings
    today = datetime.now(settings.site.zone).date()
    following = [today + timedelta(days=offset) for offset in range(HOLIDAY_DAYS)]
    return await tab(
        request,
        "hours.html",
        title=_("时间与节假日"),
        settings=settings,
        limits=limits(settings),
        special=[(day, day_kind(day), day.weekday() >= 5) for day in following if _is_special(day)],
        unknown=sorted({day.year for day in following if not calendar.is_known(day)}),
        weekdays=WEEKDAYS,
        until=following[-1],
    )


def _is_special(day: date) -> bool:
    """A holiday, or a weekend that is worked."""
    return day_kind(day) is DayKind.HOLIDAY or (
        day.weekday() >= 5 and day_kind(day) is DayKind.WORKDAY
    )


def limits(settings: Settings) -> list[tuple[str, str]]:
    """What was promised, and how long things take, in words."""
    rings, dialer, waiting = settings.rings, settings.dialer, settings.waiting
    asks = settings.requests
    return [
        (
            _("接起时限"),
            _("%(rings)d 响（%(seconds)d 秒）", rings=rings.max_rings, seconds=rings.deadline_s),
        ),
        (_("将超时提示"), _("第 %(ring)d 响起", ring=rings.at_risk_ring)),
        (_("备班加入振铃"), _("第 %(ring)d 响起", ring=rings.backup_ring)),
        (_("等待致歉"), _("每 %(seconds)d 秒", seconds=waiting.apology_every_s)),
        (_("系统外呼时段"), dialer.window.replace("-", "–")),
        (_("每户每天外呼不超过"), _("%(count)d 次", count=dialer.daily_calls)),
        (_("投诉分派"), _("%(minutes)d 分钟内", minutes=asks.complaint_assigned_min)),
        (_("紧急维修到场"), _("%(minutes)d 分钟内", minutes=asks.urgent_on_site_min)),
        (_("投诉首次答复"), _("%(hours)d 小时内", hours=asks.complaint_answered_h)),
        (_("录音保存"), _("%(days)d 天", days=settings.recording.retention_days)),
    ]
