"""One exchange for all tests of the simulated people."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.demo.exchange import Exchange, running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def exchange(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Exchange]:
    async with running(tmp_path_factory.mktemp("exchange")) as exchange:
        yield exchange
