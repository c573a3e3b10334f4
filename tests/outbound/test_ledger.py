"""Campaigns on the real store, played without a telephone: calls just get outcomes."""

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from ivr import ids
from ivr.errors import UserError
from ivr.outbound.dialer import Dialer
from ivr.outbound.ledger import Ledger, Story
from ivr.outbound.model import (
    TOLD,
    Attempt,
    AttemptState,
    Campaign,
    CampaignState,
    Outcome,
    Task,
)
from ivr.outbound.retry import Dial, Rules, plan
from ivr.pbx.session import Session
from ivr.pbx.switch import Switch
from ivr.store.database import FILE_NAME, Database
from tests.outbound.office import campaign, households, settings, task

RULES = Rules.of(settings(attempts=2).dialer, lambda _: True)
SITE = "main"
A, B, C, D = "A", "B", "C", "D"


async def play(db: Database, notice: Campaign, ends: Callable[[str], Outcome]) -> Sequence[Story]:
    """Call everybody in turn until the campaign is done; `ends` says how a call to a
    number ends."""
    ledger, at = Ledger(db, SITE), 0.0
    for _ in range(1000):
        at += 1e6  # whatever was to be waited for
        due = await ledger.due(notice.id, at, 1)
        if not due:
            break
        step = plan(due[0].numbers, await ledger.tried(due[0]), RULES)
        if not isinstance(step, Dial):  # every number is known to be dead: as Dialer._next
            async with db.write() as writer:
                await ledger.settle(writer, due[0], step.outcome, at)
            continue
        attempt = Attempt(
            id=ids.uuid7(at), task_id=due[0].id, campaign_id=notice.id,
            number=due[0].numbers[step.position], state=AttemptState.CREATED, created_at=at,
        )  # fmt: skip
        assert await ledger.begin(attempt, step.position)
        ended = replace(attempt, outcome=ends(attempt.number), ended_at=at)
        async with db.write() as writer:
            await ledger.end(writer, ended, RULES, at)
    assert (await ledger.campaign(notice.id)).state is CampaignState.DONE
    return await ledger.stories(notice.id)


@pytest.fixture
async def db(tmp_path: Path):
    async with await Database.open(tmp_path / FILE_NAME) as opened:
        yield opened


@pytest.mark.parametrize(
    ("households", "ends", "expected"),
    [
        # who shares the first number is told by one call
        ([[A], [A], [A, B]], {A: "heard"}, ["heard", "duplicate", "duplicate"]),
        # the one who was called first is told elsewhere: the others were not
        ([[A, B], [A], [A, C]], {A: "busy", B: "heard", C: "heard"},
         ["heard", "busy", "heard"]),
        # a number that is only the second of somebody else tells them as well
        ([[A], [B, A]], {A: "heard", B: "busy"}, ["heard", "duplicate"]),
        # nobody reached: it ended alike for all who have no other number
        ([[A], [A]], {A: "unallocated"}, ["unallocated", "unallocated"]),
        ([[A], [A, B]], {A: "unallocated", B: "confirmed"}, ["unallocated", "confirmed"]),
        # a household that waits for one that waits itself
        ([[A], [B, A], [B], [B, C]], {A: "heard", B: "no_answer", C: "heard"},
         ["heard", "duplicate", "no_answer", "heard"]),
    ],
)  # fmt: skip
async def test_one_number_of_several_households(
    db: Database, households: list[list[str]], ends: Mapping[str, str], expected: list[str]
) -> None:
    notice = campaign()
    tasks = [
        task(notice, f"{n}", *numbers, due_at=float(n)) for n, numbers in enumerate(households)
    ]
    await Ledger(db, SITE).create(notice, tasks)
    stories = await play(db, notice, lambda number: Outcome(ends[number]))
    assert [story.task.outcome for story in stories] == expected


NUMBERS = st.lists(st.sampled_from([A, B, C, D]), min_size=1, max_size=3, unique=True)
ENDS = [Outcome.HEARD, Outcome.CONFIRMED, Outcome.BUSY, Outcome.UNALLOCATED, Outcome.UNKNOWN]


@hypothesis_settings(max_examples=40, deadline=None)
@given(st.lists(NUMBERS, min_size=1, max_size=6), st.randoms(use_true_random=False))
async def test_whatever_is_shared(households: list[list[str]], chance: random.Random) -> None:
    """Everybody comes to an end; a duplicate was told on a number of its own; nobody
    who was told is called again; nobody is called more often than allowed."""
    with TemporaryDirectory() as folder:
        async with await Database.open(Path(folder) / FILE_NAME) as db:
            notice = campaign()
            tasks = [
                task(notice, f"{n}", *numbers, due_at=float(n))
                for n, numbers in enumerate(households)
            ]
            await Ledger(db, SITE).create(notice, tasks)
            stories = await play(db, notice, lambda _: chance.choice(ENDS))
    by_id = {story.task.id: story for story in stories}
    told: set[str] = set()
    for story in stories:
        outcome = story.task.outcome
        assert outcome is not None
        ends = [each.outcome for each in story.attempts]
        assert len(ends) <= RULES.attempts
        assert not TOLD.intersection(ends[:-1])
        assert (outcome in TOLD) == bool(TOLD.intersection(ends))
        told.update(each.number for each in story.attempts if each.outcome in TOLD)
        if outcome is Outcome.DUPLICATE:
            leader = by_id[story.task.duplicate_of]
            assert leader.task.outcome in TOLD
            assert leader.attempts[-1].number in story.task.numbers
        elif outcome not in TOLD:
            assert not story.task.duplicate_of or not story.attempts
    tellings = [e.number for s in stories for e in s.attempts if e.outcome in TOLD]
    assert len(tellings) == len(set(tellings)) == len(told)


async def test_states_that_do_not_follow_are_refused(db: Database) -> None:
    ledger = Ledger(db, SITE)
    notice = campaign(state=CampaignState.DRAFT)
    await ledger.create(notice, households(notice, 1))
    with pytest.raises(UserError, match="is draft; it cannot be running"):
        await ledger.change(notice, CampaignState.RUNNING)
    approved = await ledger.change(notice, CampaignState.APPROVED, approved_by="102")
    assert (await ledger.campaign(notice.id[-8:])).approved_by == "102"
    with pytest.raises(UserError, match="just been changed"):
        await ledger.change(notice, CampaignState.APPROVED)  # by somebody who saw the draft
    assert (await ledger.cancel(approved, 1.0)).state is CampaignState.CANCELLED
    with pytest.raises(UserError, match="no campaign"):
        await ledger.campaign("nothing")


async def test_quiet_hours_that_are_none_are_not_kept(db: Database) -> None:
    ledger = Ledger(db, SITE)
    notice = campaign()
    with pytest.raises(UserError, match="12:00-14:00"):
        await ledger.create(notice, [task(notice, "1", A), task(notice, "2", B, quiet="noon")])
    assert await ledger.campaigns() == []


async def test_a_campaign_with_nobody_to_phone_is_done_when_it_starts(db: Database) -> None:
    ledger = Ledger(db, SITE)
    notice = campaign(state=CampaignState.APPROVED)
    await ledger.create(notice, [task(notice, "1", A, outcome=Outcome.DO_NOT_CALL)])
    assert (await ledger.change(notice, CampaignState.RUNNING)).state is CampaignState.DONE
    assert (await ledger.progress(notice.id)).outcomes == {Outcome.DO_NOT_CALL: 1}


async def test_one_call_at_a_time_whatever_the_program_does(db: Database) -> None:
    ledger = Ledger(db, SITE)
    notice = campaign()
    one, two = task(notice, "1", A, B), task(notice, "2", B, A)
    await ledger.create(notice, [one, two])

    def attempt(of: Task, number: str) -> Attempt:
        return Attempt(
            id=ids.uuid7(), task_id=of.id, campaign_id=notice.id, number=number,
            state=AttemptState.CREATED, created_at=time.time(),
        )  # fmt: skip

    assert await ledger.begin(attempt(one, A), 0)
    assert not await ledger.begin(attempt(one, B), 1)  # the household is on the phone
    assert not await ledger.begin(attempt(two, A), 1)  # the number is
    assert (await ledger.due(notice.id, 1e12, 9))[0].id == two.id  # and nothing half done
    await ledger.change(notice, CampaignState.PAUSED)
    assert not await ledger.begin(attempt(two, B), 0)


async def test_deciding_among_a_hundred_thousand_takes_no_time(tmp_path: Path) -> None:
    used = settings()
    async with await Database.open(tmp_path / FILE_NAME) as db:
        dialer = Dialer(db, used, Switch(Session(used.ami)))
        notice = campaign()
        await Ledger(db, SITE).create(notice, households(notice, 100_000))
        took = []
        for _ in range(20):
            begun = time.perf_counter()
            assert await dialer.decide() is not None
            took.append(time.perf_counter() - begun)
        assert sorted(took)[10] < 0.020


async def test_a_household_is_left_in_peace_in_its_quiet_hours(db: Database) -> None:
    used = settings()
    noon = datetime(2026, 11, 22, 12, 30, tzinfo=used.site.zone).timestamp()
    notice = campaign()
    tasks = [
        task(notice, "1", "13800138000", quiet="12:00-14:00"),
        task(notice, "2", "13800138001"),
    ]
    await Ledger(db, SITE).create(notice, tasks)
    dialer = Dialer(db, used, Switch(Session(used.ami)), now=lambda: noon)
    attempt = await dialer.decide()
    assert attempt is not None
    assert attempt.task_id == tasks[1].id
    assert await dialer.decide() is None
    quiet = await Ledger(db, SITE).task(tasks[0].id)
    assert quiet is not None
    assert quiet.due_at == noon + 1.5 * 3600


async def test_a_number_on_the_phone_is_not_rung_for_another_campaign(db: Database) -> None:
    used = settings()
    number = "13800138000"
    ledger = Ledger(db, SITE)
    for title in ("停水", "停电"):
        notice = campaign(title)
        await ledger.create(notice, [task(notice, "1", number)])
    dialer = Dialer(db, used, Switch(Session(used.ami)), now=lambda: 1000.0)
    assert await dialer.decide() is not None
    assert await dialer.decide() is None
    assert [each.due_at for each in await ledger.due(notice.id, 1005.0, 9)] == [1005.0]
