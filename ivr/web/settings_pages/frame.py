"""What the settings pages share: their tabs."""

from typing import Any

from aiohttp import web

from ivr.web.access import Role, needs, shows, user_of
from ivr.web.i18n import N_
from ivr.web.render import page

TABS = (
    ("/settings/ladders", N_("振铃顺序"), Role.SUPERVISOR),
    ("/settings/roster", N_("值班表"), Role.SUPERVISOR),
    ("/settings/hours", N_("时间与节假日"), Role.SUPERVISOR),
    ("/settings/prompts", N_("提示音"), Role.SUPERVISOR),
    ("/settings/speech", N_("语音与运行"), Role.SUPERVISOR),
    ("/settings/users", N_("用户"), Role.ADMIN),
    ("/settings/tokens", N_("接口令牌"), Role.ADMIN),
    ("/settings/hooks", N_("事件推送"), Role.ADMIN),
    ("/settings/audit", N_("操作记录"), Role.MANAGER),
)
"""Path, words, and who sees it."""


async def tab(request: web.Request, template: str, *, title: str, **context: Any) -> web.Response:
    """A settings page with the tabs above it."""
    user = user_of(request)
    tabs = [(path, words) for path, words, role in TABS if shows(user, role)]
    return await page(request, f"settings/{template}", title=title, tabs=tabs, **context)


def routes() -> list[web.RouteDef]:
    return [web.get("/settings", first)]


@needs(Role.SUPERVISOR, machine=False)
async def first(request: web.Request) -> web.StreamResponse:
    raise web.HTTPSeeOther(TABS[0][0])
