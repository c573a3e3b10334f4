"""Signing in and out: passwords, throttle, one-time passwords, sessions, what was typed."""

import asyncio
import re
import time
from typing import Any

import pytest

from ivr.service import Service
from ivr.store.sessions import SessionTable
from ivr.web.access import Role
from ivr.web.security import csrf_of, digest
from ivr.web.signin import THROTTLES, local
from ivr.web.users import USERS, Users
from tests.web.browser import PASSWORD
from tests.web.conftest import Client, SignIn

HIDDEN = re.compile(r'<textarea hidden name="([^"]*)">\n(.*?)</textarea>', re.DOTALL)


async def enter(client: Client, login: str, password: str, **more: str) -> Any:
    return await client.post(
        "/sign-in",
        data={"login": login, "password": password, **more},
        allow_redirects=False,
    )


@pytest.mark.parametrize(
    ("address", "led_to"),
    [
        ("/calls?page=2", "/calls?page=2"),
        ("", "/"),
        ("calls", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("/calls\r\nSet-Cookie: x=1", "/"),
        ("http://[", "/"),
    ],
)
def test_nobody_is_led_to_another_site(address: str, led_to: str) -> None:
    assert local(address) == led_to


async def test_the_way_in_leads_where_one_wanted_to_go(client: Client) -> None:
    answer = await enter(client, "CLERK ", PASSWORD, next="/account")
    assert (answer.status, answer.headers["Location"]) == (303, "/account")
    cookie = answer.cookies["ivr"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert "王芳" in await (await client.get("/account")).text()


@pytest.mark.parametrize(
    ("login", "password"),
    [
        ("clerk", "wrong"),
        ("nobody", PASSWORD),
        ("", ""),
        ("' OR 1=1 --", "x"),
        ("clerk", "密码😀" * 100),
        ("\x00clerk", PASSWORD + "\x00"),
    ],
)
async def test_a_wrong_one_is_refused_in_the_same_words(
    client: Client, login: str, password: str
) -> None:
    answer = await enter(client, login, password)
    assert answer.status == 403
    text = await answer.text()
    assert "用户名或密码不对" in text
    assert "ivr" not in answer.cookies


async def test_too_many_wrong_ones_have_to_wait_and_say_how_long(client: Client) -> None:
    for _ in range(5):
        assert (await enter(client, "clerk", "wrong")).status == 403
    refused = await enter(client, "clerk", PASSWORD)
    assert refused.status == 429
    assert int(refused.headers["Retry-After"]) <= 31
    assert "秒后再试" in await refused.text()
    # a colleague at the same desk is not concerned
    assert (await enter(client, "manager", PASSWORD)).status == 303


async def test_signing_in_begins_a_new_session_and_ends_the_old(
    client: Client, service: Service
) -> None:
    first = (await enter(client, "clerk", PASSWORD)).cookies["ivr"].value
    second = (await enter(client, "clerk", PASSWORD)).cookies["ivr"].value
    assert first != second
    client.session.cookie_jar.clear()
    answer = await client.get("/account", headers={"Cookie": f"ivr={first}"}, allow_redirects=False)
    assert answer.status == 303
    rows = await service.db.fetch_all("SELECT * FROM sessions", {})
    assert [row["hash"] for row in rows] == [digest(second)]
    assert second not in str([tuple(row) for row in rows])


async def test_signing_out_ends_it(client: Client, sign_in: SignIn) -> None:
    fields = await sign_in(client, Role.CLERK)
    assert (await client.post("/sign-out", data=fields)).url.path == "/sign-in"
    assert (await client.get("/account", allow_redirects=False)).status == 303


async def test_sessions_run_out(client: Client, service: Service, sign_in: SignIn) -> None:
    await sign_in(client, Role.CLERK)
    for column, age_h in (("seen_at", 12.1), ("created_at", 14 * 24 + 0.1)):
        async with service.db.write() as writer:
            await writer.execute(
                f"UPDATE sessions SET seen_at = :now, created_at = :now, {column} = :then",
                {"now": time.time(), "then": time.time() - age_h * 3600},
            )
        answer = await client.get("/account", allow_redirects=False)
        assert answer.status == 303, column


async def test_a_clock_that_jumps_signs_nobody_out_early(
    client: Client, service: Service, sign_in: SignIn
) -> None:
    await sign_in(client, Role.CLERK)
    table = SessionTable(service.db, service.settings.site.id)
    for jump in (3600.0, -7200.0):  # the server's clock was an hour fast, then set right
        async with service.db.write() as writer:
            await writer.execute("UPDATE sessions SET seen_at = seen_at + :by", {"by": jump})
        assert (await client.get("/account")).status == 200
    limits = {"seen_after": time.time() - 60, "created_after": 0.0}
    rows = await service.db.fetch_all("SELECT user_id FROM sessions", {})
    assert await table.of_user(rows[0]["user_id"], **limits)


async def test_the_first_start_makes_one_administrator(service: Service, client: Client) -> None:
    assert await client.app[USERS].first_admin() is None  # somebody is there
    async with service.db.write() as writer:
        await writer.execute("DELETE FROM users")
    password = await client.app[USERS].first_admin()
    assert password
    answer = await enter(client, "admin", password)
    fields = {"csrf_token": csrf_of(answer.cookies["ivr"].value)}
    # nothing else is open before the password was changed
    assert (await client.get("/settings/users")).url.path == "/account"
    assert (await client.get("/api/v1/audit")).status == 403
    same = await client.post(
        "/account/password", data={**fields, "old": password, "new": password, "again": password}
    )
    assert same.status == 422
    changed = await client.post(
        "/account/password",
        data={
            **fields,
            "old": password,
            "new": "new and long enough",
            "again": "new and long enough",
        },
        allow_redirects=False,
    )
    assert (changed.status, changed.headers["Location"]) == (303, "/")
    assert (await client.get("/settings/users")).status == 200


@pytest.mark.parametrize(
    ("old", "new", "again", "words"),
    [
        ("wrong", "long enough 1", "long enough 1", "当前密码不对"),
        (PASSWORD, "long enough 1", "long enough 2", "两次输入的新密码不一样"),
        (PASSWORD, "short", "short", "至少 10 个字符"),
        (PASSWORD, "aaaaaaaaaaaa", "aaaaaaaaaaaa", "至少 10 个字符"),
        (PASSWORD, "my-clerk-password", "my-clerk-password", "至少 10 个字符"),
    ],
)
async def test_a_password_that_will_not_do(
    client: Client, sign_in: SignIn, old: str, new: str, again: str, words: str
) -> None:
    fields = await sign_in(client, Role.CLERK)
    answer = await client.post(
        "/account/password", data={**fields, "old": old, "new": new, "again": again}
    )
    assert answer.status == 422
    text = await answer.text()
    assert words in text
    assert new not in text


async def test_a_new_password_ends_the_other_sessions(client: Client, sign_in: SignIn) -> None:
    await sign_in(client, Role.CLERK)
    other = {
        "Cookie": f"ivr={client.session.cookie_jar.filter_cookies(client.make_url('/'))['ivr'].value}"
    }
    client.session.cookie_jar.clear()
    fields = await sign_in(client, Role.CLERK)
    new = "another long one"
    answer = await client.post(
        "/account/password", data={**fields, "old": PASSWORD, "new": new, "again": new}
    )
    assert answer.status == 200
    client.session.cookie_jar.clear()
    assert (await client.get("/account", headers=other, allow_redirects=False)).status == 303


async def test_what_was_typed_comes_back_after_the_sign_in(client: Client, sign_in: SignIn) -> None:
    """The session ran out while a roster entry was being written."""
    typed = {
        "line": "hotline",
        "begin": "2026-12-01T08:00",
        "end": "2026-12-01T18:00",
        "primary": "101",
        "note": '三楼 "漏水" <b>急</b> 😀\n第二行',
    }
    expired = await client.post("/settings/roster", data={"csrf_token": "of another day", **typed})
    assert expired.status == 401
    kept = {name: unescaped(value) for name, value in HIDDEN.findall(await expired.text())}
    assert kept == {f"kept:{name}": value for name, value in typed.items()}
    back = await enter(client, "supervisor", PASSWORD, next="/settings/roster", **kept)
    assert back.status == 200
    again = {name: unescaped(value) for name, value in HIDDEN.findall(await back.text())}
    assert again == typed
    fields = {"csrf_token": csrf_of(back.cookies["ivr"].value)}
    done = await client.post("/settings/roster", data={**fields, **again})
    assert done.status == 200
    assert "三楼" in await done.text()


async def test_another_sites_form_is_not_kept(client: Client) -> None:
    answer = await client.post(
        "/settings/roster",
        data={"note": "evil"},
        headers={"Origin": "http://evil.example"},
    )
    assert answer.status == 403
    assert "evil" not in re.sub(r"<.*?>", "", await answer.text())


def unescaped(text: str) -> str:
    for code, sign in (
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&#34;", '"'),
        ("&#39;", "'"),
        ("&amp;", "&"),
    ):
        text = text.replace(code, sign)
    return text


async def test_two_hundred_sign_ins_at_once_neither_block_nor_exhaust(
    client: Client, service: Service
) -> None:
    """Every one is answered, in words, and health is told meanwhile."""
    tries = [
        asyncio.create_task(enter(client, f"user{number}", "wrong password"))
        for number in range(200)
    ]
    slowest = 0.0
    while not all(each.done() for each in tries):
        began = time.monotonic()
        answer = await client.get("/metrics")
        assert answer.status == 200
        slowest = max(slowest, time.monotonic() - began)
    statuses = {(await each).status for each in tries}
    assert statuses <= {403, 429, 503}
    assert slowest < 3.0  # the loop was never held up by argon2
    # who waits a moment gets in
    client.app[THROTTLES].succeeded("clerk", "127.0.0.1")
    client.app[THROTTLES].__init__()  # type: ignore[misc]
    assert (await enter(client, "clerk", PASSWORD)).status == 303


async def test_an_office_behind_one_address_is_not_locked_out(client: Client) -> None:
    """A hundred right passwords are no failure."""
    for _ in range(25):
        answers = await asyncio.gather(*(enter(client, role.value, PASSWORD) for role in Role))
        assert {answer.status for answer in answers} == {303}
    throttles = client.app[THROTTLES]
    assert throttles.wait_s("clerk", "127.0.0.1", asyncio.get_running_loop().time()) == 0


async def test_many_wrong_passwords_at_once_count_as_many(client: Client) -> None:
    """Tries sent side by side do not slip in before the first was counted."""
    answers = await asyncio.gather(*(enter(client, "clerk", "wrong") for _ in range(20)))
    assert sum(answer.status == 403 for answer in answers) <= 5


async def test_an_account_that_is_disabled(client: Client, service: Service) -> None:
    users = Users(service.db, service.settings)
    await users.disable((await users.get("clerk")).id)
    users.close()
    assert (await enter(client, "clerk", PASSWORD)).status == 403


async def test_the_language_and_the_theme_are_kept(client: Client, sign_in: SignIn) -> None:
    assert 'lang="zh-CN"' in await (await client.get("/sign-in")).text()
    answer = await client.post(
        "/account/look", data={"language": "en", "theme": "dark", "next": "//evil.example"}
    )
    assert answer.url.host == "127.0.0.1"
    text = await (await client.get("/sign-in")).text()
    assert 'lang="en" data-theme="dark"' in text
    assert "Sign in" in text
    await client.post("/account/look", data={"language": "<script>", "theme": "pink"})
    assert 'lang="en" data-theme="dark"' in await (await client.get("/sign-in")).text()
