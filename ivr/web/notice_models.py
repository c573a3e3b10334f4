"""What programs send about an outage notice, and what they are answered (`notice_api`)."""

from pydantic import Field

from ivr.outbound.model import AttemptState, CampaignState, Outcome, Urgency
from ivr.outbound.notice import NoticeKind, Phase
from ivr.outbound.notice_plan import Approval
from ivr.web.openapi import ApiModel

MOST = 1000
LATEST = 4e9  # epoch seconds: the year 2096


class NoticeIn(ApiModel):
    """An outage; times are seconds since the epoch."""

    kind: NoticeKind
    scope: str = Field(min_length=1, max_length=500, examples=["3栋、5栋2单元、3-2-1201"])
    cause: str = Field("", max_length=2000, examples=["供水管道抢修"])
    text: str = Field("", max_length=2000, description="what is done, for kind other")
    begin: float = Field(ge=0, le=LATEST)
    end: float = Field(ge=0, le=LATEST)
    urgency: Urgency = Urgency.URGENT
    not_before: float | None = Field(None, ge=0, le=LATEST, description="phone nobody earlier")
    outside_window: bool = False


class NoticeNew(NoticeIn):
    start: bool = Field(False, description="begin once it is spoken, if nobody else must agree")


class TextOut(ApiModel):
    """What is heard by one group of homes."""

    language: str
    care: bool
    text: str


class LeftOutOut(ApiModel):
    home: str
    why: Outcome
    words: str


class PlanOut(ApiModel):
    """The dry run: nothing was kept."""

    title: str
    households: int
    calls: int = Field(description="if everybody answers: homes share numbers")
    minutes: float = Field(description="for the lines at hand, if everybody answers")
    not_before: float
    not_after: float
    needs_approval: Approval
    short_notice: bool = Field(description="told in writing later than the rules want")
    texts: list[TextOut]
    left_out: list[LeftOutOut]


class ProgressOut(ApiModel):
    households: int
    open: int = Field(description="still to be told, `live` among them")
    live: int = Field(description="on the phone now")
    outcomes: dict[Outcome, int]


class SpeakingOut(ApiModel):
    """The voice at work, or why it failed."""

    done: float = Field(ge=0, le=1)
    error: str


class NoticeOut(ApiModel):
    id: str
    title: str
    kind: NoticeKind
    scope: str
    cause: str
    text: str
    phase: Phase
    begin: float
    end: float
    urgency: Urgency
    state: CampaignState
    not_before: float
    not_after: float
    outside_window: bool
    created_at: float
    created_by: str
    approved_by: str
    progress: ProgressOut
    speaking: SpeakingOut | None


class NoticesOut(ApiModel):
    notices: list[NoticeOut]


class AttemptOut(ApiModel):
    number: str
    state: AttemptState
    outcome: Outcome | None
    created_at: float
    answered_at: float | None
    ended_at: float | None
    keys: str
    note: str


class ResultOut(ApiModel):
    home: str
    address: str
    outcome: Outcome | None = Field(description="none while the household is still to be told")
    note: str
    attempts: list[AttemptOut]


class ResultsOut(ApiModel):
    total: int
    results: list[ResultOut]


class ListQuery(ApiModel):
    state: CampaignState | None = None
    limit: int = Field(100, ge=1, le=MOST)


class ResultsQuery(ApiModel):
    outcome: Outcome | None = None
    limit: int = Field(100, ge=1, le=MOST)
    offset: int = Field(0, ge=0, le=10_000_000)


class SampleQuery(ApiModel):
    sample: int = Field(0, ge=0, le=100, description="index into the texts of the plan")


class ExtendIn(ApiModel):
    end: float = Field(ge=0, le=LATEST)


class SignedIn(ApiModel):
    homes: list[str] = Field(min_length=1, max_length=MOST)


class SignedOut(ApiModel):
    new: int
