"""The guard's stages, told in seconds after the first phone began to ring."""

import pytest

from ivr.calls.facts import CallAnswered, CallEnded, Fact, LegEnded, LegRinging, SystemAnswered
from ivr.calls.guard import AddPhones, Guard, MarkAtRisk, Rescue, StopPhones
from ivr.calls.model import Call, Direction, Leg, LegOutcome
from ivr.settings import Rings

T = 1_000_000.0


def ringing_call(direction: Direction = Direction.INBOUND) -> Call:
    leg = Leg("PJSIP/101-1", "u2", "101", dial_at=T, ring_at=T, rang=True)
    return Call(
        "u1", "13800138000", "", "4001234567", "PJSIP/city-0", "u1", direction,
        start_at=T, ring_at=T, legs=[leg],
    )  # fmt: skip


def guard(*backups: str) -> Guard:
    return Guard(Rings(), lambda call, at: backups)


def ring(watcher: Guard, call: Call) -> list[object]:
    return list(watcher.feed(LegRinging(T, call, call.legs[-1])))


def test_each_stage_comes_at_its_ring_and_only_once() -> None:
    call, watcher = ringing_call(), guard("103", "101")
    assert ring(watcher, call) == []
    assert watcher.next_due() == T + 5
    assert watcher.tick(T + 4.99) == []
    assert watcher.tick(T + 5) == [MarkAtRisk(call)]
    assert watcher.tick(T + 5.01) == []
    assert watcher.next_due() == T + 10
    # 101 rings already: it goes on undisturbed and is not rung twice
    assert watcher.tick(T + 10) == [AddPhones(call, "PJSIP/101-1", ("103",), 5.0)]
    assert watcher.next_due() == pytest.approx(T + 15.1)
    assert watcher.tick(T + 15.05) == []
    assert watcher.tick(T + 15.11) == [Rescue(call)]
    assert watcher.next_due() is None


@pytest.mark.parametrize(
    "end",
    [
        lambda call: CallAnswered(T + 12, call, call.legs[0]),
        lambda call: SystemAnswered(T + 12, call),
        lambda call: CallEnded(T + 12, call),
    ],
)
def test_what_was_added_stops_when_the_call_is_taken_or_gone(end) -> None:  # type: ignore[no-untyped-def]
    call, watcher = ringing_call(), guard("103")
    ring(watcher, call)
    watcher.tick(T + 10)
    fact: Fact = end(call)
    assert watcher.feed(fact) == [StopPhones("u1")]
    assert watcher.feed(fact) == []
    assert watcher.next_due() is None


def test_answered_in_time_needs_nothing() -> None:
    call, watcher = ringing_call(), guard("103")
    ring(watcher, call)
    assert watcher.feed(CallAnswered(T + 2, call, call.legs[0])) == []
    assert watcher.next_due() is None


@pytest.mark.parametrize("direction", [Direction.INTERNAL, Direction.OUTBOUND])
def test_calls_of_our_own_are_left_alone(direction: Direction) -> None:
    call, watcher = ringing_call(direction), guard("103")
    ring(watcher, call)
    assert watcher.next_due() is None


def test_a_late_start_does_at_once_all_that_is_overdue() -> None:
    """ivr comes back in the middle of a call that rings for 11 seconds."""
    call, watcher = ringing_call(), guard("103")
    ring(watcher, call)
    assert watcher.tick(T + 11) == [MarkAtRisk(call), AddPhones(call, "PJSIP/101-1", ("103",), 4.0)]


def test_nothing_to_pick_up_when_no_phone_rings() -> None:
    call, watcher = ringing_call(), guard("103")
    ring(watcher, call)
    call.legs[0].outcome = LegOutcome.BUSY
    assert watcher.tick(T + 10) == [MarkAtRisk(call)]


def test_a_second_phone_does_not_start_the_count_again() -> None:
    call, watcher = ringing_call(), guard()
    ring(watcher, call)
    call.legs.append(Leg("PJSIP/102-1", "u3", "102", dial_at=T, ring_at=T + 3, rang=True))
    watcher.feed(LegRinging(T + 3, call, call.legs[1]))
    assert watcher.tick(T + 5) == [MarkAtRisk(call)]


def test_forgetting_stops_what_was_added() -> None:
    call, watcher = ringing_call(), guard("103")
    ring(watcher, call)
    watcher.tick(T + 10)
    assert watcher.forget() == [StopPhones("u1")]
    assert watcher.tick(T + 100) == []


def test_a_caller_who_gives_up_leaves_no_phone_ringing() -> None:
    """The call itself ends only with its last channel, and that is the added phone's."""
    call, watcher = ringing_call(), guard("103")
    ring(watcher, call)
    watcher.tick(T + 10)
    call.legs[0].outcome = LegOutcome.CANCELLED
    assert watcher.feed(LegEnded(T + 12, call, call.legs[0])) == [StopPhones("u1")]


@pytest.mark.parametrize(
    ("outcome", "at", "follows"),
    [
        (LegOutcome.BUSY, 12.0, "stop, ring again"),  # it refused while it rang
        (LegOutcome.ELSEWHERE, 12.0, ""),  # a phone was lifted, perhaps an added one
        (LegOutcome.NO_ANSWER, 15.0, "stop"),  # the dialplan's time is up
    ],
)
def test_when_the_phone_they_ring_for_falls_out_the_added_help_the_other(
    outcome: LegOutcome, at: float, follows: str
) -> None:
    call, watcher = ringing_call(), guard("103")
    ring(watcher, call)
    call.legs.insert(0, Leg("PJSIP/102-1", "u3", "102", ring_at=T, rang=True))
    watcher.tick(T + 10)
    call.legs.append(Leg("PJSIP/103-1", "u4", "103", ring_at=T + 10, rang=True))
    call.legs[1].outcome = outcome
    commands = {
        "stop": StopPhones("u1"),
        "ring again": AddPhones(call, "PJSIP/102-1", ("103",), 3.0),
    }
    expected = [commands[each] for each in follows.split(", ") if each]
    assert watcher.feed(LegEnded(T + at, call, call.legs[1])) == expected
