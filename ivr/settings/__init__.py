"""Everything an office can set, read from one TOML file (`ivr.toml`).

A secret may stand in the file or come from the environment (`IVR_AMI__SECRET`).
Numbers that come from the trade's rules carry the rule as their default. `Settings` is
the whole, `load` reads it; its sections stand in `telephony`, `desk`, `outbound`, `system`.
"""

from ivr.settings.desk import Department, Owners, Requests, Site
from ivr.settings.model import Settings
from ivr.settings.outbound import Callbacks, Care, Dialer, Notices, Outgoing, Speech
from ivr.settings.read import load
from ivr.settings.section import HOURS, Device, Extension, Number, Pattern
from ivr.settings.system import Hooks, HookTarget, Paths, Web
from ivr.settings.telephony import (
    Ami,
    Ladder,
    Line,
    Media,
    Phone,
    Recording,
    Rings,
    Transfers,
    Trunk,
    Waiting,
)

__all__ = [
    "HOURS",
    "Ami",
    "Callbacks",
    "Care",
    "Department",
    "Device",
    "Dialer",
    "Extension",
    "HookTarget",
    "Hooks",
    "Ladder",
    "Line",
    "Media",
    "Notices",
    "Number",
    "Outgoing",
    "Owners",
    "Paths",
    "Pattern",
    "Phone",
    "Recording",
    "Requests",
    "Rings",
    "Settings",
    "Site",
    "Speech",
    "Transfers",
    "Trunk",
    "Waiting",
    "Web",
    "load",
]
