from pathlib import Path

import pytest

from ivr.errors import UserError
from ivr.store.database import Database
from ivr.store.roster import RosterRow, RosterTable

NIGHT = RosterRow(
    id="0192-night1",
    line="hotline",
    from_at=100.0,
    to_at=200.0,
    primary=("101", "102"),
    backup=("201",),
    mobile="13800138000",
    person="王小姐",
    note="夜班",
)
DAY = RosterRow(id="0192-daily2", line="hotline", from_at=200.0, to_at=300.0, primary=("103",))


async def test_entries_come_back_and_go(db: Database) -> None:
    table = RosterTable(db, "main")
    await table.put([DAY, NIGHT])
    assert await table.between() == [NIGHT, DAY]
    assert await table.between(since=200.0) == [DAY]
    assert await table.between(until=200.0) == [NIGHT]
    assert await table.between(line="engineering") == []
    await table.remove(await table.get("night1"))
    assert await table.between() == [DAY]
    with pytest.raises(UserError, match="no roster entry"):
        await table.get("night1")


async def test_the_version_goes_up_for_other_processes_too(tmp_path: Path) -> None:
    async with (
        await Database.open(tmp_path / "ivr.db", serve=True) as service,
        await Database.open(tmp_path / "ivr.db") as command,
    ):
        watched, changed = RosterTable(service, "main"), RosterTable(command, "main")
        seen = [await watched.version()]
        await changed.put([NIGHT])
        seen.append(await watched.version())
        await changed.remove(NIGHT)
        seen.append(await watched.version())
        seen.append(await watched.version())
        assert seen == [0, 1, 2, 2]
