"""The alarm of an emergency (火警 伤亡 电梯困人): everybody on duty is phoned at once, in
parallel and again, until one of them confirms by key.

Rings at once and renders what is said meanwhile: seconds count, and whoever answers
hears a prompt first. Every call is an attempt of the one dialer, committed before it
is made. What happened stands in the request's history.
"""

import asyncio
import json
import time
from collections.abc import Callable, Iterable, Sequence

import structlog

from ivr import ids
from ivr.calls import numbers
from ivr.desk.departments import departments
from ivr.desk.request import UNDONE, Entry, Request, Severity, What
from ivr.desk.requests import Requests
from ivr.errors import UserError
from ivr.outbound.announcer import Announcer, message
from ivr.outbound.dialer import Dialer
from ivr.outbound.model import Campaign, CampaignState, Outcome, Talk, Task, Urgency
from ivr.settings import Settings
from ivr.store.requests import RequestFilter
from ivr.talk.conversation import Conversation
from ivr.talk.line import HungUp, Line

KIND = "alarm"  # of its campaigns
LOOK_S = 0.2  # how often it is seen whether all phones have given up
FRESH_S = 3600.0  # after a restart, older emergencies are not rung about again

BEGUN, CONFIRMED, NOBODY = "begun", "confirmed", "nobody"
"""What an ALARM entry of the history says, in its `need`."""

log = structlog.get_logger(__name__)


def targets(settings: Settings, on_duty: Iterable[str]) -> list[str]:
    """Whom an emergency rings: those on duty, every department, and the manager."""
    of_departments = (
        number
        for department in departments(settings)
        for number in (department.phone, department.mobile)
        if number is not None
    )
    all_ = (*settings.requests.alarm_phones, *on_duty, *of_departments)
    return list(dict.fromkeys(all_))


class Alarms:
    """`on_duty` tells who is on duty now: extensions and mobiles. Performs its own calls."""

    def __init__(
        self,
        settings: Settings,
        requests: Requests,
        dialer: Dialer,
        on_duty: Callable[[], Sequence[str]],
        now: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._requests = requests
        self._dialer = dialer
        self._on_duty = on_duty
        self._now = now
        self._announcer = Announcer(settings.site.language)
        self._ringing: dict[str, _Alarm] = {}  # by request
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Take up what the last run left: emergencies that nobody has confirmed."""
        ledger = self._dialer.ledger
        left: dict[str, list[Campaign]] = {}
        for campaign in await ledger.campaigns(CampaignState.RUNNING):
            if campaign.kind == KIND:
                for task in await ledger.tasks(campaign.id, limit=1):
                    left.setdefault(_about(task), []).append(campaign)
                await ledger.cancel(campaign, self._now())
        wanted = RequestFilter(
            severity=Severity.EMERGENCY, states=tuple(UNDONE), since=self._now() - FRESH_S
        )
        for request in (await self._requests.find(wanted)).rows:
            told = {entry.need for entry in await self._requests.history(request.id)}
            if not told & {CONFIRMED, NOBODY}:
                self._begin(request, left.get(request.id, []))

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        await self._announcer.close()

    def on_change(self, request: Request, entry: Entry) -> None:
        """An emergency was reported, or somebody is there."""
        alarm = self._ringing.get(request.id)
        if alarm is not None:
            if not _wanted(request):
                alarm.over.set()
        elif (
            entry.what in (What.CREATED, What.CHANGED)
            and _wanted(request)
            and self._now() - request.created_at < FRESH_S
        ):
            self._begin(request)

    def _begin(self, request: Request, left: Sequence[Campaign] = ()) -> None:
        """`left`: campaigns of the last run, whose calls may ring still."""
        if not _wanted(request):
            return
        alarm = self._ringing[request.id] = _Alarm(request, [*left])
        work = asyncio.create_task(self._ring(alarm))
        self._tasks.add(work)
        work.add_done_callback(self._tasks.discard)

    # --- ringing -------------------------------------------------------------

    async def _ring(self, alarm: "_Alarm") -> None:
        self._announcer.prepare(message(alarm.request, self._settings.site.language))
        try:
            await self._rounds(alarm)
        except Exception:
            log.exception("an alarm broke off", request=alarm.request.number)
        finally:
            del self._ringing[alarm.request.id]

    async def _rounds(self, alarm: "_Alarm") -> None:
        rules = self._settings.requests
        rounds = 0
        while rounds < rules.alarm_rounds:
            if self._dialer.online:
                campaign = await self._campaign(alarm.request)
                if campaign is None:
                    await self._write(alarm.request, NOBODY, "没有可呼叫的值班电话")
                    return
                alarm.campaigns.append(campaign)
                rounds += await self._round(alarm, campaign, rounds + 1)
            if alarm.over.is_set() or await _within(alarm.over, max(rules.alarm_pause_s, LOOK_S)):
                break
        for campaign in alarm.campaigns:
            self._dialer.stop_ringing(campaign)
        if not alarm.over.is_set():
            await self._write(alarm.request, NOBODY, f"呼叫 {rounds} 轮，无人确认")

    async def _round(self, alarm: "_Alarm", campaign: Campaign, round_: int) -> bool:
        """Ring everybody once, until one confirms or all have given up. Whether anybody
        was rung: all may be on the phone with us, of an earlier round, say."""
        begun = await self._dialer.ring_all(campaign)
        if begun:
            names = "、".join(self._name(attempt.number) for attempt in begun)
            await self._write(alarm.request, BEGUN, f"第 {round_} 轮，同时呼叫 {names}")
        live = {attempt.id for attempt in begun}
        while live & {attempt.id for attempt in self._dialer.attempts}:
            if await _within(alarm.over, LOOK_S):
                break
        await self._end(campaign)
        return bool(begun)

    async def _campaign(self, request: Request) -> Campaign | None:
        """None when there is nobody to ring."""
        now = self._now()
        until = now + self._settings.dialer.ring_s + 300
        campaign = Campaign(
            id=ids.uuid7(now),
            kind=KIND,
            title=f"{request.number} {request.title}",
            urgency=Urgency.URGENT,
            state=CampaignState.RUNNING,
            created_at=now,
            not_before=now,
            not_after=until,
            outside_window=True,
        )
        tasks = [
            Task(
                id=ids.uuid7(now),
                campaign_id=campaign.id,
                household=number,
                numbers=(number,),
                subject=json.dumps({"request": request.id}),
                due_at=until,  # rung by us, at once; never again by the dialer itself
            )
            for number in targets(self._settings, self._on_duty())
        ]
        if not tasks:
            return None
        await self._dialer.ledger.create(campaign, tasks)
        return campaign

    async def _end(self, campaign: Campaign) -> None:
        ledger = self._dialer.ledger
        now_is = await ledger.campaign(campaign.id)
        if now_is.state is CampaignState.RUNNING:
            try:
                await ledger.cancel(now_is, self._now())
            except UserError:
                return  # its last call ended it this moment

    # --- talking -------------------------------------------------------------

    async def perform(self, line: Line, campaign: Campaign, task: Task) -> Talk:
        """See Performer: tell whoever answered, and take their confirmation."""
        if line.variables.get("IVR_HEARD") == "machine":
            return Talk(Outcome.VOICEMAIL)
        alarm = self._ringing.get(_about(task))
        prompts = self._settings.paths.prompts / self._settings.site.language
        talk = Conversation(line, prompts)
        request = await self._requests.get(_about(task))
        said = message(request, self._settings.site.language)
        try:
            if not await self._announcer.confirms(talk, KIND, said):
                return Talk(Outcome.HEARD, talk.keys, "已收听未确认")
            number = task.numbers[0]
            if alarm is not None:
                alarm.over.set()
                seconds = self._now() - campaign.created_at
                text = f"{self._name(number)} 按键确认，呼叫后 {seconds:.0f} 秒"
                await self._write(alarm.request, CONFIRMED, text)
            await talk.say("alarm-confirmed")
        except HungUp:
            pass  # what they pressed counts
        return Talk(Outcome.CONFIRMED if "1" in talk.keys else Outcome.HUNG_UP, talk.keys)

    async def _write(self, request: Request, need: str, text: str) -> None:
        await self._requests.note(
            request.id, by="", now=self._now(), text=text, what=What.ALARM, need=need
        )

    def _name(self, number: str) -> str:
        phone = self._settings.phone(number)
        if phone is not None:
            return f"{number} {phone.name}".strip()
        return numbers.mask(number)


class _Alarm:
    """One that rings. `over`: confirmed, or somebody is there already."""

    def __init__(self, request: Request, campaigns: list[Campaign]) -> None:
        self.request = request
        self.campaigns = campaigns
        self.over = asyncio.Event()


def _about(task: Task) -> str:
    """The request that a task rings about."""
    return str(json.loads(task.subject)["request"])


def _wanted(request: Request) -> bool:
    return (
        request.severity is Severity.EMERGENCY
        and request.state in UNDONE
        and request.on_site_at is None
    )


async def _within(event: asyncio.Event, seconds: float) -> bool:
    """Whether it came within so many seconds."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True
