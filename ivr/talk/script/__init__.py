"""Conversation scripts: YAML in, a conversation out.

`load` reads one, `check` says what may go wrong in a call, `Machine` is the engine,
`perform` holds the conversation on a line, `Recordings` renders what is said beforehand.
"""

from ivr.talk.script.actions import Reply, Result
from ivr.talk.script.check import check
from ivr.talk.script.machine import Machine
from ivr.talk.script.model import Script
from ivr.talk.script.read import Problem, ScriptError, find, load
from ivr.talk.script.render import Recordings
from ivr.talk.script.texts import spoken

__all__ = [
    "Machine",
    "Problem",
    "Recordings",
    "Reply",
    "Result",
    "Script",
    "ScriptError",
    "check",
    "find",
    "load",
    "spoken",
]
