"""What the commands share: the settings file, the store, and tables on a terminal."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ivr.calls import listing, numbers
from ivr.settings import Settings, load
from ivr.store.database import FILE_NAME, Database

Config = Annotated[
    Path,
    typer.Option("--config", "-c", envvar="IVR_CONFIG", help="设置文件 · settings file"),
]
CONFIG = Path("ivr.toml")

ShowNumbers = Annotated[
    bool, typer.Option("--show-numbers", help="号码不打码 · do not mask telephone numbers")
]

PIPE_WIDTH = 180  # columns, where no terminal says how wide it is

T = TypeVar("T")


def settings_of(config: Path) -> Settings:
    """Raises UserError as ivr.settings.load does."""
    return load(config)


def with_store(
    config: Path, work: Callable[[Database, Settings], Awaitable[T]], *, create: bool = False
) -> T:
    """Run `work` on the site's database, and close it whatever happens.

    Without `create`, a database that is not there yet is a UserError.
    """
    settings = settings_of(config)

    async def run() -> T:
        async with await Database.open(settings.paths.data / FILE_NAME, create=create) as db:
            return await work(db, settings)

    return asyncio.run(run())


def showing(show_numbers: bool) -> listing.Show:
    return listing.as_is if show_numbers else numbers.mask


def console() -> Console:
    """Standard output; wide where it is no terminal, so that no cell is cut."""
    out = Console(highlight=False)
    return out if out.is_terminal else Console(highlight=False, width=PIPE_WIDTH)


def table(title: str, *headings: str) -> Table:
    made = Table(title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for heading in headings:
        made.add_column(heading)
    return made


def plain(text: str) -> Text:
    """Text from outside: never markup, whatever brackets it holds."""
    return Text(text)
