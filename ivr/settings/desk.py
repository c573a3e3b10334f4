"""The office itself: the site, its owners, departments and service requests."""

from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, StringConstraints, field_validator

from ivr.settings.section import Extension, Number, Section


class Site(Section):
    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,32}$")] = "main"
    name: str = Field("阳光花园", description="the community, as callers hear it")
    company: str = Field("阳光花园物业", description="who answers: 您好，这里是…")
    timezone: str = "Asia/Shanghai"
    language: str = Field("zh-CN", description="folder of prompts/ to speak from")

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError("is no time zone; use a name such as Asia/Shanghai") from None
        return value

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


class Owners(Section):
    """The book of owners (业主) and its import."""

    area_code: str = Field(
        "0755", pattern=r"^0[1-9]\d{1,2}$", description="of fixed lines written without one"
    )


class Department(Section):
    """Who does the work: 工程部, 保洁部. A department that only phones name needs none."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=20)]
    phone: Extension | None = Field(None, description="rings when something is due there")
    mobile: Number | None = Field(None, description="of who is on duty; rung in an emergency too")
    head: str = Field("", description="who answers for it (部门主管)")


class Requests(Section):
    """Service requests (服务工作单): the trade's limits (RULES.md). 0 is no limit."""

    emergency_on_site_min: float = Field(5, ge=0, description="火警 伤亡 电梯困人: on the spot")
    urgent_on_site_min: float = Field(30, ge=0, description="urgent repair: on the spot")
    complaint_assigned_min: float = Field(10, ge=0, description="a complaint, just or not")
    complaint_on_site_min: float = Field(60, ge=0)
    complaint_answered_h: float = Field(4, ge=0, description="first feedback to the owner")
    complaint_solved_h: float = Field(8, ge=0)
    severe_solved_days: int = Field(5, ge=0, description="working days, for severe complaints")
    answered_h: float = Field(4, ge=0, description="any report: what will happen, and when")
    same_day_until: str = Field(
        "20:00",
        pattern=r"^(([01]\d|2[0-3]):[0-5]\d|24:00)?$",
        description="an ordinary request is answered the day it comes; what comes after this "
        "hour, by the end of the next day; empty: no such limit",
    )
    warn_share: float = Field(
        0.7, gt=0, lt=1, description="the warning comes when this share of the time is gone"
    )
    long_pending_days: float = Field(
        7, ge=0, description="after so long the owner is phoned with the state, and again as often"
    )
    ring_department: bool = Field(
        True, description="a breach rings the department's phone, in the dialer's window"
    )
    alarm_phones: list[Extension] = Field(
        [],
        description="rung in an emergency besides those on duty and every department: "
        "the manager's mobile, say",
    )
    alarm_rounds: int = Field(5, ge=1, description="all are rung again when nobody confirmed")
    alarm_pause_s: float = Field(10, ge=0, description="between two rounds")
