"""`ivr serve` without an Asterisk: it serves, says what is missing, and goes when told."""

import asyncio
import json
import signal
import sys
from pathlib import Path

import aiohttp
import pytest
from aiohttp.test_utils import unused_port


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
async def test_it_serves_and_goes_when_told(how: signal.Signals, tmp_path: Path) -> None:
    port = unused_port()
    (tmp_path / "ivr.toml").write_text(
        f"[ami]\nport = {unused_port()}\n[web]\nport = {port}\n[media]\nport = {unused_port()}\n"
    )
    service = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "ivr", "serve", "--config", str(tmp_path / "ivr.toml"),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert service.stderr is not None
    events = []
    async with asyncio.timeout(20):
        while "ivr serves" not in events:
            events.append(json.loads(await service.stderr.readline())["event"])
        assert any(event.startswith("first start") for event in events)
        async with (
            aiohttp.ClientSession() as http,
            http.get(f"http://127.0.0.1:{port}/healthz") as answer,
        ):
            assert answer.status == 503
            assert not (await answer.json())["components"]["ami"]["ok"]
        service.send_signal(how)
        said, _ = await service.communicate()
    assert service.returncode == 0
    assert said == b""
