"""Finding an Asterisk, or putting one into a private prefix.

Debian stable has no Asterisk, Debian sid has version 22 (LTS). Its packages are
unpacked, with the libraries they need, into a folder of the user's cache and
run by their own dynamic loader: no root, nothing on the host is touched.
"""

import os
import platform
import re
import shutil
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from ivr.cache import cache_dir, lock
from ivr.errors import UserError

OLDEST = (22, 6)

# Only modules that we do without need these; they are the larger part of the download.
_UNNEEDED = """
libsnmp45 libgmime-3.0-0t64 libglib2.0-0t64 libcodec2-1.2 libjack-jackd2-0 libportaudio2 libpq5
libsybdb5 libodbc2 libiksemel3 libneon27t64 libical3t64 libradcli4 libldap2 libspandsp2t64
libunbound8 libvo-amrwbenc0 libopencore-amrnb0 libopencore-amrwb0 liblua5.1-0 libresample1
libcurl4t64 libjwt2 tzdata openssl-provider-legacy krb5-locales adduser debconf
"""

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Installed:
    """An Asterisk that can be started."""

    command: tuple[str, ...]  # what to run before Asterisk's own arguments
    modules: Path
    data: Path  # astdatadir: sounds, documentation
    version: tuple[int, ...]

    @property
    def version_text(self) -> str:
        return ".".join(str(part) for part in self.version)


def parse_version(text: str) -> tuple[int, ...]:
    """ "Asterisk 22.10.1~dfsg…" → (22, 10, 1); () when there is none."""
    found = re.search(r"Asterisk (?:certified-)?(\d+)\.(\d+)(?:\.(\d+))?", text)
    return tuple(int(part) for part in found.groups() if part) if found else ()


def find_or_install(progress: Progress = lambda _: None) -> Installed:
    """The Asterisk to run: `$IVR_ASTERISK`, the machine's own, or a private one.

    Raises UserError when there is none new enough and none can be had.
    """
    own = os.environ.get("IVR_ASTERISK") or shutil.which("asterisk", path=_path())
    if own:
        found = _host(Path(own))
        if found is not None:
            return found
        if os.environ.get("IVR_ASTERISK"):
            raise UserError(
                f"IVR_ASTERISK={own} is no Asterisk of version "
                f"{OLDEST[0]}.{OLDEST[1]} or later; name another or unset it"
            )
    return private(progress)


def _path() -> str:
    return os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])


def _host(binary: Path) -> Installed | None:
    try:
        said = subprocess.run([binary, "-V"], capture_output=True, text=True, timeout=10)
    except OSError:
        return None
    version = parse_version(said.stdout)
    if version < OLDEST:
        return None
    for modules in (
        *Path("/usr/lib").glob("*/asterisk/modules"),
        Path("/usr/lib/asterisk/modules"),
        Path("/usr/local/lib/asterisk/modules"),
    ):
        if (modules / "chan_websocket.so").exists():
            data = next(
                (
                    folder
                    for folder in map(Path, ("/usr/share/asterisk", "/var/lib/asterisk"))
                    if (folder / "documentation").is_dir()
                ),
                Path("/var/lib/asterisk"),
            )
            return Installed((str(binary),), modules, data, version)
    return None


def private(progress: Progress = lambda _: None) -> Installed:
    """The private prefix in the cache, made on first use (about 10 s, 25 MB to fetch)."""
    prefix = cache_dir() / "asterisk"
    with lock("asterisk"):
        if not (prefix / "complete").exists():
            shutil.rmtree(prefix, ignore_errors=True)
            _fetch(prefix, progress)
            _unpack(prefix, progress)
            _prune(prefix, progress)
            (prefix / "complete").write_text(_version_of(prefix))
    root = prefix / "root"
    return Installed(
        _command(root),
        root / _libdir(root) / "asterisk" / "modules",
        root / "usr/share/asterisk",
        parse_version((prefix / "complete").read_text()),
    )


def _run(command: list[str], what: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=900)
    except FileNotFoundError:
        raise UserError(
            f"{what}: this machine has no {command[0]}; install Asterisk "
            f"{OLDEST[0]}.{OLDEST[1]} or later by hand and set IVR_ASTERISK to its binary"
        ) from None
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
        raise UserError(f"{what} failed: {' '.join(last)}")
    return done.stdout


def _mirror() -> str:
    """A Debian mirror, as the machine's own apt is configured."""
    if own := os.environ.get("IVR_DEBIAN_MIRROR"):
        return own
    fields = "$(SITE)\t$(ORIGIN)\t$(LABEL)"
    table = _run(
        ["apt-get", "indextargets", "--format", fields, "Created-By: Packages"],
        "Asking apt for its mirrors",
    )
    # before the first `apt-get update` apt does not know its sources' origin yet
    unnamed = "Debian" if platform.freedesktop_os_release().get("ID") == "debian" else ""
    for row in table.splitlines():
        site, origin, label = row.split("\t")
        if (origin or unnamed) == "Debian" and "security" not in f"{label} {site}".lower():
            return site
    raise UserError(
        "apt on this machine knows no Debian mirror; install Asterisk "
        f"{OLDEST[0]}.{OLDEST[1]} or later, "
        "or set IVR_DEBIAN_MIRROR to the address of a Debian mirror"
    )


def _keyring(prefix: Path) -> Path:
    host = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
    if host.exists():
        return host
    # Ubuntu carries Debian's keys as a package; unpack it beside the rest.
    subprocess.run(
        ["apt-get", "download", "debian-archive-keyring"], cwd=prefix, capture_output=True
    )
    for package in prefix.glob("debian-archive-keyring_*.deb"):
        _run(["dpkg-deb", "-x", str(package), str(prefix / "keyring")], "Unpacking Debian's keys")
        for name in ("debian-archive-keyring.gpg", "debian-archive-keyring.pgp"):
            if (found := prefix / "keyring/usr/share/keyrings" / name).exists():
                return found
    raise UserError(
        "Debian's archive keys are missing; run `apt-get install debian-archive-keyring`"
    )


def _fetch(prefix: Path, progress: Progress) -> None:
    apt = prefix / "apt"
    for folder in ("lists/partial", "archives/partial", "etc"):
        (apt / folder).mkdir(parents=True)
    architecture = _run(["dpkg", "--print-architecture"], "Asking dpkg").strip()
    (apt / "etc/sources.list").write_text(
        f"deb [signed-by={_keyring(prefix)} check-valid-until=no] {_mirror()} sid main\n"
    )
    (apt / "status").write_text(
        "".join(
            f"Package: {name}\nStatus: install ok installed\n"
            f"Architecture: {architecture}\nMulti-Arch: same\nVersion: 99:0\n\n"
            for name in _UNNEEDED.split()
        )
    )
    options = {
        "Dir::State": apt,
        "Dir::State::status": apt / "status",
        "Dir::State::lists": apt / "lists",
        "Dir::Cache": apt,
        "Dir::Etc::sourcelist": apt / "etc/sources.list",
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::Etc::preferences": "/dev/null",
        "Dir::Etc::preferencesparts": "/dev/null",
        "APT::Install-Recommends": "false",
        "APT::Sandbox::User": "",
        "Debug::NoLocking": "1",
    }
    flags = [f"-o{key}={value}" for key, value in options.items()]
    progress("Asterisk: reading the list of Debian's packages")
    _run(["apt-get", *flags, "-qq", "update"], "Reading Debian's package list")
    progress("Asterisk: fetching version 22 and its libraries (25 MB)")
    wanted = ["asterisk", "asterisk-core-sounds-en-gsm"]
    _run(["apt-get", *flags, "-qq", "-y", "-d", "install", *wanted], "Fetching Asterisk")


def _unpack(prefix: Path, progress: Progress) -> None:
    progress("Asterisk: unpacking")
    root = prefix / "root"
    for package in sorted((prefix / "apt/archives").glob("*.deb")):
        _run(["dpkg-deb", "-x", str(package), str(root)], f"Unpacking {package.name}")
    sounds = root / "usr/share/asterisk/sounds"
    if not (sounds / "en").exists():
        (sounds / "en").symlink_to("en_US_f_Allison")  # a postinst step of the package
    shutil.rmtree(prefix / "apt")


def _prune(prefix: Path, progress: Progress) -> None:
    """Remove modules whose libraries are absent or would come from the host."""
    progress("Asterisk: checking its modules")
    root = prefix / "root"
    modules = root / _libdir(root) / "asterisk" / "modules"
    loader = [*_command(root)[:-1], "--list"]

    def broken(module: Path) -> bool:
        said = subprocess.run([*loader, module], capture_output=True, text=True)
        libraries = re.findall(r"=> (.+?)(?: \(0x|$)", said.stdout, flags=re.MULTILINE)
        return bool(said.returncode) or any(
            not library.startswith(str(root)) for library in libraries
        )

    found = sorted(modules.glob("*.so"))
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for module, is_broken in zip(found, pool.map(broken, found), strict=True):
            if is_broken:
                module.unlink()
    if not (modules / "chan_websocket.so").exists():
        raise UserError(
            "The Asterisk in Debian sid cannot be used here (chan_websocket does not load); "
            "install Asterisk 22.6 or later and set IVR_ASTERISK to its binary"
        )


def _libdir(root: Path) -> Path:
    modules = next((root / "usr/lib").glob("*/asterisk/modules"))
    return modules.parent.parent.relative_to(root)


def _command(root: Path) -> tuple[str, ...]:
    libraries = root / _libdir(root)
    loader = next(libraries.glob("ld-linux*.so.*"))
    return (str(loader), "--library-path", str(libraries), str(root / "usr/sbin/asterisk"))


def _version_of(prefix: Path) -> str:
    said = _run([*_command(prefix / "root"), "-V"], "Starting the private Asterisk")
    if parse_version(said) < OLDEST:
        raise UserError(f"Debian sid has {said.strip()}, older than {OLDEST[0]}.{OLDEST[1]}")
    return said
