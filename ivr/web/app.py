"""The HTTP application.

Everything that shows a number or changes something wants the token that the
first start wrote into the data folder (`Authorization: Bearer …`).
"""

import hmac
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from typing import Any

from aiohttp import web

from ivr.calls.model import TransferKind
from ivr.calls.transfer import transfer
from ivr.errors import UserError
from ivr.pbx.session import ActionTimeout, ConnectionLost
from ivr.service import Service
from ivr.store.calls import CallFilter
from ivr.web.live import live

SERVICE = web.AppKey("service", Service)
MOST_ROWS = 1000

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def create_app(service: Service) -> web.Application:
    app = web.Application(middlewares=[_problems], client_max_size=64 * 1024)
    app[SERVICE] = service
    app.add_routes(
        [
            web.get("/healthz", healthz),
            web.get("/metrics", metrics),
            web.get("/api/v1/live", live_state),
            web.get("/api/v1/today", today),
            web.get("/api/v1/worklist", worklist),
            web.get("/api/v1/calls", calls),
            web.get("/api/v1/calls/{id}", one_call),
            web.post("/api/v1/calls/{id}/transfer", transfer_call),
        ]
    )
    return app


def _json(data: Any, status: int = 200) -> web.Response:
    return web.json_response(
        data, status=status, dumps=lambda value: json.dumps(value, ensure_ascii=False)
    )


@web.middleware
async def _problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Mistakes are answered as problems (RFC 9457), never as a stack trace."""
    try:
        return await handler(request)
    except UserError as error:
        return _problem(400, str(error))
    except (ConnectionLost, ActionTimeout) as error:
        return _problem(503, f"Asterisk cannot be reached: {error}")
    except web.HTTPException as error:
        return _problem(error.status, error.reason, error.headers)


TELLING = ("WWW-Authenticate", "Allow")  # headers that belong to their status


def _problem(status: int, detail: str, headers: Mapping[str, str] | None = None) -> web.Response:
    kept = {name: headers[name] for name in TELLING if name in headers} if headers else {}
    return web.json_response(
        {"type": "about:blank", "status": status, "detail": detail},
        status=status,
        headers=kept,
        content_type="application/problem+json",
        dumps=lambda value: json.dumps(value, ensure_ascii=False),
    )


def _is_trusted(request: web.Request) -> bool:
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    return hmac.compare_digest(given.encode(), request.app[SERVICE].token.encode())


def _require_token(request: web.Request) -> Service:
    if not _is_trusted(request):
        raise web.HTTPUnauthorized(
            reason="the token of data/api-token is missing or wrong",
            headers={"WWW-Authenticate": "Bearer"},
        )
    return request.app[SERVICE]


async def healthz(request: web.Request) -> web.Response:
    """200 while everything works, else 503 with what does not."""
    components = request.app[SERVICE].health()
    fine = all(component.ok for component in components.values())
    body = {
        "status": "ok" if fine else "degraded",
        "components": {name: part._asdict() for name, part in components.items()},
    }
    return _json(body, 200 if fine else 503)


async def metrics(request: web.Request) -> web.Response:
    return web.Response(
        body=request.app[SERVICE].metrics.text(),
        headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"},
    )


async def live_state(request: web.Request) -> web.Response:
    """What goes on now; numbers are masked without the token."""
    service = request.app[SERVICE]
    return _json(live(service, time.time(), show_numbers=_is_trusted(request)))


async def today(request: web.Request) -> web.Response:
    return _json(await request.app[SERVICE].today())


async def worklist(request: web.Request) -> web.Response:
    """Whom to phone back: abandoned calls and callers who asked for it, oldest first."""
    service = _require_token(request)
    entries = await service.worklist.entries()
    return _json({"entries": [asdict(entry) for entry in entries]})


async def calls(request: web.Request) -> web.Response:
    """Rows of the log, newest first: since, until (epoch seconds), number, disposition,
    breach, direction, staff, limit."""
    service = _require_token(request)
    page = await service.calls.find(_filter(request))
    return _json({"total": page.total, "calls": [asdict(row) for row in page.rows]})


def _filter(request: web.Request) -> CallFilter:
    query = dict(request.query)
    wanted: dict[str, Any] = {"limit": 100}
    try:
        for name in ("since", "until"):
            if name in query:
                wanted[name] = float(query.pop(name))
        if "limit" in query:
            wanted["limit"] = min(MOST_ROWS, max(1, int(query.pop("limit"))))
    except ValueError:
        raise UserError("since, until and limit are numbers") from None
    if "breach" in query:
        wanted["breach"] = query.pop("breach").lower() in {"1", "true", "yes"}
    for name in ("number", "disposition", "direction", "staff"):
        if name in query:
            wanted[name] = query.pop(name)
    if query:
        raise UserError(f"there is no filter {next(iter(query))!r}")
    return CallFilter(**wanted)


async def one_call(request: web.Request) -> web.Response:
    service = _require_token(request)
    return _json(asdict(await service.calls.get(request.match_info["id"])))


async def transfer_call(request: web.Request) -> web.Response:
    """{"to": "201", "kind": "blind" | "attended"}: send the caller on."""
    service = _require_token(request)
    call_id = request.match_info["id"]
    call = next((each for each in service.tracker.calls if each.call_id == call_id), None)
    if call is None:
        raise UserError(f"There is no open call {call_id!r}")
    try:
        body = await request.json()
        to, kind = str(body["to"]), TransferKind(body.get("kind", "blind"))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UserError('The body is {"to": "201", "kind": "blind" or "attended"}') from None
    await transfer(service.settings, service.switch, call, to, kind)
    return _json({"call_id": call_id, "to": to, "kind": kind.value}, 202)
