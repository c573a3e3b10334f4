"""A TCP proxy that breaks connections on purpose: put it between a session and Asterisk.

    async with FaultProxy("127.0.0.1", 5038) as proxy:
        session = Session(Ami(port=proxy.port))
        ...
        proxy.cut()

Each fault is a method or an attribute and holds until it is taken back.
"""

import asyncio
import contextlib

READ_SIZE = 65536


class FaultProxy:
    """Listens on a free loopback port and carries bytes to `host`:`port` and back."""

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.port_behind = port
        self.port = 0
        self.delay_s = 0.0  # before each piece, in both directions
        self.split_bytes = 0  # largest piece in bytes; 0 is no limit
        self.refusing = False  # new connections are closed at once
        self.connections = 0  # accepted so far
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._connected = asyncio.Condition()
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> "FaultProxy":
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self.thaw()
        while self._tasks:
            self.cut()
            await asyncio.wait(self._tasks, timeout=0.1)
        await self._server.wait_closed()

    def freeze(self) -> None:
        """Half-open: connections stay, but nothing passes in either direction."""
        self._flowing.clear()

    def thaw(self) -> None:
        """What was held back passes now."""
        self._flowing.set()

    def cut(self) -> None:
        """End every connection there is at once; new ones are accepted."""
        for writer in tuple(self._writers):
            writer.transport.abort()

    async def wait_connections(self, count: int) -> None:
        """Until `count` connections have been accepted since the start."""
        async with self._connected:
            await self._connected.wait_for(lambda: self.connections >= count)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        async with self._connected:
            self.connections += 1
            self._connected.notify_all()
        if self.refusing:
            writer.transport.abort()
            return
        try:
            far_reader, far_writer = await asyncio.open_connection(self.host, self.port_behind)
        except OSError:
            writer.transport.abort()
            return
        ends = {writer, far_writer}
        self._writers |= ends
        try:
            await asyncio.gather(self._pump(reader, far_writer), self._pump(far_reader, writer))
        finally:
            self._writers -= ends
            for end in ends:
                end.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(READ_SIZE):
                size = self.split_bytes or len(data)
                for start in range(0, len(data), size):
                    if self.delay_s:
                        await asyncio.sleep(self.delay_s)
                    await self._flowing.wait()
                    writer.write(data[start : start + size])
                    await writer.drain()
        with contextlib.suppress(OSError, RuntimeError):
            writer.write_eof()
