"""Outage notices from draft to result: what one person does with four fields."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

from ivr.desk.home import Home
from ivr.errors import UserError
from ivr.ids import uuid7
from ivr.outbound import notice as rules
from ivr.outbound.ledger import Ledger
from ivr.outbound.messages import listener as listener_of
from ivr.outbound.model import Campaign, CampaignState, Outcome
from ivr.outbound.notice import (
    Notice,
    NoticeError,
    NoticeKind,
    Phase,
    Place,
)
from ivr.outbound.notice_plan import KIND as KIND
from ivr.outbound.notice_plan import (
    RESTORED_FOR_S,
    Approval,
    Gather,
    Plan,
    Planner,
    useful_until,
)
from ivr.settings import Settings
from ivr.store.database import Database
from ivr.store.notices import NoticeRow, NoticeTable

REACHED = frozenset(
    {
        Outcome.CONFIRMED,
        Outcome.HEARD,
        Outcome.VOICEMAIL,
        Outcome.TRANSFERRED,
        Outcome.DUPLICATE,
        Outcome.CALLED_IN,
    }
)


class Notices:
    """Those of one site. `gather` finds the households of a scope."""

    def __init__(self, db: Database, settings: Settings, ledger: Ledger, gather: Gather) -> None:
        self._settings = settings
        self._table = NoticeTable(db, settings.site.id)
        self._ledger = ledger
        self.plan = Planner(settings, gather).plan

    # --- before ----------------------------------------------------------------

    async def create(self, plan: Plan) -> Campaign:
        """Keep it; approved at once where no second person is needed."""
        row = _row(plan.notice, plan.place)
        await self._ledger.create(
            plan.campaign, plan.tasks, also=lambda writer: self._table.put(row, writer)
        )
        if plan.needs_approval:
            return plan.campaign
        return await self._ledger.change(
            plan.campaign, CampaignState.APPROVED, approved_by=plan.campaign.created_by
        )

    async def approve(self, campaign: Campaign, by: str) -> Campaign:
        """A second person agrees. Raises UserError when it is the first one again."""
        if not by or by == campaign.created_by:
            raise NoticeError(
                "",
                f"{campaign.title}: a second person must approve it; it was made by "
                f"{campaign.created_by or 'nobody'}",
                "须由另一个人批准，不能是起草的人",
            )
        if campaign.state is not CampaignState.DRAFT:
            raise _late(campaign)
        return await self._ledger.change(campaign, CampaignState.APPROVED, approved_by=by)

    # --- while it runs ---------------------------------------------------------

    async def start(self, campaign: Campaign) -> Campaign:
        """Begin to phone, or go on after a pause. Everything was prepared before."""
        check_startable(campaign)
        return await self._ledger.change(campaign, CampaignState.RUNNING)

    async def pause(self, campaign: Campaign) -> Campaign:
        """Calls in progress come to their end; nobody else is phoned."""
        if campaign.state is not CampaignState.RUNNING:
            raise _late(campaign)
        return await self._ledger.change(campaign, CampaignState.PAUSED)

    async def cancel(self, campaign: Campaign, now: datetime) -> Campaign:
        return await self._ledger.cancel(campaign, now.timestamp())

    async def signed(
        self, campaign: Campaign, homes: Iterable[Home], now: datetime, by: str = ""
    ) -> int:
        """These homes have signed the list: they know, and need no call. How many are new.

        Raises UserError when one of them is not told of this; then none is marked.
        """
        tasks = {task.household: task for task in await self._ledger.tasks(campaign.id)}
        wanted = [str(home) for home in homes]
        if missing := next((home for home in wanted if home not in tasks), None):
            raise NoticeError(
                "homes",
                f"{campaign.title}: home {missing} is not on its list",
                f"{missing} 不在这条通知的名单上",
            )
        note = f"书面签收（{by}）" if by else "书面签收"
        new = 0
        for home in wanted:
            new += await self._ledger.told_otherwise(
                tasks[home], Outcome.CONFIRMED, "", now.timestamp(), note
            )
        return new

    async def notice(self, campaign: Campaign) -> tuple[Notice, Place]:
        """What it tells, as it is known now. Raises UserError for a campaign of another kind."""
        row = await self._table.get(campaign.id)
        if row is None:
            raise UserError(f"{campaign.title} is no notice")
        zone = self._settings.site.zone
        found = Notice(
            id=campaign.id,
            kind=NoticeKind(row.kind),
            scope=row.scope,
            cause=row.cause,
            begin=datetime.fromtimestamp(row.begin_at, zone),
            end=datetime.fromtimestamp(row.end_at, zone),
            urgency=campaign.urgency,
            phase=Phase(row.phase),
            text=row.text,
        )
        return found, Place(row.place)

    async def change(self, campaign: Campaign, changed: Notice, now: datetime) -> Campaign:
        """The outage is at another time, or off: whoever was told is told again, and the
        others hear only what holds now."""
        rules.check(changed, now)
        _, place = await self.notice(campaign)
        tasks = await self._ledger.tasks(campaign.id)
        told = {task.id: task.subject for task in tasks if task.outcome in REACHED}
        still = {task.id: task.subject for task in tasks if task.outcome is None}
        await self._table.put(_row(changed, place))
        if changed.phase is Phase.CANCELLED:
            if campaign.state is not CampaignState.DONE:
                campaign = await self.cancel(campaign, now)  # nobody else need hear of it
            if not told:
                return campaign
            still = {}
        later = replace(campaign, not_after=useful_until(changed, now))
        current = await self._ledger.change(later, campaign.state, not_after=later.not_after)
        await self._ledger.reword(current, told | still, now.timestamp())
        return await self._ledger.campaign(campaign.id)

    async def restored(self, campaign: Campaign, now: datetime, by: str = "") -> Plan:
        """已恢复: a follow-up to those who were reached, and to nobody else."""
        notice, place = await self.notice(campaign)
        reached = [
            task for task in await self._ledger.tasks(campaign.id) if task.outcome in REACHED
        ]
        if not reached:
            raise NoticeError(
                "",
                f"{campaign.title}: nobody was reached, so nobody is waiting to hear",
                "还没有通知到任何一户，不需要再通知已恢复",
            )
        follow_up = replace(
            campaign,
            id=uuid7(now.timestamp()),
            title=f"{campaign.title} 已恢复",
            state=CampaignState.DRAFT,
            created_at=now.timestamp(),
            not_before=now.timestamp(),
            not_after=now.timestamp() + RESTORED_FOR_S,
            created_by=by,
            approved_by="",
        )
        reached.sort(key=lambda task: not listener_of(task.subject).care)
        ids = sorted(uuid7(now.timestamp()) for _ in reached)
        tasks = tuple(
            replace(
                task, id=task_id, campaign_id=follow_up.id, outcome=None, tries=0,
                number_index=0, due_at=now.timestamp(), opened_at=now.timestamp(),
                duplicate_of="", settled_at=None, note="",
            )
            for task_id, task in zip(ids, reached, strict=True)
        )  # fmt: skip
        over = replace(notice, id=follow_up.id, phase=Phase.RESTORED)
        return Plan(over, place, follow_up, tasks, (), Approval.NONE)


def check_startable(campaign: Campaign) -> None:
    """Raises UserError unless it may begin, or go on after a pause."""
    if campaign.state is CampaignState.DRAFT:
        raise NoticeError(
            "",
            f"{campaign.title}: a second person must approve it before it starts",
            "须先由第二个人批准",
        )
    if campaign.state not in (CampaignState.APPROVED, CampaignState.PAUSED):
        raise _late(campaign)


def _late(campaign: Campaign) -> NoticeError:
    return NoticeError(
        "",
        f"{campaign.title}: is {campaign.state} by now, so that cannot be done; look at it again",
        "这条通知的状态已经变了，不能这样操作，请看一眼再试",
    )


def _row(notice: Notice, place: Place) -> NoticeRow:
    return NoticeRow(
        campaign=notice.id,
        kind=notice.kind.value,
        scope=notice.scope,
        place=place.value,
        cause=notice.cause,
        text=notice.text,
        phase=notice.phase.value,
        begin_at=notice.begin.astimezone(UTC).timestamp(),
        end_at=notice.end.astimezone(UTC).timestamp(),
    )
