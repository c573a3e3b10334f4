"""Channels and bridges as the tracker remembers them, and who hears whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ivr.calls.model import Leg
    from ivr.calls.ongoing import Ongoing

# fmt: off
MACHINES = frozenset((
    "Announcer", "AsyncGoto", "AudioSocket", "Bridge", "CBAnn", "CBRec", "ConfBridgeRecorder",
    "Media", "Message", "MulticastRTP", "Parking", "Recorder", "Snoop", "Surrogate",
    "UnicastRTP", "WebSocket",
))
# fmt: on
"""Technologies with no person at the far end."""


def ext_of(name: str) -> str:
    """The extension in a channel's name: "PJSIP/101-0000002a" and
    "Local/101@desks-00000001;1" are both "101"."""
    device = name.partition("/")[2]
    return device.partition("@")[0] if "@" in device else (device.rpartition("-")[0] or device)


def dialled(dial_string: str) -> str:
    """The number in what Dial() was told: "101", "138@trunk", "trunk/138", "101@desks/n"."""
    number = dial_string.partition("@")[0] if "@" in dial_string else dial_string
    return number.rpartition("/")[2].removeprefix("sip:")


class Line:
    """A channel.

    A *phone* has a person at its far end, a *tube* is half of a Local channel:
    what goes into one half comes out of the other.
    """

    __slots__ = (
        "answers_before",
        "asked",
        "bridge",
        "called",
        "ext",
        "exten",
        "forward",
        "heard",
        "left",
        "leg",
        "name",
        "number",
        "ongoing",
        "phone",
        "picked_up",
        "shown",
        "status",
        "through",
        "tube",
        "uniqueid",
        "up",
    )

    def __init__(self, uniqueid: str, name: str, ext: str, number: str, exten: str) -> None:
        self.uniqueid = uniqueid
        self.ext = ext
        self.number = number  # its own, as it began
        self.shown = number  # what it shows to others now
        self.exten = exten  # what it dialled
        self.rename(name)
        self.ongoing: Ongoing
        self.bridge: Bridge | None = None
        self.leg: Leg | None = None  # set when it was called
        self.called = False  # somebody dialled it
        self.up = False
        self.picked_up = False  # the far end answered, which connects it to nobody yet
        self.heard = False  # it spoke with some person of the call
        self.left = False  # it handed the call over; what it does now ends nothing
        self.asked = False  # its far end hung up
        self.status = ""  # of DialEnd
        self.forward = ""
        self.through: Line | None = None  # the outer half of the Local channel that dialled it
        self.answers_before = 0

    @property
    def verdict(self) -> str:
        """How dialling it ended. A phone behind a Local channel is cancelled by
        it, whatever befell that channel itself."""
        line: Line | None = self
        verdict = self.status
        while verdict in ("", "CANCEL") and line is not None:
            verdict = line.status or verdict
            line = line.through
        return verdict

    def rename(self, name: str) -> None:
        self.name = name
        technology = name.partition("/")[0]
        self.tube = technology == "Local"
        self.phone = not self.tube and technology not in MACHINES


class Bridge:
    __slots__ = ("lines", "uniqueid")

    def __init__(self, uniqueid: str) -> None:
        self.uniqueid = uniqueid
        self.lines: dict[str, Line] = {}


class Exchange:
    """Every living channel and bridge."""

    __slots__ = ("bridges", "lines", "names")

    def __init__(self) -> None:
        self.lines: dict[str, Line] = {}
        self.names: dict[str, Line] = {}
        self.bridges: dict[str, Bridge] = {}

    def add(self, line: Line) -> None:
        self.lines[line.uniqueid] = line
        self.names[line.name] = line

    def rename(self, line: Line, name: str) -> None:
        if self.names.get(line.name) is line:
            del self.names[line.name]
        line.rename(name)
        self.names[name] = line

    def remove(self, line: Line) -> None:
        self.leave(line)
        self.lines.pop(line.uniqueid, None)
        if self.names.get(line.name) is line:
            del self.names[line.name]

    def enter(self, line: Line, uniqueid: str) -> Bridge:
        bridge = self.bridges.get(uniqueid)
        if bridge is None:
            bridge = self.bridges[uniqueid] = Bridge(uniqueid)
        if line.bridge is not bridge:
            self.leave(line)
            line.bridge = bridge
            bridge.lines[line.uniqueid] = line
        return bridge

    def leave(self, line: Line) -> None:
        bridge = line.bridge
        if bridge is not None:
            line.bridge = None
            bridge.lines.pop(line.uniqueid, None)
            if not bridge.lines:
                self.bridges.pop(bridge.uniqueid, None)

    def destroy(self, uniqueid: str) -> None:
        bridge = self.bridges.pop(uniqueid, None)
        if bridge is not None:
            for line in bridge.lines.values():
                line.bridge = None

    def merge(self, source: str, target: str) -> Bridge | None:
        bridge = self.bridges.get(source)
        for line in list(bridge.lines.values()) if bridge is not None else ():
            self.enter(line, target)
        return self.bridges.get(target)

    def other_half(self, tube: Line) -> Line | None:
        half = {"1": "2", "2": "1"}.get(tube.name[-1:])
        return None if half is None else self.names.get(tube.name[:-1] + half)

    def hearing(self, bridge: Bridge) -> list[Line]:
        """Every channel whose sound reaches `bridge`, through Local channels too."""
        if len(bridge.lines) == 2 and not any(line.tube for line in bridge.lines.values()):
            return list(bridge.lines.values())
        found: list[Line] = []
        seen = {bridge.uniqueid}
        bridges = [bridge]
        for bridge in bridges:
            for line in bridge.lines.values():
                found.append(line)
                if not line.tube:
                    continue
                other = self.other_half(line)
                beyond = None if other is None else other.bridge
                if beyond is not None and beyond.uniqueid not in seen:
                    seen.add(beyond.uniqueid)
                    bridges.append(beyond)
        return found
