"""Packets, the beat, what is recorded where."""

import asyncio
import socket
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.demo.rtp import BEAT, FRAME, Beat, Packet, Recorder, Stream
from ivr.demo.sdp import Direction, Sdp
from ivr.demo.sound import decode, encode, tone

# --- packets


def test_a_packet_comes_back() -> None:
    packet = Packet(True, 8, 65535, 2**32 - 1, 7, b"abc")
    assert Packet.parse(bytes(packet)) == packet


def test_padding_extension_and_sources_are_skipped() -> None:
    data = bytearray(bytes(Packet(False, 8, 1, 2, 3, b"")))
    data[0] |= 0x20 | 0x10 | 1
    data += b"\0\0\0\1" + b"\0\0\0\1" + b"ext!" + b"sound" + b"\0\0\3"
    packet = Packet.parse(bytes(data))
    assert packet is not None
    assert packet.payload == b"sound"


@given(st.binary(max_size=60))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    Packet.parse(data)


def test_rtcp_is_no_audio() -> None:
    assert Packet.parse(bytes([0x80, 200]) + bytes(26)) is None


# --- the recorder: (arrival in ms, timestamp, source) of packets of 20 ms


def record(*packets: tuple[int, int, int]) -> dict[int, float]:
    """When each packet, numbered by its sound, is heard: number → seconds."""
    recorder = Recorder()
    for number, (arrived, timestamp, source) in enumerate(packets, 1):
        sound = encode(np.full(FRAME, number * 1000, np.int16), "PCMA")
        recorder.add(100 + arrived / 1000, Packet(False, 8, 0, timestamp, source, sound), "PCMA")
    heard = recorder.render(100.0, 110.0)
    places = {}
    for number in range(1, len(packets) + 1):
        level = decode(encode(np.array([number * 1000], np.int16), "PCMA"), "PCMA")[0]
        at = np.flatnonzero(heard == level)
        if len(at):
            places[number] = float(at[0]) / 8000
    return places


@pytest.mark.parametrize(
    ("packets", "heard"),
    [
        pytest.param(
            [(1000, 0, 1), (1020, 160, 1), (1040, 320, 1)],
            {1: 1.0, 2: 1.02, 3: 1.04},
            id="in time",
        ),
        pytest.param(
            [(1015, 0, 1), (1020, 160, 1), (1049, 320, 1)],
            {1: 1.0, 2: 1.02, 3: 1.04},
            id="jitter moves nothing",
        ),
        pytest.param(
            [(1200, 0, 1), (1200, 160, 1), (1200, 1600, 1)],
            {1: 1.0, 2: 1.02, 3: 1.2},
            id="read late, all at once",
        ),
        pytest.param(
            [(1000, 0, 1), (1040, 320, 1), (1041, 160, 1)],
            {1: 1.0, 2: 1.04, 3: 1.02},
            id="one overtakes",
        ),
        pytest.param(
            [(1000, 0, 1), (3000, 16000, 1)],
            {1: 1.0, 2: 3.0},
            id="a gap that the timestamps show",
        ),
        pytest.param(
            [(1000, 0, 1), (3000, 160, 1), (3020, 320, 1)],
            {1: 1.0, 2: 3.0, 3: 3.02},
            id="a pause that the timestamps do not show",
        ),
        pytest.param(
            [(1000, 0, 1), (1020, 80000, 1), (1040, 80160, 1)],
            {1: 1.0, 2: 1.02, 3: 1.04},
            id="timestamps leap",
        ),
        pytest.param(
            [(1000, 80000, 1), (1020, 160, 1)], {1: 1.0, 2: 1.02}, id="timestamps fall back"
        ),
        pytest.param(
            [(1000, 0, 1), (1020, 5, 2), (1040, 165, 2)],
            {1: 1.0, 2: 1.02, 3: 1.04},
            id="another source takes over",
        ),
        pytest.param(
            [(1000, 2**32 - 160, 1), (1020, 0, 1)], {1: 1.0, 2: 1.02}, id="timestamps wrap"
        ),
    ],
)
def test_sound_is_put_where_it_was_heard(
    packets: list[tuple[int, int, int]], heard: dict[int, float]
) -> None:
    assert record(*packets) == pytest.approx(heard, abs=0.0011)


def test_a_recording_is_cut_to_the_stretch_asked_for() -> None:
    recorder = Recorder()
    sound = np.full(FRAME, 1000, np.int16)
    recorder.add(5.0, Packet(False, 8, 0, 0, 1, encode(sound, "PCMA")), "PCMA")
    assert np.count_nonzero(recorder.render(5.01, 5.015)) == 40
    assert np.count_nonzero(recorder.render(4.99, 5.01)) == 80
    assert np.count_nonzero(recorder.render(5.03, 6.0)) == 0
    assert len(recorder.render(6.0, 5.0)) == 0


# --- streams


def connected(stream: Stream, port: int, direction: Direction = Direction.SENDRECV) -> None:
    theirs = Sdp("127.0.0.1", port)
    stream.connect(theirs, Sdp("127.0.0.1", stream.port, ("PCMA",), direction=direction))


class Ear(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.packets: list[tuple[float, Packet]] = []

    def datagram_received(self, data: bytes, addr: object) -> None:
        packet = Packet.parse(data)
        assert packet
        self.packets.append((asyncio.get_running_loop().time(), packet))


async def test_the_beat_is_steady_and_never_stops() -> None:
    ear = Ear()
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: ear, ("127.0.0.1", 0)
    )
    stream = Stream("127.0.0.1")
    connected(stream, transport.get_extra_info("sockname")[1])
    await stream.say(tone(440, 0.5))
    await stream.press("5")
    await stream.say(tone(440, 0.2))
    stream.close()
    await asyncio.sleep(0)
    transport.close()

    times = [at for at, _ in ear.packets]
    packets = [packet for _, packet in ear.packets]
    audio = [packet for packet in packets if packet.payload_type == 8]
    # 25 + 12 + 10 beats: nothing is lost, and the end is no later than the clock says
    assert len(packets) == 47
    assert times[-1] - times[0] == pytest.approx(46 * BEAT, abs=0.03)
    assert all(
        (later.sequence - earlier.sequence) % 2**16 == 1 for earlier, later in pairwise(packets)
    )
    assert (audio[-1].timestamp - audio[0].timestamp) % 2**32 == 46 * FRAME
    assert {len(packet.payload) for packet in audio} == {FRAME}


async def test_a_stalled_loop_catches_up() -> None:
    stream = Stream("127.0.0.1")
    connected(stream, 9)
    loop = asyncio.get_running_loop()
    begin = loop.time()
    said = stream.say(tone(440, 0.4))
    await asyncio.sleep(0.05)
    while loop.time() < begin + 0.25:
        pass  # the loop stands still
    await said
    assert loop.time() - begin == pytest.approx(0.4, abs=0.03)
    stream.close()


async def test_two_streams_hear_each_other_and_each_other_s_keys() -> None:
    one, two = Stream("127.0.0.1"), Stream("127.0.0.1")
    connected(one, two.port)
    connected(two, one.port)
    sound = tone(700, 0.3)
    await asyncio.gather(one.say(sound), one.press("7"), two.press("#"))
    await asyncio.wait_for(asyncio.gather(one.new_key.wait(), two.new_key.wait()), 2)
    assert [press.key for press in two.keys] == ["7"]
    assert [press.key for press in one.keys] == ["#"]
    start = two.recorder.first
    assert start is not None
    heard = two.recorder.render(start, start + 1)
    assert np.count_nonzero(np.abs(heard) > 1000) > 0.8 * len(sound)
    one.close()
    two.close()


async def test_a_stranger_s_packets_are_not_heard() -> None:
    stream = Stream("127.0.0.1")
    friend = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    friend.bind(("127.0.0.1", 0))
    connected(stream, friend.getsockname()[1])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.sendto(bytes(Packet(False, 8, 1, 0, 1, b"x" * 160)), ("127.0.0.1", stream.port))
    friend.sendto(bytes(Packet(False, 8, 1, 0, 2, b"y" * 160)), ("127.0.0.1", stream.port))
    friend.close()
    await asyncio.wait_for(stream.audible.wait(), 2)
    start = stream.recorder.first
    assert start is not None
    assert set(stream.recorder.render(start, start + 0.02)) == set(decode(b"y", "PCMA"))
    stream.close()


async def test_hush_stops_in_mid_word() -> None:
    stream = Stream("127.0.0.1")
    connected(stream, 9)
    said = stream.say(tone(440, 30))
    stream.hush()
    assert said.cancelled()
    await stream.say(tone(440, 0.02))
    stream.close()


async def test_nothing_is_sent_on_a_held_line_but_time_goes_on() -> None:
    ear = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    ear.bind(("127.0.0.1", 0))
    ear.setblocking(False)
    stream = Stream("127.0.0.1")
    connected(stream, ear.getsockname()[1], Direction.RECVONLY)
    await stream.say(tone(440, 0.1))
    with pytest.raises(BlockingIOError):
        ear.recv(100)
    ear.close()
    stream.close()


async def test_closing_ends_what_waits_and_the_beat() -> None:
    stream = Stream("127.0.0.1")
    connected(stream, 9)
    said, pressed = stream.say(tone(440, 5)), stream.press("1")
    stream.close()
    stream.close()
    assert said.cancelled()
    assert pressed.cancelled()
    assert Beat.shared()._timer is None


async def test_no_telephone_has_such_a_key() -> None:
    stream = Stream("127.0.0.1")
    for key in ("", "x", "12"):
        with pytest.raises(ValueError, match="no key"):
            stream.press(key)
    stream.close()
