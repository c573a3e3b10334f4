"""The retry table, told as histories: "A busy 10" is a call to A that ended so at 10 s."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.outbound.allowlist import Allowlist
from ivr.outbound.model import DEAD, TOLD, Outcome
from ivr.outbound.retry import Dial, End, Rules, Tried, plan
from ivr.settings import Dialer, Outgoing

A, B, C = "13800138000", "13900139000", "075588881234"
ABROAD = "0085212345678"
RULES = Rules.of(Dialer(), Allowlist(Outgoing().allow).allows)
LEAVES_MESSAGES = Rules.of(Dialer(leave_message=True), Allowlist(Outgoing().allow).allows)
NAMES = {"A": A, "B": B, "C": C}


def history(*calls: str) -> list[Tried]:
    found = []
    for call in calls:
        name, outcome, at, *other = call.split()
        found.append(Tried(NAMES[name], Outcome(outcome), float(at), own=not other))
    return found


@pytest.mark.parametrize(
    ("numbers", "calls", "expected"),
    [
        # the first call
        ("A", [], Dial(0, 0)),
        # each outcome's own wait
        ("A", ["A busy 10"], Dial(0, 190)),
        ("A", ["A no_answer 10"], Dial(0, 1210)),
        ("A", ["A voicemail 10"], Dial(0, 1210)),
        ("A", ["A unreachable 10"], Dial(0, 1810)),
        ("A", ["A rejected 10"], Dial(0, 1810)),
        ("A", ["A hung_up 10"], Dial(0, 1810)),
        # another number comes first, then whose turn it is
        ("AB", ["A no_answer 10"], Dial(1, 0)),
        ("AB", ["A no_answer 10", "B busy 40"], Dial(1, 220)),
        ("AB", ["A busy 10", "B no_answer 40"], Dial(0, 190)),
        ("ABC", ["A busy 10", "B busy 20"], Dial(2, 0)),
        # a dead number is not rung again
        ("AB", ["A unallocated 10", "B busy 40"], Dial(1, 220)),
        ("A", ["A unallocated 10"], End(Outcome.UNALLOCATED)),
        ("AB", ["A suspended 10", "B unallocated 20"], End(Outcome.UNALLOCATED)),
        # who was told is left in peace
        ("AB", ["A confirmed 10"], End(Outcome.CONFIRMED)),
        ("AB", ["A busy 1", "B heard 10"], End(Outcome.HEARD)),
        ("AB", ["A transferred 10"], End(Outcome.TRANSFERRED)),
        # enough is enough; congestion was no call
        ("A", ["A busy 1", "A busy 2", "A busy 3", "A busy 4", "A no_answer 5"],
         End(Outcome.NO_ANSWER)),
        ("A", ["A congestion 10"], Dial(0, 70)),
        ("AB", ["A congestion 10"], Dial(0, 70)),
        ("A", ["A congestion 1"] * 20, Dial(0, 61)),
        ("AB", ["A busy 5", "B congestion 10"], Dial(1, 70)),
        # an end nobody knows is made up for once, later, on whatever number
        ("A", ["A unknown 10"], Dial(0, 1810)),
        ("AB", ["A unknown 10"], Dial(1, 1810)),
        ("AB", ["A unknown 10", "B unknown 2000"], End(Outcome.UNKNOWN)),
        # calls for others who share a number count for the number, not for the household
        ("A", ["A no_answer 10 other"], Dial(0, 1210)),
        ("AB", ["A unallocated 10 other"], Dial(1, 0)),
        ("A", ["A busy 10 other"] * 9, Dial(0, 190)),
        ("A", ["A heard 10 other"], Dial(0, 1810)),
    ],
)  # fmt: skip
def test_what_is_next(numbers: str, calls: list[str], expected: Dial | End) -> None:
    assert plan([NAMES[each] for each in numbers], history(*calls), RULES) == expected


def test_numbers_that_may_not_be_rung() -> None:
    assert plan([ABROAD], [], RULES) == End(Outcome.FORBIDDEN)
    assert plan([ABROAD, A], [], RULES) == Dial(1, 0)
    assert plan([], [], RULES) == End(Outcome.UNREACHABLE)


def test_a_message_left_is_a_household_told_where_that_is_set() -> None:
    left = history("A voicemail 10")
    assert plan([A], left, LEAVES_MESSAGES) == End(Outcome.VOICEMAIL)


def test_a_resting_number_waits_and_the_other_is_rung() -> None:
    assert plan([A, B], [], RULES, {A: 500.0}) == Dial(1, 0)
    assert plan([A, B], [], RULES, {A: 500.0, B: 400.0}) == Dial(1, 400)


CALLS = st.lists(
    st.builds(
        Tried,
        st.sampled_from([A, B, C]),
        st.sampled_from(list(Outcome)),
        st.floats(0, 1e5),
        st.booleans(),
    ),
    max_size=12,
)
NUMBERS = st.lists(st.sampled_from([A, B, C, ABROAD]), max_size=5)


@given(NUMBERS, CALLS)
def test_whatever_happened(numbers: list[str], calls: list[Tried]) -> None:
    step = plan(numbers, calls, RULES)
    own = [each for each in calls if each.own]
    told = any(each.outcome in TOLD for each in own)
    reached = [each for each in own if each.outcome is not Outcome.CONGESTION]
    if isinstance(step, End):
        assert step.outcome in TOLD if told else step.outcome not in TOLD
    else:
        assert not told
        assert len(reached) < RULES.attempts
        chosen = numbers[step.position]
        assert chosen != ABROAD
        assert not any(each.number == chosen and each.outcome in DEAD for each in calls)
        last = [each for each in calls if each.number == chosen]
        real = [each for each in last if each.outcome is not Outcome.CONGESTION]
        if real:
            assert step.at >= real[-1].ended_at + RULES.delay_s(real[-1].outcome)


@given(NUMBERS, st.lists(st.sampled_from([each for each in Outcome if each not in TOLD])))
def test_every_household_comes_to_an_end(numbers: list[str], outcomes: list[Outcome]) -> None:
    """Played on, with any outcomes, at most `attempts` real calls are made."""
    calls: list[Tried] = []
    at = 0.0
    for outcome in [*outcomes, *[Outcome.BUSY] * RULES.attempts]:
        step = plan(numbers, calls, RULES)
        if isinstance(step, End):
            break
        at = max(at, step.at) + 1.0
        calls.append(Tried(numbers[step.position], outcome, at))
    assert isinstance(plan(numbers, calls, RULES), End)
    assert sum(each.outcome is not Outcome.CONGESTION for each in calls) <= RULES.attempts
