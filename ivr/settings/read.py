"""Reading ivr.toml."""

import os
import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ivr.errors import UserError
from ivr.settings.model import Settings
from ivr.settings.system import Paths


def load(path: Path, environ: dict[str, str] | None = None) -> Settings:
    """Read `path`; relative paths in it are made absolute.

    Raises UserError with the setting's name, what is wrong and what to write.
    """
    try:
        data: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; `ivr init` writes one") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read ({error})") from None
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{path}: is not TOML: {error}") from None
    secret = (os.environ if environ is None else environ).get("IVR_AMI__SECRET")
    if secret:
        data.setdefault("ami", {})["secret"] = secret
    try:
        settings = Settings.model_validate(data)
    except ValidationError as error:
        raise UserError(f"{path}: {_sentence(error)}") from None
    base = path.parent.resolve()
    paths = settings.paths
    fixed = Paths(
        data=base / paths.data,
        prompts=base / paths.prompts,
        cel=None if paths.cel is None else base / paths.cel,
    )
    return settings.model_copy(update={"paths": fixed})


def _sentence(error: ValidationError) -> str:
    sentences = []
    for item in error.errors():
        where = ".".join(str(part) for part in item["loc"])
        if item["type"] == "extra_forbidden":
            sentences.append(f"there is no setting {where}; check its spelling or remove it")
        elif item["type"] == "missing":
            sentences.append(f"{where} is missing")
        else:
            what = item["msg"].removeprefix("Value error, ")
            given = item.get("input")
            shown = "" if isinstance(given, dict | list) else f" (it is {given!r})"
            sentences.append(f"{where}: {what}{shown}" if where else what)
    return "; ".join(sentences)
