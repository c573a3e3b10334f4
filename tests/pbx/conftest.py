"""A real Asterisk for the tests of this room, started once for each test module."""

import socket
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from pydantic import SecretStr

from ivr.pbx.asterisk import Asterisk
from ivr.pbx.dialplan import Fresh, render_fresh
from ivr.pbx.install import Installed, find_or_install
from ivr.settings import Ami, Settings

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


@pytest.fixture(scope="session")
def installed() -> Installed:
    return find_or_install()


@pytest.fixture(scope="module")
def ami() -> Ami:
    return Ami(port=free_port(), secret=SecretStr(SECRET))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def asterisk(
    installed: Installed, ami: Ami, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Asterisk]:
    folder = tmp_path_factory.mktemp("pbx")
    fresh = Fresh(
        folder=folder,
        modules=installed.modules,
        data=installed.data,
        sip_port=free_port(socket.SOCK_DGRAM),
        rtp_first=30000,
        rtp_last=30100,
        extra_dialplan=DIALPLAN,
    )
    render_fresh(Settings(ami=ami), fresh)
    with (fresh.etc / "manager.conf").open("a") as manager:
        manager.write(USERS)
    running = Asterisk(installed, fresh)
    await running.start()
    yield running
    await running.stop()
