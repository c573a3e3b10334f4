"""A real Asterisk for the tests of this room, started once for each test module."""

import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from ivr.pbx.asterisk import Asterisk
from ivr.pbx.dialplan import Fresh, render_fresh
from ivr.pbx.install import Installed, find_or_install
from ivr.settings import Ami, Settings, load

SECRET = "a-secret-of-the-tests"
DIALPLAN = """
[test]
exten => talk,1,Answer()
 same => n,Wait(60)
exten => mark,1,UserEvent(IvrTest,Call: 42,Note: 你好)
 same => n,Hangup()
"""
# Users besides ours: one that may nearly nothing.
USERS = f"""
[weak]
secret = {SECRET}
read = call
write = call
"""


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass(frozen=True)
class Pbx:
    asterisk: Asterisk
    ami: Ami


@pytest.fixture(scope="session")
def installed() -> Installed:
    return find_or_install()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pbx(installed: Installed, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Pbx]:
    folder: Path = tmp_path_factory.mktemp("pbx")
    port = free_port()
    ini = folder / "ivr.toml"
    ini.write_text(f'[ami]\nport = {port}\nsecret = "{SECRET}"\n')
    settings: Settings = load(ini, {})
    fresh = Fresh(
        folder=folder,
        modules=installed.modules,
        data=installed.data,
        sip_port=free_port(socket.SOCK_DGRAM),
        rtp_first=30000,
        rtp_last=30100,
        extra_dialplan=DIALPLAN,
    )
    render_fresh(settings, fresh)
    with (fresh.etc / "manager.conf").open("a") as manager:
        manager.write(USERS)
    asterisk = Asterisk(installed, fresh)
    await asterisk.start()
    yield Pbx(asterisk, settings.ami)
    await asterisk.stop()
