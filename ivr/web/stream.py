"""What is live, sent to many browsers at once (server-sent events).

One state, changed by JSON merge patches (RFC 7396) that are encoded once for all
clients of the same audience. Every connection begins with the whole state, so a
client that was away, asleep or dropped is right again by coming back.
"""

import asyncio
import json
import secrets
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from enum import StrEnum
from typing import Any

State = Mapping[str, Any]

COALESCE_S = 0.05
"""Changes that come closer together than this leave as one patch."""

BEAT_S = 10.0
"""A client that hears nothing for three of these takes the line for dead."""

QUEUED = 100
"""Messages that wait for one client; at full load about five seconds of them."""


class Audience(StrEnum):
    MASKED = "masked"  # numbers as 138****8000, no names given by the telephone network
    FULL = "full"


def merge_patch(before: State, after: State) -> dict[str, Any]:
    """The merge patch (RFC 7396) that turns `before` into `after`; empty if they are equal.

    Values that are the same object are not looked into: who changes a part makes a new one.
    None is no value of a state; it deletes.
    """
    patch: dict[str, Any] = {}
    for name, value in after.items():
        old = before.get(name)
        if old is value:
            continue
        if isinstance(old, Mapping) and isinstance(value, Mapping):
            if inner := merge_patch(old, value):
                patch[name] = inner
        elif old != value:
            patch[name] = value
    patch.update((name, None) for name in before if name not in after)
    return patch


class Client:
    """One listener; iterating gives what is to be written to it, until it is closed.

    `abort` is called when it does not keep up: whoever waits to write to it must end.
    """

    def __init__(self, abort: Callable[[], None]) -> None:
        self._abort = abort
        self._waiting: deque[bytes] = deque()
        self._wake = asyncio.Event()
        self._closed = False

    def put(self, message: bytes) -> bool:
        """Whether it was taken; a client that does not read is dropped, not buffered."""
        if len(self._waiting) >= QUEUED:
            self.close()
            self._abort()
            return False
        self._waiting.append(message)
        self._wake.set()
        return True

    def close(self) -> None:
        self._closed = True
        self._waiting.clear()
        self._wake.set()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            await self._wake.wait()
            self._wake.clear()
            if self._closed:
                return
            chunk = b"".join(self._waiting)
            self._waiting.clear()
            yield chunk


class Hub:
    """`state` gives what is true now, for each audience; `touch` says that it has changed."""

    def __init__(
        self,
        state: Callable[[], Mapping[Audience, State]],
        now: Callable[[], float] = time.time,
    ) -> None:
        self._state = state
        self._now = now
        self._told: dict[Audience, State] = dict(state())
        self._clients: dict[Client, Audience] = {}
        self._run = secrets.token_hex(4)  # ids of another run mean nothing to this one
        self._number = 0
        self._flush_at = float("-inf")
        self._flushing: asyncio.TimerHandle | None = None
        self._beating: asyncio.Task[None] | None = None
        self.dropped = 0
        """Clients that did not keep up."""

    def start(self) -> None:
        self._beating = asyncio.create_task(self._beat(), name="live-beat")

    async def close(self) -> None:
        """Let every client go, so that the server need not wait for them."""
        if self._flushing is not None:
            self._flushing.cancel()
        if self._beating is not None:
            self._beating.cancel()
        for client in self._clients:
            client.close()

    def __len__(self) -> int:
        return len(self._clients)

    def attach(self, audience: Audience, abort: Callable[[], None]) -> Client:
        """A new listener; it gets the whole state first. `detach` it in the end."""
        self._flush()
        client = Client(abort)
        client.put(self._encode("state", self._told[audience]))
        self._clients[client] = audience
        return client

    def detach(self, client: Client) -> None:
        client.close()
        self._clients.pop(client, None)

    def touch(self) -> None:
        """Something has changed: tell it at once, or together with what follows within 50 ms."""
        if self._flushing is None:
            loop = asyncio.get_running_loop()
            at = max(loop.time(), self._flush_at + COALESCE_S)
            self._flushing = loop.call_at(at, self._flush)

    def _flush(self) -> None:
        if self._flushing is not None:
            self._flushing.cancel()
            self._flushing = None
        self._flush_at = asyncio.get_running_loop().time()
        patches = {}
        for audience, state in self._state().items():
            if patch := merge_patch(self._told[audience], state):
                patches[audience] = patch
            self._told[audience] = state
        if patches:
            self._number += 1
            for audience, patch in patches.items():
                self._send("patch", patch, audience)

    def _send(self, event: str, data: State, audience: Audience) -> None:
        listeners = [client for client, of in self._clients.items() if of is audience]
        if listeners:
            message = self._encode(event, data)
            for client in listeners:
                if not client.put(message):
                    self.dropped += 1
                    self._clients.pop(client, None)

    def _encode(self, event: str, data: State) -> bytes:
        text = json.dumps({"at": self._now(), **data}, ensure_ascii=False, separators=(",", ":"))
        return f"id: {self._run}-{self._number}\nevent: {event}\ndata: {text}\n\n".encode()

    async def _beat(self) -> None:
        """A sign of life that scripts can see, with the server's time."""
        while True:
            await asyncio.sleep(BEAT_S)
            for audience in Audience:
                self._send("beat", {}, audience)
