import os
from pathlib import Path

import pytest

from ivr.calls.model import (
    Call,
    Direction,
    Disposition,
    Leg,
    LegOutcome,
    Transfer,
    TransferKind,
    TransferOutcome,
)
from ivr.calls.record import Record, finished, requested
from ivr.calls.spool import Spool
from ivr.settings import Settings


def records() -> list[Record]:
    call = Call(
        call_id="1.1",
        caller="13800138000",
        caller_name='周"先生',
        called="12345",
        caller_channel="PJSIP/trunk-1",
        caller_uniqueid="1.1",
        direction=Direction.INBOUND,
        start_at=100.0,
        end_at=110.0,
        disposition=Disposition.ABANDONED,
        legs=[Leg("PJSIP/101-1", "1.2", "101", outcome=LegOutcome.CANCELLED)],
        transfers=[Transfer(TransferKind.BLIND, "101", "102", 1.0, 2.0, TransferOutcome.ABANDONED)],
    )
    settings = Settings()
    return [
        finished(call, settings, recording="", now=110.1),
        requested({}, call, settings, at=105.0),
    ]


def test_records_come_back_as_they_were(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool.jsonl")
    assert spool.empty
    assert spool.read() == []
    kept = records()
    spool.append(kept[:1])
    spool.append(kept[1:])
    assert not spool.empty
    assert spool.file.stat().st_mode & 0o077 == 0
    assert spool.read() == kept
    spool.clear()
    spool.clear()
    assert spool.empty


@pytest.mark.parametrize(
    "line", ['{"row": {"id": "cut', "[]", "7", '{"row": null, "todo": null}', '{"row": {}}', ""]
)
def test_a_damaged_line_is_set_aside(tmp_path: Path, line: str) -> None:
    spool = Spool(tmp_path / "spool.jsonl")
    kept = records()
    spool.append(kept[:1])
    with spool.file.open("a", encoding="utf-8") as out:
        out.write(line + "\n")
    spool.append(kept[1:])
    assert spool.read() == kept
    assert spool.rejected.read_text("utf-8") == line + "\n"


def test_a_disk_that_fills_in_the_middle_leaves_no_half_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = Spool(tmp_path / "spool.jsonl")
    kept = records()
    spool.append(kept[:1])
    write = os.write
    room = [10]

    def full(out: int, data: bytes) -> int:
        if not room:
            raise OSError(28, "No space left on device")
        return write(out, data[: room.pop()])

    monkeypatch.setattr("os.write", full)
    with pytest.raises(OSError, match="No space left"):
        spool.append(kept[1:])
    assert spool.read() == kept[:1]
