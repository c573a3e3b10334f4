"""The switch on a real Asterisk."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from ivr.pbx import actions
from ivr.pbx.asterisk import Asterisk
from ivr.pbx.session import ActionFailed, Session
from ivr.pbx.switch import Switch
from ivr.settings import Ami

pytestmark = [pytest.mark.pbx, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def session(asterisk: Asterisk, ami: Ami) -> AsyncIterator[Session]:
    async with Session(ami) as session:
        await session.wait_booted()
        yield session


@pytest.fixture
def switch(session: Session) -> Switch:
    return Switch(session)


async def test_a_ladder_is_written_and_may_become_shorter(
    switch: Switch, asterisk: Asterisk
) -> None:
    for rows in (["1|a|b|", "2|c|d|"], ["3|a|b|"], ["4|a|b|", "5|c|d|", "6|e|f|"]):
        await switch.publish_ladder("hotline", rows)
        shown = await asterisk.cli("database show ivr/hotline")
        found = [line.split(":", 1)[1].strip() for line in shown.splitlines() if " : " in line]
        assert found[: len(rows)] == rows
        assert f"/ivr/hotline/{len(rows) + 1} " not in shown


async def test_rights(switch: Switch, ami: Ami) -> None:
    assert await switch.lacking_rights() == set()
    async with Session(ami.model_copy(update={"user": "weak"})) as weak:
        await weak.wait_booted()
        assert await Switch(weak).lacking_rights() == {"originate", "command", "system"}


async def test_its_clock(switch: Switch) -> None:
    now = await switch.now()
    assert now is not None
    assert abs(now - time.time()) < 1


async def test_a_channel_that_is_gone_need_not_be_hung_up(switch: Switch) -> None:
    await switch.hang_up("PJSIP/none-00000000")
    with pytest.raises(ActionFailed):
        await switch.rescue("PJSIP/none-00000000")


async def test_whether_a_channel_is_recorded(
    switch: Switch, session: Session, asterisk: Asterisk, tmp_path: Path
) -> None:
    await session.send(
        actions.originate(
            "Local/talk@test/n", application="Wait", data="30",
            channel_id="rec-1", other_channel_id="rec-2",
        )
    )  # fmt: skip
    shown = ""
    while "talk@test" not in shown:
        shown = await asterisk.cli("core show channels concise")
    channel = shown.split("!")[0]
    await switch.record_heard(channel, str(tmp_path / "heard.sln"))
    await switch.stop_recording(channel)
    await switch.stop_recording(channel)  # it is none any more
    assert not await switch.is_recorded(channel)  # of what is said in a call
    await switch.record(channel, "switch-test.wav")
    assert await switch.is_recorded(channel)
    await switch.set_hold_music(channel, "ivr-hold-b")
    await switch.hang_up(channel)


async def test_phones_states(switch: Switch) -> None:
    assert isinstance(await switch.device_states(), dict)
