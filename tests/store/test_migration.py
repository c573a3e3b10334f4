"""A log that was written before the log's indices is searched like any other."""

import sqlite3
from pathlib import Path

from ivr.store import database
from ivr.store.calls import CallFilter, Calls
from ivr.store.database import Database

SCHEMA = Path(database.__file__).parent / "schema"


async def test_calls_of_an_older_schema_get_their_place_and_their_words(tmp_path: Path) -> None:
    old = sqlite3.connect(tmp_path / "ivr.db", isolation_level=None)
    for script in sorted(SCHEMA.glob("00[1-8]_*.sql")):
        for statement in database.statements(script.read_text("utf-8")):
            old.execute(statement)
    for number, start in enumerate((5.0, 1.0, 1.0, None)):
        old.execute(
            "INSERT INTO calls VALUES (?, 'main', ?, 'inbound', '13800138000', '13800138000', '', "
            "'4008001234', '4008001234', 'hotline', ?, NULL, NULL, ?, NULL, '101', '', 1, NULL, "
            "NULL, NULL, 0, 'answered', '', 0, NULL, '', '', 'none', 0, '', '报修', '', 1.0)",
            (f"id-{number}", f"call-{number}", start, start),
        )
    old.execute(f"PRAGMA application_id = {database.APPLICATION_ID}")
    old.execute("PRAGMA user_version = 8")
    old.close()
    async with await Database.open(tmp_path / "ivr.db") as db:
        calls = Calls(db, "main")
        for wanted in (CallFilter(), CallFilter(number="3800"), CallFilter(terms="报修")):
            page = await calls.find(wanted)
            assert [row.call_id for row in page.rows] == ["call-0", "call-3", "call-2", "call-1"]
        assert (await calls.find(CallFilter(limit=1))).total == 4
