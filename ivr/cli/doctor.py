"""`ivr doctor`: one line for everything that must be right, each with its cure."""

import asyncio
import sys

import typer
from rich.text import Text

from ivr.cli import options
from ivr.doctor import Finding, examine


def doctor(config: options.Config = options.CONFIG) -> None:
    """检查 · check AMI, the dialplan, prompts, disk and clock; exit code 1 if anything is wrong"""
    findings = asyncio.run(examine(options.settings_of(config)))
    out = options.console()
    for finding in findings:
        out.print(_line(finding))
    wrong = [finding for finding in findings if not finding.ok]
    if wrong:
        typer.echo(f"{len(wrong)} 项需要处理 · to be mended", err=True)
        sys.exit(1)


def _line(finding: Finding) -> Text:
    mark, style = ("✓", "green") if finding.ok else ("✗", "bold red")
    text = Text.assemble((f"{mark} ", style), (f"{finding.name}  ", "bold"), finding.what)
    if not finding.ok and finding.cure:
        text.append(f"\n    → {finding.cure}")
    return text
