"""Finding `dialplan/` and `prompts/`: beside the package, or in share/ivr when installed."""

import sysconfig
from pathlib import Path

from ivr.errors import UserError


def folder(name: str) -> Path:
    """The folder of shipped files called `name`; UserError when the installation lost it."""
    for base in (
        Path(__file__).resolve().parent.parent,
        Path(sysconfig.get_path("data")) / "share" / "ivr",
    ):
        if (base / name).is_dir():
            return base / name
    raise UserError(f"This installation of ivr has no {name}/ folder; install it again")
