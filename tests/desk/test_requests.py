from typing import Any

import pytest

from ivr.desk.home import parse as home
from ivr.desk.intake import Draft, for_owner
from ivr.desk.owner import Owner
from ivr.desk.request import Entry, Request, RequestKind, RequestState, Severity, What
from ivr.desk.requests import ConflictError, Requests
from ivr.errors import UserError
from ivr.settings import Department, Settings
from ivr.store.database import Database, Writer
from ivr.store.requests import RequestFilter

NOW = 1_795_312_800.0  # 2026-11-22 10:00 in Shanghai


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(
        update={"departments": [Department(name="工程部", phone="201"), Department(name="保洁部")]}
    )


@pytest.fixture
def requests(db: Database, settings: Settings) -> Requests:
    return Requests(db, settings)


def draft(**changes: Any) -> Draft:
    values: dict[str, Any] = {"kind": RequestKind.REPAIR, "title": "厨房水龙头漏水"}
    return Draft(**values | changes)


async def taken(requests: Requests, **changes: Any) -> Request:
    return await requests.create(draft(**changes), by="小李", now=NOW)


async def test_taking_a_request(requests: Requests) -> None:
    taken = await requests.create(
        draft(home="三号楼1单元1201室", phone="138 0013 8000", detail="一直滴水\r\n已经两天"),
        by="小李",
        now=NOW,
    )
    assert (taken.number, taken.state) == ("20261122-001", RequestState.OPEN)
    assert (taken.home, taken.phone, taken.keeper) == ("3-1-1201", "13800138000", "小李")
    assert taken.detail == "一直滴水\n已经两天"
    assert await requests.get("20261122-001") == await requests.get(taken.id[-6:]) == taken
    [entry] = await requests.history(taken.number)
    assert (entry.what, entry.by, entry.text) == (What.CREATED, "小李", "厨房水龙头漏水")
    assert (entry.from_state, entry.to_state) == (None, RequestState.OPEN)


async def test_numbers_are_of_the_day_in_the_sites_zone(requests: Requests) -> None:
    at = [NOW, NOW + 1, NOW + 13 * 3600, NOW + 14 * 3600]  # 10:00 … 23:00, 24:00
    numbers = [(await requests.create(draft(), by="", now=each)).number for each in at]
    assert numbers == ["20261122-001", "20261122-002", "20261122-003", "20261123-001"]


async def test_an_assigned_one_from_the_start(requests: Requests) -> None:
    for given in ({"department": "工程部"}, {"assignee": "王师傅"}):
        each = await taken(requests, **given)
        assert (each.state, each.assigned_at) == (RequestState.ASSIGNED, NOW)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"title": "  "}, "标题 is empty"),
        ({"title": "水" * 61}, "标题 is 61 characters long; 60 at most"),
        ({"home": "三楼东边"}, "房屋: '三楼东边' is none; write it like 3-1-1201"),
        ({"phone": "12"}, "电话: '12' is no telephone number"),
        ({"department": "水电部"}, "部门 '水电部' is none of 工程部 保洁部"),
        ({"severity": Severity.SEVERE}, "is of complaints"),
        ({"promised_at": NOW - 1}, "承诺时间 is in the past"),
        ({"detail": "x" * 2001}, "内容 is 2001 characters"),
    ],
)
async def test_what_cannot_stand(requests: Requests, fields: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        await taken(requests, **fields)
    assert (await requests.find(RequestFilter())).total == 0


async def test_a_life_until_satisfied_at_the_second_time(requests: Requests) -> None:
    name = (await taken(requests)).number
    by: dict[str, Any] = {"by": "小李"}
    await requests.assign(name, department="工程部", assignee="王师傅", now=NOW + 60, **by)
    await requests.answer(name, text="今天下午来修", promised_at=NOW + 7200, now=NOW + 90, **by)
    await requests.on_site(name, now=NOW + 600, **by)
    await requests.resolve(name, text="换了阀芯", now=NOW + 900, **by)
    await requests.calling_back(name, by="", now=NOW + 1000)
    again = await requests.reopen(name, text="还在滴", unsatisfied=True, by="", now=NOW + 1100)
    assert (again.state, again.rounds, again.since) == (RequestState.REOPENED, 1, NOW + 1100)
    assert (again.department, again.assignee) == ("工程部", "王师傅")
    assert again.assigned_at is again.answered_at is again.resolved_at is again.promised_at is None
    await requests.assign(name, assignee="王师傅", now=NOW + 1200, **by)
    await requests.resolve(name, now=NOW + 1300, **by)
    await requests.calling_back(name, by="", now=NOW + 1400)
    await requests.not_reached(name, by="", text="无人接听", now=NOW + 1450)
    await requests.calling_back(name, by="", now=NOW + 1500)
    await requests.satisfied(name, by="", text="满意", now=NOW + 1600)
    closed = await requests.close(name, now=NOW + 1700, **by)
    assert (closed.state, closed.version, closed.keeper) == (RequestState.CLOSED, 14, "小李")
    assert [entry.to_state for entry in await requests.history(name)] == [
        "open", "assigned", "assigned", "on_site", "resolved", "calling_back", "reopened",
        "assigned", "resolved", "calling_back", "resolved", "calling_back", "satisfied", "closed",
    ]  # fmt: skip


async def test_steps_that_do_not_follow(requests: Requests) -> None:
    name = (await taken(requests)).number
    with pytest.raises(UserError, match="is 待派; it cannot become 满意"):
        await requests.satisfied(name, by="小李", now=NOW)
    with pytest.raises(UserError, match="write why it is closed"):
        await requests.close(name, by="小李", now=NOW)
    with pytest.raises(UserError, match="names neither a department nor a person"):
        await requests.assign(name, by="小李", now=NOW)
    with pytest.raises(UserError, match="there is no request '20261122-009'"):
        await requests.resolve("20261122-009", by="小李", now=NOW)
    assert [entry.what for entry in await requests.history(name)] == ["created"]
    assert (await requests.close(name, by="小李", now=NOW, text="重复登记")).state == "closed"


async def test_two_people_change_one_request(requests: Requests) -> None:
    read = await taken(requests)
    await requests.assign(
        read.id, department="工程部", by="小张", now=NOW + 5, version=read.version
    )
    with pytest.raises(ConflictError, match="was changed by 小张 meanwhile"):
        await requests.close(read.id, by="小李", now=NOW + 9, text="重复", version=read.version)
    assert (await requests.get(read.id)).state is RequestState.ASSIGNED


async def test_correcting_fields(requests: Requests) -> None:
    name = (await taken(requests, phone="13800138000")).number
    changed = await requests.change(
        name, by="小李", now=NOW, title="厨房漏水", phone="138-0013-8000", home="3-1-1201"
    )
    assert (changed.title, changed.home, changed.version) == ("厨房漏水", "3-1-1201", 2)
    entry = (await requests.history(name))[-1]
    assert entry.text == "标题：厨房水龙头漏水 → 厨房漏水；房屋：（空） → 3-1-1201"
    same = await requests.change(name, by="小李", now=NOW, title="厨房漏水")
    assert same.version == 2  # nothing new, no entry
    assert len(await requests.history(name)) == 2


async def test_everybody_is_told_once_of_each_entry(db: Database, settings: Settings) -> None:
    command_line, service = Requests(db, settings), Requests(db, settings)
    told: list[tuple[str, RequestState]] = []
    kept: list[str] = []

    def failing(request: Request, entry: Entry) -> None:
        raise RuntimeError

    async def keep(writer: Writer, request: Request, entry: Entry) -> None:
        kept.append(entry.what)

    service.on_change += [failing, lambda request, entry: told.append((entry.what, request.state))]
    service.on_commit.append(keep)
    request = await taken(command_line)
    assert not told
    await service.note(request.id, by="小李", now=NOW + 1, text="业主下午在家")
    assert told == [("created", "open"), ("note", "open")]
    assert kept == ["created", "note"]
    await service.tell()
    assert len(told) == 2


async def test_lists(requests: Requests) -> None:
    late = await requests.create(
        draft(kind=RequestKind.COMPLAINT, title="噪音"), by="", now=NOW - 3600
    )
    soon = await requests.create(draft(severity=Severity.URGENT), by="", now=NOW - 60)
    calm = await requests.create(draft(title="绿化", home="5-301"), by="", now=NOW - 30)
    done = await requests.create(draft(title="门禁"), by="", now=NOW - 20)
    done = await requests.resolve(done.id, by="", now=NOW)
    page = await requests.find(RequestFilter())
    assert page.rows == [late, soon, calm, done]
    overdue = await requests.find(RequestFilter(due_before=NOW))
    assert overdue.rows == [late]
    for wanted, expected in (
        (RequestFilter(states=("resolved", "closed")), [done]),
        (RequestFilter(kind="complaint"), [late]),
        (RequestFilter(text="绿化"), [calm]),
        (RequestFilter(text="5-30"), [calm]),
        (RequestFilter(text="%"), [late, soon, calm, done]),
        (RequestFilter(home="5-301"), [calm]),
        (RequestFilter(since=NOW - 40), [calm, done]),
        (RequestFilter(limit=1, offset=1), [soon]),
    ):
        assert (await requests.find(wanted)).rows == expected
    counts = await requests.counts(NOW)
    assert counts == {RequestState.OPEN: (3, 1), RequestState.RESOLVED: (1, 0)}


def owner(*homes: str, **changes: Any) -> Owner:
    values: dict[str, Any] = {
        "id": "o1", "name": "周建国", "title": "先生", "phones": ("13800138000",),
        "homes": tuple(map(home, homes)),
    }  # fmt: skip
    return Owner(**values | changes)


@pytest.mark.parametrize(
    ("owners", "expected"),
    [
        ([owner("3-1-1201")], ("o1", "3-1-1201", "周先生")),
        ([owner("3-1-1201", "5-301")], ("o1", "", "周先生")),  # which one, nobody knows
        ([owner("3-1-1201", title="")], ("o1", "3-1-1201", "周建国")),
        ([], ("", "", "")),
    ],
)
def test_the_caller_is_known_by_their_number(
    owners: list[Owner], expected: tuple[str, str, str]
) -> None:
    made = for_owner(draft(), owners, "13800138000")
    assert (made.owner, made.home, made.contact) == expected
    assert made.phone == "13800138000"
    said = for_owner(draft(home="7-101", contact="保安"), owners, "13800138000")
    assert (said.home, said.contact) == ("7-101", "保安")
