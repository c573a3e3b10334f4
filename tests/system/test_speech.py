"""What people hear and what is recorded: hold, the notice, both voices."""

import asyncio
import json
import sys
import wave
from pathlib import Path

import pytest

from ivr.demo import hearing
from ivr.demo.behaviours import answer
from ivr.demo.sound import Samples, read_wav
from tests.system.office import SAID_S, Desk, story, until

pytestmark = [pytest.mark.pbx, pytest.mark.asyncio(loop_scope="module")]

NOTICE_S = SAID_S["recording-notice"] + 0.5
"""After an answer: the notice, and then the recording."""
BEGUN_S = NOTICE_S + 0.7


async def recorded(desk: Desk) -> Samples:
    """The recording of the story's one call, which is whole."""

    async def looked_at() -> bool:
        return bool((await desk.rows())[0]["recording_state"] == "ok")

    await until(looked_at)
    row = await desk.row()
    file = Path(desk.house.settings.paths.data) / row["recording"]
    with wave.open(str(file)) as audio:
        assert audio.getnchannels() == 1
    return read_wav(file)


def holds(desk: Desk, what: str, sample: Samples, sound: Samples, *, wanted: bool = True) -> None:
    score = hearing.find(sample, sound).score
    desk.check(what, "there" if wanted else "not there", f"score {score:.2f}",
               (score > 0.6) if wanted else (score < 0.4))  # fmt: skip


@story()
async def test_the_notice_then_the_recording_with_both_voices(desk: Desk) -> None:
    owner, clerk = await desk.connected()
    await owner.pause(BEGUN_S)
    desk.said("recording-notice", owner)
    desk.said("recording-notice", clerk)
    await desk.talk(owner, clerk)
    await owner.pause(0.3)
    await desk.ends(owner, clerk)
    sound = await recorded(desk)
    holds(desk, "owner", desk.owner_says, sound)
    holds(desk, "clerk", desk.clerk_says, sound)
    holds(desk, "notice", desk.house.samples("recording-notice"), sound, wanted=False)


@story()
async def test_a_transferred_call_is_recorded_on(desk: Desk) -> None:
    owner, clerk = await desk.connected()
    await owner.pause(BEGUN_S)
    await owner.say(desk.owner_says)
    await clerk.refer(desk.ext[1])
    target = await desk.picks_up(1)
    await target.wait_audio(5)
    await owner.pause(0.3)
    await target.say(desk.clerk_says)
    await owner.pause(0.3)
    await desk.ends(owner, target)
    await recorded(desk)
    file = desk.house.settings.paths.data / (await desk.row())["recording"]

    async def closed() -> bool:  # Asterisk writes its last second a little after the hangup
        return hearing.find(desk.clerk_says, read_wav(file)).present

    await until(closed)
    holds(desk, "owner, before", desk.owner_says, read_wav(file))


@story()
async def test_taken_out_of_the_greeting_the_notice_is_told_first(desk: Desk) -> None:
    """Somebody answers before the system's greeting, with the notice in it, has ended."""
    owner = desk.dial()
    await desk.rings(0)
    await owner.wait_answered(5)
    clerk = await desk.picks_up(0)
    await clerk.pause(BEGUN_S)
    desk.said("recording-notice", owner)
    desk.said("recording-notice", clerk)
    await desk.talk(owner, clerk)
    await owner.pause(0.3)
    await desk.ends(owner, clerk)
    sound = await recorded(desk)
    holds(desk, "owner", desk.owner_says, sound)
    holds(desk, "notice", desk.house.samples("recording-notice"), sound, wanted=False)


@story()
async def test_after_the_whole_greeting_nothing_is_told_twice(desk: Desk) -> None:
    owner = desk.dial()
    await desk.rings(0)
    await owner.wait_answered(5)
    again = await desk.rings(0)
    await owner.pause(SAID_S["greeting-busy"] + 0.5)
    desk.said("greeting-busy", owner)
    again.answer()
    await again.wait_audio(5)
    await again.pause(1.0)
    await desk.talk(owner, again)
    await owner.pause(0.3)
    await desk.ends(owner, again)
    score = hearing.find(desk.house.samples("recording-notice"), again.recording()).score
    assert score < hearing.PRESENT
    holds(desk, "owner", desk.owner_says, await recorded(desk))


@story()
async def test_each_hold_begins_with_please_wait(desk: Desk) -> None:
    owner, clerk = await desk.connected()
    await owner.pause(BEGUN_S)
    for turn in range(3):
        begun = desk.heard_s(owner)
        await clerk.hold()
        await owner.pause(SAID_S["please-wait-transfer"] + 1.0)
        await clerk.unhold()
        heard_at = desk.said("please-wait-transfer", owner, after_s=begun)
        desk.at_most(f"hold {turn + 1}: please-wait begins", heard_at - begun, 0.4)
        await owner.pause(0.4)
    await desk.talk(owner, clerk)
    await desk.ends(owner, clerk)
    row = await desk.row()
    desk.check("hold", "6 s", f"{row['hold_s']:.1f}", 5.5 < row["hold_s"] < 7.5)


@story()
async def test_a_call_of_the_staff_is_recorded_and_logged_outbound(desk: Desk) -> None:
    desk.house.city.subscriber(desk.mobile, answer(0.3))
    clerk = desk.phone(0).call(desk.mobile)
    await clerk.wait_answered(5)
    owner = await desk.on_the_mobile()
    await clerk.pause(BEGUN_S)
    desk.said("recording-notice", clerk)
    desk.said("recording-notice", owner)
    await desk.talk(owner, clerk)
    await clerk.pause(0.3)
    await clerk.hangup()
    row = await one_row(desk, desk.mobile)
    desk.logged(
        row, direction="outbound", disposition="answered", caller=desk.ext[0], called=desk.mobile,
        hangup_by="caller", breach=False,
    )  # fmt: skip
    file = desk.house.settings.paths.data / row["recording"]
    holds(desk, "owner", desk.owner_says, read_wav(file))
    holds(desk, "clerk", desk.clerk_says, read_wav(file))


async def one_row(desk: Desk, number: str) -> dict[str, object]:
    """The one row of `number`, its recording looked at."""
    async with asyncio.timeout(10):
        while True:
            found = (await desk.house.get("/api/v1/calls", number=number))["calls"]
            if found and found[0]["recording_state"] != "unchecked":
                (row,) = found
                return dict(row)
            await asyncio.sleep(0.1)


@story()
async def test_a_number_off_the_allow_list_cannot_be_dialled(desk: Desk) -> None:
    """Toll fraud: whatever a desk phone dials, the trunk sees none of it."""
    for number in ("0019005551234", "+8613900000000", "4008001234567", "13900000000;x", "99"):
        call = desk.phone(0).call(number)
        await call.wait_ended(5)
        assert call.status in (404, 484, 400, 403), (number, call.status)
    owner = desk.calls("13912345678")  # an outside caller gets no second outside line
    await owner.wait_answered(5)  # but the hotline
    await desk.ends(owner)
    dialled = [call.number for call in desk.house.city.received]
    assert not [number for number in dialled if number != desk.mobile and len(number) > 11]
    assert "13912345678" not in dialled


@story()
async def test_between_colleagues_nothing_is_recorded(desk: Desk) -> None:
    one = desk.phone(0).call(desk.ext[1])
    other = await desk.picks_up(1)
    await one.wait_answered(5)
    await one.pause(0.5)
    await one.hangup()
    await other.wait_ended(5)
    row = await one_row(desk, desk.ext[0])
    desk.logged(row, direction="internal", disposition="answered", recording="", breach=False)


@story(alone=True)
async def test_a_recorded_trace_tells_the_same_call(desk: Desk) -> None:
    """`ivr record` beside the service, then `ivr replay`."""
    trace = desk.house.folder / "office.ami"
    recorder = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "ivr", "record", "--no-mask", str(trace),
        "--config", str(desk.house.config), stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip

    async def records() -> bool:
        shown = await desk.house.asterisk.cli("manager show connected")
        return "2 users connected" in shown

    await until(records)
    owner, clerk = await desk.connected()
    await clerk.refer(desk.ext[1])
    target = await desk.picks_up(1)
    await target.wait_audio(5)
    await desk.ends(owner, target)
    row = await desk.row()
    recorder.terminate()
    await recorder.communicate()
    assert recorder.returncode == 0
    replay = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "ivr", "replay", "--json", str(trace), stdout=asyncio.subprocess.PIPE
    )
    said, _ = await replay.communicate()
    calls = [json.loads(line) for line in said.decode().splitlines()]
    (call,) = [call for call in calls if call["caller"] == desk.caller]
    told = ("call_id", "called", "disposition", "hangup_by", "rings", "answered_ext")
    assert [call[key] for key in told] == [row[key] for key in told]
    assert [(turn["by"], turn["to"], turn["outcome"]) for turn in call["transfers"]] == [
        (desk.ext[0], desk.ext[1], "answered")
    ]
