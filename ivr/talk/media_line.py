"""One caller on the media road: playing, flow control, keys, and what the caller says."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Final

import numpy as np
import structlog
from aiohttp import web

from ivr.talk import protocol
from ivr.talk.line import RATE, Keys, Pcm, Sound, load

GOODBYE_S = 2.0  # for the far side to act on a hangup

_PIECE: Final = RATE  # samples a message: 16 KB, a quarter of what closes the connection
_AHEAD: Final = 4  # pieces in Asterisk's queue at most: 200 frames of its 1,000
_STALL_S = 10.0  # Asterisk tells of every piece, so one a second
_BACKLOG: Final = 500  # frames of 20 ms that a listener may lag; older ones are lost to it

log = structlog.get_logger(__name__)


class MediaLine:
    """One caller; see `ivr.talk.line.Line`. `drop` ends the connection without a word."""

    def __init__(
        self,
        socket: web.WebSocketResponse,
        drop: Callable[[], None],
        attempt: str,
        started: protocol.Started,
    ) -> None:
        self.attempt = attempt
        self.variables: Mapping[str, str] = started.variables
        self.keys = Keys()
        self.ended = asyncio.Event()
        self._socket = socket
        self._drop = drop
        self._listeners: list[asyncio.Queue[bytes | None]] = []
        self._turn = asyncio.Lock()  # one sound after the other
        self._changed = asyncio.Event()
        self._marked = 0  # pieces given to Asterisk since the call began
        self._reached = 0  # of them played, or flushed
        self._held_up = False  # XOFF
        self._cut = False

    # --- speaking

    async def play(self, sound: Sound) -> float:
        samples = await load(sound)
        async with self._turn:
            self._cut = False
            return await self._play(samples)

    async def stop(self) -> None:
        if not self._turn.locked():
            return
        self._cut = True
        self._reached = self._marked  # flushed marks are never reported
        self._changed.set()
        await self._send(protocol.FLUSH)

    async def _play(self, samples: Pcm) -> float:
        before, begun = self._marked, time.monotonic()
        try:
            for start in range(0, len(samples), _PIECE):
                if not await self._until(self._has_room):
                    break
                await self._send(_whole_frames(samples[start : start + _PIECE]))
                self._marked += 1
                await self._send(protocol.mark(self._marked))
            if await self._until(self._all_played):
                return len(samples) / RATE
        except TimeoutError:
            log.warning("Asterisk plays nothing; the line is given up", attempt=self.attempt)
            await self.hangup()
        # cut short: what was given less what was thrown away is known by the clock only
        given = min((self._marked - before) * _PIECE, len(samples)) / RATE
        return min(time.monotonic() - begun, given)

    def _has_room(self) -> bool:
        return not self._held_up and self._marked - self._reached < _AHEAD

    def _all_played(self) -> bool:
        return self._reached >= self._marked

    async def _until(self, ready: Callable[[], bool]) -> bool:
        """Until it is `ready`; False when there is no point in going on.

        Raises TimeoutError when nothing moves.
        """
        while not (self._cut or self.ended.is_set()):
            if ready():
                return True
            self._changed.clear()
            async with asyncio.timeout(_STALL_S):
                await self._changed.wait()
        return False

    async def _send(self, message: str | bytes) -> None:
        if self.ended.is_set():
            return
        try:
            async with asyncio.timeout(_STALL_S):
                if isinstance(message, str):
                    await self._socket.send_str(message)
                else:
                    await self._socket.send_bytes(message)
        except (ConnectionError, TimeoutError):
            self._drop()
            self.end()

    # --- listening

    async def frames(self) -> AsyncGenerator[Pcm, None]:
        listener: asyncio.Queue[bytes | None] = asyncio.Queue(_BACKLOG)
        self._listeners.append(listener)
        try:
            while not self.ended.is_set() and (data := await listener.get()) is not None:
                yield np.frombuffer(data, "<i2")
        finally:
            self._listeners.remove(listener)

    def heard(self, data: bytes) -> None:
        """A frame came from the caller."""
        for listener in self._listeners:
            if listener.full():
                listener.get_nowait()
            listener.put_nowait(data)

    def told(self, text: str) -> None:
        """A control message came from Asterisk. Raises ValueError for garbage."""
        match protocol.parse(text):
            case protocol.Pressed(key):
                self.keys.press(key)
            case protocol.Reached(mark):
                self._reached = max(self._reached, min(mark, self._marked))
                self._changed.set()
            case protocol.Flow(stopped):
                self._held_up = stopped
                self._changed.set()
            case protocol.Refused(why):
                log.warning("Asterisk refused a command", attempt=self.attempt, why=why)
            case _:
                return

    # --- ending

    async def hangup(self) -> None:
        """Asterisk ends the call's Dial; the dialplan may go on. Returns when it has."""
        await self._send(protocol.HANG_UP)
        try:
            async with asyncio.timeout(GOODBYE_S):
                await self.ended.wait()
        except TimeoutError:
            self._drop()
            self.end()

    def end(self) -> None:
        """The connection is gone."""
        self.ended.set()
        self.keys.close()
        self._changed.set()
        for listener in self._listeners:
            if listener.full():
                listener.get_nowait()
            listener.put_nowait(None)


def _whole_frames(samples: Pcm) -> bytes:
    short = -len(samples) % protocol.FRAME
    return (np.pad(samples, (0, short)) if short else samples).astype("<i2").tobytes()
