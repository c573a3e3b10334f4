"""Asterisk knows whose call is to hear the notice first: exactly those still to be told."""

import asyncio
import re
import time
from pathlib import Path

import pytest

from ivr.demo.house import House
from ivr.outbound import callins
from ivr.outbound.callins import CallIns
from ivr.outbound.ledger import Ledger
from ivr.outbound.model import CampaignState, Outcome
from ivr.pbx.session import Session
from ivr.pbx.switch import Switch
from ivr.store.database import FILE_NAME, Database
from tests.outbound.office import BASE, campaign, task

pytestmark = [pytest.mark.pbx, pytest.mark.asyncio(loop_scope="module")]

A, B, C = "13700000001", "13700000002", "13700000003"


async def expected(house: House, wanted: set[str]) -> set[str]:
    """What Asterisk has, once it is `wanted` or three seconds have gone."""
    ends = time.monotonic() + 3
    while True:
        said = await house.asterisk.cli("database show ivr-expected")
        found = set(re.findall(r"/ivr-expected/(\d+)", said))
        if found == wanted or time.monotonic() > ends:
            return found
        await asyncio.sleep(0.05)


async def test_the_list_follows_the_running_notices(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(callins, "LOOK_EVERY_S", 0.05)
    async with (
        await Database.open(tmp_path / FILE_NAME) as db,
        Session(house.settings.ami) as session,
    ):
        await session.wait_booted()
        switch, ledger = Switch(session), Ledger(db, BASE.site.id)
        await switch.expect_caller("13799999999")  # left by a run that was killed
        lists = CallIns(ledger, switch)
        await lists.start()
        try:
            assert await expected(house, set()) == set()
            notice = campaign(state=CampaignState.APPROVED)
            tasks = [task(notice, "1", A, B), task(notice, "2", C)]
            await ledger.create(notice, tasks)
            survey = campaign("回访", kind="survey")
            await ledger.create(survey, [task(survey, "1", "13700000009")])
            notice = await ledger.change(notice, CampaignState.RUNNING)
            assert await expected(house, {A, B, C}) == {A, B, C}
            await ledger.told_otherwise(tasks[0], Outcome.CALLED_IN, A, time.time())
            assert await expected(house, {C}) == {C}
            await session.command("database deltree ivr-expected")  # Asterisk was started again
            lists.connected()
            assert await expected(house, {C}) == {C}
            await ledger.cancel(notice, time.time())
            assert await expected(house, set()) == set()
        finally:
            await lists.close()
