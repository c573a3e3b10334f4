"""Asterisk, its phones and lines, and how a call that comes in is answered."""

from typing import Annotated, Literal

from pydantic import Field, SecretStr, StringConstraints, field_validator, model_validator

from ivr.settings.section import HOURS, Device, Extension, Number, Section


class Ami(Section):
    host: str = "127.0.0.1"
    port: int = Field(5038, ge=1, le=65535)
    user: str = "ivr"
    secret: SecretStr = SecretStr("")
    timeout_s: float = Field(5.0, gt=0, description="an action without a response has failed")
    ping_s: float = Field(5.0, gt=0, description="a link silent for three of these is dead")


class Rings(Section):
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


class Waiting(Section):
    """What happens to a caller whom the system had to answer."""

    apology_every_s: int = Field(30, ge=5, description="对不起，让您久等了")
    end_after_s: int = Field(180, ge=0, description="0: the caller waits as long as they like")
    end: Literal["callback", "mobile"] = Field(
        "callback", description="offer a call back (press 1), or ring the duty mobile"
    )


class Recording(Section):
    enabled: bool = True
    retention_days: int = Field(180, ge=1)


class Phone(Section):
    """A desk phone of the office."""

    ext: Extension
    device: Device
    name: str = ""
    department: str = ""
    outside: bool = Field(False, description="a mobile reached over a trunk")


class Trunk(Section):
    """An outside line: channels named `device`-… bring and take outside calls."""

    device: Device
    lines: int = Field(30, ge=1)


class Ladder(Section):
    """Who rings, in which order, at which hours, for one line. First match wins."""

    days: Literal["all", "workday", "weekend", "holiday", "restday"] = Field(
        "all", description="by China's official calendar; restday is weekend or holiday"
    )
    hours: str = Field("00:00-24:00", description="site time; may pass midnight (18:00-08:00)")
    primary: list[Extension] = Field(min_length=1)
    backup: list[Extension] = Field([])
    mobile: Number | None = None

    @field_validator("hours")
    @classmethod
    def _hours(cls, value: str) -> str:
        if not HOURS.match(value) or (value[6:8] == "24" and value[9:] != "00"):
            raise ValueError("is no span of hours; write it like 08:00-18:00")
        return value


class Line(Section):
    """A number outside callers dial (DID) and the ladders that answer it."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]{1,32}$")]
    did: list[Number] = Field(min_length=1)
    title: str = "服务热线"
    ladders: list[Ladder] = Field(min_length=1)


class Transfers(Section):
    ring_s: float | None = Field(None, description="default: the three-ring deadline")
    max_hops: int = Field(5, ge=1, description="more transfers than this go to the ladder")


class Media(Section):
    """Where Asterisk brings the sound of a conversation (chan_websocket)."""

    host: str = "127.0.0.1"
    port: int = Field(8089, ge=0, le=65535)
