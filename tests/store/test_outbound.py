"""What outbound calling asks of the store must stay fast, and the rules it keeps itself."""

import sqlite3
from typing import Any

import pytest

from ivr.store.database import Database
from ivr.store.outbound import SQL, OutboundTables

CAMPAIGN: dict[str, Any] = {
    "id": "c", "kind": "notice", "title": "停水", "urgency": "normal", "state": "running",
    "created_at": 1.0, "not_before": 0.0, "not_after": 9.0, "outside_window": 0,
    "created_by": "", "approved_by": "",
}  # fmt: skip


def a_task(name: str) -> dict[str, Any]:
    return {
        "id": name, "campaign_id": "c", "household": name, "subject": "", "due_at": 1.0,
        "quiet": "", "opened_at": 0.0, "tries": 0, "number_index": 0, "outcome": None,
        "duplicate_of": "", "settled_at": None, "note": "",
    }  # fmt: skip


def an_attempt(name: str, task: str, number: str, **changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = dict.fromkeys(
        ("dialled_at", "ringing_at", "answered_at", "ended_at", "outcome", "cause")
    )
    return values | {
        "id": name, "task_id": task, "campaign_id": "c", "number": number, "state": "created",
        "created_at": 2.0, "keys": "", "note": "",
    } | changes  # fmt: skip


@pytest.fixture
async def tables(db: Database) -> OutboundTables:
    tables = OutboundTables(db, "main")
    async with db.write() as writer:
        await tables.put_campaign(writer, CAMPAIGN)
        await tables.put_tasks(
            writer, [a_task("a"), a_task("b")], {"a": ["1", "2"], "b": ["2", "1"]}
        )
    return tables


@pytest.mark.parametrize(
    ("query", "index"),
    [
        ("due", "tasks_due"),
        ("open_attempts", "attempts_one_per_number"),
        ("calls_since", "attempts_by_number"),
        ("waiting_for", "task_numbers_by_number"),
        ("tried", "attempts_by_number"),
        ("progress", "tasks_by_outcome"),
        ("duplicates_told", "task_numbers_by_number"),
        ("duplicates_missed", "tasks_duplicates"),
        ("duplicates_reopened", "tasks_duplicates"),
        ("duplicates_settled", "tasks_duplicates"),
        ("finish_campaign", "tasks_by_outcome"),
    ],
)
async def test_no_query_looks_at_everybody(db: Database, query: str, index: str) -> None:
    names = ("campaign", "at", "limit", "site", "numbers", "since", "number", "task", "outcome")
    steps = await db.fetch_all(f"EXPLAIN QUERY PLAN {SQL[query]}", dict.fromkeys(names))
    told = [str(step["detail"]) for step in steps]
    assert any(index in detail for detail in told), told
    assert not any(detail.startswith("SCAN tasks") for detail in told), told
    if query == "due":
        assert told[0].startswith("SEARCH tasks USING INDEX tasks_due"), told
        assert not any("ORDER BY" in detail for detail in told), told


async def test_numbers_keep_their_order(tables: OutboundTables) -> None:
    assert [row["numbers"] for row in await tables.due("c", 5.0, 9)] == ["1 2", "2 1"]


async def test_one_call_to_a_household_and_to_a_number(
    tables: OutboundTables, db: Database
) -> None:
    assert await tables.begin_attempt(an_attempt("x", "a", "1"), 0)
    assert not await tables.begin_attempt(an_attempt("y", "a", "2"), 1)
    assert not await tables.begin_attempt(an_attempt("y", "b", "1"), 1)
    with pytest.raises(sqlite3.IntegrityError):  # even past our own question
        async with db.write() as writer:
            await writer.execute(SQL["begin_attempt"], an_attempt("y", "a", "2") | {"site": "main"})


async def test_what_is_done_stays_done_but_the_unknown_may_become_known(
    tables: OutboundTables, db: Database
) -> None:
    assert await tables.begin_attempt(an_attempt("x", "a", "1"), 0)
    unknown = an_attempt("x", "a", "1", outcome="unknown", ended_at=3.0)
    async with db.write() as writer:
        assert await tables.end_attempt(writer, unknown)
        assert await tables.end_attempt(writer, unknown | {"outcome": "confirmed"})
        assert not await tables.end_attempt(writer, unknown | {"outcome": "busy"})
        await tables.note_attempt(writer, unknown | {"state": "ringing"})
        await tables.note_talk(writer, "x", "heard", "", "")
    row = await tables.attempt("x")
    assert row is not None
    assert (row["state"], row["outcome"]) == ("done", "confirmed")


async def test_the_days_calls_to_a_number(tables: OutboundTables, db: Database) -> None:
    for name, task, outcome in (("x", "a", "busy"), ("y", "b", "congestion")):
        assert await tables.begin_attempt(an_attempt(name, task, "1"), 0)
        async with db.write() as writer:
            await tables.end_attempt(
                writer, an_attempt(name, task, "1", outcome=outcome, ended_at=3.0)
            )
    assert await tables.calls_since(["1", "2"], 0.0) == {"1": 1}  # congestion rang nobody
    assert await tables.calls_since(["1"], 2.5) == {}
