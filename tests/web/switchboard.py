"""Calls without an Asterisk: the events that it would send, given to the service."""

import time
from collections.abc import Iterable

from ivr.pbx import events as ev
from ivr.service import Service

HOTLINE = "4008001234"
ZHOU = "13800138000"


class Switchboard:
    """Gives events to whoever watches the session of `service`, as the session would."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._calls = 0

    def happens(self, *events: ev.Event) -> None:
        for event in events:
            for subscriber in self._service.session._subscribers:
                subscriber(event)

    def phone(self, ext: str, state: str) -> None:
        self.happens(ev.DeviceState(time.time(), f"PJSIP/{ext}", state))

    def rings(self, *exts: str, number: str = ZHOU, since: float | None = None) -> "Ringing":
        """An outside caller rings the phones `exts`, since `since` (now)."""
        self._calls += 1
        return Ringing(self, f"{self._calls}", number, exts, since or time.time())


class Ringing:
    """One call, and what may become of it."""

    def __init__(
        self, board: Switchboard, name: str, number: str, exts: Iterable[str], at: float
    ) -> None:
        self._board = board
        self.id = f"{name}.0"
        self.caller = ev.Channel(
            f"PJSIP/city-{name}", self.id, self.id, 4, number, "", "", "in", HOTLINE
        )
        self.desks = {
            ext: ev.Channel(f"PJSIP/{ext}-{name}", f"{name}.{ext}", self.id, 5, ext, "", "", "", "")
            for ext in exts
        }
        board.happens(ev.Newchannel(at, self.caller))
        for ext, desk in self.desks.items():
            board.happens(
                ev.DialBegin(at, self.caller, desk, ext),
                ev.DialState(at, self.id, desk, "RINGING"),
            )

    def answers(self, ext: str, at: float | None = None) -> None:
        at = at or time.time()
        desk = self.desks[ext]
        self._board.happens(
            ev.DialEnd(at, self.id, desk, "ANSWER", ""),
            ev.BridgeEnter(at, self.id, 1, self.caller, ""),
            ev.BridgeEnter(at, self.id, 2, desk, ""),
        )
        for other, channel in self.desks.items():
            if other != ext:
                self._board.happens(ev.Hangup(at, channel, 26, ""))

    def held(self, held: bool) -> None:
        kind = ev.Hold if held else ev.Unhold
        self._board.happens(kind(time.time(), self.caller.uniqueid))

    def ends(self, at: float | None = None) -> None:
        at = at or time.time()
        self._board.happens(ev.HangupRequest(at, self.caller, 16, False))
        for desk in self.desks.values():
            self._board.happens(ev.Hangup(at, desk, 16, ""))
        self._board.happens(ev.Hangup(at, self.caller, 16, ""))
