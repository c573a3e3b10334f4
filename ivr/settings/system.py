"""Everything around: webhooks, pages and API, folders."""

import ipaddress
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, field_validator

from ivr.settings.section import Section


class HookTarget(Section):
    """A system of the office that is told what happens, by signed HTTP requests."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,32}$")]
    url: Annotated[str, StringConstraints(pattern=r"^https?://[^\s@]{1,500}$")]
    events: list[Literal["call.ended", "limit.breach", "request.changed", "survey.done"]] = Field(
        ["call.ended", "limit.breach", "request.changed", "survey.done"], min_length=1
    )


class Hooks(Section):
    """Webhooks, out to `targets` and in from the office's own system."""

    targets: list[HookTarget] = Field([])
    allow_private: bool = Field(
        False, description="targets may be on the local network (private, loopback addresses)"
    )
    timeout_s: float = Field(10, gt=0, le=60)
    tries: int = Field(12, ge=1, description="waits double from 10 s to 6 h; then it is given up")


class Web(Section):
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


class Paths(Section):
    """Relative paths start at the folder of ivr.toml."""

    data: Path = Field(Path("data"), description="database, recordings, spool")
    prompts: Path = Field(Path("data/prompts"), description="rendered prompts")
    cel: Path | None = Field(
        None, description="Asterisk's cel-custom/ivr.csv; mends the log after a gap"
    )
