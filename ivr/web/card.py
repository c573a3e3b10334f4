"""The caller's card: who it is, what to say, what they had before, what is open for them."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from ivr.calls import numbers
from ivr.calls.model import Call, Direction
from ivr.desk import scope as scopes
from ivr.desk.home import Home
from ivr.desk.owner import UNNAMED, Owner
from ivr.desk.request import UNDONE, Request, RequestState
from ivr.errors import UserError
from ivr.outbound.model import Campaign, CampaignState
from ivr.outbound.notice import Notice, Phase
from ivr.outbound.notices import KIND
from ivr.outbound.spoken import greeting_daypart
from ivr.service import Service
from ivr.settings import Site
from ivr.store.calls import CallRow
from ivr.store.requests import RequestFilter
from ivr.store.search import CallFilter
from ivr.web.callers import Caller, described

LAST_CALLS = 5
OPEN_REQUESTS = 8
NOTICES_FOR_S = 24 * 3600.0  # an outage is spoken of for so long after it ended

NOT_CLOSED = tuple(
    state.value for state in (*UNDONE, RequestState.RESOLVED, RequestState.CALLING_BACK)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """`call_id` is Asterisk's; `row` is there when the call is over and logged."""

    call_id: str
    direction: str
    number: str  # of the one outside
    called: str
    line: str
    started_at: float | None
    row: CallRow | None
    owners: tuple[Owner, ...]
    caller: Caller | None
    greeting: str
    intent: str
    note: str
    calls: tuple[CallRow, ...]  # earlier ones with the number, newest first
    requests: tuple[Request, ...]  # of the number or its homes, not closed
    notices: tuple[tuple[Campaign, Notice], ...]  # what is told to its homes now
    made: tuple[Request, ...]  # requests this call has led to

    @property
    def home(self) -> str:
        """Where there is no doubt which."""
        return self.caller.homes[0] if self.caller and len(self.caller.homes) == 1 else ""


async def card(service: Service, current: Callable[[str], Call | None], call_id: str) -> Card:
    """The card of a call that is open (`current` finds those), or in the log.

    Raises UserError when there is none.
    """
    call = current(call_id)
    row = await _row(service, call_id, call)
    known = _of_call(call) if call is not None else _of_row(row)
    owners = await service.owners.by_number(known["number"])
    homes = tuple(dict.fromkeys(home for owner in owners for home in owner.homes))
    caller = described(owners)
    intent, note = await _written(service, known["call_id"], row)
    line = service.settings.line_of(known["called"])
    return Card(
        **known,
        line=line.title if line else "",
        row=row,
        owners=tuple(owners),
        caller=caller,
        greeting=greeting(caller, service.settings.site, time.time()),
        intent=intent,
        note=note,
        calls=await _earlier(service, known["number"], known["call_id"]),
        requests=await _open_requests(service, known["number"], homes),
        notices=await _notices(service, homes),
        made=await _made(service, known["call_id"]),
    )


def greeting(caller: Caller | None, site: Site, now: float) -> str:
    """What the clerk says first: 您好 and the company's name; then a known owner by
    surname and time of day (服务操作规程; RULES.md, "On the telephone")."""
    opening = f"您好，{site.company}。"
    if caller is None or caller.address == UNNAMED:
        return f"{opening}请问有什么可以帮您？"
    part = greeting_daypart(datetime.fromtimestamp(now, site.zone))
    return f"{opening}{caller.address}，{part}好！"


async def _row(service: Service, call_id: str, call: Call | None) -> CallRow | None:
    """None while the call goes on, or has ended and is about to be written."""
    if call is None:
        return await service.calls.get(call_id)
    if call.end_at is None or not await service.calls.known([call_id]):
        return None
    return await service.calls.get(call_id)


def _of_call(call: Call) -> dict[str, Any]:
    outbound = call.direction is Direction.OUTBOUND
    return {
        "call_id": call.call_id,
        "direction": call.direction.value,
        "number": call.called if outbound else call.caller,
        "called": call.called,
        "started_at": call.start_at,
    }


def _of_row(row: CallRow | None) -> dict[str, Any]:
    if row is None:
        raise UserError("There is no such call")
    return {
        "call_id": row.call_id,
        "direction": row.direction,
        "number": row.called if row.direction == Direction.OUTBOUND else row.caller,
        "called": row.called,
        "started_at": row.start_at,
    }


async def _written(service: Service, call_id: str, row: CallRow | None) -> tuple[str, str]:
    if row is not None:
        return row.intent, row.note
    kept = await service.calls.kept_record(call_id)
    return (kept.intent, kept.note) if kept else ("", "")


async def _earlier(service: Service, number: str, call_id: str) -> tuple[CallRow, ...]:
    key = numbers.key(number)
    if not key:
        return ()
    found = await service.calls.find(CallFilter(number=key, limit=LAST_CALLS + 1))
    return tuple(row for row in found.rows if row.call_id != call_id)[:LAST_CALLS]


async def _open_requests(
    service: Service, number: str, homes: Sequence[Home]
) -> tuple[Request, ...]:
    ours = RequestFilter(states=NOT_CLOSED, limit=OPEN_REQUESTS)
    wanted = [replace(ours, home=str(home)) for home in homes]
    if key := numbers.key(number):
        wanted.append(replace(ours, phone_key=key))
    found: dict[str, Request] = {}
    for each in wanted:
        page = await service.requests.find(each)
        found.update((request.id, request) for request in page.rows)
    return tuple(found.values())[:OPEN_REQUESTS]


async def _made(service: Service, call_id: str) -> tuple[Request, ...]:
    page = await service.requests.find(RequestFilter(call=call_id, limit=OPEN_REQUESTS))
    return tuple(page.rows)


async def _notices(service: Service, homes: Sequence[Home]) -> tuple[tuple[Campaign, Notice], ...]:
    """Of outages that concern the homes and are not over, being told or told already."""
    if not homes:
        return ()
    notices, ledger = service.outbound.notices, service.outbound.dialer.ledger
    found = []
    for state in (CampaignState.RUNNING, CampaignState.PAUSED, CampaignState.DONE):
        for campaign in await ledger.campaigns(state):
            if campaign.kind != KIND or campaign.not_after < time.time() - NOTICES_FOR_S:
                continue
            notice, _place = await notices.notice(campaign)
            scope = scopes.parse(notice.scope)
            over = notice.end.timestamp() < time.time() and notice.phase is not Phase.RESTORED
            if not over and any(home in scope for home in homes):
                found.append((campaign, notice))
    return tuple(found)
