"""The webhooks' secrets: one for each target and one for what comes in, made when needed.

They stand in the data folder, readable by ivr's user only, never in ivr.toml.
"""

import json
import os
import secrets
import tempfile
from pathlib import Path

from ivr.errors import UserError

FILE_NAME = "hook-secrets.json"
INBOUND = "inbound"


class Secrets:
    def __init__(self, data: Path) -> None:
        self._file = data / FILE_NAME

    def of(self, name: str) -> str:
        """The secret shared with `name`, a target's name or INBOUND.

        Raises UserError when the file is damaged.
        """
        known = self._read()
        if name not in known:
            known[name] = secrets.token_urlsafe(32)
            self._write(known)
        return known[name]

    def _read(self) -> dict[str, str]:
        try:
            known = json.loads(self._file.read_text("utf-8"))
            return {str(name): str(secret) for name, secret in known.items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, AttributeError) as error:
            raise UserError(
                f"{self._file}: cannot be read ({error}); put a copy of it in its place, or "
                "remove it and give every system its new secret"
            ) from None

    def _write(self, known: dict[str, str]) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".hook-secrets.", dir=self._file.parent)
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            json.dump(known, out, indent=1)
        Path(name).replace(self._file)
