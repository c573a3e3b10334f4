"""Transfers: the owner hears please-wait to its end, every path is one row.

A ring is one second here, so a transferred call rings for three.
"""

import asyncio
import contextlib
import sys

import pytest

from ivr.demo.behaviours import answer
from ivr.demo.call import Call, CallEnded
from ivr.demo.session import Refused
from ivr.demo.stage import since
from ivr.settings import Recording, Rings, Settings, Transfers
from tests.system.office import SAID_S, Desk, story, transfers

pytestmark = [pytest.mark.pbx, pytest.mark.asyncio(loop_scope="module")]

SETTINGS = Settings(
    rings=Rings(ring_cadence_s=1.0),
    transfers=Transfers(max_hops=2),
    recording=Recording(enabled=False),  # its notice would be mixed with please-wait
)
RING_S = 3.0
PROMPT = "please-wait-transfer"


def rang_after_the_prompt(desk: Desk, owner: Call, target: Call, *, after_s: float = 0.0) -> None:
    """`owner` heard please-wait to its end before `target` rang."""
    begins = desk.said(PROMPT, owner, after_s=after_s)
    rang = (target.when("INVITE") or 0) - (owner.answered_at or 0)
    desk.check("rings after the prompt", f"≥ {begins + SAID_S[PROMPT]:.2f}", f"{rang:.2f}",
               rang >= begins + SAID_S[PROMPT] - 0.1)  # fmt: skip


async def comes_back(desk: Desk) -> Call:
    """Phone 0 has the owner again, after the announcement."""
    again = await desk.picks_up(0)
    await again.pause(SAID_S["transfer-returned"] + 0.4)
    desk.hears(again, "transfer-returned")
    return again


async def concluded(desk: Desk, *expected: tuple[str, str, str, str], **row: object) -> None:
    """The log has one row, of a call answered by phone 0 first, with these transfers."""
    logged = await desk.row()
    desk.logged(logged, **({"disposition": "answered", "answered_ext": desk.ext[0]} | row))
    desk.equal("transfers", transfers(logged), list(expected))


# --- by the phone's own key (SIP REFER) ----------------------------------------


@story()
async def test_blind_by_refer(desk: Desk) -> None:
    owner, clerk = await desk.connected()
    assert await clerk.refer(desk.ext[1]) == 200
    target = await desk.picks_up(1)
    await target.wait_audio(3)
    rang_after_the_prompt(desk, owner, target)
    await desk.talk(owner, target)
    desk.understood("owner hears the target", desk.clerk_says, owner.recording())
    await desk.ends(owner, target, clerk)
    await concluded(desk, ("blind", desk.ext[0], desk.ext[1], "answered"), hangup_by="caller")


@story()
async def test_not_answered_comes_back_announced(desk: Desk) -> None:
    owner, clerk = await desk.connected()
    await clerk.refer(desk.ext[1])
    target = await desk.rings(1)
    again = await comes_back(desk)
    desk.seconds("the target rang", since(target, "CANCEL in"), RING_S, by=0.3)
    rang_after_the_prompt(desk, owner, target)
    await desk.talk(owner, again)
    await desk.ends(owner, again)
    await concluded(desk, ("blind", desk.ext[0], desk.ext[1], "returned"), hangup_by="caller")


@story()
async def test_a_busy_phone_sends_the_owner_back(desk: Desk) -> None:
    owner, clerk = await desk.connected()
    await clerk.refer(desk.ext[1])
    (await desk._next(1, 10)).reject(486)
    again = await comes_back(desk)
    await desk.ends(owner, again)
    await concluded(desk, ("blind", desk.ext[0], desk.ext[1], "returned"))


@story(unplugged=(1,))
async def test_an_unregistered_phone_sends_the_owner_back(desk: Desk) -> None:
    owner, clerk = await desk.connected()
    await clerk.refer(desk.ext[1])
    again = await comes_back(desk)
    desk.said(PROMPT, owner)
    await desk.ends(owner, again)
    await concluded(desk, ("blind", desk.ext[0], desk.ext[1], "returned"))


@story(primary=(0, 2))
async def test_nobody_takes_it_then_the_ladder(desk: Desk) -> None:
    owner = desk.dial()
    clerk = await desk.picks_up(0)
    await clerk.wait_audio(5)
    await clerk.refer(desk.ext[1])
    await desk.rings(1)
    again = await desk.rings(0)  # who transferred does not answer either
    await again.wait_ended(5)
    other = await desk.picks_up(2)
    await other.wait_audio(5)
    desk.said("transfer-failed", owner)
    await desk.ends(owner, other)
    await concluded(desk, ("blind", desk.ext[0], desk.ext[1], "no_answer"))


@story()
async def test_the_caller_is_gone_before_the_prompt_has_ended(desk: Desk) -> None:
    owner, clerk = await desk.connected()
    await clerk.refer(desk.ext[1])
    await desk.open_call()
    await desk.ends(owner, clerk)
    await concluded(desk, ("blind", desk.ext[0], desk.ext[1], "abandoned"), hangup_by="caller")
    assert not desk.phone(1).calls


@story()
async def test_to_oneself(desk: Desk) -> None:
    owner, clerk = await desk.connected()
    await clerk.refer(desk.ext[0])
    again = await desk.picks_up(0)
    await again.wait_audio(5)
    rang_after_the_prompt(desk, owner, again)
    await desk.ends(owner, again)
    await concluded(desk, ("blind", desk.ext[0], desk.ext[0], "returned"))


@story()
async def test_a_loop_ends_at_the_ladder(desk: Desk) -> None:
    """max_hops = 2: the third transfer rings the ladder instead of phone 1."""
    owner, clerk = await desk.connected()
    for to in (1, 0):
        await clerk.refer(desk.ext[to])
        clerk = await desk.picks_up(to)
        await clerk.wait_audio(5)
    await clerk.refer(desk.ext[1])
    last = await desk.picks_up(0)
    await last.wait_audio(5)
    assert not desk.phone(1).calls
    desk.said("transfer-failed", owner)
    await desk.ends(owner, last)
    row = await desk.row()
    told = [(by, to) for _, by, to, _ in transfers(row)]
    assert told == [tuple(desk.ext[n] for n in hop) for hop in ((0, 1), (1, 0), (0, 1))]


@story()
async def test_to_a_mobile(desk: Desk) -> None:
    desk.house.city.subscriber(desk.mobile, answer(0.3))
    owner, clerk = await desk.connected()
    await clerk.refer(desk.mobile)
    target = await desk.on_the_mobile()
    rang_after_the_prompt(desk, owner, target)
    await desk.ends(owner, target)
    row = await desk.row()
    assert [t[:3] for t in transfers(row)] == [("blind", desk.ext[0], desk.mobile)]
    desk.logged(row, disposition="answered", direction="inbound")


@story()
async def test_to_a_mobile_that_is_not_answered(desk: Desk) -> None:
    owner, clerk = await desk.connected()
    await clerk.refer(desk.mobile)  # unallocated
    again = await comes_back(desk)
    await desk.ends(owner, again)
    assert len(transfers(await desk.row())) == 1


@story()
async def test_a_number_off_the_list_is_refused_and_the_call_goes_on(desk: Desk) -> None:
    owner, clerk = await desk.connected()
    try:
        status = await clerk.refer("0019005551234")
    except Refused as refused:
        status = refused.status
    assert status >= 400
    assert not clerk.ended.is_set()
    await desk.talk(owner, clerk)
    await desk.ends(owner, clerk)
    row = await desk.row()
    assert [t[3] for t in transfers(row)] in ([], ["failed"])
    assert not [c for c in desk.house.city.received if c.number.startswith("00")]


@story()
async def test_attended_by_refer(desk: Desk) -> None:
    owner, clerk = await desk.connected()
    held_at = desk.heard_s(owner)
    await clerk.hold()
    consult = desk.phone(0).call(desk.ext[1])
    expert = await desk.picks_up(1)
    await consult.wait_answered(5)
    await consult.pause(SAID_S[PROMPT] + 1.0)
    desk.said(PROMPT, owner, after_s=held_at)
    desk.hears(owner, "music", after_s=held_at, first_s=0.5)
    await clerk.refer_attended(consult)
    await owner.pause(0.3)
    await desk.talk(owner, expert)
    desk.understood("owner hears the expert", desk.clerk_says, owner.recording())
    await desk.ends(owner, expert)
    await concluded(desk, ("attended", desk.ext[0], desk.ext[1], "answered"), hangup_by="caller")


@story()
async def test_attended_before_the_target_has_answered(desk: Desk) -> None:
    owner, clerk = await desk.connected()
    await clerk.hold()
    consult = desk.phone(0).call(desk.ext[1])
    expert = await desk.rings(1)
    await consult.wait_ringing(5)
    await clerk.refer_attended(consult)
    await expert.pause(0.5)
    expert.answer()
    await expert.wait_audio(5)
    await desk.talk(owner, expert)
    await desk.ends(owner, expert)
    await concluded(desk, ("attended", desk.ext[0], desk.ext[1], "answered"))


@story()
async def test_a_consultation_that_is_taken_back(desk: Desk) -> None:
    owner, clerk = await desk.connected()
    await clerk.hold()
    consult = desk.phone(0).call(desk.ext[1])
    expert = await desk.picks_up(1)
    await consult.wait_answered(5)
    await consult.hangup()
    await expert.wait_ended(5)
    await clerk.unhold()
    await desk.talk(owner, clerk)
    await desk.ends(owner, clerk)
    await concluded(desk)


# --- by feature code, keys in the speech path (RFC 4733) ------------------------


@story()
async def test_blind_by_feature_code(desk: Desk) -> None:
    owner, clerk = await desk.connected()
    await clerk.send_dtmf("##")
    await clerk.pause(1.0)
    with contextlib.suppress(CallEnded):  # the last key's end crosses the BYE
        await clerk.send_dtmf(desk.ext[1])
    target = await desk.picks_up(1)
    await target.wait_audio(5)
    rang_after_the_prompt(desk, owner, target)
    await desk.ends(owner, target)
    await concluded(desk, ("blind", desk.ext[0], desk.ext[1], "answered"))


@story()
async def test_attended_by_feature_code(desk: Desk) -> None:
    owner, clerk = await desk.connected()
    held_at = desk.heard_s(owner)
    await clerk.send_dtmf("*2")
    await clerk.pause(1.0)
    await clerk.send_dtmf(desk.ext[1])
    expert = await desk.picks_up(1)
    await expert.wait_audio(5)
    await owner.pause(1.0)
    desk.said(PROMPT, owner, after_s=held_at)
    await clerk.hangup()
    await expert.pause(1.0)
    await desk.talk(owner, expert)
    desk.understood("owner hears the expert", desk.clerk_says, owner.recording())
    await desk.ends(owner, expert)
    await concluded(desk, ("attended", desk.ext[0], desk.ext[1], "answered"))


# --- by the API and the command line ---------------------------------------------


async def ask(desk: Desk, to: str, kind: str = "blind") -> dict[str, object]:
    call = await desk.open_call()
    answer: dict[str, object] = await desk.house.post(
        f"/api/v1/calls/{call['call_id']}/transfer", to=to, kind=kind
    )
    return answer


@story()
async def test_blind_by_the_api(desk: Desk) -> None:
    owner, clerk = await desk.connected()
    await desk.open_call(state="talking")
    assert "detail" in await ask(desk, desk.ext[0])  # has the call already
    assert "detail" in await ask(desk, "999")  # is no phone
    assert "detail" in await ask(desk, desk.ext[1], "sideways")
    assert (await ask(desk, desk.ext[1]))["to"] == desk.ext[1]
    target = await desk.picks_up(1)
    await target.wait_audio(5)
    rang_after_the_prompt(desk, owner, target)
    await desk.ends(owner, target, clerk)
    await concluded(desk, ("blind", desk.ext[0], desk.ext[1], "answered"))


@story()
async def test_attended_by_the_api(desk: Desk) -> None:
    owner, clerk = await desk.connected()
    await desk.open_call(state="talking")
    held_at = desk.heard_s(owner)
    await ask(desk, desk.ext[1], "attended")
    expert = await desk.picks_up(1)
    await expert.wait_audio(5)
    await owner.pause(SAID_S[PROMPT])
    desk.said(PROMPT, owner, after_s=held_at)
    await clerk.hangup()
    await expert.pause(1.0)
    await desk.talk(owner, expert)
    desk.understood("owner hears the expert", desk.clerk_says, owner.recording())
    await desk.ends(owner, expert)
    await concluded(desk, ("attended", desk.ext[0], desk.ext[1], "answered"))


@story()
async def test_blind_by_the_command_line(desk: Desk) -> None:
    owner, clerk = await desk.connected()
    await desk.open_call(state="talking")
    command = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "ivr", "transfer", desk.ext[0], "--to", desk.ext[1],
        "--config", str(desk.house.config), stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    said, _ = await command.communicate()
    assert command.returncode == 0
    assert f"→ {desk.ext[1]}" in said.decode()
    target = await desk.picks_up(1)
    await target.wait_audio(5)
    rang_after_the_prompt(desk, owner, target)
    await desk.ends(owner, target, clerk)
    await concluded(desk, ("blind", desk.ext[0], desk.ext[1], "answered"))


@story()
async def test_a_waiting_caller_is_sent_on(desk: Desk) -> None:
    owner = desk.dial()
    await desk.rings(0)
    await owner.wait_answered(5)
    again = await desk.rings(0)
    await desk.open_call(state="system_answered")
    asked_at = desk.heard_s(owner)
    assert "detail" in await ask(desk, desk.ext[1], "attended")  # nobody to consult
    await ask(desk, desk.ext[1])
    target = await desk.picks_up(1)
    await again.wait_ended(2)
    await target.wait_audio(5)
    rang_after_the_prompt(desk, owner, target, after_s=asked_at)
    await desk.ends(owner, target)
    expected = ("blind", "", desk.ext[1], "answered")
    await concluded(desk, expected, answered_ext=desk.ext[1], breach=True)


@story()
async def test_a_waiting_caller_sent_to_nobody_waits_on(desk: Desk) -> None:
    owner = desk.dial()
    await desk.rings(0)
    await owner.wait_answered(5)
    await desk.open_call(state="system_answered")
    await ask(desk, desk.ext[1])
    await (await desk.rings(1)).wait_ended(5)
    again = await desk.picks_up(0)
    await again.wait_audio(5)
    await desk.ends(owner, again)
    await concluded(desk, ("blind", "", desk.ext[1], "no_answer"))
