"""A house for the tests that phone people, once for each module."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from ivr.demo.house import House, open_house
from tests.outbound.office import BASE, dialplan


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    folder = tmp_path_factory.mktemp("house")
    async with open_house(BASE, folder, service=False, extra_dialplan=dialplan()) as opened:
        yield opened
