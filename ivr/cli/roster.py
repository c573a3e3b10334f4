"""`ivr roster`: the duty roster (值班表)."""

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from ivr import ids
from ivr.calls import listing
from ivr.cli import options
from ivr.desk import calendar, sheet
from ivr.desk.ladder import gaps
from ivr.desk.roster import Named, Plan, Roster, hours, overlaps, problems
from ivr.errors import UserError
from ivr.settings import Line, Settings
from ivr.store.database import Database
from ivr.store.roster import RosterRow

app = typer.Typer(help="值班表 · the duty roster", no_args_is_help=True)

LineName = Annotated[str | None, typer.Option("--line", help="线路 · only this line")]
Days = Annotated[int, typer.Option(min=1, max=366, help="天数 · days from now")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="不再询问 · do not ask")]


@app.command()
def show(
    config: options.Config = options.CONFIG,
    line: LineName = None,
    days: Days = 7,
    show_numbers: options.ShowNumbers = False,
) -> None:
    """未来几天谁接电话 · who answers over the next days."""

    async def work(db: Database, settings: Settings) -> None:
        roster = Roster(db, settings)
        start = datetime.now(settings.site.zone)
        number = options.showing(show_numbers)
        out = options.console()
        for each in _lines(settings, line):
            listed = options.table(
                f"{each.title}（{each.name}）", "自", "至", "主班", "备班", "手机"
            )
            begin = start.timestamp()
            for until, ladder in await roster.effective_schedule(each, start, days):
                listed.add_row(
                    listing.clock(begin, settings.site.zone, "%m-%d %H:%M"),
                    listing.clock(until, settings.site.zone, "%m-%d %H:%M"),
                    "、".join(ladder.primary),
                    "、".join(ladder.backup),
                    number(ladder.mobile or ""),
                )
                begin = until
            out.print(listed)
        entries = await roster.entries(start.timestamp(), line)
        if entries:
            _print_entries(f"值班表 {len(entries)}", entries, settings, show_numbers)

    options.with_store(config, work, create=True)


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help=".xlsx 或 .csv")],
    config: options.Config = options.CONFIG,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只看不写 · preview only")] = False,
    yes: Yes = False,
    show_numbers: options.ShowNumbers = False,
) -> None:
    """导入值班表：先预览，再写入，要么全写要么不写 · import a spreadsheet, all or nothing."""

    async def work(db: Database, settings: Settings) -> None:
        roster = Roster(db, settings)
        plan = await roster.plan(sheet.read(file, settings))
        _print_plan(plan, settings, show_numbers)
        if dry_run or not plan.changes:
            return
        if not yes:
            typer.confirm("写入？", abort=True)
        await roster.put(plan)
        options.console().print(f"已写入 {len(plan.changes)} 条。")

    options.with_store(config, work, create=True)


@app.command()
def add(
    start: Annotated[
        datetime, typer.Option("--from", formats=["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"])
    ],
    end: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"])],
    primary: Annotated[str, typer.Option(help="主班分机，逗号分隔 · phones that ring first")],
    config: options.Config = options.CONFIG,
    line: LineName = None,
    backup: Annotated[str, typer.Option(help="备班分机 · phones that join at ring 3")] = "",
    mobile: Annotated[str, typer.Option(help="值班手机 · duty mobile")] = "",
    person: Annotated[str, typer.Option(help="姓名 · who")] = "",
    note: Annotated[str, typer.Option(help="备注 · note")] = "",
) -> None:
    """加一条 · add one entry."""

    async def work(db: Database, settings: Settings) -> None:
        zone = settings.site.zone
        row = RosterRow(
            id=ids.uuid7(),
            line=sheet.line_named(line or "", settings),
            from_at=start.replace(tzinfo=zone).timestamp(),
            to_at=end.replace(tzinfo=zone).timestamp(),
            primary=sheet.phones(primary),
            backup=sheet.phones(backup),
            mobile=sheet.mobile(mobile),
            person=person,
            note=note,
        )
        roster = Roster(db, settings)
        plan = await roster.plan([Named("this entry", row)])
        await roster.put(plan)
        _print_plan(plan, settings, show_numbers=False)

    try:
        options.with_store(config, work, create=True)
    except ValueError as error:
        raise UserError(f"roster add: {error}") from None


@app.command()
def remove(
    entry: Annotated[str, typer.Argument(metavar="ID", help="编号，或其末尾几位")],
    config: options.Config = options.CONFIG,
) -> None:
    """删一条 · remove one entry."""

    async def work(db: Database, settings: Settings) -> str:
        row = await Roster(db, settings).remove(entry)
        return f"{row.line} {hours(row, settings.site.zone)}"

    options.console().print(options.plain(f"已删除：{options.with_store(config, work)}"))


@app.command()
def check(config: options.Config = options.CONFIG, days: Days = 31) -> None:
    """检查值班表与排班 · find phones that went, overlaps, hours nobody answers."""

    async def work(db: Database, settings: Settings) -> tuple[list[str], list[str]]:
        zone = settings.site.zone
        start = datetime.now(zone)
        rows = await Roster(db, settings).entries(start.timestamp())
        named = [Named(f"{row.id[-6:]} {hours(row, zone)}", row) for row in rows]
        wrong = problems(settings, named) + overlaps(named)
        for line in settings.lines:
            for begin, until in gaps(line, start, days):
                span = " – ".join(listing.clock(at, zone, "%m-%d %H:%M") for at in (begin, until))
                wrong.append(f"line {line.name!r}: no ladder for {span}; its last one answers")
        first, last = start.date(), (start + timedelta(days=days)).date()
        years = [first, *(date(year, 1, 1) for year in range(first.year + 1, last.year + 1))]
        return wrong, [words for words in map(calendar.warning, years) if words]

    wrong, warnings = options.with_store(config, work, create=True)
    out = options.console()
    for sentence in warnings:
        out.print(options.plain(f"! {sentence}"))
    for sentence in wrong:
        out.print(options.plain(f"✗ {sentence}"))
    if wrong:
        raise typer.Exit(1)
    out.print("✓ 值班表没有问题。")


def _lines(settings: Settings, name: str | None) -> list[Line]:
    if name is None:
        return settings.lines
    line = settings.line(name)
    if line is None:
        raise UserError(f"--line {name}: there is no such line in [[lines]]")
    return [line]


def _print_plan(plan: Plan, settings: Settings, show_numbers: bool) -> None:
    for title, rows in (("新增", plan.added), ("更改", plan.replaced)):
        if rows:
            _print_entries(f"{title} {len(rows)}", rows, settings, show_numbers)
    if plan.same:
        options.console().print(f"不变 {len(plan.same)}")


def _print_entries(
    title: str, rows: list[RosterRow], settings: Settings, show_numbers: bool
) -> None:
    number = options.showing(show_numbers)
    listed = options.table(title, "编号", "线路", "时间", "主班", "备班", "手机", "姓名", "备注")
    for row in sorted(rows, key=lambda row: (row.from_at, row.line)):
        listed.add_row(
            row.id[-6:],
            row.line,
            hours(row, settings.site.zone),
            "、".join(row.primary),
            "、".join(row.backup),
            number(row.mobile),
            options.plain(row.person),
            options.plain(row.note),
        )
    options.console().print(listed)
