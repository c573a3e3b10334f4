"""The espeak-ng program: the machine's own, or a private copy that needs no root."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ivr.cache import cache_dir, lock
from ivr.errors import UserError

_TIMEOUT_S = 60.0
_MANUAL = "install it by hand (`apt-get install espeak-ng`) and try again"


@dataclass(frozen=True, slots=True)
class Program:
    """An espeak-ng that can be run."""

    command: Path
    libraries: tuple[Path, ...] = ()  # folders of a private copy
    data: Path | None = None

    def run(self, *arguments: str, text: str) -> str:
        """Standard output; `text` goes in by standard input, so none of it is an option."""
        environment = dict(os.environ)
        if self.libraries:
            environment["LD_LIBRARY_PATH"] = os.pathsep.join(map(str, self.libraries))
        if self.data:
            environment["ESPEAK_DATA_PATH"] = str(self.data)
        try:
            done = subprocess.run(
                [str(self.command), "-b", "1", *arguments, "--stdin"],
                input=text,
                capture_output=True,
                text=True,
                timeout=_TIMEOUT_S,
                env=environment,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise UserError(f"{self.command}: cannot be run ({error}); {_MANUAL}") from None
        if done.returncode:
            reason = done.stderr.strip() or f"exit code {done.returncode}"
            raise UserError(f"{self.command}: failed ({reason}); {_MANUAL}")
        return done.stdout


def find() -> Program | None:
    """The machine's own espeak-ng, or the private copy if one was made; never fetches."""
    if command := shutil.which("espeak-ng"):
        return Program(Path(command))
    root = cache_dir() / "espeak-ng"
    return _private(root) if (root / "complete").exists() else None


def find_or_fetch(progress: Callable[[str], None] = lambda _: None) -> Program:
    """As `find`, else a private copy from Debian's packages (5 MB, no root needed).

    Raises UserError when there is none and none can be fetched.
    """
    with lock("espeak-ng"):
        found = find()
        if found is None:
            progress("fetching espeak-ng")
            found = _fetch(cache_dir() / "espeak-ng")
    return found


def _fetch(root: Path) -> Program:
    shutil.rmtree(root, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=cache_dir()) as work:
        try:
            _download(Path(work))
            for package in Path(work).glob("*.deb"):
                _run("dpkg-deb", "-x", str(package), str(root))
        except (OSError, subprocess.SubprocessError) as error:
            shutil.rmtree(root, ignore_errors=True)
            said = str(getattr(error, "stderr", "") or error).strip().splitlines()
            raise UserError(
                f"espeak-ng is not on this machine and cannot be fetched ({said[-1]}); {_MANUAL}"
            ) from None
    program = _private(root)
    program.run("--voices", text="")
    (root / "complete").touch()
    return program


def _download(work: Path) -> None:
    """espeak-ng and the libraries this machine lacks; nothing of the machine is changed."""
    for folder in ("lists/partial", "partial"):
        (work / folder).mkdir(parents=True)
    private = ["-qq", "-o", "Debug::NoLocking=1", "-o", f"Dir::Cache={work}",
               "-o", f"Dir::Cache::archives={work}"]  # fmt: skip
    install = ["-y", "--download-only", "--no-install-recommends", "install", "espeak-ng"]
    try:
        _run("apt-get", *private, *install)
    except subprocess.CalledProcessError:  # the machine's package lists are old, or not there
        private += ["-o", f"Dir::State::lists={work / 'lists'}"]
        _run("apt-get", *private, "update")
        _run("apt-get", *private, *install)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)


def _private(root: Path) -> Program:
    data = next(root.glob("usr/**/espeak-ng-data/phontab"), None)
    if data is None:
        raise UserError(f"{root}: the private copy of espeak-ng is broken; remove that folder")
    libraries = sorted({path.parent for path in root.rglob("*.so*")})
    return Program(root / "usr/bin/espeak-ng", tuple(libraries), data.parents[1])
