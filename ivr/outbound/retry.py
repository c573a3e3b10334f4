"""Whether, when and on which number a household is called next. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ivr.outbound.model import DEAD, TOLD, Outcome
from ivr.settings import Dialer

UNKNOWN_TRIES = 2
"""A call nobody can tell the end of is made up for once."""


class Tried(NamedTuple):
    """A call of this campaign to one of the household's numbers."""

    number: str
    outcome: Outcome
    ended_at: float
    own: bool = True  # False: it was made for another household that has the number too


class Dial(NamedTuple):
    position: int  # of the number among the household's
    at: float  # not before


class End(NamedTuple):
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Rules:
    attempts: int  # calls to one household; congested ones never reached it
    delays: Mapping[Outcome, float]  # the same number again after …; otherwise `other_s`
    other_s: float
    leave_message: bool
    allows: Callable[[str], bool]

    @classmethod
    def of(cls, dialer: Dialer, allows: Callable[[str], bool]) -> "Rules":
        return cls(
            attempts=dialer.attempts,
            delays={
                Outcome.BUSY: dialer.busy_retry_s,
                Outcome.NO_ANSWER: dialer.no_answer_retry_s,
                Outcome.VOICEMAIL: dialer.no_answer_retry_s,
                Outcome.CONGESTION: dialer.congestion_retry_s,
            },
            other_s=dialer.other_retry_s,
            leave_message=dialer.leave_message,
            allows=allows,
        )

    def delay_s(self, outcome: Outcome) -> float:
        return self.delays.get(outcome, self.other_s)


def plan(
    numbers: Sequence[str],
    history: Sequence[Tried],
    rules: Rules,
    resting: Mapping[str, float] | None = None,
) -> Dial | End:
    """The next call, or how it ended. `history` is oldest first; `resting` numbers
    are left alone until the time given.

    Every number is tried before any is tried again; then the one whose turn
    comes first by its own outcome (busy: soon; no answer: later). Congestion was
    no try of anything: the same number, a little later. After an end nobody
    knows, all numbers rest.
    """
    own = [tried for tried in history if tried.own]
    for tried in own:
        if tried.outcome in TOLD or (tried.outcome is Outcome.VOICEMAIL and rules.leave_message):
            return End(tried.outcome)
    reached = [tried for tried in own if tried.outcome is not Outcome.CONGESTION]
    if len(reached) >= rules.attempts:
        return End(reached[-1].outcome)
    if sum(tried.outcome is Outcome.UNKNOWN for tried in own) >= UNKNOWN_TRIES:
        return End(Outcome.UNKNOWN)
    ready, dead = _ready(numbers, history, rules)
    if not ready:
        return End(dead)
    for index in ready:
        ready[index] = max(ready[index], (resting or {}).get(numbers[index], 0.0))
    index = min(ready, key=lambda each: (ready[each], each))
    earliest = 0.0
    if own and own[-1].outcome in (Outcome.CONGESTION, Outcome.UNKNOWN):
        earliest = own[-1].ended_at + rules.delay_s(own[-1].outcome)
    return Dial(index, max(ready[index], earliest))


def _ready(
    numbers: Sequence[str], history: Sequence[Tried], rules: Rules
) -> tuple[dict[int, float], Outcome]:
    """Index → when that number may be rung; and what the others died of."""
    ready: dict[int, float] = {}
    dead = Outcome.UNREACHABLE  # of a household without a number
    for index, number in enumerate(numbers):
        if number in numbers[:index]:
            continue
        if not rules.allows(number):
            dead = Outcome.FORBIDDEN
            continue
        tries = [tried for tried in history if tried.number == number]
        buried = next((tried.outcome for tried in tries if tried.outcome in DEAD), None)
        if buried is not None:
            dead = buried
            continue
        real = [tried for tried in tries if tried.outcome is not Outcome.CONGESTION]
        ready[index] = real[-1].ended_at + rules.delay_s(real[-1].outcome) if real else 0.0
    return ready, dead
