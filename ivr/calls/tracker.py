"""Events of Asterisk in, facts about calls out. Pure: no I/O, no clock, no exception.

What a call is:

- Channels belong to one call by their Linkedid; calls become one when people of
  both are connected, when a call is picked up, or when an attended transfer
  joins them. The oldest gives the id.
- A phone has *answered* when it was lifted and the caller hears it, through
  however many Local channels; lifted and asked to press a key, it has not.
- The caller is who began the call. When the caller transfers it, `caller` stays,
  and who was transferred is on the caller's side from then on (`hangup_by`).
- A call begun by Originate (click-to-dial, call-me-now): the phone that
  Asterisk calls first is a leg, and who answers it is talking to the system;
  once that phone goes on to call another one it becomes the caller, and the
  call counts from there as if it had been dialled by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ivr.calls import channels, facts
from ivr.calls.channels import Line
from ivr.calls.model import Call, Direction, Side, TransferKind, TransferOutcome
from ivr.calls.ongoing import Ongoing
from ivr.calls.repair import close_older, repair
from ivr.calls.switchboard import Switchboard
from ivr.pbx import events as ev

MOVED_MARK = "IvrMoved"
"""The dialplan's UserEvent for a waiting caller who was sent on to the phone in `To`."""

_STATE_BUSY = 7  # Busy() and Congestion() put the caller's channel there


def _never(_name: str) -> bool:
    return False


class Tracker:
    """`is_outside` tells whether a channel's name is a trunk's, `ext_of` gives
    the extension of one."""

    def __init__(
        self,
        is_outside: Callable[[str], bool] = _never,
        ext_of: Callable[[str], str] = channels.ext_of,
    ) -> None:
        self._board = Switchboard(is_outside, ext_of)
        self._handlers: dict[type, Callable[[Any], None]] = {
            ev.Newchannel: self._newchannel,
            ev.Newstate: self._newstate,
            ev.Rename: self._rename,
            ev.NewCallerid: self._new_callerid,
            ev.DialBegin: self._dial_begin,
            ev.DialState: self._dial_state,
            ev.DialEnd: self._dial_end,
            ev.BridgeEnter: self._bridge_enter,
            ev.BridgeLeave: self._bridge_leave,
            ev.BridgeMerge: self._bridge_merge,
            ev.BridgeDestroy: self._bridge_destroy,
            ev.Hold: self._hold,
            ev.Unhold: self._unhold,
            ev.BlindTransfer: self._blind_transfer,
            ev.AttendedTransfer: self._attended_transfer,
            ev.Pickup: self._pickup,
            ev.HangupRequest: self._hangup_request,
            ev.Hangup: self._hangup,
            ev.UserEvent: self._user_event,
            ev.RecordingStart: self._recording_start,
            ev.FullyBooted: self._fully_booted,
            ev.Shutdown: self._shutdown,
            ev.Snapshot: self._snapshot,
        }

    @property
    def calls(self) -> list[Call]:
        """The open calls, in order of beginning."""
        return [ongoing.call for ongoing in self._board]

    def found_recorded(self, call_id: str) -> None:
        """A recording of `call_id` was found to run; nobody saw it begin."""
        ongoing = self._board.get(call_id)
        if ongoing is not None:
            ongoing.call.recording = True

    def feed(self, event: ev.Event) -> Sequence[facts.Fact]:
        """What follows from `event`, in the order it happened."""
        handler = self._handlers.get(type(event))
        if handler is None:
            return ()
        board = self._board
        if event.at is not None:
            board.now = event.at
        handler(event)
        told = board.facts
        if not told:
            return ()
        board.facts = []
        return told

    # --- channels ------------------------------------------------------------

    def _newchannel(self, event: ev.Newchannel) -> None:
        if event.channel.uniqueid not in self._board.exchange.lines:
            line = self._board.begin(event.channel, event.at, seen=True)
            if line is not None:
                line.up = event.channel.state == ev.STATE_UP

    def _newstate(self, event: ev.Newstate) -> None:
        line = self._board.line(event.channel)
        if line is None:
            return
        state = event.channel.state
        if state == ev.STATE_RINGING:
            if line.phone and line is not line.ongoing.caller:
                self._ring(line, event.at)
        elif state == _STATE_BUSY:
            line.asked = True  # Busy() or Congestion(): what follows is no wish of the caller
        elif state == ev.STATE_UP and not line.up:
            line.up = True
            if line.leg is not None:
                self._board.pick_up(line, event.at)
            elif line is line.ongoing.caller:
                self._caller_up(line.ongoing, event.at)

    def _caller_up(self, ongoing: Ongoing, at: float | None) -> None:
        call = ongoing.call
        if call.answered_by is None and not ongoing.waited and not ongoing.pending:
            ongoing.waited = True
            call.system_answer_at = at
            self._board.facts.append(facts.SystemAnswered(at, call))

    def _rename(self, event: ev.Rename) -> None:
        line = self._board.exchange.lines.get(event.uniqueid)
        if line is not None:
            self._board.rename(line, event.name)

    def _new_callerid(self, event: ev.NewCallerid) -> None:
        line = self._board.exchange.lines.get(event.uniqueid)
        if line is None:
            return
        line.shown = event.caller_num
        ongoing = line.ongoing
        call = ongoing.call
        if line is not ongoing.caller or ongoing.number_known:
            return
        if (call.caller, call.caller_name) != (event.caller_num, event.caller_name):
            call.caller, call.caller_name = event.caller_num, event.caller_name
            self._board.changed(ongoing, event.at)

    def _hangup_request(self, event: ev.HangupRequest) -> None:
        line = self._board.line(event.channel)
        if line is None:
            return
        self._board.tells_hangups = True
        ongoing = line.ongoing
        if event.soft or line.left or line.asked:
            return
        line.asked = True
        if line is ongoing.caller:
            ongoing.gave_up = True
        elif not self._board.hears_caller(line):
            return  # a phone that refuses, or that only spoke with a colleague
        if ongoing.hangup_by is None:
            ongoing.hangup_by = ongoing.side(line)

    def _hangup(self, event: ev.Hangup) -> None:
        line = self._board.exchange.lines.get(event.channel.uniqueid)
        if line is not None:
            self._board.end(line, event.at, event.cause, event.cause_text)

    # --- dialling ------------------------------------------------------------

    def _dial_begin(self, event: ev.DialBegin) -> None:
        line = self._board.line(event.dest)
        if line is None:
            return
        ongoing = line.ongoing
        if event.caller is None:
            if line is ongoing.root and not ongoing.originated:
                self._originated(ongoing, line, event)
        else:
            dialler = self._board.line(event.caller)
            if dialler is not None:
                line.through = self._board.exchange.other_half(dialler) if dialler.tube else None
                if dialler.ongoing is not ongoing:  # picked up, or moved by a transfer
                    ongoing = self._board.merge(dialler.ongoing, ongoing, event.at)
                self._dials(ongoing, dialler, line, event)
        line.status = ""
        line.called = True
        ongoing.left_first = None
        if line.phone and line is not ongoing.caller:
            ongoing.leg(line, event.at)
            self._board.direct(ongoing)
            if line.up:
                self._board.pick_up(line, event.at)

    def _originated(self, ongoing: Ongoing, line: Line, event: ev.DialBegin) -> None:
        """Asterisk itself calls: no person is the caller, yet."""
        ongoing.originated = True
        call = ongoing.call
        call.direction = Direction.INTERNAL
        call.called = channels.dialled(event.dial_string) or line.ext
        if line.phone:
            ongoing.caller = None
            call.caller_channel = call.caller_uniqueid = ""
        self._board.changed(ongoing, event.at)

    def _dials(self, ongoing: Ongoing, dialler: Line, line: Line, event: ev.DialBegin) -> None:
        call = ongoing.call
        if ongoing.originated and call.answered_by is not None and (line.phone or line.tube):
            self._click_to_dial(ongoing, dialler, line, event)
        if dialler is ongoing.caller and not ongoing.number_known:
            ongoing.number_known = True
            if not call.called and event.dest.caller_num:
                call.called = event.dest.caller_num
                self._board.changed(ongoing, event.at)

    def _click_to_dial(
        self, ongoing: Ongoing, dialler: Line, line: Line, event: ev.DialBegin
    ) -> None:
        root, call = ongoing.root, ongoing.call
        first = next((leg for leg in call.legs if leg.channel == call.answered_by), None)
        if dialler is not root or first is None or first.uniqueid not in ongoing.lines:
            return
        ongoing.originated = False
        caller = ongoing.lines[first.uniqueid]
        caller.leg = None
        ongoing.caller = caller
        ongoing.number_known = True
        ongoing.answers = 0
        call.legs.remove(first)
        call.caller = (caller.number if caller is root else caller.shown) or caller.ext
        call.caller_channel, call.caller_uniqueid = caller.name, caller.uniqueid
        exten = event.caller.exten if dialler is caller and event.caller is not None else ""
        if exten in ("", "s"):  # it went through a context of ours
            exten = channels.dialled(event.dial_string) or event.dest.caller_num
        call.called = exten
        call.ring_at = call.answer_at = call.answered_by = call.answered_ext = None
        self._board.changed(ongoing, event.at)

    def _dial_state(self, event: ev.DialState) -> None:
        self._board.tells_hangups = True
        if event.status == "RINGING":
            line = self._board.line(event.dest)
            if line is not None and line.phone and line is not line.ongoing.caller:
                self._ring(line, event.at)

    def _ring(self, line: Line, at: float | None) -> None:
        ongoing = line.ongoing
        leg = ongoing.leg(line, at) if line.leg is None else line.leg
        if leg.rang:
            return
        leg.rang = True
        leg.ring_at = at
        call = ongoing.call
        if call.ring_at is None and call.answered_by is None:
            call.ring_at = at
        self._board.facts.append(facts.LegRinging(at, call, leg))

    def _dial_end(self, event: ev.DialEnd) -> None:
        line = self._board.line(event.dest)
        if line is None or not line.phone:
            if line is not None:
                line.status = event.status
            return
        if event.status == "ANSWER":
            if line is not line.ongoing.caller:
                line.ongoing.leg(line, event.at)
                self._board.pick_up(line, event.at)
        elif line.leg is not None and not line.heard:
            line.status = event.status
            line.forward = event.forward
            if line.leg.end_at is None:
                line.leg.end_at = event.at

    def _pickup(self, event: ev.Pickup) -> None:
        line, target = self._board.line(event.channel), self._board.line(event.target)
        if line is None or target is None:
            return
        if line.ongoing is not target.ongoing:
            self._board.merge(target.ongoing, line.ongoing, event.at)
        ongoing = target.ongoing
        if line.phone and line is not ongoing.caller:
            ongoing.leg(line, event.at)
            self._board.pick_up(line, event.at)

    # --- bridges -------------------------------------------------------------

    def _bridge_enter(self, event: ev.BridgeEnter) -> None:
        line = self._board.line(event.channel)
        if line is None:
            return
        line.ongoing.left_first = None
        bridge = self._board.exchange.enter(line, event.bridge)
        if len(bridge.lines) > 1:
            self._board.join(bridge, line, event.at)

    def _bridge_leave(self, event: ev.BridgeLeave) -> None:
        line = self._board.exchange.lines.get(event.channel.uniqueid)
        if line is None:
            return
        self._board.exchange.leave(line)
        ongoing = line.ongoing
        if line.phone and not line.left and ongoing.left_first is None:
            ongoing.left_first = ongoing.side(line)

    def _bridge_merge(self, event: ev.BridgeMerge) -> None:
        bridge = self._board.exchange.merge(event.source, event.target)
        if bridge is not None and len(bridge.lines) > 1:
            self._board.join(bridge, next(iter(bridge.lines.values())), event.at)

    def _bridge_destroy(self, event: ev.BridgeDestroy) -> None:
        self._board.exchange.destroy(event.bridge)

    def _hold(self, event: ev.Hold) -> None:
        line = self._board.exchange.lines.get(event.uniqueid)
        if line is not None and line.ongoing.hold(line, event.at):
            self._board.facts.append(facts.CallHeld(event.at, line.ongoing.call, True))

    def _unhold(self, event: ev.Unhold) -> None:
        line = self._board.exchange.lines.get(event.uniqueid)
        if line is not None and line.ongoing.unhold(line, event.at):
            self._board.facts.append(facts.CallHeld(event.at, line.ongoing.call, False))

    # --- transfers -----------------------------------------------------------

    def _blind_transfer(self, event: ev.BlindTransfer) -> None:
        line = self._board.line(event.transferer)
        if line is None:
            return
        ongoing = line.ongoing
        self._board.begin_transfer(ongoing, TransferKind.BLIND, line.ext, event.extension, event.at)
        if event.result != "Success":
            self._board.end_transfer(ongoing, TransferOutcome.FAILED, event.at)
            return
        other = None if event.transferee is None else self._board.line(event.transferee)
        self._leaves(ongoing, line, other, event.at)

    def _attended_transfer(self, event: ev.AttendedTransfer) -> None:
        line, second = self._board.line(event.orig), self._board.line(event.second)
        if line is None or second is None:
            return
        to = self._target(line, second, event)
        ongoing = line.ongoing
        if second.ongoing is not ongoing:
            ongoing = self._board.merge(ongoing, second.ongoing, event.at)
        if ongoing.consultation is None or ongoing.consulter is not line:
            self._board.begin_transfer(ongoing, TransferKind.ATTENDED, line.ext, to, event.at)
        ongoing.consultation = ongoing.consulter = None
        if event.result != "Success":
            self._board.end_transfer(ongoing, TransferOutcome.FAILED, event.at)
            return
        other = None if event.transferee is None else self._board.line(event.transferee)
        self._leaves(ongoing, line, other, event.at)
        self._leaves(ongoing, second, other, event.at)
        consulted = second is not line or ongoing.consulted()
        if event.dest_type != "App" and consulted:
            self._board.end_transfer(ongoing, TransferOutcome.ANSWERED, event.at)

    def _target(self, line: Line, second: Line, event: ev.AttendedTransfer) -> str:
        """What the transferer dialled to consult; else who was consulted."""
        if second is not line and second.leg is None and second.exten:
            return second.exten
        target = None if event.target is None else self._board.line(event.target)
        return "" if target is None else target.ext

    def _leaves(self, ongoing: Ongoing, line: Line, other: Line | None, at: float | None) -> None:
        line.left = True
        if line.asked and ongoing.hangup_by is ongoing.side(line):
            ongoing.hangup_by = None  # they hung up to transfer
            ongoing.gave_up = False
        if line in ongoing.pending:
            ongoing.pending.remove(line)
        if ongoing.unhold(line, at):
            self._board.facts.append(facts.CallHeld(at, ongoing.call, False))
        if line is ongoing.caller:
            ongoing.caller = other or next(
                (line for line in ongoing.lines.values() if line.heard and not line.left), None
            )

    # --- the rest ------------------------------------------------------------

    def _user_event(self, event: ev.UserEvent) -> None:
        line = None
        if event.channel is not None:
            line = self._board.exchange.lines.get(event.channel.uniqueid)
        call = None if line is None else line.ongoing.call
        if line is not None and event.name == MOVED_MARK:
            to = {name.lower(): value for name, value in event.fields.items()}.get("to", "")
            self._board.begin_transfer(line.ongoing, TransferKind.BLIND, "", to, event.at)
        self._board.facts.append(facts.Marked(event.at, call, event.name, event.fields))

    def _recording_start(self, event: ev.RecordingStart) -> None:
        line = self._board.exchange.lines.get(event.uniqueid)
        if line is not None:
            line.ongoing.call.recording = True

    def _fully_booted(self, event: ev.FullyBooted) -> None:
        if event.at is not None:
            # Uptime is told in whole seconds.
            close_older(self._board, booted=event.at - event.uptime - 1)

    def _shutdown(self, event: ev.Shutdown) -> None:
        for ongoing in list(self._board):
            ongoing.hangup_by = ongoing.hangup_by or Side.SYSTEM
            for line in list(ongoing.lines.values()):
                self._board.end(line, event.at, None)

    def _snapshot(self, event: ev.Snapshot) -> None:
        repair(self._board, event)
