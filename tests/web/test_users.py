"""People who may sign in, and what may not be done to them."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from ivr.errors import UserError
from ivr.service import Service
from ivr.web import users as module
from ivr.web.access import Role
from ivr.web.users import Hashing, LastAdmin, LoginTaken, TooBusy, Users, new_password


@pytest.fixture
async def people(service: Service) -> AsyncIterator[Users]:
    users = Users(service.db, service.settings)
    yield users
    users.close()


@pytest.mark.parametrize(
    ("login", "password", "ext", "words"),
    [
        ("clerk", "long enough 1", "", "taken"),
        (" CLERK", "long enough 1", "", "taken"),
        ("", "long enough 1", "", "begin with a letter"),
        ("王芳", "long enough 1", "", "begin with a letter"),
        ("a b", "long enough 1", "", "begin with a letter"),
        ("a" * 65, "long enough 1", "", "begin with a letter"),
        ("new", "short", "", "at least 10"),
        ("new", "x" * 257, "", "at most 256"),
        ("new", "aaaaaaaaaaaaa", "", "easily guessed"),
        ("wangfang", "wangfang-1234", "", "easily guessed"),
        ("new", "long enough 1", "999", "not in [[phones]]"),
    ],
)
async def test_who_cannot_be_added(
    people: Users, login: str, password: str, ext: str, words: str
) -> None:
    with pytest.raises(UserError, match=words.replace("[", r"\[")):
        await people.add(login, name="x", role=Role.CLERK, password=password, ext=ext)
    assert len(await people.all()) == 4


async def test_adding_and_checking(people: Users) -> None:
    row = await people.add("Li.Na", name=" 李娜 ", role=Role.CLERK, password="pass 短语 😀 ok")
    assert (row.login, row.name, row.must_change) == ("li.na", "李娜", True)
    assert row.password.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert (await people.check("LI.NA", "pass 短语 😀 ok")) is not None
    assert (await people.check("li.na", "pass 短语 ok")) is None
    with pytest.raises(LoginTaken):
        await people.add("li.na", name="", role=Role.CLERK, password="another long one")


async def test_the_last_administrator_stays(people: Users) -> None:
    admin = await people.get("admin")
    with pytest.raises(LastAdmin):
        await people.disable(admin.id)
    with pytest.raises(LastAdmin):
        await people.change(admin.id, name="x", role=Role.MANAGER, ext="", language="")
    other = await people.add("second", name="", role=Role.ADMIN, password="long enough 1")
    await people.disable(admin.id)
    with pytest.raises(LastAdmin):
        await people.disable(other.id)
    await people.enable(admin.id)
    await people.disable(other.id)


def test_one_time_passwords_can_be_read_out() -> None:
    made = {new_password() for _ in range(100)}
    assert len(made) == 100
    assert all(len(each) == 14 and not set(each) & set("0o1il") for each in made)


async def test_more_than_can_be_checked_are_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WAITING", 3)
    hashing = Hashing()
    tries = await asyncio.gather(*(hashing.hash("x") for _ in range(10)), return_exceptions=True)
    assert sum(isinstance(each, TooBusy) for each in tries) == 7
    assert await hashing.verify(await hashing.hash("x"), "x")  # and then it goes on
    assert not await hashing.verify("no hash", "x")
    hashing.close()
