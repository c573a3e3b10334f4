"""`ivr script`: conversation scripts, checked, held in the terminal, drawn."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from ivr.cli import options
from ivr.errors import UserError
from ivr.outbound import scripts
from ivr.settings import Settings
from ivr.settings import load as load_settings
from ivr.talk.asking import By, Heard
from ivr.talk.audio import write_whole
from ivr.talk.line import HungUp
from ivr.talk.prompts import catalogue
from ivr.talk.script import Problem, Script, ScriptError, check, find, load, texts
from ivr.talk.script.actions import (
    Action,
    Ask,
    End,
    Event,
    Record,
    Recorded,
    Reply,
    Transfer,
)
from ivr.talk.script.draw import drawing
from ivr.talk.script.machine import Machine
from ivr.talk.script.match import match
from ivr.talk.speech.choose import choose

app = typer.Typer(help="对话脚本 · conversation scripts", no_args_is_help=True)

File = Annotated[
    str, typer.Argument(metavar="FILE", help="脚本文件，或自带脚本名 · file, or a shipped name")
]
Language = Annotated[
    str | None, typer.Option("--language", "-l", help="自带脚本的语言 · zh-CN, en")
]

HANG_UP = "挂断"
BY_WORDS = {
    By.KEY: "按键",
    By.SPEECH: "说话",
    By.NO_INPUT: "没有回答",
    By.NO_MATCH: "没听懂",
    By.DEAF: "没听到",
}


@app.command("check")
def check_files(
    files: Annotated[list[str], typer.Argument(metavar="FILE…", help="脚本文件 · files")],
    language: Language = None,
    config: options.Config = options.CONFIG,
) -> None:
    """检查脚本，逐行指出问题 · what is wrong, line by line; exit code 1 when something is."""
    out = options.console()
    settings = _settings(config)
    wrong = False
    for name in files:
        problems, script = _problems(_path(name, language, settings), settings)
        for problem in problems:
            out.print(Text(str(problem)), soft_wrap=True)
        if script is not None and not problems:
            out.print(
                Text(f"{script.path}: 没有问题 · in order ({script.title}，{len(script.steps)} 步)")
            )
        wrong |= bool(problems)
    if wrong:
        raise typer.Exit(1)


@app.command()
def talk(
    file: File,
    value: Annotated[
        list[str] | None, typer.Option("--value", help="填入的内容 · k=v, e.g. care=yes")
    ] = None,
    keys_only: Annotated[
        bool, typer.Option("--keys-only", help="如同没有语音识别 · as without speech")
    ] = False,
    language: Language = None,
    config: options.Config = options.CONFIG,
) -> None:
    """在终端里试一遍：打字当说话，数字当按键 · hold the conversation by typing."""
    settings = _settings(config)
    script = load(_path(file, language, settings))
    if problems := check(script):
        raise ScriptError(problems)
    values = {**script.values, "company": settings.site.company, **_values(value or [])}
    typer.echo(
        f"{script.title}：打字就是说话，单个数字、* 和 # 是按键，空行是沉默，{HANG_UP}结束。"
    )
    _Terminal(script, values, Machine(script, values, speech=not keys_only)).hold()


@app.command()
def draw(
    file: File,
    out: Annotated[Path, typer.Option("--out", "-o", help="图的文件 · the .svg file")],
    language: Language = None,
    config: options.Config = options.CONFIG,
) -> None:
    """画出流程图 · a picture of the flow."""
    script = load(_path(file, language, _settings(config)))
    if out.is_dir():
        raise UserError(f"{out}: is a folder; name a file such as {out / f'{script.name}.svg'}")
    write_whole(out, drawing(script).encode("utf-8"))
    typer.echo(f"{out}  {script.title}，{len(script.steps)} 步")


def _settings(config: Path) -> Settings:
    """Scripts can be written before there is an ivr.toml, as for the example site."""
    return load_settings(config) if config.exists() or config != options.CONFIG else Settings()


def _path(name: str, language: str | None, settings: Settings) -> Path:
    """A file, or the script that the office would use under that name."""
    path = Path(name)
    if path.suffix or path.exists():
        return path
    return find(name, language or settings.site.language, settings.paths.prompts / scripts.FOLDER)


def _problems(path: Path, settings: Settings) -> tuple[list[Problem], Script | None]:
    try:
        script = load(path)
    except ScriptError as error:
        return error.problems, None
    engine = choose(settings.speech, script.language).engine
    return check(script, unheard=engine.unheard if engine else None), script


def _values(given: list[str]) -> dict[str, str]:
    values = {}
    for one in given:
        name, equals, text = one.partition("=")
        if not equals or not name:
            raise UserError(f"--value {one}: write it like --value title=厨房水龙头漏水")
        values[name] = text
    return values


class _Terminal:
    """A person at the keyboard instead of the telephone."""

    def __init__(self, script: Script, values: dict[str, str], machine: Machine) -> None:
        spoken = texts.spoken(script, values)
        self._texts = {**catalogue(script.language), **spoken, texts.BEEP: "（滴）"}
        self._machine = machine
        self._told = 0

    def hold(self) -> None:
        action = self._machine.begin()
        try:
            while True:
                self._show(action)
                if isinstance(action, Transfer | End):
                    break
                action = self._machine.take(self._event(action))
                for reply in self._machine.replies[self._told :]:
                    typer.echo(f"    → {understood(reply)}")
                self._told = len(self._machine.replies)
        except HungUp:
            pass
        result = self._machine.gone()
        typer.echo(f"结果 result: {result.end}" + (" · 需要人工 a person" if result.wish else ""))

    def _show(self, action: Action) -> None:
        for sound in action.sounds:
            typer.echo(f"📞 {self._texts[sound]}")

    def _event(self, action: Action) -> Event:
        """What the person types. Raises HungUp."""
        if not isinstance(action, Ask | Record):
            return None
        try:
            typed = input("> ").strip()
        except EOFError:
            typer.echo(HANG_UP)
            raise HungUp from None
        if not sys.stdin.isatty():
            typer.echo(typed)  # as it would stand on a terminal
        if typed == HANG_UP:
            raise HungUp
        key = typed if len(typed) == 1 and typed in "0123456789*#" else ""
        if isinstance(action, Record):
            return Recorded(key=key, transcript="" if key else typed)
        if key:
            return Heard(key)
        if not typed or not action.speech:
            return None
        heard = match(typed, action.question)
        choice = action.question.choice(heard.choice)
        typer.echo(f"    听成 heard: {choice.label if choice else '—'} {heard.score:.2f}")
        return heard


def understood(reply: Reply) -> str:
    """fixed: 没修好 (no) · 说话 1.00 · 第 2 次"""
    if not reply.question and not reply.choice:
        return f"{reply.step}: 录音 {reply.transcript or '（无）'}"
    heard = f"{reply.label} ({reply.choice})" if reply.choice else "—"
    score = f" {reply.score:.2f}" if reply.by is By.SPEECH and reply.score is not None else ""
    key = f" {reply.key}" if reply.key else ""
    tries = f" · 第 {reply.tries} 次" if reply.tries > 1 else ""
    return f"{reply.step}: {heard} · {BY_WORDS[reply.by]}{key}{score}{tries}"
