"""Signing in and out, one's own account: password, sessions, language, light or dark."""

import asyncio
import time
from urllib.parse import urlsplit

from aiohttp import web

from ivr.errors import UserError
from ivr.web import i18n, security
from ivr.web.access import SERVICE, USER, Role, maybe_user, needs, public, shows, user_of
from ivr.web.audit import audit
from ivr.web.forms import Form, FormModel, read_form
from ivr.web.i18n import gettext as _
from ivr.web.render import PATHS, page
from ivr.web.sessions import (
    HOUR,
    LANGUAGE_COOKIE,
    SESSIONS,
    THEME_COOKIE,
    THEMES,
    cookie_name,
    forget_cookie,
    read_post,
    set_cookie,
)
from ivr.web.throttle import Throttle
from ivr.web.users import USERS

YEAR_S = int(365 * 24 * HOUR)
OWN = ("login", "password", "next", security.CSRF_FIELD)
KEPT = "kept:"  # fields of the form that was interrupted, in the sign-in's form


# The first sign that is found: most browsers name those they descend from as well.
BROWSERS = (
    ("MicroMessenger", "微信"),
    ("QQBrowser", "QQ"),
    ("Edg", "Edge"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
SYSTEMS = (
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Mac OS", "Mac"),
    ("Linux", "Linux"),
)


class Throttles:
    """Wrong passwords: from one address for one account, from one address, for one account."""

    def __init__(self) -> None:
        self._pair = Throttle(5)
        # An office shares one address behind its router.
        self._address = Throttle(100)
        # Generous: a stranger must not be able to lock somebody out with five tries.
        self._login = Throttle(50, first_s=5.0, longest_s=60.0)

    def wait_s(self, login: str, address: str, now: float) -> float:
        return max(
            self._pair.wait_s(f"{login} {address}", now),
            self._address.wait_s(address, now),
            self._login.wait_s(login, now),
        )

    def failed(self, login: str, address: str, now: float) -> None:
        self._pair.failed(f"{login} {address}", now)
        self._address.failed(address, now)
        self._login.failed(login, now)

    def succeeded(self, login: str, address: str) -> None:
        self._pair.succeeded(f"{login} {address}")
        self._address.forgiven(address)
        self._login.succeeded(login)


THROTTLES = web.AppKey("throttles", Throttles)


class Credentials(FormModel):
    login: str = ""
    password: str = ""
    next: str = "/"


class NewPassword(FormModel):
    old: str = ""
    new: str = ""
    again: str = ""


def routes() -> list[web.RouteDef]:
    return [
        web.get("/", home),
        web.get("/sign-in", show_sign_in),
        web.post("/sign-in", sign_in),
        web.post("/sign-out", sign_out),
        web.get("/account", account),
        web.post("/account/password", change_password),
        web.post("/account/sessions/end", end_sessions),
        web.post("/account/look", look),
    ]


@needs(Role.CLERK, machine=False)
async def home(request: web.Request) -> web.StreamResponse:
    """Each to where they work."""
    wanted = "/board" if shows(user_of(request), Role.SUPERVISOR) else "/desk"
    paths = request.app[PATHS]
    raise web.HTTPSeeOther(wanted if wanted in paths else "/account")


@public
async def show_sign_in(request: web.Request) -> web.StreamResponse:
    wanted = local(request.query.get("next", "/"))
    if maybe_user(request) is not None:
        raise web.HTTPSeeOther(wanted)
    return await _form(request, next=wanted)


@public
async def sign_in(request: web.Request) -> web.StreamResponse:
    """With what was typed before the session ran out in `kept:…`, which is given back."""
    posted = await read_form(request, Credentials)
    given = posted.value or Credentials()
    login, wanted = given.login.lower()[:64], local(given.next)
    kept = [
        (name.removeprefix(KEPT), value)
        for name, value in (await read_post(request)).items()
        if name.startswith(KEPT) and isinstance(value, str)
    ]
    settings = request.app[SERVICE].settings.web
    address = security.client_address(settings, request)
    throttles = request.app[THROTTLES]
    now = asyncio.get_running_loop().time()
    wait = throttles.wait_s(login, address, now)
    if wait > 0:
        words = _("密码错误次数过多，请在 %(seconds)d 秒后再试。", seconds=int(wait) + 1)
        retry = {"Retry-After": str(int(wait) + 1)}
        return await _form(
            request, next=wanted, login=login, error=words, kept=kept, status=429, headers=retry
        )
    # Not the form's value: a password may begin with a space.
    secret = (await read_post(request)).get("password", "")
    password = secret if isinstance(secret, str) else ""
    # Counted before it is checked: many at once are not many for the price of one.
    throttles.failed(login, address, now)
    row = await request.app[USERS].check(login, password)
    if row is None:
        await audit(request, "session.refused", login)
        words = _("用户名或密码不对。")
        return await _form(request, next=wanted, login=login, error=words, kept=kept, status=403)
    throttles.succeeded(login, address)
    sessions = request.app[SESSIONS]
    if old := request.cookies.get(cookie_name(settings, request)):
        await sessions.end(security.digest(old))
    begun = await sessions.begin(
        row.id, address, request.headers.get("User-Agent", ""), time.time()
    )
    await request.app[USERS].signed_in(row.id, time.time())
    user = await sessions.find(begun.cookie, time.time())
    await audit(request, "session.begin", login, by=user)
    csrf = security.csrf_of(begun.cookie)
    if request.headers.get("X-Fetch"):
        response: web.StreamResponse = web.json_response({"csrf": csrf})
    elif kept and user is not None:
        request[security.CSRF], request[USER] = csrf, user
        response = await page(
            request, "account/resume.html", title=_("请再确认一次"), next=wanted, kept=kept
        )
    else:
        response = web.Response(status=303, headers={"Location": wanted})
    set_cookie(request, response, begun.cookie)
    return response


async def _form(
    request: web.Request,
    *,
    next: str,
    login: str = "",
    error: str = "",
    kept: list[tuple[str, str]] | None = None,
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> web.StreamResponse:
    if request.headers.get("X-Fetch"):
        return web.json_response({"error": error}, status=status, headers=headers)
    return await page(
        request,
        "account/sign_in.html",
        title=_("登录"),
        status=status,
        headers=headers,
        next=next,
        login=login,
        error=error,
        kept=kept or [],
        expired=False,
    )


@public
async def sign_out(request: web.Request) -> web.StreamResponse:
    user = maybe_user(request)
    response = web.Response(status=303, headers={"Location": "/sign-in"})
    if user is not None:
        await request.app[SESSIONS].end(user.session)
        await audit(request, "session.end", user.login)
    forget_cookie(request, response)
    return response


@needs(Role.CLERK, machine=False)
async def account(request: web.Request) -> web.StreamResponse:
    return await _account(request, Form())


async def _account(
    request: web.Request, form: Form[NewPassword], status: int = 200
) -> web.StreamResponse:
    user = user_of(request)
    return await page(
        request,
        "account/account.html",
        title=_("我的账号"),
        status=status,
        form=form,
        sessions=await request.app[SESSIONS].of_user(user.id, time.time()),
        saved=request.query.get("saved", ""),
        device=device,
    )


@needs(Role.CLERK, machine=False)
async def change_password(request: web.Request) -> web.StreamResponse:
    """The old password once more; every other session of theirs ends."""
    user = user_of(request)
    form = await read_form(request, NewPassword)
    posted = await read_post(request)
    old, new, again = (str(posted.get(name, "")) for name in ("old", "new", "again"))
    form.values = {}  # passwords are not sent back
    if await request.app[USERS].check(user.login, old) is None:
        form.refuse("old", _("当前密码不对。"))
    elif new != again:
        form.refuse("again", _("两次输入的新密码不一样。"))
    elif new == old:
        form.refuse("new", _("新密码与当前密码相同，请换一个。"))
    else:
        try:
            await request.app[USERS].set_password(user.id, new, must_change=False)
        except UserError:
            form.refuse("new", _("至少 10 个字符，不要用用户名或重复的字符。"))
    if form.errors:
        return await _account(request, form, 422)
    await request.app[SESSIONS].end_of_user(user.id, but=user.session)
    await audit(request, "user.password", user.login)
    raise web.HTTPSeeOther("/" if user.must_change else "/account?saved=password")


@needs(Role.CLERK, machine=False)
async def end_sessions(request: web.Request) -> web.StreamResponse:
    """One of one's own sessions (`hash`), or all the others."""
    user = user_of(request)
    wanted = str((await read_post(request)).get("hash", ""))
    sessions = request.app[SESSIONS]
    if wanted:
        own = {each.hash for each in await sessions.of_user(user.id, time.time())}
        if wanted in own:
            await sessions.end(wanted)
    else:
        await sessions.end_of_user(user.id, but=user.session)
    await audit(request, "session.end", user.login)
    raise web.HTTPSeeOther("/account?saved=sessions")


@public
async def look(request: web.Request) -> web.StreamResponse:
    """The language and the theme of the pages: kept in cookies, the language also with the user."""
    posted = await read_post(request)
    response = web.Response(status=303, headers={"Location": local(str(posted.get("next", "/")))})
    language, theme = str(posted.get("language", "")), str(posted.get("theme", ""))
    if language in i18n.LANGUAGES:
        response.set_cookie(LANGUAGE_COOKIE, language, path="/", max_age=YEAR_S, samesite="Lax")
        user = maybe_user(request)
        if user is not None:
            await request.app[USERS].set_language(user.id, language)
    if theme in THEMES:
        response.set_cookie(THEME_COOKIE, theme, path="/", max_age=YEAR_S, samesite="Lax")
    elif posted.get("theme") == "":
        response.del_cookie(THEME_COOKIE, path="/")
    return response


def device(agent: str) -> str:
    """What a person calls the thing that sent this User-Agent: "Chrome · Windows"."""
    found = [
        next((name for sign, name in signs if sign in agent), "") for signs in (BROWSERS, SYSTEMS)
    ]
    return " · ".join(filter(None, found)) or agent[:40] or "?"


def local(address: str) -> str:
    """An address of ours, or "/": nobody is sent to another site after the sign-in."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return "/"
    odd = parts.scheme or parts.netloc or not address.startswith("/")
    if odd or address.startswith(("//", "/\\")) or any(ord(sign) < 32 for sign in address):
        return "/"
    return address
