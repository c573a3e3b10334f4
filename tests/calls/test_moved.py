"""A waiting caller whom somebody sends on: a transfer without anybody who talked."""

import pytest
from table import Table, row, told

from ivr.calls import facts
from ivr.calls.model import Call
from ivr.calls.tracker import MOVED_MARK, Tracker
from ivr.pbx import events as ev

WAITS = """
0  new   city 138 → 8000
0  dial  city 101
0  rings 101
15 silent 101
15 up    city
"""
HANGS_UP = "40 wants city\n40 leave city\n40 gone city"


def moved(before: str, after: str, to: str = "102") -> Call:
    tracker, table = Tracker(lambda name: name.startswith("PJSIP/city")), Table()
    heard = told(tracker, table.events(WAITS + before))
    mark = ev.UserEvent(20.0, MOVED_MARK, table.channels["city"], {"To": to})
    heard += told(tracker, [mark])
    heard += told(tracker, table.events(after))
    assert tracker.calls == []
    (ended,) = [fact.call for fact in heard if isinstance(fact, facts.CallEnded)]
    return ended


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (
            "",
            "21 dial city 102\n21 rings 102\n23 lifts 102\n23 talk city 102\n"
            "40 wants city\n40 leave city 102\n40 gone 102 city",
            "answered by 102, 101 no_answer, 102 answered, blind >102 answered, hung up by caller",
        ),
        (
            "",
            "21 dial city 102\n21 rings 102\n36 silent 102\n"
            "36 dial city 101'\n36 rings 101'\n38 lifts 101'\n38 talk city 101'\n"
            "40 wants city\n40 leave city 101'\n40 gone 101' city",
            "answered by 101, 101 no_answer, 102 no_answer, 101 answered, "
            "blind >102 no_answer, hung up by caller",
        ),
        (
            "",
            "40 wants city\n40 gone city",
            "abandoned, 101 no_answer, blind >102 abandoned, hung up by caller",
        ),
        (  # a phone rang for the caller when they were sent on
            "15 dial city 103\n15 rings 103\n20 cancelled 103",
            "21 dial city 102\n21 busy 102\n40 wants city\n40 gone city",
            "abandoned, 101 no_answer, 103 elsewhere, 102 busy, blind >102 busy, hung up by caller",
        ),
    ],
)
def test_moved(before: str, after: str, expected: str) -> None:
    assert row(moved(before, after)) == expected


def test_of_an_unknown_channel_it_is_only_a_mark() -> None:
    tracker = Tracker()
    mark = ev.UserEvent(20.0, MOVED_MARK, Table().channel("city"), {"To": "102"})
    assert told(tracker, [mark]) == [facts.Marked(20.0, None, MOVED_MARK, {"To": "102"})]


def test_a_recording_found_running_is_the_calls() -> None:
    tracker, table = Tracker(), Table()
    told(tracker, table.events(WAITS))
    (call,) = tracker.calls
    tracker.found_recorded(call.call_id)
    tracker.found_recorded("another")
    assert call.recording
