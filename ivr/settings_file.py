"""Writing ivr.toml, every setting with its explanation beside it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr

from ivr.errors import UserError
from ivr.settings import Settings


def dump(settings: Settings) -> str:
    """`settings` as commented TOML; `load` gives the same settings back."""
    lines = [
        "# Settings of ivr. What is left out takes the value that is shown in the manual;",
        "# `ivr doctor` checks what is written here against the running Asterisk.",
    ]
    for name, field in Settings.model_fields.items():
        value = getattr(settings, name)
        if isinstance(value, BaseModel):
            lines += ["", *_about(type(value)), f"[{name}]", *_section(value)]
        elif isinstance(value, list):
            kind = field.annotation.__args__[0]  # type: ignore[union-attr]
            lines += ["", *_about(kind)]
            for item in value:
                lines += _table(name, item)
    return "\n".join(lines) + "\n"


def _about(kind: type[BaseModel]) -> Iterator[str]:
    text = kind.__doc__ or ""
    yield from (f"# {line.strip()}" for line in text.strip().splitlines() if line.strip())


def _section(section: BaseModel) -> Iterator[str]:
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        if _is_tables(value):
            continue
        comment = f"  # {field.description}" if field.description else ""
        if value is None:
            yield f"# {name} ={comment}"
        else:
            yield f"{name} = {_value(value)}{comment}"


def _table(path: str, item: BaseModel) -> Iterator[str]:
    yield f"[[{path}]]"
    yield from (line for line in _section(item))
    for name in type(item).model_fields:
        value = getattr(item, name)
        if _is_tables(value):
            for inner in value:
                yield from _table(f"{path}.{name}", inner)
    yield ""


def _is_tables(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], BaseModel)


def _value(value: Any) -> str:
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list):
        return "[" + ", ".join(_value(each) for each in value) + "]"
    # a JSON string is a TOML basic string, save for DEL, which no setting holds
    return json.dumps(str(value), ensure_ascii=False)


def write(settings: Settings, path: Path, *, force: bool = False) -> None:
    """Write `path`, readable by its owner only (it holds the AMI secret).

    Raises UserError when it exists (unless `force`) or cannot be written.
    """
    if path.exists() and not force:
        raise UserError(f"{path} exists already; remove it, or say --force to write over it")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.chmod(0o600)
        path.write_text(dump(settings), encoding="utf-8")
    except OSError as error:
        raise UserError(f"{path}: cannot be written ({error.strerror})") from None
