"""Who is signed in: a random cookie, whose SHA-256 is a row in the store.

A session ends when nobody used it for `web.session_idle_h`, and in any case
`web.session_days` after it began; signing in always begins a new one.
"""

import secrets
import time
from dataclasses import dataclass

from aiohttp import web
from aiohttp.http import HttpProcessingError
from multidict import MultiDictProxy

from ivr import ids
from ivr.settings import Web
from ivr.store.database import Database
from ivr.store.sessions import SessionRow, SessionTable, SignedIn
from ivr.store.users import TokenRow, TokenTable
from ivr.web import i18n, security
from ivr.web.access import (
    BODY,
    SERVICE,
    USER,
    Access,
    Handler,
    Role,
    User,
    access_of,
    check,
    is_api,
)

TOUCH_S = 60.0  # a session's last use is written this often
HOUR = 3600.0
LANGUAGE_COOKIE = "language"
THEME_COOKIE = "theme"
THEMES = ("light", "dark")
CHANGING = ("/account", "/account/password")
"""Open to somebody who has to change their password."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A new session: the cookie is told once."""

    cookie: str
    user_id: str


class Sessions:
    """Sessions of browsers and tokens of machines, for one site."""

    def __init__(self, db: Database, site: str, settings: Web) -> None:
        self._table = SessionTable(db, site)
        self._tokens = TokenTable(db, site)
        self._settings = settings

    def _limits(self, now: float) -> dict[str, float]:
        return {
            "seen_after": now - self._settings.session_idle_h * HOUR,
            "created_after": now - self._settings.session_days * 24 * HOUR,
        }

    async def begin(self, user_id: str, address: str, agent: str, now: float) -> Begun:
        """A new session; rows of sessions that ran out go at the same time."""
        cookie = secrets.token_urlsafe(32)
        await self._table.end_old(**self._limits(now))
        await self._table.add(
            SessionRow(
                hash=security.digest(cookie),
                user_id=user_id,
                created_at=now,
                seen_at=now,
                address=address,
                agent=agent[:200],
            )
        )
        return Begun(cookie, user_id)

    async def find(self, cookie: str, now: float) -> User | None:
        """Whose session the cookie is; being asked is use of it."""
        found = await self._table.get(security.digest(cookie), **self._limits(now))
        if found is None:
            return None
        # A clock that was set back must not stop the count.
        if abs(now - found.session.seen_at) > TOUCH_S:
            await self._table.seen(found.session.hash, now)
        return _person(found)

    async def of_user(self, user_id: str, now: float) -> list[SessionRow]:
        """Those that hold, the latest first."""
        return await self._table.of_user(user_id, **self._limits(now))

    async def end(self, hash: str) -> None:
        await self._table.end(hash)

    async def end_of_user(self, user_id: str, *, but: str = "") -> None:
        """All of a user's sessions, save the one whose hash is `but`."""
        await self._table.end_of_user(user_id, but=but)

    # --- machines --------------------------------------------------------------

    async def machine(self, token: str, now: float) -> User | None:
        """Whose token it is; None when it holds no longer or never did."""
        row = await self._tokens.by_hash(security.digest(token))
        if row is None:
            return None
        if row.used_at is None or abs(now - row.used_at) > TOUCH_S:
            await self._tokens.used(row.id, now)
        return User(id=row.id, login=row.name, name=row.name, role=Role(row.role), machine=True)

    async def adopt(self, token: str, name: str, now: float) -> None:
        """Let a token that lies in a file hold, unless it was revoked."""
        await self._tokens.add(_token_row(name, Role.MANAGER, token, "ivr", now))

    async def issue(self, name: str, role: Role, by: str, now: float) -> tuple[TokenRow, str]:
        """A new token; its text is told once."""
        token = secrets.token_urlsafe(32)
        row = _token_row(name, role, token, by, now)
        await self._tokens.add(row)
        return row, token

    async def tokens(self) -> list[TokenRow]:
        return await self._tokens.all()

    async def revoke(self, id: str, now: float) -> TokenRow | None:
        """The token that holds no longer; None when there is none with this id."""
        await self._tokens.revoke(id, now)
        return await self._tokens.by_id(id)


SESSIONS = web.AppKey("sessions", Sessions)


def cookie_name(settings: Web, request: web.BaseRequest) -> str:
    """Behind https the browser itself guards the cookie (__Host-)."""
    return "__Host-ivr" if security.is_https(settings, request) else "ivr"


def set_cookie(request: web.Request, response: web.StreamResponse, cookie: str) -> None:
    settings = request.app[SERVICE].settings.web
    response.set_cookie(
        cookie_name(settings, request),
        cookie,
        path="/",
        httponly=True,
        samesite="Lax",
        secure=security.is_https(settings, request),
        max_age=int(settings.session_days * 24 * HOUR),
    )


def forget_cookie(request: web.Request, response: web.StreamResponse) -> None:
    settings = request.app[SERVICE].settings.web
    response.del_cookie(
        cookie_name(settings, request),
        path="/",
        httponly=True,
        samesite="Lax",
        secure=security.is_https(settings, request),
    )


class ForeignOrigin(Exception):  # noqa: N818 - these say what happened
    """A change that another site's page sent. Answered by ivr.web.problems."""


class StaleForm(Exception):  # noqa: N818
    """A change from our own page, whose session is another by now."""


@web.middleware
async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Find out who asks, and let them pass or not."""
    access = access_of(request.match_info.handler) or Access(None, True, BODY)
    await _identify(request)
    check(request, access)
    _first_the_password(request, access)
    user = request.get(USER)
    if request.method not in security.SAFE and not (user and user.machine):
        await _check_origin(request, access)
    return await handler(request)


def _first_the_password(request: web.Request, access: Access) -> None:
    """Who has a one-time password chooses their own before anything else."""
    user: User | None = request.get(USER)
    if access.role is None or user is None or not user.must_change:
        return
    if request.path in CHANGING:
        return
    if is_api(request):
        raise web.HTTPForbidden(reason="Choose a password of your own first, at /account")
    raise web.HTTPSeeOther("/account")


async def _identify(request: web.Request) -> None:
    settings = request.app[SERVICE].settings.web
    sessions = request.app[SESSIONS]
    user: User | None = None
    bearer = request.headers.get("Authorization", "")
    if bearer:
        if is_api(request) and bearer.startswith("Bearer "):
            user = await sessions.machine(bearer.removeprefix("Bearer "), time.time())
    elif cookie := request.cookies.get(cookie_name(settings, request)):
        user = await sessions.find(cookie, time.time())
        if user is not None:
            request[security.CSRF] = security.csrf_of(cookie)
    if user is not None:
        request[USER] = user
    i18n.set_language((user and user.language) or request.cookies.get(LANGUAGE_COOKIE, ""))


async def _check_origin(request: web.Request, access: Access) -> None:
    if not security.is_same_origin(request.app[SERVICE].settings.web, request):
        raise ForeignOrigin
    if access.role is None:
        return  # a public form, such as the sign-in, does nothing in the session's name
    given = request.headers.get(security.CSRF_HEADER)
    if given is None and not is_api(request):
        field = (await read_post(request)).get(security.CSRF_FIELD, "")
        given = field if isinstance(field, str) else ""
    if not security.same(given or "", request[security.CSRF]):
        raise StaleForm


async def still_signed_in(request: web.Request) -> bool:
    """See ivr.web.access.still_signed_in."""
    user = request.get(USER)
    if user is None:
        return False
    if user.machine:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return await request.app[SESSIONS].machine(token, time.time()) is not None
    settings = request.app[SERVICE].settings.web
    cookie = request.cookies.get(cookie_name(settings, request), "")
    return await request.app[SESSIONS].find(cookie, time.time()) is not None


async def read_post(
    request: web.Request,
) -> "MultiDictProxy[str | bytearray | bytes | web.FileField]":
    """The form's fields. Raises HTTPBadRequest when the body is no form.

    Call it instead of `request.post()`, which lets broken bodies through as
    whatever exception they cause.
    """
    try:
        return await request.post()
    except (ValueError, LookupError, AssertionError, HttpProcessingError) as error:
        raise web.HTTPBadRequest(reason="The body is no form") from error


def _person(found: SignedIn) -> User:
    return User(
        id=found.session.user_id,
        login=found.login,
        name=found.name,
        role=Role(found.role),
        ext=found.ext,
        language=found.language,
        must_change=found.must_change,
        session=found.session.hash,
    )


def _token_row(name: str, role: Role, token: str, by: str, now: float) -> TokenRow:
    return TokenRow(
        id=ids.uuid7(now),
        name=name,
        role=role.value,
        hash=security.digest(token),
        created_by=by,
        created_at=now,
    )
