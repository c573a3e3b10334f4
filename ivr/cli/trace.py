"""`ivr replay` and `ivr record`: what a telephone system said, again and for later."""

import asyncio
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from ivr.calls.replay import replay as replay_traces
from ivr.cli import options
from ivr.pbx.session import Session
from ivr.pbx.trace import Recorder
from ivr.settings import Settings

Traces = Annotated[list[Path], typer.Argument(metavar="TRACE...", help="AMI 原始记录 · raw AMI")]
AsJson = Annotated[bool, typer.Option("--json", help="每通一个 JSON 对象 · one object a call")]
OneTrace = Annotated[Path, typer.Argument(metavar="TRACE", help="写到哪里 · the file to write")]
Mask = Annotated[bool, typer.Option("--mask/--no-mask", help="号码换成假号码 · replace numbers")]


def replay(traces: Traces, as_json: AsJson = False) -> None:
    """从记录重现通话 · tell the calls of recorded traces"""
    replay_traces(
        traces, sys.stdout, as_json=as_json, report=lambda what: typer.echo(what, err=True)
    )


def record(trace: OneTrace, mask: Mask = True, config: options.Config = options.CONFIG) -> None:
    """记录在线系统的 AMI（Ctrl-C 结束）· write a trace of the live system until Ctrl-C"""
    asyncio.run(_record(options.settings_of(config), trace, mask))


async def _record(settings: Settings, trace: Path, mask: bool) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    session = Session(settings.ami)
    source = f"{settings.ami.host}:{settings.ami.port}"
    with Recorder(trace, source=source, mask=mask) as recorder:
        session.tap(recorder.write)
        async with session:
            typer.echo(f"{trace} ← {source}  (Ctrl-C)", err=True)
            await stop.wait()
    typer.echo(f"{recorder.messages} messages", err=True)
