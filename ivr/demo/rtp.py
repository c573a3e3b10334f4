"""Telephone audio over RTP (RFC 3550): G.711 in 20 ms packets, keys by RFC 4733.

All streams of an event loop share one 20 ms beat, so that a hundred idle calls
cost little; the beat never drifts, and after a stall it sends what is due.
"""

import asyncio
import secrets
import socket
import struct
import time
from collections import deque
from dataclasses import dataclass, field
from typing import ClassVar, TypeVar
from weakref import WeakKeyDictionary

import numpy as np

from ivr.demo.sdp import CODECS, Sdp
from ivr.demo.sound import RATE, Samples, decode, encode

FRAME = 160  # samples in a packet
BEAT = FRAME / RATE
KEYS = "0123456789*#ABCD"  # by their RFC 4733 event number

_HEADER = struct.Struct("!BBHII")
_EVENT = struct.Struct("!BBH")
_SILENCE = {codec: encode(np.zeros(FRAME, np.int16), codec) for codec in CODECS}
_Item = TypeVar("_Item")
_Queue = deque[tuple[_Item, asyncio.Future[None]]]
_READS_AT_ONCE = 64  # a flooding peer must not hold the loop


@dataclass(frozen=True, slots=True)
class Packet:
    marker: bool
    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes

    @classmethod
    def parse(cls, data: bytes) -> "Packet | None":
        """None for what is no RTP version 2 (RTCP, STUN, noise)."""
        if len(data) < _HEADER.size:
            return None
        first, second, sequence, timestamp, ssrc = _HEADER.unpack_from(data)
        if first >> 6 != 2 or 192 <= second <= 223:
            return None
        start = _HEADER.size + 4 * (first & 0x0F)
        if first & 0x10 and len(data) >= start + 4:
            start += 4 + 4 * struct.unpack_from("!H", data, start + 2)[0]
        end = len(data) - (data[-1] if first & 0x20 else 0)
        return cls(bool(second & 0x80), second & 0x7F, sequence, timestamp, ssrc, data[start:end])

    def __bytes__(self) -> bytes:
        second = self.payload_type | (0x80 if self.marker else 0)
        head = _HEADER.pack(0x80, second, self.sequence, self.timestamp, self.ssrc)
        return head + self.payload


# --- the beat --------------------------------------------------------------


class Beat:
    """Calls `tick` of every stream each 20 ms, on one timer without drift."""

    _of_loop: ClassVar[WeakKeyDictionary[asyncio.AbstractEventLoop, "Beat"]] = WeakKeyDictionary()

    def __init__(self) -> None:
        self._streams: set[Stream] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0

    @classmethod
    def shared(cls) -> "Beat":
        return cls._of_loop.setdefault(asyncio.get_running_loop(), cls())

    def add(self, stream: "Stream") -> None:
        self._streams.add(stream)
        if self._timer is None:
            self._due = asyncio.get_running_loop().time() + BEAT
            self._wait()

    def remove(self, stream: "Stream") -> None:
        self._streams.discard(stream)
        if not self._streams and self._timer:
            self._timer.cancel()
            self._timer = None

    def _wait(self) -> None:
        self._timer = asyncio.get_running_loop().call_at(self._due, self._beat)

    def _beat(self) -> None:
        now = asyncio.get_running_loop().time()
        while self._due <= now:
            self._due += BEAT
            for stream in tuple(self._streams):
                stream.tick()
        if self._streams:
            self._wait()


# --- what arrives ----------------------------------------------------------


@dataclass(slots=True)
class _Run:
    """Packets whose timestamps count one clock; `origin` is when that clock was 0."""

    ssrc: int
    first: int
    origin: float
    packets: list[tuple[int, str, bytes]] = field(default_factory=list)  # offset, codec, payload


class Recorder:
    """Puts received audio where it was heard.

    Within a run of packets the RTP timestamps place the sound to the sample; the
    earliest arrival of the run, relative to them, ties it to the clock. So late
    reading (a busy event loop) moves nothing. A jump of the timestamps or a
    pause that they do not show begins a new run.
    """

    TOLERANCE = 0.25  # seconds that arrival and timestamps may differ within a run

    def __init__(self) -> None:
        self._runs: list[_Run] = []
        self._last = (0.0, 0)

    def add(self, arrived: float, packet: Packet, codec: str) -> None:
        run = self._runs[-1] if self._runs else None
        if run is None or self._breaks(run, arrived, packet):
            run = _Run(packet.ssrc, packet.timestamp, arrived)
            self._runs.append(run)
        offset = _signed(packet.timestamp - run.first)
        run.origin = min(run.origin, arrived - offset / RATE)
        run.packets.append((offset, codec, packet.payload))
        self._last = (arrived, packet.timestamp)

    def _breaks(self, run: _Run, arrived: float, packet: Packet) -> bool:
        last_arrived, last_timestamp = self._last
        step = _signed(packet.timestamp - last_timestamp) / RATE
        expected = run.origin + _signed(packet.timestamp - run.first) / RATE
        return (
            packet.ssrc != run.ssrc
            or step < -self.TOLERANCE
            or min(step - (arrived - last_arrived), expected - arrived) > self.TOLERANCE
            or arrived - expected > self.TOLERANCE
        )

    @property
    def first(self) -> float | None:
        """When the first audio came, on the monotonic clock."""
        return self._runs[0].origin if self._runs else None

    def render(self, start: float, end: float) -> Samples:
        """What was heard from `start` to `end` (monotonic); zeros where nothing came."""
        length = max(0, round((end - start) * RATE))
        heard = np.zeros(length, np.int16)
        for run in self._runs:
            base = round((run.origin - start) * RATE)
            for offset, codec, payload in run.packets:
                at = base + offset
                if at < length and at + len(payload) > 0:
                    sound = decode(payload, codec)[max(0, -at) :][: length - max(0, at)]
                    heard[max(0, at) : max(0, at) + len(sound)] = sound
        return heard


def _signed(difference: int) -> int:
    """Difference of two 32-bit timestamps, across a wrap."""
    return (difference + 2**31) % 2**32 - 2**31


# --- a stream --------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class KeyPress:
    at: float  # monotonic
    key: str


class Stream:
    """Both directions of one call's audio.

    It listens from the start (early media) and sends once `connect` has told
    where to. `silent` opens the port and then neither reads nor sends: for load.
    """

    def __init__(self, host: str, *, silent: bool = False) -> None:
        self.recorder = Recorder()
        self.keys: list[KeyPress] = []
        self.new_key = asyncio.Event()
        self.audible = asyncio.Event()  # the first audio packet has come
        self.sending = True
        self._silent = silent
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind((host, 0))
        self.port: int = self._socket.getsockname()[1]
        self._remote: tuple[str, int] | None = None
        self._codec = "PCMA"
        self._dtmf: int | None = None
        self._speech: _Queue[bytes] = deque()
        self._spoken = 0  # bytes of the first speech that are sent
        self._presses: _Queue[int] = deque()
        self._press_step = 0
        self._press_timestamp = 0
        self._heard_press = -1  # timestamp of the last event noted
        self._sequence = secrets.randbelow(2**15)
        self._timestamp = secrets.randbelow(2**31)
        self._ssrc = secrets.randbits(32)
        if not silent:
            asyncio.get_running_loop().add_reader(self._socket, self._readable)

    def connect(self, theirs: Sdp, agreed: Sdp) -> None:
        """Send to `theirs`, the codec and direction that both `agreed` on."""
        first = self._remote is None
        self._remote = (theirs.host, theirs.port)
        self._codec, self._dtmf = agreed.codecs[0], agreed.dtmf
        self.sending = agreed.direction.sends and theirs.port > 0
        if first and not self._silent:
            Beat.shared().add(self)

    def close(self) -> None:
        """Stop both ways; what was still to be said is given up. What was heard stays."""
        if self._socket.fileno() < 0:
            return
        Beat.shared().remove(self)
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()
        for _, done in (*self._speech, *self._presses):
            done.cancel()
        self._speech.clear()
        self._presses.clear()

    # --- sending

    def say(self, samples: Samples) -> asyncio.Future[None]:
        """Queue sound; the future is done when its last packet has gone, cancelled by `hush`."""
        return self._queue(self._speech, encode(samples, self._codec))

    def hush(self) -> None:
        """Stop speaking in mid-word, forget what is queued."""
        for _, done in self._speech:
            done.cancel()
        self._speech.clear()
        self._spoken = 0

    def press(self, key: str) -> asyncio.Future[None]:
        """Queue a key of 100 ms. Raises ValueError for what no telephone has."""
        if len(key) != 1 or key not in KEYS:
            raise ValueError(f"{key!r} is no key; a telephone has {KEYS}")
        return self._queue(self._presses, KEYS.index(key))

    def _queue(self, queue: _Queue[_Item], item: _Item) -> asyncio.Future[None]:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue.append((item, done))
        return done

    def tick(self) -> None:
        """Send the packet of this beat."""
        if self._presses and self._dtmf is not None:
            self._send_press()
        else:
            self._send_audio()
        self._timestamp = (self._timestamp + FRAME) % 2**32

    def _send_audio(self) -> None:
        payload = _SILENCE[self._codec]
        if self._speech:
            sound, done = self._speech[0]
            frame = sound[self._spoken : self._spoken + FRAME]
            self._spoken += FRAME
            payload = frame + payload[len(frame) :]
            if self._spoken >= len(sound):
                self._speech.popleft()
                self._spoken = 0
                _finish(done)
        self._send(CODECS[self._codec], self._timestamp, payload)

    _PRESS = 5  # beats that a key is down; its end is sent three times (RFC 4733 §2.5.1.4)
    _RELEASE = _PRESS + 3
    _PAUSE = _RELEASE + 4

    def _send_press(self) -> None:
        event, done = self._presses[0]
        if self._press_step == 0:
            self._press_timestamp = self._timestamp
        self._press_step += 1
        step = self._press_step
        if step <= self._RELEASE and self._dtmf is not None:
            ended = step > self._PRESS
            duration = FRAME * min(step, self._PRESS)
            payload = _EVENT.pack(event, (0x80 if ended else 0) | 10, duration)
            self._send(self._dtmf, self._press_timestamp, payload, marker=step == 1)
        else:
            self._send(CODECS[self._codec], self._timestamp, _SILENCE[self._codec])
        if step == self._PAUSE:
            self._presses.popleft()
            self._press_step = 0
            _finish(done)

    def _send(self, kind: int, timestamp: int, payload: bytes, *, marker: bool = False) -> None:
        if not self.sending or self._remote is None:
            return
        self._sequence = (self._sequence + 1) % 2**16
        packet = Packet(marker, kind, self._sequence, timestamp, self._ssrc, payload)
        try:
            self._socket.sendto(bytes(packet), self._remote)
        except OSError:
            return  # a full buffer or a vanished route loses a packet, as on any network

    # --- receiving

    def _readable(self) -> None:
        for _ in range(_READS_AT_ONCE):
            try:
                data, source = self._socket.recvfrom(2048)
            except OSError:
                return
            packet = Packet.parse(data)
            # A neighbour's RTCP (sent to RTP port + 1) may hit us: take our peer's only.
            if packet and (self._remote is None or source[1] == self._remote[1]):
                self._received(time.monotonic(), packet)

    def _received(self, now: float, packet: Packet) -> None:
        codec = next((name for name, kind in CODECS.items() if kind == packet.payload_type), None)
        if codec:
            self.recorder.add(now, packet, codec)
            self.audible.set()
        elif packet.payload_type == self._dtmf and len(packet.payload) >= _EVENT.size:
            event = packet.payload[0]
            if packet.timestamp != self._heard_press and event < len(KEYS):
                self._heard_press = packet.timestamp
                self.keys.append(KeyPress(now, KEYS[event]))
                self.new_key.set()


def _finish(done: asyncio.Future[None]) -> None:
    if not done.done():
        done.set_result(None)
