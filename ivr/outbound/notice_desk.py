"""A notice with its voice: what the command line, the API and the pages do alike.

Everything that will be said is spoken before anybody hears it, never during a call.
"""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

from ivr.errors import UserError
from ivr.outbound.ledger import Ledger
from ivr.outbound.messages import Messages, Progress
from ivr.outbound.model import Campaign
from ivr.outbound.notice import Listener, Notice, Phase, check
from ivr.outbound.notice_plan import Approval, Plan
from ivr.outbound.notices import Notices, check_startable
from ivr.settings import Settings


def nobody_watches(_what: str, _done: float) -> None:
    """Progress that nobody watches."""


class NoticeDesk:
    """Those of one site."""

    def __init__(self, settings: Settings, ledger: Ledger, notices: Notices) -> None:
        self.settings = settings
        self.ledger = ledger
        self.notices = notices
        self.messages = Messages(settings)

    def now(self) -> datetime:
        return datetime.now(self.settings.site.zone)

    def local(self, at: float) -> datetime:
        return datetime.fromtimestamp(at, self.settings.site.zone)

    async def plan_of(self, campaign: Campaign) -> Plan:
        """What is kept of a notice, as a plan. Raises UserError for another campaign."""
        notice, place = await self.notices.notice(campaign)
        tasks = await self.ledger.tasks(campaign.id)
        return Plan(notice, place, campaign, tuple(tasks), (), Approval.NONE)

    def texts(self, plan: Plan) -> list[tuple[Listener, str]]:
        """What is heard, once for each manner of speaking, as it would be said now."""
        at = max(self.now(), self.local(plan.campaign.not_before))
        return [
            (who, self.messages.text(plan.notice, who, plan.place, at))
            for who in plan.samples or [Listener("", "")]
        ]

    async def sample(
        self, plan: Plan, number: int = 0, progress: Progress = nobody_watches
    ) -> Path:
        """The sound of `texts(plan)[number]`, spoken now if need be. Raises UserError."""
        samples = plan.samples
        if not 0 <= number < len(samples):
            raise UserError("Nobody is to be phoned so, and there is nothing to listen to")
        at = max(self.now(), self.local(plan.campaign.not_before))
        about = (plan.notice, samples[number], plan.place, at)
        await self.messages.prepare(plan.notice, [samples[number]], plan.place, at, at, progress)
        return await self.messages.message(*about)

    async def prepare(self, plan: Plan, progress: Progress = nobody_watches) -> None:
        """Speak everything that anybody of the plan may hear."""
        first = max(self.now(), self.local(plan.campaign.not_before))
        last = self.local(plan.campaign.not_after)
        about = (plan.notice, plan.listeners, plan.place, first, last)
        await self.messages.prepare(*about, progress)

    async def start(self, campaign: Campaign, progress: Progress = nobody_watches) -> Campaign:
        """Begin, or go on. What the clock has changed since it was made is spoken first."""
        check_startable(campaign)
        await self.prepare(await self.plan_of(campaign), progress)
        return await self.notices.start(campaign)

    async def later(self, campaign: Campaign, end: datetime) -> Notice:
        """The same outage, lasting until `end`. Raises UserError when it cannot be."""
        notice, _ = await self.notices.notice(campaign)
        changed = notice.changed(notice.begin, end)
        check(changed, self.now())
        return changed

    async def off(self, campaign: Campaign) -> Notice:
        """The same outage, which will not be after all."""
        notice, _ = await self.notices.notice(campaign)
        return replace(notice, phase=Phase.CANCELLED)

    async def change(
        self, campaign: Campaign, changed: Notice, progress: Progress = nobody_watches
    ) -> Campaign:
        """As `Notices.change`, spoken before anybody hears it."""
        plan = await self.plan_of(campaign)
        await self.prepare(replace(plan, notice=changed).reopened(), progress)
        current = await self.ledger.campaign(campaign.id)
        return await self.notices.change(current, changed, self.now())
