"""What the reports say: each a table of a period, and how a chart shows it."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from ivr.calls import summary
from ivr.desk import similar
from ivr.desk.request import KIND_WORDS, RequestState
from ivr.outbound import satisfaction
from ivr.service import Service
from ivr.store.reports import Reports
from ivr.store.requests import RequestFilter
from ivr.web.i18n import N_
from ivr.web.i18n import gettext as _
from ivr.web.render import span

OPEN = tuple(
    state.value
    for state in RequestState
    if state not in (RequestState.CLOSED, RequestState.SATISFIED)
)
LONGEST_REQUESTS = 5000

REASONS = {
    "late": N_("接得晚了"),
    "system_first": N_("系统代接后才有人接"),
    "given_up": N_("系统代接后业主放弃"),
    "unanswered": N_("一直没有人接"),
    "busy": N_("分机全忙"),
    "unreachable": N_("没有分机响铃"),
}
KINDS = {"abandoned": N_("放弃的来电"), "callback": N_("要求回电")}


class Period(NamedTuple):
    """A day, week or month of the site's calendar: [since, until) in seconds."""

    kind: str
    first: date
    last: date
    since: float
    until: float

    @property
    def before(self) -> date:
        return self.first - timedelta(days=1)

    @property
    def after(self) -> date:
        return self.last + timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Table:
    """One report. `chart` says which columns a chart shows, over the first one."""

    name: str
    title: str
    headings: tuple[str, ...]
    kinds: str  # of each column: t(ext) n(umber) p(ercent) s(econds)
    rows: list[tuple[Any, ...]]
    chart: str = ""  # bars, line, shares: how it is drawn; empty: not at all
    series: tuple[int, ...] = ()
    hint: str = ""
    links: tuple[str, ...] = ()  # where each row leads

    def cells(self) -> list[list[str]]:
        """As people read them."""
        return [[shown(kind, value) for kind, value in zip(self.kinds, row, strict=True)]
                for row in self.rows]  # fmt: skip


async def _by_hour(service: Service, period: Period) -> Table:
    slots = await _reports(service).slots(period.since, period.until)
    hours = summary.by_hour(slots, service.settings.site.zone)
    rows = [(f"{hour:02}:00", *_level(each)) for hour, each in hours.items()]
    return _levels("by-hour", _("按小时"), _("小时"), rows)


async def _by_day(service: Service, period: Period) -> Table:
    zone = service.settings.site.zone
    slots = await _reports(service).slots(period.since, period.until)
    until = min(period.until, max(period.since + 1, time.time()))  # days to come are no zeros
    days = summary.by_day(slots, zone, period.since, until)
    rows = [(f"{day:%m-%d}", *_level(each)) for day, each in days.items()]
    return _levels("by-day", _("按天"), _("日期"), rows)


async def _by_staff(service: Service, period: Period) -> Table:
    names = {phone.ext: phone.name for phone in service.settings.phones}
    rows = [
        (
            f"{each.ext} {names.get(each.ext, '')}".strip(),
            each.answered,
            each.in_time / each.inbound if each.inbound else None,
            each.missed,
            each.wait_s,
            each.talk_s / each.answered if each.answered else None,
            each.talk_s,
        )
        for each in await _reports(service).staff(period.since, period.until)
    ]
    headings = (
        _("分机"), _("接听"), _("三响内接起率"), _("超时时在响"), _("平均等待"), _("平均通话"),
        _("通话合计"),
    )  # fmt: skip
    return Table("by-staff", _("按员工"), headings, "tnpnsss", rows, "bars", (1, 3))


async def _breaches(service: Service, period: Period) -> Table:
    counts = dict.fromkeys(REASONS, 0)
    for each in await _reports(service).breaches(period.since, period.until):
        counts[each.reason] += 1
    whole = sum(counts.values())
    rows = [
        (_(REASONS[reason]), count, count / whole)
        for reason, count in sorted(counts.items(), key=lambda pair: -pair[1])
        if count
    ]
    headings = (_("原因"), _("通话"), _("占比"))
    hint = _("超过三响没有人接起的来电；点名单可以逐通查看。")
    return Table("breaches", _("超时原因"), headings, "tnp", rows, "shares", (1,), hint)


async def _breach_list(service: Service, period: Period) -> Table:
    zone = service.settings.site.zone
    titles = {line.name: line.title for line in service.settings.lines}
    found = await _reports(service).breaches(period.since, period.until)
    rows = [
        (
            f"{datetime.fromtimestamp(each.at, zone):%Y-%m-%d %H:%M:%S}",
            each.caller,
            titles.get(each.line, each.line),
            each.ring_s,
            each.answered_ext,
            _(REASONS[each.reason]),
        )
        for each in found
    ]
    headings = (_("时间"), _("主叫"), _("线路"), _("振铃"), _("接听"), _("原因"))
    links = tuple(f"/calls/{each.id}" for each in found)
    return Table("breach-list", _("超时名单"), headings, "tttstt", rows, links=links)


async def _called_back(service: Service, period: Period) -> Table:
    rows = [
        (
            _(KINDS.get(each.kind, each.kind)),
            each.entries,
            each.done,
            each.entries - each.done,
            each.done / each.entries,
            each.after_s,
        )
        for each in await _reports(service).called_back(period.since, period.until)
    ]
    headings = (
        _("类别"), _("登记"), _("已回电"), _("未回电"), _("回电率"), _("平均多久回电"),
    )  # fmt: skip
    return Table("called-back", _("放弃与回电"), headings, "tnnnps", rows, "bars", (2, 3))


async def _first_contact(service: Service, period: Period) -> Table:
    found = await _reports(service).first_contact(period.since, period.until)
    share = found.resolved / found.answered if found.answered else None
    headings = (_("接听的来电"), _("七天内没有再来电"), _("首次解决率"))
    rows = [(found.answered, found.resolved, share)] if found.answered else []
    hint = _("同一号码七天内没有再打来，算一次解决。")
    return Table("first-contact", _("首次解决"), headings, "nnp", rows, hint=hint)


async def _satisfied(service: Service, period: Period) -> Table:
    """By month, a year back: a trend needs more than the period."""
    since = (datetime.fromtimestamp(period.until, service.settings.site.zone)
             - timedelta(days=365)).timestamp()  # fmt: skip
    judged = await service.callbacks.tables.judged(since, period.until)
    zone, goal = service.settings.site.zone, service.settings.callbacks.goal
    found = satisfaction.figures(judged, goal, zone)
    rows = [(each.name, each.asked, each.satisfied, each.share) for each in found.months]
    headings = (_("月份"), _("回访"), _("满意"), _("满意率"))
    hint = _("目标 %(goal)s", goal=shown("p", goal))
    return Table("satisfaction", _("满意率走势"), headings, "tnnp", rows, "line", (3,), hint)


async def _similar(service: Service, period: Period) -> Table:
    wanted = RequestFilter(
        states=OPEN,
        since=period.until - similar.WINDOW_S,
        until=period.until,
        limit=LONGEST_REQUESTS,
    )
    found = (await service.requests.find(wanted)).rows
    groups = similar.groups(found, period.until)
    rows = [
        (
            _(KIND_WORDS[group.kind]),
            group.title,
            _("%(building)s 栋", building=group.building) if group.building else _("多栋"),
            group.homes,
            "、".join(each.number for each in group.requests[:10]),
        )
        for group in groups
    ]
    headings = (_("类别"), _("事项"), _("范围"), _("户数"), _("工单"))
    links = tuple(f"/requests/{group.requests[0].number}" for group in groups)
    hint = _("两周内三户以上报的同一件事，应统一答复。")
    return Table("similar", _("同类问题"), headings, "tttnt", rows, hint=hint, links=links)


REPORTS: dict[str, Callable[[Service, Period], Awaitable[Table]]] = {
    "by-hour": _by_hour,
    "by-day": _by_day,
    "by-staff": _by_staff,
    "breaches": _breaches,
    "breach-list": _breach_list,
    "called-back": _called_back,
    "first-contact": _first_contact,
    "satisfaction": _satisfied,
    "similar": _similar,
}
LISTED = ("breach-list",)  # too long for the page, there as a spreadsheet


async def sums(service: Service, period: Period) -> summary.Sum:
    return summary.total(await _reports(service).slots(period.since, period.until))


def _reports(service: Service) -> Reports:
    return Reports(service.db, service.settings.site.id)


def _level(each: summary.Sum) -> tuple[Any, ...]:
    return (
        each.calls,
        each.in_time,
        each.service_level,
        each.breaches,
        each.abandoned,
        each.mean_wait_s,
        each.talk_s,
    )


def _levels(name: str, title: str, first: str, rows: list[tuple[Any, ...]]) -> Table:
    headings = (
        first, _("来电"), _("三响内接起"), _("三响内接起率"), _("超时"), _("放弃"), _("平均等待"),
        _("通话合计"),
    )  # fmt: skip
    kept = rows if any(row[1] or row[7] for row in rows) else []
    return Table(name, title, headings, "tnnpnnss", kept, "level", (2, 5, 4, 3))


def shown(kind: str, value: Any) -> str:
    if value is None:
        return "–"
    match kind:
        case "p":
            return f"{value * 100:.1f}".removesuffix(".0") + " %"
        case "s":
            return span(value)
        case _:
            return str(value)
