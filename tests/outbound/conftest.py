"""A house for the tests that phone people, once for each module."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from ivr.demo.house import House
from tests.outbound.office import open_town


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    folder = tmp_path_factory.mktemp("house")
    async with open_town(folder) as opened:
        yield opened
