"""Everything an office can set, read from one TOML file (`ivr.toml`).

A secret may stand in the file or come from the environment (`IVR_AMI__SECRET`).
Numbers that come from the trade's rules carry the rule as their default.
"""

import ipaddress
import os
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)

from ivr.errors import UserError

Extension = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z_*#+]{1,32}$")]
"""What is dialled to reach a phone; the allow-list that keeps dialplan text out."""

Number = Annotated[str, StringConstraints(pattern=r"^\+?[0-9*#]{1,24}$")]

Device = Annotated[str, StringConstraints(pattern=r"^(PJSIP|SIP|IAX2|DAHDI|Local)/[\w.@+-]{1,64}$")]
"""An Asterisk device as Dial() takes it: "PJSIP/101"."""

HOURS = re.compile(r"^([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)$")


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Site(_Section):
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


class Ami(_Section):
    host: str = "127.0.0.1"
    port: int = Field(5038, ge=1, le=65535)
    user: str = "ivr"
    secret: SecretStr = SecretStr("")
    timeout_s: float = Field(5.0, gt=0, description="an action without a response has failed")
    ping_s: float = Field(5.0, gt=0, description="a link silent for three of these is dead")


class Rings(_Section):
    """Picked up within three rings (服务操作规程)."""

    ring_cadence_s: float = Field(5.0, gt=0, le=60, description="China: 1 s on, 4 s off")
    max_rings: int = Field(3, ge=1, le=20)
    at_risk_ring: int = Field(2, ge=1, description="from this ring the call is marked")
    backup_ring: int = Field(3, ge=1, description="from this ring the backup phones ring as well")

    @model_validator(mode="after")
    def _in_order(self) -> "Rings":
        if self.backup_ring > self.max_rings:
            raise ValueError("backup_ring is later than max_rings: the backup would never ring")
        return self

    @property
    def deadline_s(self) -> float:
        return self.max_rings * self.ring_cadence_s


class Waiting(_Section):
    """What happens to a caller whom the system had to answer."""

    apology_every_s: int = Field(30, ge=5, description="对不起，让您久等了")
    end_after_s: int = Field(180, ge=0, description="0: the caller waits as long as they like")
    end: Literal["callback", "mobile"] = Field(
        "callback", description="offer a call back (press 1), or ring the duty mobile"
    )


class Recording(_Section):
    enabled: bool = True
    retention_days: int = Field(180, ge=1)


class Phone(_Section):
    """A desk phone of the office."""

    ext: Extension
    device: Device
    name: str = ""
    department: str = ""
    outside: bool = Field(False, description="a mobile reached over a trunk")


class Trunk(_Section):
    """An outside line: channels named `device`-… bring and take outside calls."""

    device: Device
    lines: int = Field(30, ge=1)


class Ladder(_Section):
    """Who rings, in which order, at which hours, for one line. First match wins."""

    days: Literal["all", "workday", "weekend", "holiday", "restday"] = Field(
        "all", description="by China's official calendar; restday is weekend or holiday"
    )
    hours: str = Field("00:00-24:00", description="site time; may pass midnight (18:00-08:00)")
    primary: list[Extension] = Field(min_length=1)
    backup: list[Extension] = []
    mobile: Number | None = None

    @field_validator("hours")
    @classmethod
    def _hours(cls, value: str) -> str:
        if not HOURS.match(value) or (value[6:8] == "24" and value[9:] != "00"):
            raise ValueError("is no span of hours; write it like 08:00-18:00")
        return value


class Line(_Section):
    """A number outside callers dial (DID) and the ladders that answer it."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]{1,32}$")]
    did: list[Number] = Field(min_length=1)
    title: str = "服务热线"
    ladders: list[Ladder] = Field(min_length=1)


class Transfers(_Section):
    ring_s: float | None = Field(None, description="default: the three-ring deadline")
    max_hops: int = Field(5, ge=1, description="more transfers than this go to the ladder")


Pattern = Annotated[str, StringConstraints(pattern=r"^[0-9XZN\[\]\-.!]{1,40}$")]
"""A dialplan pattern without its underscore: "1[3-9]XXXXXXXXX"."""


class Outgoing(_Section):
    """The only numbers that may ever be rung on an outside line (toll fraud)."""

    allow: list[Pattern] = [
        "1[3-9]XXXXXXXXX",  # mobiles
        "0[1-9]XXXXXXXX.",  # fixed lines with their area code
        "11[09]",
        "12[02]",
    ]


class Dialer(_Section):
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


class Care(_Section):
    """Old, pregnant and disabled owners (特别关怀) are phoned first and apart (RULES.md, Care)."""

    speed: float = Field(0.85, ge=0.5, le=1, description="of the voice; 1 is as for everybody")
    person: bool = Field(
        True, description="a person instead of a menu: who stays on the line is put through"
    )


class Notices(_Section):
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


class Callbacks(_Section):
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


class Owners(_Section):
    """The book of owners (业主) and its import."""

    area_code: str = Field(
        "0755", pattern=r"^0[1-9]\d{1,2}$", description="of fixed lines written without one"
    )


class Media(_Section):
    """Where Asterisk brings the sound of a conversation (chan_websocket)."""

    host: str = "127.0.0.1"
    port: int = Field(8089, ge=0, le=65535)


class Department(_Section):
    """Who does the work: 工程部, 保洁部. A department that only phones name needs none."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=20)]
    phone: Extension | None = Field(None, description="rings when something is due there")
    mobile: Number | None = Field(None, description="of who is on duty; rung in an emergency too")
    head: str = Field("", description="who answers for it (部门主管)")


class Requests(_Section):
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


class HookTarget(_Section):
    """A system of the office that is told what happens, by signed HTTP requests."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,32}$")]
    url: Annotated[str, StringConstraints(pattern=r"^https?://[^\s@]{1,500}$")]
    events: list[Literal["call.ended", "limit.breach", "request.changed", "survey.done"]] = Field(
        ["call.ended", "limit.breach", "request.changed", "survey.done"], min_length=1
    )


class Hooks(_Section):
    """Webhooks, out to `targets` and in from the office's own system."""

    targets: list[HookTarget] = []
    allow_private: bool = Field(
        False, description="targets may be on the local network (private, loopback addresses)"
    )
    timeout_s: float = Field(10, gt=0, le=60)
    tries: int = Field(12, ge=1, description="waits double from 10 s to 6 h; then it is given up")


class Speech(_Section):
    """Understanding spoken answers; without an engine, keys answer every question."""

    engine: Literal["auto", "vosk", "whisper", "keys"] = Field(
        "auto", description="auto: the best one whose model is installed; keys: no speech"
    )
    workers: int = Field(0, ge=0, le=32, description="processes; 0: one for each core, two at most")
    memory_mb: int = Field(450, ge=100, description="a worker with more is replaced")
    deadline_s: float = Field(2.0, gt=0, le=10, description="later than this, keys are asked for")


class Web(_Section):
    """Pages and API. Behind a proxy that speaks https, name the proxy's address."""

    host: str = "127.0.0.1"
    port: int = Field(8088, ge=0, le=65535)
    trusted_proxies: list[str] = Field(
        [], description='addresses or networks ("127.0.0.1") whose X-Forwarded-… is believed'
    )
    session_idle_h: float = Field(12, gt=0, description="nobody did anything: sign in again")
    session_days: float = Field(14, gt=0, description="then everybody signs in again")

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: list[str]) -> list[str]:
        for net in value:
            try:
                ipaddress.ip_network(net)
            except ValueError:
                raise ValueError(f"{net!r} is no address; write it like 10.0.0.0/8") from None
        return value


class Paths(_Section):
    """Relative paths start at the folder of ivr.toml."""

    data: Path = Field(Path("data"), description="database, recordings, spool")
    prompts: Path = Field(Path("data/prompts"), description="rendered prompts")
    cel: Path | None = Field(
        None, description="Asterisk's cel-custom/ivr.csv; mends the log after a gap"
    )


class Settings(_Section):
    site: Site = Site()
    ami: Ami = Ami()
    rings: Rings = Rings()
    waiting: Waiting = Waiting()
    recording: Recording = Recording()
    transfers: Transfers = Transfers()
    outgoing: Outgoing = Outgoing()
    dialer: Dialer = Dialer()
    care: Care = Care()
    notices: Notices = Notices()
    callbacks: Callbacks = Callbacks()
    owners: Owners = Owners()
    requests: Requests = Requests()
    hooks: Hooks = Hooks()
    media: Media = Media()
    speech: Speech = Speech()
    web: Web = Web()
    paths: Paths = Paths()
    departments: list[Department] = []
    phones: list[Phone] = []
    trunks: list[Trunk] = []
    lines: list[Line] = []

    @model_validator(mode="after")
    def _refers_to_what_exists(self) -> "Settings":
        known = [phone.ext for phone in self.phones]
        for ext in known:
            if known.count(ext) > 1:
                raise ValueError(f"phone {ext} is written twice in [[phones]]")
        for line in self.lines:
            for ladder in line.ladders:
                for ext in (*ladder.primary, *ladder.backup):
                    if ext not in known:
                        raise ValueError(
                            f"line {line.name!r} rings phone {ext}, which is not in [[phones]]"
                        )
        dids = [did for line in self.lines for did in line.did]
        for did in dids:
            if dids.count(did) > 1:
                raise ValueError(f"number {did} belongs to two lines")
        return self

    def phone(self, ext: str) -> Phone | None:
        return next((phone for phone in self.phones if phone.ext == ext), None)

    def line(self, name: str) -> Line | None:
        return next((line for line in self.lines if line.name == name), None)

    def line_of(self, did: str) -> Line | None:
        return next((line for line in self.lines if did in line.did), None)


def load(path: Path, environ: dict[str, str] | None = None) -> Settings:
    """Read `path`; relative paths in it are made absolute.

    Raises UserError with the setting's name, what is wrong and what to write.
    """
    try:
        data: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; `ivr init` writes one") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read ({error})") from None
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{path}: is not TOML: {error}") from None
    secret = (os.environ if environ is None else environ).get("IVR_AMI__SECRET")
    if secret:
        data.setdefault("ami", {})["secret"] = secret
    try:
        settings = Settings.model_validate(data)
    except ValidationError as error:
        raise UserError(f"{path}: {_sentence(error)}") from None
    base = path.parent.resolve()
    paths = settings.paths
    fixed = Paths(
        data=base / paths.data,
        prompts=base / paths.prompts,
        cel=None if paths.cel is None else base / paths.cel,
    )
    return settings.model_copy(update={"paths": fixed})


def _sentence(error: ValidationError) -> str:
    sentences = []
    for item in error.errors():
        where = ".".join(str(part) for part in item["loc"])
        if item["type"] == "extra_forbidden":
            sentences.append(f"there is no setting {where}; check its spelling or remove it")
        elif item["type"] == "missing":
            sentences.append(f"{where} is missing")
        else:
            what = item["msg"].removeprefix("Value error, ")
            given = item.get("input")
            shown = "" if isinstance(given, dict | list) else f" (it is {given!r})"
            sentences.append(f"{where}: {what}{shown}" if where else what)
    return "; ".join(sentences)
