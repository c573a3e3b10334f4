"""Carries out what the guard decides, at the moment it is due."""

import asyncio
import time
from collections.abc import Callable

import structlog

from ivr.calls.facts import CallEnded, Fact, LegRinging
from ivr.calls.guard import AddPhones, Command, Guard, MarkAtRisk, Rescue, StopPhones
from ivr.calls.model import Call
from ivr.calls.tracker import Tracker
from ivr.ids import uuid7
from ivr.pbx.events import pickup_channel
from ivr.pbx.switch import Switch
from ivr.pbx.tasks import Tasks
from ivr.settings import Settings

log = structlog.get_logger(__name__)


class Enforcer:
    """A subscriber of the tracker's facts; see `Guard` for the rules."""

    def __init__(
        self,
        settings: Settings,
        tracker: Tracker,
        switch: Switch,
        guard: Guard,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._tracker = tracker
        self._switch = switch
        self._guard = guard
        self._now = now
        self._tasks = Tasks()
        self._timer: asyncio.TimerHandle | None = None
        self._added: dict[str, set[str]] = {}  # call → uniqueids of phones we added
        self._unwanted: set[str] = set()  # added, but stopped before they rang
        self.at_risk: set[str] = set()
        """Ids of open calls that are past the ring of `rings.at_risk_ring`."""

    def on_fact(self, fact: Fact) -> None:
        self._run(self._guard.feed(fact))
        match fact:
            case LegRinging(leg=leg) if leg.uniqueid in self._unwanted:
                self._unwanted.discard(leg.uniqueid)
                self._hang_up(leg.uniqueid)
            case CallEnded(call=call):
                self.at_risk.discard(call.call_id)
                self._unwanted -= self._added.pop(call.call_id, set())
            case _:
                pass
        self._schedule()

    def disconnected(self) -> None:
        """The dialplan keeps the promise alone until Asterisk is back."""
        self._guard.forget()
        self._added.clear()
        self._unwanted.clear()
        self._schedule()

    async def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        await self._tasks.close()

    def _schedule(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due = self._guard.next_due()
        if due is not None:
            delay = max(0.0, due - self._now())
            self._timer = asyncio.get_running_loop().call_later(delay, self._tick)

    def _tick(self) -> None:
        self._run(self._guard.tick(self._now()))
        self._schedule()

    def _run(self, commands: list[Command]) -> None:
        for command in commands:
            match command:
                case MarkAtRisk(call=call):
                    self.at_risk.add(call.call_id)
                case AddPhones():
                    self._add(command)
                case StopPhones(call_id=call_id):
                    self._stop(call_id)
                case Rescue(call=call):
                    log.warning("the dialplan lets a caller ring on", call=call.call_id)
                    self._tasks.run("rescue", self._switch.rescue(call.caller_channel))

    def _add(self, command: AddPhones) -> None:
        call = command.call
        added = self._added.setdefault(call.call_id, set())
        for ext in command.extensions:
            phone = self._settings.phone(ext)
            if phone is None or phone.outside:
                continue
            channel_id = pickup_channel(call.call_id, uuid7().replace("-", ""))
            added.add(channel_id)
            self._tasks.run(
                f"ring {ext} too",
                self._switch.ring_to_pick_up(
                    phone.device, command.ringing, channel_id, command.ring_s, call.caller
                ),
            )
        log.info("backup phones ring", call=call.call_id, phones=command.extensions)

    def _stop(self, call_id: str) -> None:
        call = next((each for each in self._tracker.calls if each.call_id == call_id), None)
        legs = {leg.uniqueid: leg for leg in call.legs} if call else {}
        for uniqueid in self._added.get(call_id, ()):
            leg = legs.get(uniqueid)
            if leg is None:
                self._unwanted.add(uniqueid)
            elif leg.outcome is None and leg.answer_at is None:
                self._hang_up(uniqueid)

    def _hang_up(self, uniqueid: str) -> None:
        self._tasks.run("stop a backup phone", self._switch.hang_up(uniqueid))


def outside(settings: Settings) -> Callable[[str], bool]:
    """Whether a channel's name is that of an outside line."""
    prefixes = tuple(f"{trunk.device}-" for trunk in settings.trunks)
    return lambda name: name.startswith(prefixes)


def line_name(settings: Settings, call: Call) -> str | None:
    """The line a call came in on; calls to a phone's own number belong to the first line."""
    line = settings.line_of(call.called)
    if line is not None:
        return line.name
    return settings.lines[0].name if settings.lines else None
