"""Named values that outlive the process: how far a reader came, what has changed."""

from ivr.store.database import Database, Writer, load_queries

SQL = load_queries("marks")


class Marks:
    """The marks of one site, such as the time of the last AMI event that was handled."""

    def __init__(self, db: Database, site: str) -> None:
        self._db = db
        self._site = site

    async def get(self, name: str) -> str | None:
        row = await self._db.fetch_one(SQL["get"], {"site": self._site, "name": name})
        return None if row is None else str(row["value"])

    async def set(self, name: str, value: str) -> None:
        async with self._db.write() as writer:
            await self.put(writer, name, value)

    async def put(self, writer: Writer, name: str, value: str) -> None:
        """`set` inside a transaction."""
        await writer.execute(SQL["set"], {"site": self._site, "name": name, "value": value})

    async def count_up(self, writer: Writer, name: str) -> None:
        """Inside a transaction: the mark is a counter."""
        await writer.execute(SQL["count_up"], {"site": self._site, "name": name})
