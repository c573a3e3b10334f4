"""Who asks, and what they may do.

Every handler says who may use it; `create_app` refuses one that does not:

    @needs(Role.CLERK)                  # a clerk or anybody above, or a machine's token
    @needs(Role.ADMIN, machine=False)   # people only
    @needs(Role.CLERK, body=20 * MB)    # and takes an upload of that many bytes
    @public                             # no sign-in

Inside, `user_of(request)` is the `User`, and `request.app[SERVICE]` the service.
A page that nobody signed in asks for leads to /sign-in and back; the API answers
401 or 403 as a problem. `shows(user, Role.MANAGER)` asks a rank inside a handler.

A machine is a bearer token on a path below /api/. It carries a role of its own
(the token's), so ranks are compared the same way; `user.machine` tells it apart.

An open stream (SSE) asks `await still_signed_in(request)` now and then: it counts
as use of the session, and is False once the session was ended.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from aiohttp import web

from ivr.service import Service
from ivr.web.i18n import N_

SERVICE = web.AppKey("service", Service)

MB = 1024 * 1024
BODY = MB // 2
"""The largest body a handler takes that says nothing else, in bytes."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
H = TypeVar("H", bound=Callable[..., Awaitable[Any]])


class Role(StrEnum):
    """What somebody may do; each may do what the one before may."""

    CLERK = "clerk"
    SUPERVISOR = "supervisor"
    MANAGER = "manager"
    ADMIN = "admin"


ROLE_WORDS = {
    Role.CLERK: N_("客服"),
    Role.SUPERVISOR: N_("主管"),
    Role.MANAGER: N_("经理"),
    Role.ADMIN: N_("管理员"),
}
_RANKS = {role: rank for rank, role in enumerate(Role)}


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Who is signed in. `id` is the token's for a machine."""

    id: str
    login: str
    name: str
    role: Role
    ext: str = ""  # their desk phone
    language: str = ""  # of the pages; empty: the site's
    must_change: bool = False  # only the page to change the password is open to them
    machine: bool = False
    session: str = ""  # hash of the session; empty for a machine


@dataclass(frozen=True, slots=True)
class Access:
    """What a handler's decorator said."""

    role: Role | None  # None: everybody
    machine: bool
    body: int


class SignInNeeded(Exception):  # noqa: N818 - these say what happened
    """Nobody is signed in, or no longer. Answered by ivr.web.problems."""


class NotAllowed(Exception):  # noqa: N818
    """The user's role does not reach. Answered by ivr.web.problems."""

    def __init__(self, role: Role) -> None:
        self.role = role


USER = web.RequestKey("user", User)


def needs(role: Role, *, machine: bool = True, body: int = BODY) -> Callable[[H], H]:
    """Open to `role` and those above; `body` is the largest request in bytes."""
    return _marking(Access(role, machine, body))


def public(handler: H) -> H:
    """Open to everybody."""
    return _marking(Access(None, True, BODY))(handler)


def _marking(access: Access) -> Callable[[H], H]:
    def mark(handler: H) -> H:
        handler.access = access  # type: ignore[attr-defined]
        return handler

    return mark


def access_of(handler: object) -> Access | None:
    """What the handler's decorator said; None when it has none."""
    return getattr(handler, "access", None)


def check(request: web.Request, access: Access) -> None:
    """Raises SignInNeeded or NotAllowed."""
    if access.role is None:
        return
    user = request.get(USER)
    if user is None:
        raise SignInNeeded
    if not shows(user, access.role) or (user.machine and not access.machine):
        raise NotAllowed(access.role)


def shows(user: User, role: Role) -> bool:
    """Whether the user has `role` or stands above it."""
    return _RANKS[user.role] >= _RANKS[role]


def user_of(request: web.Request) -> User:
    """Who asks; only behind `needs`."""
    user: User | None = request.get(USER)
    if user is None:
        raise SignInNeeded
    return user


def maybe_user(request: web.Request) -> User | None:
    """Who asks, if somebody is signed in; for `public` handlers."""
    return request.get(USER)


StillSignedIn = Callable[[web.Request], Awaitable[bool]]
STILL_SIGNED_IN = web.AppKey[StillSignedIn]("still_signed_in")


async def still_signed_in(request: web.Request) -> bool:
    """For streams: whether the session holds; being asked keeps it from going idle."""
    return await request.app[STILL_SIGNED_IN](request)


def is_api(request: web.BaseRequest) -> bool:
    """Whether a program asks: below /api/, or one of the machine-read paths."""
    return request.path.startswith("/api/") or request.path in ("/healthz", "/metrics")
