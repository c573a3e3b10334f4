"""Owners for programs: search, change, import with a preview."""

from typing import Any

import pytest

from ivr.service import Service
from ivr.web.access import Role
from tests.web.conftest import Client, SignIn

SHEET = """\
楼栋,单元,房号,姓名,称谓,电话1,特别关怀
3,2,1201,周建国,先生,13800138000,
3,2,1202,李梅,女士,13900139000,老人
5,,303,王芳,,119,
"""


@pytest.fixture
def token(service: Service) -> dict[str, str]:
    return {"Authorization": f"Bearer {service.token}"}


async def imported(client: Client, token: dict[str, str]) -> dict[str, Any]:
    sent = {**token, "Content-Type": "text/csv"}
    answer = await client.post("/api/v1/owners/import", data=SHEET.encode(), headers=sent)
    plan = await answer.json()
    asked = {"confirm": plan["upload"], "book": str(plan["book"])}
    answer = await client.post("/api/v1/owners/import", params=asked, headers=token)
    return dict(await answer.json())


async def test_an_import_is_agreed_to(client: Client, token: dict[str, str]) -> None:
    sent = {**token, "Content-Type": "text/csv"}
    answer = await client.post("/api/v1/owners/import", data=SHEET.encode(), headers=sent)
    plan = await answer.json()
    assert (plan["written"], plan["added"], plan["wrong_rows"]) == (False, 2, 1)
    assert plan["wrong"][0]["where"] == "row 4"
    assert (await (await client.get("/api/v1/owners", headers=token)).json())["total"] == 0
    done = await imported(client, token)
    assert (done["written"], done["added"]) == (True, 2)
    stale = {"confirm": plan["upload"], "book": str(plan["book"])}
    answer = await client.post("/api/v1/owners/import", params=stale, headers=token)
    assert answer.status == 409
    again = {"confirm": "../../etc/passwd"}
    answer = await client.post("/api/v1/owners/import", params=again, headers=token)
    assert (answer.status, (await answer.json())["detail"]) == (
        400, "There is no such preview any more; send the file again",
    )  # fmt: skip


async def test_owners_are_found_and_changed(client: Client, token: dict[str, str]) -> None:
    await imported(client, token)
    answer = await client.get("/api/v1/owners", params={"q": "3栋", "care": "true"}, headers=token)
    (li,) = (await answer.json())["owners"]
    assert (li["address"], li["phones"], li["care"]) == ("李女士", ["13900139000"], ["老人"])
    path = f"/api/v1/owners/{li['id']}"
    change = {"quiet": "9:00～11:30", "language": "en", "phones": ["88881234", "13900139000"]}
    answer = await client.patch(path, json=change, headers=token)
    changed = await answer.json()
    assert changed["quiet"] == "09:00-11:30"
    assert changed["phones"] == ["075588881234", "13900139000"]
    assert (await (await client.get(path, headers=token)).json()) == changed


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"phones": ["119"]}, "'119' is no telephone number that exists"),
        ({"homes": []}, "homes"),
        ({"homes": ["?"]}, "owner: "),
        ({"title": "VIP"}, "'VIP' is none of"),
        ({"quiet": "noon"}, "'noon' is no span of hours"),
        ({"care": ["VIP"]}, "care"),
        ({"id": "x"}, "there is no field 'id'"),
    ],
)
async def test_a_mistake_is_one_sentence(
    client: Client, token: dict[str, str], change: dict[str, Any], sentence: str
) -> None:
    await imported(client, token)
    (owner, *_) = (await (await client.get("/api/v1/owners", headers=token)).json())["owners"]
    path = f"/api/v1/owners/{owner['id']}"
    answer = await client.patch(path, json=change, headers=token)
    assert answer.status == 400
    assert sentence in (await answer.json())["detail"]
    assert await (await client.get(path, headers=token)).json() == owner


async def test_who_may_do_what(client: Client, token: dict[str, str], sign_in: SignIn) -> None:
    await imported(client, token)
    assert (await client.get("/api/v1/owners")).status == 401
    fields = await sign_in(client, Role.CLERK)
    headers = {"X-CSRF-Token": next(iter(fields.values()))}
    found = await (await client.get("/api/v1/owners", params={"q": "周"})).json()
    assert found["owners"][0]["phones"] == ["138****8000"]
    path = f"/api/v1/owners/{found['owners'][0]['id']}"
    assert (await client.patch(path, json={"note": "x"}, headers=headers)).status == 403
    assert (await client.get("/api/v1/owners/none", headers=token)).status == 404
