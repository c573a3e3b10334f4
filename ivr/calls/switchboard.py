"""The calls in progress, and the few things that can happen to one.

The tracker reads events; what they mean for a call is done here, and told as
facts. A channel belongs to exactly one call. A call lives as long as one of its
channels does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ivr.calls import facts, outcomes
from ivr.calls.channels import Bridge, Exchange, Line
from ivr.calls.model import (
    Call,
    Direction,
    LegOutcome,
    Side,
    TransferKind,
    TransferOutcome,
)
from ivr.calls.ongoing import Ongoing
from ivr.pbx.events import OWN_CHANNEL, Channel, picked_up_by

REMEMBERED = 1024
"""Channels that ended lately. A late or repeated event must not bring one back."""


class Switchboard:
    def __init__(self, is_outside: Callable[[str], bool], ext_of: Callable[[str], str]) -> None:
        self.exchange = Exchange()
        self.facts: list[facts.Fact] = []
        self.now: float | None = None  # Asterisk's, as of the last event that told it
        self.tells_hangups = False  # some old traces were recorded without HangupRequest
        self._is_outside = is_outside
        self._ext_of = ext_of
        self._by_id: dict[str, Ongoing] = {}
        self._ended: dict[str, None] = {}
        self._serial = 0

    def __iter__(self) -> Iterator[Ongoing]:
        """Every call once, in order of beginning."""
        return (
            ongoing for call_id, ongoing in self._by_id.items() if call_id == ongoing.call.call_id
        )

    # --- channels ------------------------------------------------------------

    def line(self, channel: Channel) -> Line | None:
        """The channel of an event; one never seen before began while nobody watched.

        None: it has ended, or there is no person in it (a recorder, an announcer).
        """
        line = self.exchange.lines.get(channel.uniqueid)
        if line is None:
            return self.begin(channel, None, seen=False)
        if line.name != channel.name:
            self.rename(line, channel.name)
        return line

    def rename(self, line: Line, name: str) -> None:
        self.exchange.rename(line, name)
        line.ext = self._ext_of(name)
        if line.leg is not None and line.phone:
            line.leg.channel = name
            line.leg.ext = line.ext

    def begin(self, channel: Channel, at: float | None, *, seen: bool) -> Line | None:
        uniqueid = channel.uniqueid
        if not uniqueid or uniqueid in self._ended or uniqueid.startswith(OWN_CHANNEL):
            return None
        ext = self._ext_of(channel.name)
        line = Line(uniqueid, channel.name, ext, channel.caller_num, channel.exten)
        picks_up = picked_up_by(channel.linkedid)
        ongoing = self._by_id.get(picks_up or channel.linkedid)
        if picks_up:
            if ongoing is None:
                return None  # too late, that call is over
            ongoing.ids.add(channel.linkedid)
            self._by_id[channel.linkedid] = ongoing
        if ongoing is None:
            if not line.phone and not line.tube:
                return None
            ongoing = self._start(channel, line, at, seen=seen)
        line.ongoing = ongoing
        ongoing.lines[uniqueid] = line
        self.exchange.add(line)
        if ongoing.root is line:
            self.facts.append(facts.CallStarted(at, ongoing.call))
        elif ongoing.caller is ongoing.root and self._is_far_half(line, ongoing.root):
            ongoing.caller = line  # the half that runs the dialplan is who calls
        return line

    def _start(self, channel: Channel, line: Line, at: float | None, *, seen: bool) -> Ongoing:
        call_id = channel.linkedid
        if not call_id or call_id in self._ended:
            call_id = channel.uniqueid
        call = Call(
            call_id=call_id,
            caller=channel.caller_num,
            caller_name=channel.caller_name,
            called=channel.exten if channel.exten != "s" else "",
            caller_channel=channel.name,
            caller_uniqueid=channel.uniqueid,
            start_at=at,
            repaired=not seen,
        )
        if self._is_outside(channel.name):
            call.direction = Direction.INBOUND
        self._serial += 1
        ongoing = Ongoing(call, self._serial)
        ongoing.root = ongoing.caller = line
        self._by_id[call_id] = ongoing
        if call_id != channel.uniqueid:
            ongoing.ids.add(channel.uniqueid)
            self._by_id[channel.uniqueid] = ongoing
        return ongoing

    def _is_far_half(self, line: Line, root: Line | None) -> bool:
        return (
            root is not None
            and root.tube
            and line.tube
            and line.name.endswith(";2")
            and self.exchange.other_half(line) is root
        )

    def end(self, line: Line, at: float | None, cause: int | None, cause_text: str = "") -> None:
        """The channel is gone, and with the last one its call."""
        ongoing = line.ongoing
        self.exchange.remove(line)
        self._remember(line.uniqueid)
        ongoing.lines.pop(line.uniqueid, None)
        leg = ongoing.end_leg(line, at, cause)
        if leg is not None:
            self.facts.append(facts.LegEnded(at, ongoing.call, leg))
            if ongoing.consultation is not None:
                self.settle(ongoing, at)
        if line.uniqueid in ongoing.held and ongoing.unhold(line, at):
            self.facts.append(facts.CallHeld(at, ongoing.call, False))
        if line.phone:
            ongoing.people_left_at = at
        if line is ongoing.caller or ongoing.call.cause is None:
            ongoing.call.cause = cause
            ongoing.call.cause_text = cause_text
        if line is ongoing.caller and not self.tells_hangups:
            ongoing.gave_up = ongoing.gave_up or cause in outcomes.GONE_CAUSES
        if not ongoing.lines:
            self.close(ongoing, at)

    def _remember(self, uniqueid: str) -> None:
        ended = self._ended
        ended[uniqueid] = None
        if len(ended) > REMEMBERED:
            del ended[next(iter(ended))]

    # --- calls ---------------------------------------------------------------

    def get(self, call_id: str) -> Ongoing | None:
        return self._by_id.get(call_id)

    def changed(self, ongoing: Ongoing, at: float | None) -> None:
        self.facts.append(facts.CallChanged(at, ongoing.call))

    def direct(self, ongoing: Ongoing) -> None:
        """Tell the direction anew, now that a phone was called."""
        call = ongoing.call
        if call.direction is not Direction.INTERNAL:
            return
        if any(self._is_outside(leg.channel) for leg in call.legs):
            call.direction = Direction.OUTBOUND

    def merge(self, one: Ongoing, other: Ongoing, at: float | None) -> Ongoing:
        """Two calls turn out to be one: the older one."""
        into, gone = (one, other) if one.serial < other.serial else (other, one)
        for line in gone.lines.values():
            line.ongoing = into
            lifted = line.leg is not None and line.picked_up and not line.left
            if lifted and line not in into.pending:
                into.pending.append(line)
            line.answers_before = into.answers
        into.lines.update(gone.lines)
        into.ids |= gone.ids
        for call_id in gone.ids:
            self._by_id[call_id] = into
        into.held |= gone.held
        if into.held_since is None:
            into.held_since = gone.held_since
        call, lost = into.call, gone.call
        call.legs += lost.legs
        call.transfers += lost.transfers
        call.hold_s += lost.hold_s
        call.holds += lost.holds
        call.recording = call.recording or lost.recording
        call.repaired = call.repaired or lost.repaired
        call.attempt_id = call.attempt_id or lost.attempt_id
        if into.transfer is None:
            into.transfer, into.settled = gone.transfer, gone.settled
        if call.ring_at is None and call.answered_by is None:
            call.ring_at = lost.ring_at
        self.direct(into)
        self.facts.append(facts.CallMerged(at, call, lost.call_id))
        return into

    def close(self, ongoing: Ongoing, at: float | None) -> None:
        call = ongoing.call
        for call_id in ongoing.ids:
            self._by_id.pop(call_id, None)
            self._remember(call_id)
        if not self.tells_hangups and (ongoing.gave_up or ongoing.transfer is not None):
            for leg in ongoing.dropped:
                leg.outcome = LegOutcome.CANCELLED
        call.end_at = at if ongoing.people_left_at is None else ongoing.people_left_at
        if ongoing.transfer is not None:
            outcome = outcomes.transfer_unanswered(
                ongoing.tried(), gave_up=ongoing.hangup_by is Side.CALLER
            )
            self.end_transfer(ongoing, outcome, at)
        call.disposition = ongoing.disposition()
        call.hangup_by = self._hangup_by(ongoing)
        self.facts.append(facts.CallEnded(at, call))

    def _hangup_by(self, ongoing: Ongoing) -> Side | None:
        if ongoing.hangup_by is not None:
            return ongoing.hangup_by
        if ongoing.call.answered_by is None and ongoing.gave_up:
            return Side.CALLER
        if ongoing.call.repaired:
            return None
        if self.tells_hangups:
            return Side.SYSTEM
        return None if ongoing.call.answered_by is None else ongoing.left_first

    # --- answers -------------------------------------------------------------

    def hears_caller(self, line: Line) -> bool:
        caller = line.ongoing.caller
        if caller is None or line.bridge is None:
            return caller is None and line.heard
        return caller in self.exchange.hearing(line.bridge)

    def pick_up(self, line: Line, at: float | None) -> None:
        """A called phone was lifted; whether anybody hears it is seen in the bridges."""
        if line.picked_up:
            return
        line.picked_up = True
        ongoing = line.ongoing
        ongoing.pending.append(line)
        if ongoing.originated and line is ongoing.root:
            self._answer(ongoing, line, at)
        elif line.bridge is not None:
            self.join(line.bridge, line, at)

    def begin_transfer(
        self, ongoing: Ongoing, kind: TransferKind, by: str, to: str, at: float | None
    ) -> None:
        if ongoing.transfer is not None:
            outcome = outcomes.transfer_unanswered(ongoing.tried(), gave_up=False)
            self.end_transfer(ongoing, outcome, at)
        transfer = ongoing.begin_transfer(kind, by, to, at)
        self.facts.append(facts.TransferStarted(at, ongoing.call, transfer))

    def join(self, bridge: Bridge, line: Line, at: float | None) -> None:
        """`line` is in `bridge` with others: a phone lifted may have found its caller."""
        ongoing = line.ongoing
        for other in bridge.lines.values():
            if other.ongoing is not ongoing:
                ongoing = self._meet(bridge, ongoing, at)
                break
        if ongoing.call.answered_by is not None:
            self.consult(bridge, ongoing, at)
        if not ongoing.pending:
            return
        hearing = self.exchange.hearing(bridge)
        if ongoing.caller in hearing:
            for lifted in [line for line in ongoing.pending if line in hearing]:
                self._answer(ongoing, lifted, at)
        elif sum(line.phone for line in hearing) > 1:  # a consultation
            for lifted in ongoing.pending:
                if lifted in hearing:
                    self._speak(lifted, at)

    def consult(self, bridge: Bridge, ongoing: Ongoing, at: float | None) -> None:
        """Attended transfer by feature code: somebody who was talking is alone with
        a Local channel that nobody dialled; later perhaps with the caller again."""
        lines = list(bridge.lines.values())
        if ongoing.consultation is not None:
            hearing = self.exchange.hearing(bridge)
            tried = [leg.uniqueid for leg in ongoing.tried()]
            if ongoing.consulter in hearing and not any(
                line.tube or line.uniqueid in tried for line in hearing
            ):
                self.take_back(ongoing, at)
            return
        if len(lines) != 2:
            return
        for person, tube in (lines, lines[::-1]):
            if (
                tube.tube
                and not tube.called
                and tube is not ongoing.root
                and tube.name.endswith(";1")
                and person.phone
                and (person.heard or person is ongoing.caller)
            ):
                self.begin_transfer(ongoing, TransferKind.ATTENDED, person.ext, tube.ext, at)
                ongoing.consultation, ongoing.consulter = ongoing.transfer, person

    def take_back(self, ongoing: Ongoing, at: float | None) -> None:
        """The consultation has ended without a transfer."""
        ongoing.consulter = None
        self.settle(ongoing, at)

    def settle(self, ongoing: Ongoing, at: float | None) -> None:
        """A consultation taken back is settled once its phones are free again."""
        if ongoing.consultation is None or ongoing.consulter is not None:
            return
        tried = ongoing.tried()
        if any(leg.outcome is None for leg in tried):
            return
        ongoing.consultation = None
        answered = any(leg.outcome is LegOutcome.ANSWERED for leg in tried)
        outcome = (
            TransferOutcome.RETURNED
            if answered
            else outcomes.transfer_unanswered(tried, gave_up=False)
        )
        self.end_transfer(ongoing, outcome, at)

    def _meet(self, bridge: Bridge, ongoing: Ongoing, at: float | None) -> Ongoing:
        """Two people of different calls hear each other: it is one call.

        A conference is not: everybody in it keeps a call of their own.
        """
        hearing = self.exchange.hearing(bridge)
        if sum(line.phone for line in hearing) > 2:
            return ongoing
        for line in hearing:
            if line.ongoing is ongoing:
                continue
            other = line.ongoing
            joined = self.merge(ongoing, other, at)
            younger = other if joined is ongoing else ongoing
            lifted = younger.caller
            if lifted is not None and lifted in hearing and lifted.phone:
                # They called to take this call (from a parking place, for one).
                joined.leg(lifted, at)
                if not lifted.picked_up:
                    lifted.picked_up = True
                    joined.pending.append(lifted)
            ongoing = joined
        return ongoing

    def _speak(self, line: Line, at: float | None) -> None:
        line.heard = True
        if line.leg is not None and line.leg.answer_at is None:
            line.leg.answer_at = at

    def _answer(self, ongoing: Ongoing, line: Line, at: float | None) -> None:
        leg, call = line.leg, ongoing.call
        if line in ongoing.pending:
            ongoing.pending.remove(line)
        if leg is None:
            return
        self._speak(line, at)
        ongoing.answers += 1
        ongoing.hangup_by = None
        ongoing.gave_up = False
        if call.answered_by is None:
            call.answered_by, call.answered_ext, call.answer_at = leg.channel, leg.ext, at
        self.facts.append(facts.CallAnswered(at, call, leg))
        if ongoing.transfer is not None:
            outcome = outcomes.transfer_answered(ongoing.transfer, leg, ongoing.tried())
            self.end_transfer(ongoing, outcome, at)

    def end_transfer(self, ongoing: Ongoing, outcome: TransferOutcome, at: float | None) -> None:
        transfer = ongoing.end_transfer(outcome, at)
        if transfer is not None:
            self.facts.append(facts.TransferEnded(at, ongoing.call, transfer))
