"""What every scene of the demo has at hand: the office, the people's words, the checks."""

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import Any

from ivr.demo import hearing
from ivr.demo.call import Call
from ivr.demo.house import House
from ivr.demo.phone import Phone
from ivr.demo.sound import RATE, Samples
from ivr.pbx.testing import FaultProxy

FRONT_DESK = "100"
"""The phone of the house's first line: the service desk that helps everybody."""

RING_LEEWAY_S = 0.3  # between an event in Asterisk and what a telephone shows of it


@dataclass(frozen=True, slots=True)
class Check:
    """One thing a scene promised: what was expected, what was measured."""

    what: str
    expected: str
    measured: str
    passed: bool


@dataclass
class Stage:
    """One scene's view of the office: its own line, its own phones, its own caller."""

    house: House
    did: str
    caller: str
    ext: tuple[str, ...]  # this scene's extensions
    owner_says: Samples
    clerk_says: Samples
    proxy: FaultProxy
    checks: list[Check] = field(default_factory=list)

    # --- people ----------------------------------------------------------------

    def phone(self, number: int) -> Phone:
        """The scene's phone `number`, from 0."""
        return self.house.phones[self.ext[number]]

    async def _next(self, number: int, timeout_s: float) -> Call:
        """The next call that still wants phone `number`."""
        while True:
            call = await self.phone(number).next_call(timeout_s)
            if not call.ended.is_set():
                return call

    def rings_in(self, number: int, after_s: float) -> "asyncio.Task[Call]":
        """Somebody at phone `number` who picks up `after_s` seconds after it rings."""
        return asyncio.create_task(self.take(number, after_s))

    async def take(self, number: int, after_s: float, timeout_s: float = 60.0) -> Call:
        """Wait for phone `number` to ring, let it ring, pick up, greet."""
        call = await self._next(number, timeout_s)
        call.ring()
        await call.pause(after_s)
        call.answer()
        await call.wait_answered(5)
        return call

    def nobody_at(self, number: int) -> "asyncio.Task[list[Call]]":
        """Phone `number` rings and nobody picks up; cancel it to see what rang."""

        async def let_it_ring() -> list[Call]:
            calls: list[Call] = []
            with contextlib.suppress(asyncio.CancelledError, TimeoutError):
                while True:
                    call = await self._next(number, 120)
                    call.ring()
                    calls.append(call)
            return calls

        return asyncio.create_task(let_it_ring())

    def dial(self, display_name: str = "周先生") -> Call:
        """The scene's owner dials the scene's line."""
        return self.house.city.call(
            self.caller, self.did, self.house.server, display_name=display_name
        )

    async def talk(self, owner: Call, clerk: Call) -> None:
        """A few words each."""
        await clerk.say(self.clerk_says)
        await owner.say(self.owner_says)

    # --- what is seen ----------------------------------------------------------

    async def row(self, **filters: Any) -> dict[str, Any]:
        """The one row that the log has for this scene's caller, as soon as it is there."""
        rows = await self.rows(**filters)
        self.equal("通话记录行数 rows in the log", len(rows), 1)
        return rows[0]

    async def rows(self, *, count: int = 1, timeout_s: float = 15.0) -> list[dict[str, Any]]:
        """Rows for this scene's caller, once there are `count` of them."""
        async with asyncio.timeout(timeout_s):
            while True:
                found: list[dict[str, Any]] = (
                    await self.house.get("/api/v1/calls", number=self.caller)
                )["calls"]
                if len(found) >= count:
                    return found
                await asyncio.sleep(0.1)

    async def live(self) -> dict[str, Any] | None:
        """The scene's call as the wallboard has it now."""
        state = await self.house.get("/api/v1/live")
        return next((call for call in state["calls"] if call["caller"] == self.caller), None)

    def hears(
        self, call: Call, prompt: str, *, after_s: float = 0.0, first_s: float | None = None
    ) -> hearing.Heard:
        """Check that `call` heard `prompt` (its first `first_s` seconds), not before `after_s`."""
        heard = call.recording()[max(0, round(after_s * RATE)) :]
        sample = self.house.samples(prompt)
        found = hearing.find(sample if first_s is None else sample[: round(first_s * RATE)], heard)
        measured = f"score {found.score:.2f} at {found.offset_s + after_s:.2f} s"
        self.check(f"听到 {prompt}", "heard", measured, found.present)
        return hearing.Heard(found.offset_s + after_s, found.score)

    def understood(self, what: str, sample: Samples, heard: Samples) -> None:
        """Check that `sample` is in what was `heard`: audio went through."""
        found = hearing.find(sample, heard)
        self.check(what, "heard", f"score {found.score:.2f}", found.present)

    # --- checks ----------------------------------------------------------------

    def check(self, what: str, expected: str, measured: str, passed: bool) -> None:
        self.checks.append(Check(what, expected, measured, passed))

    def equal(self, what: str, measured: object, expected: object) -> None:
        self.check(what, str(expected), str(measured), measured == expected)

    def seconds(
        self, what: str, measured: float | None, expected: float, by: float = RING_LEEWAY_S
    ) -> None:
        """`measured` is `expected` seconds, give or take `by`."""
        fits = measured is not None and abs(measured - expected) <= by
        shown = "never" if measured is None else f"{measured:.3f} s"
        self.check(what, f"{expected:g} s ± {by:g}", shown, fits)

    def at_most(self, what: str, measured: float | None, limit: float) -> None:
        fits = measured is not None and measured <= limit
        shown = "never" if measured is None else f"{measured:.3f} s"
        self.check(what, f"≤ {limit:g} s", shown, fits)

    def logged(self, row: dict[str, Any], **expected: Any) -> None:
        """Check columns of the row."""
        for name, value in expected.items():
            self.equal(f"记录 {name}", row[name], value)


def since(call: Call, what: str, start: float | None = None) -> float | None:
    """Seconds from the INVITE (or monotonic `start`) to `what` in the call's history."""
    at = call.when(what)
    begin = call.when("INVITE") if start is None else start
    return None if at is None or begin is None else at - begin
