"""The `ivr` command."""

import logging
import os
import sys
from typing import Annotated

import structlog
import typer

from ivr import __version__
from ivr.cli import (
    callbacks,
    calls,
    demo,
    hooks,
    models,
    notice,
    owners,
    prompts,
    requests,
    roster,
    script,
    trace,
    users,
)
from ivr.cli.doctor import doctor
from ivr.cli.hear import hear
from ivr.cli.office import dialplan, init
from ivr.cli.say import say
from ivr.cli.serve import serve
from ivr.cli.transfer import transfer
from ivr.errors import UserError

app = typer.Typer(
    help="物业服务热线 · a telephone service desk for property management, on Asterisk",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(init)
app.command()(serve)
app.command()(doctor)
app.command()(transfer)
app.command()(say)
app.command()(hear)
app.command()(demo.demo)
app.command()(trace.replay)
app.command()(trace.record)
app.add_typer(dialplan, name="dialplan")
app.add_typer(calls.app, name="calls")
app.add_typer(callbacks.app, name="callbacks")
app.add_typer(roster.app, name="roster")
app.add_typer(notice.app, name="notice")
app.add_typer(owners.app, name="owners")
app.add_typer(requests.app, name="requests")
app.add_typer(hooks.app, name="hooks")
app.add_typer(prompts.app, name="prompts")
app.add_typer(models.app, name="models")
app.add_typer(script.app, name="script")
app.add_typer(users.app, name="users")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"ivr {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="版本 · version")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command; a user's mistake is one sentence and exit code 2."""
    # what a command finds out it says itself; `ivr serve` sets up a log of its own
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    try:
        app()
    except UserError as error:
        typer.echo(f"ivr: {error}", err=True)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # `ivr calls | head`: the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
