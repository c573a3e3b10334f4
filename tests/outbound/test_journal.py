import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ivr.outbound import journal
from ivr.outbound.journal import Journal
from ivr.store.database import FILE_NAME, Database, Writer
from ivr.store.outbound import StoreError


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    async with await Database.open(tmp_path / FILE_NAME) as opened:
        async with opened.write() as writer:
            await writer.execute("CREATE TABLE words (word TEXT)")
        yield opened


async def words(db: Database) -> list[str]:
    return [row["word"] for row in await db.fetch_all("SELECT word FROM words", {})]


def say(word: str) -> journal.Work:
    async def work(writer: Writer) -> None:
        await writer.execute("INSERT INTO words VALUES (:word)", {"word": word})

    return work


async def test_everything_is_written_in_its_order(db: Database) -> None:
    kept = Journal(db)
    told: list[str] = []
    for word in "一二三":
        kept.later(say(word), lambda word=word: told.append(word))
    kept.start()
    await kept.now(say("四"))
    assert await words(db) == list("一二三四")
    assert told == list("一二三")
    kept.later(say("五"))
    await kept.close()
    assert await words(db) == list("一二三四五")


async def test_while_the_store_fails_nothing_is_lost_or_written_twice(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "RETRY_S", 0.01)
    failures = 3

    async def fails(writer: Writer) -> None:
        nonlocal failures
        failures -= 1
        if failures >= 0:
            raise StoreError("disk is full")

    kept = Journal(db)
    kept.later(say("一"))
    kept.later(fails)
    kept.start()
    async with asyncio.timeout(5):
        await kept.now(say("二"))
    assert await words(db) == ["一", "二"]
    await kept.close()
    await kept.close()  # closing what is closed does nothing
