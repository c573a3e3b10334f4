"""One house for the stories of each module, and what must be true of it in the end."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from ivr.demo.house import House
from ivr.settings import Rings, Settings, Waiting
from tests.system.office import Evening, open_office, until

QUICK = Settings(rings=Rings(ring_cadence_s=1.0), waiting=Waiting(apology_every_s=5, end_after_s=0))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def evening(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Evening]:
    """The stories of the module that were chosen, told side by side.

    A module may have SETTINGS of its own and an EXTRA_DIALPLAN.
    """
    stories = [
        item.function.story  # type: ignore[attr-defined]
        for item in request.session.items
        if item.path == request.path and hasattr(getattr(item, "function", None), "story")
    ]
    base = getattr(request.module, "SETTINGS", QUICK)
    extra = getattr(request.module, "EXTRA_DIALPLAN", "")
    folder = tmp_path_factory.mktemp("office")
    async with open_office(stories, folder, base, extra_dialplan=extra) as (house, desks):
        told = Evening()
        told.begin(stories, desks)
        try:
            yield told
        finally:
            await told.close()
        if not all(
            task.done() and not task.cancelled() and not task.exception()
            for task in told.tasks.values()
        ):
            return  # whoever failed left calls behind
        await nothing_is_left_open(house)
    nothing_failed(folder / "ivr.log")


async def nothing_is_left_open(house: House) -> None:
    """No channel in Asterisk, no call in the tracker, no call twice in the log."""
    if house.asterisk.process is not None and house.asterisk.process.returncode is None:

        async def no_channel() -> bool:
            return "0 active channels" in await house.asterisk.cli("core show channels")

        try:
            await until(no_channel, 15)
        except TimeoutError:
            raise AssertionError(await house.asterisk.cli("core show channels verbose")) from None
    if house.service is None:
        return

    async def no_call() -> bool:
        return not (await house.get("/api/v1/live"))["calls"]

    try:
        await until(no_call)
    except TimeoutError:
        raise AssertionError(await house.get("/api/v1/live")) from None
    rows = (await house.get("/api/v1/calls", limit=1000))["calls"]
    ids = [row["call_id"] for row in rows]
    assert len(ids) == len(set(ids))


def nothing_failed(log: Path) -> None:
    """The service never met what it did not foresee."""
    lines = log.read_text(encoding="utf-8").splitlines()
    assert not [line for line in lines if "Traceback" in line], log
    for line in lines:
        if line.startswith("{"):
            told = json.loads(line)
            assert told["level"] not in ("error", "critical"), told
