"""What Asterisk tells us, as typed values: the only input the call tracker has.

Every event carries `at`: Asterisk's own time in seconds since the epoch (AMI
`Timestamp`, which needs `timestampevents=yes` in manager.conf), or None where
the source has none. Nothing here is ever the time of arrival.

Names of fields follow the AMI event documentation of Asterisk 22; a field that
Asterisk left out or filled with ``<unknown>`` is an empty string.
"""

from typing import NamedTuple

# ast_channel_state, include/asterisk/channelstate.h
STATE_DOWN = 0
STATE_RING = 4  # the far end of an inbound channel hears ringing
STATE_RINGING = 5  # a phone we called is ringing
STATE_UP = 6


OWN_CHANNEL = "ivr-own-"
"""Uniqueids of channels that we make and that are no part of any call begin so."""

PICKUP_CHANNEL = "ivr-pickup-"


def pickup_channel(call_id: str, serial: str) -> str:
    """The uniqueid for a phone that is rung to pick up `call_id`.

    It names the call, so that whoever sees the channel knows what it is for: also
    after a restart, also in CEL. `serial` makes it unique and has no "-".
    """
    return f"{PICKUP_CHANNEL}{serial}-{call_id}"


def picked_up_by(uniqueid: str) -> str:
    """The call that a channel was made to pick up; "" for all other channels."""
    if not uniqueid.startswith(PICKUP_CHANNEL):
        return ""
    return uniqueid.removeprefix(PICKUP_CHANNEL).partition("-")[2]


class Channel(NamedTuple):
    """A channel as it was when the event was sent."""

    name: str  # "PJSIP/101-00000003"
    uniqueid: str
    linkedid: str
    state: int
    caller_num: str
    caller_name: str
    connected_num: str
    context: str
    exten: str


class Newchannel(NamedTuple):
    at: float | None
    channel: Channel


class Newstate(NamedTuple):
    at: float | None
    channel: Channel


class Rename(NamedTuple):
    """A masquerade gave the channel another name; its uniqueid stays."""

    at: float | None
    uniqueid: str
    name: str


class NewCallerid(NamedTuple):
    at: float | None
    uniqueid: str
    caller_num: str
    caller_name: str


class DialBegin(NamedTuple):
    """`caller` is None when nobody dials: an Originate."""

    at: float | None
    caller: Channel | None
    dest: Channel
    dial_string: str


class DialState(NamedTuple):
    """RINGING, PROGRESS, PROCEEDING …; only the first of each kind is told."""

    at: float | None
    caller_uniqueid: str
    dest: Channel
    status: str


class DialEnd(NamedTuple):
    """ANSWER, NOANSWER, BUSY, CANCEL, CONGESTION, CHANUNAVAIL, DONTCALL, TORTURE, ABORT …"""

    at: float | None
    caller_uniqueid: str
    dest: Channel
    status: str
    forward: str


class BridgeEnter(NamedTuple):
    at: float | None
    bridge: str
    channels: int  # how many the bridge holds now
    channel: Channel
    swap_uniqueid: str


class BridgeLeave(NamedTuple):
    at: float | None
    bridge: str
    channels: int
    channel: Channel


class BridgeMerge(NamedTuple):
    """Every channel of `source` now is in `target`."""

    at: float | None
    target: str
    source: str


class BridgeDestroy(NamedTuple):
    at: float | None
    bridge: str


class Hold(NamedTuple):
    at: float | None
    uniqueid: str


class Unhold(NamedTuple):
    at: float | None
    uniqueid: str


class BlindTransfer(NamedTuple):
    at: float | None
    result: str  # "Success", "Fail", "Invalid", "Not Permitted"
    transferer: Channel
    transferee: Channel | None
    bridge: str
    context: str
    extension: str


class AttendedTransfer(NamedTuple):
    """`dest_type` is Bridge, App, Link, Threeway or Fail.

    `orig` and `second` are the transferer's two channels (the same one for a
    transfer by feature code).
    """

    at: float | None
    result: str
    orig: Channel
    second: Channel
    orig_bridge: str
    second_bridge: str
    dest_type: str
    dest_bridge: str
    dest_app: str
    transferee: Channel | None
    target: Channel | None
    dest_transferer: Channel | None


class Pickup(NamedTuple):
    """`channel` took the call that `target` was ringing for."""

    at: float | None
    channel: Channel
    target: Channel


class LocalBridge(NamedTuple):
    """The two halves of a Local channel."""

    at: float | None
    one: Channel
    two: Channel
    context: str
    exten: str


class LocalOptimizationBegin(NamedTuple):
    at: float | None
    one_uniqueid: str
    two_uniqueid: str
    source_uniqueid: str
    dest_uniqueid: str


class LocalOptimizationEnd(NamedTuple):
    at: float | None
    one_uniqueid: str
    two_uniqueid: str
    success: bool


class HangupRequest(NamedTuple):
    """The far end of the channel hung up (HangupRequest), or we were asked to
    end it (SoftHangupRequest: `soft`)."""

    at: float | None
    channel: Channel
    cause: int
    soft: bool


class Hangup(NamedTuple):
    """The channel is gone. `cause` is ITU-T Q.850 (plus Asterisk's own above 127)."""

    at: float | None
    channel: Channel
    cause: int
    cause_text: str


class QueueCallerJoin(NamedTuple):
    at: float | None
    channel: Channel
    queue: str


class QueueCallerLeave(NamedTuple):
    at: float | None
    channel: Channel
    queue: str


class QueueCallerAbandon(NamedTuple):
    at: float | None
    channel: Channel
    queue: str


class OriginateResponse(NamedTuple):
    at: float | None
    action_id: str
    channel: str
    uniqueid: str
    success: bool
    reason: int
    exten: str


class UserEvent(NamedTuple):
    """An event of a dialplan's UserEvent(); `fields` are its own headers."""

    at: float | None
    name: str
    channel: Channel | None
    fields: dict[str, str]


class RecordingStart(NamedTuple):
    """MixMonitorStart."""

    at: float | None
    uniqueid: str


class RecordingStop(NamedTuple):
    """MixMonitorStop."""

    at: float | None
    uniqueid: str


class MusicStart(NamedTuple):
    at: float | None
    uniqueid: str
    music_class: str


class MusicStop(NamedTuple):
    at: float | None
    uniqueid: str


class DeviceState(NamedTuple):
    """DeviceStateChange: "PJSIP/101" is NOT_INUSE, INUSE, RINGING, UNAVAILABLE, ONHOLD …"""

    at: float | None
    device: str
    state: str


class FullyBooted(NamedTuple):
    at: float | None
    uptime: int  # seconds Asterisk has run


class Shutdown(NamedTuple):
    at: float | None


class Disconnected(NamedTuple):
    """Ours, not Asterisk's: the session lost AMI; `at` is the last event's time."""

    at: float | None


class LiveChannel(NamedTuple):
    """One row of CoreShowChannels."""

    channel: Channel
    bridge: str
    application: str
    data: str
    duration_s: float


class Snapshot(NamedTuple):
    """Ours: everything that lives now, asked after each (re)connect (CoreShowChannels).

    A call that the tracker holds and no channel of which is here has ended
    unseen; a channel here that the tracker does not know began unseen.
    """

    at: float | None
    channels: tuple[LiveChannel, ...]


Event = (
    Newchannel | Newstate | Rename | NewCallerid | DialBegin | DialState | DialEnd
    | BridgeEnter | BridgeLeave | BridgeMerge | BridgeDestroy | Hold | Unhold
    | BlindTransfer | AttendedTransfer | Pickup | LocalBridge
    | LocalOptimizationBegin | LocalOptimizationEnd | HangupRequest | Hangup
    | QueueCallerJoin | QueueCallerLeave | QueueCallerAbandon
    | OriginateResponse | UserEvent | RecordingStart | RecordingStop
    | MusicStart | MusicStop | DeviceState | FullyBooted | Shutdown
    | Disconnected | Snapshot
)  # fmt: skip
