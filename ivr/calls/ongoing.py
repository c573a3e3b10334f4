"""A call in progress: the call itself, and what only the tracker needs to know of it."""

from __future__ import annotations

from ivr.calls import outcomes
from ivr.calls.channels import Line
from ivr.calls.model import (
    Call,
    Disposition,
    Hold,
    Leg,
    LegOutcome,
    Side,
    Transfer,
    TransferKind,
    TransferOutcome,
)


class Ongoing:
    """`caller` is the channel on the caller's side now: after the caller has
    transferred the call it is the one who was transferred."""

    __slots__ = (
        "answers",
        "call",
        "caller",
        "consultation",
        "consulter",
        "dropped",
        "gave_up",
        "hangup_by",
        "held",
        "held_since",
        "ids",
        "left_first",
        "lines",
        "number_known",
        "originated",
        "pending",
        "people_left_at",
        "root",
        "serial",
        "settled",
        "transfer",
        "waited",
    )

    def __init__(self, call: Call, serial: int) -> None:
        self.call = call
        self.serial = serial  # order of beginning
        self.ids = {call.call_id}  # every linkedid that leads here
        self.lines: dict[str, Line] = {}
        self.root: Line | None = None  # the first channel
        self.caller: Line | None = None
        self.originated = False  # Asterisk itself called the first phone
        self.number_known = False
        self.pending: list[Line] = []  # picked up, and not yet heard by the caller
        self.answers = 0
        self.transfer: Transfer | None = None  # the one not settled yet
        self.settled: list[Leg] = []  # legs that were over when it began
        self.hangup_by: Side | None = None
        self.left_first: Side | None = None
        self.waited = False  # the system answered
        self.consultation: Transfer | None = None  # by feature code, not completed
        self.consulter: Line | None = None
        self.dropped: list[Leg] = []  # cancelled, nobody has told why
        self.gave_up = False
        self.people_left_at: float | None = None
        self.held: set[str] = set()
        self.held_since: float | None = None

    def side(self, line: Line) -> Side:
        return Side.CALLER if line is self.caller else Side.CALLEE

    def leg(self, line: Line, at: float | None) -> Leg:
        """The leg of a called phone; dialled again after it ended, it lives again."""
        leg = line.leg
        if leg is None:
            leg = line.leg = Leg(line.name, line.uniqueid, line.ext, dial_at=at)
            line.answers_before = self.answers
            self.call.legs.append(leg)
        elif not line.heard:
            leg.end_at = None
            line.status = ""
        return leg

    def end_leg(self, line: Line, at: float | None, cause: int | None) -> Leg | None:
        """Settle how the leg of `line` ended, now that its channel is gone."""
        leg = line.leg
        if leg is None or leg.outcome is not None:
            return None
        if line in self.pending:
            self.pending.remove(line)
        leg.cause = cause
        if line.heard:
            leg.outcome = LegOutcome.ANSWERED
            leg.end_at = at
            return leg
        if leg.end_at is None:
            leg.end_at = at
        if line.forward:
            leg.outcome = LegOutcome.ELSEWHERE
            return leg
        verdict = line.verdict
        leg.outcome = outcomes.leg_outcome(
            verdict,
            cause,
            rang=leg.rang,
            elsewhere=self.answers > line.answers_before
            or (verdict in ("", "CANCEL") and bool(self.pending)),
            gave_up=self.gave_up,
        )
        if verdict == "CANCEL" and leg.outcome is LegOutcome.NO_ANSWER:
            self.dropped.append(leg)
        return leg

    def hold(self, line: Line, at: float | None) -> bool:
        """Whether the call was not held before."""
        first = not self.held
        self.held.add(line.uniqueid)
        if first:
            self.held_since = at
        return first

    def unhold(self, line: Line, at: float | None) -> bool:
        """Whether nobody holds the call any more."""
        if line.uniqueid not in self.held:
            return False
        self.held.remove(line.uniqueid)
        if self.held:
            return False
        self.call.holds.append(Hold(self.held_since, at))
        if at is not None and self.held_since is not None:
            self.call.hold_s += max(0.0, at - self.held_since)
        return True

    def begin_transfer(self, kind: TransferKind, by: str, to: str, at: float | None) -> Transfer:
        transfer = Transfer(kind, by, to, at)
        self.call.transfers.append(transfer)
        self.transfer = transfer
        heard = [line.leg for line in self.lines.values() if line.heard]
        self.settled = [leg for leg in self.call.legs if leg.outcome is not None or leg in heard]
        return transfer

    def tried(self) -> list[Leg]:
        """The legs of the transfer that is not settled yet."""
        return [leg for leg in self.call.legs if all(leg is not old for old in self.settled)]

    def consulted(self) -> bool:
        """Whether a phone of the open transfer has spoken with anybody."""
        tried = [leg.uniqueid for leg in self.tried()]
        return any(line.heard and line.uniqueid in tried for line in self.lines.values())

    def end_transfer(self, outcome: TransferOutcome, at: float | None) -> Transfer | None:
        transfer = self.transfer
        if transfer is not None:
            transfer.outcome = outcome
            transfer.end_at = at
            self.transfer = None
            self.settled = []
        return transfer

    def disposition(self) -> Disposition:
        if self.call.answered_by is not None:
            return Disposition.ANSWERED
        return outcomes.unanswered(
            self.call.legs,
            self.call.cause,
            gave_up=self.gave_up,
            waited=self.waited,
        )
