"""What goes on right now, as JSON: the data of the wallboard."""

from typing import Any

from ivr.calls import numbers
from ivr.calls.model import Call
from ivr.calls.rings import deadline_s, ring_number
from ivr.service import Service


def live(service: Service, now: float, *, show_numbers: bool) -> dict[str, Any]:
    """Open calls, in order of beginning, and the phones. Times are UTC epoch seconds."""
    return {
        "at": now,
        "calls": [_call(service, call, now, show_numbers) for call in service.tracker.calls],
        "phones": [
            {
                "ext": phone.ext,
                "name": phone.name,
                "state": service.devices.get(phone.device, "UNKNOWN").lower(),
            }
            for phone in service.settings.phones
        ],
    }


def _call(service: Service, call: Call, now: float, show_numbers: bool) -> dict[str, Any]:
    rules = service.settings.rings
    waiting = call.ring_at is not None and call.answer_at is None
    waited = now - call.ring_at if waiting and call.ring_at is not None else None
    show = (lambda text: text) if show_numbers else numbers.mask
    return {
        "call_id": call.call_id,
        "direction": call.direction.value,
        "caller": show(call.caller),
        "caller_name": call.caller_name if show_numbers else "",
        "called": call.called,
        "state": _state(call),
        "started_at": call.start_at,
        "ring_s": waited,
        "rings": None if waited is None else ring_number(waited, rules.ring_cadence_s),
        "at_risk": call.call_id in service.enforcer.at_risk and call.answer_at is None,
        "breach": waited is not None
        and waited >= deadline_s(rules.max_rings, rules.ring_cadence_s),
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


def _state(call: Call) -> str:
    if call.answer_at is not None:
        return "talking"
    if call.system_answer_at is not None:
        return "system_answered"
    return "ringing" if call.ring_at is not None else "arriving"
