from dataclasses import replace

import pytest

from ivr.errors import UserError
from ivr.store.database import Database
from ivr.store.owners import OwnerRow, OwnerTable

ZHOU = OwnerRow(
    id="0192-zhou01",
    name="周建国",
    title="先生",
    phones=(("13800138000", "13800138000"), ("075588881234", "75588881234")),
    homes=(("3", "2", "1201"), ("5", "", "301")),
    language="zh-CN",
    care=("老人",),
    do_not_call=False,
    quiet="12:00-14:00",
    note="租户",
)
LI = replace(
    ZHOU, id="0192-limei2", name="李梅", phones=(), homes=(("3", "2", "1201"),), do_not_call=True
)


async def test_owners_come_back_by_whatever_is_known(db: Database) -> None:
    table = OwnerTable(db, "main")
    await table.put([ZHOU, LI], version=0)
    assert await table.all() == [LI, ZHOU]
    assert await table.of_number("75588881234") == [ZHOU]
    assert await table.of_number("110") == []
    assert await table.of_home(("3", "2", "1201")) == [LI, ZHOU]
    assert await table.of_buildings(["5", "9"]) == [ZHOU]
    assert sorted(await table.buildings()) == ["3", "5"]
    assert await table.get("limei2") == LI
    assert await table.get("周建国") == ZHOU
    with pytest.raises(UserError, match="there is no owner"):
        await table.get("nobody")


async def test_a_known_owner_is_replaced_whole_and_goes_whole(db: Database) -> None:
    table = OwnerTable(db, "main")
    await table.put([ZHOU], version=0)
    moved = replace(ZHOU, homes=(("9", "1", "101"),), phones=ZHOU.phones[:1])
    await table.put([moved], version=1)
    assert await table.all() == [moved]
    assert await table.of_number("75588881234") == []
    await table.remove(ZHOU.id)
    assert await table.all() == []
    assert await table.of_number("13800138000") == []
    assert await table.buildings() == []


async def test_what_was_made_for_an_older_book_is_not_written(db: Database) -> None:
    table = OwnerTable(db, "main")
    await table.put([ZHOU], version=0)
    with pytest.raises(UserError, match="changed meanwhile; nothing was written"):
        await table.put([LI], version=0)
    assert await table.all() == [ZHOU]


async def test_one_row_that_fails_leaves_nothing(db: Database) -> None:
    table = OwnerTable(db, "main")
    broken = replace(LI, homes=(("3", None, "1201"),))  # type: ignore[arg-type]
    with pytest.raises(Exception, match="NOT NULL"):
        await table.put([ZHOU, broken], version=0)
    assert await table.all() == []
    assert await table.version() == 0


async def test_sites_know_nothing_of_each_other(db: Database) -> None:
    await OwnerTable(db, "main").put([ZHOU], version=0)
    other = OwnerTable(db, "other")
    assert await other.all() == []
    assert await other.of_number("13800138000") == []
    await other.remove(ZHOU.id)
    assert await OwnerTable(db, "main").all() == [ZHOU]
