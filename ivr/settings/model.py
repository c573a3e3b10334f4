"""The settings as one, and what must agree between their sections."""

from pydantic import Field, model_validator

from ivr.settings.desk import Department, Owners, Requests, Site
from ivr.settings.outbound import Callbacks, Care, Dialer, Notices, Outgoing, Speech
from ivr.settings.section import Section
from ivr.settings.system import Hooks, Paths, Web
from ivr.settings.telephony import (
    Ami,
    Line,
    Media,
    Phone,
    Recording,
    Rings,
    Transfers,
    Trunk,
    Waiting,
)


class Settings(Section):
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
    departments: list[Department] = Field([])
    phones: list[Phone] = Field([])
    trunks: list[Trunk] = Field([])
    lines: list[Line] = Field([])

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
