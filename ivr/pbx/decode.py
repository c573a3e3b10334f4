"""AMI messages to the typed events of ivr.pbx.events.

`decode` takes a message as ivr.pbx.framing gives it. What we do not need is
None after one look into a table. What is missing or garbled becomes an empty
string, 0 or None: nothing here raises.

A channel's headers stand in one block of fixed order since Asterisk 13, so one
regular expression takes all of them at once; where the order is another (an
edited or converted trace), each header is searched for. In both ways the first
header of a name counts: what a dialplan's UserEvent() appends cannot replace
Asterisk's own.
"""

import re
from collections.abc import Callable
from functools import partial

from ivr.pbx import events as ev

_HEAD = re.compile(
    r"Event: ([^\n]*)\n(?:Privilege: [^\n]*\n)?(?:Timestamp: (\d{1,12}\.\d{1,9})\n)?"
)
_TIMESTAMP = re.compile(r"\nTimestamp: ?(\d{1,12}(?:\.\d{1,9})?)(?=\n|$)")
_EVENT = re.compile(r"\nEvent: ?([^\n]*)")
_CHANNEL_HEADERS = (
    "Channel", "ChannelState", "ChannelStateDesc", "CallerIDNum", "CallerIDName",
    "ConnectedLineNum", "ConnectedLineName", "Language", "AccountCode", "Context", "Exten",
    "Priority", "Uniqueid", "Linkedid",
)  # fmt: skip
_UNNAMED = ("", "<unknown>", "<null>")
# ast_escape_c(), main/utils.c: Asterisk writes caller names that way.
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def decode(message: str) -> ev.Event | None:
    """The event in `message`; None for a response or an event we do not need."""
    if "\r\n" in message[:256]:
        message = message.replace("\r\n", "\n")
    head = _HEAD.match(message)
    if head is not None:
        name, timestamp = head.groups()
        build = _BUILDERS.get(name)
        if build is None:
            return None
    else:
        message = f"\n{message}"
        found = _EVENT.search(message)
        build = None if found is None else _BUILDERS.get(found[1].strip())
        if build is None:
            return None
        timestamp = None
    if timestamp is None and (found := _TIMESTAMP.search(message)) is not None:
        timestamp = found[1]
    return build(message, None if timestamp is None else float(timestamp))


def live_channel(message: str) -> ev.LiveChannel:
    """A row of CoreShowChannels."""
    hours, minutes, seconds = (
        [0, 0, 0] + [_int(n) for n in _text(message, "Duration").split(":")]
    )[-3:]
    return ev.LiveChannel(
        channel=_channel(message),
        bridge=_text(message, "BridgeId"),
        application=_text(message, "Application"),
        data=_text(message, "ApplicationData"),
        duration_s=float(hours * 3600 + minutes * 60 + seconds),
    )


# --- headers -----------------------------------------------------------------


def _text(message: str, key: str) -> str:
    """The value of the first header `key`; "" where Asterisk knows none."""
    start = message.find(f"\n{key}: ")
    if start < 0:
        return _loose_text(message, key)
    start += len(key) + 3
    end = message.find("\n", start)
    value = message[start:] if end < 0 else message[start:end]
    return "" if value in _UNNAMED else value


def _loose_text(message: str, key: str) -> str:
    """As _text, for a header in the first line or without a space (`Exten:`)."""
    if message.startswith(f"{key}: "):
        return _text(f"\n{message}", key)
    start = message.find(f"\n{key}:")
    if start < 0:
        return ""
    value = message[start + len(key) + 2 :].partition("\n")[0].strip()
    return "" if value in _UNNAMED else value


def _int(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def _number(message: str, key: str) -> int:
    return _int(_text(message, key))


def _unescaped(name: str) -> str:
    if "\\" not in name:
        return name
    return _ESCAPED.sub(lambda found: _ESCAPES.get(found[1], found[1]), name)


def _block(prefix: str) -> re.Pattern[str]:
    wanted = {"Channel", "CallerIDNum", "CallerIDName", "ConnectedLineNum", "Context", "Exten"}
    lines = []
    for key in _CHANNEL_HEADERS:
        if key == "ChannelState":
            value = r"(\d{1,9})"
        elif key in wanted or key in ("Uniqueid", "Linkedid"):
            value = r"([^\n]*)"
        else:
            value = r"[^\n]*"
        lines.append(f"\n{prefix}{key}: {value}")
    return re.compile("".join(lines))


_PREFIXES = (
    "", "Dest", "Transferer", "Transferee", "OrigTransferer", "SecondTransferer",
    "TransferTarget", "Target", "LocalOne", "LocalTwo", "Source",
)  # fmt: skip
_BLOCKS = {prefix: _block(prefix) for prefix in _PREFIXES}


def _channel(message: str, prefix: str = "") -> ev.Channel:
    found = _BLOCKS[prefix].search(message)
    if found is None:
        return _scattered_channel(message, prefix)
    name, state, number, caller, connected, context, exten, uniqueid, linkedid = found.groups()
    return ev.Channel(
        name,
        uniqueid,
        linkedid,
        int(state),
        "" if number == "<unknown>" else number,
        "" if caller == "<unknown>" else _unescaped(caller),
        "" if connected == "<unknown>" else connected,
        context,
        exten,
    )


def _scattered_channel(message: str, prefix: str) -> ev.Channel:
    text = partial(_text, message)
    return ev.Channel(
        name=text(f"{prefix}Channel"),
        uniqueid=text(f"{prefix}Uniqueid"),
        linkedid=text(f"{prefix}Linkedid"),
        state=_number(message, f"{prefix}ChannelState"),
        caller_num=text(f"{prefix}CallerIDNum"),
        caller_name=_unescaped(text(f"{prefix}CallerIDName")),
        connected_num=text(f"{prefix}ConnectedLineNum"),
        context=text(f"{prefix}Context"),
        exten=text(f"{prefix}Exten"),
    )


def _channel_if_any(message: str, prefix: str = "") -> ev.Channel | None:
    channel = _channel(message, prefix)
    return channel if channel.name else None


# --- one builder for each event ----------------------------------------------

_Builder = Callable[[str, float | None], ev.Event]


def _bridge_enter(m: str, at: float | None) -> ev.Event:
    bridge, channels = _text(m, "BridgeUniqueid"), _number(m, "BridgeNumChannels")
    return ev.BridgeEnter(at, bridge, channels, _channel(m), _text(m, "SwapUniqueid"))


def _bridge_leave(m: str, at: float | None) -> ev.Event:
    bridge, channels = _text(m, "BridgeUniqueid"), _number(m, "BridgeNumChannels")
    return ev.BridgeLeave(at, bridge, channels, _channel(m))


def _blind_transfer(m: str, at: float | None) -> ev.Event:
    return ev.BlindTransfer(
        at,
        result=_text(m, "Result"),
        transferer=_channel(m, "Transferer"),
        transferee=_channel_if_any(m, "Transferee"),
        bridge=_text(m, "BridgeUniqueid"),
        context=_text(m, "Context"),
        extension=_text(m, "Extension"),
    )


def _attended_transfer(m: str, at: float | None) -> ev.Event:
    three_way = _text(m, "DestTransfererChannel")  # a name, nothing else is told of it
    return ev.AttendedTransfer(
        at,
        result=_text(m, "Result"),
        orig=_channel(m, "OrigTransferer"),
        second=_channel(m, "SecondTransferer"),
        orig_bridge=_text(m, "OrigBridgeUniqueid"),
        second_bridge=_text(m, "SecondBridgeUniqueid"),
        dest_type=_text(m, "DestType"),
        dest_bridge=_text(m, "DestBridgeUniqueid"),
        dest_app=_text(m, "DestApp"),
        transferee=_channel_if_any(m, "Transferee"),
        target=_channel_if_any(m, "TransferTarget"),
        dest_transferer=ev.Channel(three_way, "", "", 0, "", "", "", "", "") if three_way else None,
    )


def _local_bridge(m: str, at: float | None) -> ev.Event:
    one, two = _channel(m, "LocalOne"), _channel(m, "LocalTwo")
    return ev.LocalBridge(at, one, two, _text(m, "Context"), _text(m, "Exten"))


def _optimization_begin(m: str, at: float | None) -> ev.Event:
    dest = _text(m, "DestUniqueId") or _text(m, "DestUniqueid")
    one, two = _text(m, "LocalOneUniqueid"), _text(m, "LocalTwoUniqueid")
    return ev.LocalOptimizationBegin(at, one, two, _text(m, "SourceUniqueid"), dest)


def _optimization_end(m: str, at: float | None) -> ev.Event:
    one, two = _text(m, "LocalOneUniqueid"), _text(m, "LocalTwoUniqueid")
    return ev.LocalOptimizationEnd(at, one, two, _text(m, "Success") == "Yes")


def _originate_response(m: str, at: float | None) -> ev.Event:
    return ev.OriginateResponse(
        at,
        action_id=_text(m, "ActionID"),
        channel=_text(m, "Channel"),
        uniqueid=_text(m, "Uniqueid"),
        success=_text(m, "Response") == "Success",
        reason=_number(m, "Reason"),
        exten=_text(m, "Exten"),
    )


_NOT_USERS = {
    "Event", "Privilege", "Timestamp", "SequenceNumber", "File", "Line", "Func", "SystemName",
    "ActionID", "UserEvent", *_CHANNEL_HEADERS,
}  # fmt: skip


def _user_event(m: str, at: float | None) -> ev.Event:
    fields: dict[str, str] = {}
    for line in m.split("\n"):
        key, colon, value = line.partition(":")
        if colon and key not in _NOT_USERS:
            fields.setdefault(key, value.removeprefix(" "))
    return ev.UserEvent(at, _text(m, "UserEvent"), _channel_if_any(m), fields)


_BUILDERS: dict[str, _Builder] = {
    # A channel's life
    "Newchannel": lambda m, at: ev.Newchannel(at, _channel(m)),
    "Newstate": lambda m, at: ev.Newstate(at, _channel(m)),
    "Rename": lambda m, at: ev.Rename(at, _text(m, "Uniqueid"), _text(m, "Newname")),
    "NewCallerid": lambda m, at: ev.NewCallerid(
        at,
        _text(m, "Uniqueid"),
        _text(m, "CallerIDNum"),
        _unescaped(_text(m, "CallerIDName")),
    ),
    "HangupRequest": lambda m, at: ev.HangupRequest(at, _channel(m), _number(m, "Cause"), False),
    "SoftHangupRequest": lambda m, at: ev.HangupRequest(at, _channel(m), _number(m, "Cause"), True),
    "Hangup": lambda m, at: ev.Hangup(at, _channel(m), _number(m, "Cause"), _text(m, "Cause-txt")),
    # Dialling
    "DialBegin": lambda m, at: ev.DialBegin(
        at, _channel_if_any(m), _channel(m, "Dest"), _text(m, "DialString")
    ),
    "DialState": lambda m, at: ev.DialState(
        at, _text(m, "Uniqueid"), _channel(m, "Dest"), _text(m, "DialStatus")
    ),
    "DialEnd": lambda m, at: ev.DialEnd(
        at,
        _text(m, "Uniqueid"),
        _channel(m, "Dest"),
        _text(m, "DialStatus"),
        _text(m, "Forward"),
    ),
    "OriginateResponse": _originate_response,
    # Bridges
    "BridgeEnter": _bridge_enter,
    "BridgeLeave": _bridge_leave,
    "BridgeMerge": lambda m, at: ev.BridgeMerge(
        at, _text(m, "ToBridgeUniqueid"), _text(m, "FromBridgeUniqueid")
    ),
    "BridgeDestroy": lambda m, at: ev.BridgeDestroy(at, _text(m, "BridgeUniqueid")),
    "Hold": lambda m, at: ev.Hold(at, _text(m, "Uniqueid")),
    "Unhold": lambda m, at: ev.Unhold(at, _text(m, "Uniqueid")),
    # Transfers and pickup
    "BlindTransfer": _blind_transfer,
    "AttendedTransfer": _attended_transfer,
    "Pickup": lambda m, at: ev.Pickup(at, _channel(m), _channel(m, "Target")),
    # Local channels
    "LocalBridge": _local_bridge,
    "LocalOptimizationBegin": _optimization_begin,
    "LocalOptimizationEnd": _optimization_end,
    # Queues
    "QueueCallerJoin": lambda m, at: ev.QueueCallerJoin(at, _channel(m), _text(m, "Queue")),
    "QueueCallerLeave": lambda m, at: ev.QueueCallerLeave(at, _channel(m), _text(m, "Queue")),
    "QueueCallerAbandon": lambda m, at: ev.QueueCallerAbandon(at, _channel(m), _text(m, "Queue")),
    # Recording and music
    "MixMonitorStart": lambda m, at: ev.RecordingStart(at, _text(m, "Uniqueid")),
    "MixMonitorStop": lambda m, at: ev.RecordingStop(at, _text(m, "Uniqueid")),
    "MusicOnHoldStart": lambda m, at: ev.MusicStart(at, _text(m, "Uniqueid"), _text(m, "Class")),
    "MusicOnHoldStop": lambda m, at: ev.MusicStop(at, _text(m, "Uniqueid")),
    # Phones, the dialplan and Asterisk itself
    "DeviceStateChange": lambda m, at: ev.DeviceState(at, _text(m, "Device"), _text(m, "State")),
    "UserEvent": _user_event,
    "FullyBooted": lambda m, at: ev.FullyBooted(at, _number(m, "Uptime")),
    "Shutdown": lambda m, at: ev.Shutdown(at),
}
