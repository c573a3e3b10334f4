"""Machine tokens: what other programs of the office sign in with."""

import time
from typing import Annotated

from aiohttp import web
from pydantic import Field

from ivr.web.access import ROLE_WORDS, Role, needs, user_of
from ivr.web.audit import audit
from ivr.web.forms import Form, FormModel, Text, read_form
from ivr.web.i18n import gettext as _
from ivr.web.sessions import SESSIONS
from ivr.web.settings_pages.frame import tab


class NewToken(FormModel):
    name: Annotated[Text, Field(max_length=60)]
    role: Role = Role.CLERK


def routes() -> list[web.RouteDef]:
    return [
        web.get("/settings/tokens", show),
        web.post("/settings/tokens", issue),
        web.post("/settings/tokens/{id}/revoke", revoke),
    ]


@needs(Role.ADMIN, machine=False)
async def show(request: web.Request) -> web.StreamResponse:
    return await _list(request, Form(values={"role": Role.CLERK.value}))


async def _list(
    request: web.Request,
    form: Form[NewToken],
    *,
    made: tuple[str, str] | None = None,
    status: int = 200,
) -> web.StreamResponse:
    return await tab(
        request,
        "tokens.html",
        title=_("接口令牌"),
        status=status,
        form=form,
        tokens=await request.app[SESSIONS].tokens(),
        roles=[(role.value, _(ROLE_WORDS[role])) for role in Role if role is not Role.ADMIN],
        made=made,
    )


@needs(Role.ADMIN, machine=False)
async def issue(request: web.Request) -> web.StreamResponse:
    """The token is shown once, on the page that answers."""
    form = await read_form(request, NewToken)
    if form.value is not None and form.value.role is Role.ADMIN:
        form.refuse("role", _("请从列出的选项中选择"))
    if form.value is None:
        return await _list(request, form, status=422)
    row, token = await request.app[SESSIONS].issue(
        form.value.name, form.value.role, user_of(request).name, time.time()
    )
    await audit(request, "token.issue", row.name, detail=row.role)
    return await _list(request, Form(), made=(row.name, token))


@needs(Role.ADMIN, machine=False)
async def revoke(request: web.Request) -> web.StreamResponse:
    row = await request.app[SESSIONS].revoke(request.match_info["id"], time.time())
    if row is None:
        raise web.HTTPNotFound
    await audit(request, "token.revoke", row.name)
    raise web.HTTPSeeOther("/settings/tokens")
