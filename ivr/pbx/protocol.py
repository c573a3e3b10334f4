"""One AMI connection: panoramisk's, without what must not be used of it.

panoramisk gives the manager, the protocol, actions with their ids and the
parsing of responses. Replaced here: decoding (a character split over two
segments was lost), knowing when an answer is whole (an Originate never was),
handing on events (an exception ended the connection), and everything it does
after a loss: it sent unanswered actions again, so that an Originate dialled
twice, and reconnected after close().
"""

import asyncio
from collections.abc import Callable
from typing import Any

from panoramisk import Manager
from panoramisk.actions import Action as PanoramiskAction
from panoramisk.ami_protocol import AMIProtocol
from panoramisk.message import Message
from panoramisk.utils import EOL

from ivr.pbx.actions import Action
from ivr.pbx.framing import Framer

Response = Message
"""A response or a row of a list: a mapping whose keys know no case; a header
that came several times (`Output`) is a list."""


READ_SIZE = 1 << 16

Then = Callable[[list[str]], None]


class ConnectionLost(ConnectionError):  # noqa: N818 - these three say what happened
    """The connection to Asterisk ended; whether it carried the action out is unknown."""


class ActionFailed(Exception):  # noqa: N818
    """Asterisk refused; `message` is what it said."""

    def __init__(self, action: str, message: str) -> None:
        super().__init__(f"Asterisk refused {action}: {message}")
        self.message = message


class ActionTimeout(Exception):  # noqa: N818
    """No answer in time; whether Asterisk carried the action out is unknown."""


class Request(PanoramiskAction):  # type: ignore[misc]
    """An action on its way; its `future` gives the messages that answer it.

    With `as_list` they are the response and the rows up to `EventList: Complete`.
    When they mean success, `then` is called with their texts before any later
    message is looked at.
    """

    def __init__(self, action: Action, *, as_list: bool, then: Then | None = None) -> None:
        headers: dict[str, str | list[str]] = {"Action": action.name}
        for key, value in action.headers:
            former = headers.get(key)
            if former is None:
                headers[key] = value
            elif isinstance(former, list):
                former.append(value)
            else:
                headers[key] = [former, value]
        super().__init__(headers, as_list=as_list)
        self.then = then
        self.texts: list[str] = []

    def takes(self, text: str) -> bool:
        """Whether a message with this action's id answers it: an event that it
        merely caused (OriginateResponse) does not."""
        return self.as_list or not text.startswith("Event:")

    def add_text(self, text: str) -> bool:
        """True when the answer is whole."""
        message = Message.from_line(text.replace("\n", EOL))
        self.responses.append(message)
        self.texts.append(text)
        first = self.responses[0]
        begun = self.as_list and first.success and first.eventlist.lower() == "start"
        if begun and message.eventlist.lower() != "complete":
            return False
        if not self.future.done():  # it may have timed out
            self.future.set_result(self.responses)
            if self.then is not None and first.success:
                self.then(self.texts)
        return True


class Link(AMIProtocol, asyncio.BufferedProtocol):  # type: ignore[misc]
    """The protocol of one connection.

    It reads READ_SIZE bytes at a time, not asyncio's 256 KiB: less than the
    consumer gets done before the next read, or a burst would pile up in memory.

    `on_messages` gets the text of every message that answers no action of ours,
    in order. `lost` is set when the connection has ended.
    """

    closed: bool

    def __init__(self, on_messages: Callable[[list[str]], None]) -> None:
        self.on_messages = on_messages
        self.framer = Framer()
        self.lost = asyncio.Event()
        self.heard = 0  # reads from the socket, to know a silent peer
        self.paused = False
        self._buffer = memoryview(bytearray(READ_SIZE))

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        self.data_received(bytes(self._buffer[:nbytes]))

    def data_received(self, data: bytes) -> None:
        self.heard += 1
        messages = self.framer.feed(data)
        if not self.responses:
            self.on_messages(messages)
            return
        for message in messages:
            if not self._answers(message):
                self.on_messages([message])

    def _answers(self, text: str) -> bool:
        start = text.find("\nActionID: ")
        if start < 0:
            return False
        action_id = text[start + 11 :].partition("\n")[0]
        request = self.responses.get(action_id)
        if request is None or not request.takes(text):
            return False
        if request.add_text(text):
            self.responses.pop(action_id, None)
        return True

    def request(
        self, action: Action, *, as_list: bool = False, then: Then | None = None
    ) -> Request:
        """Send; raises ConnectionLost when there is nothing to send on."""
        if self.closed:
            raise ConnectionLost("the connection to Asterisk has ended")
        request = Request(action, as_list=as_list, then=then)
        self.send(request, as_list=as_list)
        return request

    def forget(self, request: Request) -> None:
        self.responses.pop(request.id, None)

    def pause(self) -> None:
        """Stop reading; what Asterisk sends meanwhile waits in the kernel."""
        if not self.paused and not self.closed:
            self.paused = True
            self.transport.pause_reading()

    def resume(self) -> None:
        if self.paused and not self.closed:
            self.transport.resume_reading()
        self.paused = False

    def connection_lost(self, exc: Exception | None) -> None:
        self.close()

    def close(self) -> None:
        """End the connection at once; what is under way fails with ConnectionLost."""
        if self.closed:
            return
        self.closed = True
        self.transport.abort()
        for request in self.responses.values():
            if not request.future.done():
                request.future.set_exception(ConnectionLost("the connection to Asterisk was lost"))
                request.future.exception()  # nobody waits for the answer to a ping
        self.responses.clear()
        self.lost.set()


class _Manager(Manager):  # type: ignore[misc]
    """panoramisk's manager for a single connection: coming back is the session's task."""

    def connection_made(self, future: asyncio.Future[Any]) -> None:
        if not future.cancelled() and future.exception() is None:
            super().connection_made(future)
            self.pinger.cancel()  # the session pings, and looks for the answer


async def connect(host: str, port: int, on_messages: Callable[[list[str]], None]) -> Link:
    """A connection that is not logged in yet. Raises OSError."""
    manager = _Manager(
        host=host,
        port=port,
        loop=asyncio.get_running_loop(),
        protocol_factory=lambda: Link(on_messages),
    )
    link: Link
    _, link = await manager.connect()
    return link
