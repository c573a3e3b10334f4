"""`ivr owners`: owners (业主) and their homes (房屋)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from ivr.calls import listing
from ivr.cli import options
from ivr.desk import owner_sheet, owner_words, scope
from ivr.desk.owner import Owner, quiet_hours
from ivr.desk.owners import FIELDS, Owners, Plan, words
from ivr.errors import UserError
from ivr.settings import Settings
from ivr.spreadsheet import check_target
from ivr.store.database import Database

app = typer.Typer(help="业主与房屋 · owners and homes", no_args_is_help=True)

Named = Annotated[
    str, typer.Argument(metavar="房号|号码|姓名|编号", help="3-2-1201, 13800138000, 周建国")
]
SHOWN = 20  # of each kind in a preview


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help=".xlsx 或 .csv")],
    config: options.Config = options.CONFIG,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只看不写 · preview only")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="不再询问 · do not ask")] = False,
    show_numbers: options.ShowNumbers = False,
) -> None:
    """导入业主：先预览，确认后一次写入 · import a spreadsheet: a preview, then all at once.

    有误的行不写入，改正后可再次导入；空单元格不改动已有内容。
    Rows that are wrong are left out; an empty cell leaves what is stored.
    """

    async def work(db: Database, settings: Settings) -> None:
        owners = Owners(db, settings)
        plan = await owners.plan(file)
        _print_plan(plan, show_numbers)
        count = len(plan.added) + len(plan.changed)
        if dry_run or not count:
            return
        if not yes:
            left = f"，有误的 {plan.wrong_rows} 行除外" if plan.wrong_rows else ""
            typer.confirm(f"写入 {count} 位业主{left}？", abort=True)
        await owners.put(plan)
        options.console().print(f"已写入 {count} 位业主。")

    options.with_store(config, work, create=True)


@app.command("list")
def list_(
    where: Annotated[
        str, typer.Argument(metavar="范围", help="3栋, 3-2, 1-5栋, 3栋2单元, 3-2-1201")
    ] = "全部",
    config: options.Config = options.CONFIG,
    limit: Annotated[int, typer.Option(min=1, help="最多几户 · at most")] = 50,
    show_numbers: options.ShowNumbers = False,
) -> None:
    """一户一行 · households of a scope."""

    async def work(db: Database, settings: Settings) -> None:
        number = options.showing(show_numbers)
        out = options.console()
        owners = Owners(db, settings)
        if where == "全部" and await owners.is_empty():
            out.print("还没有业主；ivr owners import 文件.xlsx 可导入。")
            return
        found = await owners.households(scope.parse(where))
        shown = found[:limit]
        title = f"房屋 {len(found)}" + (f"，列出 {len(shown)}" if len(shown) < len(found) else "")
        listed = options.table(title, "房屋", "业主", "电话", "勿扰", "勿扰时段", "特别关怀")
        for each in shown:
            listed.add_row(
                options.plain(str(each.home)),
                options.plain("、".join(owner.name + owner.title for owner in each.owners)),
                "、".join(map(number, each.numbers)),
                words(True) if each.do_not_call else "",
                each.quiet,
                "、".join(each.care),
            )
        out.print(listed)

    options.with_store(config, work)


@app.command()
def show(
    owner: Named,
    config: options.Config = options.CONFIG,
    show_numbers: options.ShowNumbers = False,
) -> None:
    """一位业主或一户 · one owner, or all of a home or number."""

    async def work(db: Database, settings: Settings) -> None:
        for each in await Owners(db, settings).find(owner):
            _print_owner(each, show_numbers)

    options.with_store(config, work)


@app.command("set")
def set_(
    owner: Named,
    config: options.Config = options.CONFIG,
    do_not_call: Annotated[
        bool | None, typer.Option("--do-not-call/--call", help="勿扰 · never phone them")
    ] = None,
    quiet: Annotated[
        str | None, typer.Option(help="勿扰时段，如 12:00-14:00；空为取消 · quiet hours")
    ] = None,
    care: Annotated[
        str | None, typer.Option(help="特别关怀：老人、孕妇、残疾人；无为取消 · care")
    ] = None,
    language: Annotated[str | None, typer.Option(help="语言：中文、英语 · language")] = None,
    title: Annotated[str | None, typer.Option(help="称谓，如 先生；空为取消 · title")] = None,
    note: Annotated[str | None, typer.Option(help="备注 · note")] = None,
) -> None:
    """改一位业主 · change one owner."""
    try:
        changes: dict[str, Any] = {
            "do_not_call": do_not_call,
            "quiet": quiet_hours(quiet) if quiet else quiet,
            "care": None if care is None else owner_words.care(care or "无"),
            "language": None if language is None else owner_words.language(language),
            "title": owner_words.title(title) if title else title,
            "note": None if note is None else owner_sheet.note(note),
        }
    except ValueError as error:
        raise UserError(f"owners set: {error}") from None
    changes = {name: value for name, value in changes.items() if value is not None}
    if not changes:
        raise UserError("owners set: says nothing to change; see ivr owners set --help")

    async def work(db: Database, settings: Settings) -> None:
        owners = Owners(db, settings)
        _print_owner(await owners.change(_one(await owners.find(owner), owner), **changes), False)

    options.with_store(config, work)


@app.command()
def remove(
    owner: Named,
    config: options.Config = options.CONFIG,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="不再询问 · do not ask")] = False,
) -> None:
    """删除一位业主及其号码 · forget an owner and their numbers."""

    async def work(db: Database, settings: Settings) -> None:
        owners = Owners(db, settings)
        gone = _one(await owners.find(owner), owner)
        _print_owner(gone, False)
        if not yes:
            typer.confirm("删除？", abort=True)
        await owners.remove(gone)
        options.console().print("已删除。")

    options.with_store(config, work)


@app.command()
def export(
    file: Annotated[Path, typer.Argument(help=".xlsx 或 .csv")],
    config: options.Config = options.CONFIG,
    force: Annotated[bool, typer.Option("--force", help="覆盖 · replace the file")] = False,
    show_numbers: options.ShowNumbers = False,
) -> None:
    """导出；加 --show-numbers 可再导入 · export; with --show-numbers it can be imported again."""

    async def work(db: Database, settings: Settings) -> None:
        check_target(file, force=force)  # before the work, not after it
        owners = await Owners(db, settings).all()
        owner_sheet.write(file, owners, options.showing(show_numbers), force=force)
        options.console().print(options.plain(f"已导出 {len(owners)} 位业主：{file}"))

    options.with_store(config, work)


def _one(found: Sequence[Owner], named: str) -> Owner:
    if len(found) > 1:
        those = "、".join(f"{owner.name or '?'}（{listing.short_id(owner.id)}）" for owner in found)
        raise UserError(f"{named}: is more than one owner: {those}; name one by its id")
    return found[0]


def _print_owner(owner: Owner, show_numbers: bool) -> None:
    number = options.showing(show_numbers)
    listed = options.table(listing.short_id(owner.id), "", "")
    for name, heading in FIELDS.items():
        value = getattr(owner, name)
        value = tuple(map(number, value)) if name == "phones" else value
        listed.add_row(heading, options.plain(words(value)))
    options.console().print(listed)


def _print_plan(plan: Plan, show_numbers: bool) -> None:
    out = options.console()
    number = options.showing(show_numbers)
    if plan.added:
        listed = options.table(_title("新增", len(plan.added)), "房屋", "姓名", "称谓", "电话")
        for owner in plan.added[:SHOWN]:
            listed.add_row(
                *map(options.plain, ("、".join(map(str, owner.homes)), owner.name, owner.title)),
                "、".join(map(number, owner.phones)),
            )
        out.print(listed)
    if plan.changed:
        listed = options.table(_title("更改", len(plan.changed)), "房屋", "姓名", "项", "原", "新")
        for change in plan.changed[:SHOWN]:
            for heading, before, after in change.differences(number):
                home = next(iter(change.after.homes), "")
                cells = (str(home), change.after.name, heading, before, after)
                listed.add_row(*map(options.plain, cells))
        out.print(listed)
    if plan.wrong_rows:
        listed = options.table(_title("有误（不写入）", plan.wrong_rows), "行", "列", "原因")
        for wrong in plan.wrong[:SHOWN]:
            listed.add_row(*map(options.plain, wrong))
        out.print(listed)
    if plan.repeated:
        out.print(_title("重复", plan.repeated))
        for sentence in plan.repeats[:SHOWN]:
            out.print(options.plain(f"  {sentence}"))
    for sheet in plan.left_out:
        out.print(options.plain(f"! 工作表 {sheet} 没有表头，未读取"))
    if plan.vacant:
        out.print(f"无业主的房屋 {plan.vacant}")
    counts = {"新增": len(plan.added), "更改": len(plan.changed)}
    counts |= {"不变": plan.same, "有误": plan.wrong_rows}
    out.print("，".join(f"{word} {count}" for word, count in counts.items()))


def _title(word: str, count: int) -> str:
    return f"{word} {count}" + (f"，列出 {SHOWN}" if count > SHOWN else "")
