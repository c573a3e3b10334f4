from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.outbound.choose import in_turn, may_dial
from ivr.outbound.model import Urgency
from ivr.outbound.windows import Window
from tests.outbound.office import campaign

WINDOW = Window.parse("08:00-21:00", ZoneInfo("Asia/Shanghai"))
MORNING = 1_795_312_800.0  # 2026-11-22 10:00 in Shanghai
NIGHT = MORNING + 13 * 3600


@pytest.mark.parametrize(
    ("urgency", "permitted", "at", "expected"),
    [
        (Urgency.NORMAL, False, MORNING, True),
        (Urgency.NORMAL, False, NIGHT, False),
        (Urgency.NORMAL, True, NIGHT, False),  # only the urgent may leave it
        (Urgency.URGENT, False, NIGHT, False),  # and only by permission
        (Urgency.URGENT, True, NIGHT, True),
        (Urgency.SURVEY, True, NIGHT, False),
    ],
)
def test_hours(urgency: Urgency, permitted: bool, at: float, expected: bool) -> None:
    assert may_dial(campaign(urgency=urgency, outside_window=permitted), WINDOW, at) is expected


@pytest.mark.parametrize(("offset", "expected"), [(-1, False), (0, True), (59, True), (60, False)])
def test_a_campaign_has_its_own_time(offset: float, expected: bool) -> None:
    notice = campaign(not_before=MORNING, not_after=MORNING + 60)
    assert may_dial(notice, WINDOW, MORNING + offset) is expected


@given(st.lists(st.integers(1, 4), min_size=1, max_size=6), st.integers(1, 40))
def test_equals_have_their_share_of_the_lines(weights: list[int], lines: int) -> None:
    """Filling free lines one by one, no campaign gets more than one above another."""
    campaigns = [campaign(f"{n}") for n in range(len(weights))]
    live: dict[str, int] = {}
    last: dict[str, float] = {}
    for at in range(lines):
        chosen = in_turn(campaigns, live, last)[0]
        live[chosen.id] = live.get(chosen.id, 0) + 1
        last[chosen.id] = float(at + 1)
    counts = [live.get(each.id, 0) for each in campaigns]
    assert max(counts) - min(counts) <= 1


def test_the_urgent_first_whatever_runs() -> None:
    survey, notice, urgent = (
        campaign(urgency=each) for each in (Urgency.SURVEY, Urgency.NORMAL, Urgency.URGENT)
    )
    live = {urgent.id: 20}
    assert in_turn([survey, notice, urgent], live, {}) == [urgent, notice, survey]


def test_with_one_line_equals_take_turns() -> None:
    one, two = campaign("1"), campaign("2")
    assert in_turn([one, two], {}, {one.id: 5.0})[0] is two
    assert in_turn([one, two], {}, {one.id: 5.0, two.id: 6.0})[0] is one
