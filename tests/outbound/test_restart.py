"""Nobody is phoned twice for one attempt, and nobody forgotten, whatever breaks."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from ivr import ids
from ivr.demo.behaviours import answer, busy, never_answer, talk
from ivr.demo.house import House
from ivr.outbound.dialer import Dialer
from ivr.outbound.ledger import Ledger
from ivr.outbound.model import Attempt, AttemptState, Outcome, Talk
from ivr.outbound.settle import read_traces
from ivr.pbx.testing import FaultProxy
from ivr.store.database import FILE_NAME, Database
from tests.outbound.office import (
    BASE,
    Office,
    campaign,
    open_town,
    opened,
    settings,
    spawn,
    talk_by_dialplan,
    task,
    working,
)

pytestmark = [pytest.mark.pbx, pytest.mark.asyncio(loop_scope="module")]

_numbers = iter(range(5 * 10**7, 10**8))


def people(house: House, behaviour: Any, count: int = 1) -> list[str]:
    numbers = [f"138{next(_numbers):08}" for _ in range(count)]
    for each in numbers:
        house.city.subscriber(each, behaviour)
    return numbers


def calls_to(house: House, number: str) -> int:
    return sum(call.number == number for call in house.city.received)


async def test_an_attempt_is_committed_before_anything_rings(house: House, tmp_path: Path) -> None:
    (number,) = people(house, never_answer)
    used = settings()
    async with await Database.open(tmp_path / FILE_NAME) as db:
        office = Office(used, db)  # never connected: nothing can be sent
        notice = campaign()
        await office.ledger.create(notice, [task(notice, "1", number)])
        attempt = await office.dialer.decide()
        assert attempt is not None
        (kept,) = await Ledger(db, used.site.id).open_attempts()
        assert (kept.id, kept.state) == (attempt.id, AttemptState.CREATED)
        assert await office.dialer.decide() is None  # and nobody takes it again
        second = Dialer(db, used, office.switch)
        assert await second.decide() is None
    assert calls_to(house, number) == 0


async def test_the_same_attempt_asked_for_twice_rings_once(house: House, tmp_path: Path) -> None:
    (number,) = people(house, answer(0.4))
    async with working(house, settings(), tmp_path) as office:
        notice = campaign()
        await office.ledger.create(notice, [task(notice, "1", number)])
        office.dialer.wake()
        await office.until(lambda: any(each.state == "ringing" for each in office.changes))
        (attempt,) = office.dialer.attempts
        await office.switch.dial_out(f"PJSIP/{number}@city", attempt.id, 5)
        (story,) = await office.until_done(notice)
        assert story.task.outcome is Outcome.HEARD
        assert calls_to(house, number) == 1


async def test_a_call_that_still_lives_is_taken_up(house: House, tmp_path: Path) -> None:
    (number,) = people(house, answer(1.2))
    notice = campaign()
    async with working(house, settings(), tmp_path) as office:
        await office.ledger.create(notice, [task(notice, "1", number)])
        office.dialer.wake()
        await office.until(lambda: any(each.state == "ringing" for each in office.changes))
    async with working(house, settings(), tmp_path) as office:
        (story,) = await office.until_done(notice)
        assert story.task.outcome is Outcome.HEARD
        assert [each.outcome for each in story.attempts] == [Outcome.HEARD]
    assert calls_to(house, number) == 1


@pytest.mark.parametrize(
    ("behaviour", "outcome"),
    [
        (busy, Outcome.BUSY),
        (never_answer, Outcome.NO_ANSWER),
        (answer(0.05, talk(0.1)), Outcome.UNKNOWN),  # answered, and nobody saw what was said
    ],
    ids=["busy", "no answer", "answered"],
)
async def test_a_call_that_ended_unseen_is_settled_by_asterisks_log(
    house: House, tmp_path: Path, behaviour: Any, outcome: Outcome
) -> None:
    (number,) = people(house, behaviour)
    notice = campaign()
    one = task(notice, "1", number)
    used = settings(ring_s=1.0)
    async with await Database.open(tmp_path / FILE_NAME) as db:
        await Ledger(db, used.site.id).create(notice, [one])
        # as if the process had been killed right after Asterisk took the order
        attempt = Attempt(
            id=ids.uuid7(), task_id=one.id, campaign_id=notice.id, number=number,
            state=AttemptState.CREATED, created_at=time.time(),
        )  # fmt: skip
        assert await Ledger(db, used.site.id).begin(attempt, 0)
        async with opened(house.settings, db) as office:
            await _dial_unwatched(house, office, attempt, number)
    async with working(house, used, tmp_path) as office:
        (story,) = await office.until_done(notice)
        assert [each.outcome for each in story.attempts] == [outcome]
        assert story.attempts[0].note == "中断后查明"
    assert calls_to(house, number) == 1


async def _dial_unwatched(house: House, office: Office, attempt: Attempt, number: str) -> None:
    """Let the call begin and end while no dialer that knows it is listening."""
    await office.dialer.close()
    await office.switch.dial_out(f"PJSIP/{number}@city", attempt.id, 1.0)
    async with asyncio.timeout(10):
        cel = house.settings.paths.cel
        while (trace := read_traces(cel, [attempt.id]).get(attempt.id)) is None or (  # noqa: ASYNC110
            trace.ended_at is None
        ):
            await asyncio.sleep(0.05)


async def test_an_attempt_that_left_no_trace_is_unknown_and_made_up_for_once(
    house: House, tmp_path: Path
) -> None:
    (number,) = people(house, answer(0.05))
    notice = campaign()
    one = task(notice, "1", number)
    async with await Database.open(tmp_path / FILE_NAME) as db:
        await Ledger(db, BASE.site.id).create(notice, [one])
        attempt = Attempt(
            id=ids.uuid7(), task_id=one.id, campaign_id=notice.id, number=number,
            state=AttemptState.CREATED, created_at=time.time(),
        )  # fmt: skip
        assert await Ledger(db, BASE.site.id).begin(attempt, 0)
    async with working(house, settings(attempts=3), tmp_path) as office:
        (story,) = await office.until_done(notice)
        assert [each.outcome for each in story.attempts] == [Outcome.UNKNOWN, Outcome.HEARD]
        assert story.task.outcome is Outcome.HEARD
    assert calls_to(house, number) == 1


async def test_what_the_conversation_came_to_survives(house: House, tmp_path: Path) -> None:
    """Told before the call ended; the process dies before the hangup."""
    (number,) = people(house, answer(0.05))
    notice = campaign()
    one = task(notice, "1", number)
    async with await Database.open(tmp_path / FILE_NAME) as db:
        ledger = Ledger(db, BASE.site.id)
        await Ledger(db, BASE.site.id).create(notice, [one])
        attempt = Attempt(
            id=ids.uuid7(), task_id=one.id, campaign_id=notice.id, number=number,
            state=AttemptState.TALKING, created_at=time.time(), answered_at=time.time(),
        )  # fmt: skip
        assert await ledger.begin(attempt, 0)
        office = Office(settings(), db)
        await office.dialer.start()
        await office.dialer.talk_finished(attempt.id, Talk(Outcome.CONFIRMED, keys="1"))
        await office.dialer.close()
    async with working(house, settings(attempts=3), tmp_path) as office:
        (story,) = await office.until_done(notice)
        assert (story.task.outcome, story.attempts[0].keys) == (Outcome.CONFIRMED, "1")
    assert calls_to(house, number) == 0


async def test_a_conversation_that_is_told_late_still_counts(house: House, tmp_path: Path) -> None:
    (number,) = people(house, answer(0.05, talk(0.05)))
    async with working(house, settings(attempts=3, other_retry_s=600), tmp_path) as office:
        notice = campaign()
        await office.ledger.create(notice, [task(notice, "1", number)])
        office.dialer.wake()
        await office.until(lambda: any(each.outcome == "unknown" for each in office.changes))
        await office.dialer.talk_finished(office.changes[-1].id, Talk(Outcome.CONFIRMED))
        (story,) = await office.until_done(notice)
        assert story.task.outcome is Outcome.CONFIRMED
        assert [each.outcome for each in story.attempts] == [Outcome.CONFIRMED]


async def test_the_connection_to_asterisk_breaks(house: House, tmp_path: Path) -> None:
    numbers = people(house, answer(0.3), 12)
    ami = house.settings.ami
    async with FaultProxy(ami.host, ami.port) as proxy:
        behind = house.settings.model_copy(
            update={"ami": ami.model_copy(update={"port": proxy.port}),
                    "dialer": settings(lines=4, attempts=3).dialer}
        )  # fmt: skip
        async with (
            await Database.open(tmp_path / FILE_NAME) as db,
            opened(behind, db) as office,
        ):
            notice = campaign()
            await office.ledger.create(notice, [task(notice, each, each) for each in numbers])
            office.dialer.wake()
            for count in (2, 6):
                await office.until(lambda n=count: _ended(office) >= n)
                proxy.cut()
            stories = await office.until_done(notice, 40)
    _nobody_twice_nobody_forgotten(house, stories)


async def test_asterisk_is_restarted(tmp_path: Path) -> None:
    async with open_town(tmp_path) as house:
        numbers = people(house, answer(0.4), 10)
        async with working(house, settings(lines=4, attempts=3), tmp_path) as office:
            notice = campaign()
            await office.ledger.create(notice, [task(notice, each, each) for each in numbers])
            office.dialer.wake()
            await office.until(lambda: _ended(office) >= 3)
            await house.asterisk.stop()
            await house.asterisk.start()
            await talk_by_dialplan(house)
            stories = await office.until_done(notice, 40)
        _nobody_twice_nobody_forgotten(house, stories)


async def test_the_dialer_is_killed(house: House, tmp_path: Path) -> None:
    numbers = people(house, answer(0.2), 30)
    wanted = settings(lines=6, attempts=3)
    async with await Database.open(house.settings.paths.data / FILE_NAME) as db:
        ledger = Ledger(db, BASE.site.id)
        notice = campaign()
        await ledger.create(notice, [task(notice, each, each) for each in numbers])
        for reached in (5, 15):
            process = await spawn(house, wanted)
            while (await ledger.progress(notice.id)).open > len(numbers) - reached:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            process.kill()
            await process.wait()
        process = await spawn(house, wanted)
        try:
            async with asyncio.timeout(40):
                while (await ledger.progress(notice.id)).open:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
        finally:
            process.kill()
            await process.wait()
        stories = await ledger.stories(notice.id)
    _nobody_twice_nobody_forgotten(house, stories)


def _ended(office: Office) -> int:
    return sum(each.state == "done" for each in office.changes)


def _nobody_twice_nobody_forgotten(house: House, stories: Any) -> None:
    for task_, attempts in stories:
        assert task_.outcome is not None
        assert all(each.outcome is not None for each in attempts)
        assert calls_to(house, task_.numbers[0]) <= len(attempts)
        outcomes = [each.outcome for each in attempts]
        assert Outcome.HEARD not in outcomes[:-1]
        assert task_.outcome in (Outcome.HEARD, Outcome.UNKNOWN)
