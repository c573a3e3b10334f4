"""`ivr hooks`: webhooks to and from the office's other systems."""

from typing import Annotated

import typer

from ivr.cli import options
from ivr.errors import UserError
from ivr.hooks.outbox import Outbox
from ivr.hooks.secrets import INBOUND, Secrets
from ivr.settings import Settings
from ivr.store.database import Database

app = typer.Typer(help="Webhook · webhooks", no_args_is_help=True)

Target = Annotated[
    str, typer.Argument(metavar="名称", help="[[hooks.targets]] 的 name，或 inbound")
]


@app.command()
def status(config: options.Config = options.CONFIG) -> None:
    """告诉了谁、还有多少没送到 · who is told, and what still waits."""

    async def work(db: Database, settings: Settings) -> None:
        counts = {row["target"]: row for row in await Outbox(db, settings).counts()}
        listed = options.table("Webhook", "名称", "地址", "等待", "已送", "放弃", "最近结果")
        for target in settings.hooks.targets:
            row = counts.get(target.name)
            numbers = [str(row[name]) for name in ("waiting", "sent", "given_up")] if row else []
            last = (row["last_status"] or "") if row else ""
            cells = (target.name, target.url, *(numbers or ["0", "0", "0"]), last)
            listed.add_row(*map(options.plain, cells))
        options.console().print(listed)

    options.with_store(config, work)


@app.command()
def secret(target: Target, config: options.Config = options.CONFIG) -> None:
    """签名用的密钥 · the secret that signs."""
    settings = options.settings_of(config)
    _check(settings, target, inbound=True)
    options.console().print(options.plain(Secrets(settings.paths.data).of(target)))


@app.command()
def again(target: Target, config: options.Config = options.CONFIG) -> None:
    """把放弃的再送一次 · try once more what was given up."""

    async def work(db: Database, settings: Settings) -> None:
        _check(settings, target, inbound=False)
        count = await Outbox(db, settings).again(target)
        options.console().print(f"{count} 条将再送一次。")

    options.with_store(config, work)


def _check(settings: Settings, name: str, *, inbound: bool) -> None:
    names = [target.name for target in settings.hooks.targets] + ([INBOUND] if inbound else [])
    if name not in names:
        raise UserError(f"{name!r}: is none of {' '.join(names) or 'no targets'}; see [hooks]")
