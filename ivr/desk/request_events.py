"""A request and what happened to it, as other systems are told (webhooks, API). Pure."""

from typing import Any

from ivr.desk.request import Entry, Request, What

CHANGED = "request.changed"
BREACH = "limit.breach"


def event(request: Request, entry: Entry) -> tuple[str, dict[str, Any]]:
    """The event's name and its data; times are seconds since the epoch."""
    name = BREACH if entry.what is What.BREACH else CHANGED
    return name, {"request": fields(request), "entry": entry_fields(entry)}


def fields(request: Request) -> dict[str, Any]:
    return {name: getattr(request, name) for name in Request.__dataclass_fields__}


def entry_fields(entry: Entry) -> dict[str, Any]:
    names = ("id", "at", "by", "what", "from_state", "to_state", "text", "need")
    return {name: getattr(entry, name) for name in names}
