"""Pages: Jinja2 templates with the words, filters and helpers that all of them use.

    return await page(request, "log/list.html", title=_("通话记录"), calls=rows)
    return await fragment(request, "log/rows.html", calls=rows)     # for htmx: no frame

A template extends "base.html" and fills `content`, and where it likes `toolbar`
(right of the title), `scripts` (`<script type="module" src="{{ static('x.js') }}">`)
and `styles`. Pass `bare=True` for a page without the navigation (the wallboard).

In every template:
  _  ngettext                 words (ivr.web.i18n)
  user  shows('manager')      who is signed in (or None); whether their rank reaches
  static('x.js')  lib('htmx') addresses of our files and of libraries ('' when missing)
  csrf_field()                the hidden field that every POST form has
  query(page=2)               this address's query with some values changed, for links
  now                         seconds since the epoch
  {{ at|moment }}             "14:32" today, "11-22 14:32" this year, else with the year
  {{ at|clock }}  {{ at|date }}   "14:32:05", "2026-11-22", in the site's zone
  {{ at|iso }}                for <time datetime="…">
  {{ s|span }}                seconds as "2:11" or "1:02:11"
  {{ share|percent }}         0.978 as "97.8 %"; None as "–"
  {{ number|masked }}         138****8000
  {{ value|json }}            JSON inside <script type="application/json">
Macros: `{% from "macros/forms.html" import field, choice, area, check %}`.
"""

import json
import time
from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Any
from urllib.parse import urlencode

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from ivr.calls import numbers
from ivr.web import i18n
from ivr.web.access import ROLE_WORDS, SERVICE, Role, User, maybe_user, shows
from ivr.web.assets import ASSETS
from ivr.web.security import CSRF, CSRF_FIELD
from ivr.web.sessions import THEME_COOKIE, THEMES

NAVIGATION = (
    ("/board", "board", i18n.N_("值班大屏"), Role.CLERK),
    ("/desk", "desk", i18n.N_("我的来电"), Role.CLERK),
    ("/calls", "calls", i18n.N_("通话记录"), Role.CLERK),
    ("/owners", "owners", i18n.N_("业主"), Role.CLERK),
    ("/requests", "requests", i18n.N_("服务工作单"), Role.CLERK),
    ("/notices", "notices", i18n.N_("通知"), Role.CLERK),
    ("/callbacks", "callbacks", i18n.N_("回访"), Role.CLERK),
    ("/reports", "reports", i18n.N_("报表"), Role.SUPERVISOR),
    ("/settings", "settings", i18n.N_("设置"), Role.SUPERVISOR),
)
"""Path, icon, words, and who sees it. A path that no area serves is left out."""

ENVIRONMENT = web.AppKey("environment", Environment)
PATHS = web.AppKey("paths", frozenset[str])


def environment() -> Environment:
    made = Environment(
        loader=PackageLoader("ivr.web", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    made.install_gettext_callables(  # type: ignore[attr-defined]
        lambda text: i18n.gettext(text),
        lambda one, many, count: (
            one if i18n.language() == i18n.CHINESE else i18n.gettext(one if count == 1 else many)
        ),
        newstyle=True,
    )
    made.filters |= {
        "moment": _moment,
        "clock": _clock,
        "date": _date,
        "iso": _iso,
        "span": span,
        "percent": percent,
        "masked": lambda number: numbers.mask(number or ""),
        "json": _json,
    }
    made.globals |= {"ROLE_WORDS": ROLE_WORDS, "LANGUAGES": i18n.LANGUAGES}
    return made


async def page(
    request: web.Request,
    template: str,
    *,
    title: str,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    bare: bool = False,
    **context: Any,
) -> web.Response:
    """A whole page; `title` stands in the window's bar and above the content."""
    text = _text(request, template, {"title": title, "bare": bare, **context})
    return _html(text, status, headers)


async def fragment(
    request: web.Request,
    template: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **context: Any,
) -> web.Response:
    """A piece of a page, for htmx to put in its place."""
    return _html(_text(request, template, context), status, headers)


def _html(text: str, status: int, headers: Mapping[str, str] | None) -> web.Response:
    made = web.Response(
        text=text, status=status, headers=headers, content_type="text/html", charset="utf-8"
    )
    if len(text) > 1024:
        made.enable_compression()
    return made


def _text(request: web.Request, template: str, context: Mapping[str, Any]) -> str:
    app = request.app
    service = app[SERVICE]
    user = maybe_user(request)
    assets = app[ASSETS]
    theme = request.cookies.get(THEME_COOKIE, "")
    common = {
        "request": request,
        "path": request.path,
        "user": user,
        "shows": lambda role: user is not None and shows(user, Role(role)),
        "site": service.settings.site,
        "zone": service.settings.site.zone,
        "language": i18n.language(),
        "theme": theme if theme in THEMES else "",
        "now": time.time(),
        "static": assets.static,
        "lib": assets.lib,
        "csrf": request.get(CSRF, ""),
        "csrf_field": lambda: _csrf_field(request.get(CSRF, "")),
        "query": lambda **changed: _query(request, changed),
        "navigation": _navigation(app[PATHS], user),
    }
    return app[ENVIRONMENT].get_template(template).render({**common, **context})


def _navigation(paths: frozenset[str], user: User | None) -> list[tuple[str, str, str]]:
    if user is None or user.must_change:
        return []
    return [
        (path, icon, words)
        for path, icon, words, role in NAVIGATION
        if path in paths and shows(user, role)
    ]


def _csrf_field(token: str) -> Markup:
    return Markup('<input type="hidden" name="{}" value="{}">').format(CSRF_FIELD, token)


def _query(request: web.Request, changed: Mapping[str, Any]) -> str:
    """ "?a=1&page=2": None takes a value out."""
    kept = [(name, value) for name, value in request.query.items() if name not in changed]
    kept += [(name, str(value)) for name, value in changed.items() if value is not None]
    return f"?{urlencode(kept)}" if kept else request.path


def _zoned(at: float, zone: tzinfo) -> datetime:
    return datetime.fromtimestamp(at, zone)


@pass_context
def _moment(context: Context, at: float | None) -> str:
    return "–" if at is None else moment(at, context["now"], context["zone"])


def moment(at: float, now: float, zone: tzinfo) -> str:
    """A time as short as it stays clear: "14:32", "11-22 14:32", "2025-11-22 14:32"."""
    when, today = _zoned(at, zone), _zoned(now, zone)
    if when.date() == today.date():
        return f"{when:%H:%M}"
    return f"{when:%m-%d %H:%M}" if when.year == today.year else f"{when:%Y-%m-%d %H:%M}"


@pass_context
def _clock(context: Context, at: float | None) -> str:
    return "–" if at is None else f"{_zoned(at, context['zone']):%H:%M:%S}"


@pass_context
def _date(context: Context, at: float | None) -> str:
    return "–" if at is None else f"{_zoned(at, context['zone']):%Y-%m-%d}"


@pass_context
def _iso(context: Context, at: float) -> str:
    return _zoned(at, context["zone"]).isoformat(timespec="seconds")


def span(seconds: float | None) -> str:
    """A length of time: "0:08", "2:11", "1:02:11"; None as a dash."""
    if seconds is None:
        return "–"
    whole = max(0, round(seconds))
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def percent(share: float | None) -> str:
    """0.978 as "97.8 %"; None as a dash."""
    if share is None:
        return "–"
    text = f"{share * 100:.1f}".removesuffix(".0")
    return f"{text} %"


def _json(value: Any) -> Markup:
    """Safe inside a script element: nothing in it can end the element."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for sign, code in (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026")):
        text = text.replace(sign, code)
    return Markup(text)
