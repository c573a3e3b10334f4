"""The audit log: everything that is done leaves a line, and no line ever goes."""

import ast
import io
import sqlite3
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import openpyxl
import pytest

import ivr.web
from ivr.service import Service
from ivr.store.audit import AuditEntry, AuditFilter, AuditTable
from ivr.web.access import Role
from ivr.web.app import create_app
from ivr.web.audit import AUDIT, audit
from tests.web.conftest import Client, SignIn


async def actions(client: Client) -> list[tuple[str, str, str]]:
    _total, found = await client.app[AUDIT].find(AuditFilter())
    return [(each.action, each.user_name, each.target) for each in found]


async def test_what_is_done_is_written(client: Client, sign_in: SignIn) -> None:
    await client.post("/sign-in", data={"login": "wang", "password": "x"})
    fields = await sign_in(client, Role.ADMIN)
    await client.post("/settings/tokens", data={**fields, "name": "收费系统", "role": "clerk"})
    assert await actions(client) == [
        ("token.issue", "管理员", "收费系统"),
        ("session.begin", "管理员", "admin"),
        ("session.refused", "", "wang"),
    ]


@pytest.mark.parametrize("change", ["DELETE FROM audit", "UPDATE audit SET user_name = 'nobody'"])
async def test_no_line_is_changed_or_goes(
    client: Client, service: Service, sign_in: SignIn, change: str
) -> None:
    await sign_in(client, Role.ADMIN)
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        async with service.db.write() as writer:
            await writer.execute(change)
    assert len(await actions(client)) == 1


@pytest.fixture
async def filled(service: Service) -> AuditTable:
    table = AuditTable(service.db, service.settings.site.id)
    for number in range(120):
        await table.add(
            AuditEntry(
                id=f"{number:03}",
                at=1_700_000_000.0 + 3600 * number,
                user_id="u1" if number % 2 else "u2",
                user_name="王芳",
                role="clerk",
                action="notice.start" if number % 3 else "noticeboard.read",
                target=f"=cmd|'/c calc'!A{number}",
                detail="3-1201 50% <b>",
            )
        )
    return table


@pytest.mark.parametrize(
    ("wanted", "total"),
    [
        ({}, 120),
        ({"user_id": "u1"}, 60),
        ({"action": "notice.start"}, 80),
        ({"action": "notice"}, 80),  # and not the noticeboard
        ({"text": "50% <B>"}, 120),
        ({"text": "%"}, 120),
        ({"text": "_x_"}, 0),
        ({"since": 1_700_000_000.0 + 3600 * 100}, 20),
        ({"until": 1_700_000_000.0 + 3600 * 100}, 100),
    ],
)
async def test_filters(filled: AuditTable, wanted: dict[str, Any], total: int) -> None:
    found, rows = await filled.find(AuditFilter(**wanted))
    assert found == total
    assert [row.at for row in rows] == sorted((row.at for row in rows), reverse=True)


async def test_the_page_and_its_export(client: Client, sign_in: SignIn, filled: AuditTable) -> None:
    await sign_in(client, Role.MANAGER)
    text = await (await client.get("/settings/audit?action=notice.start")).text()
    assert "共 80 条" in text
    assert "1 / 2" in text
    assert "<b>" not in text.split("<tbody>")[1]
    answer = await client.get("/settings/audit.xlsx?action=notice.start")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    sheet = openpyxl.load_workbook(io.BytesIO(await answer.read())).active
    rows = list(sheet.iter_rows(values_only=True))
    assert len(rows) == 81
    assert rows[1][5].startswith("'=cmd")  # a text, and no formula
    assert (await actions(client))[0][0] == "audit.export"


@pytest.mark.parametrize(
    "query",
    [
        "page=0",
        "page=-1",
        "page=99999999999999999999",
        "page=x",
        "page=٣",
        "since=yesterday&until=2026-13-45",
        "since=0001-01-01&until=9999-12-31",
        "text=" + "x" * 5000,
        "text=%00%ff",
        "user=' OR 1=1",
        "nothing=1",
    ],
)
async def test_a_link_that_was_mistyped_shows_what_is_left(
    client: Client, sign_in: SignIn, query: str
) -> None:
    await sign_in(client, Role.MANAGER)
    assert (await client.get(f"/settings/audit?{query}")).status == 200


NO_CHANGE = {
    "look",  # the language and the theme of one's own pages
}
"""Handlers of POST that look something up, or change nothing of the office."""


def calls() -> dict[str, set[str]]:
    """Every function of the pages, and the names it calls."""
    found: dict[str, set[str]] = {}
    for path in Path(ivr.web.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                names = found.setdefault(node.name, set())
                for inner in ast.walk(node):
                    if isinstance(inner, ast.Name):
                        names.add(inner.id)
                    elif isinstance(inner, ast.Attribute):
                        names.add(inner.attr)
    return found


def inside(function: FunctionType) -> list[FunctionType]:
    cells = [cell.cell_contents for cell in function.__closure__ or ()]
    return [each for each in cells if isinstance(each, FunctionType)]


def made_by_a_table(handler: Any) -> FunctionType | None:
    """The function of an API module that a table gave its name, if `handler` wraps one."""
    left = [handler]
    while left:
        for each in inside(left.pop()):
            code = each.__code__
            if code.co_name != each.__name__ and code.co_filename.endswith("_api.py"):
                return each
            left.append(each)
    return None


def follows(function: FunctionType, seen: set[FunctionType]) -> bool:
    """Whether `function`, or what it calls in truth, writes an audit line."""
    seen.add(function)
    names = function.__code__.co_names
    used = [function.__globals__.get(name) for name in names]
    used += [getattr(each, n, None) for each in used if isinstance(each, ModuleType) for n in names]
    called = {each for each in used if isinstance(each, FunctionType)} | {*inside(function)}
    return audit in called or any(
        follows(each, seen)
        for each in called - seen
        if each.__module__.startswith("ivr.web") and each not in seen
    )


def test_every_change_leaves_a_line(service: Service) -> None:
    graph = calls()

    def reaches(name: str, seen: set[str]) -> bool:
        if name == "audit":
            return True
        seen.add(name)
        return any(
            reaches(each, seen)
            for each in graph.get(name, ())
            if each not in seen and (each == "audit" or each in graph)
        )

    silent = {
        f"{route.method} {route.resource.canonical}: {route.handler.__name__}"
        for route in create_app(service).router.routes()
        if route.method not in ("GET", "HEAD")
        and route.resource is not None
        and route.handler.__name__ not in NO_CHANGE
        and not (
            follows(made, set())
            if (made := made_by_a_table(route.handler))
            else reaches(route.handler.__name__, set())
        )
    }
    assert not silent, "\n".join(sorted(silent))
