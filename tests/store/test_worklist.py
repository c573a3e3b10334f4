from collections.abc import Callable

import pytest

from ivr import ids
from ivr.calls import numbers
from ivr.errors import UserError
from ivr.store.calls import CallRow, Calls
from ivr.store.database import Database
from ivr.store.worklist import Entry, Kind, Worklist

NUMBER = "13800138000"


def entry(
    kind: Kind = Kind.ABANDONED, call_id: str = "a", at: float = 100.0, number: str = NUMBER
) -> Entry:
    return Entry(
        id=ids.uuid7(at),
        kind=kind,
        number=number,
        number_key=numbers.key(number),
        line="hotline",
        call_id=call_id,
        created_at=at,
    )


async def put(db: Database, *entries: Entry) -> None:
    async with db.write() as writer:
        for one in entries:
            await Worklist(db, "main").put(writer, one)


async def test_entries_are_open_until_done(db: Database) -> None:
    worklist = Worklist(db, "main")
    await put(db, entry(at=200.0, call_id="b"), entry(at=100.0, call_id="a"))
    assert [one.call_id for one in await worklist.entries()] == ["a", "b"]
    first = await worklist.get((await worklist.entries())[0].id[-6:])
    await worklist.done(first, at=300.0, by="102", note="已回电")
    assert [one.call_id for one in await worklist.entries()] == ["b"]
    closed = (await worklist.entries(done=True))[0]
    assert (closed.done_at, closed.done_by, closed.note) == (300.0, "102", "已回电")
    with pytest.raises(UserError, match="done already"):
        await worklist.done(first, at=301.0, by="103")


async def test_the_same_entry_twice_is_one(db: Database) -> None:
    await put(db, entry(), entry())
    await put(db, unknown := entry(call_id="", number=""), unknown, entry(call_id="", number=""))
    assert len(await Worklist(db, "main").entries()) == 3


async def test_who_asked_for_a_call_is_not_listed_as_abandoned_too(db: Database) -> None:
    await put(db, entry(Kind.CALLBACK), entry(Kind.ABANDONED))
    assert [one.kind for one in await Worklist(db, "main").entries()] == [Kind.CALLBACK]


@pytest.mark.parametrize(
    ("kind", "direction", "answered_at", "closed"),
    [
        (Kind.ABANDONED, "inbound", 101.0, True),
        (Kind.ABANDONED, "outbound", 101.0, True),
        (Kind.ABANDONED, "inbound", 99.0, False),  # was before it
        (Kind.ABANDONED, "inbound", None, False),  # was not answered
        (Kind.CALLBACK, "outbound", 101.0, True),
        (Kind.CALLBACK, "inbound", 101.0, False),  # we promised to call
    ],
)
async def test_a_later_answered_call_closes_an_entry_by_itself(
    db: Database,
    row: Callable[..., CallRow],
    kind: Kind,
    direction: str,
    answered_at: float | None,
    closed: bool,
) -> None:
    outside, inside = "+8613800138000", "101"
    caller, called = (outside, inside) if direction == "inbound" else (inside, outside)
    call = row("c", direction=direction, caller=caller, called=called, answer_at=answered_at)
    await put(db, entry(kind))
    async with db.write() as writer:
        await Calls(db, "main").put(writer, call)
        await Worklist(db, "main").close_answered(writer, NUMBER)
    (one,) = await Worklist(db, "main").entries(done=True)
    expected = (answered_at, "ivr", call.id) if closed else (None, "", None)
    assert (one.done_at, one.done_by, one.closed_by) == expected


async def test_calls_without_a_number_close_nothing(
    db: Database, row: Callable[..., CallRow]
) -> None:
    await put(db, entry(number=""))
    async with db.write() as writer:
        await Calls(db, "main").put(writer, row("c", caller=""))
        await Worklist(db, "main").close_answered(writer, "")
    assert len(await Worklist(db, "main").entries()) == 1


async def test_withdraw_takes_back_what_was_no_abandoned_call(db: Database) -> None:
    await put(db, entry(call_id="a"), entry(Kind.CALLBACK, call_id="b"))
    async with db.write() as writer:
        for call_id in ("a", "b"):
            await Worklist(db, "main").withdraw(writer, call_id)
    assert [one.call_id for one in await Worklist(db, "main").entries()] == ["b"]
