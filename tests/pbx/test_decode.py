import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.pbx import events as ev
from ivr.pbx.decode import decode, live_channel
from ivr.pbx.framing import Framer

RECORDED = Path(__file__).parents[2] / "bench" / "recorded.ami"
"""A real Asterisk 22.10: answered, abandoned, queued and transferred calls."""

AT = 1795321757.5
ORDER = (
    "Channel", "ChannelState", "ChannelStateDesc", "CallerIDNum", "CallerIDName",
    "ConnectedLineNum", "ConnectedLineName", "Language", "AccountCode", "Context", "Exten",
    "Priority", "Uniqueid", "Linkedid",
)  # fmt: skip


def channel(name: str, number: str = "138", caller: str = "周先生") -> ev.Channel:
    return ev.Channel(name, f"u-{name}", "l-1", 6, number, caller, "101", "desk", "600")


A, B, C = channel("PJSIP/101-1"), channel("PJSIP/102-2", "", ""), channel("Local/9@desk-3;1")


def block(what: ev.Channel, prefix: str = "") -> str:
    values = {
        "Channel": what.name, "ChannelState": what.state, "ChannelStateDesc": "Up",
        "CallerIDNum": what.caller_num or "<unknown>",
        "CallerIDName": what.caller_name or "<unknown>",
        "ConnectedLineNum": what.connected_num, "ConnectedLineName": "<unknown>",
        "Language": "cn", "AccountCode": "", "Context": what.context, "Exten": what.exten,
        "Priority": 1, "Uniqueid": what.uniqueid, "Linkedid": what.linkedid,
    }  # fmt: skip
    return "\n".join(f"{prefix}{key}: {values[key]}" for key in ORDER)


def message(name: str, *parts: str) -> str:
    return "\n".join([f"Event: {name}", "Privilege: call,all", f"Timestamp: {AT}00000", *parts])


BRIDGE = "BridgeUniqueid: b-1\nBridgeType: basic\nBridgeNumChannels: 2"
TABLE: list[tuple[str, ev.Event]] = [
    # A channel's life
    (message("Newchannel", block(A)), ev.Newchannel(AT, A)),
    (message("Newstate", block(A)), ev.Newstate(AT, A)),
    (
        message("Rename", "Channel: A", "Newname: B", "Uniqueid: u-1"),
        ev.Rename(AT, "u-1", "B"),
    ),
    (
        message("NewCallerid", block(A), "CID-CallingPres: 0 (Allowed)"),
        ev.NewCallerid(AT, A.uniqueid, "138", "周先生"),
    ),
    (
        message("HangupRequest", block(A), "Cause: 16"),
        ev.HangupRequest(AT, A, 16, False),
    ),
    (message("SoftHangupRequest", block(A), "Cause: 16"), ev.HangupRequest(AT, A, 16, True)),
    (
        message("Hangup", block(A), "Cause: 26", "Cause-txt: Answered elsewhere"),
        ev.Hangup(AT, A, 26, "Answered elsewhere"),
    ),
    # Dialling
    (
        message("DialBegin", block(A), block(B, "Dest"), "DialString: 102"),
        ev.DialBegin(AT, A, B, "102"),
    ),
    (
        message("DialBegin", block(B, "Dest"), "DialString: 102"),
        ev.DialBegin(AT, None, B, "102"),
    ),
    (
        message("DialState", block(A), block(B, "Dest"), "DialStatus: RINGING"),
        ev.DialState(AT, A.uniqueid, B, "RINGING"),
    ),
    (
        message("DialEnd", block(A), block(B, "Dest"), "DialStatus: ANSWER", "Forward: 103"),
        ev.DialEnd(AT, A.uniqueid, B, "ANSWER", "103"),
    ),
    (
        message(
            "OriginateResponse", "ActionID: a/1", "Response: Failure", "Channel: PJSIP/9",
            "Exten: 101", "Reason: 3", "Uniqueid: <null>",
        ),
        ev.OriginateResponse(AT, "a/1", "PJSIP/9", "", False, 3, "101"),
    ),
    # Bridges
    (
        message("BridgeEnter", BRIDGE, block(A), "SwapUniqueid: u-9"),
        ev.BridgeEnter(AT, "b-1", 2, A, "u-9"),
    ),
    (message("BridgeLeave", BRIDGE, block(A)), ev.BridgeLeave(AT, "b-1", 2, A)),
    (
        message("BridgeMerge", "ToBridgeUniqueid: b-1", "FromBridgeUniqueid: b-2"),
        ev.BridgeMerge(AT, "b-1", "b-2"),
    ),
    (message("BridgeDestroy", BRIDGE), ev.BridgeDestroy(AT, "b-1")),
    (message("Hold", block(A), "MusicClass: x"), ev.Hold(AT, A.uniqueid)),
    (message("Unhold", block(A)), ev.Unhold(AT, A.uniqueid)),
    # Transfers and pickup
    (
        message(
            "BlindTransfer", "Result: Success", block(A, "Transferer"), block(B, "Transferee"),
            BRIDGE, "IsExternal: Yes", "Context: desk", "Extension: 103",
        ),
        ev.BlindTransfer(AT, "Success", A, B, "b-1", "desk", "103"),
    ),
    (
        message(
            "BlindTransfer", "Result: Fail", block(A, "Transferer"), "Context: desk",
            "Extension: 103",
        ),
        ev.BlindTransfer(AT, "Fail", A, None, "", "desk", "103"),
    ),
    (
        message(
            "AttendedTransfer", "Result: Success", block(A, "OrigTransferer"),
            "OrigBridgeUniqueid: b-1", block(B, "SecondTransferer"), "SecondBridgeUniqueid: b-2",
            block(C, "Transferee"), block(A, "TransferTarget"), "DestType: Bridge",
            "DestBridgeUniqueid: b-1",
        ),
        ev.AttendedTransfer(
            AT, "Success", A, B, "b-1", "b-2", "Bridge", "b-1", "", C, A, None
        ),
    ),
    (
        message(
            "AttendedTransfer", "Result: Success", block(A, "OrigTransferer"),
            block(B, "SecondTransferer"), "DestType: App", "DestApp: Dial",
        ),
        ev.AttendedTransfer(AT, "Success", A, B, "", "", "App", "", "Dial", None, None, None),
    ),
    (
        message("Pickup", block(A), block(B, "Target")),
        ev.Pickup(AT, A, B),
    ),
    # Local channels
    (
        message(
            "LocalBridge", block(A, "LocalOne"), block(B, "LocalTwo"), "Context: desk",
            "Exten: 9", "LocalOptimization: Yes",
        ),
        ev.LocalBridge(AT, A, B, "desk", "9"),
    ),
    (
        message(
            "LocalOptimizationBegin", block(A, "LocalOne"), block(B, "LocalTwo"),
            block(C, "Source"), "DestUniqueId: u-9", "Id: 1",
        ),
        ev.LocalOptimizationBegin(AT, A.uniqueid, B.uniqueid, C.uniqueid, "u-9"),
    ),
    (
        message(
            "LocalOptimizationEnd", block(A, "LocalOne"), block(B, "LocalTwo"), "Success: Yes"
        ),
        ev.LocalOptimizationEnd(AT, A.uniqueid, B.uniqueid, True),
    ),
    # Queues
    (message("QueueCallerJoin", block(A), "Queue: q"), ev.QueueCallerJoin(AT, A, "q")),
    (message("QueueCallerLeave", block(A), "Queue: q"), ev.QueueCallerLeave(AT, A, "q")),
    (message("QueueCallerAbandon", block(A), "Queue: q"), ev.QueueCallerAbandon(AT, A, "q")),
    # Recording and music
    (message("MixMonitorStart", block(A)), ev.RecordingStart(AT, A.uniqueid)),
    (message("MixMonitorStop", block(A)), ev.RecordingStop(AT, A.uniqueid)),
    (message("MusicOnHoldStart", block(A), "Class: c"), ev.MusicStart(AT, A.uniqueid, "c")),
    (message("MusicOnHoldStop", block(A)), ev.MusicStop(AT, A.uniqueid)),
    # Phones, the dialplan and Asterisk itself
    (
        message("DeviceStateChange", "Device: PJSIP/101", "State: RINGING"),
        ev.DeviceState(AT, "PJSIP/101", "RINGING"),
    ),
    (
        message("UserEvent", block(A), "UserEvent: Ivr", "Call: 4: 2", "Note:", "no header"),
        ev.UserEvent(AT, "Ivr", A, {"Call": "4: 2", "Note": ""}),
    ),
    (
        message("UserEvent", "UserEvent: Ivr", "ActionID: a/1", "Call: 42"),
        ev.UserEvent(AT, "Ivr", None, {"Call": "42"}),
    ),
    (
        "Event: FullyBooted\nPrivilege: system,all\nUptime: 280\nStatus: Fully Booted",
        ev.FullyBooted(None, 280),
    ),
    (message("Shutdown", "Shutdown: Cleanly", "Restart: False"), ev.Shutdown(AT)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "event"),
    TABLE,
    ids=[f"{type(event).__name__}{n}" for n, (_, event) in enumerate(TABLE)],
)
def test_each_event(text: str, event: ev.Event) -> None:
    assert decode(text) == event
    assert decode(text.replace("\n", "\r\n")) == event


@pytest.mark.parametrize(
    ("text", "event"),
    TABLE,
    ids=[f"{type(event).__name__}{n}" for n, (_, event) in enumerate(TABLE)],
)
def test_headers_in_any_order_mean_the_same(text: str, event: ev.Event) -> None:
    """Traces that went through a converter may be sorted by name."""
    lines = text.split("\n")
    for seed in range(5):
        random.Random(seed).shuffle(lines)
        assert decode("\n".join(lines)) == event
    assert decode("\n".join(sorted(lines))) == event


@pytest.mark.parametrize(
    "text",
    [
        "Response: Success\nMessage: x",
        message("VarSet", block(A)),
        message("Newexten", block(A)),
        message("RTCPSent", block(A)),
        "Event:",
        "",
        "nothing like it",
    ],
)
def test_what_we_do_not_need_is_nothing(text: str) -> None:
    assert decode(text) is None


def test_the_first_header_counts() -> None:
    """What a dialplan appends to its UserEvent() cannot pose as Asterisk's own."""
    text = message("UserEvent", block(A), "UserEvent: Ivr", "Uniqueid: forged", "Timestamp: 1.0")
    event = decode(text)
    assert isinstance(event, ev.UserEvent)
    assert event.channel == A
    assert event.at == AT
    assert event.fields == {}


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        (r"O\'Brien", "O'Brien"),
        (r"\"Bob\" \\ Co", '"Bob" \\ Co'),
        (r"a\r\nEvent: Hangup", "a\r\nEvent: Hangup"),
        ("张三丰", "张三丰"),
        ("<unknown>", ""),
        ("\\", "\\"),
    ],
)
def test_a_callers_name_is_told_as_it_was(sent: str, name: str) -> None:
    text = message("Newchannel", block(A._replace(caller_name=sent)))
    assert decode(text) == ev.Newchannel(AT, A._replace(caller_name=name))
    sorted_text = "\n".join(sorted(text.split("\n")))
    assert decode(sorted_text) == ev.Newchannel(AT, A._replace(caller_name=name))


@pytest.mark.parametrize("stamp", ["", "soon", "nan", "inf", "-1.0", "1e300", "1.2.3"])
def test_a_garbled_time_is_no_time(stamp: str) -> None:
    assert decode(f"Event: Hold\nTimestamp: {stamp}\nUniqueid: 1") == ev.Hold(None, "1")


def test_numbers_that_are_none_are_zero() -> None:
    event = decode(message("Hangup", "ChannelState: up", "Cause: lots", "Uniqueid: 1"))
    assert isinstance(event, ev.Hangup)
    assert (event.channel.state, event.cause, event.channel.uniqueid) == (0, 0, "1")


def test_a_row_of_core_show_channels() -> None:
    row = live_channel(
        "Event: CoreShowChannel\nActionID: a/1\n"
        + block(A)
        + "\nApplication: Wait\nApplicationData: 3\nDuration: 01:02:03\nBridgeId: b-1"
    )
    assert row == ev.LiveChannel(A, "b-1", "Wait", "3", 3723.0)


@pytest.mark.parametrize("duration", ["", "x", "1:2:3:4", "::"])
def test_a_garbled_duration_raises_nothing(duration: str) -> None:
    assert live_channel(f"Event: CoreShowChannel\nDuration: {duration}").duration_s >= 0


def test_a_real_recording_is_understood() -> None:
    events = [e for m in Framer().feed(RECORDED.read_bytes()) if (e := decode(m)) is not None]
    kinds = {type(event) for event in events}
    assert {ev.BlindTransfer, ev.AttendedTransfer, ev.QueueCallerJoin, ev.LocalBridge} <= kinds
    started = {e.channel.uniqueid for e in events if isinstance(e, ev.Newchannel)}
    ended = {e.channel.uniqueid for e in events if isinstance(e, ev.Hangup)}
    assert started == ended
    assert all(getattr(event, "at", None) is not None for event in events)


NAMES = st.sampled_from([type_ for type_, *_ in (t.partition("\n") for t, _ in TABLE)])


@given(
    first=NAMES,
    lines=st.lists(
        st.tuples(
            st.sampled_from([*ORDER, *(f"Dest{k}" for k in ORDER), "Timestamp", "Cause", "Event"]),
            st.sampled_from([": ", ":", "", ": <unknown>"]),
            st.text(max_size=12),
        ).map("".join),
        max_size=20,
    ),
)
def test_nothing_raises(first: str, lines: list[str]) -> None:
    decode("\n".join([first, *lines]))
    decode("\n".join(lines))
    live_channel("\n".join(lines))
