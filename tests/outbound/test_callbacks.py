"""From 已处理 to 满意, and everything that may happen on the way: once each."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from ivr.desk.request import RequestKind, RequestState, What
from ivr.errors import UserError
from ivr.outbound import briefing
from ivr.outbound.model import Outcome
from ivr.settings import Callbacks as Rules
from tests.outbound.callbacks import BASE, GOES, Desk, open_desk

SATISFIED = {"fixed": "1", "satisfied": "1"}
DISSATISFIED = {"fixed": "1", "satisfied": "4", "words": "#"}
DAY = 86_400


class Killed(BaseException):
    """kill -9."""


@pytest_asyncio.fixture
async def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    async with open_desk(tmp_path, monkeypatch) as opened:
        yield opened


# --- the way it is meant


async def test_a_repair_is_asked_about_and_closed(desk: Desk) -> None:
    request = await desk.resolved()
    assert await desk.phoned(SATISFIED) is Outcome.CONFIRMED
    assert await desk.state(request) is RequestState.CLOSED
    (talk,) = await desk.callbacks.story(request.id)
    assert [(a.step, a.choice, a.way, a.key) for a in talk.answers] == [
        ("fixed", "yes", "key", "1"),
        ("satisfied", "very_satisfied", "key", "1"),
    ]
    assert (talk.interview.verdict, talk.interview.words) == ("satisfied", "修好了；非常满意")
    assert await desk.due() == []


async def test_nobody_is_phoned_before_the_words_are_there(desk: Desk) -> None:
    await desk.resolved()
    await desk.loop.look()
    assert await desk.due() == []
    await desk.loop.render()
    assert len(await desk.due()) == 1


async def test_words_that_cannot_be_said_are_told_and_the_others_go_on(desk: Desk) -> None:
    wrong = await desk.resolved("厨房漏水")
    right = await desk.resolved("阳台漏水", phone="13800138001")
    await desk.loop.look()
    async with desk.db.write() as writer:
        await writer.execute("UPDATE callbacks SET fields = '{\"address\": \"\", \"language\": "
                             "\"zh-CN\"}' WHERE request = ?", (wrong.id,))  # fmt: skip
    await desk.loop.render()
    (task,) = await desk.due()
    assert task.subject == right.number
    lacking = [row["lacking"] for row in await desk.callbacks.tables.queue()]
    assert [bool(each) for each in lacking].count(True) == 1


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        (RequestKind.REPAIR, RequestState.CLOSED),
        (RequestKind.PAID, RequestState.CLOSED),
        (RequestKind.COMPLAINT, RequestState.SATISFIED),  # a person closes it
    ],
)
async def test_what_satisfied_leads_to(desk: Desk, kind: RequestKind, state: RequestState) -> None:
    request = await desk.resolved(kind=kind)
    keys = SATISFIED if kind is RequestKind.REPAIR else {"satisfied": "1"}
    await desk.phoned(keys)
    assert await desk.state(request) is state


@pytest.mark.parametrize("kind", [RequestKind.ADVICE, RequestKind.HELP, RequestKind.INQUIRY])
async def test_other_kinds_are_left_to_people(desk: Desk, kind: RequestKind) -> None:
    await desk.resolved(kind=kind)
    await desk.look()
    assert await desk.due() == []


# --- the loop


async def test_twice_dissatisfied_then_satisfied(desk: Desk) -> None:
    request = await desk.resolved()
    for rounds in (1, 2):
        await desk.phoned(DISSATISFIED)
        again = await desk.requests.get(request.id)
        assert (again.state, again.rounds) == (RequestState.REOPENED, rounds)
        (told,) = await desk.due(briefing.KIND)
        assert told.numbers == ("202",)
        assert await desk.talk(await desk.begin(told), told, {"receive": "1"}) is Outcome.CONFIRMED
        await desk.look()
        assert await desk.due() == []  # not before the department says that it is done
        await desk.resolve(request)
    await desk.phoned(SATISFIED)
    assert await desk.state(request) is RequestState.CLOSED
    history = [entry.what for entry in await desk.requests.history(request.id)]
    assert history.count(What.REOPENED) == 2
    assert history.count(What.RESOLVED) == 3
    words = [entry.text for entry in await desk.requests.history(request.id)]
    assert "报修回访：不满意（修好了；不满意）" in words
    assert "工程部已电话确认收到" in words


async def test_the_third_time_it_is_the_managers(desk: Desk) -> None:
    request = await desk.resolved()
    for _ in range(2):
        await desk.phoned(DISSATISFIED)
        await desk.resolve(request)
    await desk.phoned(DISSATISFIED)
    last = await desk.requests.get(request.id)
    assert (last.state, last.rounds) == (RequestState.ESCALATED, 3)
    assert (await desk.due(briefing.KIND))[-1].numbers == ("100", "202")


async def test_reopened_by_a_person_the_department_is_told_as_well(desk: Desk) -> None:
    request = await desk.resolved()
    await desk.requests.reopen(request.id, by="前台", now=time.time(), text="业主来电说又漏了")
    await desk.look()
    assert len(await desk.due(briefing.KIND)) == 1


# --- nobody there


async def test_a_machine_is_told_nothing_and_tried_again(desk: Desk) -> None:
    await desk.resolved()
    await desk.look()
    (task,) = await desk.due()
    outcome = await desk.talk(await desk.begin(task), task, {}, machine=True)
    assert outcome is Outcome.VOICEMAIL
    open_task = await desk.callbacks.ledger.task(task.id)
    assert open_task is not None
    assert open_task.outcome is None


async def test_who_says_nothing_is_left_alone_until_tomorrow(desk: Desk) -> None:
    request = await desk.resolved()
    assert await desk.phoned({"hello": GOES}) is Outcome.HUNG_UP
    assert await desk.state(request) is RequestState.RESOLVED
    assert await desk.due() == []
    today, tomorrow = sorted(row["day"] for row in await desk.callbacks.tables.queue())
    assert today < tomorrow
    await desk.look()
    assert len(await desk.callbacks.tables.queue()) == 2  # put to one other day, once


async def test_who_wants_a_person_stays_due_until_one_has_written_it_down(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def go_on(_channel: str) -> None:
        return

    request = await desk.resolved()
    await desk.look()
    monkeypatch.setattr(desk.switch, "go_on_to_hotline", go_on)
    (task,) = await desk.due()
    outcome = await desk.talk(await desk.begin(task), task, {"fixed": "0"})
    await desk.look()
    assert outcome is Outcome.TRANSFERRED
    assert await desk.state(request) in (RequestState.CALLING_BACK, RequestState.RESOLVED)
    await desk.requests.satisfied(request.id, by="前台", now=time.time())
    await desk.look()
    assert not await desk.callbacks.tables.queue("due")  # withdrawn: a person has settled it


@pytest.mark.parametrize(
    ("draft", "outcome"),
    [
        ({"phone": "", "home": ""}, Outcome.FORBIDDEN),
        ({"phone": "0085291234567", "home": ""}, Outcome.FORBIDDEN),
    ],
    ids=["no number", "not allowed"],
)
async def test_who_cannot_be_phoned_is_said(
    desk: Desk, draft: dict[str, str], outcome: str
) -> None:
    request = await desk.resolved(**draft)
    await desk.look()
    (row,) = await desk.callbacks.tables.queue()
    assert row["outcome"] == outcome
    await desk.look()
    assert len(await desk.callbacks.tables.queue()) == 1
    assert await desk.state(request) is RequestState.RESOLVED


async def test_a_household_is_not_asked_too_often(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = Rules(repair_after_min=0, household_a_day=1)
    async with open_desk(
        tmp_path, monkeypatch, BASE.model_copy(update={"callbacks": rules})
    ) as desk:
        await desk.resolved("厨房漏水")
        await desk.phoned(SATISFIED)
        await desk.resolved("阳台漏水")
        await desk.look()
        assert await desk.due() == []
        days = {row["day"] for row in await desk.callbacks.tables.queue()}
        assert len(days) == 2


# --- killed in the middle


async def test_killed_during_the_talk_what_was_answered_counts(desk: Desk) -> None:
    """The process dies after the answers and before the goodbye."""
    request = await desk.resolved()
    await desk.look()
    (task,) = await desk.due()
    attempt = await desk.begin(task)

    async def die(*_: object) -> None:
        raise Killed

    desk.callbacks.end = die  # type: ignore[assignment, method-assign]
    with pytest.raises(Killed):
        await desk.talk(attempt, task, DISSATISFIED)
    await desk.restart()
    await desk.end(attempt, Outcome.UNKNOWN)  # as the dialer settles it
    await desk.look()
    await desk.look()
    assert await desk.state(request) is RequestState.REOPENED
    assert (await desk.requests.get(request.id)).rounds == 1
    assert len(await desk.due(briefing.KIND)) == 1


@pytest.mark.parametrize("step", ["_follow", "settle_interview"])
async def test_killed_while_it_is_settled_everything_happens_once(desk: Desk, step: str) -> None:
    """Before the request was reopened, and after that but before it was written down."""
    request = await desk.resolved()
    await desk.look()
    (task,) = await desk.due()
    await desk.talk(await desk.begin(task), task, DISSATISFIED)

    async def die(*_: object, **__: object) -> None:
        raise Killed

    target = desk.callbacks if step == "_follow" else desk.callbacks.tables
    setattr(target, step, die)
    with pytest.raises(Killed):
        await desk.look()
    await desk.restart()
    await desk.look()
    await desk.look()
    again = await desk.requests.get(request.id)
    assert (again.state, again.rounds) == (RequestState.REOPENED, 1)
    assert len(await desk.due(briefing.KIND)) == 1
    assert await desk.due() == []


async def test_an_old_verdict_does_not_touch_a_new_round(desk: Desk) -> None:
    """Settled late: the department has resolved it again meanwhile."""
    request = await desk.resolved()
    await desk.look()
    (task,) = await desk.due()
    await desk.talk(await desk.begin(task), task, SATISFIED)
    now = time.time()
    await desk.requests.reopen(request.id, by="前台", now=now, text="业主来电说又漏了")
    await desk.requests.resolve(request.id, by="李师傅", now=now + 1)
    await desk.loop.look()
    assert await desk.state(request) is RequestState.RESOLVED
    await desk.loop.render()
    assert len(await desk.due()) == 1


async def test_resolved_by_another_process_is_seen(desk: Desk) -> None:
    request = await desk.resolved()
    await desk.restart()  # whoever resolved it is gone
    await desk.look()
    assert [task.subject for task in await desk.due()] == [request.number]


# --- people correct


async def test_a_correction_stays_beside_and_reopens(desk: Desk) -> None:
    request = await desk.resolved()
    await desk.phoned(SATISFIED)
    (talk,) = await desk.callbacks.story(request.id)
    answer = talk.answers[-1]
    corrected = await desk.callbacks.correct(answer.id, "不满意", by="主管", note="听录音")
    last = corrected.answers[-1]
    assert (last.choice, last.corrected_choice) == ("very_satisfied", "dissatisfied")
    assert (last.corrected_by, last.correction_note) == ("主管", "听录音")
    again = await desk.requests.get(request.id)
    assert (again.state, again.rounds) == (RequestState.REOPENED, 1)


@pytest.mark.parametrize(
    ("choice", "by", "words"),
    [("高兴", "主管", "高兴"), ("dissatisfied", " ", "names nobody")],
)
async def test_a_correction_that_makes_no_sense(
    desk: Desk, choice: str, by: str, words: str
) -> None:
    request = await desk.resolved()
    await desk.phoned(SATISFIED)
    (talk,) = await desk.callbacks.story(request.id)
    with pytest.raises(UserError, match=words):
        await desk.callbacks.correct(talk.answers[-1].id, choice, by=by)
    (same,) = await desk.callbacks.story(request.id)
    assert same.answers[-1].corrected_choice is None


# --- retention


async def test_recordings_are_kept_no_longer_than_allowed(desk: Desk) -> None:
    request = await desk.resolved()
    await desk.phoned(SATISFIED)
    (talk,) = await desk.callbacks.story(request.id)
    file = desk.settings.paths.data / "answers" / "x.wav"
    file.parent.mkdir()
    file.write_bytes(b"RIFF")
    async with desk.db.write() as writer:
        await writer.execute(
            "UPDATE answers SET recording = 'answers/x.wav', transcript = '满意' WHERE id = ?",
            (talk.answers[0].id,),
        )
    assert await desk.callbacks.purge(time.time() - DAY) == 0
    assert await desk.callbacks.purge(time.time() + 1) == 1
    assert not file.exists()
    (after,) = await desk.callbacks.story(request.id)
    assert (after.answers[0].recording, after.answers[0].transcript) == ("", "")
    with pytest.raises(UserError, match="no recording"):
        desk.callbacks.recording(after.answers[0])
