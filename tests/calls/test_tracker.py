import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from table import Table, calls, one_call, row, told

from ivr.calls import facts
from ivr.calls.model import Direction, LegOutcome, Side, TransferOutcome
from ivr.calls.tracker import Tracker
from ivr.pbx import events as ev

DESK = """
 0.0 new   city  138 → 8000
 0.1 dial  city  101
 0.2 rings 101
"""
ANSWERED = (
    DESK
    + """
 3.2 lifts 101
 3.2 up    city
 3.2 talk  city 101
"""
)

STORIES = {
    "the caller hangs up": (
        ANSWERED + "9.2 wants city\n 9.2 leave city 101\n 9.2 gone city 101",
        "answered by 101, 101 answered, hung up by caller",
    ),
    "the desk hangs up": (
        ANSWERED + "9.2 wants 101\n 9.2 leave 101 city\n 9.2 gone 101 city",
        "answered by 101, 101 answered, hung up by callee",
    ),
    "Asterisk ends it": (
        ANSWERED + "9.2 kicked city\n 9.2 leave city 101\n 9.2 gone city 101",
        "answered by 101, 101 answered, hung up by system",
    ),
    "the caller gives up": (
        DESK + "6.0 wants city\n 6.0 dropped 101\n 6.0 gone city",
        "abandoned, 101 cancelled, hung up by caller",
    ),
    "nobody answers": (
        DESK + "20 silent 101\n 20 gone city",
        "no_answer, 101 no_answer, hung up by system",
    ),
    "refused (SIP 603 is DialEnd NOANSWER)": (
        DESK + "2 refuses 101\n 2 gone city",
        "busy, 101 busy, hung up by system",
    ),
    "all desks busy": (
        "0 new city 138 → 8000\n 0 dial city 101 102\n 1 busy 101 102\n 1 kicked city\n1 gone city",
        "busy, 101 busy, 102 busy, hung up by system",
    ),
    "all desks busy, and asked to wait": (
        "0 new city 138 → 8000\n 0 dial city 101\n 1 busy 101\n 1 up city\n"
        "5 wants city\n 5 gone city",
        "abandoned, 101 busy, hung up by caller",
    ),
    "the desk is not registered": (
        "0 new city 138 → 8000\n 0 kicked city\n 0 gone city",
        "failed, hung up by system",
    ),
    "a group": (
        "0 new city 138 → 8000\n 0 dial city 101 102 103\n 0 rings 101 102 103\n 3 lifts 102\n"
        "3 cancelled 101 103\n 3 up city\n 3 talk city 102\n 9 wants city\n 9 gone city 102",
        "answered by 102, 101 elsewhere, 102 answered, 103 elsewhere, hung up by caller",
    ),
    "two desks answer at once": (
        "0 new city 138 → 8000\n 0 dial city 101 102\n 0 rings 101 102\n 3 up 101 102\n"
        "3 lifts 101\n 3 cancelled 102\n 3 talk city 101\n 9 wants city\n 9 gone city 101",
        "answered by 101, 101 answered, 102 elsewhere, hung up by caller",
    ),
    "one desk after the other": (
        DESK + "10 silent 101\n 10 dial city 102\n 10 rings 102\n 12 lifts 102\n"
        "12 talk city 102\n 15 wants city\n 15 gone city 102",
        "answered by 102, 101 no_answer, 102 answered, hung up by caller",
    ),
    "gone during the please-wait prompt": (
        DESK + "15 silent 101\n 15 up city\n 16 wants city\n 16 gone city",
        "abandoned, 101 no_answer, hung up by caller",
    ),
    "the system answers, then a desk": (
        DESK + "15 silent 101\n 15 up city\n 18 dial city 101'\n 18 rings 101'\n"
        "20 lifts 101'\n 20 talk city 101'\n 25 wants city\n 25 gone city 101'",
        "answered by 101, 101 no_answer, 101 answered, hung up by caller",
    ),
    "lifted, and nobody pressed 1": (
        DESK + "3 lifts 101\n 7 gone 101\n 7 kicked city\n 7 gone city",
        "no_answer, 101 no_answer, hung up by system",
    ),
    "forwarded": (
        DESK + "1 forwards 101 102\n 1 dial city 102\n 1 rings 102\n 4 lifts 102\n"
        "4 talk city 102\n 9 wants city\n 9 gone city 102",
        "answered by 102, 101 elsewhere, 102 answered, hung up by caller",
    ),
    "picked up with *8": (
        DESK + "2 new 103 103 → *8\n 3 up 103\n 3 pickup 103 101\n 3 cancelled 101\n"
        "3 up city\n 3 talk city 103\n 9 wants city\n 9 gone city 103",
        "answered by 103, 101 elsewhere, 103 answered, hung up by caller",
    ),
    "picked up by an originated phone": (
        DESK + "2 call 103\n 2 rings 103\n 4 up 103\n 4 pickup 103 101\n 4 lifts 103\n"
        "4 cancelled 101\n 4 talk city 103\n 9 wants city\n 9 gone city 103",
        "answered by 103, 101 elsewhere, 103 answered, hung up by caller",
    ),
    "blind transfer": (
        ANSWERED + "5 blind 101 city 102\n 5 leave 101 city\n 5 gone 101\n 5 dial city 102\n"
        "5 rings 102\n 8 lifts 102\n 8 talk city 102\n 9 wants city\n 9 gone city 102",
        "answered by 101, 101 answered, 102 answered, blind 101>102 answered, hung up by caller",
    ),
    "blind transfer by the caller": (
        ANSWERED + "5 blind city 101 102\n 5 leave city 101\n 5 gone city\n 5 dial 101 102\n"
        "8 lifts 102\n 8 talk 101 102\n 9 wants 101\n 9 gone 101 102",
        "answered by 101, 101 answered, 102 answered, blind city>102 answered, hung up by caller",
    ),
    "blind transfer to a busy phone": (
        ANSWERED + "5 blind 101 city 102\n 5 leave 101 city\n 5 gone 101\n 5 dial city 102\n"
        "6 busy 102\n 6 kicked city\n 6 gone city",
        "answered by 101, 101 answered, 102 busy, blind 101>102 busy, hung up by system",
    ),
    "blind transfer, the caller gives up": (
        ANSWERED + "5 blind 101 city 102\n 5 leave 101 city\n 5 gone 101\n 5 dial city 102\n"
        "5 rings 102\n 7 wants city\n 7 gone 102 city",
        "answered by 101, 101 answered, 102 cancelled, blind 101>102 abandoned, hung up by caller",
    ),
    "blind transfer that comes back": (
        ANSWERED + "5 blind 101 city 102\n 5 leave 101 city\n 5 gone 101\n 5 dial city 102\n"
        "5 rings 102\n 20 silent 102\n 20 dial city 101'\n 20 rings 101'\n 22 lifts 101'\n"
        "22 talk city 101'\n 30 wants city\n 30 gone city 101'",
        "answered by 101, 101 answered, 102 no_answer, 101 answered, "
        "blind 101>102 returned, hung up by caller",
    ),
    "blind transfer to oneself": (
        ANSWERED + "5 blind 101 city 101\n 5 leave 101 city\n 5 gone 101\n 5 dial city 101'\n"
        "6 lifts 101'\n 6 talk city 101'\n 9 wants city\n 9 gone city 101'",
        "answered by 101, 101 answered, 101 answered, blind 101>101 returned, hung up by caller",
    ),
    "a loop of transfers": (
        ANSWERED + "5 blind 101 city 102\n 5 leave 101 city\n 5 gone 101\n 5 dial city 102\n"
        "6 lifts 102\n 6 talk city 102\n 7 blind 102 city 101\n 7 leave 102 city\n 7 gone 102\n"
        "7 dial city 101'\n 8 lifts 101'\n 8 talk city 101'\n 9 wants city\n 9 gone city 101'",
        "answered by 101, 101 answered, 102 answered, 101 answered, blind 101>102 answered, "
        "blind 102>101 answered, hung up by caller",
    ),
    "attended transfer": (
        ANSWERED + "5 hold 101\n 6 new 101' 101 → 102\n 6 dial 101' 102\n 6 rings 102\n"
        "8 lifts 102\n 8 up 101'\n 8 talk 101' 102\n 10 attended 101 101'\n"
        "10 leave 101 101'\n 10 talk city 102\n 10 gone 101 101'\n 20 wants city\n"
        "20 gone city 102",
        "answered by 101, 101 answered, 102 answered, attended 101>102 answered, hung up by caller",
    ),
    "attended transfer, bridged before it is told": (
        ANSWERED + "6 new 101' 101 → 102\n 6 dial 101' 102\n 8 lifts 102\n 8 up 101'\n"
        "8 talk 101' 102\n 10 leave 101' city\n 10 talk city 102\n 10 attended 101 101'\n"
        "10 leave 101\n 10 gone 101' 101\n 20 wants 102\n 20 gone city 102",
        "answered by 101, 101 answered, 102 answered, attended 101>102 answered, hung up by callee",
    ),
    "blonde transfer": (
        ANSWERED + "6 new 101' 101 → 102\n 6 dial 101' 102\n 6 rings 102\n"
        "8 attended 101 101' App\n 8 leave 101 city\n 8 gone 101\n 8 dial city 102\n"
        "8 gone 101'\n 11 lifts 102\n 11 talk city 102\n 20 wants city\n 20 gone city 102",
        "answered by 101, 101 answered, 102 answered, attended 101>102 answered, hung up by caller",
    ),
    "blonde transfer that nobody answers": (
        ANSWERED + "6 new 101' 101 → 102\n 6 dial 101' 102\n 6 rings 102\n"
        "8 attended 101 101' App\n 8 leave 101 city\n 8 gone 101 101'\n"
        "20 silent 102\n 20 kicked city\n 20 gone city",
        "answered by 101, 101 answered, 102 no_answer, attended 101>102 no_answer, "
        "hung up by system",
    ),
    "Originate to an announcement": (
        "0 call 101\n 0 rings 101\n 3 lifts 101\n 9 wants 101\n 9 gone 101",
        "answered by 101, 101 answered, hung up by callee",
    ),
    "click-to-dial": (
        "0 call 101\n 0 rings 101\n 3 lifts 101\n 3 dial 101 102\n 4 rings 102\n 6 lifts 102\n"
        "6 talk 101 102\n 9 wants 101\n 9 gone 101 102",
        "answered by 102, 102 answered, hung up by caller",
    ),
}


@pytest.mark.parametrize("story", STORIES)
def test_story(story: str) -> None:
    table, expected = STORIES[story]
    assert row(one_call(table)) == expected


def test_times_are_asterisks() -> None:
    call = one_call(ANSWERED + "9.2 wants city\n 9.5 gone city 101")
    assert (call.start_at, call.ring_at, call.answer_at, call.end_at) == (0.0, 0.2, 3.2, 9.5)
    assert (call.ring_s, call.wait_s, call.talk_s) == (3.0, 3.2, pytest.approx(6.3))


def test_a_desk_that_answers_at_the_very_deadline_has_answered() -> None:
    call = one_call(
        DESK + "15.2 lifts 101\n 15.2 up city\n 15.2 talk city 101\n 20 wants city\n"
        "20 gone city 101"
    )
    assert (call.answered_ext, call.system_answer_at, call.ring_s) == ("101", None, 15.0)


def test_the_systems_answer_is_no_persons() -> None:
    call = one_call(DESK + "15 silent 101\n 15.1 up city\n 16 wants city\n 16 gone city")
    assert (call.system_answer_at, call.answer_at) == (15.1, None)


def test_holds_add_up() -> None:
    call = one_call(
        ANSWERED + "4 hold 101\n 6 unhold 101\n 7 hold 101\n 9 wants city\n 9 gone 101 city"
    )
    assert call.hold_s == 4.0


def test_directions() -> None:
    inbound = one_call(DESK + "9 wants city\n 9 gone 101 city")
    outbound = one_call("0 new 101 101 → 9138\n 0 dial 101 city\n 9 wants 101\n 9 gone city 101")
    internal = one_call("0 new 101 101 → 102\n 0 dial 101 102\n 9 wants 101\n 9 gone 102 101")
    assert [inbound.direction, outbound.direction, internal.direction] == [
        Direction.INBOUND, Direction.OUTBOUND, Direction.INTERNAL,
    ]  # fmt: skip


def test_a_phone_rings_once_however_often_it_is_told() -> None:
    tracker = Tracker()
    ringing = [
        fact
        for fact in told(tracker, Table().events(DESK + "0.3 rings 101\n 0.4 rings 101"))
        if isinstance(fact, facts.LegRinging)
    ]
    assert [(fact.at, fact.leg.ext) for fact in ringing] == [(0.2, "101")]


def test_a_consultation_that_is_taken_back_is_a_call_of_its_own() -> None:
    consultation, call = calls(
        ANSWERED + "5 new 101' 101 → 102\n 5 dial 101' 102\n 7 lifts 102\n 7 talk 101' 102\n"
        "8 wants 101'\n 8 gone 101' 102\n 20 wants city\n 20 gone city 101"
    )
    assert (consultation.called, call.called) == ("102", "8000")
    assert call.transfers == []


class TestAddedPhone:
    """103, which ivr rings beside 101 to pick the call up."""

    def tracker(self) -> tuple[Tracker, Table]:
        tracker, table = Tracker(), Table()
        told(tracker, table.events(DESK))
        own = ev.pickup_channel(tracker.calls[0].call_id, "0190")
        table.channels["103"] = table.channel("103")._replace(uniqueid=own, linkedid=own)
        return tracker, table

    def test_its_ringing_belongs_to_the_call(self) -> None:
        tracker, table = self.tracker()
        heard = told(tracker, table.events("10 call 103\n 10 rings 103"))
        (call,) = tracker.calls
        assert [type(fact) for fact in heard] == [facts.LegRinging]
        assert [leg.ext for leg in call.legs if leg.rang] == ["101", "103"]

    def test_it_answers(self) -> None:
        tracker, table = self.tracker()
        text = (
            "10 call 103\n 10 rings 103\n 12 up 103\n 12 pickup 103 101\n 12 lifts 103\n"
            "12 cancelled 101\n 12 up city\n 12 talk city 103\n 15 wants city\n 15 gone city 103"
        )
        (ended,) = [f for f in told(tracker, table.events(text)) if isinstance(f, facts.CallEnded)]
        assert row(ended.call) == (
            "answered by 103, 101 elsewhere, 103 answered, hung up by caller"
        )
        assert_empty(tracker)

    def test_it_loses(self) -> None:
        tracker, table = self.tracker()
        text = (
            "10 call 103\n 10 rings 103\n 12 lifts 101\n 12 up city\n 12 talk city 101\n"
            "12 kicked 103\n 12 gone 103\n 15 wants city\n 15 gone city 101"
        )
        (ended,) = [f for f in told(tracker, table.events(text)) if isinstance(f, facts.CallEnded)]
        assert row(ended.call) == (
            "answered by 101, 101 answered, 103 elsewhere, hung up by caller"
        )

    def test_it_comes_too_late(self) -> None:
        tracker, table = self.tracker()
        told(tracker, table.events("12 wants city\n 12 gone 101 city"))
        assert told(tracker, table.events("12 call 103\n 12 rings 103\n 15 gone 103")) == []
        assert_empty(tracker)

    def test_it_rings_on_when_ivr_comes_back(self) -> None:
        _, table = self.tracker()
        living = [
            ev.LiveChannel(table.channels[name]._replace(state=state), "", application, "", seconds)
            for name, state, application, seconds in (
                ("103", 5, "AppDial2", 2.0),
                ("101", 5, "AppDial", 12.0),
                ("city", 4, "Dial", 12.0),
            )
        ]
        tracker = Tracker()
        told(tracker, [ev.Snapshot(12.0, tuple(living))])
        (call,) = tracker.calls
        assert {leg.ext for leg in call.legs if leg.rang} == {"101", "103"}
        told(tracker, table.events("13 gone 103 101 city"))
        assert_empty(tracker)


class TestGap:
    """AMI was lost, and a Snapshot tells what lives."""

    def after(self, text: str, *living: ev.LiveChannel, at: float = 60.0) -> list[facts.Fact]:
        self.tracker, self.table = Tracker(), Table()
        told(self.tracker, self.table.events(text))
        return told(self.tracker, [ev.Disconnected(30.0), ev.Snapshot(at, living)])

    def live(self, channel: ev.Channel, application: str = "", bridge: str = "") -> ev.LiveChannel:
        return ev.LiveChannel(channel, bridge, application, "", 50.0)

    def test_a_call_that_ended_unseen_is_closed(self) -> None:
        ended = self.after(ANSWERED)[-1]
        assert isinstance(ended, facts.CallEnded)
        assert (ended.call.disposition, ended.call.hangup_by) == ("answered", None)
        assert ended.call.repaired
        assert_empty(self.tracker)

    def test_a_call_that_lives_on_unchanged_is_not_marked(self) -> None:
        table = Table()
        list(table.events(ANSWERED))
        city, desk = table.channels["city"], table.channels["101"]
        told_ = self.after(
            ANSWERED, self.live(city, "Dial", "bridge-1"), self.live(desk, "AppDial", "bridge-1")
        )
        assert told_ == []
        assert not self.tracker.calls[0].repaired

    def test_a_desk_that_answered_unseen(self) -> None:
        table = Table()
        list(table.events(ANSWERED))
        city, desk = table.channels["city"], table.channels["101"]
        self.after(DESK, self.live(city, "Dial", "b"), self.live(desk, "AppDial", "b"))
        (call,) = self.tracker.calls
        assert (call.answered_ext, call.repaired) == ("101", True)

    def test_a_call_that_began_unseen(self) -> None:
        table = Table()
        list(table.events(ANSWERED))
        city, desk = table.channels["city"], table.channels["101"]
        self.after("", self.live(desk, "AppDial", "b"), self.live(city, "Dial", "b"))
        (call,) = self.tracker.calls
        assert (call.caller, call.answered_ext, call.repaired) == ("138", "101", True)

    def test_asterisk_was_restarted(self) -> None:
        tracker = Tracker()
        told(tracker, Table().events(ANSWERED))
        (*_, ended) = told(tracker, [ev.FullyBooted(100.0, 5)])
        assert isinstance(ended, facts.CallEnded)
        assert ended.call.repaired
        assert_empty(tracker)

    def test_asterisk_was_not_restarted(self) -> None:
        tracker = Tracker()
        told(tracker, Table().events(ANSWERED))
        assert told(tracker, [ev.FullyBooted(100.0, 5000)]) == []

    def test_asterisk_shuts_down(self) -> None:
        tracker = Tracker()
        told(tracker, Table().events(ANSWERED))
        (*_, ended) = told(tracker, [ev.Shutdown(100.0)])
        assert isinstance(ended, facts.CallEnded)
        assert ended.call.hangup_by is Side.SYSTEM


def assert_empty(tracker: Tracker) -> None:
    """Nothing is kept of calls that are over (but the bounded list of late ids)."""
    board = tracker._board
    exchange = board.exchange
    assert (exchange.lines, exchange.names, exchange.bridges) == ({}, {}, {})
    assert (board._by_id, board.facts) == ({}, [])


ALL_STORIES = [table for table, _ in STORIES.values()]


@st.composite
def mangled(draw: st.DrawFn) -> list[ev.Event]:
    """A few stories with events missing, repeated and out of order, perhaps cut short."""
    events = list(Table().events(draw(st.sampled_from(ALL_STORIES))))
    events = events[: draw(st.integers(1, len(events)))]
    events = events[draw(st.integers(0, len(events))) :]
    for _ in range(draw(st.integers(0, 4))):
        if not events:
            break
        where = draw(st.integers(0, len(events) - 1))
        match draw(st.sampled_from(["drop", "repeat", "move"])):
            case "drop":
                del events[where]
            case "repeat":
                events.insert(draw(st.integers(0, len(events))), events[where])
            case "move":
                events.insert(draw(st.integers(0, len(events) - 1)), events.pop(where))
    return events


@given(mangled())
@settings(max_examples=300, deadline=None)
def test_whatever_comes_every_call_ends_exactly_once(events: list[ev.Event]) -> None:
    tracker = Tracker()
    heard = told(tracker, [*events, ev.Snapshot(99.0, ())])
    started = [fact.call.call_id for fact in heard if isinstance(fact, facts.CallStarted)]
    ended = [fact.call.call_id for fact in heard if isinstance(fact, facts.CallEnded)]
    merged = [fact.gone_id for fact in heard if isinstance(fact, facts.CallMerged)]
    assert sorted(started) == sorted(ended + merged)
    assert len(set(ended)) == len(ended)
    assert tracker.calls == []
    assert_empty(tracker)


@given(st.sampled_from(ALL_STORIES), st.data())
@settings(max_examples=200, deadline=None)
def test_with_its_channels_gone_a_call_is_over(text: str, data: st.DataObject) -> None:
    events = list(Table().events(text))
    kept = [
        event
        for event in events
        if isinstance(event, ev.Hangup) or data.draw(st.booleans(), label="kept")
    ]
    gone = {e.channel.uniqueid for e in events if isinstance(e, ev.Hangup)}
    tracker = Tracker()
    told(tracker, kept)
    assert gone
    assert_empty(tracker)


def test_ids_of_the_gone_are_bounded() -> None:
    tracker = Tracker()
    for serial in range(3000):
        channel = ev.Channel("PJSIP/1-1", f"1.{serial}", f"1.{serial}", 4, "1", "", "", "", "2")
        told(tracker, [ev.Newchannel(None, channel), ev.Hangup(None, channel, 16, "")])
    assert len(tracker._board._ended) <= 1025


def test_outcomes_are_told_with_the_end() -> None:
    call = one_call(STORIES["blind transfer to a busy phone"][0])
    assert call.legs[-1].outcome is LegOutcome.BUSY
    assert call.transfers[0].outcome is TransferOutcome.BUSY
