"""Files that wait for a yes."""

from pathlib import Path

import pytest

from ivr.web.uploads import FOLDER, KEPT_S, Uploads


def test_a_file_waits_and_is_forgotten(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path)
    name = uploads.keep(b"a,b", "csv")
    file = uploads.find(name)
    assert file is not None
    assert file.read_bytes() == b"a,b"
    assert file.stat().st_mode & 0o077 == 0
    uploads.forget(name)
    assert uploads.find(name) is None
    uploads.forget(name)


def test_what_nobody_agreed_to_is_forgotten(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path)
    uploads.tidy(0.0)  # nothing was ever uploaded
    name = uploads.keep(b"old", "csv")
    at = (tmp_path / FOLDER / name).stat().st_mtime
    uploads.tidy(at + KEPT_S - 1)
    assert uploads.find(name) is not None
    uploads.tidy(at + KEPT_S + 1)
    assert uploads.find(name) is None


@pytest.mark.parametrize("name", ["", "../ivr.db", "/etc/passwd", "a" * 36 + ".exe", ".." * 18])
def test_only_its_own_names_are_found(tmp_path: Path, name: str) -> None:
    (tmp_path / "ivr.db").touch()
    assert Uploads(tmp_path).find(name) is None
