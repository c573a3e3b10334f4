"""The scripts of callbacks, read once and again when their file changes."""

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from ivr.errors import UserError
from ivr.settings import Settings
from ivr.talk.script import Script, find, load

FOLDER = "scripts"
"""Under the folder of rendered prompts: an office's own LANGUAGE/NAME.yaml goes first."""


class Loaded(NamedTuple):
    script: Script
    version: str  # of its text: answers are to be read beside what was asked


def loaded(settings: Settings, name: str, language: str) -> Loaded:
    """Raises UserError when there is none, or it cannot be used."""
    path = find(name, language, settings.paths.prompts / FOLDER)
    return _loaded(path, path.stat().st_mtime_ns)


def exists(settings: Settings, name: str, language: str) -> bool:
    try:
        find(name, language, settings.paths.prompts / FOLDER)
    except UserError:
        return False
    return True


@lru_cache(maxsize=32)
def _loaded(path: Path, _changed_ns: int) -> Loaded:
    return Loaded(load(path), hashlib.sha256(path.read_bytes()).hexdigest()[:12])
