"""The duty roster as a calendar: planning, refusing, removing, importing."""

import re
import tempfile
import time
from typing import Any

import pytest
from aiohttp import FormData

from ivr.service import Service
from ivr.web.access import Role
from tests.web.conftest import Client, SignIn

SHIFT = {
    "line": "hotline",
    "begin": "2030-03-01T18:00",
    "end": "2030-03-02T08:00",
    "primary": "102",
    "backup": "201",
    "mobile": "138 0013 8000",
    "person": "李娜",
    "note": "<b>替班</b>",
}
SHEET = (
    "日期,开始,结束,主班,姓名\n2030-03-05,08:00,18:00,101,王芳\n2030-03-06,08:00,18:00,102,李娜\n"
)


async def test_a_shift_is_planned_seen_and_removed(
    client: Client, service: Service, sign_in: SignIn
) -> None:
    fields = await sign_in(client, Role.SUPERVISOR)
    answer = await client.post("/settings/roster", data={**fields, **SHIFT})
    text = await answer.text()
    assert answer.url.query_string == "month=2030-03&saved=1"
    assert "&lt;b&gt;替班" in text
    assert "<b>替班" not in text
    (row,) = await service.roster.entries(time.time())
    assert (row.primary, row.backup, row.mobile) == (("102",), ("201",), "13800138000")
    zone = service.settings.site.zone
    assert row.to_at - row.from_at == 14 * 3600
    assert str(zone) == "Asia/Shanghai"
    assert row.from_at == 1898589600.0
    gone = await client.post(f"/settings/roster/{row.id}/remove", data=fields)
    assert gone.status == 200
    assert not await service.roster.entries(time.time())
    assert (await client.post(f"/settings/roster/{row.id}/remove", data=fields)).status == 404


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("line", "nothing", "没有这条线路"),
        ("begin", "", "请填写日期或时间"),
        ("begin", "tomorrow", "请填写日期或时间"),
        ("begin", "0001-01-01T00:00", "请填写日期或时间"),
        ("begin", "2030-03-01T18:00Z", "请填写日期或时间"),
        ("end", "2030-03-01T18:00", "结束要晚于开始"),
        ("end", "2035-03-01T18:00", "最长一年"),
        ("end", "9999-12-31T23:59", "最长一年"),
        ("primary", "999", "没有这部分机"),
        ("primary", "", "没有这部分机"),
        ("backup", "' OR 1=1", "没有这部分机"),
        ("mobile", "call me", "这不是电话号码"),
        ("note", "x" * 201, "最多 200 个字"),
    ],
)
async def test_what_cannot_be_planned(
    client: Client, service: Service, sign_in: SignIn, field: str, value: str, words: str
) -> None:
    fields = await sign_in(client, Role.SUPERVISOR)
    answer = await client.post("/settings/roster", data={**fields, **SHIFT, field: value})
    assert answer.status == 422
    text = await answer.text()
    assert words in text
    assert 'value="李娜"' in text
    assert not await service.roster.entries(time.time())


async def test_two_shifts_at_one_time(client: Client, sign_in: SignIn) -> None:
    fields = await sign_in(client, Role.SUPERVISOR)
    await client.post("/settings/roster", data={**fields, **SHIFT})
    answer = await client.post(
        "/settings/roster", data={**fields, **SHIFT, "begin": "2030-03-01T20:00"}
    )
    assert answer.status == 409
    assert "已有另一条值班" in await answer.text()


async def upload(client: Client, fields: dict[str, str], name: str, content: bytes) -> Any:
    data = FormData(quote_fields=False)
    for field, value in fields.items():
        data.add_field(field, value)
    data.add_field("file", content, filename=name)
    return await client.post("/settings/roster/import", data=data)


async def test_a_spreadsheet(client: Client, service: Service, sign_in: SignIn) -> None:
    fields = await sign_in(client, Role.SUPERVISOR)
    answer = await upload(client, fields, "三月.csv", SHEET.encode())
    assert answer.status == 200
    assert [row.person for row in await service.roster.entries(time.time())] == ["王芳", "李娜"]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("", b"", "请选择一个文件"),
        ("x.exe", b"MZ", "请上传 .xlsx 或 .csv"),
        ("x.xlsx", b"no workbook", "x.xlsx"),
        ("x.csv", SHEET.replace("101", "999").encode(), "999"),
        ("../../x.csv", b"\xff\xfe\x00", "x.csv"),
    ],
)
async def test_a_file_that_is_none(
    client: Client, service: Service, sign_in: SignIn, name: str, content: bytes, words: str
) -> None:
    fields = await sign_in(client, Role.SUPERVISOR)
    answer = await upload(client, fields, name, content)
    assert answer.status == 422
    text = await answer.text()
    assert words in text
    assert tempfile.gettempdir() not in text
    assert not await service.roster.entries(time.time())


@pytest.mark.parametrize(
    "month", ["2030-03", "2026-02", "9999-12", "0000-00", "x", "%00", "2000-01"]
)
async def test_every_month_can_be_looked_at(client: Client, sign_in: SignIn, month: str) -> None:
    await sign_in(client, Role.SUPERVISOR)
    answer = await client.get(f"/settings/roster?month={month}")
    assert answer.status == 200
    assert len(re.findall(r"<td class=", await answer.text())) in (28, 35, 42)
