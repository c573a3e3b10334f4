"""The one dialer of the house: who is phoned next, and when. Every call that the
system makes goes through it.

Lines, pace, hours, fairness, retries and the day's calls to a number are decided
here; `Attempts` carries each call out and knows what became of it.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable

import structlog

from ivr.ids import uuid7
from ivr.outbound.allowlist import may_ring
from ivr.outbound.announcements import Announcements
from ivr.outbound.attempts import Attempts
from ivr.outbound.choose import in_turn, may_dial
from ivr.outbound.journal import Journal
from ivr.outbound.ledger import Ledger
from ivr.outbound.model import (
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
from ivr.pbx.switch import Switch
from ivr.settings import Settings
from ivr.store.database import Database

log = structlog.get_logger(__name__)

LOOK_S = 1.0  # how often the dialer looks when nothing happens
CANDIDATES = 8  # tasks looked at for one call
IN_USE_S = 5.0  # a number that is on the phone is left alone for


class Dialer:
    """`on_event` wants every AMI event in order, from before the session starts.

    `others` tells how many outside lines are in use by calls that are not ours.
    `on_change` is called with an attempt whenever it has moved on (for pages).
    `announcements` hears networks that speak before an answer; without, causes tell alone.
    """

    def __init__(
        self,
        db: Database,
        settings: Settings,
        switch: Switch,
        *,
        others: Callable[[], int] = lambda: 0,
        on_change: Callable[[Attempt], None] = lambda _: None,
        announcements: Announcements | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._db = db
        self._settings = settings
        self._others = others
        self._tell = on_change
        self._now = now
        self._rules = Rules.of(settings.dialer, may_ring(settings))
        self._window = Window.parse(settings.dialer.window, settings.site.zone)
        self._pace = Pace(settings.dialer.pace, time.monotonic())
        self.ledger = Ledger(db, settings.site.id)
        self._journal = Journal(db)
        self._wake = asyncio.Event()
        self._attempts = Attempts(
            settings, switch, self.ledger, self._journal, self._rules,
            on_line_free=self._wake.set, on_change=self._changed,
            announcements=announcements, now=now,
        )  # fmt: skip
        self.breaker = Breaker()
        self._last: dict[str, float] = {}  # campaign → its last call
        self._tidied_at = float("-inf")
        self._task: asyncio.Task[None] | None = None

    # --- life ----------------------------------------------------------------

    async def start(self) -> None:
        """Take up what the last run left; dialling begins when Asterisk's Snapshot came."""
        await self._attempts.start()
        self._journal.start()
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Dial nobody else and write down what is known. Calls go on without us."""
        if self._task is None:
            return
        self._task.cancel()
        await asyncio.wait([self._task])
        self._task = None
        await self._attempts.close()
        await self._journal.close()

    def on_event(self, event: ev.Event) -> None:
        """Never waits."""
        self._attempts.on_event(event)

    async def talk_finished(self, attempt_id: str, talk: Talk) -> None:
        """What the conversation on `attempt_id` came to; committed when this returns.

        May come before the call's end or shortly after it. The first word counts.
        """
        await self._attempts.talk_finished(attempt_id, talk)

    def wake(self) -> None:
        """Look at once whether somebody is to be phoned: a campaign was changed."""
        self._wake.set()

    # --- what there is to see ------------------------------------------------

    @property
    def attempts(self) -> list[Attempt]:
        """Those in progress, oldest first."""
        return self._attempts.all

    def is_ours(self, uniqueid: str) -> bool:
        """Whether a channel (or a call's id) is an attempt in progress."""
        return uniqueid in self._attempts

    @property
    def free_lines(self) -> int:
        """How many calls may be begun now; negative when a share is overdrawn."""
        dialer, trunks = self._settings.dialer, self._settings.trunks
        ours = self._attempts.lines
        trunk = trunks[0].lines if trunks else 0  # the one that dial_string uses
        return min(dialer.lines - ours, trunk - dialer.keep_free - self._others() - ours)

    def _changed(self, attempt: Attempt) -> None:
        if attempt.state is AttemptState.DONE:
            was_tripped = self.breaker.tripped
            self.breaker.ended(
                congested=attempt.outcome is Outcome.CONGESTION,
                begun_at=attempt.created_at,
                at=self._now(),
            )
            if self.breaker.tripped != was_tripped:
                log.warning("outside lines", congested=self.breaker.tripped)
            self._wake.set()
        self._tell(attempt)

    # --- dialling ------------------------------------------------------------

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            try:
                await self._look()
            except Exception:
                log.exception("the dialer could not decide")
            try:
                async with asyncio.timeout(LOOK_S):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def _look(self) -> None:
        """Dial whoever may be dialled now, at the pace."""
        while True:
            clock = time.monotonic()
            if clock - self._tidied_at >= LOOK_S:
                self._tidied_at = clock
                await self._expire()
                self._attempts.hang_up_overdue()
            if not self._attempts.online or self.free_lines <= 0:
                return
            self._pace.set_rate(self._settings.dialer.pace * self.breaker.factor, clock)
            wait_s = self._pace.wait_s(clock)
            if wait_s > 0:
                # not the wake-up: a call that ends must not shorten this wait
                await asyncio.sleep(min(wait_s, LOOK_S))
            elif await self.decide() is None:
                return

    async def decide(self) -> Attempt | None:
        """Begin the next call that is due; None when nobody is to be phoned now.

        Whether there is a line, and the pace, is not asked here.
        """
        now = self._now()
        running = await self.ledger.campaigns(CampaignState.RUNNING)
        due = [campaign for campaign in running if may_dial(campaign, self._window, now)]
        live = Counter(each.campaign_id for each in self._attempts.all)
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
        history = await self.ledger.tried(task)
        step = plan(task.numbers, history, self._rules, await self._resting(task, now))
        if isinstance(step, Dial):
            for span in filter(None, task.quiet.split(",")):
                quiet = Window.parse(span, self._settings.site.zone)
                step = step._replace(at=quiet.next_close(max(step.at, now)))
        return step

    async def _resting(self, task: Task, now: float) -> dict[str, float]:
        """Numbers that must be left alone → until when."""
        zone = self._settings.site.zone
        calls = await self.ledger.calls_since(task.numbers, midnight(now, zone))
        in_use = {attempt.number for attempt in self._attempts.all}
        resting = dict.fromkeys(in_use.intersection(task.numbers), now + IN_USE_S)
        for number, count in calls.items():
            if count >= self._settings.dialer.daily_calls:
                resting[number] = next_midnight(now, zone)
        return resting

    async def _begin(self, task: Task, step: Dial, now: float) -> Attempt | None:
        attempt = _new_attempt(task, step.position, now)
        if not await self._attempts.begin(attempt, step.position):
            return None
        self._pace.take(time.monotonic())
        return attempt

    # --- in an emergency -----------------------------------------------------

    @property
    def online(self) -> bool:
        """Whether Asterisk is there."""
        return self._attempts.online

    async def ring_all(self, campaign: Campaign) -> list[Attempt]:
        """Ring every open task of a running campaign at once, each on its first number.

        Lines, pace, hours and the day's calls are not asked, what may be rung at all is.
        A number that is on the phone with us already is left out. Answering machines are
        not listened for: that takes seconds, and none of them presses a key.
        """
        now = self._now()
        begun = []
        for task in await self.ledger.tasks(campaign.id):
            if task.outcome is not None or not self._rules.allows(task.numbers[0]):
                continue
            attempt = _new_attempt(task, 0, now)
            if await self._attempts.begin(attempt, 0, detect=False):
                begun.append(attempt)
        return begun

    def stop_ringing(self, campaign: Campaign) -> None:
        """End the calls of a campaign that nobody has answered."""
        self._attempts.stop_ringing(campaign.id)

    async def _expire(self) -> None:
        """Close the campaigns whose time is over."""
        now = self._now()
        for state in (CampaignState.RUNNING, CampaignState.PAUSED):
            for campaign in await self.ledger.campaigns(state):
                if campaign.not_after <= now:
                    await self.ledger.expire(campaign, now)


def _new_attempt(task: Task, position: int, now: float) -> Attempt:
    return Attempt(
        id=uuid7(now),
        task_id=task.id,
        campaign_id=task.campaign_id,
        number=task.numbers[position],
        state=AttemptState.CREATED,
        created_at=now,
    )
