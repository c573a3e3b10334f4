from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from ivr import ids
from ivr.calls import numbers
from ivr.store.calls import CallRow
from ivr.store.database import Database

MORNING = 1_795_312_800.0  # 2026-11-22 10:00 in Shanghai


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    async with await Database.open(tmp_path / "ivr.db") as opened:
        yield opened


@pytest.fixture
def row() -> Callable[..., CallRow]:
    """An answered inbound call; keywords change it."""

    def make(call_id: str = "1795312800.1", **changes: Any) -> CallRow:
        start = changes.get("start_at", MORNING)
        values: dict[str, Any] = {
            "id": ids.uuid7(start),
            "site": "main",
            "call_id": call_id,
            "direction": "inbound",
            "caller": "13800138000",
            "caller_name": "周先生",
            "called": "075512345678",
            "line": "hotline",
            "start_at": start,
            "ring_at": start + 0.2,
            "system_answer_at": None,
            "answer_at": start + 6.2,
            "end_at": start + 66.2,
            "answered_ext": "101",
            "answered_channel": "PJSIP/101-00000001",
            "rings": 2,
            "ring_s": 6.0,
            "wait_s": 6.2,
            "talk_s": 60.0,
            "hold_s": 0.0,
            "disposition": "answered",
            "hangup_by": "caller",
            "breach": False,
            "cause": 16,
            "cause_text": "正常挂机",
            "recording": "",
            "recording_state": "none",
            "repaired": False,
            "attempt_id": "",
            "logged_at": start + 66.3,
            **changes,
        }
        values["caller_key"] = numbers.key(values["caller"])
        values["called_key"] = numbers.key(values["called"])
        return CallRow(**values)

    return make
