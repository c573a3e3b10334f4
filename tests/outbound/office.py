"""An office that phones people: Asterisk and the city in this process, the dialer
either here too or in a process of its own that may be killed.

    python -m tests.outbound.office CONFIG     # the process of its own

The conversation is the dialplan's here: who answers hears it out (HEARD) and may
confirm it by staying on until the end. ivr's own conversation is tested with the media.
"""

import asyncio
import json
import logging
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import structlog

from ivr import ids
from ivr.demo.house import House, open_house
from ivr.outbound.announcements import Announcements
from ivr.outbound.dialer import Dialer
from ivr.outbound.ledger import Ledger, Story
from ivr.outbound.model import Attempt, Campaign, CampaignState, Outcome, Talk, Task, Urgency
from ivr.pbx import events as ev
from ivr.pbx import switch
from ivr.pbx.session import Session
from ivr.settings import Settings, Trunk, load
from ivr.store.database import FILE_NAME, Database

MOBILE = "139{:08}"
FOR_EVER = 4e9
BASE = Settings(trunks=[Trunk(device="PJSIP/city", lines=1000)])


def dialplan(message_s: float | str = 0.3) -> str:
    """A conversation without us: a silent message of `message_s` (seconds, or an
    expression of the dialplan's), then HEARD. See `talk_by_dialplan`."""
    return f"""
[ivr-test-talk]
exten => s,1,Answer()
 same => n,Wait({message_s})
 same => n,UserEvent(IvrTalk,Attempt: ${{IVR_ATTEMPT}},Outcome: heard)
 same => n,Hangup()
"""


async def talk_by_dialplan(house: House) -> None:
    """Let `dialplan` take the place of ivr-talk, until Asterisk is started again."""
    async with Session(house.settings.ami) as session:
        await session.wait_booted()
        await session.command("dialplan remove context ivr-talk")
        await session.command("dialplan add extension s,1,Goto(ivr-test-talk,s,1) into ivr-talk")


@asynccontextmanager
async def open_town(folder: Path, message_s: float | str = 0.3) -> AsyncIterator[House]:
    """Asterisk and the city, without a service; who answers talks with the dialplan."""
    async with open_house(BASE, folder, service=False, extra_dialplan=dialplan(message_s)) as house:
        await talk_by_dialplan(house)
        yield house


def settings(*, lines: int = 8, pace: float = 20.0, **dialer: Any) -> Settings:
    """Phones at every hour, fast; keywords change [dialer], also beyond what a file may say."""
    changes = {
        "lines": lines,
        "pace": pace,
        "window": "00:00-24:00",
        "ring_s": 3.0,
        "busy_retry_s": 0.5,
        "no_answer_retry_s": 0.5,
        "other_retry_s": 0.5,
        "congestion_retry_s": 0.5,
        "attempts": 1,
    } | dialer
    return BASE.model_copy(update={"dialer": BASE.dialer.model_copy(update=changes)})


def campaign(
    title: str = "停水", urgency: Urgency = Urgency.NORMAL, state: CampaignState = CampaignState.RUNNING,
    **changes: Any,
) -> Campaign:  # fmt: skip
    values: dict[str, Any] = {
        "id": ids.uuid7(), "kind": "notice", "title": title, "urgency": urgency, "state": state,
        "created_at": time.time(), "not_before": 0.0, "not_after": FOR_EVER, "created_by": "101",
    }  # fmt: skip
    return Campaign(**values | changes)


def task(of: Campaign, household: str, *numbers: str, **changes: Any) -> Task:
    values: dict[str, Any] = {
        "id": ids.uuid7(), "campaign_id": of.id, "household": household, "numbers": numbers,
        "subject": "停水", "due_at": 0.0,
    }  # fmt: skip
    return Task(**values | changes)


def households(of: Campaign, count: int, first: int = 0) -> list[Task]:
    return [task(of, f"{n:05}", MOBILE.format(n)) for n in range(first, first + count)]


class Office:
    """The dialer at work. `changes` are all states of all attempts, in order.

    `hearing`: what hears announcements, given the switch.
    """

    def __init__(
        self,
        settings: Settings,
        db: Database,
        hearing: Callable[[switch.Switch], Announcements] | None = None,
        **dialer: Any,
    ) -> None:
        self.settings = settings
        self.db = db
        self.session = Session(settings.ami)
        self.switch = switch.Switch(self.session)
        self.ledger = Ledger(db, settings.site.id)
        self.changes: list[Attempt] = []
        self.changed = asyncio.Event()
        self.announcements = hearing(self.switch) if hearing else None
        self.dialer = Dialer(
            db, settings, self.switch, on_change=self._on_change,
            announcements=self.announcements, **dialer,
        )  # fmt: skip
        self.session.subscribe(self.dialer.on_event)
        self.session.subscribe(self._hear)
        self._talks: set[asyncio.Task[None]] = set()

    def _on_change(self, attempt: Attempt) -> None:
        self.changes.append(attempt)
        self.changed.set()

    def _hear(self, event: ev.Event) -> None:
        if isinstance(event, ev.UserEvent) and event.name == "IvrTalk":
            talk = Talk(Outcome(event.fields["Outcome"]))
            work = self.dialer.talk_finished(event.fields["Attempt"], talk)
            told = asyncio.create_task(work)
            self._talks.add(told)
            told.add_done_callback(self._talks.discard)

    async def until(self, true: Callable[[], bool], timeout_s: float = 15.0) -> None:
        """Wait for attempts to move on until it is `true`."""
        async with asyncio.timeout(timeout_s):
            while not true():
                self.changed.clear()
                await self.changed.wait()

    async def until_done(self, of: Campaign, timeout_s: float = 20.0) -> Sequence[Story]:
        """Until the campaign is done; the stories."""
        async with asyncio.timeout(timeout_s):
            while (await self.ledger.campaign(of.id)).state is not CampaignState.DONE:
                self.changed.clear()
                try:
                    async with asyncio.timeout(0.2):
                        await self.changed.wait()
                except TimeoutError:
                    continue
        return await self.ledger.stories(of.id)


@asynccontextmanager
async def working(
    house: House, wanted: Settings, folder: Path, **dialer: Any
) -> AsyncIterator[Office]:
    """The dialer at work in this process; its database is in `folder`."""
    used = house.settings.model_copy(
        update={"dialer": wanted.dialer, "trunks": wanted.trunks, "outgoing": wanted.outgoing}
    )
    async with await Database.open(folder / FILE_NAME) as db, opened(used, db, **dialer) as office:
        yield office


@asynccontextmanager
async def opened(used: Settings, db: Database, **dialer: Any) -> AsyncIterator[Office]:
    office = Office(used, db, **dialer)
    if office.announcements is not None:
        await office.announcements.start()
    await office.dialer.start()
    async with office.session:
        await office.session.wait_booted()
        try:
            yield office
        finally:
            await office.dialer.close()
            if office.announcements is not None:
                await office.announcements.close()


async def serve(config: Path, dialer: dict[str, Any]) -> None:
    """The dialer in a process of its own: until SIGTERM, or killed. Tells its CPU time."""
    used = load(config)
    used = used.model_copy(update={"dialer": used.dialer.model_copy(update=dialer)})
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    async with (
        await Database.open(used.paths.data / FILE_NAME, serve=True) as db,
        opened(used, db),
    ):
        cpu = time.process_time()
        print("ready", flush=True)
        await stopped.wait()
        print(time.process_time() - cpu, flush=True)


async def spawn(house: House, wanted: Settings) -> asyncio.subprocess.Process:
    """Begin `serve` beside the house, and wait until it dials."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.outbound.office", str(house.config),
        json.dumps(wanted.dialer.model_dump(warnings=False)),
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    await until_ready(process)
    return process


async def stop(process: asyncio.subprocess.Process) -> float:
    """Let it end in order; the CPU time it took since it was ready, in seconds."""
    process.terminate()
    told, _ = await process.communicate()
    return float(told)


async def until_ready(process: asyncio.subprocess.Process) -> None:
    assert process.stdout is not None
    while (line := await process.stdout.readline()) != b"ready\n":
        if not line:
            raise RuntimeError("the dialer's process ended before it dialled")


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    asyncio.run(serve(Path(sys.argv[1]), json.loads(sys.argv[2])))
