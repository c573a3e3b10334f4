"""After a gap: the calls as they must be, given what lives now."""

from __future__ import annotations

from ivr.calls import facts
from ivr.calls.channels import Line
from ivr.calls.switchboard import Switchboard
from ivr.pbx import events as ev

CALLED = ("AppDial", "AppDial2", "AppQueue")
"""What Asterisk shows as the application of a channel that was called."""


def close_older(board: Switchboard, booted: float) -> None:
    """Asterisk began to run at `booted`: a call from before is over.

    One whose beginning nobody saw is left to the snapshot.
    """
    for ongoing in list(board):
        if ongoing.call.start_at is not None and ongoing.call.start_at < booted:
            ongoing.call.repaired = True
            for line in list(ongoing.lines.values()):
                board.end(line, booted, None)


def repair(board: Switchboard, snapshot: ev.Snapshot) -> None:
    at = board.now if snapshot.at is None else snapshot.at
    living = {live.channel.uniqueid for live in snapshot.channels}
    for line in list(board.exchange.lines.values()):
        if line.uniqueid not in living:
            line.ongoing.call.repaired = True
            board.end(line, at, None)
    # Whoever began a call comes first, so that the others find it.
    for live in sorted(
        snapshot.channels,
        key=lambda live: (live.channel.uniqueid != live.channel.linkedid, -live.duration_s),
    ):
        known = board.exchange.lines.get(live.channel.uniqueid) or _unseen(board, live, at)
        if known is not None:
            _catch_up(board, known, live, at)


def _unseen(board: Switchboard, live: ev.LiveChannel, at: float | None) -> Line | None:
    began = None if at is None else at - live.duration_s
    line = board.begin(live.channel, began, seen=False)
    if line is None:
        return None
    line.ongoing.call.repaired = True
    return line


def _catch_up(board: Switchboard, line: Line, live: ev.LiveChannel, at: float | None) -> None:
    """What happened to the channel while nobody watched."""
    ongoing, state = line.ongoing, live.channel.state
    if line.phone and line is not ongoing.caller and live.application.startswith(CALLED):
        leg = ongoing.leg(line, None)
        if state == ev.STATE_RINGING and not leg.rang:
            leg.rang = True
            board.facts.append(facts.LegRinging(None, ongoing.call, leg))
    if state == ev.STATE_UP and not line.up:
        line.up = True
        ongoing.call.repaired = True
        if line.leg is not None:
            board.pick_up(line, at)
    elif state == ev.STATE_UP and line.leg is not None and not line.picked_up:
        board.pick_up(line, at)
    now_in = None if line.bridge is None else line.bridge.uniqueid
    if live.bridge and live.bridge != now_in:
        ongoing.call.repaired = True
        bridge = board.exchange.enter(line, live.bridge)
        if len(bridge.lines) > 1:
            board.join(bridge, line, at)
    elif now_in is not None and not live.bridge:
        board.exchange.leave(line)
