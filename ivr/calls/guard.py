"""The pickup guard: what must be done so that no outside caller hears a ring too many.

Pure: facts and the time go in, commands come out. Times are Asterisk's seconds
since the epoch. The dialplan keeps the promise by itself; the guard adds what
it cannot do (the backup phones, without disturbing those that ring) and steps
in where the call runs in somebody else's dialplan.

Rule: any call, other departments' too, is picked up within three rings
(服务操作规程; RULES.md, "On the telephone").
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from ivr.calls.facts import (
    CallAnswered,
    CallEnded,
    Fact,
    LegEnded,
    LegRinging,
    SystemAnswered,
)
from ivr.calls.model import Call, Direction, Leg, LegOutcome
from ivr.calls.rings import ring_starts
from ivr.settings import Rings

GRACE_S = 0.1
"""How long after the deadline the dialplan may take before the guard steps in."""

WORTH_RINGING_S = 0.5
"""So close to the deadline nobody is rung anew: everybody will be, by the dialplan."""


class MarkAtRisk(NamedTuple):
    call: Call


class AddPhones(NamedTuple):
    """Ring these phones too; who answers picks up what `ringing` (a channel) rings for."""

    call: Call
    ringing: str
    extensions: tuple[str, ...]
    ring_s: float  # not beyond the deadline: there the dialplan rings them itself


class StopPhones(NamedTuple):
    """The phones that were added need not ring any more."""

    call_id: str


class Rescue(NamedTuple):
    """Take the caller out of whatever dialplan lets it ring, and answer."""

    call: Call


Command = MarkAtRisk | AddPhones | StopPhones | Rescue


@dataclass(slots=True)
class _Watch:
    call: Call
    ring_at: float
    at_risk: bool = False
    backup: bool = False
    rescued: bool = False
    target: str = ""  # uniqueid of the leg that the added phones would pick up
    added: tuple[str, ...] = ()  # their extensions


class Guard:
    """Watches every ringing call of an outside caller until somebody has it.

    `backups(call, at)` names the extensions that may help out, best first.
    """

    def __init__(self, rings: Rings, backups: Callable[[Call, float], Iterable[str]]) -> None:
        self._rings = rings
        self._backups = backups
        self._watched: dict[str, _Watch] = {}

    def feed(self, fact: Fact) -> list[Command]:
        """What follows at once from `fact`."""
        match fact:
            case LegRinging(at=at, call=call) if at is not None and self._concerns(call):
                ring_at = call.ring_at if call.ring_at is not None else at
                self._watched.setdefault(call.call_id, _Watch(call, ring_at))
            case LegEnded(call=call, leg=leg):
                watch = self._watched.get(call.call_id)
                if watch is not None and watch.target == leg.uniqueid:
                    return self._target_gone(watch, leg, fact.at)
            case CallAnswered(call=call) | SystemAnswered(call=call) | CallEnded(call=call):
                watch = self._watched.pop(call.call_id, None)
                if watch is not None and watch.backup:
                    return [StopPhones(call.call_id)]
        return []

    def _target_gone(self, watch: _Watch, leg: Leg, at: float | None) -> list[Command]:
        """What the added phones rang for rings no more.

        Where the caller gave up they stop; where that phone refused, they go on to
        help those that still ring. Where somebody was lifted, perhaps one of
        them, the answer is about to be told.
        """
        watch.target = ""
        if leg.outcome is LegOutcome.ELSEWHERE:
            return []
        commands: list[Command] = [StopPhones(watch.call.call_id)]
        deadline = watch.ring_at + self._rings.deadline_s
        refused = leg.outcome is not LegOutcome.CANCELLED
        if refused and at is not None and deadline - at > WORTH_RINGING_S:
            commands += self._add(watch, at)
        return commands

    @staticmethod
    def _concerns(call: Call) -> bool:
        return (
            call.direction is Direction.INBOUND
            and call.answer_at is None
            and (call.system_answer_at is None or _told_before_ringing(call))
        )

    def forget(self) -> list[Command]:
        """Nothing is known any more (the link to Asterisk was lost)."""
        stops: list[Command] = [
            StopPhones(call_id) for call_id, watch in self._watched.items() if watch.backup
        ]
        self._watched.clear()
        return stops

    def tick(self, now: float) -> list[Command]:
        """What is due at `now`."""
        commands: list[Command] = []
        for watch in self._watched.values():
            commands += self._due(watch, now)
        return commands

    def next_due(self) -> float | None:
        """When tick() has something to do again."""
        return min(
            (at for watch in self._watched.values() for at in self._stages(watch)), default=None
        )

    def _starts(self, watch: _Watch, ring: int) -> float:
        return watch.ring_at + ring_starts(ring, self._rings.ring_cadence_s)

    def _stages(self, watch: _Watch) -> Iterable[float]:
        if not watch.at_risk:
            yield self._starts(watch, self._rings.at_risk_ring)
        if not watch.backup:
            yield self._starts(watch, self._rings.backup_ring)
        if not watch.rescued:
            yield watch.ring_at + self._rings.deadline_s + GRACE_S

    def _due(self, watch: _Watch, now: float) -> Iterable[Command]:
        if not watch.at_risk and now >= self._starts(watch, self._rings.at_risk_ring):
            watch.at_risk = True
            yield MarkAtRisk(watch.call)
        if not watch.backup and now >= self._starts(watch, self._rings.backup_ring):
            watch.backup = True
            yield from self._add(watch, now)
        if not watch.rescued and now >= watch.ring_at + self._rings.deadline_s + GRACE_S:
            watch.rescued = True
            yield Rescue(watch.call)

    def _add(self, watch: _Watch, now: float) -> Iterable[Command]:
        open_legs = [
            leg for leg in watch.call.legs if leg.outcome is None and leg.ext not in watch.added
        ]
        ringing = [leg for leg in open_legs if leg.rang]
        left = watch.ring_at + self._rings.deadline_s - now
        if not ringing or left <= 0:
            return
        busy = {leg.ext for leg in open_legs}
        extra = tuple(
            ext for ext in dict.fromkeys(self._backups(watch.call, now)) if ext not in busy
        )
        if extra:
            watch.target, watch.added = ringing[-1].uniqueid, extra
            yield AddPhones(watch.call, ringing[-1].channel, extra, left)


def _told_before_ringing(call: Call) -> bool:
    """The system spoke first (an announcement), and only then let phones ring."""
    return (
        call.system_answer_at is not None
        and call.ring_at is not None
        and call.system_answer_at < call.ring_at
    )
