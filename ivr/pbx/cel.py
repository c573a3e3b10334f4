"""Reading Asterisk's Channel Event Log, the record of what happened while nobody watched.

The file is written by cel_custom with the columns of
`dialplan/asterisk/cel_custom.conf`. Its rows are turned into the events that AMI
would have sent, so that one tracker makes calls of both. CEL has no ringing:
a phone that was called is taken to have rung from the moment its channel began.

Source: Asterisk's "CEL Specification" (event types, JSON in EventExtra).
"""

import csv
import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from ivr.pbx.events import (
    STATE_DOWN,
    STATE_RINGING,
    STATE_UP,
    AttendedTransfer,
    BlindTransfer,
    BridgeEnter,
    BridgeLeave,
    Channel,
    DialBegin,
    DialEnd,
    DialState,
    Event,
    Hangup,
    HangupRequest,
    Newchannel,
    Newstate,
    Pickup,
    UserEvent,
    picked_up_by,
)


class Record(NamedTuple):
    """One row of the file."""

    type: str
    at: float
    num: str
    name: str
    exten: str
    context: str
    channel: str
    app: str
    uniqueid: str
    linkedid: str
    peer: str
    user_type: str
    extra: dict[str, Any]


class Position(NamedTuple):
    """How far the file was read; a file that shrank or was replaced starts again."""

    inode: int = 0
    offset: int = 0


START = Position()


def end_of(path: Path) -> Position:
    """The position after everything that is there now."""
    try:
        stat = path.stat()
    except OSError:
        return Position()
    return Position(stat.st_ino, stat.st_size)


def read(path: Path, since: Position = START) -> tuple[list[Record], Position]:
    """The rows after `since`, and where to go on. A row half written is left for next time."""
    try:
        with path.open("rb") as file:
            stat = path.stat()
            start = since.offset
            if stat.st_ino != since.inode or stat.st_size < start:
                start = 0
            file.seek(start)
            data = file.read()
    except FileNotFoundError:
        return [], Position()
    whole = data[: data.rfind(b"\n") + 1]
    text = whole.decode("utf-8", errors="replace")
    return list(parse(text.splitlines())), Position(stat.st_ino, start + len(whole))


def parse(lines: Iterable[str]) -> Iterator[Record]:
    """Rows that are none (cut, or of another format) are passed over."""
    for row in csv.reader(lines):
        if len(row) < len(Record._fields):
            continue
        extra: dict[str, Any] = {}
        # the last column is JSON with doubled quotes; csv has undone them
        with suppress(ValueError):
            loaded = json.loads(row[12]) if row[12] else {}
            extra = loaded if isinstance(loaded, dict) else {}
        with suppress(ValueError):
            at = float(row[1])
            num, name, exten, context, channel, app, uniqueid, linkedid, peer, user = row[2:12]
            yield Record(
                row[0], at, num, name, exten, context, channel, app, uniqueid, linkedid, peer, user,
                extra,
            )  # fmt: skip


# What a leg's end says of the dial: Q.850 cause → DialStatus.
_STATUS = {17: "BUSY", 26: "CANCEL", 21: "NOANSWER", 3: "CHANUNAVAIL", 20: "CHANUNAVAIL",
           34: "CONGESTION", 38: "CONGESTION", 42: "CONGESTION"}  # fmt: skip


class _Channels:
    """What earlier rows said of the channels, by uniqueid."""

    def __init__(self) -> None:
        self.by_id: dict[str, Channel] = {}
        self.dialers: dict[str, str] = {}  # linkedid → the channel that runs Dial
        self.dialled: dict[str, str] = {}  # leg → who dialled it, until the dial ends
        self.requested: set[str] = set()  # calls whose first hangup was told
        self.bridges: dict[str, int] = {}

    def named(self, name: str) -> Channel | None:
        """The latest of that name: a killed Asterisk ends no channel, and counts anew."""
        return next((each for each in reversed(self.by_id.values()) if each.name == name), None)


def events(records: Iterable[Record]) -> Iterator[Event]:
    """The rows as events, in the order of the file."""
    known = _Channels()
    for record in records:
        old = known.by_id.get(record.uniqueid)
        channel = Channel(
            name=record.channel,
            uniqueid=record.uniqueid,
            linkedid=record.linkedid,
            state=old.state if old else STATE_DOWN,
            caller_num=record.num,
            caller_name=record.name,
            connected_num="",
            context=record.context,
            exten=record.exten,
        )
        known.by_id[record.uniqueid] = channel
        make = _MAKERS.get(record.type)
        if make is not None:
            yield from make(record, channel, known)


def _start(record: Record, channel: Channel, known: _Channels) -> Iterator[Event]:
    yield Newchannel(record.at, channel)
    if picked_up_by(record.uniqueid):
        channel = _with_state(channel, STATE_RINGING, known)
        yield DialBegin(record.at, None, channel, "")
        yield DialState(record.at, "", channel, "RINGING")
        return
    dialer = known.by_id.get(known.dialers.get(record.linkedid, ""))
    if dialer is None or record.uniqueid == record.linkedid or channel.name.endswith(";2"):
        return
    known.dialled[channel.uniqueid] = dialer.uniqueid
    channel = _with_state(channel, STATE_RINGING, known)
    yield DialBegin(record.at, dialer, channel, "")
    yield DialState(record.at, dialer.uniqueid, channel, "RINGING")


def _with_state(channel: Channel, state: int, known: _Channels) -> Channel:
    changed = channel._replace(state=state)
    known.by_id[channel.uniqueid] = changed
    return changed


def _answer(record: Record, channel: Channel, known: _Channels) -> Iterator[Event]:
    channel = _with_state(channel, STATE_UP, known)
    yield Newstate(record.at, channel)
    dialer = known.dialled.pop(channel.uniqueid, None)
    if dialer is not None:
        yield DialEnd(record.at, dialer, channel, "ANSWER", "")


def _enter(record: Record, channel: Channel, known: _Channels) -> Iterator[Event]:
    bridge = str(record.extra.get("bridge_id", ""))
    known.bridges[bridge] = known.bridges.get(bridge, 0) + 1
    yield BridgeEnter(record.at, bridge, known.bridges[bridge], channel, "")


def _exit(record: Record, channel: Channel, known: _Channels) -> Iterator[Event]:
    bridge = str(record.extra.get("bridge_id", ""))
    known.bridges[bridge] = max(0, known.bridges.get(bridge, 1) - 1)
    yield BridgeLeave(record.at, bridge, known.bridges[bridge], channel)


def _hangup(record: Record, channel: Channel, known: _Channels) -> Iterator[Event]:
    try:
        cause = int(record.extra.get("hangupcause", 0))
    except (TypeError, ValueError):
        cause = 0
    source = known.named(str(record.extra.get("hangupsource", "")))
    if source is not None and record.linkedid not in known.requested:
        known.requested.add(record.linkedid)
        yield HangupRequest(record.at, source, cause, False)
    dialer = known.dialled.pop(channel.uniqueid, None)
    if dialer is not None:
        yield DialEnd(record.at, dialer, channel, _STATUS.get(cause, "NOANSWER"), "")
    yield Hangup(record.at, channel, cause, "")


def _gone(record: Record, channel: Channel, known: _Channels) -> Iterator[Event]:
    known.by_id.pop(channel.uniqueid, None)
    yield from ()


def _dial(record: Record, channel: Channel, known: _Channels) -> Iterator[Event]:
    if record.app.lower() == "dial":
        known.dialers[record.linkedid] = channel.uniqueid
    yield from ()


def _blind(record: Record, channel: Channel, known: _Channels) -> Iterator[Event]:
    transferee = known.by_id.get(
        str(record.extra.get("transferee_channel_uniqueid", ""))
    ) or known.named(str(record.extra.get("transferee_channel_name", "")))
    yield BlindTransfer(
        record.at, "Success", channel, transferee, str(record.extra.get("bridge_id", "")),
        str(record.extra.get("context", "")), str(record.extra.get("extension", "")),
    )  # fmt: skip


def _attended(record: Record, channel: Channel, known: _Channels) -> Iterator[Event]:
    extra = record.extra
    second = known.by_id.get(str(extra.get("channel2_uniqueid", ""))) or channel
    yield AttendedTransfer(
        record.at, "Success", channel, second,
        orig_bridge=str(extra.get("bridge1_id", "")),
        second_bridge=str(extra.get("bridge2_id", "")),
        dest_type="Bridge" if extra.get("bridge2_id") else "App",
        dest_bridge=str(extra.get("bridge2_id", "")), dest_app=str(extra.get("app", "")),
        transferee=known.by_id.get(str(extra.get("transferee_channel_uniqueid", ""))),
        target=known.by_id.get(str(extra.get("transfer_target_channel_uniqueid", ""))),
        dest_transferer=None,
    )  # fmt: skip


def _pickup(record: Record, channel: Channel, known: _Channels) -> Iterator[Event]:
    taker = known.by_id.get(str(record.extra.get("pickup_channel_uniqueid", "")))
    if taker is not None:
        yield Pickup(record.at, taker, channel)


def _user(record: Record, channel: Channel, known: _Channels) -> Iterator[Event]:
    yield UserEvent(
        record.at, record.user_type, channel, {"Number": str(record.extra.get("extra", ""))}
    )


_MAKERS = {
    "CHAN_START": _start,
    "APP_START": _dial,
    "ANSWER": _answer,
    "BRIDGE_ENTER": _enter,
    "BRIDGE_EXIT": _exit,
    "BLINDTRANSFER": _blind,
    "ATTENDEDTRANSFER": _attended,
    "PICKUP": _pickup,
    "USER_DEFINED": _user,
    "HANGUP": _hangup,
    "CHAN_END": _gone,
}
