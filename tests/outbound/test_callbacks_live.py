"""A callback on the real Asterisk, whose service is killed in the middle of the talk."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from ivr.demo.behaviours import answer
from ivr.demo.call import Call
from ivr.demo.house import House, open_house
from ivr.desk.intake import Draft
from ivr.desk.request import Request, RequestKind, RequestState
from ivr.desk.requests import Requests
from ivr.outbound import scripts
from ivr.outbound.callback import Reason
from ivr.outbound.callbacks import Callbacks, spoken_values
from ivr.settings import Callbacks as Rules
from ivr.settings import Department, Dialer, Ladder, Line, Paths, Phone, Settings, Speech, Trunk
from ivr.store.database import FILE_NAME, Database
from ivr.talk import audio
from ivr.talk.script import Recordings
from tests.outbound import callbacks as quiet

pytestmark = [pytest.mark.pbx, pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

OWNER = "13700137001"
BASE = Settings(
    dialer=Dialer(window="00:00-24:00", detect_machines=False, other_retry_s=600),
    callbacks=Rules(repair_after_min=0, household_a_day=9),
    speech=Speech(engine="keys"),
    departments=[Department(name="工程部", phone="202")],
    phones=[Phone(ext=ext, device=f"PJSIP/{ext}") for ext in ("201", "202")],
    trunks=[Trunk(device="PJSIP/city")],
    lines=[Line(name="service", did=["4008001234"], ladders=[Ladder(primary=["201"])])],
)


class Desk:
    """The office's side, in this process beside the service."""

    def __init__(self, house: House, db: Database) -> None:
        self.house = house
        self.requests = Requests(db, house.settings)
        self.callbacks = Callbacks(db, house.settings, self.requests)

    async def take(self) -> Request:
        """A repair, and its words rendered ahead: a tenth of a second for each sentence."""
        made = await self.requests.create(
            Draft(kind=RequestKind.REPAIR, title="厨房水龙头漏水", contact="周先生", phone=OWNER,
                  home="3-1-1201", department="工程部", assignee="李师傅"),
            by="前台", now=time.time(),
        )  # fmt: skip
        *_, row = await self.callbacks.planned(made, Reason.REPAIR, time.time())
        recordings = Recordings(self.house.settings.paths.data)
        script = scripts.loaded(self.house.settings, "repair", "zh-CN").script
        moments = self.callbacks.moments(row, time.time() + 86_400)
        calls = [spoken_values(self.callbacks.values(row, moment)) for moment in moments]
        await recordings.prepare(script, calls)
        return made

    async def resolve(self, request: Request) -> None:
        await self.requests.resolve(request.id, by="李师傅", now=time.time())

    async def state(self, request: Request) -> RequestState:
        return (await self.requests.get(request.id)).state

    async def answers(self, request: Request) -> list[str]:
        story = await self.callbacks.story(request.id)
        return [answer.label for talk in story for answer in talk.answers]


async def until(true: Callable[[], Awaitable[bool]], timeout_s: float = 30.0) -> None:
    async with asyncio.timeout(timeout_s):
        while not await true():  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.1)


def presses(*keys: str) -> Callable[[Call], Awaitable[None]]:
    async def talk(call: Call) -> None:
        for key in keys:
            await call.pause(1.2)
            await call.send_dtmf(key)

    return talk


async def test_killed_in_the_middle_nobody_is_asked_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    silence = tmp_path / "silence.wav"
    audio.write(silence, audio.silence(0.1, 8000))
    monkeypatch.setattr(quiet, "SILENCE", silence)
    monkeypatch.setattr("ivr.talk.script.render.Studio", quiet.Studio)
    monkeypatch.setattr("ivr.talk.script.render.choose.choose", lambda *_: None)
    base = BASE.model_copy(update={"paths": Paths(prompts=tmp_path / "prompts")})
    async with open_house(base, tmp_path, phones=["201", "202"]) as house:
        calls = iter([presses("1", "4"), presses("1", "1")])
        house.city.subscriber(OWNER, lambda call: answer(0.3, next(calls))(call))
        async with await Database.open(house.settings.paths.data / FILE_NAME) as db:
            desk = Desk(house, db)
            request = await desk.take()
            await desk.resolve(request)

            async def answered() -> bool:
                return len(await desk.answers(request)) == 2

            await until(answered)
            await house.stop_service(kill=True)
            assert await desk.state(request) is RequestState.CALLING_BACK
            await house.start_service()

            async def reopened() -> bool:
                return await desk.state(request) is RequestState.REOPENED

            await until(reopened)
            assert await desk.answers(request) == ["修好了", "不满意"]
            assert (await desk.requests.get(request.id)).rounds == 1
            assert len(house.city.received) == 1

            await desk.resolve(request)

            async def closed() -> bool:
                return await desk.state(request) is RequestState.CLOSED

            await until(closed)
            assert len(house.city.received) == 2
            briefings = await db.fetch_all(
                "SELECT title FROM campaigns WHERE kind = 'briefing'", {}
            )
            assert len(briefings) == 1
