"""Users and roles: who may sign in, and what they may do."""

import time
from typing import Annotated

from aiohttp import web
from pydantic import Field, field_validator

from ivr.errors import UserError
from ivr.store.users import UserRow
from ivr.web import i18n
from ivr.web.access import ROLE_WORDS, SERVICE, Role, needs, user_of
from ivr.web.audit import audit
from ivr.web.forms import Form, FormModel, Text, empty, read_form
from ivr.web.i18n import N_
from ivr.web.i18n import gettext as _
from ivr.web.sessions import SESSIONS
from ivr.web.settings_pages.frame import tab
from ivr.web.users import LOGIN, USERS, LastAdmin, LoginTaken, new_password

MAY = {
    Role.CLERK: N_("接听来电、填写记录、处理工作单"),
    Role.SUPERVISOR: N_("另可查看报表与录音、安排值班"),
    Role.MANAGER: N_("另可审批通知、修改提示音、查看操作记录"),
    Role.ADMIN: N_("另可管理用户、令牌与事件推送"),
}


class Person(FormModel):
    name: Annotated[Text, Field(max_length=40)]
    role: Role = Role.CLERK
    ext: str = Field("", max_length=32)
    language: str = ""

    @field_validator("language")
    @classmethod
    def _known(cls, value: str) -> str:
        return value if value in i18n.LANGUAGES else ""


class NewPerson(Person):
    login: Annotated[Text, Field(max_length=64)]

    @field_validator("login")
    @classmethod
    def _login(cls, value: str) -> str:
        if not LOGIN.match(value.lower()):
            raise ValueError(_("用小写字母、数字和 . _ @ -，以字母或数字开头"))
        return value.lower()


def routes() -> list[web.RouteDef]:
    return [
        web.get("/settings/users", show),
        web.post("/settings/users", add),
        web.get("/settings/users/{id}", edit),
        web.post("/settings/users/{id}", change),
        web.post("/settings/users/{id}/password", reset),
        web.post("/settings/users/{id}/disable", disable),
        web.post("/settings/users/{id}/enable", enable),
    ]


@needs(Role.ADMIN, machine=False)
async def show(request: web.Request) -> web.StreamResponse:
    return await _list(request, Form(values={"role": Role.CLERK.value}))


async def _list(
    request: web.Request,
    form: Form[NewPerson],
    *,
    made: tuple[str, str] | None = None,
    status: int = 200,
) -> web.StreamResponse:
    return await tab(
        request,
        "people.html",
        title=_("用户与角色"),
        status=status,
        form=form,
        people=await request.app[USERS].all(),
        made=made,
        **_choices(request),
    )


def _choices(request: web.Request) -> dict[str, list[tuple[str, str]]]:
    phones = request.app[SERVICE].settings.phones
    return {
        "roles": [(role.value, f"{_(ROLE_WORDS[role])} · {_(MAY[role])}") for role in Role],
        "phones": [
            ("", _("没有")),
            *((each.ext, f"{each.ext} {each.name}") for each in phones if not each.outside),
        ],
        "languages": [("", _("跟随浏览器设置")), *i18n.LANGUAGES.items()],
    }


@needs(Role.ADMIN, machine=False)
async def add(request: web.Request) -> web.StreamResponse:
    """The one-time password is shown once, on the page that answers."""
    form = await read_form(request, NewPerson)
    if form.value is not None:
        given, password = form.value, new_password()
        try:
            row = await request.app[USERS].add(
                given.login,
                name=given.name,
                role=given.role,
                ext=given.ext,
                language=given.language,
                password=password,
            )
        except LoginTaken:
            form.refuse("login", _("这个用户名已被使用"))
        except UserError:
            form.refuse("ext", _("没有这部分机"))
        else:
            await audit(request, "user.add", row.login, detail=row.role)
            return await _list(request, Form(), made=(row.login, password))
    return await _list(request, form, status=422)


@needs(Role.ADMIN, machine=False)
async def edit(request: web.Request) -> web.StreamResponse:
    row = await _row(request)
    person = Person(name=row.name, role=Role(row.role), ext=row.ext, language=row.language)
    return await _edit(request, row, empty(person))


async def _edit(
    request: web.Request,
    row: UserRow,
    form: Form[Person],
    *,
    made: tuple[str, str] | None = None,
    status: int = 200,
) -> web.StreamResponse:
    return await tab(
        request,
        "person.html",
        title=row.name,
        status=status,
        form=form,
        row=row,
        made=made,
        sessions=await request.app[SESSIONS].of_user(row.id, time.time()),
        saved="saved" in request.query,
        **_choices(request),
    )


async def _row(request: web.Request) -> UserRow:
    try:
        return await request.app[USERS].get(request.match_info["id"])
    except UserError:
        raise web.HTTPNotFound from None


@needs(Role.ADMIN, machine=False)
async def change(request: web.Request) -> web.StreamResponse:
    row = await _row(request)
    form = await read_form(request, Person)
    if form.value is None:
        return await _edit(request, row, form, status=422)
    given = form.value
    try:
        await request.app[USERS].change(
            row.id, name=given.name, role=given.role, ext=given.ext, language=given.language
        )
    except LastAdmin:
        form.refuse("role", _("这是最后一位管理员，请先指定另一位"))
    except UserError:
        form.refuse("ext", _("没有这部分机"))
    if form.value is None:
        return await _edit(request, row, form, status=422)
    await audit(request, "user.change", row.login, detail=f"{row.role} → {given.role.value}")
    raise web.HTTPSeeOther(f"/settings/users/{row.id}?saved")


@needs(Role.ADMIN, machine=False)
async def reset(request: web.Request) -> web.StreamResponse:
    """A new one-time password; they are signed out everywhere."""
    row = await _row(request)
    password = new_password()
    await request.app[USERS].set_password(row.id, password, must_change=True)
    await request.app[SESSIONS].end_of_user(row.id)
    await audit(request, "user.reset", row.login)
    person = Person(name=row.name, role=Role(row.role), ext=row.ext, language=row.language)
    if row.id == user_of(request).id:
        raise web.HTTPSeeOther("/sign-in")
    return await _edit(request, row, empty(person), made=(row.login, password))


@needs(Role.ADMIN, machine=False)
async def disable(request: web.Request) -> web.StreamResponse:
    row = await _row(request)
    try:
        await request.app[USERS].disable(row.id)
    except LastAdmin:
        person = Person(name=row.name, role=Role(row.role), ext=row.ext, language=row.language)
        form = empty(person).refuse("", _("这是最后一位管理员，请先指定另一位"))
        return await _edit(request, row, form, status=409)
    await request.app[SESSIONS].end_of_user(row.id)
    await audit(request, "user.disable", row.login)
    raise web.HTTPSeeOther("/settings/users")


@needs(Role.ADMIN, machine=False)
async def enable(request: web.Request) -> web.StreamResponse:
    row = await _row(request)
    await request.app[USERS].enable(row.id)
    await audit(request, "user.enable", row.login)
    raise web.HTTPSeeOther(f"/settings/users/{row.id}?saved")
