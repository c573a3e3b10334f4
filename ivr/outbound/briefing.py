"""The department's phone rings when an owner was not satisfied: what it was, what they said.

The call is made in the very transaction that tells of the reopened request, so it is
made once. It goes through the one dialer, to the department's phones in turn; of what
was escalated, the manager's first.
"""

import asyncio
import json
import time
from collections.abc import Callable
from datetime import datetime

import numpy as np

from ivr.desk.departments import department
from ivr.desk.home import parse
from ivr.desk.request import Entry, Request, RequestState, What
from ivr.errors import UserError
from ivr.ids import uuid7
from ivr.outbound import asked as askeds
from ivr.outbound import scripts
from ivr.outbound.callback import SCRIPTS, Reason
from ivr.outbound.callbacks import Callbacks, spoken_values
from ivr.outbound.model import Campaign, CampaignState, Outcome, Talk, Task, Urgency
from ivr.pbx.session import ActionFailed, ActionTimeout, ConnectionLost
from ivr.pbx.switch import Switch
from ivr.settings import Settings
from ivr.store.callbacks import CallbackRow
from ivr.store.database import Writer
from ivr.talk.conversation import Conversation
from ivr.talk.line import Line, Sound, load
from ivr.talk.script import Recordings
from ivr.talk.script.perform import perform

KIND = "briefing"
USEFUL_S = 12 * 3600.0  # after which the list of requests has told it

DONE = frozenset(
    {
        RequestState.RESOLVED,
        RequestState.CALLING_BACK,
        RequestState.SATISFIED,
        RequestState.CLOSED,
    }
)
"""The department thought that it was done."""


class Briefings:
    """`on_commit` is one of `Requests.on_commit`; the `Performer` of kind briefing."""

    def __init__(
        self,
        settings: Settings,
        callbacks: Callbacks,
        recordings: Recordings,
        switch: Switch,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._callbacks = callbacks
        self._recordings = recordings
        self._switch = switch
        self._now = now

    # --- making the call -----------------------------------------------------

    async def on_commit(self, writer: Writer, request: Request, entry: Entry) -> None:
        """A request has come back: let its department be told."""
        if entry.what not in (What.REOPENED, What.ESCALATED) or entry.from_state not in DONE:
            return
        numbers = self._numbers(request, entry)
        if not numbers:
            return  # it stands in the list of requests, first
        now = self._now()
        day = f"{datetime.fromtimestamp(now, self._settings.site.zone):%Y-%m-%d}"
        campaign = Campaign(
            id=uuid7(now),
            kind=KIND,
            title=f"{request.number} 通知部门",
            urgency=Urgency.URGENT,
            state=CampaignState.RUNNING,
            created_at=now,
            not_before=now,
            not_after=now + USEFUL_S,
            outside_window=True,
            created_by="ivr",
        )
        task = Task(
            id=uuid7(now),
            campaign_id=campaign.id,
            household=request.department or "主任",
            numbers=numbers,
            subject=request.number,
            due_at=campaign.not_after,
            opened_at=now,
        )
        row = CallbackRow(
            task=task.id,
            campaign=campaign.id,
            request=request.id,
            round_at=entry.at,
            day=day,
            reason=Reason.BRIEFING.value,
            script=SCRIPTS[Reason.BRIEFING],
            fields=json.dumps(await self._fields(request, entry), ensure_ascii=False),
            due_at=now,
        )
        await self._callbacks.ledger.add(writer, campaign, task)
        await self._callbacks.tables.put(writer, row)

    def _numbers(self, request: Request, entry: Entry) -> tuple[str, ...]:
        of = department(self._settings, request.department)
        theirs = [] if of is None else [of.phone, of.mobile]
        manager = self._settings.callbacks.manager if entry.what is What.ESCALATED else []
        return tuple(dict.fromkeys(one for one in (*manager, *theirs) if one))

    async def _fields(self, request: Request, entry: Entry) -> dict[str, str]:
        who = await askeds.for_request(request, self._callbacks.owners, self._settings)
        language = self._settings.site.language
        escalated = entry.what is What.ESCALATED
        answered, recording = await self._said(request)
        return {
            "address": "",
            "language": language,
            "summary": summary(request, who.address, language, escalated=escalated),
            "words": answered or "没有说明",
            "answered": "yes" if answered else "",
            "recorded": "yes" if recording else "",
            "recording": recording,
        }

    async def _said(self, request: Request) -> tuple[str, str]:
        """What the owner answered last, in short, and where their own words lie."""
        story = await self._callbacks.story(request.id)
        if not story:
            return "", ""
        labels = [answer.label for answer in story[-1].answers if answer.label]
        spoken = [a.recording for a in story[-1].answers if not a.question and a.recording]
        return "，".join(dict.fromkeys(labels)), spoken[-1] if spoken else ""

    # --- holding the talk ----------------------------------------------------

    async def perform(self, line: Line, campaign: Campaign, task: Task) -> Talk:
        """See Performer. A machine is tried again."""
        if line.variables.get("IVR_HEARD") == "machine":
            return Talk(Outcome.VOICEMAIL)
        row = await self._callbacks.tables.callback(task.id)
        if row is None:
            raise UserError(f"nobody knows what {campaign.title} is to tell")
        fields: dict[str, str] = json.loads(row.fields)
        script, _ = scripts.loaded(self._settings, row.script, fields["language"])
        sounds = await self._recordings.sounds(script, spoken_values(fields))
        if fields["recording"]:
            sounds["recording"] = await self._with_words(sounds["recording"], fields["recording"])
        conversation = Conversation(line, self._settings.paths.prompts / script.language)

        async def to_person() -> bool:
            try:
                await self._switch.go_on_to_hotline(line.attempt)
            except (ActionFailed, ActionTimeout, ConnectionLost):
                return False
            return True

        result = await perform(
            conversation, script, fields, None, prompt_of=sounds.__getitem__, to_person=to_person
        )
        if result.end == "done":
            await self._note(row, task)
            return Talk(Outcome.CONFIRMED, conversation.keys)
        return Talk(Outcome.HUNG_UP, conversation.keys, "未确认收到")

    async def _with_words(self, lead: Sound, recording: str) -> Sound:
        """The owner's own words after what announces them; without them if they are gone."""
        file = self._settings.paths.data / recording
        if not await asyncio.to_thread(file.is_file):
            return lead
        return np.concatenate([await load(lead), await load(file)])

    async def _note(self, row: CallbackRow, task: Task) -> None:
        await self._callbacks.requests.note(
            row.request, by="", now=self._now(), text=f"{task.household}已电话确认收到"
        )


def summary(request: Request, address: str, language: str, *, escalated: bool) -> str:
    """The first sentences: which request came back, and what is to be done."""
    words = askeds.templates(language)["briefing"]
    text: str = words["escalated" if escalated else "reopened"]
    return text.format(
        department=request.department,
        rounds=request.rounds,
        where=_where(request.home, words),
        address=address or words["somebody"],
        title=request.title,
    )


def _where(home: str, words: dict[str, str]) -> str:
    try:
        found = parse(home)
    except ValueError:
        return ""
    unit = words["unit"].format(unit=found.unit) if found.unit else ""
    return words["where"].format(building=found.building, unit=unit, room=found.room)
