"""A search finds what reading every row would find, in the same order."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ivr.store import search, words
from ivr.store.calls import CallFilter, CallRow, Calls, LegRow
from ivr.store.database import Database
from ivr.store.owners import OwnerRow, OwnerTable

Make = Callable[..., CallRow]

NUMBERS = ("13800138000", "13900001111", "075512345678", "88888888", "101", "anonymous", "")
NEW = "ᲐᲑ 𫠠𫠡 e\u0301"  # letters that SQLite does not know, or takes for none
TEXTS = ("报修 水管漏水", "咨询：物业费", "Lift #2 stuck", "水", "3-1201 😀", "100%_\\", NEW, "")
DISPOSITIONS = ("answered", "abandoned", "system_abandoned", "busy")


def leg(ext: str) -> LegRow:
    return LegRow(
        ext=ext, channel=f"PJSIP/{ext}-1", dial_at=None, ring_at=None, answer_at=None,
        end_at=None, rings=1, ring_s=1.0, outcome="elsewhere", breach=False,
    )  # fmt: skip


ROWS = st.fixed_dictionaries(
    {
        "caller": st.sampled_from(NUMBERS),
        "called": st.sampled_from(NUMBERS),
        "caller_name": st.sampled_from(TEXTS),
        "intent": st.sampled_from(TEXTS),
        "note": st.sampled_from(TEXTS),
        "start_at": st.sampled_from((1000.0, 1000.0005, 1001.0, 2000.0)),
        "direction": st.sampled_from(("inbound", "outbound")),
        "disposition": st.sampled_from(DISPOSITIONS),
        "breach": st.booleans(),
        "line": st.sampled_from(("hotline", "repair-2", "")),
        "answered_ext": st.sampled_from(("101", "102", "")),
        "legs": st.sampled_from(((), (leg("102"), leg("203")))),
    }
)
PART = st.one_of(
    st.none(),
    st.sampled_from(NUMBERS + TEXTS),
    st.sampled_from(("8000", "0", "水管", "漏水", "12")),
)
WANTED = st.builds(
    CallFilter,
    since=st.sampled_from((0.0, 1000.0, 1000.0005)),
    until=st.sampled_from((search.FOR_EVER, 1001.0)),
    number=st.one_of(st.none(), st.sampled_from(("138", "8000", "88", "#", "8888888888"))),
    line=st.sampled_from((None, None, "hotline", "repair-2", "no such")),
    disposition=st.sampled_from((None, None, "answered", "abandoned")),
    breach=st.sampled_from((None, None, True, False)),
    direction=st.sampled_from((None, None, "inbound")),
    staff=st.sampled_from((None, None, "101", "203")),
    unfilled=st.sampled_from((False, False, True)),
    text=PART,
    terms=PART,
)


def matches(row: CallRow, wanted: CallFilter) -> bool:
    texts = f"{row.caller_name} {row.intent} {row.note}".lower()
    took_part = {row.answered_ext, *(leg.ext for leg in row.legs)}

    def says(term: str) -> bool:
        return (
            term.lower() in texts
            or term in took_part
            or any(term.lower() in number for number in (row.caller, row.called))
        )

    staff = {*took_part, row.caller} if row.direction != "inbound" else took_part
    kinds = (wanted.disposition, f"system_{wanted.disposition}")
    return (
        wanted.since <= row.at < wanted.until
        and (wanted.number is None or wanted.number in row.caller + " " + row.called)
        and (wanted.line is None or row.line == wanted.line)
        and (wanted.disposition is None or row.disposition in kinds)
        and (wanted.breach is None or row.breach == wanted.breach)
        and (wanted.direction is None or row.direction == wanted.direction)
        and (wanted.staff is None or wanted.staff in staff)
        and not (wanted.unfilled and (row.intent or row.direction != "inbound"))
        and (wanted.text is None or wanted.text.lower() in texts)
        and all(says(term) for term in (wanted.terms or "").split())
    )


@given(made=st.lists(ROWS, max_size=6), wanted=WANTED, limit=st.sampled_from((-1, 1, 3)))
@settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
async def test_a_search_finds_what_reading_every_row_would(
    db: Database, row: Make, made: list[dict[str, Any]], wanted: CallFilter, limit: int
) -> None:
    async with db.write() as writer:
        await writer.execute("DELETE FROM calls")
        await writer.execute("DELETE FROM call_words")
    calls = Calls(db, "main")
    rows = [
        row(f"call-{number}", **{"answer_at": 1.0, **values}) for number, values in enumerate(made)
    ]
    async with db.write() as writer:
        for each in rows:
            await calls.put(writer, each)
    for each in rows:
        await calls.set_record(each.id, intent=each.intent, note=each.note, by="小李", at=1.0)
    expected = {each.call_id for each in rows if matches(each, wanted)}

    found: list[str] = []
    before = None
    while True:
        page = await calls.find(replace(wanted, limit=limit, before=before))
        assert page.total == len(expected)
        assert page.exact
        found += [each.call_id for each in page.rows]
        before = page.next
        if before is None:
            break
    assert set(found) == expected
    assert len(found) == len(expected)
    starts = {each.call_id: each.at for each in rows}
    assert [starts[call_id] for call_id in found] == sorted(
        (starts[c] for c in found), reverse=True
    )
    in_pieces = [each.call_id async for piece in calls.everything(wanted) for each in piece]
    assert in_pieces == found


@pytest.fixture
async def owned(db: Database, row: Make) -> Calls:
    """周建国 of 3-1-1201 called twice, 王小 of 5-302 was called, a stranger called."""
    owners = OwnerTable(db, "main")
    people = (
        ("周建国", "13800138000", ("3", "1", "1201")),
        ("王小", "13900001111", ("5", "", "302")),
    )
    await owners.put(
        [
            OwnerRow(
                id=name, name=name, title="", phones=((number, number),), homes=(home,),
                language="zh-CN", care=(), do_not_call=False, quiet="", note="",
            )
            for name, number, home in people
        ],
        version=await owners.version(),
    )  # fmt: skip
    calls = Calls(db, "main")
    async with db.write() as writer:
        await calls.put(writer, row("zhou-1", start_at=1000.0))
        await calls.put(writer, row("zhou-2", start_at=2000.0, breach=True))
        await calls.put(
            writer,
            row("wang", start_at=3000.0, direction="outbound", caller="101", called="13900001111"),
        )
        await calls.put(writer, row("stranger", start_at=4000.0, caller="13911112222"))
    await calls.set_record("stranger", intent="问 周建国 在不在", note="", by="小李", at=1.0)
    return calls


OWNED: list[tuple[dict[str, Any], str]] = [
    ({"owner": "周"}, "zhou-2 zhou-1"),
    ({"owner": "周", "breach": True}, "zhou-2"),
    ({"owner": "周", "until": 1500.0}, "zhou-1"),
    ({"owner": "赵"}, ""),
    ({"owner": "%"}, ""),
    ({"home": ("3", None, None)}, "zhou-2 zhou-1"),
    ({"home": ("5", "", "302")}, "wang"),
    ({"home": ("5", "", "303")}, ""),
    ({"terms": "周建国"}, "stranger zhou-2 zhou-1"),
    ({"terms": "周建国", "limit": 2}, "stranger zhou-2"),
    ({"terms": "3-1-1201", "terms_home": ("3", "1", "1201")}, "zhou-2 zhou-1"),
]


@pytest.mark.parametrize(("wanted", "found"), OWNED)
@pytest.mark.parametrize("gathered", [search.GATHERED, 1])
async def test_calls_are_found_by_their_owner(
    owned: Calls, wanted: dict[str, Any], found: str, gathered: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "GATHERED", gathered)
    page = await owned.find(CallFilter(**wanted))
    assert " ".join(each.call_id for each in page.rows) == found
    assert page.total == (3 if "limit" in wanted else len(page.rows))


async def test_a_count_ends_where_counting_would_take_long(
    owned: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "COUNTED", 2)
    page = await owned.find(CallFilter(limit=1))
    assert (page.total, page.exact) == (2, False)


@pytest.mark.parametrize(
    ("part", "asked"),
    [
        ("水管漏", ['"w水管"', '"w管漏"']),
        ("a 1", ['"wa"', '"w1"']),
        ("3-1201", ['"w3"', '"w12"', '"w20"', '"w01"']),
        ("😀，", []),
        ('"; OR', ['"wOR"']),
    ],
)
def test_words_of_a_text(part: str, asked: list[str]) -> None:
    assert words.text(part) == asked


async def test_the_index_follows_its_rows(db: Database, row: Make) -> None:
    calls = Calls(db, "main")
    async with db.write() as writer:
        await calls.put(writer, row(repaired=True, start_at=1000.0))
        await calls.put(writer, row(start_at=2000.0, caller="13911112222"))
    await calls.set_record("1795312800.1", intent="报修", note="", by="小李", at=1.0)
    await calls.set_record("1795312800.1", intent="投诉", note="", by="小李", at=2.0)
    counted = await db.fetch_all("SELECT COUNT(*) AS n FROM call_words", {})
    assert counted[0]["n"] == 1
    assert (await calls.find(CallFilter(text="报修"))).total == 0
    assert (await calls.find(CallFilter(text="投诉", number="139"))).total == 1
    assert (await calls.find(CallFilter(until=1500.0))).total == 0
