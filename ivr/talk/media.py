"""The sound of conversations: a WebSocket server to which Asterisk brings each call.

    async with MediaServer(settings.media, on_line, expects) as media: ...

`Dial(WebSocket/ivr-media/c(slin)f(json)v(attempt=ID))` connects to `/media?attempt=ID`;
`on_line` then has the `Line` until it returns, which hangs up. Where we refuse or are
not there, the Dial fails and the dialplan goes on.
"""

import asyncio
import ipaddress
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import Final

import numpy as np
import structlog
from aiohttp import WSCloseCode, WSMsgType, web

from ivr.errors import UserError
from ivr.settings import Media
from ivr.talk import protocol
from ivr.talk.line import RATE, Keys, Line, Pcm, Sound, load

PATH = "/media"
SUBPROTOCOL = "media"

_PIECE: Final = RATE  # samples a message: 16 KB, a quarter of what closes the connection
_AHEAD: Final = 4  # pieces in Asterisk's queue at most: 200 frames of its 1,000
_STALL_S = 10.0  # Asterisk tells of every piece, so one a second
_GREETING_S = 5.0  # for the first message
_GOODBYE_S = 2.0
_BACKLOG: Final = 500  # frames of 20 ms that a listener may lag; older ones are lost to it
_MAX_MESSAGE: Final = 65_536

log = structlog.get_logger(__name__)

OnLine = Callable[[Line], Awaitable[None]]
Expects = Callable[[str], bool]
"""Whether a conversation is wanted under this attempt's id."""


class MediaLine:
    """One caller; see `ivr.talk.line.Line`."""

    def __init__(
        self, socket: web.WebSocketResponse, attempt: str, started: protocol.Started
    ) -> None:
        self.attempt = attempt
        self.channel = started.channel
        self.variables: Mapping[str, str] = started.variables
        self.keys = Keys()
        self.ended = asyncio.Event()
        self._socket = socket
        self._listeners: list[asyncio.Queue[bytes | None]] = []
        self._turn = asyncio.Lock()  # one sound after the other
        self._changed = asyncio.Event()
        self._marked = 0  # pieces given to Asterisk since the call began
        self._reached = 0  # of them played, or flushed
        self._held_up = False  # XOFF
        self._cut = False

    # --- speaking

    async def answer(self) -> None:
        """Only where the dialplan's Dial has `n`; without it Asterisk answered already."""
        await self._send(protocol.ANSWER)

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
                if not await self._until_in_flight(_AHEAD - 1):
                    break
                await self._send(_whole_frames(samples[start : start + _PIECE]))
                self._marked += 1
                await self._send(protocol.mark(self._marked))
            if await self._until_in_flight(0):
                return len(samples) / RATE
        except TimeoutError:
            log.warning("Asterisk plays nothing; the line is given up", attempt=self.attempt)
            await self.hangup()
        # cut short: what was given less what was thrown away is known by the clock only
        given = min((self._marked - before) * _PIECE, len(samples)) / RATE
        return min(time.monotonic() - begun, given)

    async def _until_in_flight(self, pieces: int) -> bool:
        """Until so many pieces are unplayed; False when there is no point in going on.

        Raises TimeoutError when nothing moves.
        """
        while not (self._cut or self.ended.is_set()):
            if self._marked - self._reached <= pieces and not (pieces and self._held_up):
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
        except ConnectionError:
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
            async with asyncio.timeout(_GOODBYE_S):
                await self.ended.wait()
        except TimeoutError:
            await self._socket.close()
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


class MediaServer:
    """Takes the calls that Asterisk brings, from this machine only.

    `on_line` is called for each; when it returns or fails, the caller is hung up.
    """

    def __init__(self, media: Media, on_line: OnLine, expects: Expects) -> None:
        self._media = media
        self._on_line = on_line
        self._expects = expects
        self._runner: web.AppRunner | None = None
        self._lines: dict[str, MediaLine | None] = {}  # None: not yet begun
        self._talks: set[asyncio.Task[None]] = set()
        self._closing = False

    async def __aenter__(self) -> "MediaServer":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def port(self) -> int:
        """Where it listens; `start` first."""
        if self._runner is None:
            raise RuntimeError("the media server was not started")
        return int(self._runner.addresses[0][1])

    @property
    def lines(self) -> int:
        """Conversations going on."""
        return len(self._lines)

    async def start(self) -> None:
        """Raises UserError when the port is taken."""
        app = web.Application()
        app.router.add_get(PATH, self._connected)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=_GOODBYE_S)
        await runner.setup()
        try:
            await web.TCPSite(runner, self._media.host, self._media.port).start()
        except OSError as error:
            await runner.cleanup()
            raise UserError(
                f"[media] {self._media.host}:{self._media.port} cannot be used"
                f" ({error.strerror}); choose another port and render the dialplan again"
            ) from None
        self._runner, self._closing = runner, False

    async def close(self, patience_s: float = 0.0) -> None:
        """Refuse new calls, let conversations end for so long, hang up the rest."""
        if self._runner is None:
            return
        self._closing = True
        if self._talks and patience_s:
            _, unfinished = await asyncio.wait(self._talks, timeout=patience_s)
            if unfinished:
                log.warning("conversations are cut short", count=len(unfinished))
        await asyncio.gather(*(line.hangup() for line in self._lines.values() if line))
        if self._talks:
            # each may still write down what came of it
            _, unfinished = await asyncio.wait(self._talks, timeout=_GOODBYE_S)
            for talk in unfinished:
                talk.cancel()
            await asyncio.gather(*unfinished, return_exceptions=True)
        await self._runner.cleanup()
        self._runner = None

    # --- one connection

    async def _connected(self, request: web.Request) -> web.StreamResponse:
        attempt = request.query.get("attempt", "")
        if refusal := self._refusal(request, attempt):
            log.warning("a call was refused", attempt=attempt[:64], why=refusal.text)
            return refusal
        self._lines[attempt] = None
        try:
            socket = web.WebSocketResponse(
                protocols=(SUBPROTOCOL,),
                timeout=_GOODBYE_S,
                max_msg_size=_MAX_MESSAGE,
                compress=False,
            )
            await socket.prepare(request)
            await self._hold(socket, attempt)
            return socket
        finally:
            del self._lines[attempt]

    def _refusal(self, request: web.Request, attempt: str) -> web.Response | None:
        if self._closing:
            return web.Response(status=503, text="ivr is stopping")
        if not _loopback(request.remote):
            return web.Response(status=403, text="only Asterisk on this machine may connect")
        if not attempt or not self._expects(attempt):
            return web.Response(status=404, text="no conversation is wanted under this attempt")
        if attempt in self._lines:
            return web.Response(status=409, text="this attempt is talking already")
        return None

    async def _hold(self, socket: web.WebSocketResponse, attempt: str) -> None:
        """One call from its first message to its end."""
        started = await _started(socket)
        if started is None:
            await socket.close(code=WSCloseCode.PROTOCOL_ERROR)
            return
        line = MediaLine(socket, attempt, started)
        self._lines[attempt] = line
        talk = asyncio.create_task(self._talk(line))
        self._talks.add(talk)
        talk.add_done_callback(self._talks.discard)
        try:
            await _read(socket, line)
        finally:
            line.end()
            await asyncio.wait([talk])

    async def _talk(self, line: MediaLine) -> None:
        try:
            await self._on_line(line)
        except Exception:
            log.exception("a conversation failed", attempt=line.attempt)
        finally:
            await line.hangup()


async def _started(socket: web.WebSocketResponse) -> protocol.Started | None:
    """The first message; None when it is not what Asterisk would send."""
    try:
        message = await socket.receive(timeout=_GREETING_S)
        event = protocol.parse(message.data) if message.type is WSMsgType.TEXT else None
    except (TimeoutError, ValueError):
        return None
    return event if isinstance(event, protocol.Started) and event.format == "slin" else None


async def _read(socket: web.WebSocketResponse, line: MediaLine) -> None:
    """Give the line what comes, until the connection ends."""
    garbage = 0
    async for message in socket:
        if message.type is WSMsgType.BINARY:
            line.heard(message.data)
        elif message.type is WSMsgType.TEXT:
            try:
                line.told(message.data)
            except ValueError as error:
                garbage += 1
                if garbage == 1:  # one line in the log for each call
                    log.warning("not understood", attempt=line.attempt, why=str(error)[:200])


def _whole_frames(samples: Pcm) -> bytes:
    short = -len(samples) % protocol.FRAME
    return (np.pad(samples, (0, short)) if short else samples).astype("<i2").tobytes()


def _loopback(address: str | None) -> bool:
    try:
        return ipaddress.ip_address(address or "").is_loopback
    except ValueError:
        return False
