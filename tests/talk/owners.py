"""Owners whom a real Asterisk phones and whom the real media server talks to."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ivr.demo.agent import Behaviour
from ivr.demo.behaviours import answer
from ivr.demo.call import Call
from ivr.demo.house import House, open_house
from ivr.demo.sound import Samples, write_wav
from ivr.ids import uuid7
from ivr.pbx import actions
from ivr.pbx.session import Session
from ivr.settings import Dialer, Ladder, Media, Paths, Phone, Settings, Trunk
from ivr.settings import Line as Did
from ivr.talk.line import Line
from ivr.talk.media import MediaServer

OnLine = Callable[[Line], Awaitable[None]]
PROMPTS = (
    "thanks-confirmed", "notice-goodbye", "no-person-now", "please-wait-transfer", "music",
    "greeting-busy", "greeting-busy-plain", "sorry-wait", "offer-callback",
)  # fmt: skip


def chime(seed: int, seconds: float = 1.5) -> Samples:
    """A sound like no other and without a silence: tones that change four times a second."""
    draw = np.random.default_rng(seed)
    hertz = np.repeat(draw.uniform(500, 2500, round(seconds * 4) + 1), 2000)
    sound = 8000 * np.sin(2 * np.pi * np.cumsum(hertz) / 8000)
    return sound[: round(seconds * 8000)].astype(np.int16)


@dataclass
class Owners:
    """A house, its media server, and what is said on each attempt's line."""

    house: House
    session: Session
    media: MediaServer
    talks: dict[str, OnLine] = field(default_factory=dict)
    numbers: int = 13_800_000_000

    @property
    def prompts(self) -> Path:
        return self.house.settings.paths.prompts / self.house.settings.site.language

    async def phone(self, talk: OnLine, behaviour: Behaviour | None = None) -> tuple[str, Call]:
        """Phone an owner who takes the call so; the attempt and the owner's end of the call."""
        self.numbers += 1
        number = str(self.numbers)
        rang: asyncio.Future[Call] = asyncio.get_running_loop().create_future()

        async def take(call: Call) -> None:
            rang.set_result(call)
            await (behaviour or answer())(call)

        self.house.city.subscriber(number, take)
        attempt = uuid7()
        self.talks[attempt] = talk
        await self.session.send(
            actions.originate(
                f"PJSIP/{number}@city",
                context="ivr-talk",
                exten="s",
                channel_id=attempt,
                variables={"IVR_ATTEMPT": attempt},
            )
        )
        async with asyncio.timeout(10):
            call = await rang
        await call.wait_answered(10)
        return attempt, call

    async def to_hotline(self, attempt: str) -> None:
        await self.session.send(actions.setvar("IVR_NEXT", "hotline", attempt))


@asynccontextmanager
async def owners(folder: Path) -> AsyncIterator[Owners]:
    """An office with one desk phone, 101, that phones owners in the city."""
    prompts = folder / "prompts"
    (prompts / "zh-CN").mkdir(parents=True)
    for seed, name in enumerate(PROMPTS):
        write_wav(prompts / "zh-CN" / f"{name}.wav", chime(seed))
    settings = Settings(
        # people answer here, and their silence is not waited for
        dialer=Dialer(detect_machines=False),
        phones=[Phone(ext="101", device="PJSIP/101")],
        trunks=[Trunk(device="PJSIP/city")],
        lines=[Did(name="service", did=["88880001"], ladders=[Ladder(primary=["101"])])],
        paths=Paths(prompts=prompts),
    )
    talks: dict[str, OnLine] = {}

    async def on_line(line: Line) -> None:
        await talks[line.attempt](line)

    async with (
        open_house(settings, folder / "house", service=False) as house,
        Session(house.settings.ami) as session,
        MediaServer(
            Media(port=house.asterisk.fresh.media_port), on_line, talks.__contains__
        ) as media,
    ):
        async with asyncio.timeout(10):
            await session.wait_booted()
        yield Owners(house, session, media, talks)
