"""Where things that can be made again are kept, shared by every checkout of this user."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def cache_dir() -> Path:
    """`$IVR_CACHE`, else `$XDG_CACHE_HOME/ivr`, else `~/.cache/ivr`; made if missing."""
    if own := os.environ.get("IVR_CACHE"):
        path = Path(own)
    else:
        path = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ivr"
    path.mkdir(parents=True, exist_ok=True)
    return path


@contextmanager
def lock(name: str) -> Iterator[None]:
    """Hold the named lock against other processes: two set-ups may go side by side."""
    with (cache_dir() / f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
