"""The one dialer of the house: every call that the system makes goes through it.

A call is an *attempt*: a row committed before Asterisk is asked, whose id is the
channel's uniqueid. What Asterisk's events say of that uniqueid moves the attempt
on; the channel's Hangup ends it. After a gap (a restart of ivr or Asterisk, a
lost connection) attempts whose channel lives are taken up again, and the others
are settled by Asterisk's event log, or are UNKNOWN. No attempt is ever dialled
twice, whatever happened.
"""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

import structlog

from ivr.errors import UserError
from ivr.ids import uuid7
from ivr.outbound import settle
from ivr.outbound.allowlist import Allowlist
from ivr.outbound.choose import in_turn, may_dial
from ivr.outbound.ledger import Ledger
from ivr.outbound.model import (
    NEXT_STATES,
    Attempt,
    AttemptState,
    Campaign,
    CampaignState,
    Outcome,
    Talk,
    Task,
)
from ivr.outbound.pacing import Breaker, Pace
from ivr.outbound.retry import Dial, End, Rules, plan
from ivr.outbound.windows import Window, midnight, next_midnight
from ivr.pbx import events as ev
from ivr.pbx.dialplan import dial_string
from ivr.pbx.session import ActionFailed, ActionTimeout, ConnectionLost
from ivr.pbx.switch import Switch
from ivr.pbx.tasks import Tasks
from ivr.settings import Settings
from ivr.store.database import Database, Writer
from ivr.store.outbound import StoreError

log = structlog.get_logger(__name__)

LOOK_S = 1.0  # how often the dialer looks at the clock when nothing happens
CANDIDATES = 8  # tasks looked at for one call
IN_USE_S = 5.0  # a number that is on the phone is left alone for
SETTLE_S = 2.0  # after a gap: for Asterisk to create channels and write its log
TALK_GRACE_S = 3.0  # after a hangup, for the conversation to tell what it came to
OVERDUE_S = 10.0  # beyond ring_s without an end: Asterisk is asked to end it
RETRY_WRITE_S = 1.0
CLOSE_S = 5.0  # for what is left to write; the next start settles the rest

Work = Callable[[Writer], Awaitable[None]]


@dataclass(slots=True)
class _Live:
    """An attempt that is not done. `gone`: its channel has ended, its line is free."""

    attempt: Attempt
    seen: bool = False  # Asterisk has shown its channel
    doubt: bool = False  # nobody knows whether it lives; see `settle`
    gone: bool = False
    ending: bool = False  # its end is being written
    hung_up_at: float | None = None  # when we asked for its end
    timer: asyncio.TimerHandle | None = None


class Dialer:
    """`on_event` wants every AMI event in order, from before the session starts.

    `others` tells how many outside lines are in use by calls that are not ours.
    `on_change` is called with an attempt whenever it has moved on (for pages).
    """

    def __init__(
        self,
        db: Database,
        settings: Settings,
        switch: Switch,
        *,
        others: Callable[[], int] = lambda: 0,
        on_change: Callable[[Attempt], None] = lambda _: None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._switch = switch
        self._others = others
        self._on_change = on_change
        self._now = now
        self.ledger = Ledger(db, settings.site.id)
        self._rules = Rules.of(settings.dialer, Allowlist(settings.outgoing.allow).allows)
        self._window = Window.parse(settings.dialer.window, settings.site.zone)
        self._pace = Pace(settings.dialer.pace, time.monotonic())
        self.breaker = Breaker()
        self._live: dict[str, _Live] = {}
        self._last: dict[str, float] = {}  # campaign → its last call
        self._db = db
        self._online = False
        self._expired_at = float("-inf")
        self._wake = asyncio.Event()
        self._work: asyncio.Queue[tuple[Work, Callable[[], None]]] = asyncio.Queue()
        self._loops: list[asyncio.Task[None]] = []
        self._tasks = Tasks()

    # --- life ----------------------------------------------------------------

    async def start(self) -> None:
        """Take up what the last run left; dialling begins when Asterisk's Snapshot came."""
        for attempt in await self.ledger.open_attempts():
            self._live[attempt.id] = _Live(attempt, doubt=True)
        self._loops = [asyncio.create_task(self._run()), asyncio.create_task(self._write())]

    async def close(self) -> None:
        """Dial nobody else and write down what is known. Calls go on without us."""
        if not self._loops:
            return
        dialling, writing = self._loops
        self._loops = []
        dialling.cancel()
        await asyncio.wait([dialling])
        for live in self._live.values():
            if live.timer is not None:
                live.timer.cancel()
        await self._tasks.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                await self._work.join()
        writing.cancel()
        await asyncio.wait([writing])

    def wake(self) -> None:
        """Look at once whether somebody is to be phoned: a campaign was changed."""
        self._wake.set()

    @property
    def attempts(self) -> list[Attempt]:
        """Those in progress, oldest first."""
        return [live.attempt for live in self._live.values()]

    def is_ours(self, uniqueid: str) -> bool:
        """Whether a channel (or call id) is an attempt in progress."""
        return uniqueid in self._live

    @property
    def free_lines(self) -> int:
        """How many calls may be begun now; negative when a share is overdrawn."""
        dialer, trunks = self._settings.dialer, self._settings.trunks
        ours = sum(not live.gone for live in self._live.values())
        trunk = trunks[0].lines if trunks else 0  # the one that dial_string uses
        return min(dialer.lines - ours, trunk - dialer.keep_free - self._others() - ours)

    # --- what Asterisk tells -------------------------------------------------

    def on_event(self, event: ev.Event) -> None:
        """Never fails and never waits."""
        match event:
            case ev.Newchannel(channel=channel):
                self._moved(channel.uniqueid, AttemptState.DIALLING, event.at)
            case ev.DialState(dest=channel, status="RINGING"):
                self._moved(channel.uniqueid, AttemptState.RINGING, event.at)
            case ev.Newstate(channel=channel) if channel.state == ev.STATE_RINGING:
                self._moved(channel.uniqueid, AttemptState.RINGING, event.at)
            case ev.Newstate(channel=channel) if channel.state == ev.STATE_UP:
                self._moved(channel.uniqueid, AttemptState.TALKING, event.at)
            case ev.Hangup(channel=channel, cause=cause):
                self._hung_up(channel.uniqueid, cause, event.at)
            case ev.OriginateResponse(uniqueid=uniqueid, success=False):
                self._refused(uniqueid, event.at)
            case ev.Disconnected() | ev.Shutdown():
                self._online = False
            case ev.Snapshot():
                self._resume(event)
            case _:
                pass

    def _moved(self, uniqueid: str, state: AttemptState, at: float | None) -> None:
        live = self._live.get(uniqueid)
        if live is None or live.gone:
            return
        live.seen, live.doubt = True, False
        if state not in NEXT_STATES[live.attempt.state]:
            return
        when = self._now() if at is None else at
        attempt = replace(live.attempt, state=state)
        if attempt.dialled_at is None:
            attempt = replace(attempt, dialled_at=when)
        if state is AttemptState.RINGING:
            attempt = replace(attempt, ringing_at=when)
        if state is AttemptState.TALKING:
            attempt = replace(attempt, answered_at=when)
        self._note(live, attempt)

    def _hung_up(self, uniqueid: str, cause: int, at: float | None) -> None:
        live = self._live.get(uniqueid)
        if live is None or live.gone:
            return
        when = self._now() if at is None else at
        live.seen, live.doubt, live.gone = True, False, True
        attempt = live.attempt = replace(live.attempt, cause=cause, ended_at=when)
        if attempt.answered_at is None or attempt.outcome is not None:
            self._end(live, settle.Trace(ended_at=when, cause=cause))
        else:
            # whoever held the conversation hears of the end as late as we do
            live.timer = asyncio.get_running_loop().call_later(
                TALK_GRACE_S, self._end, live, settle.Trace(), "接通过，谈话结果不明"
            )
        self.wake()

    def _refused(self, uniqueid: str, at: float | None) -> None:
        """Asterisk could not make a channel. Of one that was made, Hangup tells the end:
        this event is also what a second Originate with the same id would get."""
        live = self._live.get(uniqueid)
        if live is None or live.seen or live.gone:
            return
        live.gone = True
        live.attempt = replace(
            live.attempt, outcome=Outcome.CONGESTION, ended_at=at, note="中继不可用"
        )
        self._end(live, settle.Trace())

    # --- after a gap ---------------------------------------------------------

    def _resume(self, snapshot: ev.Snapshot) -> None:
        """Take up the attempts whose channel lives; ask what became of the others."""
        states = {each.channel.uniqueid: each.channel.state for each in snapshot.channels}
        missing = []
        for live in list(self._live.values()):
            if live.gone:
                continue
            state = states.get(live.attempt.id)
            if state is None:
                live.doubt = True
                missing.append(live)
                continue
            reached = {
                ev.STATE_RINGING: AttemptState.RINGING,
                ev.STATE_UP: AttemptState.TALKING,
            }.get(state, AttemptState.DIALLING)
            self._moved(live.attempt.id, reached, snapshot.at)
        self._online = True
        self.wake()
        if missing:
            asyncio.get_running_loop().call_later(SETTLE_S, self._settle, missing)

    def _settle(self, doubtful: list[_Live]) -> None:
        still = [live for live in doubtful if live.doubt and not live.gone]
        if still and self._online:
            self._tasks.run("settle attempts", self._settle_by_log(still))

    async def _settle_by_log(self, doubtful: list[_Live]) -> None:
        ids = [live.attempt.id for live in doubtful]
        found = await asyncio.to_thread(settle.read_traces, self._settings.paths.cel, ids)
        for live in doubtful:
            if not live.doubt or live.gone:
                continue  # it showed itself meanwhile
            live.gone = True
            trace = found.get(live.attempt.id, settle.Trace())
            live.attempt = replace(
                live.attempt,
                dialled_at=live.attempt.dialled_at or trace.began_at,
                answered_at=live.attempt.answered_at or trace.answered_at,
                ended_at=trace.ended_at,
                cause=trace.cause,
            )
            self._end(live, trace, "中断后查明" if trace.ended_at else "中断后无法查明")
        self.wake()

    # --- what the conversation tells -----------------------------------------

    async def talk_finished(self, attempt_id: str, talk: Talk) -> None:
        """What the conversation on `attempt_id` came to; committed when this returns.

        May come before or shortly after the end of the call. The first word counts.
        """
        live = self._live.get(attempt_id)
        if live is None or live.ending:
            await self._talk_late(attempt_id, talk)
            return
        if live.attempt.outcome is not None:
            return
        live.attempt = replace(live.attempt, outcome=talk.outcome, keys=talk.keys, note=talk.note)
        done = asyncio.Event()
        attempt = live.attempt
        self._later(lambda writer: self.ledger.note_talk(writer, attempt), done.set)
        await done.wait()
        if live.gone and not live.ending:
            self._end(live, settle.Trace())

    async def _talk_late(self, attempt_id: str, talk: Talk) -> None:
        """The attempt was given up as UNKNOWN already; now it is known."""
        attempt = await self.ledger.attempt(attempt_id)
        if attempt is None or attempt.outcome not in (None, Outcome.UNKNOWN):
            return
        known = replace(attempt, outcome=talk.outcome, keys=talk.keys, note=talk.note)
        if known.ended_at is None:
            known = replace(known, ended_at=self._now())
        done = asyncio.Event()
        at = self._now()
        self._later(lambda writer: self.ledger.end(writer, known, self._rules, at), done.set)
        await done.wait()

    # --- writing -------------------------------------------------------------

    def _note(self, live: _Live, attempt: Attempt) -> None:
        live.attempt = attempt
        self._later(lambda writer: self.ledger.note(writer, attempt), lambda: None)
        self._on_change(attempt)

    def _end(self, live: _Live, trace: settle.Trace, note: str = "") -> None:
        """The attempt is over: write it, and what follows for its household."""
        if live.ending:
            return
        live.ending = True
        if live.timer is not None:
            live.timer.cancel()
        now = self._now()
        attempt = live.attempt
        attempt = live.attempt = replace(
            attempt,
            state=AttemptState.DONE,
            outcome=settle.outcome(attempt, trace, self._settings.dialer.ring_s),
            ended_at=now if attempt.ended_at is None else attempt.ended_at,
            note=attempt.note or note,
        )

        def written() -> None:
            self._live.pop(attempt.id, None)
            self._on_change(attempt)
            self.wake()

        was_tripped = self.breaker.tripped
        self.breaker.ended(
            congested=attempt.outcome is Outcome.CONGESTION, begun_at=attempt.created_at, at=now
        )
        if self.breaker.tripped and not was_tripped:
            log.warning("the outside lines are congested; dialling more slowly")
        self._later(lambda writer: self.ledger.end(writer, attempt, self._rules, now), written)

    def _later(self, work: Work, done: Callable[[], None]) -> None:
        self._work.put_nowait((work, done))

    async def _write(self) -> None:
        """Do the work of the queue in its order, as much as there is in one transaction."""
        while True:
            batch = [await self._work.get()]
            while not self._work.empty():
                batch.append(self._work.get_nowait())
            while True:
                try:
                    async with self._db.write() as writer:
                        for work, _ in batch:
                            await work(writer)
                    break
                except StoreError as error:
                    # the disk is full, say: what happened stays in mind, and in Asterisk
                    log.error("outbound calls cannot be written; trying again", why=str(error))
                    await asyncio.sleep(RETRY_WRITE_S)
            for _, done in batch:
                done()
                self._work.task_done()

    # --- dialling ------------------------------------------------------------

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            try:
                wait_s = await self._look()
            except Exception:
                log.exception("the dialer could not decide")
                wait_s = LOOK_S
            try:
                async with asyncio.timeout(wait_s):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def _look(self) -> float:
        """Dial whoever may be dialled now; seconds until the next look."""
        if time.monotonic() - self._expired_at >= LOOK_S:
            self._expired_at = time.monotonic()
            await self._expire()
            self._hang_up_overdue()
        if not self._online:
            return LOOK_S
        while self.free_lines > 0:
            clock = time.monotonic()
            self._pace.set_rate(self._settings.dialer.pace * self.breaker.factor, clock)
            wait_s = self._pace.wait_s(clock)
            if wait_s > 0:
                # the wake-up of a call that ended must not shorten this wait
                await asyncio.sleep(min(wait_s, LOOK_S))
                if wait_s > LOOK_S:
                    return 0.0
                continue
            attempt = await self.decide()
            if attempt is None:
                break
            self._pace.take(time.monotonic())
            self._tasks.run("dial", self._dial(attempt))
        return LOOK_S

    async def decide(self) -> Attempt | None:
        """The next call that is due, committed; None when nobody is to be phoned now."""
        now = self._now()
        running = await self.ledger.campaigns(CampaignState.RUNNING)
        due = [campaign for campaign in running if may_dial(campaign, self._window, now)]
        live = Counter(each.attempt.campaign_id for each in self._live.values())
        for campaign in in_turn(due, live, self._last):
            attempt = await self._next(campaign, now)
            if attempt is not None:
                self._last[campaign.id] = now
                return attempt
        return None

    async def _next(self, campaign: Campaign, now: float) -> Attempt | None:
        while tasks := await self.ledger.due(campaign.id, now, CANDIDATES):
            moved: list[tuple[Task, Dial | End]] = []
            chosen: tuple[Task, Dial] | None = None
            for task in tasks:
                step = await self._plan(task, now)
                if isinstance(step, Dial) and step.at <= now:
                    chosen = task, step
                    break
                moved.append((task, step))
            if moved:
                async with self._db.write() as writer:
                    for task, step in moved:
                        if isinstance(step, Dial):
                            await self.ledger.wait(writer, task, step.at, step.position)
                        else:
                            await self.ledger.settle(writer, task, step.outcome, now)
            if chosen is not None:
                return await self._begin(*chosen, now)
        return None

    async def _plan(self, task: Task, now: float) -> Dial | End:
        """The task's next call as it is now: its time has come, but its number may be in
        use or have had its calls of the day, and its quiet hours may have begun."""
        step = plan(
            task.numbers, await self.ledger.tried(task), self._rules, await self._rest(task)
        )
        if isinstance(step, Dial) and task.quiet:
            quiet = Window.parse(task.quiet, self._settings.site.zone)
            return step._replace(at=quiet.next_close(max(step.at, now)))
        return step

    async def _rest(self, task: Task) -> dict[str, float]:
        now, zone = self._now(), self._settings.site.zone
        calls = await self.ledger.calls_since(task.numbers, midnight(now, zone))
        resting = {
            number: next_midnight(now, zone)
            for number, count in calls.items()
            if count >= self._settings.dialer.daily_calls
        }
        in_use = {live.attempt.number for live in self._live.values()}
        for number in in_use.intersection(task.numbers):
            resting.setdefault(number, now + IN_USE_S)
        return resting

    async def _begin(self, task: Task, step: Dial, now: float) -> Attempt | None:
        attempt = Attempt(
            id=uuid7(now),
            task_id=task.id,
            campaign_id=task.campaign_id,
            number=task.numbers[step.position],
            state=AttemptState.CREATED,
            created_at=now,
        )
        self._live[attempt.id] = _Live(attempt)
        if not await self.ledger.begin(attempt, step.position):
            del self._live[attempt.id]
            return None
        return attempt

    async def _dial(self, attempt: Attempt) -> None:
        """Ask Asterisk for the call, once. Whatever is not known afterwards is asked later."""
        dialer = self._settings.dialer
        live = self._live[attempt.id]
        try:
            if not self._online:  # it was lost while the attempt was committed: nothing was sent
                raise UserError("与电话交换机的连接已断开")
            where = dial_string(self._settings, attempt.number)
            await self._switch.dial_out(where, attempt.id, dialer.ring_s, dialer.caller_id)
        except (ActionFailed, UserError) as error:
            live.gone = True
            live.attempt = replace(
                live.attempt, outcome=Outcome.CONGESTION, note=f"未能呼出：{error}"
            )
            self._end(live, settle.Trace())
        except (ActionTimeout, ConnectionLost) as error:
            log.warning("Asterisk did not confirm a call", attempt=attempt.id, why=str(error))

    def _hang_up_overdue(self) -> None:
        """A call whose end Asterisk owes us is asked to end, and then asked after."""
        now, patience = self._now(), self._settings.dialer.ring_s + OVERDUE_S
        for live in list(self._live.values()):
            if live.gone or live.attempt.answered_at is not None or not self._online:
                continue
            if live.hung_up_at is None:
                if now - live.attempt.created_at > patience and not live.doubt:
                    live.hung_up_at = now
                    self._tasks.run("end a call", self._switch.hang_up(live.attempt.id))
            elif now - live.hung_up_at > OVERDUE_S:
                live.doubt, live.hung_up_at = True, now
                self._settle([live])

    async def _expire(self) -> None:
        now = self._now()
        for state in (CampaignState.RUNNING, CampaignState.PAUSED):
            for campaign in await self.ledger.campaigns(state):
                if campaign.not_after <= now:
                    await self.ledger.expire(campaign, now)
