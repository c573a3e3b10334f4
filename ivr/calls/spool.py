"""Where records of the call log wait, as JSON lines, while the database cannot be written."""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ivr.calls.record import Finished, Record, Requested
from ivr.store.calls import CallRow, HoldRow, LegRow, TransferRow
from ivr.store.worklist import Entry, Kind


class Spool:
    """A file of records in their order. Its methods block: call them off the loop."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.rejected = file.with_suffix(".rejected.jsonl")

    @property
    def empty(self) -> bool:
        return not self.file.exists()

    def append(self, records: Sequence[Record]) -> None:
        """Keep `records`; they are on disk when this returns. Raises OSError."""
        _append(self.file, [_dump(record) for record in records])

    def read(self) -> list[Record]:
        """What is kept. A line cut by a crash is set aside, not lost and not in the way."""
        records: list[Record] = []
        if self.empty:
            return records
        bad = []
        for line in self.file.read_text("utf-8", "replace").splitlines():
            try:
                records.append(_load(line))
            except (ValueError, KeyError, TypeError):
                bad.append(line)
        if bad:
            _append(self.rejected, bad)
        return records

    def clear(self) -> None:
        self.file.unlink(missing_ok=True)

    def reject(self, record: Record) -> None:
        """Keep a record that the database will never take, for a person to look at."""
        _append(self.rejected, [_dump(record)])


def _append(file: Path, lines: Sequence[str]) -> None:
    out = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    size = os.fstat(out).st_size
    data = "".join(f"{line}\n" for line in lines).encode("utf-8")
    try:
        written = 0
        while written < len(data):
            written += os.write(out, data[written:])
        os.fsync(out)
    except OSError:
        os.ftruncate(out, size)  # no half line, and no record kept twice
        raise
    finally:
        os.close(out)


def _dump(record: Record) -> str:
    todo = None if record.todo is None else asdict(record.todo)
    row = asdict(record.row) if isinstance(record, Finished) else None
    return json.dumps({"row": row, "todo": todo}, ensure_ascii=False)


def _load(line: str) -> Record:
    data: dict[str, Any] = json.loads(line)
    todo = data["todo"]
    entry = None if todo is None else Entry(**{**todo, "kind": Kind(todo["kind"])})
    row = data["row"]
    if row is None:
        if entry is None:
            raise ValueError("neither a call nor a request")
        return Requested(entry)
    legs = tuple(LegRow(**leg) for leg in row["legs"])
    transfers = tuple(TransferRow(**transfer) for transfer in row["transfers"])
    holds = tuple(HoldRow(**hold) for hold in row.get("holds", ()))  # older spools have none
    parts = {"legs": legs, "transfers": transfers, "holds": holds}
    return Finished(CallRow(**{**row, **parts}), entry)
