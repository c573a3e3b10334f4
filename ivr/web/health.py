"""Health and figures, for watchdogs and Prometheus."""

from aiohttp import web

from ivr.web.access import SERVICE, public
from ivr.web.openapi import ApiModel, Args, Nothing, api, routes_of


class ComponentOut(ApiModel):
    ok: bool
    detail: str


class Health(ApiModel):
    status: str
    components: dict[str, ComponentOut]


def routes() -> list[web.RouteDef]:
    return [web.get("/metrics", metrics), *routes_of(__name__)]


@api(
    "GET",
    "/healthz",
    summary="200 while everything works, else 503 with what does not",
    returns=Health,
    role=None,
)
async def healthz(request: web.Request, args: Args[Nothing, Nothing]) -> web.Response:
    components = request.app[SERVICE].health()
    fine = all(component.ok for component in components.values())
    found = Health(
        status="ok" if fine else "degraded",
        components={
            name: ComponentOut(ok=part.ok, detail=part.detail) for name, part in components.items()
        },
    )
    return web.Response(
        body=found.model_dump_json().encode(),
        status=200 if fine else 503,
        content_type="application/json",
    )


@public
async def metrics(request: web.Request) -> web.Response:
    return web.Response(
        body=request.app[SERVICE].metrics.text(),
        headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"},
    )
