"""What goes on right now: open calls, phones, today's figures, what is unwell."""

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog

from ivr.calls import numbers
from ivr.calls.facts import CallEnded, CallHeld, Fact, Marked
from ivr.calls.model import Call, Direction
from ivr.calls.record import breached
from ivr.calls.rings import deadline_s, ring_number
from ivr.pbx import events as ev
from ivr.service import Component, Service
from ivr.talk.speech.choose import KEYS
from ivr.web.callers import Caller, Callers
from ivr.web.stream import Audience, Hub

log = structlog.get_logger(__name__)

FIGURES_EVERY_S = 1.0  # at most
FIGURES_AT_LEAST_S = 20.0  # so that midnight, and what other processes did, are seen
HEALTH_EVERY_S = 3.0
ENDED_KEPT = 200  # calls that are over and perhaps not in the log yet

# Asterisk's device states, in the words of the wallboard; ON_HOLD holds the line too.
PHONE_STATES = {
    "NOT_INUSE": "idle",
    "RINGING": "ringing",
    "RINGINUSE": "talking",
    "INUSE": "talking",
    "BUSY": "talking",
    "ONHOLD": "talking",
    "UNAVAILABLE": "offline",
    "INVALID": "offline",
}


def live(service: Service, now: float, *, show_numbers: bool) -> dict[str, Any]:
    """Open calls, in order of beginning, and the phones. Times are UTC epoch seconds."""
    rules = service.settings.rings
    calls = []
    for call in service.tracker.calls:
        view = describe(call)
        waiting = call.ring_at is not None and call.answer_at is None
        waited = now - call.ring_at if waiting and call.ring_at is not None else None
        over = waited is not None and waited >= deadline_s(rules.max_rings, rules.ring_cadence_s)
        view |= {
            "ring_s": waited,
            "rings": None if waited is None else ring_number(waited, rules.ring_cadence_s),
            "at_risk": call.call_id in service.enforcer.at_risk and call.answer_at is None,
            "breach": over or breached(call, rules),
        }
        calls.append(view if show_numbers else masked(view))
    phones = [
        {
            "ext": phone.ext,
            "name": phone.name,
            "state": service.devices.get(phone.device, "UNKNOWN").lower(),
        }
        for phone in service.settings.phones
    ]
    return {"at": now, "calls": calls, "phones": phones}


def describe(call: Call) -> dict[str, Any]:
    """What of a call changes only when something happens to it."""
    return {
        "call_id": call.call_id,
        "direction": call.direction.value,
        "caller": call.caller,
        "caller_name": call.caller_name,
        "called": call.called,
        "state": _state(call),
        "started_at": call.start_at,
        "ring_at": call.ring_at,
        "answered_ext": call.answered_ext,
        "answered_at": call.answer_at,
        "system_answered_at": call.system_answer_at,
        "phones": [
            {
                "ext": leg.ext,
                "rang": leg.rang,
                "talking": leg.answer_at is not None and leg.end_at is None,
                "outcome": leg.outcome.value if leg.outcome else None,
            }
            for leg in call.legs
        ],
        "transfers": [
            {
                "kind": each.kind.value,
                "by": each.by,
                "to": each.to,
                "outcome": each.outcome.value if each.outcome else None,
            }
            for each in call.transfers
        ],
    }


def masked(view: Mapping[str, Any]) -> dict[str, Any]:
    """For whom a number is no business of theirs."""
    return {
        **view,
        "caller": numbers.mask(view["caller"]),
        "caller_name": "",
        "called": numbers.mask(view["called"]),
    }


def _state(call: Call) -> str:
    if call.answer_at is not None:
        return "talking"
    if call.system_answer_at is not None:
        return "system_answered"
    return "ringing" if call.ring_at is not None else "arriving"


Counts = Callable[[], Awaitable[dict[str, int]]]
"""Things to do, by name; see `Live`."""


class Live:
    """A subscriber of facts and events that keeps the hub's state true.

    Parts of the state: calls (id → call), phones (extension → phone), today, todo,
    health (component → ok and, if it is not, why), rings (the rule).
    """

    def __init__(self, service: Service, counts: Counts) -> None:
        self._service = service
        self._counts = counts
        self._callers = Callers(service.owners, self._found)
        self._dirty: set[str] = set()
        self._held: set[str] = set()
        self._ended: OrderedDict[str, Call] = OrderedDict()
        self._calls: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {}
        rules = service.settings.rings
        self._rings = {"max": rules.max_rings, "cadence_s": rules.ring_cadence_s}
        self._phones: dict[str, dict[str, Any]] = {}
        self._today: dict[str, Any] = {}
        self._todo: dict[str, int] = {}
        self._health: dict[str, dict[str, Any]] = {}
        self._figures_wanted = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._unsubscribe: list[Callable[[], None]] = []
        self.hub = Hub(self._state)

    async def start(self) -> None:
        self._see_phones()
        self._see_health()
        self._unsubscribe = [
            self._service.subscribe(self._on_fact),
            self._service.session.subscribe(self._on_event),
        ]
        self._tasks = [
            asyncio.create_task(self._follow_figures(), name="live-figures"),
            asyncio.create_task(self._follow_health(), name="live-health"),
        ]
        self.hub.start()

    async def close(self) -> None:
        for end in self._unsubscribe:
            end()
        for task in self._tasks:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*self._tasks)
        await self._callers.close()
        await self.hub.close()

    def recount(self) -> None:
        """A figure or something to do has changed; it is counted within a second."""
        self._figures_wanted.set()

    def call(self, call_id: str) -> Call | None:
        """An open call, or one that ended just now; others are in the log."""
        is_open = (each for each in self._service.tracker.calls if each.call_id == call_id)
        return next(is_open, None) or self._ended.get(call_id)

    # --- what happens ----------------------------------------------------------

    def _on_fact(self, fact: Fact) -> None:
        call: Call | None = fact.call
        match fact:
            case CallEnded():
                self._held.discard(fact.call.call_id)
                self._ended[fact.call.call_id] = fact.call
                if len(self._ended) > ENDED_KEPT:
                    self._ended.popitem(last=False)
                self.recount()
            case CallHeld(held=held):
                (self._held.add if held else self._held.discard)(fact.call.call_id)
            case Marked():
                self.recount()
            case _:
                pass
        if call is not None:
            self._dirty.add(call.call_id)
            self.hub.touch()

    def _on_event(self, event: ev.Event) -> None:
        match event:
            case ev.DeviceState():
                self._see_phones()
            case ev.Snapshot() | ev.Disconnected():
                self._calls.clear()  # what is true now may have come about unseen
                self._see_phones()
                self._see_health()
            case _:
                return
        self.hub.touch()

    def _found(self, number: str) -> None:
        for call in self._service.tracker.calls:
            if _other_side(call) == number:
                self._dirty.add(call.call_id)
        self.hub.touch()

    # --- what is true ----------------------------------------------------------

    def _state(self) -> Mapping[Audience, Mapping[str, Any]]:
        views: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {}
        for call in self._service.tracker.calls:
            known = self._calls.get(call.call_id)
            if known is None or call.call_id in self._dirty:
                full = self._view(call)
                known = (_pruned(masked(full)), _pruned(full))
            views[call.call_id] = known
        self._calls = views
        self._dirty.clear()
        common = {
            "phones": self._phones,
            "today": self._today,
            "todo": self._todo,
            "health": self._health,
            "rings": self._rings,
        }
        return {
            Audience.MASKED: {"calls": {id_: one for id_, (one, _) in views.items()}, **common},
            Audience.FULL: {"calls": {id_: one for id_, (_, one) in views.items()}, **common},
        }

    def _view(self, call: Call) -> dict[str, Any]:
        line = self._service.settings.line_of(call.called)
        caller = self._callers.of(_other_side(call))
        return {
            **describe(call),
            "line": line.title if line else "",
            "held": call.call_id in self._held,
            "breach": breached(call, self._service.settings.rings),
            "by_system": call.attempt_id is not None,
            "owner": None if caller is None else _owner(caller),
        }

    def _see_phones(self) -> None:
        devices = self._service.devices
        self._phones = {
            phone.ext: {
                "name": phone.name,
                "department": phone.department,
                "state": PHONE_STATES.get(devices.get(phone.device, ""), "unknown"),
            }
            for phone in self._service.settings.phones
            if not phone.outside
        }

    def _see_health(self) -> None:
        """A component that is well says no more: its details change all the time."""
        health = self._service.health()
        if self._service.settings.speech.engine != KEYS:  # else nobody misses it
            ears = self._service.speech
            health["speech"] = Component(ears.name != KEYS, ears.why)
        self._health = {
            name: {"ok": True} if part.ok else {"ok": False, "detail": part.detail}
            for name, part in health.items()
        }

    # --- what is counted -------------------------------------------------------

    async def _follow_figures(self) -> None:
        while True:
            self._figures_wanted.clear()
            try:
                self._today = _pruned(await self._service.today())
                self._todo = await self._counts()
                self.hub.touch()
            except Exception as error:  # a full disk, say: the calls are shown all the same
                log.warning("today's figures cannot be counted", why=str(error))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(FIGURES_AT_LEAST_S):
                    await self._figures_wanted.wait()
            await asyncio.sleep(FIGURES_EVERY_S)  # a call's row is there a little after its end

    async def _follow_health(self) -> None:
        while True:
            await asyncio.sleep(HEALTH_EVERY_S)
            try:
                self._see_phones()  # Asterisk told of all of them, but not by events
                self._see_health()
                self.hub.touch()
            except OSError as error:
                log.warning("the service's health is not known", why=str(error))


def _other_side(call: Call) -> str:
    """The number outside."""
    return call.called if call.direction is Direction.OUTBOUND else call.caller


def _owner(caller: Caller) -> dict[str, Any]:
    return {"address": caller.address, "homes": list(caller.homes), "care": list(caller.care)}


def _pruned(view: Mapping[str, Any]) -> dict[str, Any]:
    """Without what has no value: in a merge patch None deletes."""
    return {name: value for name, value in view.items() if value is not None}
