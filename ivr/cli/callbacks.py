"""`ivr callbacks`: satisfaction callbacks (回访) and surveys, from the queue to the figures."""

import getpass
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.table import Table

from ivr.cli import options
from ivr.desk.requests import Requests
from ivr.errors import UserError
from ivr.outbound import callback_sheet, satisfaction
from ivr.outbound.callback import REASON_WORDS, Reason
from ivr.outbound.callbacks import Callbacks, Talked
from ivr.outbound.model import CampaignState, Outcome
from ivr.outbound.results import words as outcome_words
from ivr.outbound.satisfaction import Rate
from ivr.outbound.surveys import EVERYBODY, Surveys
from ivr.settings import Settings
from ivr.store.database import Database, Row
from ivr.talk.asking import By

app = typer.Typer(help="回访与满意度调查 · callbacks and surveys", no_args_is_help=True)
survey = typer.Typer(help="满意度调查 · surveys of all homes", no_args_is_help=True)
app.add_typer(survey, name="survey")

DAY_S = 86_400.0
STATE_WORDS = {
    CampaignState.DRAFT: "待批准",
    CampaignState.APPROVED: "已批准",
    CampaignState.RUNNING: "进行中",
    CampaignState.PAUSED: "已暂停",
    CampaignState.DONE: "已完成",
    CampaignState.CANCELLED: "已取消",
}

T = TypeVar("T")

By_ = Annotated[str, typer.Option("--by", help="经手人 · who does it (default: this login)")]
Name = Annotated[str, typer.Argument(metavar="ID", help="编号或其末尾几位 · id, or its end")]
Days = Annotated[int, typer.Option("--days", min=1, help="最近多少天 · of the last so many days")]


class Part(StrEnum):
    ALL = "all"
    DUE = "due"
    RUNNING = "running"
    DONE = "done"


class _Desk:
    """What every command needs of one site."""

    def __init__(self, db: Database, settings: Settings) -> None:
        self.settings = settings
        self.requests = Requests(db, settings)
        self.callbacks = Callbacks(db, settings, self.requests)
        self.surveys = Surveys(self.callbacks)

    def clock(self, at: float | None) -> str:
        zone = self.settings.site.zone
        return "" if at is None else f"{datetime.fromtimestamp(at, zone):%m-%d %H:%M}"


def _with_desk(config: Path, work: Callable[[_Desk], Awaitable[T]]) -> T:
    return options.with_store(config, lambda db, settings: work(_Desk(db, settings)))


def _me(by: str) -> str:
    return by or getpass.getuser()


@app.command("list")
def list_command(
    part: Annotated[Part, typer.Option(help="待访、进行中、已访 · which")] = Part.ALL,
    days: Days = 7,
    config: options.Config = options.CONFIG,
) -> None:
    """待访、正在访、已访 · who is to be asked, is being asked, was asked"""

    async def rows(desk: _Desk) -> Table:
        found = await desk.callbacks.tables.queue(part.value, since=time.time() - days * DAY_S)
        table = options.table(
            f"回访 {len(found)} 条", "编号", "类别", "工单", "房屋", "内容", "时间", "次数", "状态"
        )
        for row in found:
            table.add_row(
                row["task"][-6:],
                REASON_WORDS[Reason(row["reason"])],
                row["number"] or "",
                options.plain(row["household"]),
                options.plain(row["title"] or ""),
                desk.clock(row["settled_at"] or row["due_at"]),
                str(row["tries"]),
                _state(row),
            )
        return table

    options.console().print(_with_desk(config, rows))


def _state(row: Row) -> str:
    """Where it stands, in words."""
    if row["lacking"]:
        return f"缺语音：{row['lacking']}"
    if row["attempt"]:
        return "通话中"
    if row["outcome"] is None:
        return "待拨打" if row["ready_at"] else "准备语音"
    if row["verdict"]:
        return callback_sheet.verdict_words(row["verdict"])
    return outcome_words(Outcome(row["outcome"]))


@app.command()
def show(name: Name, config: options.Config = options.CONFIG) -> None:
    """一张工单或一次通话的每个回答 · every answer about a request, or of one talk"""

    async def tables(desk: _Desk) -> list[Table]:
        try:
            request = await desk.requests.get(name)
        except UserError:
            talks = [await desk.callbacks.talked(name)]
        else:
            talks = await desk.callbacks.story(request.id)
            if not talks:
                raise UserError(f"工单 {request.number} has not been called back yet")
        return [_talk(desk, talk) for talk in talks]

    for table in _with_desk(config, tables):
        options.console().print(table)


def _talk(desk: _Desk, talk: Talked) -> Table:
    of = talk.interview
    verdict = callback_sheet.verdict_words(of.verdict)
    table = options.table(
        f"{desk.clock(of.begun_at)} {REASON_WORDS[Reason(of.reason)]} {of.household} → {verdict}"
        f"  ({of.script} {of.version})",
        "编号", "问题", "回答", "方式", "听到", "把握", "更正",
    )  # fmt: skip
    for answer in talk.answers:
        corrected = ""
        if answer.corrected_choice is not None:
            corrected = f"{answer.corrected_label}（{answer.corrected_by}）"
        table.add_row(
            answer.id[-6:],
            answer.step,
            answer.label or "—",
            callback_sheet.WAY_WORDS[By(answer.way)],
            options.plain(callback_sheet.heard(answer)),
            "" if answer.score is None else f"{answer.score:.2f}",
            options.plain(corrected),
        )
    return table


@app.command()
def correct(
    answer: Annotated[str, typer.Argument(metavar="ANSWER", help="回答编号 · of show")],
    choice: Annotated[str, typer.Argument(metavar="CHOICE", help="如 satisfied · code or label")],
    note: Annotated[str, typer.Option("--note", help="说明 · why")] = "",
    by: By_ = "",
    config: options.Config = options.CONFIG,
) -> None:
    """听过录音后更正，原结果保留 · put right what was heard; the machine's stays beside it"""

    async def work(desk: _Desk) -> Table:
        talk = await desk.callbacks.correct(answer, choice, by=_me(by), note=note)
        return _talk(desk, talk)

    options.console().print(_with_desk(config, work))


@app.command()
def quota(config: options.Config = options.CONFIG) -> None:
    """本月已听取多少户，调查是否到期 · households heard this month, and how they were drawn"""

    async def lines(desk: _Desk) -> list[str]:
        found = await desk.surveys.quota(time.time())
        told = [f"{found.month} 已听取 {found.heard} 户，应不少于 {found.wanted} 户"]
        told += [
            f"  抽样：{s.population} 户中抽 {s.drawn} 户，种子 {s.seed!r}" for s in found.samples
        ]
        if found.survey_due:
            last = desk.clock(found.last_survey) or "从未"
            told.append(f"  全体业主调查已到期（上次 {last}）：ivr callbacks survey new")
        return told

    for line in _with_desk(config, lines):
        options.console().print(options.plain(line))


@app.command()
def results(
    name: Annotated[str, typer.Argument(metavar="[SURVEY]", help="调查编号 · of a survey")] = "",
    days: Days = 180,
    config: options.Config = options.CONFIG,
) -> None:
    """满意率，最差在前；或一次调查的结果 · rates, worst first; or what a survey came to"""

    async def tables(desk: _Desk) -> list[Table]:
        return await (_survey_results(desk, name) if name else _rates(desk, days))

    for table in _with_desk(config, tables):
        options.console().print(table)


async def _rates(desk: _Desk, days: int) -> list[Table]:
    now = time.time()
    rows = await desk.callbacks.tables.judged(now - days * DAY_S, now)
    goal = desk.settings.callbacks.goal
    found = satisfaction.figures(rows, goal, desk.settings.site.zone)
    groups: list[tuple[str, tuple[Rate, ...]]] = [
        (f"满意率（目标 {goal:.0%}）", (found.total,)),
        ("部门", found.departments),
        ("类别", found.kinds),
        ("月份", found.months),
    ]
    made = []
    for title, rates in groups:
        table = options.table(title, "", "回访", "满意", "满意率")
        for rate in rates:
            share = f"{rate.share:.1%}" if rate.asked else "—"
            table.add_row(rate.name, str(rate.asked), str(rate.satisfied), share)
        made.append(table)
    return made


async def _survey_results(desk: _Desk, name: str) -> list[Table]:
    campaign = await desk.surveys.get(name)
    rows = await desk.callbacks.tables.results(campaign.id)
    made = []
    for step, shares in satisfaction.by_step(rows).items():
        table = options.table(f"{campaign.title}：{step}", "回答", "户数", "占比")
        total = sum(share.answers for share in shares)
        for share in shares:
            table.add_row(share.label, str(share.answers), f"{share.answers / total:.0%}")
        made.append(table)
    if not made:
        raise UserError(f"{campaign.title}: nobody has answered yet")
    return made


@app.command()
def export(
    file: Annotated[Path, typer.Argument(metavar="FILE", help=".xlsx 或 .csv")],
    days: Days = 30,
    force: Annotated[bool, typer.Option("--force", help="覆盖 · write over a file")] = False,
    config: options.Config = options.CONFIG,
) -> None:
    """导出每个回答 · every answer of the last days as a table"""

    async def work(desk: _Desk) -> int:
        talks = await desk.callbacks.talks(since=time.time() - days * DAY_S)
        callback_sheet.export(talks, file, desk.settings.site.zone, force=force)
        return len(talks)

    options.console().print(f"{_with_desk(config, work)} 次通话 · talks → {file}")


@survey.command("new")
def survey_new(
    title: Annotated[str, typer.Option(prompt="名称 title", help="如 2026 下半年满意度调查")],
    scope: Annotated[str, typer.Option(help="范围 · 3栋、5栋2单元、全部")] = EVERYBODY,
    script: Annotated[str, typer.Option(help="脚本 · script (default: survey)")] = "",
    by: By_ = "",
    config: options.Config = options.CONFIG,
) -> None:
    """新建调查 · a new survey; 'start' begins it"""

    async def work(desk: _Desk) -> str:
        opened = await desk.surveys.open(title, by=_me(by), scope=scope, script=script)
        left_out = "，".join(f"{why} {count} 户" for why, count in opened.left_out.items())
        campaign = opened.campaign
        step = "start" if campaign.state is CampaignState.APPROVED else "approve"
        spared = f"；不询问：{left_out}" if left_out else ""
        return (
            f"{campaign.title}：将询问 {opened.homes} 户{spared}\n"
            f"下一步 · next: ivr callbacks survey {step} {campaign.id[-8:]}"
        )

    options.console().print(options.plain(_with_desk(config, work)))


@survey.command("list")
def survey_list(config: options.Config = options.CONFIG) -> None:
    """所有调查与抽样 · every survey and sample"""

    async def rows(desk: _Desk) -> Table:
        table = options.table("调查", "编号", "名称", "状态", "范围", "抽取", "户数", "已答")
        for row in await desk.callbacks.tables.surveys():
            table.add_row(
                row["campaign"][-8:],
                options.plain(row["title"]),
                STATE_WORDS[CampaignState(row["state"])],
                row["scope"],
                f"{row['population']} 中 {row['drawn']}",
                str(row["homes"]),
                str(row["heard"]),
            )
        return table

    options.console().print(_with_desk(config, rows))


@survey.command("approve")
def survey_approve(name: Name, by: By_ = "", config: options.Config = options.CONFIG) -> None:
    """第二人批准 · a second person agrees"""
    campaign = _with_desk(config, lambda desk: desk.surveys.approve(name, _me(by)))
    options.console().print(f"{campaign.title}：{STATE_WORDS[campaign.state]}")


@survey.command("start")
def survey_start(name: Name, config: options.Config = options.CONFIG) -> None:
    """开始拨打 · begin to phone"""
    campaign = _with_desk(config, lambda desk: desk.surveys.start(name))
    options.console().print(f"{campaign.title}：{STATE_WORDS[campaign.state]}")


@survey.command("pause")
def survey_pause(name: Name, config: options.Config = options.CONFIG) -> None:
    """暂停（start 继续） · nobody else is phoned; start goes on"""
    campaign = _with_desk(config, lambda desk: desk.surveys.pause(name))
    options.console().print(f"{campaign.title}：{STATE_WORDS[campaign.state]}")


@survey.command("cancel")
def survey_cancel(name: Name, config: options.Config = options.CONFIG) -> None:
    """取消 · for good"""
    campaign = _with_desk(config, lambda desk: desk.surveys.cancel(name))
    options.console().print(f"{campaign.title}：{STATE_WORDS[campaign.state]}")
