"""Rows of outbound calling: campaigns, their tasks, the attempts.

What they mean, and when one may follow the other, is `ivr.outbound`'s business.
Values are those of its model; `Writer` marks what happens inside a transaction.
"""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any

from ivr.store.calls import naming, only
from ivr.store.database import Database, Row, Writer, load_queries

SQL = load_queries("outbound")
Values = Mapping[str, Any]
StoreError = sqlite3.Error
"""The database could not do it: the disk is full, say. Nothing was written."""


class OutboundTables:
    """Those of one site."""

    def __init__(self, db: Database, site: str) -> None:
        self.db = db
        self._site = site

    # --- campaigns -----------------------------------------------------------

    async def put_campaign(self, writer: Writer, campaign: Values) -> None:
        await writer.execute(SQL["put_campaign"], {**campaign, "site": self._site})

    async def set_campaign(self, writer: Writer, campaign: Values, was: str) -> bool:
        """Whether it was in state `was`, and now is as given."""
        cursor = await writer.execute(
            SQL["set_campaign"], {**campaign, "site": self._site, "was": was}
        )
        return cursor.rowcount == 1

    async def campaigns(self, state: str | None = None) -> list[Row]:
        return await self.db.fetch_all(SQL["campaigns"], {"site": self._site, "state": state})

    async def campaign(self, name: str) -> Row:
        """By id or its last characters. Raises UserError when none or several match."""
        found = await self.db.fetch_all(SQL["campaign"], {"site": self._site, **naming(name)})
        only(found, name, "campaign")
        return found[0]

    async def campaign_state(self, writer: Writer, campaign: str) -> Row:
        """(state, kind)"""
        rows = list(await writer.execute_fetchall(SQL["campaign_state"], {"id": campaign}))
        return rows[0]

    async def exists(self, writer: Writer, campaign: str) -> bool:
        rows = await writer.execute_fetchall(SQL["campaign_state"], {"id": campaign})
        return bool(list(rows))

    async def go_on(self, writer: Writer, campaign: str) -> None:
        """A campaign that was done has somebody else to phone."""
        await writer.execute(SQL["go_on"], {"id": campaign})

    async def finish_campaign(self, writer: Writer, campaign: str) -> bool:
        """Close it if no task of it is open; whether that closed it."""
        cursor = await writer.execute(SQL["finish_campaign"], {"campaign": campaign})
        return cursor.rowcount == 1

    async def progress(self, campaign: str) -> list[Row]:
        """(outcome or None, tasks, live) of each outcome."""
        return await self.db.fetch_all(SQL["progress"], {"campaign": campaign})

    # --- tasks ---------------------------------------------------------------

    async def put_tasks(
        self, writer: Writer, tasks: Iterable[Values], numbers: Mapping[str, Iterable[str]]
    ) -> None:
        """`numbers`: task → its numbers, in order."""
        await writer.executemany(SQL["put_task"], [{**task, "site": self._site} for task in tasks])
        await writer.executemany(
            SQL["put_number"],
            [
                {"task": task, "position": position, "number": number}
                for task, of_task in numbers.items()
                for position, number in enumerate(of_task)
            ],
        )

    async def due(self, campaign: str, at: float, limit: int) -> list[Row]:
        return await self.db.fetch_all(SQL["due"], {"campaign": campaign, "at": at, "limit": limit})

    async def task(self, task: str, writer: Writer | None = None) -> Row | None:
        if writer is None:
            return await self.db.fetch_one(SQL["task"], {"id": task})
        rows = list(await writer.execute_fetchall(SQL["task"], {"id": task}))
        return rows[0] if rows else None

    async def tasks(
        self, campaign: str, outcome: str | None = None, limit: int = -1, offset: int = 0
    ) -> list[Row]:
        return await self.db.fetch_all(
            SQL["tasks"],
            {"campaign": campaign, "outcome": outcome, "limit": limit, "offset": offset},
        )

    async def waiting_for(self, number: str) -> list[Row]:
        return await self.db.fetch_all(SQL["waiting_for"], {"site": self._site, "number": number})

    async def free_task(self, writer: Writer, task: str) -> None:
        await writer.execute(SQL["free_task"], {"id": task})

    async def wait_task(self, writer: Writer, task: str, due_at: float, number_index: int) -> None:
        await writer.execute(
            SQL["wait_task"], {"id": task, "due_at": due_at, "number_index": number_index}
        )

    async def settle_task(
        self, writer: Writer, task: str, outcome: str, at: float, note: str = ""
    ) -> bool:
        """Whether it was open."""
        cursor = await writer.execute(
            SQL["settle_task"], {"id": task, "outcome": outcome, "at": at, "note": note}
        )
        return cursor.rowcount == 1

    async def duplicates_told(
        self, writer: Writer, campaign: str, task: str, number: str, at: float
    ) -> None:
        """`task` was told on `number`: so were all of the campaign who have it, and
        those who only waited for `task` wait no longer."""
        values = {"campaign": campaign, "task": task, "number": number, "at": at}
        await writer.execute(SQL["duplicates_told"], values)
        await writer.execute(SQL["duplicates_missed"], values)

    async def duplicates_failed(
        self, writer: Writer, campaign: str, task: str, outcome: str, at: float
    ) -> None:
        """`task` was not told: who has other numbers is open again."""
        values = {"campaign": campaign, "task": task, "outcome": outcome, "at": at}
        await writer.execute(SQL["duplicates_reopened"], values)
        await writer.execute(SQL["duplicates_settled"], values)

    async def mark_duplicates(
        self, writer: Writer, campaign: str, leaders: Mapping[str, str], at: float
    ) -> None:
        """`leaders`: task → the task it waits for."""
        await writer.executemany(
            SQL["mark_duplicate"],
            [
                {"id": task, "leader": leader, "campaign": campaign, "at": at}
                for task, leader in leaders.items()
            ],
        )

    async def close_open(
        self, writer: Writer, campaign: str, outcome: str, at: float, *, keep_last: bool
    ) -> None:
        """End every task nobody is on the phone for; with `keep_last` as its last call did."""
        values = {"campaign": campaign, "outcome": outcome, "at": at, "keep_last": int(keep_last)}
        await writer.execute(SQL["close_open"], values)
        await writer.execute(SQL["close_duplicates"], values)

    async def reword(
        self, writer: Writer, campaign: str, subjects: Mapping[str, str], at: float
    ) -> None:
        """Open these tasks again, with another subject."""
        await writer.executemany(
            SQL["reword"],
            [
                {"id": task, "subject": subject, "campaign": campaign, "at": at}
                for task, subject in subjects.items()
            ],
        )

    # --- attempts ------------------------------------------------------------

    async def begin_attempt(self, attempt: Values, number_index: int) -> bool:
        """Whether it could begin: the task is open and without a call, and nobody
        calls the number. It is on disk when this returns."""
        try:
            async with self.db.write() as writer:
                cursor = await writer.execute(
                    SQL["begin_task"],
                    {
                        "id": attempt["id"],
                        "task_id": attempt["task_id"],
                        "number_index": number_index,
                    },
                )
                if cursor.rowcount == 1:
                    await writer.execute(SQL["begin_attempt"], {**attempt, "site": self._site})
                return cursor.rowcount == 1
        except sqlite3.IntegrityError:
            return False

    async def note_attempt(self, writer: Writer, attempt: Values) -> None:
        await writer.execute(SQL["note_attempt"], attempt)

    async def note_talk(
        self, writer: Writer, attempt: str, outcome: str, keys: str, note: str
    ) -> None:
        await writer.execute(
            SQL["note_talk"], {"id": attempt, "outcome": outcome, "keys": keys, "note": note}
        )

    async def end_attempt(self, writer: Writer, attempt: Values) -> bool:
        """Whether it was not ended before."""
        return (await writer.execute(SQL["end_attempt"], attempt)).rowcount == 1

    async def open_attempts(self) -> list[Row]:
        return await self.db.fetch_all(SQL["open_attempts"], {"site": self._site})

    async def attempt(self, attempt: str) -> Row | None:
        return await self.db.fetch_one(SQL["attempt"], {"site": self._site, "id": attempt})

    async def attempts(self, tasks: Iterable[str]) -> list[Row]:
        return await self.db.fetch_all(SQL["attempts"], {"tasks": json.dumps(list(tasks))})

    async def tried(self, task: str, writer: Writer | None = None) -> list[Row]:
        """(number, outcome, ended_at, own) of the ended calls that count for `task`."""
        if writer is None:
            return await self.db.fetch_all(SQL["tried"], {"task": task})
        return list(await writer.execute_fetchall(SQL["tried"], {"task": task}))

    async def calls_since(self, numbers: Iterable[str], since: float) -> dict[str, int]:
        """Number → calls that were made to it, by every campaign."""
        found = await self.db.fetch_all(
            SQL["calls_since"],
            {"site": self._site, "numbers": json.dumps(list(numbers)), "since": since},
        )
        return {str(row["number"]): int(row["calls"]) for row in found}
