"""Starting, stopping and killing an Asterisk of our own."""

import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from ivr.errors import UserError
from ivr.pbx.asterisk import Asterisk
from ivr.pbx.dialplan import Fresh, render_fresh
from ivr.pbx.install import Installed
from ivr.settings import Ami, Settings

pytestmark = pytest.mark.pbx


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
async def fresh(installed: Installed, tmp_path: Path) -> AsyncIterator[Asterisk]:
    """Configured, not started."""
    folder = Fresh(
        folder=tmp_path,
        modules=installed.modules,
        data=installed.data,
        sip_port=free_port(socket.SOCK_DGRAM),
        rtp_first=30200,
        rtp_last=30300,
    )
    render_fresh(Settings(ami=Ami(port=free_port(), secret=SecretStr("x"))), folder)
    asterisk = Asterisk(installed, folder)
    yield asterisk
    await asterisk.stop()


async def test_it_starts_stops_and_starts_again_after_a_kill(fresh: Asterisk) -> None:
    with pytest.raises(RuntimeError, match="was not started"):
        _ = fresh.pid
    await fresh.start()
    first = fresh.pid
    assert "Asterisk 22" in await fresh.cli("core show version")
    await fresh.kill()
    await fresh.start()
    assert fresh.pid != first
    assert "ivr-from-trunk" in await fresh.cli("dialplan show ivr-from-trunk")
    await fresh.stop()
    assert fresh.process is not None
    assert fresh.process.returncode is not None
    await fresh.stop()  # once more is nothing


async def test_a_module_it_cannot_do_without(fresh: Asterisk) -> None:
    (fresh.fresh.etc / "modules.conf").write_text("[modules]\nrequire = none_of_ours.so\n")
    with pytest.raises(UserError, match=r"Asterisk ended while starting: .*none_of_ours"):
        await fresh.start()
    assert fresh.process is not None
    assert fresh.process.returncode is not None
