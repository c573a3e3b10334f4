"""`ivr init` and `ivr dialplan`: setting up an office that has a PBX of its own."""

import secrets
from pathlib import Path
from typing import Annotated

import typer

from ivr.cli import options
from ivr.errors import UserError
from ivr.pbx.dialplan import render
from ivr.settings import Ladder, Line, Phone, Settings, Trunk
from ivr.settings_file import write

Force = Annotated[bool, typer.Option("--force", help="覆盖已有文件 · write over an existing file")]


def init(
    company: Annotated[str, typer.Option(prompt="公司名称 · company", help="如 阳光花园物业")],
    hotline: Annotated[str, typer.Option(prompt="热线号码 · hotline number (DID)")],
    phones: Annotated[
        str, typer.Option(prompt="前台分机，逗号分隔 · service desk extensions, comma separated")
    ],
    backup: Annotated[
        str, typer.Option(prompt="后备分机，逗号分隔 · backup extensions (may be empty)")
    ] = "",
    trunk: Annotated[
        str, typer.Option(prompt="外线设备 · trunk device, such as PJSIP/trunk")
    ] = "PJSIP/trunk",
    ami_host: Annotated[str, typer.Option(help="AMI 地址 · AMI host")] = "127.0.0.1",
    ami_port: Annotated[int, typer.Option(help="AMI 端口 · AMI port")] = 5038,
    config: options.Config = options.CONFIG,
    force: Force = False,
) -> None:
    """写出 ivr.toml 与密钥 · write ivr.toml with every setting explained, and its secrets"""
    desk, spare = _extensions(phones), _extensions(backup)
    if not desk:
        raise UserError("The hotline needs at least one extension: --phones 101,102")
    try:
        settings = Settings(
            site=Settings().site.model_copy(update={"company": company}),
            ami=Settings().ami.model_validate(
                {"host": ami_host, "port": ami_port, "secret": secrets.token_urlsafe(24)}
            ),
            phones=[
                Phone(ext=ext, device=f"PJSIP/{ext}") for ext in dict.fromkeys([*desk, *spare])
            ],
            trunks=[Trunk(device=trunk)],
            lines=[
                Line(name="hotline", did=[hotline], ladders=[Ladder(primary=desk, backup=spare)])
            ],
        )
    except ValueError as error:
        raise UserError(f"These answers do not fit: {_first(error)}") from None
    write(settings, config, force=force)
    typer.echo(f"{config} 已写好 · written. 下一步 · next:")
    typer.echo(
        "  ivr dialplan render DIR    # 供 Asterisk #include 的文件 · what Asterisk includes"
    )
    typer.echo("  ivr prompts build          # 生成提示音 · speak the prompts")
    typer.echo("  ivr doctor                 # 检查 · what is still missing")
    typer.echo("  ivr serve                  # 运行 · run")


def _extensions(text: str) -> list[str]:
    return [part.strip() for part in text.replace("，", ",").split(",") if part.strip()]


def _first(error: ValueError) -> str:
    lines = [line.strip() for line in str(error).splitlines()]
    return " ".join(lines[1:3]) if len(lines) > 2 else lines[0]


dialplan = typer.Typer(help="拨号方案 · Asterisk's side", no_args_is_help=True)


@dialplan.command("render")
def render_command(
    target: Annotated[Path, typer.Argument(metavar="DIR", help="写到哪里 · where to")],
    config: options.Config = options.CONFIG,
) -> None:
    """写出要 #include 的文件 · write what your Asterisk includes (see README.txt there)"""
    written = render(options.settings_of(config), target)
    for path in written:
        typer.echo(str(path))
