"""`ivr calls`: the call log and who must be phoned back."""

import getpass
import time
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from ivr.calls import listing, numbers
from ivr.calls.export import export as write_export
from ivr.cli import options
from ivr.errors import UserError
from ivr.settings import Settings
from ivr.spreadsheet import check_target
from ivr.store.calls import CallFilter, CallRow, Calls, Page
from ivr.store.database import Database
from ivr.store.worklist import Worklist

app = typer.Typer(help="通话记录 · the call log", no_args_is_help=False)


class DispositionChoice(StrEnum):
    ANSWERED = "answered"
    ABANDONED = "abandoned"
    SYSTEM_ABANDONED = "system_abandoned"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    FAILED = "failed"


class DirectionChoice(StrEnum):
    INBOUND = "inbound"
    OUTBOUND = "outbound"
    INTERNAL = "internal"


Day = Annotated[
    str | None,
    typer.Option(help="today、yesterday、2026-11-22 或 2026-11-01..2026-11-22"),
]
NumberPart = Annotated[
    str | None, typer.Option("--number", help="号码或其一部分 · part of a number")
]
DispositionIs = Annotated[DispositionChoice | None, typer.Option(help="结果 · how it went")]
DirectionIs = Annotated[DirectionChoice | None, typer.Option(help="方向 · direction")]
BreachOnly = Annotated[bool, typer.Option("--breach", help="只看超时 · over three rings only")]
Staff = Annotated[str | None, typer.Option(help="分机 · an extension that took part")]
Unfilled = Annotated[
    bool, typer.Option("--unfilled", help="已接听而未填写来电意图 · answered, intent not written")
]
OwnConfig = Annotated[Path | None, typer.Option("--config", "-c", help="设置文件 · settings file")]
RowId = Annotated[str, typer.Argument(metavar="ID", help="编号，或其末尾几位 · id, or its end")]


@app.callback(invoke_without_command=True)
def calls(
    context: typer.Context,
    config: options.Config = options.CONFIG,
    day: Day = None,
    number: NumberPart = None,
    disposition: DispositionIs = None,
    direction: DirectionIs = None,
    breach: BreachOnly = False,
    staff: Staff = None,
    unfilled: Unfilled = False,
    limit: Annotated[int, typer.Option(min=1, help="最多显示 · rows shown")] = 50,
    show_numbers: options.ShowNumbers = False,
) -> None:
    """列出通话，最近的在前 · list calls, latest first."""
    if context.invoked_subcommand is not None:
        context.obj = config
        return

    async def find(db: Database, settings: Settings) -> tuple[Page, Settings]:
        wanted = _filter(
            settings, day, number, disposition, direction, breach, staff, unfilled, limit
        )
        return await Calls(db, settings.site.id).find(wanted), settings

    page, settings = options.with_store(config, find)
    _print_list(page, settings, options.showing(show_numbers))


@app.command()
def show(
    context: typer.Context,
    row_id: RowId,
    config: OwnConfig = None,
    show_numbers: options.ShowNumbers = False,
) -> None:
    """一通电话的经过 · the story of one call."""

    async def get(db: Database, settings: Settings) -> tuple[CallRow, Settings]:
        return await Calls(db, settings.site.id).get(row_id), settings

    row, settings = options.with_store(_config(context, config), get)
    zone = settings.site.zone
    out = options.console()
    day = listing.clock(row.at, zone, "%Y-%m-%d")
    out.print(options.plain(f"{row.id}  {day}  {row.call_id}"), style="dim")
    begin = row.start_at
    for at, words in listing.story(row, options.showing(show_numbers)):
        since = "" if at is None or begin is None else f"+{at - begin:.1f} s"
        clock = listing.clock(at, zone, "%H:%M:%S")
        out.print(options.plain(f"{clock or '--:--:--'}  {since:>9}  {words}"))
    if row.recording:
        state = listing.RECORDINGS.get(row.recording_state, row.recording_state)
        out.print(options.plain(f"录音：{state} {row.recording}"))
    if row.intent or row.note:
        out.print(options.plain(f"来电意图：{row.intent}  备注：{row.note}"))


@app.command()
def export(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help=".csv 或 .xlsx")],
    day: Day = None,
    number: NumberPart = None,
    disposition: DispositionIs = None,
    direction: DirectionIs = None,
    breach: BreachOnly = False,
    staff: Staff = None,
    unfilled: Unfilled = False,
    config: OwnConfig = None,
    show_numbers: options.ShowNumbers = False,
    force: Annotated[bool, typer.Option("--force", help="覆盖已有文件 · replace the file")] = False,
) -> None:
    """导出通话记录 · write the calls to a spreadsheet."""
    check_target(file, force=force)  # before the work, not after it

    async def find(db: Database, settings: Settings) -> tuple[Page, Settings]:
        wanted = _filter(settings, day, number, disposition, direction, breach, staff, unfilled, -1)
        return await Calls(db, settings.site.id).find(wanted), settings

    page, settings = options.with_store(_config(context, config), find)
    page.rows.reverse()
    show = options.showing(show_numbers)
    write_export(page.rows, file, settings.site.zone, show=show, force=force)
    options.console().print(options.plain(f"已导出 {len(page.rows)} 通：{file}"))


@app.command()
def todo(
    context: typer.Context,
    config: OwnConfig = None,
    every: Annotated[bool, typer.Option("--all", help="也列出已办的 · done ones too")] = False,
    show_numbers: options.ShowNumbers = False,
) -> None:
    """待回电 · who must be phoned back, longest wait first."""

    async def entries(db: Database, settings: Settings) -> None:
        found = await Worklist(db, settings.site.id).entries(done=every)
        out = options.console()
        if not found:
            out.print("没有待回电。")
            return
        show = options.showing(show_numbers)
        now = time.time()
        waiting = sum(entry.done_at is None for entry in found)
        listed = options.table(
            f"待回电 {waiting}", "编号", "类别", "号码", "线路", "时间", "已等", "状态", "备注"
        )
        for entry in found:
            listed.add_row(
                listing.short_id(entry.id),
                listing.WORKLIST_KINDS[entry.kind],
                options.plain(show(entry.number) or "未知号码"),
                entry.line,
                listing.clock(entry.created_at, settings.site.zone, "%m-%d %H:%M"),
                listing.age(entry.created_at, now) if entry.done_at is None else "",
                options.plain(_state(entry.done_by, entry.closed_by)),
                options.plain(entry.note),
            )
        out.print(listed)

    options.with_store(_config(context, config), entries)


@app.command()
def done(
    context: typer.Context,
    row_id: RowId,
    config: OwnConfig = None,
    by: Annotated[str, typer.Option(help="经办人 · who did it")] = "",
    note: Annotated[str, typer.Option(help="备注 · note")] = "",
) -> None:
    """销去一条待回电 · mark a worklist entry as done."""

    async def close(db: Database, settings: Settings) -> str:
        worklist = Worklist(db, settings.site.id)
        entry = await worklist.get(row_id)
        await worklist.done(entry, at=time.time(), by=by or getpass.getuser(), note=note)
        return numbers.mask(entry.number) or "未知号码"

    number = options.with_store(_config(context, config), close)
    options.console().print(options.plain(f"已办：{number}"))


@app.command()
def note(
    context: typer.Context,
    row_id: RowId,
    intent: Annotated[str, typer.Option(help="来电意图 · what for")],
    config: OwnConfig = None,
    words: Annotated[str, typer.Option("--note", help="备注 · note")] = "",
) -> None:
    """填写来电意图 · write what a call was for."""

    async def fill_in(db: Database, settings: Settings) -> None:
        log = Calls(db, settings.site.id)
        row = await log.get(row_id)
        await log.set_record(
            row.id, intent=intent, note=words, by=getpass.getuser(), at=time.time()
        )

    options.with_store(_config(context, config), fill_in)
    options.console().print("已填写。")


def _filter(
    settings: Settings,
    day: str | None,
    number: str | None,
    disposition: DispositionChoice | None,
    direction: DirectionChoice | None,
    breach: bool,
    staff: str | None,
    unfilled: bool,
    limit: int,
) -> CallFilter:
    wanted = CallFilter(
        number=_part(number),
        disposition=disposition.value if disposition else None,
        breach=True if breach else None,
        direction=direction.value if direction else None,
        staff=staff,
        unfilled=unfilled,
        limit=limit,
    )
    if day is None:
        return wanted
    zone = settings.site.zone
    since, until = listing.day_span(day, datetime.now(zone).date(), zone)
    return replace(wanted, since=since, until=until)


def _part(number: str | None) -> str | None:
    if number is None:
        return None
    part = numbers.digits(number)
    if not part:
        raise UserError(f"--number {number}: has no digit; write a number or its last digits")
    return part


def _print_list(page: Page, settings: Settings, show: listing.Show) -> None:
    out = options.console()
    if not page.rows:
        out.print("没有符合条件的通话。")
        return
    shown = len(page.rows)
    total = f"{page.total}" if page.exact else f"{page.total} 以上"
    title = f"通话 {total}" + (f"（显示最近 {shown}）" if shown < page.total else "")
    listed = options.table(
        title,
        "编号",
        "时间",
        "方向",
        "主叫",
        "被叫",
        "振铃",
        "接听",
        "等待",
        "通话",
        "结果",
        "挂机",
    )
    for row in page.rows:
        listed.add_row(
            listing.short_id(row.id),
            listing.clock(row.at, settings.site.zone),
            listing.DIRECTIONS.get(row.direction, row.direction),
            options.plain(
                " ".join(filter(None, (show(row.caller) or "未知号码", row.caller_name)))
            ),
            options.plain(show(row.called)),
            f"{row.rings} 响" if row.rings else "",
            options.plain(row.answered_ext),
            listing.seconds(row.wait_s),
            listing.seconds(row.talk_s or None),
            _result(row),
            listing.SIDES.get(row.hangup_by, row.hangup_by),
        )
    out.print(listed)


def _result(row: CallRow) -> Text:
    words = Text(listing.DISPOSITIONS.get(row.disposition, row.disposition))
    if row.breach:
        words.append(" 超时", style="bold red")
    if row.repaired:
        words.append(" 修复", style="dim")
    return words


def _state(done_by: str, closed_by: str | None) -> str:
    if closed_by:
        return f"已接通，自动销去（通话 {listing.short_id(closed_by)}）"
    return f"已办 {done_by}" if done_by else "待办"


def _config(context: typer.Context, config: Path | None) -> Path:
    """The command's own --config, or the one written before it (`ivr calls --config F show`)."""
    return Path(context.obj) if config is None else config
