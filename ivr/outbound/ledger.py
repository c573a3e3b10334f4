"""Campaigns, tasks and attempts as they are kept: the store's rows in the model's words,
and the few steps that must be one transaction."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, NamedTuple

from ivr.errors import UserError
from ivr.outbound import shared
from ivr.outbound.model import (
    NEXT_CAMPAIGN_STATES,
    ONE_BY_ONE,
    TOLD,
    Attempt,
    AttemptState,
    Campaign,
    CampaignState,
    Outcome,
    Task,
    Urgency,
)
from ivr.outbound.retry import End, Rules, Tried, plan
from ivr.settings import HOURS
from ivr.store.database import Database, Row, Writer
from ivr.store.outbound import OutboundTables

Also = Callable[[Writer], Awaitable[None]]


class Story(NamedTuple):
    """What happened to one household."""

    task: Task
    attempts: tuple[Attempt, ...]  # oldest first


class Progress(NamedTuple):
    total: int
    open: int  # still to be told; `live` among them
    live: int  # on the phone now
    outcomes: dict[Outcome, int]


class Ledger:
    """Those of one site."""

    def __init__(self, db: Database, site: str) -> None:
        self._tables = OutboundTables(db, site)
        self._db = db

    # --- campaigns -----------------------------------------------------------

    async def create(
        self, campaign: Campaign, tasks: Sequence[Task], also: Also | None = None
    ) -> None:
        """Keep a new campaign; who shares a first number is a duplicate from the start.
        `also` writes more in the same transaction.

        Raises UserError for quiet hours that are none.
        """
        for task in tasks:
            for span in filter(None, task.quiet.split(",")):
                if not HOURS.match(span):
                    raise UserError(
                        f"{task.household}: {span!r} is no span of hours; write it like 12:00-14:00"
                    )
        leaders = shared.leaders(tasks)
        rows = [
            replace(task, outcome=Outcome.DUPLICATE, duplicate_of=leaders[task.id])
            if task.id in leaders
            else task
            for task in tasks
        ]
        async with self._db.write() as writer:
            await self._tables.put_campaign(writer, _campaign_values(campaign))
            await self._tables.put_tasks(
                writer,
                [_task_values(task, campaign) for task in rows],
                {task.id: tuple(dict.fromkeys(task.numbers)) for task in rows},
            )
            if also is not None:
                await also(writer)

    async def add(self, writer: Writer, campaign: Campaign, task: Task) -> None:
        """Keep one more task of a running campaign, inside a transaction: of one that is
        new, goes on, or was done. Nobody else's call tells this household."""
        if not await self._tables.exists(writer, campaign.id):
            await self._tables.put_campaign(writer, _campaign_values(campaign))
        await self._tables.put_tasks(
            writer, [_task_values(task, campaign)], {task.id: tuple(dict.fromkeys(task.numbers))}
        )
        await self._tables.go_on(writer, campaign.id)

    async def campaign(self, name: str) -> Campaign:
        """By id or its last characters. Raises UserError when none or several match."""
        return _campaign(await self._tables.campaign(name))

    async def campaigns(self, state: CampaignState | None = None) -> list[Campaign]:
        return [_campaign(row) for row in await self._tables.campaigns(state)]

    async def change(self, campaign: Campaign, state: CampaignState, **changes: Any) -> Campaign:
        """Bring it into `state`, with other fields changed as well.

        Raises UserError when that state does not follow, or somebody was faster.
        """
        async with self._db.write() as writer:
            changed = await self._change(writer, campaign, state, **changes)
            if await self._tables.finish_campaign(writer, campaign.id):
                changed = replace(changed, state=CampaignState.DONE)  # nobody was left to tell
            return changed

    async def _change(
        self, writer: Writer, campaign: Campaign, state: CampaignState, **changes: Any
    ) -> Campaign:
        if state is not campaign.state and state not in NEXT_CAMPAIGN_STATES[campaign.state]:
            raise UserError(
                f"campaign {campaign.title!r} is {campaign.state}; it cannot be {state}"
            )
        changed = replace(campaign, state=state, **changes)
        if not await self._tables.set_campaign(writer, _campaign_values(changed), campaign.state):
            raise UserError(f"campaign {campaign.title!r} has just been changed; look at it again")
        return changed

    async def cancel(self, campaign: Campaign, at: float) -> Campaign:
        """Nobody else is phoned for it; calls in progress come to their end."""
        async with self._db.write() as writer:
            changed = await self._change(writer, campaign, CampaignState.CANCELLED)
            await self._tables.close_open(
                writer, campaign.id, Outcome.CANCELLED, at, keep_last=False
            )
            return changed

    async def expire(self, campaign: Campaign, at: float) -> None:
        """Its time is over: whoever was not reached ends as the last call to them did."""
        async with self._db.write() as writer:
            await self._tables.close_open(
                writer, campaign.id, Outcome.OUT_OF_WINDOW, at, keep_last=True
            )
            await self._tables.finish_campaign(writer, campaign.id)

    async def reword(self, campaign: Campaign, subjects: Mapping[str, str], at: float) -> None:
        """There is something new to say to these tasks (`subjects` by task): all of them
        are open again, those told already too."""
        tasks = [
            replace(task, outcome=None)
            for task in await self.tasks(campaign.id)
            if task.id in subjects
        ]
        async with self._db.write() as writer:
            if campaign.state in (CampaignState.DONE, CampaignState.CANCELLED):
                await self._change(writer, campaign, CampaignState.RUNNING)
            await self._tables.reword(writer, campaign.id, subjects, at)
            await self._tables.mark_duplicates(writer, campaign.id, shared.leaders(tasks), at)

    async def progress(self, campaign: str) -> Progress:
        found = await self._tables.progress(campaign)
        outcomes = {Outcome(row["outcome"]): row["tasks"] for row in found if row["outcome"]}
        still = next((row["tasks"] for row in found if row["outcome"] is None), 0)
        live = sum(row["live"] for row in found)
        return Progress(sum(outcomes.values()) + still, still, live, outcomes)

    async def stories(
        self, campaign: str, outcome: Outcome | None = None, limit: int = -1, offset: int = 0
    ) -> list[Story]:
        """The households, by name, with every call to them."""
        return await self.stories_of(await self.tasks(campaign, outcome, limit, offset))

    async def stories_of(self, tasks: Sequence[Task]) -> list[Story]:
        """These households, with every call to them."""
        attempts: dict[str, list[Attempt]] = {}
        for row in await self._tables.attempts(task.id for task in tasks):
            attempts.setdefault(row["task"], []).append(_attempt(row))
        return [Story(task, tuple(attempts.get(task.id, ()))) for task in tasks]

    # --- tasks ---------------------------------------------------------------

    async def tasks(
        self, campaign: str, outcome: Outcome | None = None, limit: int = -1, offset: int = 0
    ) -> list[Task]:
        found = await self._tables.tasks(campaign, outcome, limit, offset)
        return [_task(row) for row in found]

    async def task(self, task_id: str) -> Task | None:
        row = await self._tables.task(task_id)
        return None if row is None else _task(row)

    async def due(self, campaign: str, at: float, limit: int) -> list[Task]:
        """The first open tasks whose time has come and that are not on the phone."""
        return [_task(row) for row in await self._tables.due(campaign, at, limit)]

    async def waiting_for(self, number: str) -> list[Task]:
        """Open tasks of running campaigns that have this number."""
        return [_task(row) for row in await self._tables.waiting_for(number)]

    async def tried(self, task: Task) -> list[Tried]:
        return [_tried(row) for row in await self._tables.tried(task.id)]

    async def calls_since(self, numbers: Iterable[str], since: float) -> dict[str, int]:
        return await self._tables.calls_since(numbers, since)

    async def told_otherwise(
        self, task: Task, outcome: Outcome, number: str, at: float, note: str = ""
    ) -> bool:
        """The household learnt it without our call (it called in, say) on `number`.

        Whether it was still to be told.
        """
        async with self._db.write() as writer:
            if not await self._tables.settle_task(writer, task.id, outcome, at, note):
                return False
            await self._told(writer, task.campaign_id, task.id, number, at)
            await self._tables.finish_campaign(writer, task.campaign_id)
            return True

    async def wait(self, writer: Writer, task: Task, due_at: float, number_index: int) -> None:
        await self._tables.wait_task(writer, task.id, due_at, number_index)

    async def settle(self, writer: Writer, task: Task, outcome: Outcome, at: float) -> None:
        """A task that no call is needed for, or possible."""
        if await self._tables.settle_task(writer, task.id, outcome, at, task.note):
            await self._tables.duplicates_failed(writer, task.campaign_id, task.id, outcome, at)
            await self._tables.finish_campaign(writer, task.campaign_id)

    # --- attempts ------------------------------------------------------------

    async def open_attempts(self) -> list[Attempt]:
        return [_attempt(row) for row in await self._tables.open_attempts()]

    async def attempt(self, attempt_id: str) -> Attempt | None:
        row = await self._tables.attempt(attempt_id)
        return None if row is None else _attempt(row)

    async def begin(self, attempt: Attempt, number_index: int) -> bool:
        """Commit it; only then may it be dialled. False: the task is no longer free, or
        the number is on the phone already."""
        return await self._tables.begin_attempt(_attempt_values(attempt), number_index)

    async def note(self, writer: Writer, attempt: Attempt) -> None:
        """Its state and times have moved on."""
        await self._tables.note_attempt(writer, _attempt_values(attempt))

    async def note_talk(self, writer: Writer, attempt: Attempt) -> None:
        """What the conversation came to, before the call has ended."""
        assert attempt.outcome is not None
        await self._tables.note_talk(
            writer, attempt.id, attempt.outcome, attempt.keys, attempt.note
        )

    async def end(self, writer: Writer, attempt: Attempt, rules: Rules, at: float) -> None:
        """`attempt` has ended with its outcome: what that means for the household, and
        for those who share the number."""
        assert attempt.outcome is not None
        values = {**_attempt_values(attempt), "state": AttemptState.DONE}
        row = await self._tables.task(attempt.task_id, writer)
        if not await self._tables.end_attempt(writer, values) or row is None:
            return
        task = _task(row)
        if row["attempt"] == attempt.id:
            await self._tables.free_task(writer, task.id)
        if task.outcome is None:
            history = [_tried(each) for each in await self._tables.tried(task.id, writer)]
            step = plan(task.numbers, history, rules)
            if isinstance(step, End):
                await self._tables.settle_task(writer, task.id, step.outcome, at, task.note)
                await self._tell(writer, attempt, step.outcome, rules, at)
            elif await self._is_cancelled(writer, attempt.campaign_id):
                await self._tables.settle_task(writer, task.id, Outcome.CANCELLED, at, task.note)
                await self._tell(writer, attempt, Outcome.CANCELLED, rules, at)
            else:
                await self._tables.wait_task(writer, task.id, step.at, step.position)
        await self._tables.finish_campaign(writer, attempt.campaign_id)

    async def _tell(
        self, writer: Writer, attempt: Attempt, outcome: Outcome, rules: Rules, at: float
    ) -> None:
        """What the end of `attempt`'s household means for those that waited for it."""
        about = (writer, attempt.campaign_id, attempt.task_id)
        if outcome in TOLD or (outcome is Outcome.VOICEMAIL and rules.leave_message):
            await self._told(*about, attempt.number, at)
        else:
            await self._tables.duplicates_failed(*about, outcome, at)

    async def _told(self, writer: Writer, campaign: str, task: str, number: str, at: float) -> None:
        """One call tells every household that has the number, of what is the same for all."""
        kind = (await self._tables.campaign_state(writer, campaign))["kind"]
        if kind not in ONE_BY_ONE:
            await self._tables.duplicates_told(writer, campaign, task, number, at)

    async def _is_cancelled(self, writer: Writer, campaign: str) -> bool:
        state = (await self._tables.campaign_state(writer, campaign))["state"]
        return bool(state == CampaignState.CANCELLED)


def _campaign_values(campaign: Campaign) -> dict[str, Any]:
    return {**asdict(campaign), "outside_window": int(campaign.outside_window)}


def _campaign(row: Row) -> Campaign:
    values = dict(row)
    del values["site"]
    return Campaign(
        **values
        | {
            "urgency": Urgency(row["urgency"]),
            "state": CampaignState(row["state"]),
            "outside_window": bool(row["outside_window"]),
        }
    )


def _task_values(task: Task, campaign: Campaign) -> dict[str, Any]:
    settled_at = task.settled_at
    if task.outcome is not None and settled_at is None:
        settled_at = campaign.created_at
    return {**asdict(task), "campaign_id": campaign.id, "settled_at": settled_at}


def _task(row: Row) -> Task:
    return Task(
        id=row["id"],
        campaign_id=row["campaign"],
        household=row["household"],
        numbers=tuple((row["numbers"] or "").split()),
        subject=row["subject"],
        due_at=row["due_at"],
        quiet=row["quiet"],
        opened_at=row["opened_at"],
        tries=row["tries"],
        number_index=row["number_index"],
        outcome=None if row["outcome"] is None else Outcome(row["outcome"]),
        duplicate_of=row["duplicate_of"],
        settled_at=row["settled_at"],
        note=row["note"],
    )


def _tried(row: Row) -> Tried:
    return Tried(row["number"], Outcome(row["outcome"]), row["ended_at"], bool(row["own"]))


def _attempt_values(attempt: Attempt) -> dict[str, Any]:
    return asdict(attempt)


def _attempt(row: Row) -> Attempt:
    return Attempt(
        id=row["id"],
        task_id=row["task"],
        campaign_id=row["campaign"],
        number=row["number"],
        state=AttemptState(row["state"]),
        created_at=row["created_at"],
        dialled_at=row["dialled_at"],
        ringing_at=row["ringing_at"],
        answered_at=row["answered_at"],
        ended_at=row["ended_at"],
        outcome=None if row["outcome"] is None else Outcome(row["outcome"]),
        cause=row["cause"],
        keys=row["keys"],
        note=row["note"],
    )
