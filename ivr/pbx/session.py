"""The AMI session: stays connected, keeps the order, tells what it knows.

All that Asterisk says goes through one bounded queue to one consumer, which
decodes it and calls the subscribers, one event after the other. A subscriber
that fails is logged and counted; it disturbs neither the others nor the
connection. After each (re)connect the channels that live are asked for and put
into the same stream as a Snapshot; a loss is put there as Disconnected.
Actions are never sent twice.
"""

import asyncio
import contextlib
import random
import time
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

import structlog

from ivr.errors import UserError
from ivr.pbx import actions
from ivr.pbx import events as ev
from ivr.pbx.actions import Action
from ivr.pbx.decode import decode, live_channel
from ivr.pbx.protocol import (
    ActionFailed,
    ActionTimeout,
    ConnectionLost,
    Link,
    Response,
    Then,
    connect,
)
from ivr.settings import Ami

QUEUE_BOUND = 100_000
"""Messages; above, the socket is left unread until half of them are done."""
SLICE_S = 0.005
"""The consumer lets the event loop go on after this long."""
SILENT_PINGS = 3
BACKOFF_S = (0.1, 5.0)
REFUSED_RETRY_S = 30.0
REFUSAL_S = 2.0
"""Asterisk lets a wrong secret wait a second for its answer."""

__all__ = [
    "ActionFailed", "ActionTimeout", "ConnectionLost", "Response", "Session", "State",
]  # fmt: skip

log = structlog.get_logger(__name__)

Subscriber = Callable[[ev.Event], None]
Tap = Callable[[str], None]


class _Down(Exception):  # noqa: N818 - it says what is
    """Why there is no connection: a sentence; with `retry_s`, soon again is useless."""

    def __init__(self, sentence: str, retry_s: float | None = None) -> None:
        super().__init__(sentence)
        self.retry_s = retry_s


class State(NamedTuple):
    """What /healthz and the metrics tell of the session."""

    connected: bool  # logged in
    booted: bool  # Asterisk is up and the Snapshot was taken
    since: float  # seconds since the epoch: when `connected` last changed
    error: str  # one sentence; "" while all is well
    reconnects: int
    events: int  # given to the subscribers
    failures: int  # exceptions of subscribers
    dropped: int  # messages too long to be one
    lag_s: float  # the last event's age when the subscribers got it
    queue: int  # messages waiting


class Session:
    """`async with Session(settings.ami) as session`, or start() and close().

    Raises UserError when AMI could not carry the user's name or secret.
    """

    def __init__(self, ami: Ami, on_event: Subscriber | None = None) -> None:
        self._ami = ami
        try:
            self._login = actions.login(ami.user, ami.secret.get_secret_value())
        except ValueError as error:
            raise UserError(f"[ami] in ivr.toml cannot be used: {error}") from None
        self._subscribers: tuple[Subscriber, ...] = () if on_event is None else (on_event,)
        self._taps: tuple[Tap, ...] = ()
        self._link: Link | None = None
        self._connected = False
        self._tasks: list[asyncio.Task[None]] = []
        self._resync_task: asyncio.Task[None] | None = None
        self._queue: deque[str | ev.Event | None] = deque()
        self._work = asyncio.Event()
        self._booted = asyncio.Event()
        self._since = time.time()
        self._error = ""
        self._connects = 0
        self._events = 0
        self._failures = 0
        self._dropped = 0
        self._lag_s = 0.0
        self._last_at: float | None = None

    # --- life ----------------------------------------------------------------

    async def start(self) -> None:
        """Begin to connect; returns at once. See wait_booted()."""
        self._tasks = [asyncio.create_task(self._consume()), asyncio.create_task(self._stay())]

    async def close(self) -> None:
        """Disconnect for good; what was received is given to the subscribers first."""
        if not self._tasks:
            return
        consumer, keeper = self._tasks
        self._tasks = []
        keeper.cancel()
        await asyncio.wait([keeper])
        self._put(None)
        await consumer

    async def __aenter__(self) -> "Session":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def wait_booted(self) -> None:
        """Until Asterisk is fully booted and its Snapshot is in the stream.

        Waits for ever while that does not happen; `state.error` tells why.
        """
        await self._booted.wait()

    @property
    def state(self) -> State:
        link = self._link
        return State(
            connected=self._connected,
            booted=self._booted.is_set(),
            since=self._since,
            error=self._error,
            reconnects=max(0, self._connects - 1),
            events=self._events,
            failures=self._failures,
            dropped=self._dropped + (0 if link is None else link.framer.dropped),
            lag_s=self._lag_s,
            queue=len(self._queue),
        )

    # --- events --------------------------------------------------------------

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Call `subscriber` with every event, in order; returns what ends it."""
        self._subscribers += (subscriber,)

        def end() -> None:
            self._subscribers = tuple(one for one in self._subscribers if one is not subscriber)

        return end

    def tap(self, tap: Tap) -> Callable[[], None]:
        """Call `tap` with the text of every message, decoded or not; returns what ends it."""
        self._taps += (tap,)

        def end() -> None:
            self._taps = tuple(one for one in self._taps if one is not tap)

        return end

    def _put(self, item: ev.Event | None) -> None:
        self._queue.append(item)
        self._work.set()

    def _received(self, messages: list[str]) -> None:
        self._queue.extend(messages)
        self._work.set()
        if len(self._queue) >= QUEUE_BOUND and self._link is not None:
            self._link.pause()

    async def _consume(self) -> None:
        queue = self._queue
        while True:
            await self._work.wait()
            until, last_at = time.perf_counter() + SLICE_S, self._last_at
            while queue:
                item = queue.popleft()
                if item is None:
                    return
                self._hand_on(item)
                if time.perf_counter() >= until:
                    break
            if self._last_at is not None and self._last_at != last_at:
                self._lag_s = time.time() - self._last_at
            if not queue:
                self._work.clear()
            if self._link is not None and self._link.paused and len(queue) <= QUEUE_BOUND // 2:
                self._link.resume()
            await asyncio.sleep(0)

    def _hand_on(self, item: str | ev.Event) -> None:
        event: ev.Event | None
        if isinstance(item, str):
            for tap in self._taps:
                try:
                    tap(item)
                except Exception:
                    self._count_failure()
            try:
                event = decode(item)
            except Exception:
                self._count_failure()
                return
            if event is None:
                return
            if event.at is not None:
                self._last_at = event.at
        elif isinstance(item, ev.Disconnected):
            event = ev.Disconnected(self._last_at)
        else:
            event = item
        self._events += 1
        for subscriber in self._subscribers:
            try:
                subscriber(event)
            except Exception:
                self._count_failure()
        if isinstance(event, ev.FullyBooted):
            self._begin_resync()

    def _count_failure(self) -> None:
        self._failures += 1
        log.exception("an AMI event could not be handled")

    # --- actions -------------------------------------------------------------

    async def send(self, action: Action) -> Response:
        """Send once, and wait for the response.

        Raises ActionFailed, ActionTimeout or ConnectionLost; after the last two
        nobody knows whether Asterisk carried it out.
        """
        return (await self._ask(self._ready_link(), action))[0]

    async def send_list(self, action: Action) -> list[Response]:
        """Send an action that answers with a list; its rows, without the frame."""
        messages = await self._ask(self._ready_link(), action, as_list=True)
        return [m for m in messages[1:] if m.eventlist.lower() != "complete"]

    async def command(self, line: str) -> str:
        """What Asterisk's command line answers."""
        output = (await self.send(actions.command(line))).get("Output", "")
        return "\n".join(output) if isinstance(output, list) else str(output)

    def _ready_link(self) -> Link:
        if self._link is None or not self._connected:
            raise ConnectionLost(self._error or "not connected to Asterisk")
        return self._link

    async def _ask(
        self, link: Link, action: Action, *, as_list: bool = False, then: Then | None = None
    ) -> list[Response]:
        request = link.request(action, as_list=as_list, then=then)
        try:
            async with asyncio.timeout(self._ami.timeout_s):
                messages: list[Response] = await request.future
        except TimeoutError:
            raise ActionTimeout(
                f"Asterisk did not answer {action.name} within {self._ami.timeout_s:g} s"
            ) from None
        finally:
            link.forget(request)
        if not messages[0].success:
            raise ActionFailed(action.name, messages[0].message)
        return messages

    # --- the connection ------------------------------------------------------

    async def _stay(self) -> None:
        """Connect, and again, until cancelled."""
        failures = 0
        while True:
            try:
                link = await self._open()
            except _Down as down:
                self._complain(str(down))
                failures += 1
                delay = down.retry_s
            else:
                try:
                    self._complain(await self._watch(link))
                    failures = 0 if self._booted.is_set() else failures + 1
                finally:
                    self._lost(link)
                delay = None
            if delay is None:
                least, most = BACKOFF_S
                delay = min(most, least * 2.0 ** min(failures, 30)) * random.uniform(0.5, 1.0)
            await asyncio.sleep(delay)

    async def _open(self) -> Link:
        """A connection that is logged in. Raises _Down."""
        ami = self._ami
        where = f"{ami.host}:{ami.port}"
        link: Link | None = None
        response: Response | None = None
        try:
            async with asyncio.timeout(ami.timeout_s + REFUSAL_S):
                self._link = link = await connect(ami.host, ami.port, self._received)
                response = (await link.request(self._login).future)[0]
        except TimeoutError:
            if link is None:
                raise _Down(f"{where} does not answer; check ami.host and the network") from None
            if not link.framer.greeting:
                raise _Down(f"what listens at {where} is no AMI; check ami.port") from None
            raise _Down(f"Asterisk at {where} does not answer the login") from None
        except ConnectionLost:
            raise _Down(f"{where} closed the connection before the login was done") from None
        except ConnectionRefusedError:
            raise _Down(
                f"nothing listens at {where}; is Asterisk running, "
                "and is AMI enabled in manager.conf?"
            ) from None
        except OSError as error:
            raise _Down(f"{where} cannot be reached: {error.strerror or error}") from None
        finally:
            if link is not None and (response is None or not response.success):
                link.close()
                self._link = None
        if response.message == "Authentication failed":
            raise _Down(
                f"Asterisk refused user {ami.user!r}: wrong secret; set ami.secret "
                f"to what manager.conf has for [{ami.user}]",
                retry_s=REFUSED_RETRY_S,
            )
        if not response.success:  # "Asterisk is shutting down", too many sessions …
            raise _Down(f"Asterisk refused the login: {response.message}")
        self._connected, self._since, self._error = True, time.time(), ""
        self._connects += 1
        log.info("connected to Asterisk", address=where)
        return link

    async def _watch(self, link: Link) -> str:
        """Until the connection ends; the sentence that tells why."""
        loop = asyncio.get_running_loop()
        patience = loop.call_later(self._ami.timeout_s, self._resync_unasked)
        silent = 0
        heard = link.heard
        try:
            while silent < SILENT_PINGS:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._ami.ping_s):
                        await link.lost.wait()
                    return "Asterisk closed the connection"
                silent = 0 if link.paused or link.heard != heard else silent + 1
                heard = link.heard
                link.request(actions.ping())
            return f"Asterisk has been silent for {silent * self._ami.ping_s:g} s"
        finally:
            patience.cancel()

    def _lost(self, link: Link) -> None:
        link.close()
        self._link, self._connected, self._since = None, False, time.time()
        self._dropped += link.framer.dropped
        self._booted.clear()
        if self._resync_task is not None:
            self._resync_task.cancel()
            self._resync_task = None
        self._put(ev.Disconnected(None))

    def _complain(self, sentence: str) -> None:
        if sentence != self._error:
            log.warning(sentence)
        self._error = sentence

    # --- what lives now ------------------------------------------------------

    def _resync_unasked(self) -> None:
        if self._resync_task is None:
            self._complain(
                f"Asterisk has not told user {self._ami.user!r} that it is fully booted: it still "
                "starts, or manager.conf lacks `system` in the user's read classes"
            )
            self._begin_resync()

    def _begin_resync(self) -> None:
        if self._link is not None:
            self._resync_task = asyncio.create_task(self._resync(self._link))

    async def _resync(self, link: Link) -> None:
        try:
            # CoreShowChannels tells no time; the Pong before it does.
            pong = (await self._ask(link, actions.ping()))[0]
            at = _seconds(pong.timestamp)

            def taken(texts: list[str]) -> None:
                rows = [text for text in texts if text.startswith("Event: CoreShowChannel\n")]
                self._put(ev.Snapshot(at, tuple(live_channel(row) for row in rows)))

            await self._ask(link, actions.core_show_channels(), as_list=True, then=taken)
        except ActionFailed as failed:
            self._complain(
                f"Asterisk does not let user {self._ami.user!r} list the channels "
                f"({failed.message}); add `system` to its write classes in manager.conf"
            )
            self._booted.set()
        except ActionTimeout:
            link.close()  # _watch sees it and connects again
        except ConnectionLost:
            pass
        else:
            self._booted.set()


def _seconds(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
