"""What keeps strangers out: headers, the origin of a change, who really asks.

A change made with a session (not a bearer token) must come from our own pages:
its Origin is ours, and it carries the session's token, as the form field
`csrf_token` (`{{ csrf_field() }}`) or as the header `X-CSRF-Token`.
"""

import hashlib
import hmac
import ipaddress
from urllib.parse import urlsplit

from aiohttp import web

from ivr.settings import Web

CSRF = web.RequestKey("csrf", str)
CSRF_FIELD = "csrf_token"
CSRF_HEADER = "X-CSRF-Token"
SAFE = ("GET", "HEAD", "OPTIONS")

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "media-src 'self' blob:",
        "manifest-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
HSTS = "max-age=31536000"


def trusts_proxy(settings: Web, request: web.BaseRequest) -> bool:
    """Whether the peer is a proxy of ours, whose X-Forwarded-… may be believed."""
    peer = _address(request.remote)
    return peer is not None and any(
        peer in ipaddress.ip_network(net) for net in settings.trusted_proxies
    )


def client_address(settings: Web, request: web.BaseRequest) -> str:
    """Where the request came from, seen through proxies of ours and through no other."""
    if trusts_proxy(settings, request):
        # The last one was written by our proxy; what stands before may be invented.
        last = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
        if _address(last) is not None:
            return last
    return request.remote or ""


def is_https(settings: Web, request: web.BaseRequest) -> bool:
    if trusts_proxy(settings, request):
        return request.headers.get("X-Forwarded-Proto", "http").strip().lower() == "https"
    return request.secure


def is_same_origin(settings: Web, request: web.BaseRequest) -> bool:
    """Whether a browser sent this from one of our own pages.

    Browsers send Origin with every POST; Sec-Fetch-Site is asked where it is missing.
    """
    origin = request.headers.get("Origin")
    if origin is None:
        return request.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin"
    try:
        given = urlsplit(origin)
    except ValueError:
        return False
    host = request.headers.get("Host", "")
    if trusts_proxy(settings, request):
        host = request.headers.get("X-Forwarded-Host", host)
    return given.scheme in ("http", "https") and given.netloc.lower() == host.strip().lower()


def digest(secret: str) -> str:
    """What is stored of a cookie or token: these are random, so one SHA-256 is enough."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def csrf_of(cookie: str) -> str:
    """The session's token for its forms; tells nothing about the cookie."""
    return digest(f"csrf:{cookie}")[:43]


def same(given: str, wanted: str) -> bool:
    """Compared in constant time."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode())


def add_headers(settings: Web, request: web.BaseRequest, response: web.StreamResponse) -> None:
    """On every answer, whatever made it."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if is_https(settings, request):
        response.headers.setdefault("Strict-Transport-Security", HSTS)
    if "Cache-Control" not in response.headers:
        # Pages and data hold people's names and numbers.
        response.headers["Cache-Control"] = "no-store"
    response.headers["Server"] = "ivr"


def _address(text: str | None) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text or "")
    except ValueError:
        return None
