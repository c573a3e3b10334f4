"""What a campaign came to, household by household, in words."""

from collections.abc import Sequence
from datetime import datetime, tzinfo
from pathlib import Path

from ivr import spreadsheet
from ivr.calls import listing, numbers
from ivr.outbound.ledger import Story
from ivr.outbound.messages import listener
from ivr.outbound.model import OUTCOME_WORDS, Attempt, Outcome
from ivr.spreadsheet import Cell, Heading

STILL = "待呼叫"
HEADINGS = (
    Heading("房屋", 14),
    Heading("称呼", 12),
    Heading("结果", 16),
    Heading("拨打次数", 9),
    Heading("号码", 16),
    Heading("最后一次", 20),
    Heading("按键", 8),
    Heading("经过", 60),
    Heading("备注", 30),
)


def words(outcome: Outcome | None) -> str:
    """The household's result; 待呼叫 while it is open."""
    return STILL if outcome is None else OUTCOME_WORDS[outcome]


def story(attempts: Sequence[Attempt], zone: tzinfo) -> str:
    """09:30 占线；09:33 已确认"""
    return "；".join(
        f"{datetime.fromtimestamp(each.created_at, zone):%H:%M} "
        f"{words(each.outcome) if each.outcome else '进行中'}"
        for each in attempts
    )


def row(each: Story, zone: tzinfo, show: listing.Show) -> list[Cell]:
    last = each.attempts[-1] if each.attempts else None
    number = last.number if last else (each.task.numbers[0] if each.task.numbers else "")
    when = None
    if last is not None:
        when = datetime.fromtimestamp(last.created_at, zone).replace(tzinfo=None)
    return [
        each.task.household,
        listener(each.task.subject).address or "业主",
        words(each.task.outcome),
        len(each.attempts),
        show(number),
        when,
        "".join(attempt.keys for attempt in each.attempts),
        story(each.attempts, zone),
        each.task.note or (last.note if last else ""),
    ]


def export(
    stories: Sequence[Story],
    file: Path,
    zone: tzinfo,
    *,
    show: listing.Show = numbers.mask,
    force: bool = False,
) -> None:
    """Write them as CSV or XLSX. Raises UserError as spreadsheet.write does."""
    spreadsheet.write(
        file, "通知结果", HEADINGS, (row(each, zone, show) for each in stories), force=force
    )


ACK_HEADINGS = (
    Heading("房屋", 14),
    Heading("称呼", 12),
    Heading("签收", 20),
    Heading("日期", 16),
    Heading("备注", 30),
)


def acknowledgement(stories: Sequence[Story], file: Path, *, force: bool = False) -> None:
    """A list to sign for notices given in writing (pest control: a day before, RULES.md)."""
    spreadsheet.write(
        file,
        "签收表",
        ACK_HEADINGS,
        (
            [each.task.household, listener(each.task.subject).address or "业主", "", None, ""]
            for each in stories
        ),
        force=force,
    )
