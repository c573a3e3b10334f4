"""After a gap, CEL tells what AMI did not: neither less nor twice."""

from pathlib import Path

from ivr.calls.catchup import CatchUp
from ivr.pbx.events import (
    STATE_UP,
    BridgeEnter,
    Channel,
    Disconnected,
    FullyBooted,
    Hangup,
    Newchannel,
    Newstate,
)
from ivr.store.database import Database
from ivr.store.marks import Marks


def cel_row(kind: str, at: float, channel: str = "PJSIP/city-1", extra: str = "") -> str:
    cells = [kind, f"{at:.6f}", "138", "", "400", "ctx", channel, "", "u1", "u1", "", "", extra]
    return ",".join('"' + cell.replace('"', '""') + '"' for cell in cells) + "\n"


CHANNEL = Channel("PJSIP/city-1", "u1", "u1", STATE_UP, "138", "", "", "ctx", "400")


async def test_only_the_gap_is_told(tmp_path: Path) -> None:
    file = tmp_path / "ivr.csv"
    file.touch()
    async with await Database.open(tmp_path / "ivr.db") as db:
        catch_up = CatchUp(file, Marks(db, "main"))
        await catch_up.load()
        catch_up.missed()
        catch_up.seen(Newchannel(100.0, CHANNEL))
        file.write_text(
            cel_row("CHAN_START", 100.0)
            + cel_row("ANSWER", 103.0)
            + cel_row("HANGUP", 108.0, extra='{"hangupcause":16,"hangupsource":"PJSIP/city-1"}')
        )
        catch_up.seen(Disconnected(100.0))
        catch_up.seen(FullyBooted(None, 500))
        catch_up.seen(Newstate(107.0, CHANNEL))  # AMI tells again from here
        told = catch_up.missed()
    assert [(type(event), event.at) for event in told] == [(Newstate, 103.0)]


async def test_a_restart_reads_from_the_last_idle_moment(tmp_path: Path) -> None:
    """Also when nothing but FullyBooted came before the catch-up (it has no call either)."""
    file = tmp_path / "ivr.csv"
    async with await Database.open(tmp_path / "ivr.db") as db:
        first = CatchUp(file, Marks(db, "main"))
        await first.load()
        file.write_text(cel_row("CHAN_START", 100.0) + cel_row("HANGUP", 108.0))
        second = CatchUp(file, Marks(db, "main"))
        await second.load()
        second.seen(FullyBooted(None, 500))
        second.idle()
        told = second.missed()
    assert [type(event) for event in told] == [Newchannel, Hangup]


async def test_a_cut_row_and_a_strange_one_do_no_harm(tmp_path: Path) -> None:
    file = tmp_path / "ivr.csv"
    async with await Database.open(tmp_path / "ivr.db") as db:
        catch_up = CatchUp(file, Marks(db, "main"))
        await catch_up.load()
        file.write_text(
            cel_row("CHAN_START", 100.0)
            + "nonsense\n"
            + cel_row("BRIDGE_ENTER", 101.0, extra='{"bridge_id":"b1"}')
            + cel_row("HANGUP", 102.0)[:40]
        )
        told = catch_up.missed()
    assert [type(event) for event in told] == [Newchannel, BridgeEnter]


async def test_without_a_file_nothing_is_told(tmp_path: Path) -> None:
    async with await Database.open(tmp_path / "ivr.db") as db:
        catch_up = CatchUp(None, Marks(db, "main"))
        await catch_up.load()
        assert catch_up.missed() == []
