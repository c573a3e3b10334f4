"""Forms: what was typed is kept, what is wrong stands beside its field."""

import contextlib
from datetime import date
from typing import Annotated, Any

import pytest
from aiohttp import FormData, web
from aiohttp.test_utils import TestClient, TestServer
from pydantic import Field

from ivr.web.forms import LONGEST, Form, FormModel, Text, empty, read_form


class Order(FormModel):
    name: Annotated[Text, Field(max_length=10)]
    count: int = Field(1, ge=1, le=9)
    day: date | None = None
    urgent: bool = False
    exts: list[str] = Field(default_factory=list)
    note: str = ""


async def read(data: Any, **options: Any) -> Form[Order]:
    found: list[Form[Order]] = []

    async def handler(request: web.Request) -> web.Response:
        found.append(await read_form(request, Order))
        return web.Response()

    app = web.Application(client_max_size=8 * 1024 * 1024)
    app.add_routes([web.post("/", handler)])
    async with TestClient(TestServer(app)) as client:
        answer = await client.post("/", data=data, **options)
        assert answer.status in (200, 400)
        if answer.status == 400:
            raise web.HTTPBadRequest(reason=answer.reason)
    return found[0]


async def test_what_is_right() -> None:
    form = await read(
        [
            ("name", " 王芳 "),
            ("count", "3"),
            ("day", ""),
            ("urgent", "true"),
            ("exts", "101"),
            ("exts", "102"),
            ("csrf_token", "x"),
            ("other", "y"),
        ]
    )
    assert form.value == Order(name="王芳", count=3, urgent=True, exts=["101", "102"])
    assert form.errors == {}
    assert "csrf_token" not in form.values


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("name", "", "请填写这一项"),
        ("name", "   ", "请填写这一项"),
        ("name", "一二三四五六七八九十一", "最多 10 个字"),
        ("count", "many", "请填写数字"),
        ("count", "0", "不小于 1"),
        ("count", "10", "不大于 9"),
        ("count", "٣٣٣", "请填写数字"),
        ("day", "yesterday", "请填写日期或时间"),
        ("urgent", "perhaps", "格式不对"),
        ("note", "x" * (LONGEST + 1), f"最多 {LONGEST} 个字"),
    ],
)
async def test_what_is_wrong(field: str, typed: str, words: str) -> None:
    form = await read({"name": "a", field: typed})
    assert form.value is None
    assert words in form.errors[field]
    assert form.values[field] == typed


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("😀👨‍👩‍👧 漏水", "😀👨‍👩‍👧 漏水"),
        ("a\x00b\x1b[31mc\x7f", "ab[31mc"),
        ("one\r\ntwo\tthree", "one\ntwo\tthree"),
        ("ev\u202eil", "ev\u202eil"),
    ],
)
async def test_text_of_all_kinds(typed: str, kept: str) -> None:
    form = await read({"name": "a", "note": typed})
    assert form.value is not None
    assert form.value.note == kept


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"\xff\xfe=\xff", "application/x-www-form-urlencoded"),
        (b"name=a", "application/x-www-form-urlencoded; charset=nonsense"),
        (b"no boundary", "multipart/form-data"),
        (b"--x\r\nbroken", "multipart/form-data; boundary=x"),
        (
            b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\nabc',
            "multipart/form-data; boundary=x",
        ),
        (b'{"name": "a"}', "application/json"),
        (b"", "text/plain"),
    ],
)
async def test_a_body_that_is_no_form_breaks_nothing(body: bytes, kind: str) -> None:
    with contextlib.suppress(web.HTTPBadRequest):
        form = await read(body, headers={"Content-Type": kind})
        assert form.value is None or form.value.name


async def test_a_file() -> None:
    data = FormData(quote_fields=False)
    data.add_field("name", "a")
    data.add_field("file", b"RIFF", filename="录音.wav", content_type="audio/wav")
    form = await read(data)
    assert form.files["file"].filename == "录音.wav"
    assert form.value is not None


def test_a_form_that_is_refused_after_all() -> None:
    form = empty(Order(name="a"))
    assert form.value is not None
    form.refuse("count", "zu viel").refuse("count", "later")
    assert (form.value, form.errors) == (None, {"count": "zu viel"})
    assert form.text("name") == "a"
    assert form.text("nothing") == ""
