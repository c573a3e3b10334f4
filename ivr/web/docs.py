"""The API's description, for programs (OpenAPI 3.1) and for people (Swagger)."""

import json

from aiohttp import web

from ivr.web.access import Role, needs
from ivr.web.i18n import gettext as _
from ivr.web.openapi import document
from ivr.web.render import page


def routes() -> list[web.RouteDef]:
    return [
        web.get("/api/v1/openapi.json", openapi),
        web.get("/api/docs", swagger),
    ]


@needs(Role.CLERK)
async def openapi(request: web.Request) -> web.Response:
    text = json.dumps(document(), ensure_ascii=False)
    made = web.Response(text=text, content_type="application/json")
    made.enable_compression()
    return made


@needs(Role.CLERK)
async def swagger(request: web.Request) -> web.StreamResponse:
    return await page(request, "docs.html", title=_("接口文档"))
