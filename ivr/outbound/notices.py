"""Outage notices from draft to result: what one person does with four fields."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol

from ivr.desk import scope as scopes
from ivr.desk.home import Home
from ivr.desk.scope import Scope
from ivr.errors import UserError
from ivr.ids import uuid7
from ivr.outbound import notice as rules
from ivr.outbound.allowlist import Allowlist
from ivr.outbound.ledger import Ledger
from ivr.outbound.messages import listener as listener_of
from ivr.outbound.messages import subject
from ivr.outbound.model import Campaign, CampaignState, Outcome, Task, Urgency
from ivr.outbound.notice import KIND_WORDS, Listener, Notice, NoticeKind, Phase, Place
from ivr.settings import Settings
from ivr.store.database import Database
from ivr.store.notices import NoticeRow, NoticeTable

KIND = "notice"
RESTORED_FOR_S = 24 * 3600.0  # after which nobody needs to hear that it is restored
LATE_S = 6 * 3600.0  # an outage may be told for so long after it began, if it ends sooner
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


class Household(Protocol):
    """What a notice needs of one home's people."""

    @property
    def home(self) -> Home: ...
    @property
    def address(self) -> str: ...
    @property
    def numbers(self) -> Sequence[str]: ...
    @property
    def do_not_call(self) -> bool: ...
    @property
    def quiet(self) -> str: ...
    @property
    def language(self) -> str: ...


Gather = Callable[[Scope], Awaitable[Sequence[Household]]]


@dataclass(frozen=True, slots=True)
class LeftOut:
    home: Home
    why: Outcome
    words: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What would happen: the dry run, and what `create` makes real."""

    notice: Notice
    place: Place
    campaign: Campaign
    tasks: tuple[Task, ...]
    left_out: tuple[LeftOut, ...]
    needs_approval: str  # why a second person must agree; empty if not

    @property
    def listeners(self) -> list[Listener]:
        return [listener_of(task.subject) for task in self.tasks if task.outcome is None]

    @property
    def numbers(self) -> int:
        """Different first numbers, that is calls if everybody answers."""
        return len({task.numbers[0] for task in self.tasks if task.outcome is None})

    def minutes(self, lines: int, pace: float, call_s: float = 45.0) -> float:
        """How long it takes at least, if everybody answers."""
        return max(self.numbers * call_s / lines, self.numbers / pace) / 60


class Notices:
    """Those of one site. `gather` finds the households of a scope."""

    def __init__(self, db: Database, settings: Settings, ledger: Ledger, gather: Gather) -> None:
        self._settings = settings
        self._table = NoticeTable(db, settings.site.id)
        self._ledger = ledger
        self._gather = gather
        self._allowlist = Allowlist(settings.outgoing.allow)

    # --- before ----------------------------------------------------------------

    async def plan(
        self,
        notice: Notice,
        now: datetime,
        *,
        by: str = "",
        outside_window: bool = False,
        not_before: datetime | None = None,
    ) -> Plan:
        """Who would be told what. Writes nothing.

        Raises UserError when the notice cannot be meant so, or names nobody.
        """
        rules.check(notice, now)
        scope = scopes.parse(notice.scope)
        households = await self._gather(scope)
        if not households:
            raise UserError(
                f"No home is in {notice.scope}; check the scope, or import owners first"
            )
        if outside_window and notice.urgency is not Urgency.URGENT:
            raise UserError("Only an urgent notice may be phoned outside the window")
        begin = now if not_before is None else not_before
        campaign = Campaign(
            id=uuid7(now.timestamp()),
            kind=KIND,
            title=f"{notice.scope} {KIND_WORDS[notice.kind]}",
            urgency=notice.urgency,
            state=CampaignState.DRAFT,
            created_at=now.timestamp(),
            not_before=begin.timestamp(),
            not_after=_useful_until(notice, now),
            outside_window=outside_window,
            created_by=by,
        )
        tasks, left_out = self._tasks(campaign, households, now)
        told = replace(notice, id=campaign.id)
        return Plan(
            told, _place(scope), campaign, tuple(tasks), tuple(left_out),
            self._needs_approval(campaign, tasks),
        )  # fmt: skip

    def _tasks(
        self, campaign: Campaign, households: Iterable[Household], now: datetime
    ) -> tuple[list[Task], list[LeftOut]]:
        tasks, left_out = [], []
        for household in households:
            allowed = [n for n in household.numbers if self._allowlist.allows(n)]
            outcome, words = None, ""
            if household.do_not_call:
                outcome, words = Outcome.DO_NOT_CALL, "业主要求勿扰"
            elif not household.numbers:
                outcome, words = Outcome.FORBIDDEN, "没有电话号码"
            elif not allowed:
                outcome, words = Outcome.FORBIDDEN, "号码不在允许拨打之列"
            home = household.home
            who = Listener(
                _address(household.address), home.building, home.unit, home.room,
                household.language,
            )  # fmt: skip
            tasks.append(
                Task(
                    id=uuid7(now.timestamp()),
                    campaign_id=campaign.id,
                    household=str(home),
                    numbers=tuple(allowed) or tuple(household.numbers),
                    subject=subject(who),
                    due_at=campaign.not_before,
                    quiet=household.quiet,
                    opened_at=now.timestamp(),
                    outcome=outcome,
                    settled_at=None if outcome is None else now.timestamp(),
                    note=words,
                )
            )
            if outcome is not None:
                left_out.append(LeftOut(home, outcome, words))
        return tasks, left_out

    def _needs_approval(self, campaign: Campaign, tasks: Sequence[Task]) -> str:
        limit = self._settings.dialer.approval_households
        if len(tasks) > limit:
            return f"it goes to {len(tasks)} homes, more than {limit}"
        if campaign.outside_window:
            return "it may phone people outside the window"
        return ""

    async def create(self, plan: Plan) -> Campaign:
        """Keep it; approved at once where no second person is needed."""
        await self._ledger.create(plan.campaign, plan.tasks)
        await self._table.put(_row(plan.notice, plan.place))
        if plan.needs_approval:
            return plan.campaign
        return await self._ledger.change(
            plan.campaign, CampaignState.APPROVED, approved_by=plan.campaign.created_by
        )

    async def approve(self, campaign: Campaign, by: str) -> Campaign:
        """A second person agrees. Raises UserError when it is the first one again."""
        if not by or by == campaign.created_by:
            raise UserError(
                f"{campaign.title}: a second person must approve it; it was made by "
                f"{campaign.created_by or 'nobody'}"
            )
        return await self._ledger.change(campaign, CampaignState.APPROVED, approved_by=by)

    # --- while it runs ---------------------------------------------------------

    async def start(self, campaign: Campaign) -> Campaign:
        if campaign.state is CampaignState.DRAFT:
            raise UserError(f"{campaign.title}: a second person must approve it before it starts")
        return await self._ledger.change(campaign, CampaignState.RUNNING)

    async def pause(self, campaign: Campaign) -> Campaign:
        """Calls in progress come to their end; nobody else is phoned."""
        return await self._ledger.change(campaign, CampaignState.PAUSED)

    async def cancel(self, campaign: Campaign, now: datetime) -> Campaign:
        return await self._ledger.cancel(campaign, now.timestamp())

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
        if changed.phase is Phase.CANCELLED and not told:
            return await self.cancel(campaign, now)  # nobody has heard of it: no call is needed
        if changed.phase is Phase.CANCELLED:
            still = {}
        later = replace(campaign, not_after=_useful_until(changed, now))
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
            raise UserError(f"{campaign.title}: nobody was reached, so nobody is waiting to hear")
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
        tasks = tuple(
            replace(
                task, id=uuid7(now.timestamp()), campaign_id=follow_up.id, outcome=None, tries=0,
                number_index=0, due_at=now.timestamp(), opened_at=now.timestamp(),
                duplicate_of="", settled_at=None, note="",
            )
            for task in reached
        )  # fmt: skip
        over = replace(notice, id=follow_up.id, phase=Phase.RESTORED)
        return Plan(over, place, follow_up, tasks, (), "")


def _useful_until(notice: Notice, now: datetime) -> float:
    """When it makes no sense any more to tell it."""
    if notice.phase is Phase.CANCELLED:
        return notice.end.timestamp()
    if notice.phase is Phase.RESTORED:
        return now.timestamp() + RESTORED_FOR_S
    return min(notice.end.timestamp(), notice.begin.timestamp() + LATE_S)


def _place(scope: Scope) -> Place:
    """How finely the place is named: as the finest part of the scope."""
    parts = scope.parts
    if any(part.room is not None for part in parts):
        return Place.HOME
    if any(part.unit is not None or part.either is not None for part in parts):
        return Place.UNIT
    if any(part.building is None for part in parts):
        return Place.ALL
    return Place.BUILDING


def _address(address: str) -> str:
    return "" if address == "业主" else address


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
