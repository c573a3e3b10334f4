"""A log to look at: a morning of calls, an owner, a recording."""

import wave
from pathlib import Path
from typing import Any

import numpy as np

from ivr import ids
from ivr.calls import numbers
from ivr.calls.recording import FOLDER
from ivr.store.calls import CallRow, Calls, HoldRow, LegRow, TransferRow
from ivr.store.owners import OwnerRow, OwnerTable
from tests.web.browser import Site

ZHOU = "13800138000"
STRANGER = "13911112222"


def call(call_id: str, start: float, **changes: Any) -> CallRow:
    """Answered at ring 2 by 101; keywords change it."""
    values: dict[str, Any] = {
        "id": ids.uuid7(start), "site": "main", "call_id": call_id, "direction": "inbound",
        "caller": ZHOU, "caller_name": "", "called": "4008001234", "line": "hotline",
        "start_at": start, "ring_at": start, "system_answer_at": None, "answer_at": start + 6,
        "end_at": start + 26, "answered_ext": "101", "answered_channel": "PJSIP/101-1",
        "rings": 2, "ring_s": 6.0, "wait_s": 6.0, "talk_s": 20.0, "hold_s": 0.0,
        "disposition": "answered", "hangup_by": "caller", "breach": False, "cause": 16,
        "cause_text": "正常挂机", "recording": "", "recording_state": "none", "repaired": False,
        "attempt_id": "", "logged_at": start + 26, **changes,
    }  # fmt: skip
    values["caller_key"] = numbers.key(values["caller"])
    values["called_key"] = numbers.key(values["called"])
    return CallRow(**values)


def leg(ext: str, ring: float, answer: float | None, end: float) -> LegRow:
    return LegRow(
        ext=ext, channel=f"PJSIP/{ext}-1", dial_at=ring, ring_at=ring, answer_at=answer,
        end_at=end, rings=2, ring_s=6.0, outcome="elsewhere" if answer is None else "answered",
        breach=False,
    )  # fmt: skip


def recorded(start: float) -> CallRow:
    """Two desks rang, one helped out, held, transferred; with its recording."""
    return call(
        "taped", start, recording=f"{FOLDER}/taped.wav", recording_state="ok", hold_s=4.0,
        legs=(
            leg("101", start, None, start + 6),
            leg("102", start + 3, start + 6, start + 16),
            leg("201", start + 14, start + 16, start + 26),
        ),
        holds=(HoldRow(begin_at=start + 10, end_at=start + 14),),
        transfers=(
            TransferRow(
                kind="blind", by_ext="102", to_ext="201", begin_at=start + 14, end_at=start + 16,
                seconds=2.0, outcome="answered",
            ),
        ),
        answered_ext="102",
    )  # fmt: skip


async def fill(site: Site, now: float) -> dict[str, CallRow]:
    """Calls of the last hour, by Asterisk's id."""
    service = site.service
    lost = {"disposition": "abandoned", "answer_at": None, "answered_ext": "", "talk_s": 0.0}
    rows = [
        call("plain", now - 3000),
        call("late", now - 2400, breach=True, rings=5, ring_s=22.0, caller=STRANGER),
        call("lost", now - 1800, caller=STRANGER, **lost),
        call("out", now - 1200, direction="outbound", caller="101", called=ZHOU, line=""),
        recorded(now - 600),
    ]
    owner = OwnerRow(
        id="owner-zhou", name="周建国", title="先生", phones=((ZHOU, ZHOU),),
        homes=(("3", "1", "1201"),), language="zh-CN", care=(), do_not_call=False, quiet="", note="",
    )  # fmt: skip
    owners = OwnerTable(service.db, "main")
    await owners.put([owner], version=await owners.version())
    async with service.db.write() as writer:
        for row in rows:
            await Calls(service.db, "main").put(writer, row)
    write_recording(service.settings.paths.data / FOLDER / "taped.wav", 18.0)
    return {row.call_id: row for row in rows}


def write_recording(file: Path, seconds: float) -> None:
    """Words, pauses, words."""
    file.parent.mkdir(parents=True, exist_ok=True)
    at = np.arange(int(seconds * 8000)) / 8000
    sound = np.sin(at * 1400) * 12_000 * (np.sin(at * 2.2) > 0)
    with wave.open(str(file), "wb") as audio:
        audio.setnchannels(1)
        audio.setsampwidth(2)
        audio.setframerate(8000)
        audio.writeframes(sound.astype("<i2").tobytes())
