"""Finding an Asterisk. The private prefix itself is what every other test here runs."""

from pathlib import Path

import pytest

from ivr.errors import UserError
from ivr.pbx import install
from ivr.pbx.install import OLDEST, Installed, find_or_install, parse_version


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("Asterisk 22.10.1~dfsg+~cs6.15.60671435-1", (22, 10, 1)),
        ("Asterisk 22.6.0\n", (22, 6, 0)),
        ("Asterisk certified-20.7", (20, 7)),
        ("Asterisk GIT-master-abc", ()),
        ("", ()),
    ],
)
def test_versions(text: str, version: tuple[int, ...]) -> None:
    assert parse_version(text) == version


def binary(folder: Path, said: str) -> Path:
    file = folder / "asterisk"
    file.write_text(f"#!/bin/sh\necho '{said}'\n")
    file.chmod(0o755)
    return file


@pytest.mark.parametrize("said", ["Asterisk 18.10.0", "Asterisk 22.5.9", "something else", ""])
def test_a_named_one_that_will_not_do_is_a_mistake(
    said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IVR_ASTERISK", str(binary(tmp_path, said)))
    with pytest.raises(UserError, match=r"is no Asterisk of version 22\.6 or later"):
        find_or_install()


def test_a_named_one_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IVR_ASTERISK", str(tmp_path / "none"))
    with pytest.raises(UserError, match="name another or unset it"):
        find_or_install()


def test_an_old_one_of_the_machine_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    binary(tmp_path, "Asterisk 16.2.1")
    monkeypatch.delenv("IVR_ASTERISK", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    ours = Installed(("x",), tmp_path, tmp_path, (22, 10))
    monkeypatch.setattr(install, "private", lambda progress: ours)
    assert find_or_install() is ours


@pytest.mark.pbx
def test_the_private_one_is_new_enough_and_there_at_once(installed: Installed) -> None:
    assert installed.version >= OLDEST
    assert (installed.modules / "chan_websocket.so").exists()
    assert (installed.data / "documentation").is_dir()
    assert installed.version_text.startswith("22.")


def test_a_machine_without_apt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IVR_CACHE", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("IVR_DEBIAN_MIRROR", raising=False)
    with pytest.raises(UserError, match="set IVR_ASTERISK to its binary"):
        install.private()
    assert not (tmp_path / "asterisk" / "complete").exists()  # the next try begins anew


def test_a_machine_that_knows_no_mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("dpkg", "apt-get"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("IVR_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("IVR_DEBIAN_MIRROR", raising=False)
    with pytest.raises(UserError, match="knows no Debian mirror"):
        install._mirror()
