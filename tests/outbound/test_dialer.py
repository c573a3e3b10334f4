"""The dialer on the real Asterisk, with the city's people at the far end."""

import time
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from ivr.demo.agent import Behaviour
from ivr.demo.behaviours import (
    announcement,
    answer,
    busy,
    never_answer,
    reject,
    talk,
    unallocated,
    unreachable,
)
from ivr.demo.house import House
from ivr.demo.sound import tone
from ivr.outbound import attempts
from ivr.outbound.ledger import Story
from ivr.outbound.model import CampaignState, Outcome, Urgency
from tests.outbound.office import BASE, campaign, settings, task, working

pytestmark = [pytest.mark.pbx, pytest.mark.asyncio(loop_scope="module")]

_numbers = iter(range(1, 10**8))


def number() -> str:
    """One that no other test has used."""
    return f"139{next(_numbers):08}"


def people(house: House, behaviour: Behaviour, count: int = 1) -> list[str]:
    numbers = [number() for _ in range(count)]
    for each in numbers:
        house.city.subscriber(each, behaviour)
    return numbers


def rung(house: House, *numbers: str) -> list[str]:
    """The numbers the city saw called, in order."""
    return [call.number for call in house.city.received if call.number in numbers]


def most_at_once(stories: Sequence[Story]) -> int:
    """How many calls there were at a time, by Asterisk's clock."""
    calls = [each for story in stories for each in story.attempts]
    return max(
        sum(a.dialled_at <= one.dialled_at < a.ended_at for a in calls)  # type: ignore[operator]
        for one in calls
    )


OUTCOMES: list[tuple[str, Behaviour, Outcome]] = [
    ("hears it out", answer(0.2), Outcome.HEARD),
    ("hangs up in the middle", answer(0.1, talk(0.05)), Outcome.UNKNOWN),
    ("busy", busy, Outcome.BUSY),
    ("nobody has the number", unallocated, Outcome.UNALLOCATED),
    ("number is incomplete", reject(484), Outcome.UNALLOCATED),
    ("telephone is off", unreachable, Outcome.UNREACHABLE),
    ("network does not find it", reject(408), Outcome.UNREACHABLE),
    ("declined", reject(603), Outcome.REJECTED),
    ("declined after ringing", reject(603, 0.2), Outcome.REJECTED),
    ("let it ring", never_answer, Outcome.NO_ANSWER),
    ("rang and was refused as absent", reject(480, 0.2), Outcome.NO_ANSWER),
    ("trunk is full", reject(503), Outcome.CONGESTION),
    ("network announces and refuses", announcement(tone(400, 0.2), 404), Outcome.UNALLOCATED),
    ("network announces: it is off", announcement(tone(400, 0.2), 480), Outcome.UNREACHABLE),
]


async def test_every_way_a_call_can_end(house: House, tmp_path: Path) -> None:
    async with working(house, settings(ring_s=1.5, congestion_retry_s=600), tmp_path) as office:
        notice = campaign()
        tasks = [task(notice, what, *people(house, behaviour)) for what, behaviour, _ in OUTCOMES]
        await office.ledger.create(notice, tasks)
        office.dialer.wake()
        ended = {Outcome.CONGESTION, None}
        await office.until(
            lambda: sum(each.state == "done" for each in office.changes) == len(OUTCOMES)
        )
        stories = await office.ledger.stories(notice.id)
        got = {story.task.household: story.attempts[0].outcome for story in stories}
        assert got == {what: outcome for what, _, outcome in OUTCOMES}
        for story in stories:
            if story.task.household == "trunk is full":
                assert story.task.outcome is None  # congestion is no try
            else:
                assert story.task.outcome in {story.attempts[0].outcome} | ended
        heard = next(s.attempts[0] for s in stories if s.task.household == "hears it out")
        assert heard.created_at <= heard.dialled_at <= heard.ringing_at  # type: ignore[operator]
        assert heard.ringing_at < heard.answered_at < heard.ended_at  # type: ignore[operator]


async def test_a_household_is_tried_on_all_its_numbers_before_any_again(
    house: House, tmp_path: Path
) -> None:
    (is_busy,), (is_dead,), (answers,) = (
        people(house, each) for each in (busy, unallocated, answer(0.1))
    )
    async with working(house, settings(attempts=5), tmp_path) as office:
        notice = campaign()
        await office.ledger.create(notice, [task(notice, "1", is_busy, is_dead, answers)])
        (story,) = await office.until_done(notice)
        assert [each.number for each in story.attempts] == [is_busy, is_dead, answers]
        assert story.task.outcome is Outcome.HEARD
        assert story.task.tries == 3


async def test_busy_is_tried_again_until_it_is_enough(house: House, tmp_path: Path) -> None:
    (is_busy,) = people(house, busy)
    async with working(house, settings(attempts=3, busy_retry_s=0.3), tmp_path) as office:
        notice = campaign()
        await office.ledger.create(notice, [task(notice, "1", is_busy)])
        (story,) = await office.until_done(notice)
        assert [each.outcome for each in story.attempts] == [Outcome.BUSY] * 3
        begun = [each.created_at for each in story.attempts]
        ended = [each.ended_at for each in story.attempts]
        assert all(b - e >= 0.3 for b, e in zip(begun[1:], ended, strict=False))  # type: ignore[operator]
        assert rung(house, is_busy) == [is_busy] * 3


async def test_one_call_tells_all_who_share_the_number(house: House, tmp_path: Path) -> None:
    landlord, other = people(house, answer(0.1), 2)
    (off,) = people(house, unreachable)
    async with working(house, settings(attempts=1), tmp_path) as office:
        notice = campaign()
        tasks = [
            task(notice, "1", landlord),
            task(notice, "2", landlord, other),
            task(notice, "3", off),
            task(notice, "4", off, other),
            task(notice, "5", off),
        ]
        await office.ledger.create(notice, tasks)
        stories = await office.until_done(notice)
        assert [story.task.outcome for story in stories] == [
            Outcome.HEARD,
            Outcome.DUPLICATE,
            Outcome.UNREACHABLE,
            Outcome.HEARD,  # opened again: it has a number of its own
            Outcome.UNREACHABLE,
        ]
        assert sorted(rung(house, landlord, other, off)) == sorted([landlord, off, other])


async def test_a_number_that_is_not_allowed_is_never_rung(house: House, tmp_path: Path) -> None:
    abroad = "0085212345678"
    house.city.subscriber(abroad, answer(0.1))
    async with working(house, settings(), tmp_path) as office:
        notice = campaign()
        await office.ledger.create(notice, [task(notice, "1", abroad)])
        (story,) = await office.until_done(notice)
        assert (story.task.outcome, story.attempts) == (Outcome.FORBIDDEN, ())
        assert rung(house, abroad) == []


async def test_a_number_rests_when_it_had_its_calls_of_the_day(
    house: House, tmp_path: Path
) -> None:
    (is_busy,) = people(house, busy)
    async with working(house, settings(attempts=9, daily_calls=2, busy_retry_s=0), tmp_path) as at:
        notice = campaign()
        await at.ledger.create(notice, [task(notice, "1", is_busy)])
        await at.until(lambda: sum(each.state == "done" for each in at.changes) == 2)
        assert await at.dialer.decide() is None
        (story,) = await at.ledger.stories(notice.id)
        assert story.task.outcome is None
        assert story.task.due_at > time.time()
        assert len(rung(house, is_busy)) == 2


async def test_pause_resume_and_cancel(house: House, tmp_path: Path) -> None:
    numbers = people(house, answer(0.2), 12)
    async with working(house, settings(lines=2), tmp_path) as office:
        notice = campaign(state=CampaignState.APPROVED)
        tasks = [task(notice, f"{n:02}", each) for n, each in enumerate(numbers)]
        await office.ledger.create(notice, tasks)
        notice = await office.ledger.change(notice, CampaignState.RUNNING)
        office.dialer.wake()
        await office.until(lambda: sum(each.state == "talking" for each in office.changes) == 2)
        notice = await office.ledger.change(notice, CampaignState.PAUSED)
        await office.until(lambda: not office.dialer.attempts)  # they come to their end
        before = len(rung(house, *numbers))
        done = await office.ledger.progress(notice.id)
        assert done.outcomes == {Outcome.HEARD: before}
        assert await office.dialer.decide() is None
        notice = await office.ledger.change(notice, CampaignState.RUNNING)
        office.dialer.wake()
        await office.until(lambda: len(office.dialer.attempts) == 2)
        await office.ledger.cancel(notice, time.time())
        await office.until(lambda: not office.dialer.attempts)
        progress = await office.ledger.progress(notice.id)
        assert progress.open == 0
        assert progress.outcomes[Outcome.HEARD] == len(rung(house, *numbers))
        assert progress.outcomes[Outcome.CANCELLED] == 12 - len(rung(house, *numbers))


async def test_lines_and_pace_are_never_exceeded(house: House, tmp_path: Path) -> None:
    numbers = people(house, answer(0.1), 30)
    async with working(house, settings(lines=5, pace=8), tmp_path) as office:
        notice = campaign()
        await office.ledger.create(
            notice, [task(notice, f"{n:02}", each) for n, each in enumerate(numbers)]
        )
        office.dialer.wake()
        stories = await office.until_done(notice)
    assert most_at_once(stories) <= 5
    begun = sorted(story.attempts[0].dialled_at or 0.0 for story in stories)
    assert all(sum(t <= other < t + 1 for other in begun) <= 9 for t in begun)
    assert begun[-1] - begun[0] < 30 / 8 * 1.3  # and not much slower either


async def test_lines_are_kept_free_for_those_who_call(house: House, tmp_path: Path) -> None:
    numbers = people(house, answer(0.3), 6)
    wanted = settings(lines=8, keep_free=2)
    trunk = wanted.trunks[0].model_copy(update={"lines": 6})
    wanted = wanted.model_copy(update={"trunks": [trunk]})
    async with working(house, wanted, tmp_path, others=lambda: 1) as office:
        assert office.dialer.free_lines == 3
        notice = campaign()
        await office.ledger.create(
            notice, [task(notice, f"{n}", each) for n, each in enumerate(numbers)]
        )
        office.dialer.wake()
        await office.until(lambda: len(office.dialer.attempts) == 3)
        assert most_at_once(await office.until_done(notice)) == 3


async def test_the_urgent_comes_first_and_equals_share(house: House, tmp_path: Path) -> None:
    numbers = people(house, answer(0.05), 24)
    async with working(house, settings(lines=1, pace=50), tmp_path) as office:
        survey = campaign("回访", Urgency.SURVEY)
        first, second = campaign("停水"), campaign("停电")
        urgent = campaign("燃气泄漏", Urgency.URGENT)
        for index, each in enumerate((survey, first, second, urgent)):
            mine = numbers[index * 6 : index * 6 + 6]
            await office.ledger.create(each, [task(each, number, number) for number in mine])
        office.dialer.wake()
        for each in (survey, first, second, urgent):
            await office.until_done(each)
    order = [change.campaign_id for change in office.changes if change.state == "dialling"]
    begin = order.index(urgent.id)  # the first call may have begun before it was there
    assert begin <= 1
    assert order[begin : begin + 6] == [urgent.id] * 6
    shared = [each for each in order[begin + 6 :] if each != survey.id]
    assert Counter(shared[:8]) == {first.id: 4, second.id: 4}
    assert order[-5:] == [survey.id] * 5


async def test_congestion_slows_the_dialer_down_and_it_recovers(
    house: House, tmp_path: Path
) -> None:
    full = {"yes": True}

    async def behave(call: Any) -> None:
        await (reject(503) if full["yes"] else answer(0.05))(call)

    numbers = people(house, behave, 30)
    async with working(house, settings(pace=40, congestion_retry_s=0.2), tmp_path) as office:
        notice = campaign()
        await office.ledger.create(
            notice, [task(notice, f"{n:02}", each) for n, each in enumerate(numbers)]
        )
        office.dialer.wake()
        await office.until(lambda: office.dialer.breaker.factor <= 0.25)
        full["yes"] = False
        await office.until(lambda: office.dialer.breaker.factor == 1.0)
        stories = await office.until_done(notice)
        assert {story.task.outcome for story in stories} == {Outcome.HEARD}


async def test_a_caller_who_is_told_is_not_phoned(house: House, tmp_path: Path) -> None:
    waits, other = people(house, answer(0.1), 2)
    async with working(house, settings(), tmp_path) as office:
        notice = campaign()
        later = time.time() + 3600
        await office.ledger.create(
            notice,
            [
                task(notice, "1", waits, due_at=later),
                task(notice, "2", other, waits, due_at=later + 1),
            ],
        )
        for_caller = await office.ledger.waiting_for(waits)
        assert [each.household for each in for_caller] == ["1", "2"]
        about = (for_caller[0], Outcome.CALLED_IN, waits, time.time())
        assert await office.ledger.told_otherwise(*about)
        assert not await office.ledger.told_otherwise(*about)
        stories = await office.until_done(notice)
        assert [story.task.outcome for story in stories] == [Outcome.CALLED_IN, Outcome.DUPLICATE]
        assert rung(house, waits, other) == []


async def test_something_new_to_say_is_said_to_those_told_already(
    house: House, tmp_path: Path
) -> None:
    numbers = people(house, answer(0.05), 2)
    async with working(house, settings(), tmp_path) as office:
        notice = campaign()
        tasks = [task(notice, each, each) for each in numbers]
        await office.ledger.create(notice, tasks)
        await office.until_done(notice)
        done = await office.ledger.campaign(notice.id)
        await office.ledger.reword(done, {each.id: "延期" for each in tasks}, time.time())
        office.dialer.wake()
        stories = await office.until_done(notice)
        assert [(each.task.subject, each.task.outcome) for each in stories] == [
            ("延期", Outcome.HEARD)
        ] * 2
        assert [len(story.attempts) for story in stories] == [2, 2]


async def test_at_the_end_of_its_time_a_campaign_is_over(house: House, tmp_path: Path) -> None:
    (is_busy,) = people(house, busy)
    async with working(house, settings(attempts=5, busy_retry_s=3600), tmp_path) as office:
        notice = campaign(not_after=time.time() + 1.0)
        await office.ledger.create(
            notice,
            [task(notice, "1", is_busy), task(notice, "2", number(), due_at=time.time() + 600)],
        )
        office.dialer.wake()
        stories = await office.until_done(notice)
        assert [each.task.outcome for each in stories] == [Outcome.BUSY, Outcome.OUT_OF_WINDOW]


async def test_outside_the_window_only_the_urgent_are_phoned(house: House, tmp_path: Path) -> None:
    hour = datetime.now(BASE.site.zone).hour
    closed = f"{(hour + 2) % 24:02}:00-{(hour + 3) % 24:02}:00"
    wanted = settings(window=closed)
    numbers = people(house, answer(0.05), 3)
    async with working(house, wanted, tmp_path) as office:
        plain = campaign("停水", outside_window=True)
        urgent = campaign("燃气泄漏", Urgency.URGENT, outside_window=True)
        denied = campaign("电梯", Urgency.URGENT)
        for each, its in zip((plain, urgent, denied), numbers, strict=True):
            await office.ledger.create(each, [task(each, its, its)])
        office.dialer.wake()
        await office.until_done(urgent)
        assert await office.dialer.decide() is None
    assert rung(house, *numbers) == [numbers[1]]


async def test_a_trunk_that_is_not_there_is_congestion(house: House, tmp_path: Path) -> None:
    wanted = settings(congestion_retry_s=600)
    nowhere = wanted.trunks[0].model_copy(update={"device": "PJSIP/nowhere"})
    wanted = wanted.model_copy(update={"trunks": [nowhere]})
    async with working(house, wanted, tmp_path) as office:
        notice = campaign()
        await office.ledger.create(notice, [task(notice, "1", number())])
        office.dialer.wake()
        await office.until(lambda: any(each.state == "done" for each in office.changes))
        (story,) = await office.ledger.stories(notice.id)
        assert [(each.outcome, each.dialled_at) for each in story.attempts] == [
            (Outcome.CONGESTION, None)
        ]
        assert story.task.outcome is None


async def test_a_call_that_asterisk_does_not_end_is_ended(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts, "OVERDUE_S", -28.5)  # we lose patience after 1.5 s of 30
    (rings_on,) = people(house, never_answer)
    async with working(house, settings(ring_s=30.0), tmp_path) as office:
        notice = campaign()
        await office.ledger.create(notice, [task(notice, "1", rings_on)])
        (story,) = await office.until_done(notice, 10)
        assert (story.task.outcome, story.attempts[0].cause) == (Outcome.NO_ANSWER, 16)
