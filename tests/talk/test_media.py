"""The media server against an Asterisk that the test plays, message by message.

`test_owners` has the real one.
"""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import numpy as np
import pytest

from ivr.errors import UserError
from ivr.settings import Media
from ivr.talk import media_line
from ivr.talk.line import Line, Pcm
from ivr.talk.media import MediaServer, OnLine

SECOND = np.ones(8000, np.int16)


class Peer:
    """The side that Asterisk has: one connection."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.queue: list[int | str] = []  # bytes of each piece, and marks: "1"
        self.commands: list[str] = []

    async def say(self, event: str, **values: object) -> None:
        await self.socket.send_str(json.dumps({"event": event, **values}))

    async def start(self) -> None:
        await self.say("MEDIA_START", channel="WebSocket/x", format="slin", channel_variables={})

    async def hear(self, count: int) -> None:
        """Take the next `count` messages."""
        for _ in range(count):
            message = await self.socket.receive(timeout=5)
            if message.type is aiohttp.WSMsgType.BINARY:
                self.queue.append(len(message.data))
            elif message.type is aiohttp.WSMsgType.TEXT:
                said = json.loads(message.data)
                if said["command"] == "MARK_MEDIA":
                    self.queue.append(said["correlation_id"])
                else:
                    self.commands.append(said["command"])
                    if said["command"] == "HANGUP":
                        await self.socket.close()
            else:
                raise AssertionError(message)

    async def reach(self, mark: int) -> None:
        await self.say("MEDIA_MARK_PROCESSED", correlation_id=str(mark))

    async def hears_nothing(self) -> None:
        with pytest.raises(TimeoutError):
            await self.socket.receive(timeout=0.05)


class Talks:
    """What `on_line` is; each line is held until the test lets it go."""

    def __init__(self) -> None:
        self.begun: asyncio.Queue[Line] = asyncio.Queue()
        self.over = asyncio.Event()

    async def __call__(self, line: Line) -> None:
        self.begun.put_nowait(line)
        await self.over.wait()


@asynccontextmanager
async def serving(on_line: OnLine, *wanted: str, host: str = "127.0.0.1") -> AsyncIterator[str]:
    async with MediaServer(Media(host=host, port=0), on_line, wanted.__contains__) as server:
        yield f"ws://127.0.0.1:{server.port}/media"


@asynccontextmanager
async def connected(url: str, attempt: str = "a") -> AsyncIterator[Peer]:
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(f"{url}?attempt={attempt}", protocols=("media",)) as socket,
    ):
        assert socket.protocol == "media"
        yield Peer(socket)


@asynccontextmanager
async def talking() -> AsyncIterator[tuple[Line, Peer]]:
    """A line and the far side of it."""
    talks = Talks()
    async with serving(talks, "a") as url, connected(url) as peer:
        await peer.start()
        yield await talks.begun.get(), peer
        talks.over.set()


# --- who may connect ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "status"), [("?attempt=b", 404), ("", 404), ("?attempt=", 404), ("?attempt=%00", 404)]
)
async def test_what_nobody_waits_for_is_refused(query: str, status: int) -> None:
    async with serving(Talks(), "a") as url, aiohttp.ClientSession() as http:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await http.ws_connect(url + query)
        assert refused.value.status == status


async def test_an_attempt_talks_once_at_a_time() -> None:
    talks = Talks()
    async with serving(talks, "a") as url, connected(url) as first:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            async with connected(url):
                pass
        assert refused.value.status == 409
        await first.start()
        await talks.begun.get()
        talks.over.set()
        await first.hear(1)
        async with connected(url) as second:
            await second.start()
            await talks.begun.get()


async def test_other_machines_may_not() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing; tells which address we would use
        except OSError:
            pytest.skip("this machine has no address but loopback")
        address = probe.getsockname()[0]
    async with (
        serving(Talks(), "a", host="0.0.0.0") as url,
        aiohttp.ClientSession() as http,
    ):
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await http.ws_connect(url.replace("127.0.0.1", address) + "?attempt=a")
        assert refused.value.status == 403


# --- what may come -----------------------------------------------------------------


async def test_somebody_who_connects_and_goes_begins_no_conversation() -> None:
    talks = Talks()
    async with serving(talks, "a") as url:
        async with connected(url):
            pass
        async with connected(url) as peer:
            await peer.start()
            await talks.begun.get()
        assert talks.begun.empty()
        talks.over.set()


@pytest.mark.parametrize(
    "first", ["garbage", "{}", '{"event":"DTMF_END","digit":"1"}', b"\0" * 320,
              '{"event":"MEDIA_START","format":"ulaw"}'],
)  # fmt: skip
async def test_what_does_not_begin_as_a_call_is_closed(first: str | bytes) -> None:
    talks = Talks()
    async with serving(talks, "a") as url, connected(url) as peer:
        send = peer.socket.send_str if isinstance(first, str) else peer.socket.send_bytes
        await send(first)  # type: ignore[arg-type]
        await peer.socket.receive(timeout=5)
        assert peer.socket.close_code == aiohttp.WSCloseCode.PROTOCOL_ERROR
        assert talks.begun.empty()


async def test_garbage_and_news_within_a_call_are_passed_over() -> None:
    async with talking() as (line, peer):
        for text in ("{", "null", '{"event":"QUEUE_DRAINED"}', '{"event":"NEW"}'):
            await peer.socket.send_str(text)
        for digit in ("1", "", "12", "x", "é", "#"):
            await peer.say("DTMF_END", digit=digit)
        assert [(await line.keys.get()).key for _ in range(2)] == ["1", "#"]
        assert line.keys.pressed == "1#"


async def test_a_message_too_long_ends_the_call_not_the_server() -> None:
    talks = Talks()
    async with serving(talks, "a") as url:
        async with connected(url) as peer:
            await peer.start()
            line = await talks.begun.get()
            await peer.socket.send_bytes(bytes(100_000))
            await line.ended.wait()
            talks.over.set()
        async with connected(url) as peer:
            await peer.start()
            await talks.begun.get()


async def test_what_the_caller_says_comes_in_frames() -> None:
    async with talking() as (line, peer):
        frames = line.frames()
        heard = asyncio.ensure_future(anext(frames))
        await asyncio.sleep(0)
        await peer.socket.send_bytes(np.arange(160, dtype="<i2").tobytes())
        assert (await heard).tolist() == list(range(160))
        await frames.aclose()


async def test_a_slow_listener_loses_the_oldest_and_holds_nobody_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(media_line, "_BACKLOG", 3)
    async with talking() as (line, peer):
        frames = line.frames()
        first = asyncio.ensure_future(anext(frames))
        await asyncio.sleep(0)
        for number in range(10):
            await peer.socket.send_bytes(np.full(160, number, "<i2").tobytes())
        await peer.say("DTMF_END", digit="1")
        assert (await line.keys.get()).key == "1"
        kept = [await first] + [await anext(frames) for _ in range(2)]
        assert kept[-1][0] == 9
        await frames.aclose()


async def test_listening_ends_with_the_line() -> None:
    async def listen(line: Line) -> list[Pcm]:
        return [frame async for frame in line.frames()]

    async with talking() as (line, peer):
        listening = asyncio.create_task(listen(line))
        await asyncio.sleep(0)
        await peer.socket.close()
        assert await listening == []


# --- playing -----------------------------------------------------------------------


async def test_a_long_sound_goes_in_pieces_a_few_seconds_ahead() -> None:
    async with talking() as (line, peer):
        playing = asyncio.create_task(line.play(np.tile(SECOND, 7)[: 6 * 8000 + 100]))
        await peer.hear(8)
        assert peer.queue == [16000, "1", 16000, "2", 16000, "3", 16000, "4"]
        await peer.hears_nothing()
        await peer.reach(2)
        await peer.hear(4)
        await peer.hears_nothing()
        await peer.reach(6)
        await peer.hear(2)
        assert peer.queue[-2:] == [320, "7"]  # whole frames: the rest is silence
        assert not playing.done()
        await peer.reach(7)
        assert await playing == pytest.approx(6.0125)


async def test_asterisk_may_call_a_halt() -> None:
    async with talking() as (line, peer):
        await peer.say("MEDIA_XOFF")
        await peer.say("DTMF_END", digit="1")
        await line.keys.get()  # so XOFF is known
        playing = asyncio.create_task(line.play(SECOND))
        await peer.hears_nothing()
        await peer.say("MEDIA_XON")
        await peer.hear(2)
        await peer.reach(1)
        assert await playing == 1.0


async def test_stopping_is_at_once_and_the_next_sound_is_not_confused_by_it() -> None:
    async with talking() as (line, peer):
        playing = asyncio.create_task(line.play(np.tile(SECOND, 9)))
        await peer.hear(8)
        await line.stop()
        assert 0 < await playing < 1
        await peer.hear(1)
        assert peer.commands == ["FLUSH_MEDIA"]
        again = asyncio.create_task(line.play(SECOND))
        await peer.hear(2)
        assert peer.queue[-1] == "5"
        await peer.reach(3)  # was on its way when the queue was flushed
        await peer.hears_nothing()
        assert not again.done()
        await peer.reach(5)
        assert await again == 1.0


async def test_stopping_nothing_is_nothing() -> None:
    async with talking() as (line, peer):
        await line.stop()
        await peer.hears_nothing()


async def test_one_sound_after_the_other() -> None:
    async with talking() as (line, peer):
        both = [asyncio.create_task(line.play(SECOND)) for _ in range(2)]
        await peer.hear(2)
        await peer.hears_nothing()
        await peer.reach(1)
        await peer.hear(2)
        await peer.reach(2)
        assert await asyncio.gather(*both) == [1.0, 1.0]


async def test_nothing_to_play_takes_no_time() -> None:
    async with talking() as (line, _):
        assert await line.play(SECOND[:0]) == 0.0


async def test_a_caller_who_goes_in_the_middle_heard_a_part() -> None:
    async with talking() as (line, peer):
        playing = asyncio.create_task(line.play(np.tile(SECOND, 9)))
        await peer.hear(8)
        await peer.socket.close()
        assert 0 < await playing < 1
        assert line.ended.is_set()
        assert await line.play(SECOND) == 0.0


async def test_an_asterisk_that_plays_nothing_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(media_line, "_STALL_S", 0.05)
    async with talking() as (line, peer):
        playing = asyncio.create_task(line.play(SECOND))
        await peer.hear(3)
        assert peer.commands == ["HANGUP"]
        await playing
        assert line.ended.is_set()


async def test_an_asterisk_that_does_not_even_hang_up_is_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(media_line, "GOODBYE_S", 0.05)
    async with talking() as (line, _):
        await line.hangup()
        assert line.ended.is_set()


# --- life of the server --------------------------------------------------------------


async def test_a_conversation_that_fails_hangs_up_and_harms_nobody() -> None:
    async def fail(line: Line) -> None:
        raise RuntimeError("a defect")

    async with serving(fail, "a") as url:
        for _ in range(2):
            async with connected(url) as peer:
                await peer.start()
                await peer.hear(1)
                assert peer.commands == ["HANGUP"]


async def test_stopping_waits_for_conversations_and_takes_no_new_ones() -> None:
    talks = Talks()
    server = MediaServer(Media(port=0), talks, lambda attempt: True)
    await server.start()
    url = f"ws://127.0.0.1:{server.port}/media"
    async with connected(url) as peer:
        await peer.start()
        await talks.begun.get()
        closing = asyncio.create_task(server.close(patience_s=5))
        await asyncio.sleep(0)
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            async with connected(url, "b"):
                pass
        assert refused.value.status == 503
        assert not closing.done()
        talks.over.set()
        await peer.hear(1)
        await closing
    assert peer.commands == ["HANGUP"]


async def test_stopping_at_once_cuts_conversations_short() -> None:
    talks = Talks()
    server = MediaServer(Media(port=0), talks, lambda attempt: True)
    await server.start()
    async with connected(f"ws://127.0.0.1:{server.port}/media") as peer:
        await peer.start()
        line = await talks.begun.get()
        closing = asyncio.create_task(server.close())
        await peer.hear(1)
        await closing
        assert line.ended.is_set()
    assert server.lines == 0


async def test_a_restart_takes_the_same_port() -> None:
    talks = Talks()
    server = MediaServer(Media(port=0), talks, lambda attempt: True)
    await server.start()
    port = server.port
    await server.close()
    async with (
        MediaServer(Media(port=port), talks, lambda attempt: True),
        connected(f"ws://127.0.0.1:{port}/media") as peer,
    ):
        await peer.start()
        await talks.begun.get()
        talks.over.set()
        await peer.hear(1)


async def test_a_port_in_use_is_said() -> None:
    async with MediaServer(Media(port=0), Talks(), lambda attempt: True) as server:
        second = MediaServer(Media(port=server.port), Talks(), lambda attempt: True)
        with pytest.raises(UserError, match=f"{server.port} cannot be used"):
            await second.start()
