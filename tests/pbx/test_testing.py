"""The proxy that breaks connections breaks them as it says."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from ivr.pbx.testing import FaultProxy


@pytest.fixture
async def echo() -> AsyncIterator[int]:
    """The port of a server that sends back what it gets."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1000):
            writer.write(data)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def test_it_passes_both_ways(echo: int) -> None:
    async with FaultProxy("127.0.0.1", echo) as proxy:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.write(b"hello")
        assert await reader.readexactly(5) == b"hello"
        writer.write_eof()
        assert await reader.read() == b""
        writer.close()
    assert proxy.connections == 1


async def test_frozen_nothing_passes_until_it_thaws(echo: int) -> None:
    async with FaultProxy("127.0.0.1", echo) as proxy:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        proxy.freeze()
        writer.write(b"hello")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(5), 0.05)
        proxy.thaw()
        assert await reader.readexactly(5) == b"hello"
        writer.close()


async def test_cut_ends_what_is_there_and_takes_the_next(echo: int) -> None:
    async with FaultProxy("127.0.0.1", echo) as proxy:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.write(b"hello")
        await reader.readexactly(5)
        proxy.cut()
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        await proxy.wait_connections(2)
        writer.write(b"again")
        assert await reader.readexactly(5) == b"again"
        writer.close()


async def test_refusing_ends_new_ones_at_once(echo: int) -> None:
    async with FaultProxy("127.0.0.1", echo) as proxy:
        proxy.refusing = True
        reader, _ = await asyncio.open_connection("127.0.0.1", proxy.port)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)


async def test_split_bytes_come_one_by_one(echo: int) -> None:
    async with FaultProxy("127.0.0.1", echo) as proxy:
        proxy.split_bytes = 1
        proxy.delay_s = 0.001
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.write("张".encode())
        assert await reader.read(100) == "张".encode()[:1]
        assert await reader.readexactly(2) == "张".encode()[1:]
        writer.close()


async def test_nobody_behind_it_is_a_closed_connection(echo: int) -> None:
    async with FaultProxy("127.0.0.1", echo) as gone:
        port = gone.port
    async with FaultProxy("127.0.0.1", port) as proxy:
        reader, _ = await asyncio.open_connection("127.0.0.1", proxy.port)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
