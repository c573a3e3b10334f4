"""Callbacks (回访) as they are kept: put to the dialer, talked, settled, corrected.

Everything that follows from a talk can be done again after a crash and is then not done
twice: a request's state, and the round of work a talk was about, tell what is left.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from ivr.desk.owners import Owners
from ivr.desk.request import Request, RequestState, What
from ivr.desk.requests import Requests
from ivr.errors import UserError
from ivr.ids import uuid7
from ivr.outbound import asked as askeds
from ivr.outbound import callback as rules
from ivr.outbound import scripts, spoken
from ivr.outbound.allowlist import may_ring
from ivr.outbound.asked import Asked
from ivr.outbound.callback import REASON_WORDS, SCRIPTS, VERDICT_WORDS, Reason, Verdict
from ivr.outbound.ledger import Ledger
from ivr.outbound.model import Campaign, CampaignState, Outcome, Task, Urgency
from ivr.outbound.windows import Window, midnight, next_midnight
from ivr.settings import Settings
from ivr.store.callbacks import AnswerRow, CallbackRow, CallbackTables, InterviewRow
from ivr.store.database import Database, Writer
from ivr.talk.speech.base import Choice

KIND = "callback"
WEEKLY = "weekly"
PURGE_AT_ONCE = 500

OUTCOMES = {
    Verdict.SATISFIED: Outcome.CONFIRMED,
    Verdict.DISSATISFIED: Outcome.CONFIRMED,
    Verdict.DONE: Outcome.CONFIRMED,
    Verdict.PERSON: Outcome.TRANSFERRED,
    Verdict.UNHEARD: Outcome.HUNG_UP,
}
"""What the dialer is told a talk came to."""

NO_TEXT = frozenset({"language", "address", "recording"})

OnSurvey = Callable[[Writer, InterviewRow], Awaitable[None]]

CALLABLE = frozenset({RequestState.RESOLVED, RequestState.CALLING_BACK})


@dataclass(frozen=True, slots=True)
class Talked:
    """One talk and what was answered in it, in order."""

    interview: InterviewRow
    answers: tuple[AnswerRow, ...]


class Effective:
    """An answer as it counts: what a person made of it, else what the machine did."""

    def __init__(self, row: AnswerRow) -> None:
        self.question = row.question
        self.choice = row.choice if row.corrected_choice is None else row.corrected_choice


class Callbacks:
    """Those of the site in `settings`. Names are ids or their last characters; every method
    that takes one raises UserError when none or several match."""

    def __init__(
        self,
        db: Database,
        settings: Settings,
        requests: Requests,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.settings = settings
        self.requests = requests
        self.ledger = Ledger(db, settings.site.id)
        self.tables = CallbackTables(db, settings.site.id)
        self.owners = Owners(db, settings)
        self.window = Window.parse(settings.dialer.window, settings.site.zone)
        self.on_survey: list[OnSurvey] = []
        """May write more in the transaction that settles a household's survey."""
        self._db = db
        self.now = now
        self._may_ring = may_ring(settings)

    # --- putting to the dialer -----------------------------------------------

    async def put(self, request: Request, reason: Reason, due_at: float) -> bool:
        """Let the owner of `request` be phoned from `due_at` on, that day; once a round
        and day, however often this is asked. Whether it was new."""
        campaign, task, row = await self.planned(request, reason, due_at)
        async with self._db.write() as writer:
            if await self.tables.made(writer, row):
                return False
            await self.keep(writer, campaign, task, row)
        return True

    async def planned(
        self, request: Request, reason: Reason, due_at: float
    ) -> tuple[Campaign, Task, CallbackRow]:
        """What `put` would keep; writes nothing."""
        who = await askeds.for_request(request, self.owners, self.settings)
        zone = self.settings.site.zone
        campaign = self._campaign(KIND if reason is not Reason.WEEKLY else WEEKLY, due_at)
        task = self.task(campaign, who, request.number)
        said = self.fields(who, SCRIPTS[reason])
        said |= {
            "title": request.title,
            "number": request.number,
            "when": askeds.says(said["language"]).day(
                datetime.fromtimestamp(request.created_at, zone).date(),
                datetime.fromtimestamp(due_at, zone).date(),
            ),
            "department": request.department,
            "state": await self._progress(request) if reason is Reason.WEEKLY else "",
        }
        row = CallbackRow(
            task=task.id,
            campaign=campaign.id,
            request=request.id,
            round_at=0.0 if reason is Reason.WEEKLY else request.resolved_at or 0.0,
            day=f"{datetime.fromtimestamp(due_at, zone):%Y-%m-%d}",
            reason=reason.value,
            script=SCRIPTS[reason],
            fields=json.dumps(said, ensure_ascii=False),
            due_at=due_at,
        )
        return campaign, task, row

    async def _progress(self, request: Request) -> str:
        """What the owner of a long-pending request was last promised, else who is at it."""
        history = await self.requests.history(request.id)
        told = [entry.text for entry in history if entry.what is What.ANSWERED and entry.text]
        return told[-1] if told else f"已由{request.department or '客服'}跟进"

    async def keep(self, writer: Writer, campaign: Campaign, task: Task, row: CallbackRow) -> None:
        """Keep a task of the day's campaign, inside a transaction."""
        same = await self.tables.campaign_of_day(writer, campaign.kind, campaign.title)
        if same is not None:
            campaign = replace(campaign, id=same)
            task, row = replace(task, campaign_id=same), replace(row, campaign=same)
        await self.ledger.add(writer, campaign, task)
        await self.tables.put(writer, row)

    def task(self, campaign: Campaign, who: Asked, subject: str) -> Task:
        """A household to be phoned once its words are rendered, and not before."""
        allowed = tuple(filter(self._may_ring, who.numbers))
        outcome, note = None, ""
        if who.do_not_call:
            outcome, note = Outcome.DO_NOT_CALL, "业主要求勿扰，请人工回访"
        elif not who.numbers:
            outcome, note = Outcome.FORBIDDEN, "没有电话号码，请人工回访"
        elif not allowed:
            outcome, note = Outcome.FORBIDDEN, "号码不在允许拨打之列"
        now = self.now()
        return Task(
            id=uuid7(now),
            campaign_id=campaign.id,
            household=who.household,
            numbers=allowed or who.numbers,
            subject=subject,
            due_at=campaign.not_after,
            quiet=who.quiet,
            opened_at=now,
            outcome=outcome,
            settled_at=None if outcome is None else now,
            note=note,
        )

    def fields(self, who: Asked, script: str) -> dict[str, str]:
        """What a script may say of a household whatever it is phoned for."""
        return {
            "address": who.address,
            "company": self.settings.site.company,
            "language": self._language(who.language, script),
            "care": "yes" if who.care else "",
        }

    def _language(self, wanted: str, script: str) -> str:
        """The owner's where we have words and the script in it, else the site's."""
        try:
            askeds.templates(wanted)
        except UserError:
            return self.settings.site.language
        known = scripts.exists(self.settings, script, wanted)
        return wanted if known else self.settings.site.language

    def _campaign(self, kind: str, due_at: float) -> Campaign:
        """The one of the day: what it did not reach is put to another day's."""
        zone, now = self.settings.site.zone, self.now()
        day = datetime.fromtimestamp(due_at, zone)
        word = "回访" if kind == KIND else "进度告知"
        return Campaign(
            id=uuid7(now),
            kind=kind,
            title=f"{day:%Y-%m-%d} {word}",
            urgency=Urgency.NORMAL,
            state=CampaignState.RUNNING,
            created_at=now,
            not_before=midnight(due_at, zone),
            not_after=next_midnight(due_at, zone),
            created_by="ivr",
        )

    def values(self, row: CallbackRow, at: float) -> dict[str, str]:
        """What the script's {fields} become when the call is answered at `at`."""
        said: dict[str, str] = json.loads(row.fields)
        if row.reason == Reason.BRIEFING:
            return said
        when = datetime.fromtimestamp(at, self.settings.site.zone)
        return said | {"greeting": askeds.greeting(said["address"], when, said["language"])}

    def moments(self, row: CallbackRow, until: float) -> list[float]:
        """When the greeting may be another one, from the first call on until `until`; at
        most a day: greetings are the same every day."""
        zone = self.settings.site.zone
        first = datetime.fromtimestamp(max(row.due_at, self.now()), zone)
        last = min(until, first.timestamp() + 86_400)
        found: dict[str, float] = {}
        moment = first
        while moment.timestamp() < last:
            if self.window.contains(moment.timestamp()):
                found.setdefault(spoken.greeting_daypart(moment), moment.timestamp())
            moment = moment.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        return list(found.values()) or [first.timestamp()]

    # --- what follows from a talk --------------------------------------------

    async def settle(self, talk: InterviewRow) -> None:
        """Do what follows from a talk that has ended, and mark that as done."""
        row = await self.tables.callback(talk.task)
        if row is not None and row.request:
            await self._follow(talk, row)
        now = self.now()
        async with self._db.write() as writer:
            await self.tables.settle_interview(writer, talk.id, now)
            if row is not None and not row.request:
                for keep in self.on_survey:
                    await keep(writer, talk)
            if Verdict(talk.verdict) is Verdict.UNHEARD:
                # politely: nobody who stayed silent is phoned again the same day
                task = await self.ledger.task(talk.task)
                if task is not None and task.outcome is None:
                    await self.ledger.settle(
                        writer, replace(task, note="接听后未答复"), Outcome.HUNG_UP, now
                    )

    async def withdraw(self, task_id: str) -> None:
        """What it was to be about has been settled otherwise."""
        task = await self.ledger.task(task_id)
        if task is not None and task.outcome is None:
            async with self._db.write() as writer:
                await self.ledger.settle(
                    writer, replace(task, note="已由人工处理"), Outcome.CANCELLED, self.now()
                )

    async def _follow(self, talk: InterviewRow, row: CallbackRow) -> None:
        found, now, by = Verdict(talk.verdict), self.now(), talk.settled_by
        request = await self.requests.get(row.request)
        text = f"{REASON_WORDS[Reason(row.reason)]}：{VERDICT_WORDS[found]}"
        text += f"（{talk.words}）" if talk.words else ""
        if row.reason == Reason.WEEKLY:
            await self.requests.note(request.id, by=by, now=now, text=text)
            return
        if request.state in CALLABLE and request.resolved_at == row.round_at:
            about: Any = {"by": by, "now": now, "text": text, "version": request.version}
            match rules.follows(found, request, self.settings.callbacks):
                case RequestState.SATISFIED:
                    request = await self.requests.satisfied(request.id, **about)
                case RequestState.REOPENED:
                    request = await self.requests.reopen(request.id, unsatisfied=True, **about)
                case RequestState.ESCALATED:
                    request = await self.requests.escalate(request.id, unsatisfied=True, **about)
                case _:
                    await self.requests.note(request.id, by=by, now=now, text=text)
        if request.state is RequestState.SATISFIED and not rules.needs_person(
            request, self.settings.callbacks
        ):
            await self.requests.close(
                request.id, by=by, now=now, text="回访满意", version=request.version
            )

    async def end(self, talk: InterviewRow, result: str, wish: str) -> Verdict:
        """A talk has ended: keep what it came to, by the answers that were kept."""
        answers = await self.tables.answers([talk.id])
        found = rules.verdict(result, wish, map(Effective, answers), talk.reason in rules.JUDGING)
        async with self._db.write() as writer:
            await self.tables.end_interview(
                writer, talk.id, self.now(), result, found.value, in_short(answers)
            )
        return found

    # --- people --------------------------------------------------------------

    async def correct(self, name: str, wanted: str, *, by: str, note: str = "") -> Talked:
        """A person listened and heard something else (`wanted`: code or label): kept beside
        what the machine made of it. Where that changes what the talk came to, what follows
        from it is done. Raises UserError when it is no answer to that question."""
        answer = await self.tables.answer(name)
        if not by.strip():
            raise UserError("correct: names nobody; say who listened")
        choice = await self.choice(answer, wanted)
        async with self._db.write() as writer:
            await self.tables.correct(
                writer, answer.id, choice.code, choice.label, by, self.now(), note
            )
        talk = await self.tables.interview(answer.interview)
        answers = await self.tables.answers([talk.id])
        found = rules.verdict("", "", map(Effective, answers), talk.reason in rules.JUDGING)
        if talk.request and found.value != talk.verdict and found is not Verdict.UNHEARD:
            await self._overrule(talk, found, by)
        return await self.talked(talk.id)

    async def choices(self, answer: AnswerRow) -> tuple[Choice, ...]:
        """What may have been answered; none where free words were asked for."""
        talk = await self.tables.interview(answer.interview)
        row = await self.tables.callback(talk.task)
        said = json.loads(row.fields) if row is not None else {}
        language = said.get("language", self.settings.site.language)
        script = scripts.loaded(self.settings, talk.script, language).script
        question = script.questions.get(answer.step)
        return question.choices if question is not None else ()

    async def choice(self, answer: AnswerRow, wanted: str) -> Choice:
        """The one that has this code or label."""
        there = await self.choices(answer)
        for each in there:
            if wanted in (each.code, each.label):
                return each
        names = "、".join(f"{each.code} {each.label}" for each in there)
        raise UserError(f"{wanted!r} is no answer to {answer.step}; there are: {names or 'none'}")

    async def _overrule(self, talk: InterviewRow, found: Verdict, by: str) -> None:
        async with self._db.write() as writer:
            await self.tables.give_verdict(writer, talk.id, found.value, by)
        row = await self.tables.callback(talk.task)
        request = await self.requests.get(row.request) if row is not None and row.request else None
        if request is None:
            return
        text = f"更正回访：{VERDICT_WORDS[found]}"
        about: Any = {"by": by, "now": self.now(), "text": text}
        done = (RequestState.SATISFIED, RequestState.CLOSED)
        if found is Verdict.DISSATISFIED and request.state in done:
            await self.requests.reopen(request.id, unsatisfied=True, **about)
        elif request.state not in CALLABLE:
            await self.requests.note(request.id, **about)

    # --- looking -------------------------------------------------------------

    async def talked(self, name: str) -> Talked:
        (found,) = await self._with_answers([await self.tables.interview(name)])
        return found

    async def story(self, request_id: str) -> list[Talked]:
        """Every talk about a request, oldest first."""
        return await self._with_answers(await self.tables.interviews(request=request_id))

    async def talks(self, **wanted: Any) -> list[Talked]:
        """Those that CallbackTables.interviews finds, with their answers."""
        return await self._with_answers(await self.tables.interviews(**wanted))

    async def _with_answers(self, talks: Sequence[InterviewRow]) -> list[Talked]:
        found: dict[str, list[AnswerRow]] = {}
        for answer in await self.tables.answers(talk.id for talk in talks):
            found.setdefault(answer.interview, []).append(answer)
        return [Talked(talk, tuple(found.get(talk.id, ()))) for talk in talks]

    def recording(self, answer: AnswerRow) -> Path:
        """Where what was said lies. Raises UserError when there is nothing (any more)."""
        data = self.settings.paths.data
        file = (data / answer.recording).resolve()
        if not answer.recording or not file.is_relative_to(data.resolve()) or not file.is_file():
            raise UserError("There is no recording of this answer, or it has been deleted by now")
        return file

    # --- keeping no longer than allowed --------------------------------------

    async def purge(self, before: float) -> int:
        """Forget what was said in answers given before then, recording and transcript; how many."""
        deleted = 0
        while old := await self.tables.old_recordings(before, PURGE_AT_ONCE):
            files = [self.settings.paths.data / name for name in old.values() if name]
            await asyncio.to_thread(_unlink, files)
            async with self._db.write() as writer:
                await self.tables.forget_recordings(writer, old)
            deleted += len(old)
        return deleted


def in_short(answers: Iterable[AnswerRow]) -> str:
    """满意；没修好；（原话录音）: what they said, for the request's history."""
    words = []
    for answer in answers:
        if answer.label:
            words.append(answer.label)
        elif not answer.question and (answer.transcript or answer.recording):
            words.append(f"原话：{answer.transcript}" if answer.transcript else "原话见录音")
    return "；".join(dict.fromkeys(words))


def spoken_values(values: Mapping[str, str]) -> dict[str, str]:
    """Without what is no text for a script."""
    return {key: value for key, value in values.items() if key not in NO_TEXT}


def _unlink(files: Iterable[Path]) -> None:
    for file in files:
        file.unlink(missing_ok=True)
