"""The webhook by which the office's own system reports requests and resolves them."""

import json
import time
from dataclasses import dataclass
from typing import Any, Literal

from aiohttp import web
from pydantic import Field, ValidationError

from ivr.desk.intake import ORIGIN_LENGTH, TEXT_LENGTH, Draft
from ivr.desk.request import UNDONE, RequestState
from ivr.desk.requests import Requests
from ivr.errors import UserError
from ivr.hooks import signing
from ivr.hooks.secrets import INBOUND, Secrets
from ivr.web.access import SERVICE, public
from ivr.web.audit import audit
from ivr.web.openapi import ApiModel
from ivr.web.requests_api import RequestIn


@dataclass(frozen=True, slots=True)
class Told:
    """What came of a message from the office's own system."""

    number: str
    state: RequestState
    created: bool


class InboundIn(ApiModel):
    """What the office's own system tells; `id` is its own."""

    id: str = Field(min_length=1, max_length=ORIGIN_LENGTH)
    action: Literal["create", "resolve"]
    request: RequestIn | None = Field(None, description="of create")
    text: str = Field("", max_length=TEXT_LENGTH, description="of resolve: what was done")


def routes() -> list[web.RouteDef]:
    return [web.post("/api/v1/hooks/requests", inbound)]


@public
async def inbound(request: web.Request) -> web.Response:
    """The office's own system reports a request or resolves it, signed with the secret of
    `ivr hooks secret inbound` (ivr.hooks.signing). The same message twice does it once."""
    service = request.app[SERVICE]
    body = await request.read()
    secret = Secrets(service.settings.paths.data).of(INBOUND)
    timestamp = request.headers.get(signing.TIMESTAMP, "")
    given = request.headers.get(signing.SIGNATURE, "")
    if not signing.is_signed(secret, timestamp, given, body, time.time()):
        raise web.HTTPUnauthorized(reason="the signature is missing, wrong or too old")
    try:
        asked = InboundIn.model_validate(json.loads(body))
    except (ValueError, RecursionError) as error:
        raise UserError(f"the message is not understood: {_first(error)}") from None
    told = await _take(service.requests, asked)
    await audit(request, f"hook.{asked.action}", told.number, detail=asked.id)
    values: dict[str, Any] = {"number": told.number, "state": told.state, "created": told.created}
    return web.json_response(values, status=201 if told.created else 200)


async def _take(book: Requests, asked: InboundIn) -> Told:
    now = time.time()
    before = await book.of_origin(asked.id)
    if asked.action == "create":
        if asked.request is None:
            raise UserError("create: the message has no request")
        draft = Draft(**asked.request.model_dump() | {"origin": asked.id})
        made = before or await book.create(draft, by=INBOUND, now=now)
        return Told(made.number, made.state, created=before is None)
    if before is None:
        raise web.HTTPNotFound(reason=f"no request came with the id {asked.id!r}")
    if before.state in UNDONE:
        before = await book.resolve(before.id, by=INBOUND, now=now, text=asked.text)
    return Told(before.number, before.state, created=False)


def _first(error: Exception) -> str:
    if isinstance(error, ValidationError):
        wrong = error.errors()[0]
        where = ".".join(map(str, wrong["loc"]))
        return f"{where}: {wrong['msg']}"
    return "it is no JSON"
