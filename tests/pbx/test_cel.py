"""Calls as Asterisk's event log tells them, to the tracker that reads AMI too."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from ivr.calls.facts import CallEnded
from ivr.calls.model import Call, LegOutcome
from ivr.calls.tracker import Tracker
from ivr.pbx import cel
from ivr.pbx.events import HangupRequest, pickup_channel

CALL = "1700000000.0"
DESK = "1700000000.1"
HELPER = pickup_channel(CALL, "0190")


def row(kind: str, at: float, channel: str, uniqueid: str, linkedid: str, **more: str) -> str:
    cells = [
        kind, f"{at:.6f}", "138", "", "8000", "from", channel, more.get("app", ""), uniqueid,
        linkedid, "", "", more.get("extra", ""),
    ]  # fmt: skip
    return ",".join('"' + cell.replace('"', '""') + '"' for cell in cells)


def ended(rows: Iterable[str]) -> Iterator[Call]:
    tracker = Tracker(is_outside=lambda name: name.startswith("PJSIP/city-"))
    for event in cel.events(cel.parse(rows)):
        for fact in tracker.feed(event):
            if isinstance(fact, CallEnded):
                yield fact.call


CITY = "PJSIP/city-00000000"
RINGING = [
    row("CHAN_START", 0.0, CITY, CALL, CALL),
    row("APP_START", 0.0, CITY, CALL, CALL, app="Dial"),
    row("CHAN_START", 0.1, "PJSIP/101-00000001", DESK, CALL),
    row("CHAN_START", 10.1, "PJSIP/103-00000002", HELPER, HELPER),
]


def test_a_phone_added_before_ivr_died_is_part_of_the_call() -> None:
    rows = [
        *RINGING,
        row("HANGUP", 12.0, CITY, CALL, CALL, extra='{"hangupcause":127}'),
        row("HANGUP", 12.0, "PJSIP/101-00000001", DESK, CALL, extra='{"hangupcause":26}'),
        row("HANGUP", 15.1, "PJSIP/103-00000002", HELPER, HELPER, extra='{"hangupcause":0}'),
    ]
    (call,) = ended(rows)
    assert [(leg.ext, leg.ring_at) for leg in call.legs if leg.rang] == [
        ("101", 0.1),
        ("103", 10.1),
    ]


def test_and_answers_it() -> None:
    pickup = f'{{"pickup_channel_uniqueid":"{HELPER}"}}'
    rows = [
        *RINGING,
        row("ANSWER", 12.0, "PJSIP/103-00000002", HELPER, HELPER),
        row("PICKUP", 12.0, "PJSIP/101-00000001", DESK, CALL, extra=pickup),
        row("HANGUP", 12.0, "PJSIP/101-00000001", DESK, CALL, extra='{"hangupcause":26}'),
        row("ANSWER", 12.0, CITY, CALL, CALL),
        row("BRIDGE_ENTER", 12.0, "PJSIP/103-00000002", HELPER, HELPER, extra='{"bridge_id":"b"}'),
        row("BRIDGE_ENTER", 12.0, CITY, CALL, CALL, extra='{"bridge_id":"b"}'),
        row("HANGUP", 20.0, CITY, CALL, CALL, extra='{"hangupcause":16}'),
        row("HANGUP", 20.0, "PJSIP/103-00000002", HELPER, HELPER, extra='{"hangupcause":16}'),
    ]
    (call,) = ended(rows)
    assert call.answered_ext == "103"
    assert {leg.ext: leg.outcome for leg in call.legs} == {
        "101": LegOutcome.ELSEWHERE,
        "103": LegOutcome.ANSWERED,
    }


def test_a_name_used_again_after_a_crash_is_the_new_channels() -> None:
    """A killed Asterisk writes no end of its channels, and names them from 0 again."""
    later = "1700000900.0"
    rows = [
        row("CHAN_START", 0.0, CITY, CALL, CALL),
        row("CHAN_START", 900.0, CITY, later, later),
        row("ANSWER", 901.0, CITY, later, later),
        row(
            "HANGUP", 905.0, CITY, later, later,
            extra='{"hangupcause":16,"hangupsource":"PJSIP/city-00000000"}',
        ),
    ]  # fmt: skip
    requests = [event for event in cel.events(cel.parse(rows)) if isinstance(event, HangupRequest)]
    assert [event.channel.uniqueid for event in requests] == [later]


def test_reading_goes_on_where_it_was_left(tmp_path: Path) -> None:
    file = tmp_path / "ivr.csv"
    assert cel.read(file) == ([], cel.Position())
    first, second = RINGING[0] + "\n", RINGING[1] + "\n"
    file.write_text(first + second[:20], encoding="utf-8")
    records, position = cel.read(file)
    assert [record.type for record in records] == ["CHAN_START"]  # half a row is left
    file.write_text(first + second, encoding="utf-8")
    records, position = cel.read(file, position)
    assert [record.type for record in records] == ["APP_START"]
    assert cel.read(file, position) == ([], cel.end_of(file))
    file.write_text(first, encoding="utf-8")  # it shrank: rotated in place
    assert [record.type for record in cel.read(file, position)[0]] == ["CHAN_START"]


def test_rows_that_are_none_are_passed_over() -> None:
    rows = ["", "a,b,c", '"CHAN_START","no time"' + ',""' * 11, RINGING[0] + ',"more"', "\x00"]
    assert [record.type for record in cel.parse(rows)] == ["CHAN_START"]
