"""Users and roles, and the tokens of machines."""

import re

import pytest

from ivr.web.access import Role
from tests.web.browser import PASSWORD
from tests.web.conftest import Client, SignIn

SECRET = re.compile(r'class="mono secret">([^<]+)<')
NEW = {"login": "li.na", "name": "李娜", "role": "clerk", "ext": "103", "language": ""}


def secret(text: str) -> str:
    found = SECRET.search(text)
    assert found
    return found[1]


async def test_somebody_new_signs_in_once_with_the_password_that_was_shown(
    client: Client, sign_in: SignIn
) -> None:
    fields = await sign_in(client, Role.ADMIN)
    answer = await client.post("/settings/users", data={**fields, **NEW})
    password = secret(await answer.text())
    assert password not in await (await client.get("/settings/users")).text()
    client.session.cookie_jar.clear()
    inside = await client.post("/sign-in", data={"login": "li.na", "password": password})
    assert inside.url.path == "/account"
    assert "一次性密码" in await inside.text()


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("login", "clerk", "已被使用"),
        ("login", "李娜", "用小写字母"),
        ("login", "<script>alert(1)</script>", "用小写字母"),
        ("login", "x" * 200, "最多 64 个字"),
        ("name", "", "请填写这一项"),
        ("name", "李" * 41, "最多 40 个字"),
        ("role", "emperor", "从列出的选项中选择"),
        ("ext", "999", "没有这部分机"),
    ],
)
async def test_what_is_wrong_stands_beside_the_field_and_the_rest_is_kept(
    client: Client, sign_in: SignIn, field: str, value: str, words: str
) -> None:
    fields = await sign_in(client, Role.ADMIN)
    answer = await client.post("/settings/users", data={**fields, **NEW, field: value})
    assert answer.status == 422
    text = await answer.text()
    assert words in text
    assert "<script>alert" not in text
    if field != "name":
        assert 'value="李娜"' in text


async def test_changing_and_disabling(client: Client, sign_in: SignIn) -> None:
    fields = await sign_in(client, Role.ADMIN)
    text = await (await client.get("/settings/users")).text()
    clerk = re.search(r'href="(/settings/users/[^"]+)">clerk<', text)
    admin = re.search(r'href="(/settings/users/[^"]+)">admin<', text)
    assert clerk
    assert admin
    changed = await client.post(
        clerk[1], data={**fields, "name": "王芳芳", "role": "supervisor", "ext": "101"}
    )
    assert "已保存" in await changed.text()
    assert "王芳芳" in await (await client.get("/settings/users")).text()
    # whoever is signed in is out at once
    other = await client.post("/sign-in", data={"login": "clerk", "password": PASSWORD})
    assert other.status == 200
    fields = await sign_in(client, Role.ADMIN)
    await client.post(f"{clerk[1]}/disable", data=fields)
    assert "已停用" in await (await client.get("/settings/users")).text()
    refused = await client.post(f"{admin[1]}/disable", data=fields)
    assert refused.status == 409
    assert "最后一位管理员" in await refused.text()
    demoted = await client.post(admin[1], data={**fields, "name": "x", "role": "clerk"})
    assert demoted.status == 422
    reset = await client.post(f"{clerk[1]}/password", data=fields)
    assert len(secret(await reset.text())) == 14
    assert (await client.post("/settings/users/nobody", data=fields)).status == 404


async def test_a_token_is_shown_once_works_and_is_revoked(client: Client, sign_in: SignIn) -> None:
    fields = await sign_in(client, Role.ADMIN)
    made = await client.post(
        "/settings/tokens", data={**fields, "name": "大屏 <b>电视</b>", "role": "clerk"}
    )
    text = await made.text()
    token = secret(text)
    assert "<b>电视" not in text
    key = {"Authorization": f"Bearer {token}"}
    listed = await (await client.get("/settings/tokens")).text()
    assert token not in listed
    client.session.cookie_jar.clear()
    assert (await client.get("/api/v1/calls", headers=key)).status == 200
    assert (await client.get("/api/v1/audit", headers=key)).status == 403  # a clerk's
    fields = await sign_in(client, Role.ADMIN)
    (revoke,) = re.findall(r'action="([^"]+)/revoke"', listed.split("&lt;b&gt;")[1])
    await client.post(f"{revoke}/revoke", data=fields)
    client.session.cookie_jar.clear()
    assert (await client.get("/api/v1/calls", headers=key)).status == 401


@pytest.mark.parametrize("role", ["admin", "machine", ""])
async def test_no_token_for_everything(client: Client, sign_in: SignIn, role: str) -> None:
    fields = await sign_in(client, Role.ADMIN)
    answer = await client.post("/settings/tokens", data={**fields, "name": "x", "role": role})
    assert answer.status == (422 if role else 200)
