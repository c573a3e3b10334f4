"""`ivr notice`: outage notices (停水/停电通知), from four fields to the result."""

import asyncio
import getpass
import shutil
from collections.abc import Awaitable, Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.live import Live
from rich.table import Table
from rich.text import Text

from ivr.calls import listing, numbers
from ivr.cli import options
from ivr.cli.prompts import bar
from ivr.desk import home
from ivr.desk.owners import Owners
from ivr.errors import UserError
from ivr.outbound import results, when
from ivr.outbound.ledger import Ledger, Progress
from ivr.outbound.model import OUTCOME_WORDS, Campaign, CampaignState, Urgency
from ivr.outbound.notice import KIND_WORDS, Notice, NoticeKind
from ivr.outbound.notice_desk import NoticeDesk
from ivr.outbound.notice_plan import KIND, Approval, Plan
from ivr.outbound.notices import Notices
from ivr.settings import Settings
from ivr.store.database import Database

app = typer.Typer(help="停水停电通知 · outage notices", no_args_is_help=True)

STATE_WORDS = {
    CampaignState.DRAFT: "待批准",
    CampaignState.APPROVED: "已批准",
    CampaignState.RUNNING: "进行中",
    CampaignState.PAUSED: "已暂停",
    CampaignState.DONE: "已完成",
    CampaignState.CANCELLED: "已取消",
}
REFRESH_S = 0.5

T = TypeVar("T")


class KindChoice(StrEnum):
    WATER = "停水"
    POWER = "停电"
    GAS = "停气"
    LIFT = "电梯检修"
    PEST = "消杀"
    OTHER = "其他"


Name = Annotated[str, typer.Argument(metavar="ID", help="通知编号或其末尾几位 · id, or its end")]
By = Annotated[str, typer.Option("--by", help="经手人 · who does it (default: this login)")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="不再询问 · do not ask")]
Force = Annotated[bool, typer.Option("--force", help="覆盖已有文件 · write over a file")]
Out = Annotated[Path | None, typer.Option("--out", help="试听文件 · the message as .wav")]


APPROVAL_WORDS = {
    Approval.MANY: "it goes to {homes} homes, more than {limit}",
    Approval.OUTSIDE: "it may phone people outside the window",
}


def _with_desk(config: Path, work: Callable[[NoticeDesk], Awaitable[T]]) -> T:
    def with_desk(db: Database, settings: Settings) -> Awaitable[T]:
        ledger = Ledger(db, settings.site.id)
        notices = Notices(db, settings, ledger, Owners(db, settings).households)
        return work(NoticeDesk(settings, ledger, notices))

    return options.with_store(config, with_desk)


async def _prepare(desk: NoticeDesk, plan: Plan) -> None:
    with bar("合成语音 speaking") as progress:
        await desk.prepare(plan, progress)


@app.command()
def new(
    kind: Annotated[KindChoice, typer.Option(prompt="类别 kind")],
    scope: Annotated[str, typer.Option(prompt="范围 scope", help="3栋、5栋2单元、3-2-1201、全部")],
    cause: Annotated[str, typer.Option(prompt="原因 cause", help="如 供水管道抢修")],
    start: Annotated[str, typer.Option(prompt="开始 start", help="14:00、明天 9:00、11-24 14:00")],
    end: Annotated[str, typer.Option(prompt="恢复 end", help="18:00、明天 12:00")],
    text: Annotated[str, typer.Option(help="其他类：做什么 · what is done, for 其他")] = "",
    urgency: Annotated[Urgency, typer.Option(help="紧急程度 · urgency")] = Urgency.URGENT,
    not_before: Annotated[str, typer.Option(help="最早拨打时间 · phone nobody earlier")] = "",
    outside_window: Annotated[
        bool, typer.Option("--outside-window", help="允许时段外拨打（需批准）")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只看会怎样 · only show")] = False,
    by: By = "",
    yes: Yes = False,
    out: Out = None,
    config: options.Config = options.CONFIG,
) -> None:
    """新通知：预览文本与名单，合成语音，保存 · draft, preview, speak, keep"""

    async def work(desk: NoticeDesk) -> None:
        now = desk.now()
        begin = when.parse(start, now)
        notice = Notice(
            id="",
            kind=_kind(kind),
            scope=scope,
            cause=cause,
            begin=begin,
            end=when.parse(end, now, after=begin),
            urgency=urgency,
            text=text,
        )
        plan = await desk.notices.plan(
            notice, now, by=by or getpass.getuser(), outside_window=outside_window,
            not_before=when.parse(not_before, now) if not_before else None,
        )  # fmt: skip
        _show(desk, plan)
        if dry_run:
            return
        await _prepare(desk, plan)
        if out is not None:
            await _write_wav(desk, plan, out)
        if not yes:
            typer.confirm("保存这条通知？ keep it?", abort=True)
        campaign = await desk.notices.create(plan)
        typer.echo(f"{campaign.id[-6:]} {campaign.title} {STATE_WORDS[campaign.state]}")
        if plan.needs_approval:
            limit = desk.settings.dialer.approval_households
            why = APPROVAL_WORDS[plan.needs_approval].format(homes=len(plan.tasks), limit=limit)
            typer.echo(f"需要第二人批准 · a second person must approve: {why}")
            typer.echo(f"  ivr notice approve {campaign.id[-6:]} --by NAME")
        else:
            typer.echo(f"  ivr notice start {campaign.id[-6:]}")

    _with_desk(config, work)


def _kind(choice: KindChoice) -> NoticeKind:
    return next(kind for kind, word in KIND_WORDS.items() if word == choice.value)


def _show(desk: NoticeDesk, plan: Plan) -> None:
    out = options.console()
    settings = desk.settings.dialer
    out.print(Text("通知内容 · the message", style="bold"))
    for who, said in desk.texts(plan):
        manner = " ".join([who.language, *(["特别关怀"] if who.care else [])])
        out.print(options.plain(f"[{manner}] {said}"))
    out.print()
    out.print(
        f"户 households {len(plan.tasks)}，号码 numbers {plan.numbers}，"
        f"不拨打 left out {len(plan.left_out)}，"
        f"{settings.lines} 线约 {plan.minutes(settings.lines, settings.pace):.0f} 分钟 minutes"
    )
    if plan.short_notice:
        ahead_h = desk.settings.notices.written_ahead_h
        out.print(f"! {KIND_WORDS[plan.notice.kind]}应提前 {ahead_h} 小时书面通知")
    for left in plan.left_out:
        out.print(options.plain(f"  {left.home}  {OUTCOME_WORDS[left.why]}  {left.words}"))


@app.command()
def preview(name: Name, out: Out = None, config: options.Config = options.CONFIG) -> None:
    """显示文本，生成试听文件 · print the text and make the wav"""

    async def work(desk: NoticeDesk) -> None:
        campaign = await desk.ledger.campaign(name)
        plan = await desk.plan_of(campaign)
        _show(desk, plan)
        if out is not None:
            await _write_wav(desk, plan, out)

    _with_desk(config, work)


async def _write_wav(desk: NoticeDesk, plan: Plan, out: Path) -> None:
    with bar("合成语音 speaking") as progress:
        file = await desk.sample(plan, progress=progress)
    await asyncio.to_thread(shutil.copyfile, file, out)
    typer.echo(f"试听 · listen: {out}")


@app.command()
def approve(name: Name, by: By = "", config: options.Config = options.CONFIG) -> None:
    """第二人批准 · a second person agrees"""

    async def work(desk: NoticeDesk) -> Campaign:
        campaign = await desk.ledger.campaign(name)
        return await desk.notices.approve(campaign, by or getpass.getuser())

    _tell_state(_with_desk(config, work))


@app.command()
def start(name: Name, config: options.Config = options.CONFIG) -> None:
    """开始拨打 · begin to phone"""

    async def work(desk: NoticeDesk) -> Campaign:
        campaign = await desk.ledger.campaign(name)
        with bar("合成语音 speaking") as progress:
            return await desk.start(campaign, progress)

    _tell_state(_with_desk(config, work))


@app.command()
def resume(name: Name, config: options.Config = options.CONFIG) -> None:
    """继续 · go on after a pause"""
    start(name, config)


@app.command()
def pause(name: Name, config: options.Config = options.CONFIG) -> None:
    """暂停；正在通话的打完 · pause; calls in progress finish"""

    async def work(desk: NoticeDesk) -> Campaign:
        return await desk.notices.pause(await desk.ledger.campaign(name))

    _tell_state(_with_desk(config, work))


@app.command()
def cancel(name: Name, yes: Yes = False, config: options.Config = options.CONFIG) -> None:
    """不再拨打其余住户 · phone nobody else"""
    if not yes:
        typer.confirm("其余住户不再通知？ phone nobody else?", abort=True)

    async def work(desk: NoticeDesk) -> Campaign:
        return await desk.notices.cancel(await desk.ledger.campaign(name), desk.now())

    _tell_state(_with_desk(config, work))


@app.command()
def extend(
    name: Name,
    end: Annotated[str, typer.Option("--end", help="新的恢复时间 · the new end")],
    config: options.Config = options.CONFIG,
) -> None:
    """延长；已通知的重新通知 · it lasts longer; those told are told again"""

    async def work(desk: NoticeDesk) -> Campaign:
        campaign = await desk.ledger.campaign(name)
        notice, _ = await desk.notices.notice(campaign)
        until = when.parse(end, desk.now(), after=notice.begin)
        return await _change(desk, campaign, await desk.later(campaign, until))

    _tell_state(_with_desk(config, work))


@app.command()
def off(name: Name, config: options.Config = options.CONFIG) -> None:
    """停水取消；只通知已通知过的 · the outage is off; only those told are told"""

    async def work(desk: NoticeDesk) -> Campaign:
        campaign = await desk.ledger.campaign(name)
        return await _change(desk, campaign, await desk.off(campaign))

    _tell_state(_with_desk(config, work))


async def _change(desk: NoticeDesk, campaign: Campaign, changed: Notice) -> Campaign:
    with bar("合成语音 speaking") as progress:
        return await desk.change(campaign, changed, progress)


@app.command()
def restored(name: Name, by: By = "", config: options.Config = options.CONFIG) -> None:
    """已恢复：只打给已通知到的 · it is restored: a follow-up to those who were reached"""

    async def work(desk: NoticeDesk) -> Campaign:
        campaign = await desk.ledger.campaign(name)
        plan = await desk.notices.restored(campaign, desk.now(), by or getpass.getuser())
        await _prepare(desk, plan)
        return await desk.notices.start(await desk.notices.create(plan))

    _tell_state(_with_desk(config, work))


@app.command("list")
def show_all(config: options.Config = options.CONFIG) -> None:
    """全部通知 · every notice"""

    async def work(desk: NoticeDesk) -> Table:
        table = options.table("通知 notices", "编号", "通知", "状态", "户", "未拨", "最早", "最晚")
        for campaign in await desk.ledger.campaigns():
            if campaign.kind != KIND:
                continue
            progress = await desk.ledger.progress(campaign.id)
            table.add_row(
                campaign.id[-6:], options.plain(campaign.title), STATE_WORDS[campaign.state],
                str(progress.total), str(progress.open),
                f"{desk.local(campaign.not_before):%m-%d %H:%M}",
                f"{desk.local(campaign.not_after):%m-%d %H:%M}",
            )  # fmt: skip
        return table

    options.console().print(_with_desk(config, work))


@app.command()
def status(
    name: Name,
    watch: Annotated[bool, typer.Option("--watch", help="一直看到完成 · until it is done")] = False,
    config: options.Config = options.CONFIG,
) -> None:
    """进度 · how far it is"""

    async def work(desk: NoticeDesk) -> None:
        campaign = await desk.ledger.campaign(name)
        with Live(console=options.console(), auto_refresh=False) as live:
            while True:
                campaign = await desk.ledger.campaign(campaign.id)
                progress = await desk.ledger.progress(campaign.id)
                live.update(_progress(campaign, progress), refresh=True)
                over = campaign.state in (CampaignState.DONE, CampaignState.CANCELLED)
                if not watch or over:
                    return
                await asyncio.sleep(REFRESH_S)

    _with_desk(config, work)


def _progress(campaign: Campaign, progress: Progress) -> Table:
    told = progress.total - progress.open
    share = told / progress.total if progress.total else 1.0
    table = Table(box=None, pad_edge=False, show_header=False)
    filled = round(30 * share)
    table.add_row(f"{campaign.title}  {STATE_WORDS[campaign.state]}")
    table.add_row(f"{'█' * filled}{'░' * (30 - filled)} {told}/{progress.total}")
    counts = [f"{OUTCOME_WORDS[one]} {count}" for one, count in progress.outcomes.items()]
    table.add_row("  ".join([f"通话中 {progress.live}", *counts]))
    return table


@app.command("results")
def show_results(
    name: Name,
    export: Annotated[Path | None, typer.Option("--export", help=".xlsx 或 .csv")] = None,
    show_numbers: options.ShowNumbers = False,
    force: Force = False,
    config: options.Config = options.CONFIG,
) -> None:
    """每户结果；导出或打印签收表 · every household's result"""
    show: listing.Show = listing.as_is if show_numbers else numbers.mask

    async def work(desk: NoticeDesk) -> None:
        campaign = await desk.ledger.campaign(name)
        stories = await desk.ledger.stories(campaign.id)
        zone = desk.settings.site.zone
        if export is not None:
            results.export(stories, export, zone, show=show, force=force)
            typer.echo(f"{len(stories)} 户 → {export}")
        else:
            table = options.table(campaign.title, "房屋", "称呼", "结果", "次", "号码", "经过")
            for each in stories:
                row = results.row(each, zone, show)
                table.add_row(*(options.plain(str(row[i])) for i in (0, 1, 2, 3, 4, 7)))
            options.console().print(table)

    _with_desk(config, work)


@app.command()
def signlist(
    name: Name,
    out: Annotated[Path, typer.Option("--out", help=".xlsx 或 .csv")],
    force: Force = False,
    config: options.Config = options.CONFIG,
) -> None:
    """签收表：书面通知打印后逐户签收 · a list to print and sign, for a notice in writing"""

    async def work(desk: NoticeDesk) -> None:
        campaign = await desk.ledger.campaign(name)
        stories = await desk.ledger.stories(campaign.id)
        results.acknowledgement(stories, out, force=force)
        typer.echo(f"{len(stories)} 户 → {out}")

    _with_desk(config, work)


@app.command()
def signed(
    name: Name,
    homes: Annotated[list[str], typer.Argument(metavar="房号…", help="3-2-1201")],
    by: By = "",
    config: options.Config = options.CONFIG,
) -> None:
    """登记已签收的住户，不再拨打 · these homes have signed and are not phoned"""

    async def work(desk: NoticeDesk) -> int:
        campaign = await desk.ledger.campaign(name)
        try:
            wanted = [home.parse(text) for text in homes]
        except ValueError as error:
            raise UserError(f"notice signed: {error}") from None
        return await desk.notices.signed(campaign, wanted, desk.now(), by or getpass.getuser())

    typer.echo(f"新登记 {_with_desk(config, work)} 户 · newly marked")


def _tell_state(campaign: Campaign) -> None:
    typer.echo(f"{campaign.id[-6:]} {campaign.title} {STATE_WORDS[campaign.state]}")
