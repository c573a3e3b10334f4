"""`ivr prompts`: what callers hear."""

import asyncio
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from ivr.cli import options
from ivr.errors import UserError
from ivr.settings import Settings, load
from ivr.talk import prompts
from ivr.talk.audio import longest_gap_s, read

app = typer.Typer(help="提示音 · what callers hear", no_args_is_help=True)

Language = Annotated[str | None, typer.Option("--language", "-l", help="语言 · zh-CN, en")]
VoiceName = Annotated[str | None, typer.Option("--voice", "-v", help="嗓音 · voice")]

_GAP_S = 1.0  # a longer silence within a prompt sounds like a lost line
_PLAYERS = (
    ("aplay", "-q"),
    ("paplay",),
    ("afplay",),
    ("play", "-q"),
    ("ffplay", "-nodisp", "-autoexit"),
)


@app.command()
def build(
    config: options.Config = options.CONFIG, language: Language = None, voice: VoiceName = None
) -> None:
    """生成提示音，只重做有变化的 · render the prompts; only what changed is made again."""
    settings = _settings(config)
    language = language or settings.site.language
    with bar("") as progress:
        report = asyncio.run(
            prompts.build(settings, language, settings.paths.prompts, progress, voice)
        )
    out = options.console()
    out.print(
        f"{len(report.prompts)} 条提示音在 {report.folder}，新生成 {len(report.rendered)} 条，"
        f"嗓音 {report.voice}，{report.seconds:.1f} 秒"
    )
    if report.lacking:
        out.print(f"没有用上最好的嗓音 · not the best voice: {report.lacking}", style="yellow")


@app.command("list")
def show(config: options.Config = options.CONFIG, language: Language = None) -> None:
    """列出提示音 · list the prompts."""
    settings = _settings(config)
    language = language or settings.site.language
    built = {one.id: one for one in prompts.manifest(settings.paths.prompts / language)}
    table = options.table(f"提示音 {language}", "编号 id", "秒 s", "嗓音 voice", "文本 text")
    for name, text in prompts.texts(settings, language).items():
        one = built.get(name)
        table.add_row(
            name, f"{one.seconds:.1f}" if one else "—", one.voice if one else "未生成",
            options.plain(text),
        )  # fmt: skip
    options.console().print(table)


@app.command()
def play(
    prompt: Annotated[str, typer.Argument(metavar="ID")],
    config: options.Config = options.CONFIG,
    language: Language = None,
) -> None:
    """播放一条提示音 · play one prompt."""
    settings = _settings(config)
    path = settings.paths.prompts / (language or settings.site.language) / f"{prompt}.wav"
    if not path.is_file():
        raise UserError(f"{path}: no such prompt; `ivr prompts build` makes them")
    player = next((one for one in _PLAYERS if shutil.which(one[0])), None)
    if player is None:
        raise UserError(f"this machine has no player of sound ({_names()}); listen to {path}")
    subprocess.run([*player, str(path)], check=False)


@app.command()
def check(config: options.Config = options.CONFIG, language: Language = None) -> None:
    """检查提示音是否齐全、是最新的、可以听 · are the prompts whole, current, fit to be heard?"""
    settings = _settings(config)
    language = language or settings.site.language
    target = settings.paths.prompts / language
    wrong = [
        f"{name}: 缺失或已过时 · missing or outdated; `ivr prompts build`"
        for name in prompts.outdated(settings, language, settings.paths.prompts)
    ]
    for one in prompts.manifest(target):
        path = target / f"{one.id}.wav"
        if not path.is_file():
            continue
        sound = read(path)
        if sound.peak_db > -1.0:
            wrong.append(f"{one.id}: 过响 · too loud, peak {sound.peak_db:.1f} dBFS")
        if (gap := longest_gap_s(sound)) > _GAP_S:
            wrong.append(f"{one.id}: 中间静音 {gap:.1f} 秒 · a gap within")
    for line in wrong:
        options.console().print(options.plain(line))
    if wrong:
        raise typer.Exit(1)
    options.console().print(f"提示音 {language} 正常 · in order")


@contextmanager
def bar(first: str) -> Iterator[prompts.Progress]:
    """A bar on the terminal's standard error; what it yields is told how far things are."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task(first, total=1.0)
        yield lambda what, done: shown.update(task, description=what, completed=done)


def _settings(config: Path) -> Settings:
    """Prompts can be made before there is an ivr.toml, as the example site's."""
    return load(config) if config.exists() or config != options.CONFIG else Settings()


def _names() -> str:
    return ", ".join(player[0] for player in _PLAYERS)
