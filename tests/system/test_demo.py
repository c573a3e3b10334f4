"""The demo as a newcomer runs it, at the real cadence of five seconds."""

import asyncio
import json
import sys
from pathlib import Path

import pytest

from ivr.demo.scenes import SCENES

pytestmark = [pytest.mark.pbx, pytest.mark.slow]


@pytest.mark.timeout(1500)  # where every sentence is spoken for the first time
async def test_every_scene_of_the_day_passes(tmp_path: Path) -> None:
    demo = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "ivr", "demo", "--once",
        cwd=tmp_path, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await demo.communicate()
    assert demo.returncode == 0, said.decode()
    report = json.loads((tmp_path / "demo-report.json").read_text(encoding="utf-8"))
    assert [scene["name"] for scene in report] == [scene.name for scene in SCENES]
    for scene in report:
        assert scene["pass"], scene
        assert scene["expected"].keys() == scene["measured"].keys()
    phones = json.loads((tmp_path / "demo-phones.json").read_text(encoding="utf-8"))
    assert {"registrar", "hotline", "accounts"} <= phones.keys()
    assert len(phones["accounts"]) == 3
    assert phones["pages"]["accounts"].keys() == {"admin", "clerk", "supervisor", "manager"}
    assert all(account["password"] for account in phones["accounts"])
