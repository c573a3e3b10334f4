from ivr.store.database import Database
from ivr.store.marks import Marks


async def test_a_mark_is_what_it_was_set_to_last(db: Database) -> None:
    marks = Marks(db, "main")
    assert await marks.get("ami.at") is None
    await marks.set("ami.at", "1795312800.25")
    await marks.set("ami.at", "1795312801.5")
    assert await marks.get("ami.at") == "1795312801.5"
