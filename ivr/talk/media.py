"""The sound of conversations: a WebSocket server to which Asterisk brings each call.

    async with MediaServer(settings.media, on_line, expects) as media: ...

`Dial(WebSocket/ivr-media/c(slin)f(json)v(attempt=ID))` connects to `/media?attempt=ID`;
`on_line` then has the `Line` until it returns, which hangs up. Where we refuse or are
not there, the Dial fails and the dialplan goes on.
"""

import asyncio
import ipaddress
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

import structlog
from aiohttp import WSCloseCode, WSMsgType, web

from ivr.errors import UserError
from ivr.settings import Media
from ivr.talk import protocol
from ivr.talk.line import Line
from ivr.talk.media_line import GOODBYE_S, MediaLine

PATH = "/media"
SUBPROTOCOL = "media"

_GREETING_S = 5.0  # for the first message
_MAX_MESSAGE: Final = 65_536

log = structlog.get_logger(__name__)

OnLine = Callable[[Line], Awaitable[None]]
Expects = Callable[[str], bool]
"""Whether a conversation is wanted under this attempt's id."""


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
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=GOODBYE_S)
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
            _, unfinished = await asyncio.wait(self._talks, timeout=GOODBYE_S)
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
                timeout=GOODBYE_S,
                max_msg_size=_MAX_MESSAGE,
                compress=False,
            )
            await socket.prepare(request)
            await self._hold(socket, request, attempt)
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

    async def _hold(
        self, socket: web.WebSocketResponse, request: web.Request, attempt: str
    ) -> None:
        """One call from its first message to its end."""
        started = await _started(socket)
        if started is None:
            await socket.close(code=WSCloseCode.PROTOCOL_ERROR)
            return
        line = MediaLine(socket, partial(_abort, request), attempt, started)
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


def _abort(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


def _loopback(address: str | None) -> bool:
    try:
        return ipaddress.ip_address(address or "").is_loopback
    except ValueError:
        return False
