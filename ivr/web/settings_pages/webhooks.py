"""Webhooks: who is told what happens here, and whether it arrives."""

import asyncio

from aiohttp import web

from ivr.hooks.secrets import Secrets
from ivr.settings import HookTarget
from ivr.web.access import SERVICE, Role, needs
from ivr.web.audit import audit
from ivr.web.i18n import N_
from ivr.web.i18n import gettext as _
from ivr.web.settings_pages.frame import tab

EVENTS = {
    "call.ended": N_("通话结束"),
    "limit.breach": N_("时限超时"),
    "request.changed": N_("工作单变动"),
    "survey.done": N_("回访完成"),
}


def routes() -> list[web.RouteDef]:
    return [
        web.get("/settings/hooks", show),
        web.post("/settings/hooks/{name}/test", test),
        web.post("/settings/hooks/{name}/again", again),
        web.post("/settings/hooks/{name}/secret", secret),
    ]


@needs(Role.ADMIN, machine=False)
async def show(request: web.Request) -> web.StreamResponse:
    return await _show(request)


async def _show(
    request: web.Request,
    *,
    told: tuple[str, str, bool] | None = None,
    shown: tuple[str, str] | None = None,
) -> web.StreamResponse:
    service = request.app[SERVICE]
    counts = {row["target"]: row for row in await service.hooks.counts()}
    return await tab(
        request,
        "webhooks.html",
        title=_("事件推送"),
        hooks=service.settings.hooks,
        counts=counts,
        events=EVENTS,
        told=told,
        shown=shown,
    )


def _target(request: web.Request) -> HookTarget:
    name = request.match_info["name"]
    targets = request.app[SERVICE].settings.hooks.targets
    found = next((each for each in targets if each.name == name), None)
    if found is None:
        raise web.HTTPNotFound
    return found


@needs(Role.ADMIN, machine=False)
async def test(request: web.Request) -> web.StreamResponse:
    """Send an event "test" now and say what came of it."""
    target = _target(request)
    status, taken = await request.app[SERVICE].hooks.test(target.name)
    await audit(request, "hook.test", target.name, detail=status)
    return await _show(request, told=(target.name, status, taken))


@needs(Role.ADMIN, machine=False)
async def again(request: web.Request) -> web.StreamResponse:
    """Try once more what was given up."""
    target = _target(request)
    count = await request.app[SERVICE].hooks.again(target.name)
    await audit(request, "hook.again", target.name, detail=str(count))
    raise web.HTTPSeeOther("/settings/hooks")


@needs(Role.ADMIN, machine=False)
async def secret(request: web.Request) -> web.StreamResponse:
    """Show the secret that signs what the target gets."""
    target = _target(request)
    data = request.app[SERVICE].settings.paths.data
    text = await asyncio.to_thread(Secrets(data).of, target.name)
    await audit(request, "hook.secret", target.name)
    return await _show(request, shown=(target.name, text))
