"""The pages' libraries: fetched from npm into the cache, checked by hash, served by us.

    {{ lib('htmx') }}   the library's address, or '' when it is not there

`install()` gets what is missing (`ivr serve` does it at its first start). A page
works without them: forms are plain forms, tables stand in for charts.

Own files are served from ivr/web/static: `{{ static('board.js') }}` is an address
that changes with the content, so browsers may keep it for ever.
"""

import gzip
import hashlib
import tempfile
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path

import structlog
from aiohttp import web

from ivr.cache import cache_dir, lock
from ivr.talk.packages import FetchError, Package, extract, fetch
from ivr.web.access import public

log = structlog.get_logger(__name__)

FOR_EVER = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"
TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".webmanifest": "application/manifest+json",
}
SQUEEZED = (".js", ".css", ".svg", ".webmanifest")


@dataclass(frozen=True, slots=True)
class Library:
    """One file of a published package; the hash decides, whoever brings it."""

    name: str
    file: str
    package: Package
    member: str
    sha256: str

    @property
    def path(self) -> Path:
        return cache_dir() / "web" / f"{self.sha256[:16]}-{self.file}"


_HTMX = Package("npm", "htmx.org", "2.0.10")
_ECHARTS = Package("npm", "echarts", "6.1.0")
_SWAGGER = Package("npm", "swagger-ui-dist", "5.35.0")

LIBRARIES = {
    library.name: library
    for library in (
        Library(
            "htmx",
            "htmx.js",
            _HTMX,
            "package/dist/htmx.min.js",
            "71ea67185bfa8c98c39d31717c6fce5d852370fcdfd129db4543774d3145c0de",
        ),
        Library(
            "echarts",
            "echarts.js",
            _ECHARTS,
            "package/dist/echarts.common.min.js",
            "61f13280aba3161f77fc801bf5f9c786f55f10432153a0683fc5cc0700b013d5",
        ),
        Library(
            "swagger-js",
            "swagger-ui.js",
            _SWAGGER,
            "package/swagger-ui-bundle.js",
            "e6a898692f2d768e807c3ba4626068a69a2c5dd960dd6c76f3e4d3a3de180af2",
        ),
        Library(
            "swagger-css",
            "swagger-ui.css",
            _SWAGGER,
            "package/swagger-ui.css",
            "5ed08757e53da3e026d6cbecc61fe5d43585c9560b302d534ad56692519a273d",
        ),
    )
}


def missing() -> list[Library]:
    """Libraries that are not in the cache yet."""
    return [library for library in LIBRARIES.values() if not library.path.is_file()]


def install() -> dict[str, str]:
    """Fetch what is missing; why not, by library, where that failed."""
    with lock("web"):
        wanted = missing()
        if not wanted:
            return {}
        (cache_dir() / "web").mkdir(exist_ok=True)
        failed: dict[str, str] = {}
        with tempfile.TemporaryDirectory(dir=cache_dir(), prefix=".fetch-") as work:
            for package in dict.fromkeys(library.package for library in wanted):
                members = [library for library in wanted if library.package == package]
                failed |= _install(package, members, Path(work))
    return failed


def install_beside() -> None:
    """Like `install`, in a thread that nobody waits for; what failed is logged."""

    def work() -> None:
        for name, why in install().items():
            log.warning(
                "a library of the pages is missing; they work with less", name=name, why=why
            )

    if missing():
        threading.Thread(target=work, name="libraries", daemon=True).start()


def _install(package: Package, libraries: Iterable[Library], work: Path) -> dict[str, str]:
    failed = {}
    try:
        archive = fetch(package, work)
        for library in libraries:
            made = work / library.file
            with made.open("wb") as out:
                extract(archive, library.member, out)
            if hashlib.sha256(made.read_bytes()).hexdigest() == library.sha256:
                made.replace(library.path)
            else:
                failed[library.name] = f"{package}: {library.member} is not the right one (sha256)"
    except FetchError as error:
        failed |= {
            library.name: f"{package.command}: {error}"
            for library in libraries
            if not library.path.is_file()
        }
    return failed


class Asset:
    """A file as it is served: its bytes, squeezed too, and a name for this content."""

    def __init__(self, path: Path, kind: str) -> None:
        self._path = path
        self._stamp = _stamp(path)
        self.kind = kind
        self.body = path.read_bytes()
        self.version = hashlib.sha256(self.body).hexdigest()[:12]

    @property
    def changed(self) -> bool:
        """Whether the file is another by now (somebody develops, or has updated us)."""
        return _stamp(self._path) != self._stamp

    @cached_property
    def squeezed(self) -> bytes | None:
        if self._path.suffix not in SQUEEZED:
            return None
        return gzip.compress(self.body, 9, mtime=0)


class Assets:
    """Our own files and the libraries, as they are served below /static/."""

    def __init__(self) -> None:
        self._folder = Path(str(resources.files("ivr.web") / "static"))
        self._known: dict[Path, Asset] = {}

    def static(self, name: str) -> str:
        """The address of one of our files. Raises KeyError when there is none."""
        asset = self._asset(self._folder / name)
        if asset is None:
            raise KeyError(f"ivr/web/static/{name}")
        return f"/static/{name}?v={asset.version}"

    def lib(self, name: str) -> str:
        """The address of a library, or "" while it is not installed."""
        library = LIBRARIES[name]
        if not library.path.is_file():
            return ""
        return f"/static/lib/{library.file}?v={library.sha256[:12]}"

    def find(self, path: str) -> Asset | None:
        """What lies at /static/<path>."""
        if path.startswith("lib/"):
            wanted = next((each for each in LIBRARIES.values() if f"lib/{each.file}" == path), None)
            return None if wanted is None else self._asset(wanted.path)
        try:
            file = (self._folder / path).resolve()
        except (OSError, ValueError):  # too long, or with a NUL in it
            return None
        return self._asset(file) if file.is_relative_to(self._folder.resolve()) else None

    def _asset(self, path: Path) -> Asset | None:
        kind = TYPES.get(path.suffix)
        if kind is None:
            return None
        try:
            known = self._known.get(path)
            if known is None or known.changed:
                known = self._known[path] = Asset(path, kind)
            return known
        except (OSError, ValueError):
            return None


ASSETS = web.AppKey("assets", Assets)


def routes() -> list[web.RouteDef]:
    return [web.get("/static/{path:.+}", serve), web.get("/favicon.ico", favicon)]


@public
async def serve(request: web.Request) -> web.StreamResponse:
    """One file; for ever when the address names its content, else to be asked again."""
    asset = request.app[ASSETS].find(request.match_info["path"])
    if asset is None:
        raise web.HTTPNotFound
    tag = f'"{asset.version}"'
    headers = {
        "Content-Type": asset.kind,
        "ETag": tag,
        "Vary": "Accept-Encoding",
        "Cache-Control": FOR_EVER if request.query.get("v") == asset.version else ASK_AGAIN,
    }
    if request.headers.get("If-None-Match") == tag:
        return web.Response(status=304, headers=headers)
    if asset.squeezed and "gzip" in request.headers.get("Accept-Encoding", ""):
        return web.Response(body=asset.squeezed, headers=headers | {"Content-Encoding": "gzip"})
    return web.Response(body=asset.body, headers=headers)


@public
async def favicon(request: web.Request) -> web.StreamResponse:
    raise web.HTTPMovedPermanently("/static/icon.svg")


def _stamp(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_mtime_ns, found.st_size
