"""What went wrong, in words: a page for people, a problem (RFC 9457) for programs."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import quote

import structlog
from aiohttp import web

from ivr.errors import UserError
from ivr.pbx.session import ActionTimeout, ConnectionLost
from ivr.web import security
from ivr.web.access import ROLE_WORDS, SERVICE, Handler, NotAllowed, SignInNeeded, is_api
from ivr.web.i18n import N_
from ivr.web.i18n import gettext as _
from ivr.web.render import fragment, page
from ivr.web.sessions import ForeignOrigin, StaleForm, read_post
from ivr.web.users import TooBusy

log = structlog.get_logger(__name__)

TELLING = ("WWW-Authenticate", "Allow", "Retry-After")  # headers that belong to their status

WORDS = {
    400: (N_("这个请求不对"), N_("请返回上一页，检查后再试。")),
    403: (N_("您没有这项权限"), N_("如需使用，请联系管理员。")),
    404: (N_("没有这个页面"), N_("它可能已被删除，或地址有误。")),
    405: (N_("不能这样打开"), N_("请从页面上的按钮操作。")),
    413: (N_("内容太大"), N_("请减少内容或选择较小的文件，再试一次。")),
    503: (N_("暂时办不到"), N_("请稍候再试。")),
    500: (N_("系统出错了"), N_("错误已记录，不是您的操作引起的。请稍后再试。")),
}


@web.middleware
async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every mistake is answered in words, never as a stack trace."""
    try:
        return await handler(request)
    except SignInNeeded:
        return await _sign_in(request)
    except StaleForm:
        return await _stale(request)
    except ForeignOrigin:
        return await _answer(request, 403, "The request came from another site's page")
    except NotAllowed as error:
        detail = f"This is for the role {error.role.value} and above"
        words = _("此功能需要“%(role)s”及以上权限。", role=_(ROLE_WORDS[error.role]))
        return await _answer(request, 403, detail, words=words)
    except UserError as error:
        return await _answer(request, 400, str(error))
    except TooBusy:
        words = _("登录的人太多，请过几秒再试。")
        return await _answer(
            request, 503, "Too many sign-ins at once", {"Retry-After": "2"}, words=words
        )
    except (ConnectionLost, ActionTimeout) as error:
        words = _("连不上电话系统（Asterisk），请联系管理员。")
        return await _answer(request, 503, f"Asterisk cannot be reached: {error}", words=words)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        return await _answer(request, error.status, error.reason, error.headers)
    except ConnectionResetError:
        return web.Response()  # they went away; nobody reads it
    except Exception as error:
        log.exception("a page failed", path=request.path, why=type(error).__name__)
        return await _answer(request, 500, "An error of ours; it was logged")


async def _answer(
    request: web.Request,
    status: int,
    detail: str,
    headers: Mapping[str, str] | None = None,
    *,
    words: str = "",
) -> web.StreamResponse:
    kept = {name: headers[name] for name in TELLING if name in headers} if headers else {}
    if is_api(request):
        return problem(status, detail, kept)
    title, advice = WORDS.get(status, WORDS[500 if status >= 500 else 400])
    # our own sentence says more than the status' name
    own = "" if detail == _phrase(status) or status in (404, 405, 500) else detail
    make = fragment if request.headers.get("HX-Request") else page
    template = "problem_line.html" if make is fragment else "problem.html"
    return await make(
        request,
        template,
        title=_(title),
        status=status,
        headers=kept,
        code=status,
        words=words or own,
        advice=_(advice),
    )


def problem(status: int, detail: str, headers: Mapping[str, str] | None = None) -> web.Response:
    """A problem as programs read it."""
    body = {
        "type": "about:blank",
        "status": status,
        "title": _phrase(status),
        "detail": detail,
    }
    return web.json_response(
        body,
        status=status,
        headers=headers,
        content_type="application/problem+json",
        dumps=lambda value: json.dumps(value, ensure_ascii=False),
    )


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


async def _sign_in(request: web.Request) -> web.StreamResponse:
    if is_api(request):
        return problem(
            401,
            "the token of data/api-token is missing or wrong, or nobody is signed in",
            {"WWW-Authenticate": "Bearer"},
        )
    if request.headers.get("HX-Request") or request.headers.get("X-Fetch"):
        # The page stays as it is, with all that was typed; session.js asks for the password.
        return web.Response(status=401, text=_("登录已过期"))
    if request.method in security.SAFE:
        raise web.HTTPSeeOther(f"/sign-in?next={quote(request.path_qs, safe='')}")
    if not security.is_same_origin(request.app[SERVICE].settings.web, request):
        return await _answer(request, 403, "The request came from another site's page")
    kept = await _kept(request)
    return await page(
        request,
        "account/sign_in.html",
        title=_("登录"),
        status=401,
        next=request.path_qs,
        kept=kept,
        expired=True,
        login="",
        error="",
    )


async def _stale(request: web.Request) -> web.StreamResponse:
    if is_api(request):
        return problem(403, "The header X-CSRF-Token is missing or of another session")
    if request.headers.get("HX-Request") or request.headers.get("X-Fetch"):
        return web.Response(status=401, text=_("登录已更新"))
    return await page(
        request,
        "account/resume.html",
        title=_("请再确认一次"),
        status=409,
        next=request.path_qs,
        kept=await _kept(request),
    )


async def _kept(request: web.Request) -> list[tuple[str, str]]:
    """What was typed, to be sent again after the sign-in. Files are not kept."""
    posted = await read_post(request)
    return [
        (name, value)
        for name, value in posted.items()
        if isinstance(value, str) and name != security.CSRF_FIELD
    ]
