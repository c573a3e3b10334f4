"""Surveys of all homes (满意度调查), and the monthly sample: who is asked, what they said."""

import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from ivr.desk import scope as scopes
from ivr.desk.owner import Household
from ivr.errors import UserError
from ivr.ids import uuid7
from ivr.outbound import asked as askeds
from ivr.outbound import sampling, satisfaction, scripts
from ivr.outbound.callback import SCRIPTS, Reason
from ivr.outbound.callbacks import Callbacks
from ivr.outbound.model import Campaign, CampaignState, Task, Urgency
from ivr.store.callbacks import CallbackRow, SurveyRow
from ivr.store.database import Row, Writer

KIND = "survey"
LASTS_S = 14 * 86_400.0
SAMPLE_LASTS_S = 7 * 86_400.0
EVERYBODY = "全部"
DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Opened:
    campaign: Campaign
    homes: int  # to be asked
    left_out: dict[str, int]  # why → how many


@dataclass(frozen=True, slots=True)
class Quota:
    """How many households were heard in a month, and how many should be."""

    month: str  # "2026-11"
    heard: int
    wanted: int
    samples: tuple[SurveyRow, ...]  # how the others were drawn
    last_survey: float | None
    survey_due: bool

    @property
    def kept(self) -> bool:
        return self.heard >= self.wanted


class Surveys:
    """Those of one site."""

    def __init__(self, callbacks: Callbacks, now: Callable[[], float] = time.time) -> None:
        self._callbacks = callbacks
        self._settings = callbacks.settings
        self._tables = callbacks.tables
        self._ledger = callbacks.ledger
        self._now = now

    # --- opening -------------------------------------------------------------

    async def open(
        self, title: str, *, by: str, scope: str = EVERYBODY, script: str = ""
    ) -> Opened:
        """A survey of the homes in `scope`, to be approved where a second person must, and
        started. Whoever was heard lately is left alone (`frequency_days`).

        Raises UserError when the scope or the script is none, or nobody is to be asked.
        """
        if not title.strip():
            raise UserError("survey: has no title; write one such as 2026 下半年满意度调查")
        script = script or SCRIPTS[Reason.SURVEY]
        scripts.loaded(self._settings, script, self._settings.site.language)
        homes = await self._callbacks.owners.households(scopes.parse(scope))
        since = self._now() - self._settings.callbacks.frequency_days * DAY_S
        heard = await self._tables.heard(since)
        chosen = [home for home in homes if home.id not in heard]
        campaign = self._campaign(title.strip(), Reason.SURVEY, by, LASTS_S)
        survey = SurveyRow(
            campaign=campaign.id,
            reason=Reason.SURVEY.value,
            script=script,
            scope=scope,
            seed="",
            population=len(homes),
            drawn=len(chosen),
        )
        tasks = await self._keep(campaign, survey, chosen)
        left_out = Counter(task.note for task in tasks if task.outcome is not None)
        left_out["近期已回访"] += len(homes) - len(chosen)
        if len(chosen) <= self._settings.dialer.approval_households:
            campaign = await self._ledger.change(
                campaign, CampaignState.APPROVED, approved_by=campaign.created_by
            )
        to_ask = sum(task.outcome is None for task in tasks)
        return Opened(campaign, to_ask, {why: n for why, n in left_out.items() if n})

    async def approve(self, name: str, by: str) -> Campaign:
        """A second person agrees. Raises UserError when it is the first one again."""
        campaign = await self.get(name)
        if not by or by == campaign.created_by:
            raise UserError(f"{campaign.title}: a second person must approve it")
        return await self._ledger.change(campaign, CampaignState.APPROVED, approved_by=by)

    async def start(self, name: str) -> Campaign:
        campaign = await self.get(name)
        if campaign.state is CampaignState.DRAFT:
            raise UserError(f"{campaign.title}: a second person must approve it before it starts")
        return await self._ledger.change(campaign, CampaignState.RUNNING)

    async def pause(self, name: str) -> Campaign:
        """Calls in progress come to their end; nobody else is phoned."""
        return await self._ledger.change(await self.get(name), CampaignState.PAUSED)

    async def cancel(self, name: str) -> Campaign:
        return await self._ledger.cancel(await self.get(name), self._now())

    async def get(self, name: str) -> Campaign:
        """Raises UserError when it is no survey."""
        campaign = await self._ledger.campaign(name)
        if campaign.kind != KIND:
            raise UserError(f"{campaign.title} is no survey")
        return campaign

    # --- the sample ----------------------------------------------------------

    async def draw_sample(self, now: float) -> Campaign | None:
        """Draw as many households as the month still lacks, once a day at most."""
        rules = self._settings.callbacks
        zone = self._settings.site.zone
        today = datetime.fromtimestamp(now, zone)
        language = self._settings.site.language
        script = SCRIPTS[Reason.SAMPLE]
        if (
            today.day < rules.sample_from_day
            or not rules.sample_households
            or not scripts.exists(self._settings, script, language)
        ):
            return None
        seed = f"{self._settings.site.id} {today:%Y-%m-%d}"
        if await self._tables.drawn(seed):
            return None
        since, until = satisfaction.month(today)
        waiting = await self._tables.queue("due", reason=Reason.SAMPLE)
        heard = await self._tables.heard(since, until)
        count = sampling.lacking(len(heard), len(waiting), rules.sample_households)
        if not count or await self._callbacks.owners.is_empty():
            return None
        homes = {
            home.id: home
            for home in await self._callbacks.owners.households(scopes.parse(EVERYBODY))
            if home.numbers
        }
        lately = await self._tables.heard(now - rules.frequency_days * DAY_S)
        drawn_before = {row["household"] for row in await self._drawn(since)}
        names = sampling.draw(homes, lately | heard | drawn_before, count, seed)
        if not names:
            return None
        campaign = self._campaign(
            f"{today:%Y-%m-%d} 抽样回访", Reason.SAMPLE, "ivr", SAMPLE_LASTS_S,
            state=CampaignState.RUNNING,
        )  # fmt: skip
        survey = SurveyRow(
            campaign=campaign.id,
            reason=Reason.SAMPLE.value,
            script=script,
            scope=EVERYBODY,
            seed=seed,
            population=len(homes),
            drawn=len(names),
        )
        await self._keep(campaign, survey, [homes[name] for name in names])
        return campaign

    async def _drawn(self, since: float) -> list[Row]:
        return await self._tables.queue(reason=Reason.SAMPLE, since=since)

    # --- what came of it -----------------------------------------------------

    async def quota(self, now: float) -> Quota:
        """Of the month in which `now` is."""
        rules, today = (
            self._settings.callbacks,
            datetime.fromtimestamp(now, self._settings.site.zone),
        )
        since, until = satisfaction.month(today)
        surveys = await self._tables.surveys()
        samples = tuple(
            SurveyRow(**{field: row[field] for field in SurveyRow.__dataclass_fields__})
            for row in surveys
            if row["reason"] == Reason.SAMPLE and since <= row["created_at"] < until
        )
        last = next((r["created_at"] for r in surveys if r["reason"] == Reason.SURVEY), None)
        due = satisfaction.months_before(today, rules.survey_every_months).timestamp()
        return Quota(
            month=f"{today:%Y-%m}",
            heard=len(await self._tables.heard(since, until)),
            wanted=rules.sample_households,
            samples=samples,
            last_survey=last,
            survey_due=last is None or last < due,
        )

    def _campaign(
        self,
        title: str,
        reason: Reason,
        by: str,
        lasts_s: float,
        state: CampaignState = CampaignState.DRAFT,
    ) -> Campaign:
        now = self._now()
        return Campaign(
            id=uuid7(now),
            kind=KIND,
            title=title,
            urgency=Urgency.SURVEY,
            state=state,
            created_at=now,
            not_before=now,
            not_after=now + lasts_s,
            created_by=by,
        )

    async def _keep(
        self, campaign: Campaign, survey: SurveyRow, homes: Sequence[Household]
    ) -> list[Task]:
        """All of it or nothing."""
        if not homes:
            raise UserError(
                f"{campaign.title}: nobody is to be asked; everybody was heard lately "
                "(callbacks.frequency_days), or nobody is in the scope"
            )
        people = [askeds.of_household(home) for home in homes]
        tasks = [self._callbacks.task(campaign, who, survey.script) for who in people]
        now, zone = self._now(), self._settings.site.zone
        due = self._callbacks.window.next_open(now)
        rows = [
            CallbackRow(
                task=task.id,
                campaign=campaign.id,
                request="",
                round_at=0.0,
                day=f"{datetime.fromtimestamp(due, zone):%Y-%m-%d}",
                reason=survey.reason,
                script=survey.script,
                fields=json.dumps(self._callbacks.fields(who, survey.script), ensure_ascii=False),
                due_at=due,
            )
            for task, who in zip(tasks, people, strict=True)
        ]

        async def why(writer: Writer) -> None:
            await self._tables.put_survey(writer, survey)
            for row in rows:
                await self._tables.put(writer, row)

        await self._ledger.create(campaign, tasks, why)
        return tasks
