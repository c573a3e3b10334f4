"""Talks of callbacks as a table: what was asked, what was heard, what people made of it."""

from collections.abc import Iterator, Sequence
from datetime import datetime, tzinfo
from pathlib import Path

from ivr import spreadsheet
from ivr.outbound.callback import REASON_WORDS, VERDICT_WORDS, Reason, Verdict
from ivr.outbound.callbacks import Talked
from ivr.spreadsheet import Cell, Heading
from ivr.store.callbacks import AnswerRow
from ivr.talk.asking import By

WAY_WORDS = {
    By.KEY: "按键",
    By.SPEECH: "说话",
    By.NO_INPUT: "没有回答",
    By.NO_MATCH: "没听懂",
    By.DEAF: "没听到",
}
STILL = "进行中"

HEADINGS = (
    Heading("时间", 20),
    Heading("房屋", 14),
    Heading("类别", 14),
    Heading("结果", 10),
    Heading("问题", 14),
    Heading("回答", 14),
    Heading("方式", 10),
    Heading("听到", 20),
    Heading("把握", 8),
    Heading("引擎", 14),
    Heading("更正", 14),
    Heading("更正人", 12),
    Heading("备注", 30),
)


def verdict_words(verdict: str) -> str:
    return VERDICT_WORDS[Verdict(verdict)] if verdict else STILL


def heard(answer: AnswerRow) -> str:
    """What was said or pressed: “满意”, 按 4, （录音）."""
    if not answer.question and answer.recording:
        return f"“{answer.transcript}”" if answer.transcript else "（录音）"
    if answer.key:
        return f"按 {answer.key}"
    if answer.transcript:
        return f"“{answer.transcript}”"
    return "（录音）" if answer.recording else ""


def rows(talks: Sequence[Talked], zone: tzinfo) -> Iterator[list[Cell]]:
    """One row for each answer; a talk without any has one too."""
    for talk in talks:
        of = talk.interview
        head: list[Cell] = [
            datetime.fromtimestamp(of.begun_at, zone).replace(tzinfo=None),
            of.household,
            REASON_WORDS[Reason(of.reason)],
            verdict_words(of.verdict),
        ]
        if not talk.answers:
            yield [*head, *([""] * (len(HEADINGS) - len(head)))]
        for answer in talk.answers:
            yield [
                *head,
                answer.step,
                answer.label,
                WAY_WORDS[By(answer.way)],
                heard(answer),
                answer.score,
                answer.engine,
                answer.corrected_label,
                answer.corrected_by,
                answer.correction_note,
            ]


def export(talks: Sequence[Talked], file: Path, zone: tzinfo, *, force: bool = False) -> None:
    """Write them as CSV or XLSX. Raises UserError as spreadsheet.write does."""
    spreadsheet.write(file, "回访结果", HEADINGS, rows(talks, zone), force=force)
