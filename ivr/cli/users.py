"""`ivr users`: who may sign in to the pages."""

from typing import Annotated

import typer

from ivr.calls import listing
from ivr.cli import options
from ivr.errors import UserError
from ivr.settings import Settings
from ivr.store.database import Database
from ivr.web.access import ROLE_WORDS, Role
from ivr.web.sessions import Sessions
from ivr.web.users import Users, new_password

app = typer.Typer(help="网页用户 · who may sign in to the pages", no_args_is_help=True)

Login = Annotated[str, typer.Argument(metavar="LOGIN", help="用户名 · login")]


@app.command("list")
def list_(config: options.Config = options.CONFIG) -> None:
    """列出用户 · everybody who may sign in, or might"""

    async def work(db: Database, settings: Settings) -> None:
        found = await Users(db, settings).all()
        zone = settings.site.zone
        listed = options.table(
            f"用户 {len(found)}", "用户名", "姓名", "角色", "分机", "最近登录", "状态"
        )
        for row in found:
            state = "已停用" if row.disabled_at else "待改密码" if row.must_change else ""
            listed.add_row(
                row.login,
                options.plain(row.name),
                ROLE_WORDS[Role(row.role)],
                row.ext,
                "" if row.signed_in_at is None else listing.clock(row.signed_in_at, zone),
                state,
            )
        options.console().print(listed)

    options.with_store(config, work, create=True)


@app.command()
def add(
    login: Login,
    config: options.Config = options.CONFIG,
    name: Annotated[str, typer.Option(help="姓名 · name")] = "",
    role: Annotated[Role, typer.Option(help="角色 · role")] = Role.CLERK,
    ext: Annotated[str, typer.Option(help="分机 · their desk phone")] = "",
) -> None:
    """新增用户，显示一次性密码 · add somebody; a one-time password is shown"""

    async def work(db: Database, settings: Settings) -> str:
        password = new_password()
        await Users(db, settings).add(login, name=name, role=role, password=password, ext=ext)
        return password

    _show(login, options.with_store(config, work, create=True))


@app.command()
def passwd(
    login: Login,
    config: options.Config = options.CONFIG,
    ask: Annotated[
        bool, typer.Option("--ask", help="自己输入密码 · type one instead of a one-time password")
    ] = False,
) -> None:
    """重设密码 · a new one-time password; all sessions of theirs end"""
    own = typer.prompt("新密码", hide_input=True, confirmation_prompt=True) if ask else None

    async def work(db: Database, settings: Settings) -> str:
        users = Users(db, settings)
        row = await users.get(login)
        password = own or new_password()
        await users.set_password(row.id, password, must_change=own is None)
        await Sessions(db, settings.site.id, settings.web).end_of_user(row.id)
        return password

    password = options.with_store(config, work)
    if own is None:
        _show(login, password)
    else:
        options.console().print("密码已修改。")


@app.command()
def disable(login: Login, config: options.Config = options.CONFIG) -> None:
    """停用 · they may sign in no more, and are signed out"""

    async def work(db: Database, settings: Settings) -> None:
        users = Users(db, settings)
        row = await users.get(login)
        await users.disable(row.id)
        await Sessions(db, settings.site.id, settings.web).end_of_user(row.id)

    options.with_store(config, work)
    options.console().print(options.plain(f"已停用：{login}"))


@app.command()
def enable(login: Login, config: options.Config = options.CONFIG) -> None:
    """恢复 · they may sign in again"""

    async def work(db: Database, settings: Settings) -> None:
        users = Users(db, settings)
        row = await users.get(login)
        if row.disabled_at is None:
            raise UserError(f"{login} is not disabled")
        await users.enable(row.id)

    options.with_store(config, work)
    options.console().print(options.plain(f"已恢复：{login}"))


def _show(login: str, password: str) -> None:
    out = options.console()
    out.print(options.plain(f"用户名 {login}  一次性密码 {password}"))
    out.print("只显示这一次；首次登录时须改成自己的密码。")
