"""The HTTP application: areas put together, with what all of them need.

An area is a module with

    def routes() -> list[web.RouteDef]           # each handler marked by ivr.web.access
    def set_up(app: web.Application) -> None     # optional: keys, on_startup, on_cleanup

and stands in AREAS. Everything else about a page is in the docstrings of access
(who may), render (pages), forms, openapi (the API), i18n (words), audit, assets.
"""

import time
from types import ModuleType

import structlog
from aiohttp import web

from ivr.service import TOKEN_FILE, Service
from ivr.store.audit import AuditTable
from ivr.web import (
    assets,
    board,
    callbacks,
    callbacks_api,
    desk,
    docs,
    health,
    inbound,
    log,
    notice_api,
    notices,
    owner_api,
    owners,
    problems,
    recordings,
    report,
    requests,
    requests_api,
    security,
    sessions,
    signin,
    story,
)
from ivr.web.access import BODY, SERVICE, STILL_SIGNED_IN, Handler, access_of
from ivr.web.assets import ASSETS, Assets
from ivr.web.audit import AUDIT
from ivr.web.render import ENVIRONMENT, PATHS, environment
from ivr.web.sessions import SESSIONS, Sessions
from ivr.web.settings_pages import (
    frame,
    ladders,
    people,
    record,
    roster,
    sounds,
    state,
    tokens,
    webhooks,
)
from ivr.web.signin import THROTTLES, Throttles
from ivr.web.users import USERS, Users

AREAS: tuple[ModuleType, ...] = (
    assets,
    health,
    signin,
    docs,
    board,
    desk,
    log,
    frame,
    ladders,
    roster,
    sounds,
    state,
    people,
    tokens,
    webhooks,
    record,
    requests,
    requests_api,
    callbacks,
    callbacks_api,
    owners,
    owner_api,
    notices,
    notice_api,
    story,
    recordings,
    report,
    inbound,
)

logger = structlog.get_logger(__name__)


def create_app(service: Service) -> web.Application:
    """Everything that is served. Raises RuntimeError for a handler that says not who may."""
    app = web.Application(middlewares=[_limits, problems.middleware, sessions.middleware])
    settings, db = service.settings, service.db
    app[SERVICE] = service
    app[SESSIONS] = Sessions(db, settings.site.id, settings.web)
    app[STILL_SIGNED_IN] = sessions.still_signed_in
    app[USERS] = Users(db, settings)
    app[AUDIT] = AuditTable(db, settings.site.id)
    app[THROTTLES] = Throttles()
    app[ASSETS] = Assets()
    app[ENVIRONMENT] = environment()
    for area in AREAS:
        app.add_routes(area.routes())
        if set_up := getattr(area, "set_up", None):
            set_up(app)
    for route in app.router.routes():
        if access_of(route.handler) is None:
            raise RuntimeError(f"{route}: its handler says not who may use it (ivr.web.access)")
    app[PATHS] = frozenset(
        resource.canonical for resource in app.router.resources() if "{" not in resource.canonical
    )
    app.on_response_prepare.append(_headers)
    app.on_startup.append(_start)
    app.on_cleanup.append(_close)
    return app


@web.middleware
async def _limits(request: web.Request, handler: Handler) -> web.StreamResponse:
    """As large a body as the handler takes. First of all: what follows shares one request."""
    access = access_of(request.match_info.handler)
    return await handler(request.clone(client_max_size=access.body if access else BODY))


async def _headers(request: web.Request, response: web.StreamResponse) -> None:
    security.add_headers(request.app[SERVICE].settings.web, request, response)


async def _start(app: web.Application) -> None:
    service = app[SERVICE]
    await app[SESSIONS].adopt(service.token, f"data/{TOKEN_FILE}", time.time())
    password = await app[USERS].first_admin()
    if password is not None:
        logger.warning(
            "first start: sign in with this password once, then choose your own",
            login="admin",
            password=password,
        )


async def _close(app: web.Application) -> None:
    app[USERS].close()
