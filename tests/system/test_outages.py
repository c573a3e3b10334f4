"""One row for every call, exactly one, whatever breaks meanwhile.

A ring is one second here; a link that is silent for a second is dead. These
stories break what the others need, so they are told one after the other.
"""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from ivr.demo.stage import since
from ivr.desk.roster import Named, Roster
from ivr.ids import uuid7
from ivr.settings import Ami, Rings, Settings, Waiting
from ivr.store.database import FILE_NAME, Database
from ivr.store.roster import RosterRow
from tests.system.office import Desk, story, transfers, until

pytestmark = [pytest.mark.pbx, pytest.mark.asyncio(loop_scope="module")]

SETTINGS = Settings(
    ami=Ami(ping_s=0.3, timeout_s=1.0),
    rings=Rings(ring_cadence_s=1.0),
    waiting=Waiting(apology_every_s=5, end_after_s=0),
)
DEADLINE_S = 3.0


@asynccontextmanager
async def watching_again(desk: Desk) -> AsyncIterator[None]:
    """What happens inside happens while the service has no link."""
    desk.proxy.refusing = True
    desk.proxy.cut()
    try:
        yield
    finally:
        desk.proxy.refusing = False
    await desk.house.until_healthy()


@asynccontextmanager
async def ivr_down(desk: Desk, *, kill: bool) -> AsyncIterator[None]:
    await desk.house.stop_service(kill=kill)
    try:
        yield
    finally:
        await desk.house.start_service()


async def unseen(desk: Desk) -> None:
    """A call that is answered and ends, and one that is given up, while nobody watches."""
    owner = desk.dial()
    clerk = await desk.picks_up(0)
    await clerk.wait_audio(5)
    await owner.pause(0.3)
    await desk.ends(owner, clerk)
    owner = desk.dial()
    ringing = await desk.rings(0)
    await owner.pause(1.3)
    await desk.ends(owner, ringing)


async def rows(desk: Desk, count: int) -> list[dict[str, object]]:
    """Exactly `count` rows of this story, in order of beginning."""
    found = sorted(await desk.rows(count=count), key=lambda row: float(row["start_at"]))
    assert len(found) == count
    return found


def told(row: dict[str, object]) -> tuple[object, ...]:
    return row["disposition"], row["answered_ext"], row["hangup_by"], row["repaired"]


async def still_works(desk: Desk) -> None:
    """A new call rings, is answered and logged."""
    owner, clerk = await desk.connected()
    await desk.ends(owner, clerk)


@story(alone=True)
async def test_the_link_is_cut_in_mid_call(desk: Desk) -> None:
    owner, clerk = await desk.connected()
    await desk.open_call(state="talking")
    async with watching_again(desk):
        await unseen(desk)
    await desk.talk(owner, clerk)
    await desk.ends(owner, clerk)
    first, second, third = await rows(desk, 3)
    assert told(first)[:3] == ("answered", desk.ext[0], "caller")
    assert told(second) == ("answered", desk.ext[0], "caller", True)
    assert told(third) == ("abandoned", "", "caller", True)


@story(alone=True)
async def test_a_call_ends_while_the_link_is_cut(desk: Desk) -> None:
    owner, clerk = await desk.connected()
    await desk.open_call(state="talking")
    async with watching_again(desk):
        await desk.ends(owner, clerk)
    (row,) = await rows(desk, 1)
    assert told(row) == ("answered", desk.ext[0], "caller", True)
    assert float(row["talk_s"]) < 10  # type: ignore[arg-type]


@story(alone=True)
async def test_the_link_is_half_open(desk: Desk) -> None:
    """Nothing passes, and nobody says so."""
    owner, clerk = await desk.connected()
    await desk.open_call(state="talking")
    desk.proxy.freeze()
    await unseen(desk)

    async def noticed() -> bool:
        return not (await desk.house.get("/healthz"))["components"]["ami"]["ok"]

    await until(noticed)
    desk.proxy.thaw()
    await desk.house.until_healthy()
    await desk.ends(owner, clerk)
    first, second, third = await rows(desk, 3)
    assert told(first)[:3] == ("answered", desk.ext[0], "caller")
    assert told(second) == ("answered", desk.ext[0], "caller", True)
    assert told(third) == ("abandoned", "", "caller", True)


@story(backup=(1,), alone=True)
async def test_the_link_is_cut_while_the_backup_rings(desk: Desk) -> None:
    owner = desk.dial()
    await desk.rings(0)
    await desk.rings(1)
    async with watching_again(desk):
        await owner.wait_answered(5)
        desk.at_most("the system answers", since(owner, "200"), DEADLINE_S + 0.3)
        clerk = await desk.picks_up(1)
        await clerk.wait_audio(5)
    await desk.ends(owner, clerk)
    (row,) = await rows(desk, 1)
    assert told(row)[:2] == ("answered", desk.ext[1])
    assert row["breach"]


@story(alone=True)
async def test_asterisk_is_killed_in_mid_call(desk: Desk) -> None:
    owner, clerk = await desk.connected()
    await desk.open_call(state="talking")
    waiting = desk.calls(desk.did)
    await desk.rings(0)
    await waiting.pause(0.3)
    await desk.house.asterisk.kill()
    await desk.house.asterisk.start()
    await desk.house.until_healthy()
    for call in (owner, clerk, waiting):
        call.agent.spawn(call.hangup())  # type: ignore[attr-defined]
    first, second = await rows(desk, 2)
    assert told(first)[:2] == ("answered", desk.ext[0])
    assert told(second)[1] == ""
    assert first["repaired"]
    assert second["repaired"]
    await still_works(desk)
    await rows(desk, 3)


@story(alone=True)
async def test_asterisk_is_stopped_in_mid_call(desk: Desk) -> None:
    owner, clerk = await desk.connected()
    await desk.open_call(state="talking")
    await desk.house.asterisk.stop()
    for call in (owner, clerk):
        await call.wait_ended(5)
    await desk.house.asterisk.start()
    await desk.house.until_healthy()
    (row,) = await rows(desk, 1)
    assert told(row)[:3] == ("answered", desk.ext[0], "system")
    await still_works(desk)
    await rows(desk, 2)


@story(alone=True)
async def test_ivr_is_killed_in_mid_call(desk: Desk) -> None:
    owner, clerk = await desk.connected()
    await owner.pause(2.0)  # the recording runs
    async with ivr_down(desk, kill=True):
        await unseen(desk)
    await desk.talk(owner, clerk)
    await desk.ends(owner, clerk)
    first, second, third = await rows(desk, 3)
    assert told(first) == ("answered", desk.ext[0], "caller", True)
    assert told(second) == ("answered", desk.ext[0], "caller", True)
    assert told(third) == ("abandoned", "", "caller", True)
    assert first["recording"]  # it went on meanwhile

    async def looked_at() -> bool:
        return bool((await rows(desk, 3))[0]["recording_state"] == "ok")

    await until(looked_at)


@story(alone=True)
async def test_a_call_ends_while_ivr_is_down(desk: Desk) -> None:
    owner, clerk = await desk.connected()
    async with ivr_down(desk, kill=True):
        await desk.ends(owner, clerk)
    (row,) = await rows(desk, 1)
    assert told(row) == ("answered", desk.ext[0], "caller", True)


@story(alone=True)
async def test_a_call_rings_while_ivr_starts(desk: Desk) -> None:
    """The dialplan kept the promise; the service goes on from where the call is."""
    async with ivr_down(desk, kill=True):
        owner = desk.dial()
        await desk.rings(0)
        await owner.wait_answered(5)
        desk.at_most("the system answers", since(owner, "200"), DEADLINE_S + 0.2)
    clerk = await desk.picks_up(0)
    await clerk.wait_audio(5)
    await desk.ends(owner, clerk)
    (row,) = await rows(desk, 1)
    assert told(row) == ("answered", desk.ext[0], "caller", True)
    assert row["breach"]


@story(alone=True)
async def test_ivr_is_killed_in_mid_transfer(desk: Desk) -> None:
    owner, clerk = await desk.connected()
    await clerk.refer(desk.ext[1])
    async with ivr_down(desk, kill=True):
        target = await desk.picks_up(1)
        await target.wait_audio(5)
        await owner.pause(0.3)
        await desk.ends(owner, target)
    (row,) = await rows(desk, 1)
    assert told(row)[:2] == ("answered", desk.ext[0])
    assert transfers(row) == [("blind", desk.ext[0], desk.ext[1], "answered")]


@story(alone=True)
async def test_sigterm_drains(desk: Desk) -> None:
    """What has ended is logged before the service goes; what has not, after it is back."""
    done, done_clerk = await desk.connected()
    await desk.ends(done, done_clerk)
    await rows(desk, 1)
    owner, clerk = await desk.connected()
    begun = time.monotonic()
    async with ivr_down(desk, kill=False):
        desk.at_most("SIGTERM takes", time.monotonic() - begun, 8.0)
        async with await Database.open(desk.house.settings.paths.data / FILE_NAME) as db:
            kept = await db.fetch_all("SELECT caller FROM calls WHERE caller = ?", (desk.caller,))
        assert len(kept) == 1
        await desk.talk(owner, clerk)  # the call does not know
    await desk.ends(owner, clerk)
    first, second = await rows(desk, 2)
    assert told(first) == ("answered", desk.ext[0], "caller", False)
    assert told(second) == ("answered", desk.ext[0], "caller", True)


@story(alone=True)
async def test_the_published_ladder_rules_while_ivr_is_stopped(desk: Desk) -> None:
    house, now = desk.house, time.time()
    async with await Database.open(house.settings.paths.data / FILE_NAME) as db:
        roster = Roster(db, house.settings)
        relief = RosterRow(
            id=uuid7(now), line=f"line{desk.index}", from_at=now - 60, to_at=now + 3600,
            primary=(desk.ext[2],),
        )  # fmt: skip
        await roster.put(await roster.plan([Named("row 1", relief)]))

    async def published() -> bool:
        row = await house.asterisk.cli(f"database get ivr/line{desk.index} 1")
        return f"PJSIP/{desk.ext[2]}" in row

    await until(published)
    async with ivr_down(desk, kill=False):
        owner = desk.dial()
        clerk = await desk.picks_up(2)
        await clerk.wait_audio(5)
        assert not desk.phone(0).calls
        await desk.ends(owner, clerk)
    (row,) = await rows(desk, 1)
    assert told(row) == ("answered", desk.ext[2], "caller", True)
