"""A file that was uploaded and waits for somebody to say yes to it."""

import contextlib
import re
from pathlib import Path

from ivr.ids import uuid7

FOLDER = "uploads"  # under the data folder
KEPT_S = 2 * 3600.0
_NAME = re.compile(r"[0-9a-f-]{36}\.(?:xlsx|csv)")


class Uploads:
    """Those of one site, for two hours at most."""

    def __init__(self, data: Path) -> None:
        self._folder = data / FOLDER

    def keep(self, content: bytes, ending: str) -> str:
        """Its name, to be given back with the yes."""
        self._folder.mkdir(parents=True, exist_ok=True)
        file = self._folder / f"{uuid7()}.{ending}"
        file.touch(mode=0o600)  # there are people's telephone numbers in it
        file.write_bytes(content)
        return file.name

    def tidy(self, now: float) -> None:
        """Forget what waited too long. `now`: epoch seconds."""
        for old in self._folder.glob("*"):
            with contextlib.suppress(OSError):
                if old.stat().st_mtime < now - KEPT_S:
                    old.unlink()

    def find(self, name: str) -> Path | None:
        """None when there is none (any more)."""
        if not _NAME.fullmatch(name):
            return None
        file = self._folder / name
        return file if file.is_file() else None

    def forget(self, name: str) -> None:
        if file := self.find(name):
            file.unlink(missing_ok=True)
