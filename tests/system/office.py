"""An office for stories that happen side by side, each on a line and phones of its own.

    @story(backup=(1,))
    async def test_somebody_helps(desk: Desk) -> None:
        ...

makes a test of the story. The stories of a module share one house: the first test
of it starts them all, each test waits for its own. `desk` has the story's line,
phones, caller and everything a scene of the demo has.
"""

import asyncio
import functools
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ivr.demo.call import Call, CallEnded
from ivr.demo.house import House, free_port, open_house
from ivr.demo.sound import RATE, Samples, write_wav
from ivr.demo.stage import Stage
from ivr.pbx.testing import FaultProxy
from ivr.settings import Ladder, Line, Paths, Phone, Settings, Trunk

AT_ONCE = 8  # stories; more would be late by themselves on two cores
HOTLINE = "4008001234"
FRONT_DESK = "100"
PHONES = 4  # of each story

SAID_S = {
    "recording-notice": 0.8,
    "please-wait-transfer": 1.0,
    "greeting-busy": 1.5,
    "greeting-busy-plain": 1.5,
    "sorry-wait": 1.0,
    "offer-callback": 0.6,
    "callback-taken": 0.8,
    "mobile-connect": 0.6,
    "transfer-returned": 0.8,
    "transfer-failed": 0.8,
    "music": 30.0,
}
"""Our prompts and their seconds: noise that no two of them share is told apart better
than words, needs no voice, and is short."""


def noise(seed: int, seconds: float) -> Samples:
    """Sound that is like no other, in the telephone band and never silent."""
    random = np.random.default_rng(seed)
    return (random.normal(0, 2500, round(seconds * RATE)).clip(-9000, 9000)).astype(np.int16)


OWNER_SAYS = noise(1, 0.6)
CLERK_SAYS = noise(2, 0.6)


def make_prompts(folder: Path) -> Path:
    (folder / "zh-CN").mkdir(parents=True)
    for seed, (name, seconds) in enumerate(SAID_S.items(), start=10):
        write_wav(folder / "zh-CN" / f"{name}.wav", noise(seed, seconds))
    return folder


async def until(probe: Callable[[], Awaitable[bool]], timeout_s: float = 10.0) -> None:
    """For what no event announces: wait until `probe` says yes. Raises TimeoutError."""
    async with asyncio.timeout(timeout_s):
        while not await probe():  # noqa: ASYNC110 - it is in another process
            await asyncio.sleep(0.05)


@dataclass
class Desk(Stage):
    """A story's view of the office."""

    index: int = 0
    mobile: str = ""
    calls_made: int = 0

    async def plug(self) -> None:
        await asyncio.gather(*(self.house.phone(ext) for ext in self.ext if not self._has(ext)))

    def _has(self, ext: str) -> bool:
        return ext in self.house.phones

    def calls(self, number: str, **more: Any) -> Call:
        """The story's owner dials `number`."""
        return self.house.city.call(self.caller, number, self.house.server, **more)

    async def picks_up(self, number: int, timeout_s: float = 20.0) -> Call:
        """Phone `number` rings and is lifted at once."""
        return await self.take(number, 0.0, timeout_s)

    async def rings(self, number: int, timeout_s: float = 20.0) -> Call:
        """Phone `number` rings; what becomes of it is up to the story."""
        call = await self._next(number, timeout_s)
        call.ring()
        return call

    async def connected(self) -> tuple[Call, Call]:
        """An owner who talks to phone 0."""
        owner = self.dial()
        clerk = await self.picks_up(0)
        await owner.wait_answered(5)
        await clerk.wait_audio(5)
        return owner, clerk

    async def ends(self, owner: Call, *others: Call) -> None:
        """The owner hangs up, and with that everybody."""
        await owner.hangup()
        for call in (owner, *others):
            await call.wait_ended(5)

    async def on_the_mobile(self) -> Call:
        """The call that the story's duty mobile, in the city, has got."""
        found: list[Call] = []

        async def rung() -> bool:
            found[:] = [c for c in self.house.city.received if c.number == self.mobile]
            return bool(found)

        await until(rung, 15)
        await found[0].wait_audio(5)
        return found[0]

    async def open_call(self, **wanted: Any) -> dict[str, Any]:
        """The story's call as the service has it, once it is as wanted."""
        found: dict[str, Any] | None = None

        async def as_wanted() -> bool:
            nonlocal found
            found = await self.live()
            return found is not None and all(found[key] == value for key, value in wanted.items())

        await until(as_wanted)
        assert found is not None
        return found

    def said(self, prompt: str, call: Call, *, after_s: float = 0.0) -> float:
        """When `call` began to hear `prompt`, in seconds of its recording; it was
        heard whole, or the story has failed."""
        heard = self.hears(call, prompt, after_s=after_s)
        assert heard.present, f"{prompt} was not heard: {heard}"
        return heard.offset_s

    @staticmethod
    def heard_s(call: Call) -> float:
        """How long `call` has listened, in seconds."""
        return len(call.recording()) / RATE


def transfers(row: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    return [(t["kind"], t["by_ext"], t["to_ext"], t["outcome"]) for t in row["transfers"]]


def legs(row: dict[str, Any]) -> dict[str, str]:
    """Extension → outcome, of the last time each phone was rung."""
    return {leg["ext"]: leg["outcome"] for leg in row["legs"]}


Tell = Callable[[Desk], Awaitable[None]]


@dataclass(frozen=True)
class Story:
    tell: Tell
    primary: tuple[int, ...] = (0,)
    backup: tuple[int, ...] = ()
    with_mobile: bool = False
    unplugged: tuple[int, ...] = ()  # phones that are not there
    alone: bool = False  # after all others, by itself


def story(**place: Any) -> Callable[[Tell], Callable[["Evening"], Awaitable[None]]]:
    """A test that waits for the story's end; see the module."""

    def make(tell: Tell) -> Callable[["Evening"], Awaitable[None]]:
        async def test(evening: Evening) -> None:
            await evening.told(tell.__name__)

        functools.update_wrapper(test, tell)
        del test.__wrapped__  # type: ignore[attr-defined]  # pytest would look for `desk`
        test.story = Story(tell, **place)  # type: ignore[attr-defined]
        return test

    return make


def office(stories: Sequence[Story], prompts: Path, base: Settings) -> Settings:
    """Settings of an office with a line and phones for each story."""
    phones = [Phone(ext=FRONT_DESK, device=f"PJSIP/{FRONT_DESK}")]
    lines = [Line(name="service", did=[HOTLINE], ladders=[Ladder(primary=[FRONT_DESK])])]
    for index, each in enumerate(stories):
        ext = extensions(index)
        phones += [Phone(ext=one, device=f"PJSIP/{one}") for one in ext]
        ladder = Ladder(
            primary=[ext[n] for n in each.primary],
            backup=[ext[n] for n in each.backup],
            mobile=mobile(index) if each.with_mobile else None,
        )
        lines.append(Line(name=f"line{index}", did=[did(index)], ladders=[ladder]))
    return base.model_copy(
        update={
            "phones": phones,
            "trunks": [Trunk(device="PJSIP/city")],
            "lines": lines,
            "paths": Paths(prompts=prompts),
        }
    )


def extensions(index: int) -> tuple[str, ...]:
    return tuple(str(200 + 10 * index + n) for n in range(PHONES))


def did(index: int) -> str:
    return str(400_800_2000 + index)


def mobile(index: int) -> str:
    return str(139_0000_0000 + index)


def caller(index: int) -> str:
    return str(138_0013_8000 + index)


@asynccontextmanager
async def open_office(
    stories: Sequence[Story], folder: Path, base: Settings, *, extra_dialplan: str = ""
) -> AsyncIterator[tuple[House, list[Desk]]]:
    """The house and a desk for each story. Everything is there; nobody calls yet."""
    settings = office(stories, make_prompts(folder / "prompts"), base)
    ami_port = free_port()
    async with (
        FaultProxy("127.0.0.1", ami_port) as proxy,
        open_house(
            settings,
            folder,
            service_ami_port=proxy.port,
            asterisk_ami_port=ami_port,
            extra_dialplan=extra_dialplan,
        ) as house,
    ):
        desks = [
            Desk(
                house, did(index), caller(index), extensions(index), OWNER_SAYS, CLERK_SAYS, proxy,
                index=index, mobile=mobile(index),
            )
            for index, _ in enumerate(stories)
        ]  # fmt: skip
        here = [
            ext
            for each, desk in zip(stories, desks, strict=True)
            for n, ext in enumerate(desk.ext)
            if n not in each.unplugged
        ]
        await asyncio.gather(*(house.phone(ext) for ext in (FRONT_DESK, *here)))
        yield house, desks


@dataclass
class Evening:
    """The stories of a module while they are told."""

    tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    used: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    def begin(self, stories: Sequence[Story], desks: Sequence[Desk]) -> None:
        together = [
            (each, desk) for each, desk in zip(stories, desks, strict=True) if not each.alone
        ]
        for each, desk in together:
            self.tasks[each.tell.__name__] = asyncio.create_task(self._tell(each, desk))
        before = list(self.tasks.values())
        for each, desk in zip(stories, desks, strict=True):
            if each.alone:
                task = asyncio.create_task(self._tell_after(before, each, desk))
                self.tasks[each.tell.__name__] = task
                before = [*before, task]

    async def _tell_after(
        self, before: Sequence[asyncio.Task[None]], each: Story, desk: Desk
    ) -> None:
        if before:
            await asyncio.wait(before)
        await self._tell(each, desk)

    async def _tell(self, each: Story, desk: Desk) -> None:
        async with self.used, asyncio.timeout(60):
            await each.tell(desk)
        wrong = [check for check in desk.checks if not check.passed]
        assert not wrong, "\n".join(
            f"{check.what}: {check.measured}, expected {check.expected}" for check in wrong
        )

    async def told(self, name: str) -> None:
        try:
            await self.tasks[name]
        except CallEnded as error:
            raise AssertionError(f"{error}: {error.call.history}") from error

    async def close(self) -> None:
        for task in self.tasks.values():
            task.cancel()
        await asyncio.gather(*self.tasks.values(), return_exceptions=True)
