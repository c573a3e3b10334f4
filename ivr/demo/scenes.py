"""A working day, scene by scene. Everything is real except the people.

Each scene plays on a line and phones of its own, so that all of them run side
by side; it checks what its people heard and saw, and what the log says of it.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from ivr.demo import callback, outage
from ivr.demo.outage import Outage
from ivr.demo.stage import FRONT_DESK, Stage, since
from ivr.settings import Settings

Part = Callable[[Stage], Coroutine[Any, Any, None]]
SetUp = Callable[[Settings, Callable[[str, float], None]], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True)
class Scene:
    name: str
    title: str
    play: Part
    prepare: Part | None = None  # while others play
    under_way: asyncio.Event | None = None  # set when scenes that play alone may disturb it
    desks: int = 2  # phones that ring first
    backups: int = 0
    others: int = 0  # phones that no line rings
    alone: bool = False  # it breaks what the others need
    line: str = "day"  # "night": only the night ladder holds now
    department: str = ""  # whose phone the third one is
    set_up: SetUp | None = None  # what takes long the first time, before the office opens


async def answered_at_ring_1(stage: Stage) -> None:
    clerk_task, other = stage.rings_in(0, 2.0), stage.nobody_at(1)
    owner = stage.dial()
    clerk = await clerk_task
    await owner.wait_answered(5)
    stage.seconds("接起 answered after", since(owner, "200"), 2.0)
    await owner.pause(3.5)
    stage.hears(owner, "recording-notice")
    stage.hears(clerk, "recording-notice")
    await stage.talk(owner, clerk)
    stage.understood("业主听到前台 owner hears the clerk", stage.clerk_says, owner.recording())
    stage.understood("前台听到业主 clerk hears the owner", stage.owner_says, clerk.recording())
    await owner.hangup()
    await clerk.wait_ended(5)
    other.cancel()
    row = await stage.row()
    stage.logged(
        row, disposition="answered", rings=1, answered_ext=stage.ext[0], hangup_by="caller",
        breach=False, direction="inbound", repaired=False,
    )  # fmt: skip


async def saved_at_ring_3(stage: Stage) -> None:
    first, second = stage.nobody_at(0), stage.nobody_at(1)
    begun = stage.house.now()
    owner = stage.dial()
    helper = await stage.phone(2).next_call(14)
    helper.ring()
    stage.seconds("后备分机响铃 backup rings at", stage.house.now() - begun, 10.0)
    live = await stage.live()
    stage.equal("将超时标记 at risk", live is not None and live["at_risk"], True)
    await helper.pause(2.0)
    helper.answer()
    await owner.wait_answered(3)
    stage.seconds("接起 answered at", since(owner, "200"), 12.0)
    await owner.pause(3.5)
    await stage.talk(owner, helper)
    await owner.hangup()
    await helper.wait_ended(5)
    for task in (first, second):
        task.cancel()
        calls = await task
        stage.equal("原振铃分机未重响 rang once, undisturbed", len(calls), 1)
        rang = since(calls[0], "CANCEL in") if calls else None
        stage.seconds("…直到接起 …until the answer", rang, 12.0)
    row = await stage.row()
    stage.logged(
        row, disposition="answered", rings=3, answered_ext=stage.ext[2], breach=False,
        hangup_by="caller",
    )  # fmt: skip


async def system_answers_then_desk(stage: Stage) -> None:
    desk, other = stage.nobody_at(0), stage.nobody_at(1)
    owner = stage.dial()
    await owner.wait_answered(17)
    stage.seconds("系统代接 the system answers at", since(owner, "200"), 15.0, by=0.2)
    await owner.pause(17.0)
    stage.hears(owner, "greeting-busy")
    stage.hears(owner, "music", first_s=MUSIC_S)
    desk.cancel()
    ringing = (await desk)[-1]
    ringing.answer()
    await ringing.wait_answered(5)
    await stage.talk(owner, ringing)
    stage.understood("业主听到前台 owner hears the clerk", stage.clerk_says, owner.recording())
    await owner.hangup()
    other.cancel()
    row = await stage.row()
    stage.logged(row, disposition="answered", answered_ext=stage.ext[0], breach=True)
    stage.seconds("记录 system_answer", row["system_answer_at"] - row["ring_at"], 15.0, by=0.2)
    stage.equal(
        "超时记在响过的分机上 breach on the phones that rang",
        sorted({leg["ext"] for leg in row["legs"] if leg["breach"]}),
        sorted(stage.ext[:2]),
    )


async def abandoned(stage: Stage) -> None:
    desk = stage.nobody_at(0)
    owner = stage.dial()
    await owner.wait_ringing(3)
    await owner.pause(7.0)
    await owner.hangup()
    await owner.wait_ended(3)
    row = await stage.row()
    desk.cancel()
    stage.logged(row, disposition="abandoned", rings=2, hangup_by="caller", answered_ext="")


async def blind_transfer(stage: Stage) -> None:
    desk, engineer = stage.rings_in(0, 1.0), stage.rings_in(2, 2.0)
    owner = stage.dial()
    clerk = await desk
    await owner.wait_answered(3)
    await owner.pause(4.0)
    transferred_at = len(owner.recording()) / 8000
    stage.equal("REFER 结果 REFER status", await clerk.refer(stage.ext[2]), 200)
    target = await engineer
    prompt = stage.hears(owner, "please-wait-transfer", after_s=transferred_at - 0.5)
    rang_at = (target.when("INVITE") or 0.0) - (owner.answered_at or 0.0)
    said_s = len(stage.house.samples("please-wait-transfer")) / 8000
    stage.check(
        "请稍等说完才振铃 target rings after the prompt", f"≥ {prompt.offset_s + said_s:.2f} s",
        f"{rang_at:.2f} s", rang_at >= prompt.offset_s + said_s - 0.15,
    )  # fmt: skip
    await owner.pause(1.0)
    await stage.talk(owner, target)
    stage.understood("业主听到工程 owner hears engineering", stage.clerk_says, owner.recording())
    await owner.hangup()
    await target.wait_ended(5)
    row = await stage.row()
    stage.logged(row, disposition="answered", answered_ext=stage.ext[0], hangup_by="caller")
    _transfer(stage, row, "blind", stage.ext[0], stage.ext[2], "answered")


async def transfer_comes_back(stage: Stage) -> None:
    desk, absent = stage.rings_in(0, 1.0), stage.nobody_at(2)
    owner = stage.dial()
    clerk = await desk
    await owner.pause(4.0)
    await clerk.refer(stage.ext[2])
    again = await stage.take(0, 1.0, timeout_s=40)
    await again.pause(5.0)
    stage.hears(again, "transfer-returned")
    stage.hears(owner, "please-wait-transfer")
    absent.cancel()
    calls = await absent
    rang = since(calls[0], "CANCEL in") if calls else None
    stage.seconds("目标振铃 the target rang for", rang, 15.0)
    await stage.talk(owner, again)
    await owner.hangup()
    row = await stage.row()
    stage.logged(row, disposition="answered", answered_ext=stage.ext[0], hangup_by="caller")
    _transfer(stage, row, "blind", stage.ext[0], stage.ext[2], "returned")


async def attended_transfer(stage: Stage) -> None:
    desk, expert_task = stage.rings_in(0, 1.0), stage.rings_in(2, 1.0)
    owner = stage.dial()
    clerk = await desk
    await owner.pause(4.0)
    held_at = len(owner.recording()) / 8000
    await clerk.hold()
    consult = stage.phone(0).call(stage.ext[2])
    expert = await expert_task
    await consult.wait_answered(5)
    await consult.pause(5.0)
    stage.hears(owner, "please-wait-transfer", after_s=held_at - 0.5)
    stage.hears(owner, "music", after_s=held_at, first_s=MUSIC_S)
    await clerk.refer_attended(consult)
    await owner.pause(1.0)
    await stage.talk(owner, expert)
    stage.understood("业主听到工程 owner hears engineering", stage.clerk_says, owner.recording())
    await owner.hangup()
    await expert.wait_ended(5)
    row = await stage.row()
    stage.logged(row, disposition="answered", answered_ext=stage.ext[0], hangup_by="caller")
    _transfer(stage, row, "attended", stage.ext[0], stage.ext[2], "answered")
    stage.check("保持时间 hold", "> 4 s", f"{row['hold_s']:.1f} s", row["hold_s"] > 4)


def _transfer(
    stage: Stage, row: dict[str, object], kind: str, by: str, to: str, outcome: str
) -> None:
    transfers = row["transfers"]
    assert isinstance(transfers, list)
    stage.equal("记录 transfers", len(transfers), 1)
    for each in transfers[:1]:
        told = (each["kind"], each["by_ext"], each["to_ext"], each["outcome"])
        stage.equal("转接 transfer", told, (kind, by, to, outcome))


async def staff_hangs_up_first(stage: Stage) -> None:
    desk = stage.rings_in(0, 1.0)
    owner = stage.dial()
    clerk = await desk
    await owner.pause(4.0)
    await stage.talk(owner, clerk)
    await clerk.hangup()
    await owner.wait_ended(5)
    row = await stage.row()
    stage.logged(row, disposition="answered", hangup_by="callee", answered_ext=stage.ext[0])


async def other_department_saved(stage: Stage) -> None:
    """An outside caller rings a phone of another department directly."""
    absent = stage.nobody_at(2)
    begun = stage.house.now()
    owner = stage.house.city.call(stage.caller, stage.ext[2], stage.house.server)
    desk = await stage.house.phones[FRONT_DESK].next_call(14)
    desk.ring()
    stage.seconds("前台响铃 the service desk rings at", stage.house.now() - begun, 10.0)
    await desk.pause(1.5)
    desk.answer()
    await owner.wait_answered(3)
    await owner.pause(3.5)
    await stage.talk(owner, desk)
    await owner.hangup()
    absent.cancel()
    row = await stage.row()
    stage.logged(
        row, disposition="answered", rings=3, answered_ext=FRONT_DESK, called=stage.ext[2],
        breach=False,
    )  # fmt: skip


async def night_duty(stage: Stage) -> None:
    """At this hour only the night ladder holds: phone 2, not the day's phones."""
    day = stage.nobody_at(0)
    guard = stage.rings_in(2, 1.5)
    owner = stage.dial()
    keeper = await guard
    await owner.wait_answered(3)
    await owner.pause(3.5)
    await stage.talk(owner, keeper)
    await owner.hangup()
    day.cancel()
    stage.equal("白班分机不响 the day's phones stay silent", len(await day), 0)
    row = await stage.row()
    stage.logged(row, disposition="answered", answered_ext=stage.ext[2], rings=1)


async def callback_request(stage: Stage) -> None:
    """All desks busy: the system answers at once; the caller presses 1."""
    phone = stage.phone(0)

    async def refuse() -> None:
        while True:
            call = await phone.next_call(60)
            call.reject(486)

    refusing = asyncio.create_task(refuse())
    owner = stage.dial()
    await owner.wait_answered(3)
    stage.at_most("全忙即代接 all busy: answered within", since(owner, "200"), 1.0)
    await owner.pause(3.0)
    pressed_at = len(owner.recording()) / 8000
    await owner.send_dtmf("1")
    await owner.pause(6.0)
    stage.hears(owner, "callback-taken", after_s=pressed_at)
    await owner.hangup()
    refusing.cancel()
    row = await stage.row()
    stage.logged(row, disposition="system_abandoned", hangup_by="caller")
    waiting = await stage.house.get("/api/v1/worklist")
    mine = [each for each in waiting["entries"] if each["number"] == stage.caller]
    stage.equal("待回电 call back", [each["kind"] for each in mine], ["callback"])


async def ami_cut_for_10_s(stage: Stage) -> None:
    """The link to Asterisk is cut: the dialplan keeps the promise, the log misses nothing."""
    talking = stage.rings_in(0, 1.0)
    first = stage.dial()
    clerk = await talking
    await first.pause(1.0)
    stage.proxy.refusing = True
    stage.proxy.cut()
    begun = stage.house.now()
    # begins and ends unseen
    taken = stage.rings_in(1, 1.0)
    second = stage.house.city.call(stage.caller, stage.did, stage.house.server)
    second_clerk = await taken
    await second.pause(2.0)
    await second.hangup()
    await second_clerk.wait_ended(5)
    # rings on through the cut, nobody there
    silent = [stage.nobody_at(0), stage.nobody_at(1), stage.nobody_at(2)]
    third = stage.house.city.call(stage.caller, stage.did, stage.house.server)
    await third.pause(max(0.0, 10.0 - (stage.house.now() - begun)))
    stage.proxy.refusing = False
    await third.wait_answered(20)
    stage.at_most("断线期间仍三响内代接 answered by the system at", since(third, "200"), 15.2)
    await third.pause(1.0)
    await third.hangup()
    await first.hangup()
    await clerk.wait_ended(5)
    await stage.house.until_healthy()
    rows = await stage.rows(count=3)
    for task in silent:
        task.cancel()
    stage.equal("每通恰一行 one row per call", len(rows), 3)
    by_start = sorted(rows, key=lambda row: float(row["start_at"]))
    stage.equal(
        "结果 dispositions", [row["disposition"] for row in by_start],
        ["answered", "answered", "system_abandoned"],
    )  # fmt: skip
    stage.equal("断线中的一通已补录 the unseen one is repaired", by_start[1]["repaired"], True)
    stage.equal("补录的接听人 …and says who answered", by_start[1]["answered_ext"], stage.ext[1])


async def ivr_killed(stage: Stage) -> None:
    """kill -9 in the middle of a ringing call: the dialplan alone keeps the promise."""
    silent = [stage.nobody_at(0), stage.nobody_at(1)]
    owner = stage.dial()
    await owner.wait_ringing(3)
    await owner.pause(3.0)
    await stage.house.stop_service(kill=True)
    await owner.wait_answered(16)
    stage.at_most("ivr 被杀仍代接 answered by the system at", since(owner, "200"), 15.2)
    await owner.pause(1.0)
    for task in silent:
        task.cancel()
    ringing = (await silent[0])[-1]
    ringing.answer()
    await owner.pause(2.0)
    await stage.house.start_service()
    await owner.hangup()
    row = await stage.row()
    stage.logged(row, disposition="answered", answered_ext=stage.ext[0], repaired=True, breach=True)


MUSIC_S = 2.0  # so much of the music is enough to know it
_OUTAGE = Outage()
_CALLBACK = callback.Callback()

SCENES = (
    Scene("answered-at-ring-1", "一响接起", answered_at_ring_1),
    Scene("saved-at-ring-3", "第三响后备救起", saved_at_ring_3, backups=1),
    Scene("system-answers-then-desk", "四响前系统代接，前台再接", system_answers_then_desk),
    Scene("abandoned", "业主放弃", abandoned),
    Scene("blind-transfer", "直接转接", blind_transfer, others=1),
    Scene("transfer-comes-back", "转接无人，接回", transfer_comes_back, others=1),
    Scene("attended-transfer", "咨询转接", attended_transfer, others=1),
    Scene("staff-hangs-up-first", "员工先挂", staff_hangs_up_first),
    Scene("other-department-saved", "其他部门电话被救起", other_department_saved, others=1),
    Scene("night-duty", "夜班值守", night_duty, line="night", backups=1),
    Scene("callback-request", "全忙，按1登记回电", callback_request, desks=1),
    Scene("ami-cut-for-10-s", "AMI 断线 10 秒", ami_cut_for_10_s, backups=1, alone=True),
    Scene("ivr-killed", "ivr 被杀后拨号方案独自守约", ivr_killed, alone=True),
    Scene(
        "outage-notice",
        "停水通知四十户",
        _OUTAGE.play,
        desks=1,
        alone=True,
        prepare=_OUTAGE.prepare,
        under_way=_OUTAGE.under_way,
        set_up=outage.set_up,
    ),
    Scene(
        "satisfaction-callbacks",
        "回访十二户，直到满意",
        _CALLBACK.play,
        desks=1,
        alone=True,
        prepare=_CALLBACK.prepare,
        department=callback.DEPARTMENT,
        set_up=callback.set_up,
    ),
)
