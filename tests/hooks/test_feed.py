import json
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import pytest

from ivr.hooks.feed import CallFeed
from ivr.hooks.outbox import Outbox
from ivr.settings import Hooks, HookTarget, Paths, Settings
from ivr.store.calls import CallRow, Calls
from ivr.store.database import Database
from ivr.store.hooks import OutboxTable

NOW = 1_795_312_800.0


def row(call_id: str, logged_at: float) -> CallRow:
    kinds: dict[Any, Any] = {str: "", int: 0, float: 0.0, bool: False}
    values: dict[str, Any] = {
        each.name: kinds.get(each.type) for each in fields(CallRow) if each.default is MISSING
    }
    return CallRow(
        **values
        | {
            "id": call_id, "call_id": call_id, "caller": "13800138000", "direction": "inbound",
            "disposition": "answered", "start_at": logged_at - 60, "logged_at": logged_at,
            "breach": True, "transfers": (),
        }
    )  # fmt: skip


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    target = HookTarget(name="erp", url="https://erp.example.org/hook")
    return Settings(paths=Paths(data=tmp_path), hooks=Hooks(targets=[target]))


async def told(db: Database) -> list[dict[str, Any]]:
    due = await OutboxTable(db, "main").due(NOW + 1e6, 100)
    return sorted((json.loads(each.body) for each in due), key=lambda body: str(body["about"]))


async def test_each_call_is_told_once_also_over_a_restart(
    tmp_path: Path, settings: Settings
) -> None:
    async with await Database.open(tmp_path / "ivr.db") as db:
        calls = Calls(db, "main")

        async def log(*rows: CallRow) -> None:
            async with db.write() as writer:
                for each in rows:
                    await calls.put(writer, each)

        def feed() -> CallFeed:
            return CallFeed(db, "main", Outbox(db, settings, now=lambda: NOW), now=lambda: NOW)

        await log(row("before", NOW - 1))
        first = feed()
        await first.start()
        await first.close()
        await log(row("a", NOW + 1), row("b", NOW + 1))
        await first.tell()
        await first.tell()
        assert [each["about"] for each in await told(db)] == ["a", "b"]
        await log(row("c", NOW + 1))  # in the same instant
        again = feed()
        await again.start()
        await again.close()
        await again.tell()
        bodies = await told(db)
        assert [each["about"] for each in bodies] == ["a", "b", "c"]
        assert bodies[0]["event"] == "call.ended"
        assert bodies[0]["data"]["caller"] == "13800138000"
        assert bodies[0]["data"]["breach"] is True


async def test_nobody_wants_to_be_told(tmp_path: Path) -> None:
    async with await Database.open(tmp_path / "ivr.db") as db:
        none = Settings(paths=Paths(data=tmp_path))
        feed = CallFeed(db, "main", Outbox(db, none))
        await feed.start()
        await feed.tell()
        assert await told(db) == []
        await feed.close()
