"""A limit of a request has passed: its department's phone rings, once for each breach."""

import json
import time
from collections.abc import Callable

from ivr import ids
from ivr.desk.departments import department
from ivr.desk.limits import NEED_WORDS, Need
from ivr.desk.request import UNDONE, Entry, Request, What
from ivr.desk.requests import Requests
from ivr.outbound.announcer import Announcer, message
from ivr.outbound.ledger import Ledger
from ivr.outbound.model import Campaign, CampaignState, Outcome, Talk, Task, Urgency
from ivr.settings import Settings
from ivr.store.database import Writer
from ivr.talk.conversation import Conversation
from ivr.talk.line import HungUp, Line

KIND = "reminder"
USEFUL_S = 3600.0  # later nobody is phoned for it any more


class Reminders:
    """`on_commit` is one of `Requests.on_commit`; the `Performer` of kind reminder."""

    def __init__(
        self,
        settings: Settings,
        requests: Requests,
        ledger: Ledger,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._requests = requests
        self._ledger = ledger
        self._announcer = Announcer(settings.site.language)
        self._now = now

    async def close(self) -> None:
        await self._announcer.close()

    async def on_commit(self, writer: Writer, request: Request, entry: Entry) -> None:
        """Put the call to the dialer, in the transaction that tells of the breach."""
        wanted = entry.what is What.BREACH and request.state in UNDONE
        of = department(self._settings, request.department)
        if not (wanted and self._settings.requests.ring_department) or of is None:
            return
        numbers = tuple(dict.fromkeys(one for one in (of.phone, of.mobile) if one))
        now = self._now()
        if not numbers or now - entry.at > USEFUL_S:
            return
        campaign = Campaign(
            id=ids.uuid7(now),
            kind=KIND,
            title=f"{request.number} 超时",
            urgency=Urgency.URGENT,
            state=CampaignState.RUNNING,
            created_at=now,
            not_before=now,
            not_after=now + USEFUL_S,
        )
        task = Task(
            id=ids.uuid7(now),
            campaign_id=campaign.id,
            household=of.name,
            numbers=numbers,
            subject=json.dumps({"request": request.id, "need": entry.need}),
            due_at=now,
        )
        await self._ledger.add(writer, campaign, task)
        self._announcer.prepare(self._words(request, entry.need))

    async def perform(self, line: Line, campaign: Campaign, task: Task) -> Talk:
        """See Performer: say what is late, and take a key for it."""
        if line.variables.get("IVR_HEARD") == "machine":
            return Talk(Outcome.VOICEMAIL)
        about = json.loads(task.subject)
        request = await self._requests.get(about["request"])
        prompts = self._settings.paths.prompts / self._settings.site.language
        talk = Conversation(line, prompts)
        words = self._words(request, about["need"])
        try:
            if not await self._announcer.confirms(talk, KIND, words):
                return Talk(Outcome.HEARD, talk.keys)
            await talk.say("reminder-confirmed")
        except HungUp:
            if "1" not in talk.keys:
                return Talk(Outcome.HUNG_UP, talk.keys)
        return Talk(Outcome.CONFIRMED, talk.keys)

    def _words(self, request: Request, need: str) -> str:
        language = self._settings.site.language
        said = message(request, language)
        if language.startswith("zh"):
            return f"{said}{NEED_WORDS[Need(need)]}已经超时。"
        return f"{said} It is late: {need.replace('_', ' ')}."
