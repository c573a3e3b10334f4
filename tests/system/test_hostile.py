"""Everything from outside is hostile: names, numbers, keys. Nothing of it is believed."""

import asyncio
import contextlib

import pytest

from ivr.demo.call import CallEnded
from tests.system.office import Desk, legs, story, until

pytestmark = [pytest.mark.pbx, pytest.mark.asyncio(loop_scope="module")]

NAMES = {
    "line breaks, escaped": "a%0d%0aAction: Hangup\\r\\n",
    "broken UTF-8": "\udcff\udcfe\udce5\udcbc张",
    "half a character": "张三丰\udce4\udcb8",
    "a long one": "长" * 900,
    "dialplan text": "${SHELL(id)} $[1+1] ,1,Hangup()",
    "quotes": 'a\\"b\\\\c<sip:1@2>',
    "controls": "a\x01\x07\x1b[31m\x7f",
    "a spreadsheet's formula": "=HYPERLINK(1,2)",
    "separators": "a\u2028b\u2029c\u0085d",
}


@story()
async def test_a_callers_name_is_one_short_line_of_text(desk: Desk) -> None:
    for name in NAMES.values():
        owner = desk.dial(name)
        with contextlib.suppress(CallEnded):  # Asterisk may refuse what is no SIP
            clerk = await desk.picks_up(0, 3)
            await owner.wait_answered(3)
            await clerk.wait_audio(3)
            await desk.ends(owner, clerk)
    rows = await desk.rows(count=len(NAMES) - 2)
    for row in rows:
        name = row["caller_name"]
        assert len(name) <= 128
        assert not any(ord(char) < 32 or char in "\x7f\u2028\u2029" for char in name), name
        assert name.encode()  # valid text
        desk.logged(row, disposition="answered", answered_ext=desk.ext[0])
    exported = await desk.house.get("/api/v1/calls", number=desk.caller)
    assert exported["total"] == len(rows)


@story()
async def test_a_name_of_many_kilobytes_harms_nobody(desk: Desk) -> None:
    """As much as a datagram carries; Asterisk may drop it, and must go on."""
    giant = desk.dial("大" * 20_000)
    try:
        clerk = await desk.picks_up(0, 2)
        await clerk.wait_audio(2)
    except (CallEnded, TimeoutError):
        assert not giant.answered.is_set()
    finally:
        giant.agent.spawn(giant.hangup())  # type: ignore[attr-defined]
    owner, clerk = await desk.connected()
    await desk.talk(owner, clerk)
    await desk.ends(owner, clerk)
    assert all(len(row["caller_name"]) <= 128 for row in await desk.rows())


@story()
async def test_a_callers_number_is_no_program(desk: Desk) -> None:
    for number in ("$%7BSHELL(id)%7D", "138;exten=x", "%22%0d%0a", "-1", "138'--", "9" * 200):
        owner = desk.house.city.call(number, desk.did, desk.house.server)
        with contextlib.suppress(CallEnded):
            clerk = await desk.picks_up(0, 3)
            await owner.wait_answered(3)
            await desk.ends(owner, clerk)
    owner, clerk = await desk.connected()
    await desk.ends(owner, clerk)
    await desk.row()


@story()
async def test_an_anonymous_caller(desk: Desk) -> None:
    owner = desk.house.city.call("", desk.did, desk.house.server)
    clerk = await desk.picks_up(0)
    await owner.wait_answered(3)
    await desk.ends(owner, clerk)

    async def logged() -> bool:
        found = (await desk.house.get("/api/v1/calls", staff=desk.ext[0]))["calls"]
        return [row["disposition"] for row in found] == ["answered"]

    await until(logged, 5)


@story()
async def test_a_storm_of_keys_in_a_talk(desk: Desk) -> None:
    """No key of the caller is a feature code."""
    owner, clerk = await desk.connected()
    await owner.send_dtmf("##*2*8#0123456789*1ABCD##")
    await desk.talk(owner, clerk)
    desk.understood("clerk hears the owner", desk.owner_says, clerk.recording())
    await desk.ends(owner, clerk)
    row = await desk.row()
    desk.logged(row, disposition="answered", hangup_by="caller")
    assert row["transfers"] == []


@story()
async def test_a_storm_of_keys_while_waiting(desk: Desk) -> None:
    owner = desk.dial()
    await desk.rings(0)
    await owner.wait_answered(5)
    again = await desk.rings(0)
    await owner.send_dtmf("##*2*8#0239AD")
    again.answer()
    await again.wait_audio(5)
    await desk.ends(owner, again)
    row = await desk.row()
    desk.logged(row, disposition="answered", hangup_by="caller")
    assert "answered" in legs(row).values()


@story(unplugged=(0, 1, 2, 3))
async def test_a_storm_of_keys_while_nobody_is_there(desk: Desk) -> None:
    owner = desk.dial()
    await owner.wait_answered(5)
    await owner.send_dtmf("##*2*8#0234567890*ABCD##")
    await desk.ends(owner)
    desk.logged(await desk.row(), disposition="system_abandoned", hangup_by="caller")


@story()
async def test_a_storm_of_callers(desk: Desk) -> None:
    """Forty at once to one phone: everybody is answered by the system, all are logged."""
    owners = [
        desk.house.city.call(f"1370000{n:04}", desk.did, desk.house.server) for n in range(40)
    ]
    silent = desk.nobody_at(0)
    await asyncio.gather(*(owner.wait_answered(6) for owner in owners))
    await asyncio.gather(*(owner.hangup() for owner in owners))
    silent.cancel()
    async with asyncio.timeout(10):
        while True:
            found = await desk.house.get("/api/v1/calls", number="1370000", limit=100)
            if found["total"] >= len(owners):
                break
            await asyncio.sleep(0.1)
    assert found["total"] == len(owners)
    assert {row["disposition"] for row in found["calls"]} == {"system_abandoned"}
