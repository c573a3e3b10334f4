"""Rows of callbacks and surveys: who is to be asked, the talks, what was answered.

What may follow from them is decided in ivr.outbound.callback; `Writer` marks what
happens inside a transaction. Times are seconds since the epoch, UTC.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, TypeVar

from ivr.store.calls import FOR_EVER, naming, only
from ivr.store.database import Database, Row, Writer, load_queries

SQL = load_queries("callbacks")

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackRow:
    """Why a task is phoned, and whether its words are rendered."""

    task: str
    campaign: str
    request: str
    round_at: float
    day: str
    reason: str
    script: str
    fields: str  # JSON
    due_at: float
    household: str = ""
    ready_at: float | None = None
    lacking: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InterviewRow:
    id: str
    task: str
    campaign: str
    request: str
    household: str
    reason: str
    script: str
    version: str
    begun_at: float
    ended_at: float | None = None
    result: str = ""
    verdict: str = ""
    words: str = ""
    settled_at: float | None = None
    settled_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerRow:
    id: str
    interview: str
    position: int
    step: str
    question: str
    choice: str | None
    label: str
    way: str
    key: str
    score: float | None
    engine: str
    transcript: str
    tries: int
    recording: str
    at: float
    corrected_choice: str | None = None
    corrected_label: str = ""
    corrected_by: str = ""
    corrected_at: float | None = None
    correction_note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyRow:
    campaign: str
    reason: str
    script: str
    scope: str
    seed: str
    population: int
    drawn: int


class CallbackTables:
    """Those of one site."""

    def __init__(self, db: Database, site: str) -> None:
        self.db = db
        self._site = site

    # --- who is to be asked --------------------------------------------------

    async def put(self, writer: Writer, row: CallbackRow) -> None:
        await writer.execute(SQL["put"], {**asdict(row), "site": self._site})

    async def made(self, writer: Writer, row: CallbackRow) -> bool:
        """Whether the request was put to the dialer for this round and day already."""
        values = {
            "request": row.request,
            "reason": row.reason,
            "round_at": row.round_at,
            "day": row.day,
        }
        return bool(await self._read("made", values, writer))

    async def callback(self, task: str) -> CallbackRow | None:
        found = await self._read("callback", {"task": task})
        return _row(CallbackRow, found[0]) if found else None

    async def unready(self, limit: int) -> list[CallbackRow]:
        """Those whose words are not rendered, the first to be due first."""
        return [_row(CallbackRow, row) for row in await self._read("unready", {"limit": limit})]

    async def make_ready(self, writer: Writer, row: CallbackRow, at: float) -> None:
        """Its words are rendered: from now on it is due when it is due."""
        await self._write(writer, "make_ready", {"task": row.task, "at": at})
        await self._write(writer, "make_due", {"task": row.task, "due_at": max(row.due_at, at)})

    async def make_lacking(self, writer: Writer, task: str, why: str) -> None:
        await self._write(writer, "make_lacking", {"task": task, "why": why})

    async def try_again(self, writer: Writer) -> None:
        """Whatever could not be rendered may be tried once more."""
        await self._write(writer, "try_again", {})

    async def of_requests(self, requests: Iterable[str]) -> list[Row]:
        """Callbacks of these requests by day, with their task's outcome, attempt and tries;
        `unsettled`: somebody talks, or what follows from the talk is not done yet."""
        return await self._read("of_requests", {"requests": json.dumps(list(requests))})

    async def open_tasks(self) -> list[Row]:
        """(task, round_at, reason, state, resolved_at) of what may still be phoned for a
        request; the last two are the request's, now."""
        return await self._read("open_tasks", {})

    async def last_of(self, request: str, reason: str) -> float | None:
        """When the owner was last due to be phoned for it."""
        rows = await self._read("last_of", {"request": request, "reason": reason})
        found: float | None = rows[0]["due_at"]
        return found

    async def queue(
        self,
        part: str = "all",
        *,
        reason: str | None = None,
        campaign: str | None = None,
        since: float = 0.0,
        limit: int = -1,
        offset: int = 0,
    ) -> list[Row]:
        """Callbacks with their task, last talk and request; `total` counts all of them.

        `part` is "due", "running", "done" or "all".
        """
        values = {
            "part": part, "reason": reason, "campaign": campaign, "since": since,
            "limit": limit, "offset": offset,
        }  # fmt: skip
        return await self._read("queue", values)

    async def counts(self, since: float) -> dict[str, int]:
        """How many are due, running and done."""
        (row,) = await self._read("counts", {"since": since})
        return {key: int(row[key]) for key in ("due", "running", "done")}

    async def campaign_of_day(self, writer: Writer, kind: str, title: str) -> str | None:
        found = await self._read("campaign_of_day", {"kind": kind, "title": title}, writer)
        return str(found[0]["id"]) if found else None

    # --- surveys -------------------------------------------------------------

    async def put_survey(self, writer: Writer, row: SurveyRow) -> None:
        await writer.execute(SQL["put_survey"], {**asdict(row), "site": self._site})

    async def drawn(self, seed: str) -> bool:
        """Whether this sample was drawn already."""
        return bool(await self._read("drawn", {"seed": seed}))

    async def surveys(self, reason: str | None = None) -> list[Row]:
        """Newest first, with the campaign, `homes` and how many were `heard`."""
        return await self._read("surveys", {"reason": reason})

    # --- talks ---------------------------------------------------------------

    async def put_interview(self, writer: Writer, row: InterviewRow) -> None:
        await writer.execute(SQL["put_interview"], {**asdict(row), "site": self._site})

    async def end_interview(
        self, writer: Writer, interview: str, at: float, result: str, verdict: str, words: str
    ) -> bool:
        """Whether it had not ended before."""
        values = {"id": interview, "ended_at": at, "result": result, "verdict": verdict,
                  "words": words}  # fmt: skip
        return await self._write(writer, "end_interview", values) == 1

    async def give_verdict(self, writer: Writer, interview: str, verdict: str, by: str) -> None:
        """A person has decided; what follows from it is to be done (again)."""
        await self._write(writer, "give_verdict", {"id": interview, "verdict": verdict, "by": by})

    async def settle_interview(self, writer: Writer, interview: str, at: float) -> None:
        """Everything that follows from it is done."""
        await self._write(writer, "settle_interview", {"id": interview, "at": at})

    async def cut_off(self) -> list[InterviewRow]:
        """Talks whose call is over although nobody wrote down how they ended."""
        return [_row(InterviewRow, row) for row in await self._read("cut_off", {})]

    async def unsettled(self) -> list[InterviewRow]:
        """Those that have ended and from which something still follows, oldest first."""
        return [_row(InterviewRow, row) for row in await self._read("unsettled", {})]

    async def interview(self, name: str) -> InterviewRow:
        """By id or its last characters. Raises UserError when none or several match."""
        found = await self._read("interview", naming(name))
        only(found, name, "callback")
        return _row(InterviewRow, found[0])

    async def interviews(
        self,
        *,
        request: str | None = None,
        campaign: str | None = None,
        task: str | None = None,
        since: float = 0.0,
        until: float = FOR_EVER,
        limit: int = -1,
        offset: int = 0,
    ) -> list[InterviewRow]:
        """Oldest first."""
        values = {
            "request": request, "campaign": campaign, "task": task, "since": since,
            "until": until, "limit": limit, "offset": offset,
        }  # fmt: skip
        return [_row(InterviewRow, row) for row in await self._read("interviews", values)]

    async def talks_of(self, household: str, since: float) -> int:
        """How often somebody of the household has answered since then."""
        rows = await self._read("talks_of", {"household": household, "since": since})
        return int(rows[0]["talks"])

    async def heard(self, since: float, until: float = FOR_EVER) -> set[str]:
        """Households that gave an answer."""
        rows = await self._read("heard", {"since": since, "until": until})
        return {str(row["household"]) for row in rows}

    # --- answers -------------------------------------------------------------

    async def put_answer(self, writer: Writer, row: AnswerRow) -> None:
        await writer.execute(SQL["put_answer"], {**asdict(row), "site": self._site})

    async def answers(self, interviews: Iterable[str]) -> list[AnswerRow]:
        """In the order in which they were given."""
        rows = await self._read("answers", {"interviews": json.dumps(list(interviews))})
        return [_row(AnswerRow, row) for row in rows]

    async def answer(self, name: str) -> AnswerRow:
        """By id or its last characters. Raises UserError when none or several match."""
        found = await self._read("answer", naming(name))
        only(found, name, "answer")
        return _row(AnswerRow, found[0])

    async def correct(
        self, writer: Writer, answer: str, choice: str, label: str, by: str, at: float, note: str
    ) -> None:
        """What a person made of it, beside what the machine did."""
        values = {"id": answer, "choice": choice, "label": label, "by": by, "at": at, "note": note}
        await self._write(writer, "correct", values)

    async def old_recordings(self, before: float, limit: int) -> dict[str, str]:
        """Answer → recording, of those made before then."""
        rows = await self._read("old_recordings", {"before": before, "limit": limit})
        return {str(row["id"]): str(row["recording"]) for row in rows}

    async def forget_recordings(self, writer: Writer, answers: Iterable[str]) -> None:
        await self._write(writer, "forget_recordings", {"ids": json.dumps(list(answers))})

    # --- figures -------------------------------------------------------------

    async def judged(self, since: float, until: float) -> list[dict[str, Any]]:
        """(ended_at, verdict, kind, department) of the talks that judged a request's work."""
        return list(map(dict, await self._read("judged", {"since": since, "until": until})))

    async def results(self, campaign: str) -> list[dict[str, Any]]:
        """(step, choice, label, answers) of a survey, as corrected."""
        return list(map(dict, await self._read("results", {"campaign": campaign})))

    async def _read(
        self, query: str, values: Mapping[str, Any], writer: Writer | None = None
    ) -> list[Row]:
        values = {**values, "site": self._site}
        if writer is None:
            return await self.db.fetch_all(SQL[query], values)
        return list(await writer.execute_fetchall(SQL[query], values))

    async def _write(self, writer: Writer, query: str, values: Mapping[str, Any]) -> int:
        return (await writer.execute(SQL[query], {**values, "site": self._site})).rowcount


def _row(kind: type[T], row: Row) -> T:
    names = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    return kind(**{key: row[key] for key in row.keys() if key in names})  # noqa: SIM118
