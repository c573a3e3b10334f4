"""Calls as tables: a line an event, read top to bottom.

    0.0   new      A  city → 8000        a channel begins (number → what it dialled)
    0.1   dial     A  101                A calls phone 101
    0.2   rings    101
    3.0   lifts    101                   its phone answers
    3.0   talk     A  101                they are in one bridge
    9.0   wants    A                     its far end hangs up
    9.0   gone     A 101                 the channels end

Further verbs: `up`, `busy`, `silent`, `refuses`, `cancelled` (another
answered), `dropped` (the caller gave up), `leave`, `blind`, `attended`, `pickup`,
`hold`, `unhold`, `call` (Asterisk itself calls), `forwards`, `kicked` (a soft
hangup). A time of "-" is none.
"""

from collections.abc import Iterable, Iterator

from ivr.calls import facts
from ivr.calls.model import Call
from ivr.calls.tracker import Tracker
from ivr.pbx import events as ev

ENDS = {
    "busy": ("BUSY", 17),
    "refuses": ("NOANSWER", 21),
    "silent": ("NOANSWER", 0),
    "cancelled": ("CANCEL", 26),
    "dropped": ("CANCEL", 127),
}


class Table:
    """Reads a table; keeps what the channels are called."""

    def __init__(self) -> None:
        self.channels: dict[str, ev.Channel] = {}
        self.causes: dict[str, int] = {}
        self.bridges = 0

    def events(self, text: str) -> Iterator[ev.Event]:
        for row in text.strip().splitlines():
            row = row.partition("#")[0]
            if row.strip():
                time, verb, *words = row.split()
                at = None if time == "-" else float(time)
                yield from getattr(self, f"_{verb}")(at, *words)

    def channel(self, name: str, linked: str = "", number: str = "", exten: str = "") -> ev.Channel:
        if name not in self.channels:
            serial = len(self.channels)
            uniqueid = f"1700000000.{serial}"
            device = name.rstrip("'")
            full = name if "/" in name else f"PJSIP/{device}-{serial:08x}"
            self.channels[name] = ev.Channel(
                full, uniqueid, linked or uniqueid, 0, number or device, "", "", "from", exten
            )
        return self.channels[name]

    def _state(self, at: float | None, name: str, state: int) -> ev.Event:
        self.channels[name] = self.channels[name]._replace(state=state)
        return ev.Newstate(at, self.channels[name])

    def _new(self, at, name, number, _arrow, exten):  # type: ignore[no-untyped-def]
        yield ev.Newchannel(at, self.channel(name, "", number, exten))
        yield self._state(at, name, 4)

    def _dial(self, at, caller, *phones):  # type: ignore[no-untyped-def]
        for phone in phones:
            dialler = self.channels[caller]
            if phone not in self.channels:
                yield ev.Newchannel(at, self.channel(phone, dialler.linkedid))
            yield ev.DialBegin(at, dialler, self.channels[phone], phone)

    def _call(self, at, *phones):  # type: ignore[no-untyped-def]
        for phone in phones:
            yield ev.Newchannel(at, self.channel(phone))
            yield ev.DialBegin(at, None, self.channels[phone], phone)

    def _rings(self, at, *phones):  # type: ignore[no-untyped-def]
        for phone in phones:
            yield self._state(at, phone, 5)
            yield ev.DialState(at, "", self.channels[phone], "RINGING")

    def _up(self, at, *names):  # type: ignore[no-untyped-def]
        for name in names:
            yield self._state(at, name, 6)

    def _lifts(self, at, *phones):  # type: ignore[no-untyped-def]
        for phone in phones:
            yield self._state(at, phone, 6)
            yield ev.DialEnd(at, "", self.channels[phone], "ANSWER", "")

    def _ends(self, at, verb, phones):  # type: ignore[no-untyped-def]
        for phone in phones:
            status, self.causes[phone] = ENDS[verb]
            yield ev.DialEnd(at, "", self.channels[phone], status, "")
            yield from self._gone(at, phone)

    def _busy(self, at, *phones):  # type: ignore[no-untyped-def]
        yield from self._ends(at, "busy", phones)

    def _refuses(self, at, *phones):  # type: ignore[no-untyped-def]
        yield from self._ends(at, "refuses", phones)

    def _silent(self, at, *phones):  # type: ignore[no-untyped-def]
        yield from self._ends(at, "silent", phones)

    def _cancelled(self, at, *phones):  # type: ignore[no-untyped-def]
        yield from self._ends(at, "cancelled", phones)

    def _dropped(self, at, *phones):  # type: ignore[no-untyped-def]
        yield from self._ends(at, "dropped", phones)

    def _forwards(self, at, phone, to):  # type: ignore[no-untyped-def]
        yield ev.DialEnd(at, "", self.channels[phone], "CANCEL", to)
        yield from self._gone(at, phone)

    def _talk(self, at, *names):  # type: ignore[no-untyped-def]
        self.bridges += 1
        for count, name in enumerate(names, 1):
            yield ev.BridgeEnter(at, f"bridge-{self.bridges}", count, self.channels[name], "")

    def _leave(self, at, *names):  # type: ignore[no-untyped-def]
        for name in names:
            yield ev.BridgeLeave(at, "", 0, self.channels[name])

    def _wants(self, at, name):  # type: ignore[no-untyped-def]
        yield ev.HangupRequest(at, self.channels[name], 16, False)

    def _kicked(self, at, name):  # type: ignore[no-untyped-def]
        yield ev.HangupRequest(at, self.channels[name], 16, True)

    def _gone(self, at, *names):  # type: ignore[no-untyped-def]
        for name in names:
            yield ev.Hangup(at, self.channels[name], self.causes.get(name, 16), "")

    def _blind(self, at, by, other, to):  # type: ignore[no-untyped-def]
        chans = self.channels
        yield ev.BlindTransfer(at, "Success", chans[by], chans[other], "", "from", to)

    def _attended(self, at, by, second, kind="Bridge"):  # type: ignore[no-untyped-def]
        first, last = self.channels[by], self.channels[second]
        yield ev.AttendedTransfer(
            at, "Success", first, last, "", "", kind, "", "", None, None, None
        )  # fmt: skip

    def _pickup(self, at, by, target):  # type: ignore[no-untyped-def]
        yield ev.Pickup(at, self.channels[by], self.channels[target])

    def _hold(self, at, name):  # type: ignore[no-untyped-def]
        yield ev.Hold(at, self.channels[name].uniqueid)

    def _unhold(self, at, name):  # type: ignore[no-untyped-def]
        yield ev.Unhold(at, self.channels[name].uniqueid)


def told(tracker: Tracker, events: Iterable[ev.Event]) -> list[facts.Fact]:
    return [fact for event in events for fact in tracker.feed(event)]


def calls(text: str) -> list[Call]:
    """Every call of the table in order of its end; all must have ended."""
    tracker = Tracker(is_outside=lambda name: name.startswith("PJSIP/city"))
    ended = [
        fact.call
        for fact in told(tracker, Table().events(text))
        if isinstance(fact, facts.CallEnded)
    ]
    assert not tracker.calls
    return ended


def one_call(text: str) -> Call:
    (call,) = calls(text)
    return call


def row(call: Call) -> str:
    """The call in short: "answered by 101, ring 3 s, talk 6 s, caller hung up"."""
    parts = [str(call.disposition)]
    if call.answered_ext:
        parts[0] += f" by {call.answered_ext}"
    parts += [f"{leg.ext} {leg.outcome}" for leg in call.legs]
    parts += [f"{turn.kind} {turn.by}>{turn.to} {turn.outcome}" for turn in call.transfers]
    parts.append(f"hung up by {call.hangup_by}" if call.hangup_by else "hung up by nobody known")
    return ", ".join(parts)
