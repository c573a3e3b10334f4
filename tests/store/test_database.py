import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from importlib import resources
from pathlib import Path

import pytest

from ivr.errors import UserError
from ivr.store import database
from ivr.store.database import APPLICATION_ID, Database
from ivr.store.marks import Marks


async def _marks(db: Database) -> list[str]:
    return [row["name"] for row in await db.fetch_all("SELECT name FROM marks ORDER BY name", {})]


NEWEST = max(int(file.name[:3]) for file in Path(database.__file__).parent.glob("schema/*.sql"))


async def test_a_new_database_is_wal_synchronous_and_of_the_newest_schema(tmp_path: Path) -> None:
    async with await Database.open(tmp_path / "data" / "ivr.db") as db:
        async with db.write() as writer:
            pragmas = {
                name: next(iter(await writer.execute_fetchall(f"PRAGMA {name}")))[0]
                for name in ("journal_mode", "synchronous", "foreign_keys", "user_version")
            }
        assert pragmas == {
            "journal_mode": "wal",
            "synchronous": 2,  # FULL
            "foreign_keys": 1,
            "user_version": NEWEST,
        }
        assert (tmp_path / "data" / "ivr.db").stat().st_mode & 0o077 == 0


async def test_what_was_committed_is_there_after_opening_again(tmp_path: Path) -> None:
    async with await Database.open(tmp_path / "ivr.db") as db:
        await Marks(db, "main").set("ami", "12.5")
    async with await Database.open(tmp_path / "ivr.db") as db:
        assert await Marks(db, "main").get("ami") == "12.5"
        assert await Marks(db, "other").get("ami") is None


async def test_closing_ends_every_thread(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    db = await Database.open(tmp_path / "ivr.db")
    threads = set(threading.enumerate()) - before
    assert len(threads) == 2
    await db.close()
    await db.close()
    _assert_end(threads)


async def test_a_failed_open_ends_every_thread_and_frees_the_lock(tmp_path: Path) -> None:
    (tmp_path / "ivr.db").write_bytes(b"this is no database, it is a letter to the owners" * 50)
    before = set(threading.enumerate())
    with pytest.raises(UserError, match="is not a database"):
        await Database.open(tmp_path / "ivr.db", serve=True)
    _assert_end(set(threading.enumerate()) - before)
    (tmp_path / "ivr.db").unlink()
    async with await Database.open(tmp_path / "ivr.db", serve=True):
        pass


def _assert_end(threads: set[threading.Thread]) -> None:
    for thread in threads:
        thread.join(5)  # it answers the last request a moment before it ends
        assert not thread.is_alive()


async def test_an_error_or_a_cancellation_leaves_nothing_behind(db: Database) -> None:
    marks = Marks(db, "main")

    async def fail_inside() -> None:
        async with db.write() as writer:
            await marks.count_up(writer, "error")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail_inside()

    inside = asyncio.Event()

    async def wait_inside() -> None:
        async with db.write() as writer:
            await marks.count_up(writer, "cancelled")
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(wait_inside())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await marks.set("after", "works")
    assert await _marks(db) == ["after"]


async def test_writers_take_turns_and_readers_see_only_commits(db: Database) -> None:
    marks = Marks(db, "main")

    async def count() -> None:
        async with db.write() as writer:
            await marks.count_up(writer, "n")

    async with db.write() as writer:
        await marks.count_up(writer, "n")
        waiting = [asyncio.create_task(count()) for _ in range(9)]
        assert await marks.get("n") is None
    await asyncio.gather(*waiting)
    assert await marks.get("n") == "10"


async def test_the_reader_cannot_write(db: Database) -> None:
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        await db.fetch_all("DELETE FROM marks", {})


async def test_a_second_service_is_refused_but_a_command_is_not(tmp_path: Path) -> None:
    async with await Database.open(tmp_path / "ivr.db", serve=True):
        with pytest.raises(UserError, match=rf"another ivr uses this database .*{os.getpid()}"):
            await Database.open(tmp_path / "ivr.db", serve=True)
        async with await Database.open(tmp_path / "ivr.db", create=False) as command:
            await Marks(command, "main").set("from", "command")
    async with await Database.open(tmp_path / "ivr.db", serve=True) as db:
        assert await Marks(db, "main").get("from") == "command"


async def test_a_newer_schema_is_refused_and_untouched(tmp_path: Path) -> None:
    path = tmp_path / "ivr.db"
    async with await Database.open(path) as db, db.write() as writer:
        await writer.execute("PRAGMA user_version = 99")
    with pytest.raises(UserError, match=rf"newer ivr \(schema 99, this one knows {NEWEST}\)"):
        await Database.open(path)


async def test_a_database_of_another_program_is_refused_and_untouched(tmp_path: Path) -> None:
    path = tmp_path / "ivr.db"
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE stamps (country TEXT)")
    other.commit()
    other.close()
    before = path.read_bytes()
    with pytest.raises(UserError, match="not one of ivr"):
        await Database.open(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("file/ivr.db", "cannot be written"),  # its folder is a file
        ("folder.db", "cannot be written"),
        ("missing.db", "there is no database yet"),
    ],
)
async def test_a_place_that_cannot_hold_it_is_named(
    tmp_path: Path, path: str, sentence: str
) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder.db").mkdir()
    with pytest.raises(UserError, match=sentence) as error:
        await Database.open(tmp_path / path, create=path != "missing.db")
    assert str(tmp_path / path) in str(error.value)
    assert not (tmp_path / "missing.db").exists()


async def test_an_older_schema_is_brought_up_to_date_with_its_rows(tmp_path: Path) -> None:
    path = tmp_path / "ivr.db"
    first = resources.files("ivr.store") / "schema"
    (script,) = (file for file in first.iterdir() if file.name.startswith("001"))
    with closing(sqlite3.connect(path)) as old:  # as the first version left it
        old.executescript(script.read_text("utf-8"))
        old.execute("INSERT INTO marks (site, name, value) VALUES ('main', 'kept', 'yes')")
        old.execute("PRAGMA user_version = 1")
        old.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        old.commit()
    async with await Database.open(path) as db:
        assert await Marks(db, "main").get("kept") == "yes"
        assert await db.fetch_all("SELECT * FROM roster", {}) == []


async def test_many_processes_make_the_database_at_once(tmp_path: Path) -> None:
    with ExitStack() as stack:
        processes = [stack.enter_context(_python(COUNT_UP, tmp_path, "10")) for _ in range(3)]
        assert [process.wait(60) for process in processes] == [0, 0, 0]
    async with await Database.open(tmp_path / "ivr.db") as db:
        assert await Marks(db, "main").get("n") == "30"


async def test_a_kill_while_writing_leaves_every_committed_row(tmp_path: Path) -> None:
    told = 0
    with _python(COUNT_UP, tmp_path, "1000000") as process:
        assert process.stdout is not None
        for line in process.stdout:
            told = int(line)
            if told == 20:
                process.send_signal(signal.SIGKILL)
    assert told >= 20
    async with await Database.open(tmp_path / "ivr.db", serve=True) as db:
        count = int(await Marks(db, "main").get("n") or 0)
        assert count in (told, told + 1)  # committed, and killed before it could tell
        check = await db.fetch_all("PRAGMA integrity_check", {})
        assert check[0][0] == "ok"


COUNT_UP = """
import asyncio, pathlib, sys
from ivr.store.database import APPLICATION_ID, Database
from ivr.store.marks import Marks

async def main():
    async with await Database.open(pathlib.Path(sys.argv[1]) / "ivr.db") as db:
        marks = Marks(db, "main")
        for n in range(1, int(sys.argv[2]) + 1):
            async with db.write() as writer:
                await marks.count_up(writer, "n")
            print(n, flush=True)

asyncio.run(main())
"""


@contextmanager
def _python(code: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()
