"""What the guard decides is carried out when it is due."""

from collections.abc import AsyncIterator

import pytest
from switching import Asked
from table import Table

from ivr.calls.enforcer import Enforcer, line_name, outside
from ivr.calls.guard import Guard
from ivr.calls.tracker import Tracker
from ivr.pbx import events as ev
from ivr.pbx.session import ActionFailed
from ivr.settings import Ladder, Line, Phone, Rings, Settings, Trunk

QUICK = Rings(ring_cadence_s=0.05)
SETTINGS = Settings(
    rings=QUICK,
    phones=[
        *(Phone(ext=ext, device=f"PJSIP/{ext}") for ext in ("101", "102", "103")),
        Phone(ext="mobile", device="PJSIP/13900000000@city", outside=True),
    ],
    trunks=[Trunk(device="PJSIP/city")],
    lines=[
        Line(name="first", did=["8000"], ladders=[Ladder(primary=["101"])]),
        Line(name="second", did=["8001"], ladders=[Ladder(primary=["102"])]),
    ],
)
RINGING = "0 new city 138 → 8000\n0 dial city 101\n0 rings 101"


class Desk:
    """A tracker whose facts the enforcer gets; times in the tables are from now."""

    def __init__(self) -> None:
        self.asked = Asked()
        self.tracker = Tracker(is_outside=outside(SETTINGS))
        self.table = Table()
        self.now = 0.0
        guard = Guard(QUICK, lambda call, at: ("103", "mobile", "102"))
        self.enforcer = Enforcer(
            SETTINGS, self.tracker, self.asked.switch, guard, now=lambda: self.now
        )

    def happens(self, text: str) -> None:
        for event in self.table.events(text):
            self.feed(event)

    def feed(self, event: ev.Event) -> None:
        for fact in self.tracker.feed(event):
            self.enforcer.on_fact(fact)

    def at(self, now: float) -> None:
        self.now = now
        self.enforcer._tick()


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    desk = Desk()
    yield desk
    await desk.enforcer.close()


async def test_the_call_is_marked_and_the_backup_rings_with_the_phones_that_ring(
    desk: Desk,
) -> None:
    desk.happens(RINGING)
    desk.at(0.05)
    assert desk.enforcer.at_risk == {"1700000000.0"}
    desk.at(0.10)
    await desk.asked.until("ring_to_pick_up", "ring_to_pick_up")
    devices = [row[1] for row in desk.asked.log]
    assert devices == ["PJSIP/103", "PJSIP/102"]  # a mobile is the dialplan's, at the end
    assert {row[2] for row in desk.asked.log} == {"PJSIP/101-00000001"}
    desk.happens("0.12 wants city\n0.12 dropped 101\n0.12 gone city")
    assert desk.enforcer.at_risk == set()


async def test_a_timer_wakes_it(desk: Desk) -> None:
    """The clock is told to stand where the next stage is due."""
    desk.happens(RINGING)
    desk.now = 0.10
    desk.enforcer._schedule()
    await desk.asked.until("ring_to_pick_up", "ring_to_pick_up")


async def test_a_phone_stopped_before_it_was_seen_is_hung_up_once_it_rings(desk: Desk) -> None:
    desk.happens(RINGING)
    desk.at(0.10)
    await desk.asked.until("ring_to_pick_up", "ring_to_pick_up")
    added = desk.asked.log[0][3]
    desk.happens("0.11 lifts 101\n0.11 up city\n0.11 talk city 101")
    assert desk.asked.did() == ["ring_to_pick_up"] * 2  # there is nothing to hang up yet
    channel = ev.Channel("PJSIP/103-9", added, added, 5, "103", "", "", "", "")
    desk.feed(ev.Newchannel(0.12, channel))
    desk.feed(ev.DialBegin(0.12, None, channel, "103"))
    desk.feed(ev.DialState(0.12, "", channel, "RINGING"))
    await desk.asked.until("ring_to_pick_up", "ring_to_pick_up", "hang_up")
    assert desk.asked.log[-1] == ("hang_up", added)


async def test_past_the_deadline_the_caller_is_rescued(desk: Desk) -> None:
    desk.happens(RINGING)
    desk.at(0.10)
    desk.at(0.26)
    await desk.asked.until("ring_to_pick_up", "ring_to_pick_up", "rescue")
    assert desk.asked.log[-1] == ("rescue", "PJSIP/city-00000000")


async def test_what_asterisk_refuses_disturbs_nobody(desk: Desk) -> None:
    desk.asked.fails["ring_to_pick_up"] = ActionFailed("Originate", "no such device")
    desk.happens(RINGING)
    desk.at(0.10)
    desk.at(0.26)
    await desk.asked.until("ring_to_pick_up", "ring_to_pick_up", "rescue")


async def test_without_a_link_it_waits_for_nothing(desk: Desk) -> None:
    desk.happens(RINGING)
    desk.enforcer.disconnected()
    desk.at(0.30)
    assert desk.asked.log == []


def test_whose_line_a_call_is() -> None:
    tracker = Tracker(is_outside=outside(SETTINGS))
    table = Table()
    for event in table.events("0 new city 138 → 8001\n0 new city' 138 → 103"):
        tracker.feed(event)
    hotline, direct = tracker.calls
    assert line_name(SETTINGS, hotline) == "second"
    assert line_name(SETTINGS, direct) == "first"  # somebody's own number: the service desk's
    assert line_name(Settings(), hotline) is None
