"""Requests and the entries of their history as the store has them. Pure."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from ivr import ids
from ivr.calls import numbers
from ivr.desk.limits import Limit, Moment, moments
from ivr.desk.request import Entry, Request, RequestKind, RequestState, Severity, What
from ivr.store.database import Row
from ivr.store.requests import Step, Times


def request_of(row: Row) -> Request:
    values = {field: row[field] for field in Request.__dataclass_fields__}
    return Request(
        **values
        | {
            "kind": RequestKind(row["kind"]),
            "severity": Severity(row["severity"]),
            "state": RequestState(row["state"]),
        }
    )


def entry_of(row: Row) -> Entry:
    return Entry(
        id=row["id"],
        request=row["request"],
        at=row["at"],
        by=row["by_whom"],
        what=What(row["what"]),
        from_state=None if row["from_state"] is None else RequestState(row["from_state"]),
        to_state=RequestState(row["to_state"]),
        text=row["text"],
        need=row["need"],
    )


def made(
    request: Request,
    what: What,
    by: str,
    now: float,
    text: str,
    before: RequestState | None = None,
    need: str = "",
) -> Entry:
    """A new entry of `request`, whose state was `before`."""
    return Entry(
        id=ids.uuid7(now),
        request=request.id,
        at=now,
        by=by,
        what=what,
        from_state=before,
        to_state=request.state,
        text=text,
        need=need,
    )


def values_of(request: Request, open_limits: list[Limit], told: set[Step]) -> dict[str, Any]:
    """Its columns, but for `origin`, which never changes."""
    return (
        asdict(request)
        | {"phone_key": numbers.key(request.phone)}
        | times(open_limits, told)._asdict()
    )


def times(open_limits: list[Limit], told: set[Step]) -> Times:
    """What the clock goes by."""
    ahead = (moment.at for moment in moments(open_limits) if step_of(moment) not in told)
    due_at = min((limit.breach_at for limit in open_limits), default=None)
    return Times(due_at, min(ahead, default=None))


def step_of(moment: Moment) -> Step:
    return Step(moment.need, moment.step, moment.breach_at)


def steps_of(found: Iterable[Moment]) -> set[Step]:
    return set(map(step_of, found))
