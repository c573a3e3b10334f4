from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr import __version__
from ivr.errors import UserError
from ivr.pbx import events as ev
from ivr.pbx.trace import Recorder, read_trace

GREETING = "Asterisk Call Manager/11.0.0\r\n"
RESPONSE = "Response: Success\r\nMessage: Authentication accepted\r\n\r\n"


def hold(uniqueid: str) -> str:
    return f"Event: Hold\r\nUniqueid: {uniqueid}\r\n\r\n"


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    return tmp_path / "day.ami"


def read(path: Path, text: str | bytes) -> tuple[list[str], list[str]]:
    """Uniqueids of the events in it, and what was reported."""
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    reports: list[str] = []
    events = list(read_trace(path, reports.append))
    assert all(isinstance(event, ev.Hold) for event in events)
    return [event.uniqueid for event in events if isinstance(event, ev.Hold)], reports


TABLE = {
    "events": (hold("1") + hold("2"), ["1", "2"]),
    "line feeds": ((hold("1") + hold("2")).replace("\r\n", "\n"), ["1", "2"]),
    "greeting and responses": (GREETING + RESPONSE + hold("1"), ["1"]),
    "comments": (f"# one\n# two\r\n{hold('1')}# three\n\n{hold('2')}# the end\n", ["1", "2"]),
    "a comment before the greeting": (f"# one\n{GREETING}{RESPONSE}{hold('1')}", ["1"]),
    "two sessions, one after the other": ((GREETING + RESPONSE + hold("1")) * 2, ["1", "1"]),
    "events we do not know": (hold("1") + "Event: VarSet\r\nUniqueid: 9\r\n\r\n", ["1"]),
    "no blank line at the end": (hold("1") + hold("2")[:-2], ["1", "2"]),
    "nothing": ("", []),
    "only a comment": ("# nothing happened\n", []),
    "not a trace": ("Dear diary,\n\nnothing happened\n", []),
}


@pytest.mark.parametrize(("text", "uniqueids"), TABLE.values(), ids=TABLE.keys())
def test_what_is_read(trace: Path, text: str, uniqueids: list[str]) -> None:
    assert read(trace, text) == (uniqueids, [])


def test_a_trace_cut_in_the_middle_of_a_message_says_so(trace: Path) -> None:
    uniqueids, reports = read(trace, hold("1") + hold("2")[:20])
    assert uniqueids == ["1"]
    assert reports == [f"{trace}: breaks off within a message; its last 19 characters are left out"]


@given(cut=st.integers(0, 200), name=st.binary(max_size=20))
def test_cut_anywhere_it_gives_what_was_whole(
    tmp_path_factory: pytest.TempPathFactory, cut: int, name: bytes
) -> None:
    name = name.replace(b"\r", b"").replace(b"\n", b"")
    path = tmp_path_factory.mktemp("cut") / "day.ami"
    one = b"Event: Hold\r\nCallerIDName: " + name + b"\r\nUniqueid: 1\r\n\r\n"
    uniqueids, _ = read(path, (one * 3)[:cut])
    assert len(uniqueids) >= min(3, cut // len(one))
    assert set(uniqueids) <= {"1", ""}


def test_a_message_of_a_megabyte_is_left_out_and_told(trace: Path) -> None:
    long = hold("2").replace("Uniqueid", f"CallerIDName: {'x' * (1 << 20)}\r\nUniqueid")
    uniqueids, reports = read(trace, hold("1") + long + hold("3"))
    assert uniqueids == ["1", "3"]
    assert reports == [f"{trace}: 1 message(s) over 1048576 bytes are left out"]


def test_a_file_that_is_not_there_is_a_sentence(trace: Path) -> None:
    with pytest.raises(UserError, match=r"day\.ami: cannot be read \(No such file"):
        list(read_trace(trace))


def test_what_is_recorded_can_be_read(trace: Path) -> None:
    with Recorder(trace, source="Asterisk 22") as recorder:
        for text in (RESPONSE, hold("1"), "Event: VarSet\nVariable: 张\n\n", hold("2")):
            recorder.write(text.replace("\r\n", "\n").strip("\n"))
    assert recorder.messages == 3
    text = trace.read_bytes().decode()
    assert text.startswith(f"# ivr {__version__}: Asterisk 22, 20")
    assert "\r\nVariable: 张\r\n\r\n" in text
    assert "accepted" not in text
    assert [type(event) for event in read_trace(trace)] == [ev.Hold, ev.Hold]


def test_masked_numbers_and_names_stay_the_same_ones(trace: Path) -> None:
    message = "\n".join(
        (
            "Event: DialBegin",
            "Privilege: call,all",
            "Timestamp: 1795320872.618845",
            "Channel: PJSIP/13800138000-00000015",
            "ChannelState: 4",
            "CallerIDNum: 13800138000",
            "CallerIDName: 周先生",
            "Uniqueid: 1795320872.15",
            "DestChannel: PJSIP/101-00000016;2",
            "DestCallerIDNum: +8613800138000",
            "DestConnectedLineName: 周先生",
            "DestConnectedLineNum: 02155551234",
            "DestUniqueid: 1795320872.16",
            "DialString: 101/sip:13800138000@127.0.0.1:5060",
        )
    )
    with Recorder(trace, mask=True) as recorder:
        recorder.write(message)
        recorder.write("Event: Cdr\nCallerID: 周先生")
    text = trace.read_text()
    for secret in ("周先生", "13800138000", "02155551234"):
        assert secret not in text
    (dial,) = read_trace(trace)
    assert isinstance(dial, ev.DialBegin)
    assert dial.caller is not None
    assert dial.at == 1795320872.618845
    assert dial.caller.caller_num == "00000000001"
    assert dial.caller.name == "PJSIP/00000000001-00000015"
    assert dial.caller.uniqueid == "1795320872.15"
    assert dial.caller.caller_name == "name 1"
    assert dial.dest.name == "PJSIP/101-00000016;2"
    assert dial.dest.caller_num == "+0000000000002"
    assert dial.dest.connected_num == "00000000003"
    assert dial.dial_string == "101/sip:00000000001@127.0.0.1:5060"


def test_a_trace_is_never_overwritten(trace: Path) -> None:
    trace.write_text("precious")
    with pytest.raises(UserError, match="exists already; choose another name"):
        Recorder(trace)
    assert trace.read_text() == "precious"


def test_a_full_disk_ends_the_recording_with_a_sentence(trace: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    recorder = Recorder(trace)
    recorder._file.close()
    recorder._file = full.open("wb")
    for _ in range(1000):
        recorder.write(hold("1"))  # never raises: the session goes on
    assert recorder.error is not None
    with pytest.raises(UserError, match=r"day\.ami: recording ended \(No space left on device\)"):
        recorder.close()
