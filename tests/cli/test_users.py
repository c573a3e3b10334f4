"""`ivr users`: who may sign in, from the terminal."""

import asyncio
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ivr.cli.users import app
from ivr.settings import load
from ivr.store.database import FILE_NAME, Database
from ivr.web.users import Users

PASSWORD = re.compile(r"一次性密码 (\S+)")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "ivr.toml"
    path.write_text('[[phones]]\next = "101"\ndevice = "PJSIP/101"\n', encoding="utf-8")
    return path


def ivr(config: Path, *arguments: str, answer: str = "") -> Result:
    return CliRunner().invoke(app, [*arguments, "--config", str(config)], input=answer)


def may_sign_in(config: Path, login: str, password: str) -> bool:
    async def ask() -> bool:
        settings = load(config)
        async with await Database.open(settings.paths.data / FILE_NAME) as db:
            users = Users(db, settings)
            try:
                return await users.check(login, password) is not None
            finally:
                users.close()

    return asyncio.run(ask())


def one_time(result: Result) -> str:
    found = PASSWORD.search(result.output)
    assert found, result.output
    return found[1]


def test_a_users_life(config: Path) -> None:
    first = one_time(
        ivr(config, "add", "wang", "--name", "王芳", "--role", "admin", "--ext", "101")
    )
    assert may_sign_in(config, "wang", first)
    listed = ivr(config, "list").output
    assert "王芳" in listed
    assert "管理员" in listed
    assert "待改密码" in listed
    assert first not in listed
    second = one_time(ivr(config, "passwd", "wang"))
    assert not may_sign_in(config, "wang", first)
    assert may_sign_in(config, "wang", second)
    own = "my own long one"
    assert ivr(config, "passwd", "wang", "--ask", answer=f"{own}\n{own}\n").exit_code == 0
    assert may_sign_in(config, "wang", own)
    one_time(ivr(config, "add", "li", "--role", "admin"))
    assert ivr(config, "disable", "wang").exit_code == 0
    assert not may_sign_in(config, "wang", own)
    assert ivr(config, "enable", "wang").exit_code == 0
    assert may_sign_in(config, "wang", own)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("add", "王芳"), "begin with a letter"),
        (("add", "li", "--ext", "999"), "not in [[phones]]"),
        (("add", "wang"), "taken"),
        (("disable", "wang"), "last administrator"),
        (("passwd", "nobody"), "no user 'nobody'"),
        (("enable", "wang"), "not disabled"),
    ],
)
def test_what_cannot_be(config: Path, arguments: tuple[str, ...], words: str) -> None:
    ivr(config, "add", "wang", "--role", "admin")
    result = ivr(config, *arguments)
    assert words in str(result.exception)
