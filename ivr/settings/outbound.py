"""Whom the system phones, when, and how it speaks and listens."""

from typing import Literal

from pydantic import Field, field_validator

from ivr.settings.section import HOURS, Extension, Pattern, Section


class Outgoing(Section):
    """The only numbers that may ever be rung on an outside line (toll fraud)."""

    allow: list[Pattern] = Field(
        [
            "1[3-9]XXXXXXXXX",  # mobiles
            "0[1-9]XXXXXXXX.",  # fixed lines with their area code
            "11[09]",
            "12[02]",
        ]
    )


class Dialer(Section):
    """How owners are phoned by the system: lines, pace, hours, retries."""

    lines: int = Field(8, ge=1, description="calls at once, over all trunks")
    keep_free: int = Field(2, ge=0, description="lines of the trunk kept for owners who call")
    pace: float = Field(2.0, gt=0, description="new calls a second, at most")
    ring_s: int = Field(30, ge=5, description="an unanswered call ends after this")
    window: str = Field("08:00-21:00", description="site time; nobody is phoned outside it")
    attempts: int = Field(5, ge=1, description="calls to one household, at most")
    busy_retry_s: int = Field(180, ge=1)
    no_answer_retry_s: int = Field(1200, ge=1)
    other_retry_s: int = Field(1800, ge=1)
    congestion_retry_s: int = Field(60, ge=1)
    daily_calls: int = Field(6, ge=1, description="to one number a day, over all campaigns")
    approval_households: int = Field(
        200, ge=1, description="a notice to more homes needs a second person's approval"
    )
    detect_machines: bool = Field(
        True, description="tell answering machines from people; takes up to 2.5 s after the answer"
    )
    leave_message: bool = Field(False, description="speak to an answering machine after its beep")
    caller_id: str = Field("", description="our number, as owners see it")

    @field_validator("window")
    @classmethod
    def _window(cls, value: str) -> str:
        if not HOURS.match(value):
            raise ValueError("is no span of hours; write it like 08:00-21:00")
        return value


class Care(Section):
    """Old, pregnant and disabled owners (特别关怀) are phoned first and apart (RULES.md, Care)."""

    speed: float = Field(0.85, ge=0.5, le=1, description="of the voice; 1 is as for everybody")
    person: bool = Field(
        True, description="a person instead of a menu: who stays on the line is put through"
    )


class Notices(Section):
    """Outage notices (停水/停电通知)."""

    voice: str = Field(
        "", description="as `ivr say --voice` takes it; empty, or where it cannot speak: the best"
    )
    written_ahead_h: int = Field(
        24, ge=0, description="pest control and the like are told in writing so long before"
    )
    voices_days: int = Field(
        90, ge=1, description="spoken names and messages are kept so long after their last use"
    )


class Callbacks(Section):
    """Who is asked whether the work was good, and when (回访)."""

    enabled: bool = True
    repair_after_min: int = Field(30, ge=0, description="after 已处理; the same day if it can be")
    complaint_after_h: int = Field(24, ge=0, le=72, description="three days at the latest")
    paid: bool = Field(True, description="ask about paid services (绿化 清洁 洗衣) too")
    again_at: str = Field("18:00", description="who was not reached is phoned from then, next day")
    escalate_after: int = Field(3, ge=1, description="the n-th 不满意 goes to the manager (主任)")
    manager: list[Extension] = Field([], description="phones told of what was escalated")
    confirm_complaints: bool = Field(True, description="a person closes every complaint")
    household_a_day: int = Field(2, ge=1, description="talks with one household a day, at most")
    sample_households: int = Field(20, ge=0, description="households heard a month, at least")
    sample_from_day: int = Field(15, ge=1, le=28, description="then the rest is drawn by lot")
    frequency_days: int = Field(30, ge=0, description="surveys leave alone who was heard since")
    survey_every_months: int = Field(6, ge=1, description="survey of all homes")
    goal: float = Field(0.96, ge=0, le=1, description="share of answers that are satisfied")
    retention_days: int = Field(180, ge=1, description="recordings of answers are kept for")

    @field_validator("again_at")
    @classmethod
    def _clock(cls, value: str) -> str:
        if not HOURS.match(f"{value}-24:00"):
            raise ValueError("is no time of day; write it like 18:00")
        return value


class Speech(Section):
    """Understanding spoken answers; without an engine, keys answer every question."""

    engine: Literal["auto", "vosk", "whisper", "keys"] = Field(
        "auto", description="auto: the best one whose model is installed; keys: no speech"
    )
    workers: int = Field(0, ge=0, le=32, description="processes; 0: one for each core, two at most")
    memory_mb: int = Field(450, ge=100, description="a worker with more is replaced")
    deadline_s: float = Field(2.0, gt=0, le=10, description="later than this, keys are asked for")
