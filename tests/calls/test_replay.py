"""The traces in stories/ were recorded on an Asterisk 22.10 of ours, with phones of ours.

Each begins with a line that tells what was done; what a person would say about
it stands here.
"""

import io
import json
from pathlib import Path

import pytest
from table import Table, row

from ivr.calls import replay
from ivr.errors import UserError
from ivr.pbx.trace import read_trace

FOLDER = Path(__file__).parent / "stories"

STORIES = {
    "abandoned": [
        "city > 101: abandoned, 101 cancelled, hung up by caller",
    ],
    "accepted_by_key": [
        "city > 604: answered by 104, 104 answered, hung up by caller",
    ],
    "accepted_too_late": [
        "city > 603: answered by 101, 101 answered, 104 elsewhere, hung up by caller",
    ],
    "answered": [
        "city > 101: answered by 101, 101 answered, hung up by caller",
    ],
    "attended": [
        "city > 101: answered by 101, 101 answered, 102 answered, "
        "attended 101>102 answered, hung up by caller",
    ],
    "attended_by_keys": [
        "city > 101: answered by 101, 101 answered, 102 answered, "
        "attended 101>102 answered, hung up by caller",
    ],
    "attended_by_keys_busy": [
        "city > 101: answered by 101, 101 answered, 102 busy, attended 101>102 busy, "
        "hung up by caller",
    ],
    "attended_by_keys_recalled": [
        "city > 101: answered by 101, 101 answered, 102 no_answer, 101 answered, "
        "attended 101>102 returned, hung up by caller",
    ],
    "attended_by_keys_taken_back": [
        "city > 101: answered by 101, 101 answered, 102 answered, "
        "attended 101>102 returned, hung up by caller",
    ],
    "attended_by_the_caller": [
        "101 > 102: answered by 102, 102 answered, 103 answered, "
        "attended 101>103 answered, hung up by callee",
    ],
    "attended_taken_back": [
        "city > 101: answered by 101, 101 answered, hung up by caller",
        "101 > 102: answered by 102, 102 answered, hung up by caller",
    ],
    "blind": [
        "city > 101: answered by 101, 101 answered, 102 answered, "
        "blind 101>102 answered, hung up by caller",
    ],
    "blind_abandoned": [
        "city > 101: answered by 101, 101 answered, 102 cancelled, "
        "blind 101>102 abandoned, hung up by caller",
    ],
    "blind_by_keys": [
        "city > 101: answered by 101, 101 answered, 102 answered, "
        "blind 101>102 answered, hung up by caller",
    ],
    "blind_by_the_caller": [
        "101 > 102: answered by 102, 102 answered, 103 answered, blind 101>103 answered, "
        "hung up by caller",
    ],
    "blind_loop": [
        "city > 101: answered by 101, 101 answered, 102 answered, 101 answered, "
        "102 answered, blind 101>102 answered, blind 102>101 answered, "
        "blind 101>102 answered, hung up by caller",
    ],
    "blind_no_answer": [
        "city > 101: answered by 101, 101 answered, 102 no_answer, "
        "blind 101>102 no_answer, hung up by system",
    ],
    "blind_rejected": [
        "city > 101: answered by 101, 101 answered, 102 busy, blind 101>102 busy, "
        "hung up by system",
    ],
    "blind_returned": [
        "city > 101: answered by 101, 101 answered, 102 no_answer, 101 answered, "
        "blind 101>102 returned, hung up by caller",
    ],
    "blonde": [
        "city > 101: answered by 101, 101 answered, 102 answered, "
        "attended 101>102 answered, hung up by caller",
    ],
    "blonde_abandoned": [
        "city > 101: answered by 101, 101 answered, 102 cancelled, "
        "attended 101>102 abandoned, hung up by caller",
    ],
    "blonde_no_answer": [
        "city > 101: answered by 101, 101 answered, 102 no_answer, "
        "attended 101>102 no_answer, hung up by system",
    ],
    "busy": [
        "city > 101: busy, 101 busy, hung up by system",
    ],
    "busy_tone": [
        "city > 606: busy, 101 busy, hung up by system",
    ],
    "click_to_dial": [
        "101 > 102: answered by 102, 102 answered, hung up by callee",
    ],
    "click_to_dial_local": [
        "101 > 102: answered by 102, 102 answered, hung up by callee",
    ],
    "dialplan_ends_it": [
        "city > 608: answered by 101, 101 answered, hung up by system",
    ],
    "forwarded": [
        "city > 101: answered by 102, 101 elsewhere, 102 answered, hung up by caller",
    ],
    "group": [
        "city > 600: answered by 101, 101 answered, 102 elsewhere, 103 elsewhere, "
        "hung up by caller",
    ],
    "group_behind_local": [
        "city > 602: answered by 102, 101 elsewhere, 102 answered, hung up by caller",
    ],
    "held": [
        "city > 101: answered by 101, 101 answered, hung up by caller",
    ],
    "no_answer": [
        "city > 601: no_answer, 101 no_answer, 102 no_answer, 103 no_answer, hung up by system",
    ],
    "not_accepted": [
        "city > 604: no_answer, 104 no_answer, hung up by system",
    ],
    "originated_announcement": [
        "8000 > 101: answered by 101, 101 answered, hung up by system",
    ],
    "parked": [
        "city > 101: answered by 101, 101 answered, 102 answered, "
        "blind 101>700 answered, hung up by caller",
    ],
    "pickup": [
        "city > 101: answered by 103, 101 elsewhere, 103 answered, hung up by caller",
    ],
    "pickup_originated": [
        "city > 101: answered by 103, 101 elsewhere, 103 answered, hung up by caller",
    ],
    "queue": [
        "city > 614: answered by 102, 101 elsewhere, 102 answered, hung up by caller",
    ],
    "queue_abandoned": [
        "city > 614: abandoned, 101 cancelled, 102 cancelled, hung up by caller",
    ],
    "queue_of_local_members": [
        "city > 615: answered by 102, 101 no_answer, 102 answered, hung up by caller",
    ],
    "queue_timeout": [
        "city > 613: no_answer, 101 no_answer, 102 no_answer, 101 no_answer, "
        "102 no_answer, hung up by system",
    ],
    "rejected": [
        "city > 101: busy, 101 busy, hung up by system",
    ],
    "staff_hangs_up_first": [
        "city > 101: answered by 101, 101 answered, hung up by callee",
    ],
    "survey_after_the_desk": [
        "city > 607: answered by 101, 101 answered, hung up by callee",
    ],
    "system_answers_abandoned": [
        "city > 605: abandoned, 101 no_answer, 101 cancelled, 102 cancelled, hung up by caller",
    ],
    "system_answers_then_desk": [
        "city > 605: answered by 102, 101 no_answer, 101 elsewhere, 102 answered, "
        "hung up by caller",
    ],
    "two_desks_at_once": [
        "city > 600: answered by 101, 101 answered, 102 elsewhere, 103 elsewhere, "
        "hung up by caller",
    ],
    "unregistered": [
        "city > 106: failed, hung up by system",
    ],
}


def objects(*paths: Path) -> list[dict[str, object]]:
    out = io.StringIO()
    replay.replay(paths, out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def story(name: str) -> Path:
    return FOLDER / f"{name}.ami"


@pytest.mark.parametrize("name", STORIES)
def test_story(name: str) -> None:
    told = [
        f"{call.caller} > {call.called}: {row(call)}"
        for call in replay.calls_of(read_trace(story(name)))
    ]
    assert told == STORIES[name]


def test_every_trace_is_tested() -> None:
    assert {path.stem for path in FOLDER.glob("*.ami")} == STORIES.keys()


def test_the_object_of_a_call() -> None:
    assert objects(story("blind_returned")) == [
        {
            "call_id": "1795320674.467",
            "caller": "city",
            "called": "101",
            "answered_by": "PJSIP/101-0000016a",
            "answered_ext": "101",
            "disposition": "answered",
            "hangup_by": "caller",
            "rings": 1,
            "ring_s": 0.303,
            "talk_s": 3.212,
            "legs": [
                {
                    "channel": "PJSIP/101-0000016a",
                    "ext": "101",
                    "rang": True,
                    "outcome": "answered",
                },
                {
                    "channel": "PJSIP/102-0000016b",
                    "ext": "102",
                    "rang": True,
                    "outcome": "no_answer",
                },
                {
                    "channel": "PJSIP/101-0000016c",
                    "ext": "101",
                    "rang": True,
                    "outcome": "answered",
                },
            ],
            "transfers": [{"kind": "blind", "by": "101", "to": "102", "outcome": "returned"}],
        }
    ]


def without_time(path: Path, name: str) -> Path:
    bare = path / "bare.ami"
    lines = story(name).read_text().splitlines(keepends=True)
    bare.write_text("".join(line for line in lines if not line.startswith("Timestamp")))
    return bare


def test_without_timestamps_durations_are_null(tmp_path: Path) -> None:
    (call,) = objects(without_time(tmp_path, "answered"))
    assert (call["rings"], call["ring_s"], call["talk_s"]) == (None, None, None)
    assert call["answered_ext"] == "101"


def test_without_timestamps_no_ring_is_still_none(tmp_path: Path) -> None:
    (call,) = objects(without_time(tmp_path, "unregistered"))
    assert (call["rings"], call["ring_s"], call["talk_s"]) == (0, None, None)


@pytest.mark.parametrize("name", STORIES)
def test_without_timestamps_the_story_is_the_same(name: str, tmp_path: Path) -> None:
    bare = without_time(tmp_path, name)
    told = [f"{c.caller} > {c.called}: {row(c)}" for c in replay.calls_of(read_trace(bare))]
    assert told == STORIES[name]


def test_rings_are_counted_by_the_cadence() -> None:
    (call,) = objects(story("no_answer"))
    assert (call["rings"], call["ring_s"]) == (3, 10.018)


def test_order_of_start_and_the_open_ones_last() -> None:
    table = """
     0 new  A 1 → 8
     1 new  B 2 → 8
     2 new  C 3 → 8
     3 new  D 4 → 8
     4 gone D
     5 gone B
     6 gone A
    """
    told = [
        (call.caller, call.disposition is not None)
        for call in replay.calls_of(Table().events(table))
    ]
    assert told == [("1", True), ("2", True), ("4", True), ("3", False)]


def test_an_open_call_says_so(tmp_path: Path) -> None:
    half = tmp_path / "half.ami"
    half.write_text(story("answered").read_text().partition("Event: HangupRequest")[0])
    (call,) = objects(half)
    assert (call["open"], call["disposition"], call["answered_ext"]) == (True, None, "101")
    assert (call["talk_s"], call["ring_s"]) == (None, 0.304)


def test_a_call_may_go_on_in_the_next_trace(tmp_path: Path) -> None:
    before, event, after = story("answered").read_text().partition("Event: HangupRequest")
    one, two = tmp_path / "1.ami", tmp_path / "2.ami"
    one.write_text(before)
    two.write_text(event + after)
    assert objects(one, two) == objects(story("answered"))


def test_a_readable_line() -> None:
    out = io.StringIO()
    replay.replay([story("blind")], out, as_json=False)
    (line,) = out.getvalue().splitlines()
    assert "city → 101  answered  by 101  ring 1 (0.3 s)" in line
    assert "blind transfer 101 → 102: answered  hung up by caller" in line


def test_a_trace_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError):
        objects(tmp_path / "none.ami")
