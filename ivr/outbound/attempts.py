"""Attempts in progress: from the committed row to the end, by what Asterisk tells.

The attempt's id is its channel's uniqueid; that channel's events move it on and its
Hangup ends it. After a gap (a restart of ivr or Asterisk, a lost connection)
attempts whose channel lives are taken up again; the others are settled by
Asterisk's event log, or are UNKNOWN. None is ever dialled twice.
"""

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import structlog

from ivr.errors import UserError
from ivr.outbound import hangup, settle
from ivr.outbound.announcements import Announcements
from ivr.outbound.journal import Journal
from ivr.outbound.ledger import Ledger
from ivr.outbound.model import NEXT_STATES, Attempt, AttemptState, Outcome, Talk
from ivr.outbound.retry import Rules
from ivr.pbx import events as ev
from ivr.pbx.dialplan import device_of
from ivr.pbx.session import ActionFailed, ActionTimeout, ConnectionLost
from ivr.pbx.switch import Switch
from ivr.pbx.tasks import Tasks
from ivr.settings import Settings

log = structlog.get_logger(__name__)

SETTLE_S = 2.0  # after a gap: for Asterisk to make its channels and write its log
TALK_GRACE_S = 3.0  # after a hangup, for the conversation to tell what it came to
OVERDUE_S = 10.0  # beyond ring_s without an end: Asterisk is asked to end it

NO_TRACE = settle.Trace()
_REACHED = {ev.STATE_RINGING: AttemptState.RINGING, ev.STATE_UP: AttemptState.TALKING}


@dataclass(slots=True)
class Live:
    """An attempt that is not done. `gone`: its channel has ended, its line is free."""

    attempt: Attempt
    seen: bool = False  # Asterisk has shown its channel
    doubt: bool = False  # nobody knows whether it lives
    gone: bool = False
    ending: bool = False  # its end is being written
    hung_up_at: float | None = None  # when we asked for its end
    detect: bool = True  # an answering machine may answer


class Attempts:
    """`on_line_free` is called when a call has ended, `on_change` with an attempt
    whenever it has moved on; its end is committed by then. `announcements` hears what the
    network says where the cause of a hangup does not tell."""

    def __init__(
        self,
        settings: Settings,
        switch: Switch,
        ledger: Ledger,
        journal: Journal,
        rules: Rules,
        *,
        on_line_free: Callable[[], None],
        on_change: Callable[[Attempt], None],
        announcements: Announcements | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._announcements = announcements
        self._switch = switch
        self._ledger = ledger
        self._journal = journal
        self._rules = rules
        self._on_line_free = on_line_free
        self._on_change = on_change
        self._now = now
        self._live: dict[str, Live] = {}
        self._timers: set[asyncio.TimerHandle] = set()
        self._tasks = Tasks()
        self.online = False
        """Whether Asterisk is there and what became of earlier calls is being asked."""

    async def start(self) -> None:
        """Take up what the last run left, in doubt until Asterisk's Snapshot comes."""
        for attempt in await self._ledger.open_attempts():
            self._live[attempt.id] = Live(attempt, doubt=True)

    async def close(self) -> None:
        """Calls go on without us; the next start takes them up."""
        self.online = False
        for timer in self._timers:
            timer.cancel()
        await self._tasks.close()

    @property
    def all(self) -> list[Attempt]:
        """Oldest first."""
        return [live.attempt for live in self._live.values()]

    @property
    def lines(self) -> int:
        """In use by them; an attempt in doubt may well be on one."""
        return sum(not live.gone for live in self._live.values())

    def __contains__(self, attempt_id: str) -> bool:
        return attempt_id in self._live

    # --- from the row to the telephone ---------------------------------------

    async def begin(self, attempt: Attempt, number_index: int, *, detect: bool = True) -> bool:
        """Commit it, and only then ask Asterisk for the call; False if the task or the
        number is not free. Returns before anything rings."""
        own_phone = self._settings.phone(attempt.number) is not None
        live = self._live[attempt.id] = Live(attempt, detect=detect and not own_phone)
        begun = False
        try:
            begun = await self._ledger.begin(attempt, number_index)
        finally:
            if not begun:
                del self._live[attempt.id]
        if not begun:
            return False
        self._tasks.run("dial", self._dial(live))
        return True

    async def _dial(self, live: Live) -> None:
        """Once. Whatever is not known afterwards is asked later."""
        dialer = self._settings.dialer
        attempt = live.attempt
        try:
            if not self.online:  # lost while the attempt was committed: nothing was sent
                raise UserError("与电话交换机的连接已断开")
            where = device_of(self._settings, attempt.number)
            await self._switch.dial_out(
                where, attempt.id, dialer.ring_s, dialer.caller_id, attempt.number,
                detect=live.detect,
            )  # fmt: skip
        except (ActionFailed, UserError) as error:
            self._not_made(live, f"未能呼出：{error}")
        except (ActionTimeout, ConnectionLost) as error:
            log.warning("Asterisk did not confirm a call", attempt=attempt.id, why=str(error))

    def stop_ringing(self, campaign_id: str) -> None:
        """End those of a campaign that nobody has answered."""
        for live in self._live.values():
            attempt = live.attempt
            if attempt.campaign_id == campaign_id and attempt.answered_at is None and not live.gone:
                self._tasks.run("stop ringing", self._switch.hang_up(attempt.id))

    def hang_up_overdue(self) -> None:
        """A call whose end Asterisk owes us is asked to end, and then asked after."""
        now, patience = self._now(), self._settings.dialer.ring_s + OVERDUE_S
        for live in self._live.values():
            if live.gone or live.attempt.answered_at is not None or not self.online:
                continue
            if live.hung_up_at is None:
                if now - live.attempt.created_at > patience and not live.doubt:
                    live.hung_up_at = now
                    self._tasks.run("end a call", self._switch.hang_up(live.attempt.id))
            elif now - live.hung_up_at > OVERDUE_S:
                live.doubt, live.hung_up_at = True, now
                self._settle([live])

    # --- what Asterisk tells -------------------------------------------------

    def on_event(self, event: ev.Event) -> None:
        """Never waits."""
        match event:
            case ev.Newchannel(channel=channel):
                self._moved(channel.uniqueid, AttemptState.DIALLING, event.at)
            case ev.DialState(dest=channel, status="RINGING"):
                self._moved(channel.uniqueid, AttemptState.RINGING, event.at)
            case ev.DialState(dest=channel, status="PROGRESS"):
                self._carries_sound(channel.uniqueid, event.at)
            case ev.Newstate(channel=channel) if channel.state in _REACHED:
                self._moved(channel.uniqueid, _REACHED[channel.state], event.at)
            case ev.Hangup(channel=channel, cause=cause):
                self._hung_up(channel.uniqueid, cause, event.at)
            case ev.OriginateResponse(uniqueid=uniqueid, success=False):
                # Of a channel that was made, Hangup tells the end: this event is
                # also what a second Originate with an id in use would get.
                live = self._live.get(uniqueid)
                if live is not None and not live.seen:
                    self._not_made(live, "中继不可用")
            case ev.Disconnected() | ev.Shutdown():
                self.online = False
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
            self._forget_sound(uniqueid)
        live.attempt = attempt
        self._journal.later(lambda writer: self._ledger.note(writer, attempt))
        self._on_change(attempt)

    def _carries_sound(self, uniqueid: str, at: float | None) -> None:
        """Early media (183): ringing tone, or the network speaks."""
        self._moved(uniqueid, AttemptState.DIALLING, at)
        live = self._live.get(uniqueid)
        if self._announcements is None or live is None or live.gone:
            return
        if live.attempt.answered_at is None:
            self._announcements.listen(uniqueid)

    def _forget_sound(self, uniqueid: str) -> None:
        if self._announcements is not None:
            self._announcements.forget(uniqueid)

    def _hung_up(self, uniqueid: str, cause: int, at: float | None) -> None:
        live = self._live.get(uniqueid)
        if live is None or live.gone:
            return
        when = self._now() if at is None else at
        live.seen, live.doubt, live.gone = True, False, True
        attempt = live.attempt = replace(live.attempt, cause=cause, ended_at=when)
        trace = settle.Trace(ended_at=when, cause=cause)
        if attempt.outcome is not None:
            self._end(live, trace)
        elif attempt.answered_at is None:
            if self._announcements is None or hangup.tells(cause):
                self._end(live, trace)
            else:
                self._tasks.run("hear it out", self._end_as_heard(live, trace, self._announcements))
        else:
            # whoever holds the conversation hears of the end no sooner than we do
            self._after(TALK_GRACE_S, lambda: self._end(live, note="接通过，谈话结果不明"))
        self._on_line_free()

    def _not_made(self, live: Live, why: str) -> None:
        """There never was a channel."""
        if not live.gone:
            live.gone = True
            live.attempt = replace(live.attempt, outcome=Outcome.CONGESTION, note=why)
            self._end(live)

    # --- after a gap ---------------------------------------------------------

    def _resume(self, snapshot: ev.Snapshot) -> None:
        """Take up the attempts whose channel lives; ask what became of the others."""
        states = {each.channel.uniqueid: each.channel.state for each in snapshot.channels}
        missing = []
        for live in self._live.values():
            state = states.get(live.attempt.id)
            if state is not None:
                reached = _REACHED.get(state, AttemptState.DIALLING)
                self._moved(live.attempt.id, reached, snapshot.at)
            elif not live.gone:
                live.doubt = True
                missing.append(live)
        self.online = True
        self._on_line_free()
        if missing:
            self._after(SETTLE_S, lambda: self._settle(missing))

    def _settle(self, doubtful: list[Live]) -> None:
        if self.online:  # otherwise the next Snapshot comes first
            self._tasks.run("settle attempts", self._settle_by_log(doubtful))

    async def _settle_by_log(self, doubtful: Iterable[Live]) -> None:
        still = [live for live in doubtful if live.doubt and not live.gone]
        ids = [live.attempt.id for live in still]
        found = await asyncio.to_thread(settle.read_traces, self._settings.paths.cel, ids)
        for live in still:
            if not live.doubt or live.gone:
                continue  # it showed itself meanwhile
            live.gone = True
            trace = found.get(live.attempt.id, NO_TRACE)
            live.attempt = replace(
                live.attempt,
                dialled_at=live.attempt.dialled_at or trace.began_at,
                answered_at=live.attempt.answered_at or trace.answered_at,
                ended_at=trace.ended_at,
                cause=trace.cause,
            )
            self._end(live, trace, "中断后查明" if trace.ended_at else "中断后无法查明")
        self._on_line_free()

    # --- the conversation ----------------------------------------------------

    async def talk_finished(self, attempt_id: str, talk: Talk) -> None:
        """See Dialer.talk_finished."""
        live = self._live.get(attempt_id)
        if live is None or live.ending:
            await self._talk_late(attempt_id, talk)
            return
        if live.attempt.outcome is not None:
            return
        attempt = live.attempt = _with(live.attempt, talk)
        await self._journal.now(lambda writer: self._ledger.note_talk(writer, attempt))
        if live.gone:
            self._end(live)

    async def _talk_late(self, attempt_id: str, talk: Talk) -> None:
        """The attempt was given up as UNKNOWN already; now it is known."""
        attempt = await self._ledger.attempt(attempt_id)
        if attempt is None or attempt.outcome not in (None, Outcome.UNKNOWN):
            return
        now = self._now()
        known = _with(attempt, talk)
        known = replace(known, ended_at=attempt.ended_at or now)
        await self._journal.now(lambda writer: self._ledger.end(writer, known, self._rules, now))

    # --- the end -------------------------------------------------------------

    async def _end_as_heard(
        self, live: Live, trace: settle.Trace, announcements: Announcements
    ) -> None:
        """Nobody answered: as the network said, else as the cause tells. Killed before its
        end is written, it is settled by the cause in Asterisk's log."""
        try:
            heard = await announcements.heard(live.attempt.id)
            if heard is not None and live.attempt.outcome is None:
                note = f"网络播音：{heard.words}"
                live.attempt = replace(live.attempt, outcome=heard.outcome, note=note)
        finally:
            self._end(live, trace)

    def _end(self, live: Live, trace: settle.Trace = NO_TRACE, note: str = "") -> None:
        """Write it, and what follows for its household."""
        if live.ending:
            return
        live.ending = True
        self._forget_sound(live.attempt.id)
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
            del self._live[attempt.id]
            self._on_change(attempt)

        self._journal.later(
            lambda writer: self._ledger.end(writer, attempt, self._rules, now), written
        )

    def _after(self, seconds: float, work: Callable[[], None]) -> None:
        def run() -> None:
            self._timers.discard(timer)
            work()

        timer = asyncio.get_running_loop().call_later(seconds, run)
        self._timers.add(timer)


def _with(attempt: Attempt, talk: Talk) -> Attempt:
    return replace(attempt, outcome=talk.outcome, keys=talk.keys, note=talk.note)
