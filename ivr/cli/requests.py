"""`ivr requests`: service requests (服务工作单)."""

import getpass
import time
from collections.abc import Awaitable, Callable
from datetime import date, datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from ivr.calls import listing
from ivr.cli import options
from ivr.desk import request_sheet
from ivr.desk.intake import Draft, for_owner
from ivr.desk.limits import NEED_WORDS, Limit, Need, Step
from ivr.desk.owners import Owners
from ivr.desk.request import (
    KIND_WORDS,
    SEVERITY_WORDS,
    STATE_WORDS,
    UNDONE,
    WHAT_WORDS,
    Request,
    RequestKind,
    RequestState,
    Severity,
)
from ivr.desk.request_import import Import, Plan
from ivr.desk.requests import Requests
from ivr.errors import UserError
from ivr.settings import Settings
from ivr.spreadsheet import check_target
from ivr.store.calls import Calls
from ivr.store.database import Database
from ivr.store.requests import RequestFilter

app = typer.Typer(help="服务工作单 · service requests", no_args_is_help=True)

Named = Annotated[str, typer.Argument(metavar="编号", help="20261122-003")]
Text = Annotated[str, typer.Option("--text", "-t", help="说明 · remark")]
By = Annotated[str, typer.Option(help="谁，缺省为登录名 · who does it")]
Promised = Annotated[
    str, typer.Option(help="承诺时间，如 18:00 或 2026-11-23 09:00 · promised time")
]
SHOWN = 20  # rows of a preview


@app.command("list")
def list_(
    config: options.Config = options.CONFIG,
    state: Annotated[list[RequestState] | None, typer.Option(help="状态 · state")] = None,
    kind: Annotated[RequestKind | None, typer.Option(help="类别 · kind")] = None,
    department: Annotated[str | None, typer.Option(help="部门 · department")] = None,
    keeper: Annotated[str | None, typer.Option(help="首问人 · who took it")] = None,
    home: Annotated[str | None, typer.Option(help="房屋 · home")] = None,
    overdue: Annotated[bool, typer.Option("--overdue", help="只列超时 · overdue only")] = False,
    all_: Annotated[bool, typer.Option("--all", help="含已处理和关闭 · done ones too")] = False,
    find: Annotated[
        str | None, typer.Option(help="事项、房屋、联系人等 · part of any text")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="最多几张 · at most")] = 50,
) -> None:
    """按时限列出，超时在前 · by limit, overdue first."""

    async def work(db: Database, settings: Settings) -> None:
        now = time.time()
        book = Requests(db, settings)
        states = tuple(state) if state else None if all_ else tuple(UNDONE)
        page = await book.find(
            RequestFilter(
                states=states,
                kind=kind,
                department=department,
                keeper=keeper,
                home=home,
                text=find,
                due_before=now if overdue else None,
                limit=limit,
            )
        )
        title = f"工单 {page.total}"
        if len(page.rows) < page.total:
            title += f"，列出 {len(page.rows)}"
        listed = options.table(
            title, "编号", "时限", "类别", "状态", "房屋", "事项", "部门", "登记"
        )
        for each in page.rows:
            listed.add_row(
                each.number,
                options.plain(_due(book.limits(each), now)),
                _kind(each),
                STATE_WORDS[each.state],
                options.plain(each.home),
                options.plain(each.title),
                options.plain(_joined(each.department, each.assignee)),
                listing.clock(each.created_at, settings.site.zone, "%m-%d %H:%M"),
            )
        options.console().print(listed)

    options.with_store(config, work)


@app.command()
def show(
    request: Named,
    config: options.Config = options.CONFIG,
    show_numbers: options.ShowNumbers = False,
) -> None:
    """一张工单和它的经过 · one request and its history."""

    async def work(db: Database, settings: Settings) -> None:
        book = Requests(db, settings)
        await _print(book, await book.get(request), show_numbers)

    options.with_store(config, work)


@app.command()
def new(
    kind: Annotated[RequestKind, typer.Argument(metavar="类别", help=" ".join(RequestKind))],
    title: Annotated[str, typer.Argument(metavar="事项", help="厨房水龙头漏水")],
    config: options.Config = options.CONFIG,
    severity: Annotated[Severity, typer.Option(help="程度 · severity")] = Severity.NORMAL,
    detail: Annotated[str, typer.Option(help="说明 · detail")] = "",
    home: Annotated[str, typer.Option(help="房屋，如 3-1-1201 · home")] = "",
    contact: Annotated[str, typer.Option(help="联系人 · whom to ask for")] = "",
    phone: Annotated[str, typer.Option(help="电话 · telephone")] = "",
    department: Annotated[str, typer.Option(help="部门，即派工 · department")] = "",
    assignee: Annotated[str, typer.Option(help="经办人 · person")] = "",
    promised: Promised = "",
    call: Annotated[str, typer.Option(help="来自哪次通话 · the call it came from")] = "",
    by: By = "",
) -> None:
    """登记；由来电或号码认出业主和房屋 · take a request; the owner is known by the number."""

    async def work(db: Database, settings: Settings) -> None:
        number, call_id = phone, ""
        if call:
            row = await Calls(db, settings.site.id).get(call)
            number = number or (row.called if row.direction == "outbound" else row.caller)
            call_id = row.call_id
        draft = Draft(
            kind=kind,
            title=title,
            severity=severity,
            detail=detail,
            home=home,
            contact=contact,
            department=department,
            assignee=assignee,
            call=call_id,
            promised_at=_moment(promised, settings.site.zone),
        )
        if number:
            draft = for_owner(draft, await Owners(db, settings).by_number(number), number)
        book = Requests(db, settings)
        made = await book.create(draft, by=by or _me(), now=time.time())
        await _print(book, made, show_numbers=False)

    options.with_store(config, work, create=True)


@app.command()
def assign(
    request: Named,
    config: options.Config = options.CONFIG,
    department: Annotated[str, typer.Option("--to", help="部门 · department")] = "",
    assignee: Annotated[str, typer.Option("--person", help="经办人 · person")] = "",
    promised: Promised = "",
    text: Text = "",
    by: By = "",
) -> None:
    """派工 · give it to a department or a person."""

    async def step(book: Requests, who: str, now: float) -> Request:
        return await book.assign(
            request,
            by=who,
            now=now,
            department=department,
            assignee=assignee,
            promised_at=_moment(promised, book.settings.site.zone),
            text=text,
        )

    _do(config, by, step)


@app.command("on-site")
def on_site(
    request: Named, config: options.Config = options.CONFIG, text: Text = "", by: By = ""
) -> None:
    """到场 · somebody is on the spot."""
    _do(config, by, lambda book, who, now: book.on_site(request, by=who, now=now, text=text))


@app.command()
def answer(
    request: Named,
    text: Annotated[str, typer.Argument(metavar="答复", help="告诉了业主什么 · what was said")],
    config: options.Config = options.CONFIG,
    promised: Promised = "",
    by: By = "",
) -> None:
    """答复业主：将怎样、何时 · the owner was told what will happen, and when."""

    async def step(book: Requests, who: str, now: float) -> Request:
        at = _moment(promised, book.settings.site.zone)
        return await book.answer(request, by=who, now=now, text=text, promised_at=at)

    _do(config, by, step)


@app.command()
def resolve(
    request: Named, config: options.Config = options.CONFIG, text: Text = "", by: By = ""
) -> None:
    """处理完毕，之后回访 · the work is done; the owner is called back."""
    _do(config, by, lambda book, who, now: book.resolve(request, by=who, now=now, text=text))


@app.command()
def reopen(
    request: Named,
    text: Annotated[str, typer.Argument(metavar="原因", help="还有什么问题 · what is wrong")],
    config: options.Config = options.CONFIG,
    by: By = "",
) -> None:
    """退回重做 · it is to be done again."""
    _do(config, by, lambda book, who, now: book.reopen(request, by=who, now=now, text=text))


@app.command()
def close(
    request: Named, config: options.Config = options.CONFIG, text: Text = "", by: By = ""
) -> None:
    """关闭；业主未表示满意时须说明 · for good; with a reason unless the owner is satisfied."""
    _do(config, by, lambda book, who, now: book.close(request, by=who, now=now, text=text))


@app.command()
def note(
    request: Named,
    text: Annotated[str, typer.Argument(metavar="备注", help="写进经过 · into its history")],
    config: options.Config = options.CONFIG,
    by: By = "",
) -> None:
    """备注 · write into its history."""
    _do(config, by, lambda book, who, now: book.note(request, by=who, now=now, text=text))


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help=".xlsx 或 .csv")],
    config: options.Config = options.CONFIG,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只看不写 · preview only")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="不再询问 · do not ask")] = False,
    by: By = "",
) -> None:
    """导入：先预览，确认后一次写入 · a preview, then all at once.

    已有的工单不变；有误的行不写入，改正后可再次导入。
    What is there already stays; rows that are wrong are left out.
    """

    async def work(db: Database, settings: Settings) -> None:
        importing = Import(db, Requests(db, settings))
        plan = await importing.plan(file)
        _print_plan(plan)
        if dry_run or not plan.added:
            return
        if not yes:
            left = f"，有误的 {plan.wrong_rows} 行除外" if plan.wrong_rows else ""
            typer.confirm(f"写入 {len(plan.added)} 张工单{left}？", abort=True)
        count = await importing.put(plan, by=by or _me(), now=time.time())
        options.console().print(f"已写入 {count} 张工单。")

    options.with_store(config, work, create=True)


@app.command()
def export(
    file: Annotated[Path, typer.Argument(help=".xlsx 或 .csv")],
    config: options.Config = options.CONFIG,
    day: Annotated[
        str, typer.Option(help="登记日期：today, 2026-11-01..2026-11-22 · taken on")
    ] = "",
    force: Annotated[bool, typer.Option("--force", help="覆盖 · replace the file")] = False,
    show_numbers: options.ShowNumbers = False,
) -> None:
    """导出；加 --show-numbers 可再导入 · export; with --show-numbers it can be imported again."""

    async def work(db: Database, settings: Settings) -> None:
        check_target(file, force=force)  # before the work, not after it
        zone = settings.site.zone
        wanted = RequestFilter()
        if day:
            since, until = listing.day_span(day, datetime.now(zone).date(), zone)
            wanted = RequestFilter(since=since, until=until)
        found = (await Requests(db, settings).find(wanted)).rows
        found.sort(key=lambda each: each.number)
        request_sheet.write(file, found, zone, options.showing(show_numbers), force=force)
        options.console().print(options.plain(f"已导出 {len(found)} 张工单：{file}"))

    options.with_store(config, work)


def _do(config: Path, by: str, step: Callable[[Requests, str, float], Awaitable[Request]]) -> None:
    async def work(db: Database, settings: Settings) -> None:
        book = Requests(db, settings)
        after = await step(book, by or _me(), time.time())
        options.console().print(options.plain(f"{after.number} {STATE_WORDS[after.state]}"))

    options.with_store(config, work)


def _me() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "ivr"


def _moment(text: str, zone: ZoneInfo) -> float | None:
    """A promised time: 18:00 is today's."""
    if not text:
        return None
    try:
        if len(text) <= 5:
            text = f"{datetime.now(zone).date()} {text:0>5}"
        return datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()
    except ValueError:
        raise UserError(
            f"--promised {text!r}: is no time; write it like 18:00 or {date.today()} 18:00"
        ) from None


def _kind(each: Request) -> str:
    severity = "" if each.severity is Severity.NORMAL else SEVERITY_WORDS[each.severity]
    return _joined(KIND_WORDS[each.kind], severity)


def _due(limits: list[Limit], now: float) -> str:
    if not limits:
        return ""
    limit = limits[0]
    need = NEED_WORDS[Need(limit.need)]
    match limit.step(now):
        case Step.BREACH:
            return f"■ {need} 超时 {listing.age(limit.breach_at, now)}"
        case Step.WARNING:
            return f"◆ {need} 将超时，还剩 {listing.age(now, limit.breach_at)}"
        case _:
            return f"{need} 还剩 {listing.age(now, limit.breach_at)}"


def _joined(*words: str) -> str:
    return " ".join(word for word in words if word)


async def _print(book: Requests, each: Request, show_numbers: bool) -> None:
    zone, now = book.settings.site.zone, time.time()
    out = options.console()
    facts = options.table(each.number, "", "")
    for heading, value in (
        ("事项", each.title),
        ("类别", _kind(each)),
        ("状态", STATE_WORDS[each.state]),
        ("说明", each.detail),
        ("房屋", each.home),
        ("联系人", each.contact),
        ("电话", options.showing(show_numbers)(each.phone)),
        ("部门", _joined(each.department, each.assignee)),
        ("首问人", each.keeper),
        ("承诺时间", listing.clock(each.promised_at, zone, "%m-%d %H:%M")),
        ("时限", "；".join(_due([limit], now) for limit in book.limits(each))),
    ):
        if value:
            facts.add_row(heading, options.plain(value))
    out.print(facts)
    told = options.table("经过", "时间", "", "谁", "")
    for entry in await book.history(each.id):
        told.add_row(
            listing.clock(entry.at, zone),
            WHAT_WORDS[entry.what],
            options.plain(entry.by),
            options.plain(entry.text),
        )
    out.print(told)


def _print_plan(plan: Plan) -> None:
    out = options.console()
    if plan.added:
        listed = options.table(
            _title("新增", len(plan.added)), "行", "类别", "状态", "房屋", "事项"
        )
        for entry in plan.added[:SHOWN]:
            draft = entry.draft
            cells = (entry.where, KIND_WORDS[draft.kind], STATE_WORDS[entry.state])
            listed.add_row(*map(options.plain, (*cells, draft.home, draft.title)))
        out.print(listed)
    if plan.wrong_rows:
        listed = options.table(_title("有误（不写入）", plan.wrong_rows), "行", "列", "原因")
        for wrong in plan.wrong[:SHOWN]:
            listed.add_row(*map(options.plain, wrong))
        out.print(listed)
    out.print(f"新增 {len(plan.added)}，已有 {plan.there}，有误 {plan.wrong_rows}")


def _title(word: str, count: int) -> str:
    return f"{word} {count}" + (f"，列出 {SHOWN}" if count > SHOWN else "")
