"""The service: everything that runs while `ivr serve` runs, put together.

Asterisk's events go through the tracker; its facts go, in order, to everybody
who acts on them. Nothing here decides anything.
"""

import asyncio
import secrets
import shutil
import time
import wave
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import structlog

from ivr import retention
from ivr.calls.catchup import CatchUp
from ivr.calls.enforcer import Enforcer, line_name, outside
from ivr.calls.facts import Fact, LegRinging
from ivr.calls.guard import Guard
from ivr.calls.holding import Holding
from ivr.calls.log import CallLog
from ivr.calls.model import Call
from ivr.calls.recorder import Recorder
from ivr.calls.tracker import Tracker
from ivr.desk.owners import Owners
from ivr.desk.publisher import Publisher
from ivr.desk.request import Entry, Request
from ivr.desk.request_clock import RequestClock
from ivr.desk.request_events import event
from ivr.desk.requests import Requests
from ivr.desk.roster import Roster
from ivr.hooks.feed import CallFeed
from ivr.hooks.outbox import Outbox
from ivr.metrics import Metrics
from ivr.outbound import alarm, reminder
from ivr.outbound.lines import lines_of_others
from ivr.outbound.office import OutboundOffice
from ivr.pbx import events as ev
from ivr.pbx.session import Session
from ivr.pbx.switch import Switch
from ivr.settings import Settings
from ivr.store.callbacks import InterviewRow
from ivr.store.calls import Calls
from ivr.store.database import FILE_NAME, Database, Writer
from ivr.store.marks import Marks
from ivr.store.worklist import Worklist
from ivr.talk.speech.choose import speech_for

log = structlog.get_logger(__name__)

Subscriber = Callable[[Fact], None]

PURGE_EVERY_S = 3600.0
DISK_LOW = 500 * 1024 * 1024  # bytes; recordings of about ten hours
TOKEN_FILE = "api-token"
RECORDING_NOTICE = "recording-notice"


class Component(NamedTuple):
    """One part's health, as /healthz and the wallboard tell it."""

    ok: bool
    detail: str


class Service:
    """`async with await Service.open(settings) as service`."""

    def __init__(self, settings: Settings, db: Database) -> None:
        self.settings = settings
        self.db = db
        self.started_at = time.time()
        self.token = _token(settings.paths.data / TOKEN_FILE)
        self.session = Session(settings.ami)
        self.switch = Switch(self.session)
        self.tracker = Tracker(is_outside=outside(settings))
        self.roster = Roster(db, settings)
        self.publisher = Publisher(settings, self.roster, self.switch)
        guard = Guard(settings.rings, self._backups)
        self.enforcer = Enforcer(settings, self.tracker, self.switch, guard)
        self.recorder = Recorder(
            _only_if_announced(settings),
            self.tracker,
            self.switch,
            notice_s=_prompt_s(settings, RECORDING_NOTICE),
            greeting_s=_prompt_s(settings, "greeting-busy"),
        )
        self.holding = Holding(self.switch)
        self.log = CallLog(db, settings)
        self.calls = Calls(db, settings.site.id)
        self.worklist = Worklist(db, settings.site.id)
        self.owners = Owners(db, settings)
        self.requests = Requests(db, settings)
        self._request_clock = RequestClock(db, self.requests)
        self.hooks = Outbox(db, settings)
        self._call_feed = CallFeed(db, settings.site.id, self.hooks)
        self.requests.on_commit.append(self._tell_of_request)
        self.devices: dict[str, str] = {}
        self.speech = speech_for(settings)
        self.outbound = OutboundOffice(
            db,
            settings,
            self.switch,
            self.requests,
            others=self._other_lines,
            ears=self.speech,
        )
        self.callbacks = self.outbound.callbacks
        self.surveys = self.outbound.surveys
        self.callbacks.on_survey.append(self._tell_of_survey)
        self.alarms = alarm.Alarms(settings, self.requests, self.outbound.dialer, self._on_duty)
        self.outbound.performers[alarm.KIND] = self.alarms
        self._reminders = reminder.Reminders(settings, self.requests, self.outbound.dialer.ledger)
        self.outbound.performers[reminder.KIND] = self._reminders
        self.requests.on_commit.append(self._reminders.on_commit)
        self.requests.on_change.append(self.alarms.on_change)
        self.metrics = Metrics(self.session, self.tracker)
        self._catch_up = CatchUp(settings.paths.cel, Marks(db, settings.site.id))
        self._subscribers: list[Subscriber] = [
            self.enforcer.on_fact,
            self.recorder.on_fact,
            self.holding.on_fact,
            self.log.on_fact,
            self.metrics.on_fact,
        ]
        self._tasks: set[asyncio.Task[None]] = set()

    @classmethod
    async def open(cls, settings: Settings) -> "Service":
        """Open the store and get everything ready.

        Raises UserError when the store cannot be used.
        """
        return cls(settings, await Database.open(settings.paths.data / FILE_NAME, serve=True))

    async def __aenter__(self) -> "Service":
        try:
            await self._catch_up.load()
            await self.log.start()
            await self.publisher.start()
            await self.outbound.start()
            await self.alarms.start()
            await self._request_clock.start()
            await self._call_feed.start()
            await self.hooks.start()
            self.session.subscribe(self.outbound.on_event)
            self.session.subscribe(self._on_event)
            await self.session.start()
            self._spawn(self._purge())
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop watching, finish what was begun, commit what waits."""
        for task in self._tasks:
            task.cancel()
        await self._request_clock.close()
        await self._call_feed.close()
        await self.hooks.close()
        await self.alarms.close()
        await self._reminders.close()
        await self.outbound.close()
        await self.session.close()
        await self.enforcer.close()
        await self.recorder.close()
        await self.holding.close()
        await self.publisher.close()
        await self.log.close()
        if not self.tracker.calls:
            await self._catch_up.store()
        await self.db.close()

    # --- the stream ------------------------------------------------------------

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Call `subscriber` with every fact, in order, after those who must act.

        Returns what ends it.
        """
        self._subscribers.append(subscriber)
        return lambda: self._subscribers.remove(subscriber)

    def _on_event(self, event: ev.Event) -> None:
        if isinstance(event, ev.Snapshot):
            # what CEL saw while we did not comes before what lives now
            for missed in self._catch_up.missed():
                self._feed(missed, [self.log.on_fact], repaired=True)
        self._catch_up.seen(event)
        self._feed(event, self._subscribers)
        match event:
            case ev.Snapshot():
                self._resume()
                self.publisher.connected()
                self._spawn(self._learn_devices())
            case ev.DeviceState(device=device, state=state):
                self.devices[device] = state
            case ev.Disconnected():
                self.enforcer.disconnected()
            case _:
                pass
        if not self.tracker.calls:
            self._catch_up.idle()

    def _feed(
        self, event: ev.Event, subscribers: Sequence[Subscriber], *, repaired: bool = False
    ) -> None:
        for fact in self.tracker.feed(event):
            call: Call | None = fact.call
            if call is not None:
                call.repaired |= repaired
                if call.attempt_id is None and self.outbound.dialer.is_ours(call.call_id):
                    call.attempt_id = call.call_id
            for subscriber in subscribers:
                try:
                    subscriber(fact)
                except Exception:
                    # one that fails must not take the fact from the others
                    self.metrics.subscriber_failed()
                    log.exception("a subscriber failed", fact=type(fact).__name__)

    def _resume(self) -> None:
        """Act on calls that came to where they are while we did not watch."""
        for call in self.tracker.calls:
            if call.answer_at is not None:
                self.recorder.begin(call)
                continue
            for leg in call.legs:
                if leg.rang and leg.outcome is None:
                    self.enforcer.on_fact(LegRinging(leg.ring_at, call, leg))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _purge(self) -> None:
        while True:
            await retention.purge(
                self.settings, self.calls, self.callbacks, self.outbound.spoken.purge, time.time()
            )
            await asyncio.sleep(PURGE_EVERY_S)

    async def _learn_devices(self) -> None:
        try:
            self.devices |= await self.switch.device_states()
        except Exception as error:
            log.warning("the phones' states are not known", why=str(error))

    def _other_lines(self) -> int:
        """Outside lines in use by calls that are not the dialer's."""
        is_ours = self.outbound.dialer.is_ours
        return lines_of_others(self.tracker.calls, outside(self.settings), is_ours)

    def _backups(self, call: Call, at: float) -> tuple[str, ...]:
        """Phones that may help out with `call`: the ladder's backup, or for a
        phone that an outside caller rang directly, the whole service desk."""
        name = line_name(self.settings, call)
        ladder = None if name is None else self.publisher.ladder(name, at)
        if ladder is None:
            return ()
        if self.settings.line_of(call.called) is None:
            return (*ladder.primary, *ladder.backup)
        return tuple(ladder.backup)

    async def _tell_of_request(self, writer: Writer, request: Request, entry: Entry) -> None:
        name, data = event(request, entry)
        await self.hooks.put(writer, name, entry.id, entry.at, data)

    async def _tell_of_survey(self, writer: Writer, talk: InterviewRow) -> None:
        data = {
            "survey": talk.campaign,
            "household": talk.household,
            "script": talk.script,
            "result": talk.result,
            "verdict": talk.verdict,
        }
        await self.hooks.put(writer, "survey.done", talk.id, talk.ended_at or 0.0, data)

    def _on_duty(self) -> list[str]:
        """Whoever answers any line now: phones and mobiles."""
        ladders = [self.publisher.ladder(line.name, time.time()) for line in self.settings.lines]
        return [
            number
            for ladder in ladders
            if ladder is not None
            for number in (*ladder.primary, *ladder.backup, ladder.mobile)
            if number is not None
        ]

    # --- health ----------------------------------------------------------------

    def health(self) -> dict[str, Component]:
        """Every component, by name."""
        state = self.session.state
        free = shutil.disk_usage(self.settings.paths.data).free
        prompts = _missing_prompts(self.settings)
        trunks = [trunk.device for trunk in self.settings.trunks]
        lost = [device for device in trunks if self.devices.get(device) == "UNAVAILABLE"]
        return {
            "ami": Component(
                state.connected and state.booted,
                state.error or f"watching for {time.time() - state.since:.0f} s",
            ),
            "log": Component(
                self.log.problem is None, self.log.problem or "every call is committed"
            ),
            "ladders": Component(
                self.publisher.published.is_set(),
                "in the dialplan for a week"
                if self.publisher.published.is_set()
                else "not yet there",
            ),
            "prompts": Component(
                not prompts,
                f"missing: {', '.join(prompts)}; run `ivr prompts build`"
                if prompts
                else "all rendered",
            ),
            "disk": Component(free > DISK_LOW, f"{free // 2**20} MB free"),
            "trunk": Component(
                not lost, f"not reachable: {', '.join(lost)}" if lost else "reachable"
            ),
            **self._recording_health(),
        }

    def _recording_health(self) -> dict[str, Component]:
        """Nothing where calls are not to be recorded."""
        if not self.settings.recording.enabled:
            return {}
        announced = _prompt_file(self.settings, RECORDING_NOTICE).exists()
        return {
            "recording": Component(
                announced,
                "calls are announced and recorded"
                if announced
                else f"no {RECORDING_NOTICE}: nothing is recorded",
            )
        }

    async def today(self) -> dict[str, float | None]:
        """Today's figures for the wallboard, from the site's midnight on."""
        zone = self.settings.site.zone
        midnight = datetime.now(zone).replace(hour=0, minute=0, second=0, microsecond=0)
        return await self.calls.figures(midnight.timestamp())


def _token(path: Path) -> str:
    """The key of the API, made at first start and readable by the owner only."""
    try:
        return path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(32) + "\n", encoding="ascii")
        return path.read_text(encoding="ascii").strip()


def _prompt_file(settings: Settings, name: str) -> Path:
    return settings.paths.prompts / settings.site.language / f"{name}.wav"


def _prompt_s(settings: Settings, name: str) -> float:
    """Seconds of a prompt; a generous guess while it is not rendered."""
    try:
        with wave.open(str(_prompt_file(settings, name)), "rb") as audio:
            return audio.getnframes() / audio.getframerate()
    except (OSError, EOFError, wave.Error):
        return 10.0


def _only_if_announced(settings: Settings) -> Settings:
    """Without the rendered notice nothing may be recorded (PIPL)."""
    if not settings.recording.enabled or _prompt_file(settings, RECORDING_NOTICE).exists():
        return settings
    log.warning("calls are not recorded: the notice is missing; run `ivr prompts build`, restart")
    off = settings.recording.model_copy(update={"enabled": False})
    return settings.model_copy(update={"recording": off})


def _missing_prompts(settings: Settings) -> list[str]:
    names = ("greeting-busy", "please-wait-transfer", "sorry-wait", "recording-notice", "music")
    return [name for name in names if not _prompt_file(settings, name).exists()]
