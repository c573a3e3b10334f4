"""Picked up within three rings: the guard and the dialplan on a real Asterisk.

A ring is one second here: the backup rings at 2 s, the system answers at 3 s.
"""

import asyncio
import time

import pytest

from ivr.demo.behaviours import answer
from ivr.demo.stage import since
from ivr.desk.roster import Named, Roster
from ivr.ids import uuid7
from ivr.settings import Rings, Settings, Waiting
from ivr.store.database import FILE_NAME, Database
from ivr.store.roster import RosterRow
from tests.system.office import Desk, legs, story, until

pytestmark = [pytest.mark.pbx, pytest.mark.asyncio(loop_scope="module")]

BACKUP_S, DEADLINE_S = 2.0, 3.0
LATE_S = 0.3  # what two busy cores may add
SETTINGS = Settings(
    rings=Rings(ring_cadence_s=1.0),
    waiting=Waiting(apology_every_s=5, end_after_s=7, end="mobile"),
)
FOREIGN = "4009999999"
EXTRA_DIALPLAN = f"""
[ivr-from-trunk](+)
exten => {FOREIGN},1,Goto(foreign,${{EXTEN}},1)

[foreign]
exten => {FOREIGN},1,Dial(PJSIP/${{FOREIGN_PHONE}},60)
 same => n,Hangup()
"""


@story(backup=(1,))
async def test_the_backup_rings_at_ring_3_and_stops_when_a_primary_answers(desk: Desk) -> None:
    owner = desk.dial()
    first = await desk.rings(0)
    helper = await desk.rings(1)
    desk.seconds("backup", helper.when("INVITE") - owner.when("INVITE"), BACKUP_S, by=LATE_S)
    await owner.pause(0.4)
    first.answer()
    await owner.wait_answered(2)
    await helper.wait_ended(2)
    assert helper.when("CANCEL in")
    await desk.talk(owner, first)
    await desk.ends(owner, first)
    row = await desk.row()
    desk.logged(row, disposition="answered", answered_ext=desk.ext[0], rings=3, breach=False)
    assert legs(row) == {desk.ext[0]: "answered", desk.ext[1]: "elsewhere"}


@story(primary=(0, 1), backup=(2, 3))
async def test_everybody_else_stops_when_a_backup_answers(desk: Desk) -> None:
    owner = desk.dial()
    rung = await asyncio.gather(*(desk.rings(number) for number in range(4)))
    helper = rung[3]
    helper.answer()
    await owner.wait_answered(2)
    desk.at_most("answered before the system", since(owner, "200"), DEADLINE_S)
    for other in rung[:3]:
        await other.wait_ended(2)
        assert [what for _, what in other.history].count("CANCEL in") == 1
    await desk.talk(owner, helper)
    desk.understood("owner hears the helper", desk.clerk_says, owner.recording())
    await desk.ends(owner, helper)
    row = await desk.row()
    desk.logged(row, disposition="answered", answered_ext=desk.ext[3], rings=3, breach=False)
    assert legs(row) == dict.fromkeys(desk.ext[:3], "elsewhere") | {desk.ext[3]: "answered"}


@story(primary=(0, 1))
async def test_two_desks_answer_at_the_same_instant(desk: Desk) -> None:
    owner = desk.dial()
    first, second = await asyncio.gather(desk.rings(0), desk.rings(1))
    await owner.pause(0.5)
    first.answer()
    second.answer()
    await owner.wait_answered(2)
    ended = [asyncio.create_task(each.wait_ended(5)) for each in (first, second)]
    await asyncio.wait(ended, return_when=asyncio.FIRST_COMPLETED)
    kept = second if first.ended.is_set() else first
    assert not kept.ended.is_set()
    await desk.talk(owner, kept)
    desk.understood("owner hears the one who has the call", desk.clerk_says, owner.recording())
    await desk.ends(owner, kept)
    await asyncio.wait(ended)
    row = await desk.row()
    desk.logged(row, disposition="answered", answered_ext=kept.agent.user, hangup_by="caller")  # type: ignore[attr-defined]
    assert sorted(legs(row).values()) == ["answered", "elsewhere"]


@story()
async def test_an_answer_at_the_very_deadline(desk: Desk) -> None:
    """Whoever wins, the owner is answered and ends up with the clerk."""
    owner = desk.dial()
    clerk = await desk.rings(0)
    await asyncio.sleep(max(0.0, (clerk.when("180") or 0) + DEADLINE_S - desk.house.now()))
    if not clerk.ended.is_set():
        clerk.answer()
    await owner.wait_answered(2)
    desk.at_most("answered", since(owner, "200"), DEADLINE_S + LATE_S)
    while True:
        try:
            await clerk.wait_audio(0.5)
            break
        except Exception:
            clerk = await desk.picks_up(0)
    await desk.talk(owner, clerk)
    desk.understood("owner hears the clerk", desk.clerk_says, owner.recording())
    await desk.ends(owner, clerk)
    row = await desk.row()
    desk.logged(row, disposition="answered", answered_ext=desk.ext[0], hangup_by="caller")


@story(backup=(1,))
async def test_the_caller_gives_up_at_ring_3(desk: Desk) -> None:
    owner = desk.dial()
    first, helper = await desk.rings(0), await desk.rings(1)
    await owner.pause(0.2)
    await desk.ends(owner, first, helper)
    row = await desk.row()
    desk.logged(
        row, disposition="abandoned", rings=3, hangup_by="caller", breach=False, answered_ext=""
    )
    entries = (await desk.house.get("/api/v1/worklist"))["entries"]
    assert [e["kind"] for e in entries if e["number"] == desk.caller] == ["abandoned"]


@story(primary=(0, 1), backup=(2,))
async def test_the_backup_goes_on_when_the_phone_it_helps_refuses(desk: Desk) -> None:
    owner = desk.dial()
    first, second = await asyncio.gather(desk.rings(0), desk.rings(1))
    await desk.rings(2)
    second.reject(486)  # the last to ring is the one a backup picks up
    helper = await desk.rings(2)
    helper.answer()
    await helper.wait_audio(5)
    await first.wait_ended(2)
    await desk.ends(owner, helper)
    row = await desk.row()
    desk.logged(row, disposition="answered", answered_ext=desk.ext[2], rings=3, breach=False)


@story(backup=(1,))
async def test_a_busy_backup_is_no_help_and_no_harm(desk: Desk) -> None:
    owner = desk.dial()
    first = await desk.rings(0)
    helper = await desk._next(1, 5)
    helper.reject(486)
    await owner.wait_answered(5)
    desk.seconds("system answers", since(owner, "200"), DEADLINE_S, by=LATE_S)
    await first.wait_ended(2)
    assert first.when("CANCEL in")  # and rings again, with everybody:
    again = await desk.picks_up(0)
    await again.wait_audio(5)
    await desk.ends(owner, again)
    row = await desk.row()
    desk.logged(row, disposition="answered", answered_ext=desk.ext[0], breach=True)
    assert not next(leg for leg in row["legs"] if leg["ext"] == desk.ext[1])["breach"]


@story(backup=(1,), unplugged=(1,))
async def test_a_backup_that_is_not_registered(desk: Desk) -> None:
    owner = desk.dial()
    await desk.rings(0)
    await owner.wait_answered(5)
    desk.seconds("system answers", since(owner, "200"), DEADLINE_S, by=LATE_S)
    again = await desk.picks_up(0)
    await again.wait_audio(5)
    await desk.ends(owner, again)
    desk.logged(await desk.row(), disposition="answered", answered_ext=desk.ext[0], breach=True)


@story(unplugged=(0, 1, 2, 3))
async def test_nobody_is_registered(desk: Desk) -> None:
    """The system answers at once; nobody is lost because a phone is."""
    owner = desk.dial()
    await owner.wait_answered(2)
    desk.at_most("system answers", since(owner, "200"), 1.0)
    await owner.pause(2)
    desk.hears(owner, "greeting-busy")
    await desk.ends(owner)
    row = await desk.row()
    desk.logged(row, disposition="system_abandoned", hangup_by="caller", rings=0)


@story()
async def test_a_foreign_dialplan_is_rescued_before_ring_4(desk: Desk) -> None:
    """A plain Dial() for a minute, in a context that is not ours."""
    await desk.house.asterisk.cli(f"dialplan set global FOREIGN_PHONE {desk.ext[0]}")
    owner = desk.calls(FOREIGN)
    first = await desk.rings(0)
    helper = await desk.house.phones["100"].next_call(5)  # the first line's desk helps
    helper.ring()
    await owner.wait_answered(5)
    desk.at_most("system answers", since(owner, "200"), DEADLINE_S + 0.1 + LATE_S)
    await first.wait_ended(3)
    await helper.wait_ended(3)
    await owner.pause(2)
    desk.hears(owner, "greeting-busy")
    clerk = await desk.house.phones["100"].next_call(5)
    clerk.answer()
    await clerk.wait_audio(5)
    await desk.ends(owner, clerk)
    row = await desk.row()
    desk.logged(row, disposition="answered", answered_ext="100", breach=True, called=FOREIGN)


@story()
async def test_another_departments_phone_is_saved_too(desk: Desk) -> None:
    owner = desk.calls(desk.ext[3])
    first = await desk.rings(3)
    await owner.pause(0.3)
    first.answer()
    await owner.wait_answered(2)
    await desk.ends(owner, first)
    desk.logged(await desk.row(), disposition="answered", answered_ext=desk.ext[3], rings=1)


@story()
async def test_the_caller_presses_1_while_waiting(desk: Desk) -> None:
    owner = desk.dial()
    await desk.rings(0)
    await owner.wait_answered(5)
    again = await desk.rings(0)
    await owner.pause(1.0)
    pressed_at = desk.heard_s(owner)
    await owner.send_dtmf("1")
    await again.wait_ended(3)  # nobody is rung for a caller who is to be called back
    await owner.pause(1.5)
    desk.hears(owner, "callback-taken", after_s=pressed_at)
    await desk.ends(owner)
    row = await desk.row()
    desk.logged(row, disposition="system_abandoned", hangup_by="caller", breach=True)
    entries = (await desk.house.get("/api/v1/worklist"))["entries"]
    assert [e["kind"] for e in entries if e["number"] == desk.caller] == ["callback"]


@story(with_mobile=True)
async def test_after_an_apology_the_duty_mobile(desk: Desk) -> None:
    desk.house.city.subscriber(desk.mobile, answer(0.5))
    owner = desk.dial()
    silent = desk.nobody_at(0)
    await owner.wait_answered(5)
    await owner.pause(7.0)
    desk.said("sorry-wait", owner, after_s=4.0)
    guard = await desk.on_the_mobile()
    desk.said("mobile-connect", owner, after_s=8.0)
    await guard.say(desk.clerk_says)
    desk.understood("owner hears the guard", desk.clerk_says, owner.recording())
    await desk.ends(owner, guard)
    silent.cancel()
    row = await desk.row()
    desk.logged(row, disposition="answered", direction="inbound", breach=True)


@story()
async def test_the_duty_roster_changes_without_a_restart(desk: Desk) -> None:
    house, now = desk.house, time.time()
    async with await Database.open(house.settings.paths.data / FILE_NAME) as db:
        roster = Roster(db, house.settings)
        entry = RosterRow(
            id=uuid7(now), line=f"line{desk.index}", from_at=now - 60, to_at=now + 3600,
            primary=(desk.ext[2],), )  # fmt: skip
        await roster.put(await roster.plan([Named("row 1", entry)]))

    async def published() -> bool:
        row = await house.asterisk.cli(f"database get ivr/line{desk.index} 1")
        return f"PJSIP/{desk.ext[2]}" in row

    await until(published)
    owner = desk.dial()
    relief = await desk.picks_up(2)
    await relief.wait_audio(5)
    await desk.ends(owner, relief)
    desk.logged(await desk.row(), disposition="answered", answered_ext=desk.ext[2], rings=1)
    assert not desk.phone(0).calls
