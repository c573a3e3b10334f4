"""Steering campaigns and looking at them: for the command line, the API and the pages.

Works on the store alone, so it may run in another process than the dialer, which
notices within a second (Dialer.wake: at once).
"""

import time
from collections.abc import Callable, Mapping, Sequence

from ivr.errors import UserError
from ivr.outbound.ledger import Ledger, Progress, Story
from ivr.outbound.model import Campaign, CampaignState, Outcome, Task
from ivr.store.database import Database


class Campaigns:
    """Those of one site. A campaign is named by its id or the last characters of it;
    every method that takes a name raises UserError when none or several match."""

    def __init__(self, db: Database, site: str, now: Callable[[], float] = time.time) -> None:
        self._ledger = Ledger(db, site)
        self._now = now

    async def create(self, campaign: Campaign, tasks: Sequence[Task]) -> None:
        """Keep a new campaign: all of it or, with UserError, nothing.

        A task whose `outcome` is set (勿扰) is only told of. Tasks that share their
        first number become one call; the later ones are 已重复.
        """
        if not tasks:
            raise UserError(f"{campaign.title!r} reaches nobody: its scope has no household")
        if campaign.not_after <= max(campaign.not_before, self._now()):
            raise UserError(f"{campaign.title!r} has no time to phone anybody: it ends too early")
        await self._ledger.create(campaign, tasks)

    async def get(self, name: str) -> Campaign:
        return await self._ledger.campaign(name)

    async def list(self, state: CampaignState | None = None) -> Sequence[Campaign]:
        """Oldest first."""
        return await self._ledger.campaigns(state)

    async def approve(self, name: str, by: str) -> Campaign:
        """The second person's yes. Raises UserError when it is the first person's."""
        campaign = await self.get(name)
        if by == campaign.created_by:
            raise UserError(f"{campaign.title!r} was made by {by}; somebody else has to approve it")
        return await self._ledger.change(campaign, CampaignState.APPROVED, approved_by=by)

    async def start(self, name: str) -> Campaign:
        """Raises UserError unless it is approved and was never started."""
        return await self._move(name, {CampaignState.APPROVED}, CampaignState.RUNNING, "started")

    async def pause(self, name: str) -> Campaign:
        """Nobody else is phoned; calls in progress go on."""
        return await self._move(name, {CampaignState.RUNNING}, CampaignState.PAUSED, "paused")

    async def resume(self, name: str) -> Campaign:
        return await self._move(name, {CampaignState.PAUSED}, CampaignState.RUNNING, "resumed")

    async def cancel(self, name: str) -> Campaign:
        """For good; who was not reached is 已取消. Calls in progress go on."""
        return await self._ledger.cancel(await self.get(name), self._now())

    async def extend(self, name: str, not_after: float) -> Campaign:
        """Phone until `not_after` instead."""
        campaign = await self.get(name)
        return await self._ledger.change(campaign, campaign.state, not_after=not_after)

    async def reword(self, name: str, subjects: Mapping[str, str]) -> None:
        """Something changed: these tasks (`subjects` by task id) are told, or told again."""
        await self._ledger.reword(await self.get(name), subjects, self._now())

    async def progress(self, name: str) -> Progress:
        return await self._ledger.progress((await self.get(name)).id)

    async def stories(
        self, name: str, outcome: Outcome | None = None, limit: int = -1, offset: int = 0
    ) -> Sequence[Story]:
        """Every household with its calls, in order of households."""
        campaign = await self.get(name)
        return await self._ledger.stories(campaign.id, outcome, limit, offset)

    async def waiting_for(self, number: str) -> Sequence[Task]:
        """Whom a caller from `number` would be told about: open tasks of running campaigns."""
        return await self._ledger.waiting_for(number)

    async def called_in(self, task: Task, number: str, note: str = "") -> bool:
        """The household heard it when it called the hotline from `number`: 已回电确认.

        Whether it was still to be told.
        """
        return await self._ledger.told_otherwise(task, Outcome.CALLED_IN, number, self._now(), note)

    async def _move(
        self, name: str, of: set[CampaignState], to: CampaignState, what: str
    ) -> Campaign:
        campaign = await self.get(name)
        if campaign.state not in of:
            needed = " or ".join(sorted(of))
            raise UserError(
                f"{campaign.title!r} is {campaign.state}; only what is {needed} can be {what}"
            )
        return await self._ledger.change(campaign, to)
