"""One telephone call as the person with the receiver in hand has it."""

import asyncio
import time
from pathlib import Path

from ivr.demo.rtp import KeyPress
from ivr.demo.session import CallEnded, Refused, Session
from ivr.demo.sip import Address
from ivr.demo.sound import Samples, write_wav

__all__ = ["Call", "CallEnded", "Refused"]


class Call(Session):
    """A call out or in.

    `number` was called by `caller`. `status` is the SIP status the INVITE got (0
    while open), `cause` the Q.850 cause if one was told, `ended_by` "us" or
    "them". `ringing`, `answered` and `ended` are events; `answered_at` and
    `ended_at` their times. `history` holds everything that happened as (time,
    what): "INVITE", "100", "180", "183", "200", "ACK", "CANCEL", "CANCEL in", "487",
    "BYE in", "BYE out", "hold", "unhold", "held", "unheld", "re-INVITE in",
    "REFER", "202", "NOTIFY 200" … All times are of time.monotonic().

    What needs a living call raises CallEnded when it ends meanwhile, and
    TimeoutError after `timeout_s`.
    """

    # --- facts

    @property
    def caller(self) -> str:
        """The caller's number as this side knows it."""
        return self._calling.uri.user

    @property
    def caller_name(self) -> str:
        return self._calling.display

    @property
    def _calling(self) -> Address:
        return self.dialog.remote if self.incoming else self.dialog.local

    @property
    def held(self) -> bool:
        """By the other side."""
        return self.media.held

    @property
    def holding(self) -> bool:
        """By us."""
        return self.media.holding

    @property
    def keys(self) -> list[KeyPress]:
        """Keys the other side pressed (RFC 4733)."""
        return self.media.stream.keys

    def when(self, what: str) -> float | None:
        """The time of the first `what` in the history."""
        return next((at for at, happened in self.history if happened == what), None)

    # --- waiting

    async def wait_ringing(self, timeout_s: float) -> None:
        """Until the far phone rings, or is picked up without having rung."""
        await self.while_alive(self.ringing.wait(), timeout_s)

    async def wait_answered(self, timeout_s: float) -> None:
        await self.while_alive(self.answered.wait(), timeout_s)

    async def wait_audio(self, timeout_s: float) -> None:
        """Until the first packet of sound comes: for the called side, until both are connected."""
        await self.while_alive(self.media.stream.audible.wait(), timeout_s)

    async def wait_ended(self, timeout_s: float) -> None:
        async with asyncio.timeout(timeout_s):
            await self.ended.wait()

    async def wait_keys(self, count: int, timeout_s: float) -> str:
        """Until the other side has pressed `count` keys in all; the keys."""
        stream = self.media.stream

        async def enough() -> None:
            while len(stream.keys) < count:
                stream.new_key.clear()
                await stream.new_key.wait()

        await self.while_alive(enough(), timeout_s)
        return "".join(press.key for press in stream.keys)

    # --- speaking

    async def say(self, sound: Samples) -> None:
        """Speak, after what is still being said; returns at the end of it.

        Cancelling it (asyncio.timeout, say) does not stop the voice; `hush` does.
        """
        self._needs_voice()
        await self.while_alive(self.media.stream.say(sound))

    def hush(self) -> None:
        """Stop speaking in mid-word; a `say` that waits raises CancelledError."""
        self.media.stream.hush()

    async def send_dtmf(self, keys: str) -> None:
        """Press keys, 100 ms each. Raises ValueError for what is no key."""
        self._needs_voice()
        for key in keys:
            await self.while_alive(self.media.stream.press(key))

    def _needs_voice(self) -> None:
        if self.ended.is_set():
            raise CallEnded(self)
        if self.agent.silent:
            raise RuntimeError("a phone made with silent=True has no voice and no keys")

    # --- hearing

    def recording(self, start: float | None = None, end: float | None = None) -> Samples:
        """What this person heard, on the timeline from the answer; zeros where nothing came.

        `start` and `end` (monotonic) choose another stretch. Empty without an answer.
        """
        until = end or self.ended_at or time.monotonic()
        begin = start or self.answered_at or until
        return self.media.stream.recorder.render(begin, until)

    def early_media(self) -> Samples:
        """What was heard before the answer, from its first packet on."""
        first = self.media.stream.recorder.first
        until = self.answered_at or self.ended_at or time.monotonic()
        return self.recording(until if first is None else min(first, until), until)

    def save(self, path: Path) -> None:
        """Write `recording()` as a WAV file."""
        write_wav(path, self.recording())
