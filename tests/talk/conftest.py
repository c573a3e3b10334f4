from pathlib import Path

import pytest

from ivr.talk.testing import HumVoice


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of this test alone."""
    monkeypatch.setenv("IVR_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def hum(cache: Path, tmp_path: Path) -> HumVoice:
    return HumVoice(tmp_path / "said.txt")
