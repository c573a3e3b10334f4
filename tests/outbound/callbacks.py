"""A house of callbacks without a telephone: everything real but Asterisk, the voice and
the person, who presses keys when they hear a sound.

    async with open_desk(tmp_path, monkeypatch) as desk:
        request = await desk.resolved("厨房水龙头漏水")
        await desk.phoned(request, {"fixed": "1", "satisfied": "4"})

`await desk.restart()` forgets everything that is not in the store, as kill -9 does.
"""

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ivr import ids
from ivr.desk.intake import Draft
from ivr.desk.request import Request, RequestKind, RequestState
from ivr.desk.requests import Requests
from ivr.outbound import callbacks as module
from ivr.outbound import scripts
from ivr.outbound.briefing import Briefings
from ivr.outbound.callbacks import Callbacks
from ivr.outbound.dialer import Dialer
from ivr.outbound.interview import Interviewer
from ivr.outbound.loop import CallbackLoop
from ivr.outbound.model import Attempt, AttemptState, Outcome, Task
from ivr.outbound.surveys import Surveys
from ivr.outbound.teller import Performer
from ivr.pbx.session import Session
from ivr.pbx.switch import Switch
from ivr.settings import Callbacks as Rules
from ivr.settings import Department, Paths, Phone, Settings
from ivr.store.database import FILE_NAME, Database
from ivr.talk import audio
from ivr.talk.script import Recordings
from ivr.talk.script.model import EndStep
from ivr.talk.speech.ears import Ears
from ivr.talk.testing_line import FakeLine

BASE = Settings.model_validate(
    {
        "dialer": {"window": "00:00-24:00"},
        "callbacks": Rules(
            repair_after_min=0, complaint_after_h=0, household_a_day=9, manager=["100"]
        ).model_dump(),
        "departments": [Department(name="工程部", phone="202").model_dump()],
        "phones": [
            Phone(ext=ext, device=f"PJSIP/{ext}").model_dump() for ext in ("100", "201", "202")
        ],
    }
)


GOES = "goes"
"""Hangs up at that step."""


class Studio:
    """Renders a tenth of a second of nothing for every sentence."""

    said: list[str] = []  # noqa: RUF012 - what all of them were asked for, together

    def __init__(self, _voice: object, language: str) -> None:
        self._file = Path()

    async def __aenter__(self) -> "Studio":
        return self

    async def __aexit__(self, *_: object) -> None:
        return

    async def render(self, text: str) -> Any:
        Studio.said.append(text)
        return type("Rendering", (), {"files": {8000: SILENCE}})


SILENCE = Path()


class Desk:
    """`keys` of `phoned` are by step of the script."""

    def __init__(self, db: Database, settings: Settings) -> None:
        self.db = db
        self.settings = settings
        self._open()

    async def restart(self) -> None:
        """A new process on the same store."""
        await self.dialer.close()
        self._open()
        await self.dialer.start()

    def _open(self) -> None:
        settings, db = self.settings, self.db
        self.requests = Requests(db, settings)
        self.callbacks = Callbacks(db, settings, self.requests)
        self.surveys = Surveys(self.callbacks)
        self.recordings = Recordings(settings.paths.data)
        self.switch = Switch(Session(settings.ami))
        self.dialer = Dialer(db, settings, self.switch)
        ears = Ears("keys", "no speech here")
        self.loop = CallbackLoop(
            db, self.callbacks, self.surveys, self.dialer, self.recordings, ears
        )
        self.interviews = Interviewer(
            db, settings, self.callbacks, self.recordings, self.switch, ears, lambda: None
        )
        self.briefings = Briefings(settings, self.callbacks, self.recordings, self.switch)
        self.requests.on_commit.append(self.briefings.on_commit)

    # --- requests

    async def resolved(
        self,
        title: str = "厨房水龙头漏水",
        kind: RequestKind = RequestKind.REPAIR,
        phone: str = "13800138000",
        **draft: Any,
    ) -> Request:
        fields = {"contact": "周先生", "home": "3-1-1201", "department": "工程部"} | draft
        made = await self.requests.create(
            Draft(kind=kind, title=title, phone=phone, assignee="李师傅", **fields),
            by="前台", now=time.time(),
        )  # fmt: skip
        return await self.resolve(made)

    async def resolve(self, request: Request) -> Request:
        return await self.requests.resolve(request.id, by="李师傅", now=time.time())

    async def state(self, request: Request) -> RequestState:
        return (await self.requests.get(request.id)).state

    # --- calls

    async def look(self) -> None:
        """Once around: what is lacking is done, words are rendered."""
        await self.loop.look()
        await self.loop.render()

    async def due(self, kind: str = module.KIND) -> list[Task]:
        """Whom the dialer would phone now."""
        found = []
        for campaign in await self.callbacks.ledger.campaigns():
            if campaign.kind == kind:
                found += await self.callbacks.ledger.due(campaign.id, time.time() + 1, 100)
        return found

    async def begin(self, task: Task) -> Attempt:
        attempt = Attempt(
            id=ids.uuid7(), task_id=task.id, campaign_id=task.campaign_id,
            number=task.numbers[0], state=AttemptState.TALKING, created_at=time.time(),
        )  # fmt: skip
        assert await self.callbacks.ledger.begin(attempt, 0)
        return attempt

    async def talk(
        self, attempt: Attempt, task: Task, keys: Mapping[str, str], *, machine: bool = False
    ) -> Outcome:
        """Hold it, and end the call as the dialer does."""
        line = await self.line(attempt, task, keys)
        line.variables = {"IVR_HEARD": "machine" if machine else "person"}
        campaign = await self.callbacks.ledger.campaign(task.campaign_id)
        performer: Performer = self.briefings if campaign.kind == "briefing" else self.interviews
        talk = await performer.perform(line, campaign, task)
        await self.end(attempt, talk.outcome)
        return talk.outcome

    async def line(self, attempt: Attempt, task: Task, keys: Mapping[str, str]) -> FakeLine:
        """Somebody who presses a key for each step that is asked, and goes after the goodbye."""
        row = await self.callbacks.tables.callback(task.id)
        assert row is not None
        values = self.callbacks.values(row, time.time())
        script = scripts.loaded(self.settings, row.script, values["language"]).script
        sounds = await self.recordings.sounds(script, module.spoken_values(values))
        steps = {s.stem: name for name, s in sounds.items() if isinstance(s, Path)}
        ends = [name for name, step in script.steps.items() if isinstance(step, EndStep)]

        def person(line: FakeLine, name: str) -> None:
            step = steps.get(name, "")
            if step in ends or keys.get(step) == GOES:
                line.leave()
            elif step in keys:
                line.press(keys[step])

        line = FakeLine(person)
        line.attempt = attempt.id
        return line

    async def end(self, attempt: Attempt, outcome: Outcome) -> None:
        done = replace(attempt, outcome=outcome, ended_at=time.time(), state=AttemptState.DONE)
        async with self.db.write() as writer:
            await self.callbacks.ledger.end(writer, done, self.dialer._rules, time.time())

    async def phoned(self, keys: Mapping[str, str]) -> Outcome:
        """Whoever is due is phoned and answers so; what follows from it is done."""
        await self.look()
        (task,) = await self.due()
        outcome = await self.talk(await self.begin(task), task, keys)
        await self.look()
        return outcome


@asynccontextmanager
async def open_desk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings = BASE
) -> AsyncIterator[Desk]:
    global SILENCE
    SILENCE = tmp_path / "silence.wav"
    audio.write(SILENCE, audio.silence(0.1, 8000))
    monkeypatch.setattr("ivr.talk.script.render.Studio", Studio)
    monkeypatch.setattr("ivr.talk.script.render.choose.choose", lambda *_: None)
    data = settings.model_copy(update={"paths": Paths(data=tmp_path, prompts=tmp_path)})
    async with await Database.open(tmp_path / FILE_NAME) as db:
        desk = Desk(db, data)
        await desk.dialer.start()  # never connected: it phones nobody
        yield desk
        await desk.dialer.close()
