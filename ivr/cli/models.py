"""`ivr models`: the weights of voices and recognisers."""

from pathlib import Path
from typing import Annotated

import typer

from ivr.cli import options
from ivr.cli.prompts import bar
from ivr.errors import UserError
from ivr.talk import models
from ivr.talk.model_table import MODELS, named

app = typer.Typer(help="语音模型 · models of voices and recognisers", no_args_is_help=True)


@app.command("list")
def show() -> None:
    """列出模型 · list the models."""
    table = options.table(
        "语音模型", "名称 name", "用途 use", "大小 MB", "许可 licence", "状态 state"
    )
    for model in MODELS.values():
        state = "已安装 installed" if models.installed(model) else "未安装 not installed"
        table.add_row(model.name, model.use, f"{model.size / 1e6:.0f}", model.licence, state)
    options.console().print(table)


@app.command()
def install(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME]...")] = None,
    source: Annotated[
        Path | None, typer.Option("--from", help="自备的文件或文件夹 · a file or folder you have")
    ] = None,
) -> None:
    """下载并核对模型 · fetch models and check them; when none is named, all but those of tests."""
    wanted = names or [name for name, model in MODELS.items() if not model.for_tests]
    failed = []
    for model in [named(name) for name in wanted]:
        try:
            with bar(model.name) as progress:
                models.install(model, source, progress)
        except UserError as error:
            failed.append(str(error))  # the others need not wait for this one
            continue
        missing = models.verify(model)
        state = f"还缺 still missing: {', '.join(missing)}" if missing else "已安装 installed"
        options.console().print(f"{model.name}: {state}, {model.folder}")
    if failed:
        raise UserError("\n".join(failed))


@app.command()
def verify(names: Annotated[list[str] | None, typer.Argument(metavar="[NAME]...")] = None) -> None:
    """核对已安装模型的内容 · check the content of the models that are installed."""
    bad = False
    for model in [named(name) for name in names or MODELS]:
        if not names and not model.folder.exists():
            continue
        wrong = models.verify(model)
        bad = bad or bool(wrong)
        state = f"有误 wrong: {', '.join(wrong)}" if wrong else "正确 right"
        options.console().print(f"{model.name}: {state}")
    if bad:
        raise typer.Exit(1)
