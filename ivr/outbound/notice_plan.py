"""Who would be told what: the dry run of a notice."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from ivr.desk import scope as scopes
from ivr.desk.home import Home
from ivr.desk.scope import Scope
from ivr.errors import UserError
from ivr.ids import uuid7
from ivr.outbound import notice as rules
from ivr.outbound.allowlist import Allowlist
from ivr.outbound.messages import listener as listener_of
from ivr.outbound.messages import subject
from ivr.outbound.model import Campaign, CampaignState, Outcome, Task, Urgency
from ivr.outbound.notice import (
    KIND_WORDS,
    WRITTEN,
    Listener,
    Notice,
    NoticeError,
    Phase,
    Place,
)
from ivr.settings import Settings

KIND = "notice"
RESTORED_FOR_S = 24 * 3600.0  # after which nobody needs to hear that it is restored
LATE_S = 6 * 3600.0  # an outage may be told for so long after it began, if it ends sooner


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
    @property
    def care(self) -> Sequence[str]: ...


Gather = Callable[[Scope], Awaitable[Sequence[Household]]]


class Approval(StrEnum):
    """Why a second person must agree."""

    NONE = ""
    MANY = "many"  # more homes than [dialer] approval_households
    OUTSIDE = "outside_window"


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
    needs_approval: Approval  # why a second person must agree; NONE if not
    short_notice: bool = False  # told in writing later than the rules want

    def reopened(self) -> "Plan":
        """As if everybody were still to be told."""
        return replace(self, tasks=tuple(replace(task, outcome=None) for task in self.tasks))

    @property
    def listeners(self) -> list[Listener]:
        return [listener_of(task.subject) for task in self.tasks if task.outcome is None]

    @property
    def samples(self) -> list[Listener]:
        """One listener for each manner of speaking (language, care), the commonest first."""
        manners: dict[tuple[str, bool], list[Listener]] = {}
        for who in self.listeners:
            manners.setdefault((who.language, who.care), []).append(who)
        groups = sorted(manners.values(), key=lambda group: (-len(group), group[0].care))
        return [group[0] for group in groups]

    @property
    def numbers(self) -> int:
        """Different first numbers, that is calls if everybody answers."""
        return len({task.numbers[0] for task in self.tasks if task.outcome is None})

    def minutes(self, lines: int, pace: float, call_s: float = 45.0) -> float:
        """How long it takes at least, if everybody answers."""
        return max(self.numbers * call_s / lines, self.numbers / pace) / 60


class Planner:
    """Plans of one site. `gather` finds the households of a scope."""

    def __init__(self, settings: Settings, gather: Gather) -> None:
        self._settings = settings
        self._gather = gather
        self._allowlist = Allowlist(settings.outgoing.allow)

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
        try:
            scope = scopes.parse(notice.scope)
            households = await self._gather(scope)
        except UserError as error:
            raise NoticeError(
                "scope",
                str(error),
                "范围写得不对，或其中没有已登记的业主；可写 3栋、5栋2单元、全部",
            ) from None
        if outside_window and notice.urgency is not Urgency.URGENT:
            raise NoticeError(
                "outside_window",
                "Only an urgent notice may be phoned outside the window",
                "只有紧急通知可以在时段外拨打",
            )
        begin = self._not_before(notice, now) if not_before is None else not_before
        if useful_until(notice, now) <= max(begin, now).timestamp():
            raise NoticeError(
                "begin",
                f"There is no time left to phone anybody: from {begin:%m-%d %H:%M} on nobody "
                "would need to hear it any more; correct the start or when to phone",
                f"没有时间拨打了：{begin:%m-%d %H:%M} 起再通知已无意义，请改正时间",
            )
        campaign = Campaign(
            id=uuid7(now.timestamp()),
            kind=KIND,
            title=f"{notice.scope} {KIND_WORDS[notice.kind]}",
            urgency=notice.urgency,
            state=CampaignState.DRAFT,
            created_at=now.timestamp(),
            not_before=begin.timestamp(),
            not_after=useful_until(notice, now),
            outside_window=outside_window,
            created_by=by,
        )
        tasks, left_out = self._tasks(campaign, households, now)
        told = replace(notice, id=campaign.id)
        return Plan(
            told, _place(scope), campaign, tuple(tasks), tuple(left_out),
            self._needs_approval(campaign, tasks), self._is_short(notice, now),
        )  # fmt: skip

    def _not_before(self, notice: Notice, now: datetime) -> datetime:
        """What is told in writing is phoned when the writing is put up, a day before."""
        if notice.kind not in WRITTEN:
            return now
        return max(now, notice.begin - timedelta(hours=self._settings.notices.written_ahead_h))

    def _is_short(self, notice: Notice, now: datetime) -> bool:
        ahead = timedelta(hours=self._settings.notices.written_ahead_h)
        return notice.kind in WRITTEN and notice.begin - now < ahead

    def _tasks(
        self, campaign: Campaign, households: Iterable[Household], now: datetime
    ) -> tuple[list[Task], list[LeftOut]]:
        """Special-care homes come first: tasks are phoned in the order of their ids."""
        in_turn = sorted(households, key=lambda each: not each.care)
        ids = sorted(uuid7(now.timestamp()) for _ in in_turn)
        tasks, left_out = [], []
        for task_id, household in zip(ids, in_turn, strict=True):
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
                household.language, care=bool(household.care),
            )  # fmt: skip
            tasks.append(
                Task(
                    id=task_id,
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

    def _needs_approval(self, campaign: Campaign, tasks: Sequence[Task]) -> Approval:
        if len(tasks) > self._settings.dialer.approval_households:
            return Approval.MANY
        return Approval.OUTSIDE if campaign.outside_window else Approval.NONE


def useful_until(notice: Notice, now: datetime) -> float:
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
