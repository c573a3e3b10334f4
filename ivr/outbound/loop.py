"""What makes callbacks happen by themselves while the service runs (回访闭环).

It looks at how things are and does what is lacking: a talk that ended is settled, a
request that was resolved is put to the dialer, who was not reached is put to another
day, what has moved on meanwhile is withdrawn. Nothing is remembered beside the store, so
it may be killed at any moment.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any

import structlog

from ivr.desk.request import UNDONE, Entry, Request, RequestState
from ivr.errors import UserError
from ivr.outbound import callback as rules
from ivr.outbound import scripts
from ivr.outbound.callback import Reason, Verdict
from ivr.outbound.callbacks import CALLABLE, OUTCOMES, Callbacks, spoken_values
from ivr.outbound.dialer import Dialer
from ivr.outbound.model import Outcome, Talk
from ivr.outbound.surveys import Surveys
from ivr.outbound.windows import midnight, next_midnight
from ivr.store.callbacks import CallbackRow
from ivr.store.database import Database, Row
from ivr.store.requests import RequestFilter
from ivr.talk.script import Recordings, Script
from ivr.talk.speech.ears import Ears

LOOK_S = 2.0
SELDOM_S = 600.0  # for what is not urgent: weekly calls, samples, texts that failed
EARS_S = 30.0  # for the engine to load its model
AT_ONCE = 4  # callbacks whose words are rendered together
DAY_S = 86_400.0

NOT_REACHED = "回访未联系到业主，改日再访"

HOPELESS = frozenset({Outcome.DO_NOT_CALL, Outcome.FORBIDDEN})
"""Trying again another day changes nothing; a person has to."""

log = structlog.get_logger(__name__)


class CallbackLoop:
    """`start` after the dialer's."""

    def __init__(
        self,
        db: Database,
        callbacks: Callbacks,
        surveys: Surveys,
        dialer: Dialer,
        recordings: Recordings,
        ears: Ears,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._db = db
        self._callbacks = callbacks
        self._tables = callbacks.tables
        self._surveys = surveys
        self._dialer = dialer
        self._recordings = recordings
        self._ears = ears
        self._listening = False
        self._now = now
        self._settings = callbacks.settings
        self._rules = callbacks.settings.callbacks
        self._wake = asyncio.Event()
        self._unready = asyncio.Event()
        self._seldom_at = float("-inf")
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Tell the dialer first what the last run could not: nobody is phoned again for
        what they have answered."""
        for talk in await self._tables.unsettled():
            outcome = OUTCOMES[Verdict(talk.verdict)]
            await self._dialer.talk_finished(talk.id, Talk(outcome))
        self._tasks = [asyncio.create_task(self._run(work)) for work in self._works()]

    def _works(self) -> list[Callable[[], Coroutine[Any, Any, None]]]:
        return [self._look_and_wait, self._render_and_wait]

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def on_change(self, request: Request, _entry: Entry) -> None:
        """A request has changed; see Requests.on_change."""
        if request.state in CALLABLE:
            self._wake.set()

    def wake(self) -> None:
        """Look at once: a talk has ended, a survey was started."""
        self._wake.set()

    async def _run(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        while True:
            try:
                await work()
            except Exception:
                log.exception("callbacks could not be looked after")
                await asyncio.sleep(LOOK_S)

    async def _look_and_wait(self) -> None:
        self._wake.clear()
        await self.look()
        self._unready.set()
        try:
            async with asyncio.timeout(LOOK_S):
                await self._wake.wait()
        except TimeoutError:
            return

    async def look(self) -> None:
        """Do what is lacking now."""
        await self._settle()
        await self._withdraw()
        if self._rules.enabled:
            await self._put_resolved()
            if self._now() - self._seldom_at >= SELDOM_S:
                self._seldom_at = self._now()
                await self._seldom()

    # --- talks that have ended -----------------------------------------------

    async def _settle(self) -> None:
        for talk in await self._tables.cut_off():
            await self._callbacks.end(talk, "interrupted", "")
        for talk in await self._tables.unsettled():
            # of one that was cut off by a crash, the dialer does not know yet
            await self._dialer.talk_finished(talk.id, Talk(OUTCOMES[Verdict(talk.verdict)]))
            try:
                await self._callbacks.settle(talk)
            except UserError as error:  # somebody changed the request this moment
                log.warning("a callback is not settled yet", talk=talk.id, why=str(error))
        self._dialer.wake()

    async def _withdraw(self) -> None:
        """Nobody is asked about what a person has settled, or what was reopened meanwhile."""
        for row in await self._tables.open_tasks():
            weekly = row["reason"] == Reason.WEEKLY
            if weekly:
                wanted = RequestState(row["state"]) in UNDONE
            else:
                same = row["resolved_at"] == row["round_at"]
                wanted = RequestState(row["state"]) in CALLABLE and same
            if not wanted:
                await self._callbacks.withdraw(row["task"])

    # --- requests ------------------------------------------------------------

    async def _put_resolved(self) -> None:
        states = tuple(state.value for state in CALLABLE)
        page = await self._callbacks.requests.find(RequestFilter(states=states))
        tried: dict[str, list[Row]] = {}
        for row in await self._tables.of_requests(request.id for request in page.rows):
            tried.setdefault(row["request"], []).append(row)
        for request in sorted(page.rows, key=lambda each: each.resolved_at or 0.0):
            reason = rules.reason(request.kind, self._rules)
            if reason is None:
                continue
            rows = [
                row
                for row in tried.get(request.id, ())
                if row["reason"] == reason and row["round_at"] == request.resolved_at
            ]
            try:
                await self._put(request, reason, rows)
            except UserError as error:
                log.warning("a callback was not made", request=request.number, why=str(error))

    async def _put(self, request: Request, reason: Reason, tried: list[Row]) -> None:
        """`tried`: its callbacks of this round, by day."""
        requests, now = self._callbacks.requests, self._now()
        under_way = [row for row in tried if row["outcome"] is None]
        if under_way:
            begun = under_way[-1]["tries"] > 0
            if begun and request.state is RequestState.RESOLVED:
                await requests.calling_back(request.id, by="", now=now)
            return
        if any(row["unsettled"] for row in tried):
            return
        last = tried[-1]["outcome"] if tried else None
        if last in HOPELESS:
            return
        if request.state is RequestState.CALLING_BACK and last != Outcome.TRANSFERRED:
            await requests.not_reached(request.id, by="", now=now, text=NOT_REACHED)
        await self._callbacks.put(request, reason, await self._due(request, tried))

    async def _due(self, request: Request, tried: list[Row]) -> float:
        window, zone = self._callbacks.window, self._settings.site.zone
        today = datetime.fromtimestamp(self._now(), zone)
        again = rules.again([row["day"] for row in tried], today, self._rules)
        if again is None:
            due = rules.due(request, self._rules, window)
        else:
            due = window.next_open(again.timestamp())
        due = max(due, window.next_open(self._now()))
        talks = await self._tables.talks_of(request.home, midnight(due, zone))
        if request.home and talks >= self._rules.household_a_day:
            due = window.next_open(next_midnight(due, zone))
        return due

    # --- what is not urgent --------------------------------------------------

    async def _seldom(self) -> None:
        async with self._db.write() as writer:
            await self._tables.try_again(writer)
        await self._put_pending()
        await self._surveys.draw_sample(self._now())

    async def _put_pending(self) -> None:
        """Long-pending: the owner is told once a week how it stands (RULES.md)."""
        days = self._settings.requests.long_pending_days
        language = self._settings.site.language
        if not days or not scripts.exists(self._settings, Reason.WEEKLY, language):
            return
        now = self._now()
        states = tuple(state.value for state in UNDONE)
        wanted = RequestFilter(states=states, until=now - days * DAY_S)
        for request in (await self._callbacks.requests.find(wanted)).rows:
            last = await self._tables.last_of(request.id, Reason.WEEKLY)
            if last is None or last <= now - days * DAY_S:
                due = self._callbacks.window.next_open(now)
                await self._callbacks.put(request, Reason.WEEKLY, due)

    # --- words ---------------------------------------------------------------

    async def _render_and_wait(self) -> None:
        self._unready.clear()
        await self.render()
        await self._unready.wait()

    async def render(self) -> None:
        """The words of everybody who waits for them."""
        while rows := await self._tables.unready(AT_ONCE):
            await self._listen()
            groups: dict[tuple[str, str], list[CallbackRow]] = {}
            for row in rows:
                language = self._callbacks.values(row, self._now())["language"]
                groups.setdefault((row.script, language), []).append(row)
            for (name, language), group in groups.items():
                await self._render(name, language, group)

    async def _listen(self) -> None:
        """Nobody is phoned before speech is understood, if it is going to be."""
        if self._listening:
            return
        self._listening = True
        await self._ears.start()
        try:
            async with asyncio.timeout(EARS_S):
                await self._ears.ready()
        except TimeoutError:
            log.warning("speech is not ready; answers are taken by key", why=self._ears.problem)

    async def _render(self, name: str, language: str, rows: list[CallbackRow]) -> None:
        """Their words, so that they become due; or why they cannot be said. Who needs
        nothing new does not wait for the others."""
        try:
            script = scripts.loaded(self._settings, name, language).script
            calls = {row.task: await self._calls(row) for row in rows}
            ready = [row for row in rows if await self._is_rendered(script, calls[row.task])]
            if ready:
                await self._make_ready(ready)
                rows = [row for row in rows if row not in ready]
            await self._recordings.prepare(script, [each for r in rows for each in calls[r.task]])
        except (UserError, OSError) as error:
            if len(rows) > 1:
                for row in rows:
                    await self._render(name, language, [row])
                return
            log.error("a callback has no words", script=name, why=str(error))
            async with self._db.write() as writer:
                await self._tables.make_lacking(writer, rows[0].task, str(error))
            return
        await self._make_ready(rows)

    async def _calls(self, row: CallbackRow) -> list[dict[str, str]]:
        """What may be said to them, whenever they are reached."""
        campaign = await self._callbacks.ledger.campaign(row.campaign)
        moments = self._callbacks.moments(row, campaign.not_after)
        return [spoken_values(self._callbacks.values(row, moment)) for moment in moments]

    async def _is_rendered(self, script: Script, calls: list[dict[str, str]]) -> bool:
        try:
            for values in calls:
                await self._recordings.sounds(script, values)
        except UserError:
            return False
        return True

    async def _make_ready(self, rows: list[CallbackRow]) -> None:
        async with self._db.write() as writer:
            for row in rows:
                await self._tables.make_ready(writer, row, self._now())
        self._dialer.wake()
