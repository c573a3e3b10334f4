from dataclasses import replace
from pathlib import Path

import pytest

from ivr.calls.listing import as_is
from ivr.desk import home, scope
from ivr.desk.owner import Care, Owner
from ivr.desk.owner_sheet import write
from ivr.desk.owners import Owners, Plan, household
from ivr.errors import UserError
from ivr.settings import Settings
from ivr.store.database import Database

HEADINGS = "楼栋,单元,房号,姓名,称谓,电话1,电话2,备注,特别关怀,勿扰,勿扰时段,语言"


@pytest.fixture
def owners(db: Database, settings: Settings) -> Owners:
    return Owners(db, settings)


class Book:
    """Sheets that are imported one after the other."""

    def __init__(self, owners: Owners, folder: Path) -> None:
        self._owners = owners
        self._file = folder / "owners.csv"

    async def plan(self, *rows: str) -> Plan:
        self._file.write_text("\n".join([HEADINGS, *rows]), encoding="utf-8")
        return await self._owners.plan(self._file)

    async def put(self, *rows: str) -> Plan:
        plan = await self.plan(*rows)
        await self._owners.put(plan)
        return plan

    async def told(self) -> list[str]:
        return [told(owner) for owner in await self._owners.all()]


@pytest.fixture
def book(owners: Owners, tmp_path: Path) -> Book:
    return Book(owners, tmp_path)


def told(owner: Owner) -> str:
    return f"{owner.name} {'+'.join(map(str, owner.homes))} {'+'.join(owner.phones)}"


def counts(plan: Plan) -> tuple[int, int, int, int, int]:
    return len(plan.added), len(plan.changed), plan.same, plan.repeated, plan.wrong_rows


ZHOU = "3,2,1201,周建国,先生,13800138000,,,,,,"
LI = "3,2,1202,李梅,女士,13900139000,88881234,租户,老人,,,"


# --- importing ---------------------------------------------------------------


async def test_nothing_is_written_before_it_is_put_and_nothing_twice(
    book: Book, owners: Owners
) -> None:
    plan = await book.plan(ZHOU, LI)
    assert counts(plan) == (2, 0, 0, 0, 0)
    assert await book.told() == []
    await owners.put(plan)
    expected = ["周建国 3-2-1201 13800138000", "李梅 3-2-1202 13900139000+075588881234"]
    assert await book.told() == expected
    assert counts(await book.put(ZHOU, LI)) == (0, 0, 2, 0, 0)
    assert await book.told() == expected


@pytest.mark.parametrize(
    ("row", "difference"),
    [
        ("3,2,1201,周建国,女士,13800138000,,,,,,", ("称谓", "先生", "女士")),
        ("3,2,1201,周建国,,13800138000,13700137000,,,,,",
         ("电话", "13800138000", "13800138000、13700137000")),
        ("3,2,1201,周建国,,13700137000,,,,,,", ("电话", "13800138000", "13700137000")),
        ("5,,301,周建国,,13800138000,,,,,,", ("房屋", "3-2-1201", "3-2-1201、5-301")),
        ("3,2,1201,周建国,,13800138000,,,孕妇,,,", ("特别关怀", "", "孕妇")),
        ("3,2,1201,周建国,,,,,,是,,", ("勿扰", "否", "是")),
        ("3,2,1201,周建国,,,,,,12:00-14:00,,", ("勿扰时段", "", "12:00-14:00")),
        ("3,2,1201,周建国,,,,,,,,英语", ("语言", "zh-CN", "en")),
        ("3,2,1201,周建国,,,,租户,,,,", ("备注", "", "租户")),
    ],
)  # fmt: skip
async def test_a_change_is_told_field_by_field(
    book: Book, row: str, difference: tuple[str, str, str]
) -> None:
    await book.put(ZHOU)
    plan = await book.put(row)
    assert counts(plan) == (0, 1, 0, 0, 0)
    assert list(plan.changed[0].differences(as_is)) == [difference]
    assert counts(await book.plan(row)) == (0, 0, 1, 0, 0)


async def test_an_empty_cell_leaves_what_is_stored(book: Book, owners: Owners) -> None:
    await book.put("3,2,1201,周建国,先生,13800138000,,租户,老人,是,12:00-14:00,英语")
    (before,) = await owners.all()
    assert counts(await book.put("3,2,1201,周建国,,13800138000,,,,,,")) == (0, 0, 1, 0, 0)
    assert await owners.all() == [before]
    await book.put("3,2,1201,周建国,,13800138000,,,无,否,,")
    assert await owners.all() == [replace(before, care=(), do_not_call=False)]


async def test_one_owner_of_several_homes_and_several_owners_of_one(book: Book) -> None:
    plan = await book.put(
        ZHOU, "5,,301,周建国,,138-0013-8000,,,,,,", "3,2,1201,王芳,,13600136000,,,,,,"
    )
    assert counts(plan) == (2, 0, 0, 0, 0)
    assert await book.told() == [
        "周建国 3-2-1201+5-301 13800138000",
        "王芳 3-2-1201 13600136000",
    ]


async def test_the_same_name_elsewhere_with_another_number_is_another_owner(book: Book) -> None:
    await book.put(
        "3,2,101,李明,,13800138000,,,,,,", "5,,101,李明,,13900139000,,,,,,", "6,,1,李明,,,,,,,,"
    )
    assert len(await book.told()) == 3


async def test_two_rows_with_one_number_each_are_one_owner_with_two(book: Book) -> None:
    rows = ZHOU, "3,2,1201,周建国,,13700137000,,,,,,"
    assert counts(await book.put(*rows)) == (1, 0, 0, 0, 0)
    assert await book.told() == ["周建国 3-2-1201 13800138000+13700137000"]
    assert counts(await book.put(*rows)) == (0, 0, 1, 0, 0)


async def test_nameless_owners_of_one_home_stay_apart(book: Book) -> None:
    rows = "3,2,1201,,,13800138000,,,,,,", "3,2,1201,,,13900139000,,,,,,"
    assert counts(await book.put(*rows)) == (2, 0, 0, 0, 0)
    assert counts(await book.put(*rows)) == (0, 0, 2, 0, 0)


async def test_a_row_that_stands_twice_is_told(book: Book) -> None:
    plan = await book.put(ZHOU, LI, ZHOU)
    assert counts(plan) == (2, 0, 0, 1, 0)
    assert plan.repeats == ["row 4: 3-2-1201 周建国 is row 2 again"]


async def test_wrong_rows_are_left_out_and_told(book: Book) -> None:
    plan = await book.put(ZHOU, "3,2,1202,李梅,,110,,,,,,")
    assert counts(plan) == (1, 0, 0, 0, 1)
    assert [(wrong.where, wrong.heading) for wrong in plan.wrong] == [("row 3", "电话1")]
    assert await book.told() == ["周建国 3-2-1201 13800138000"]


async def test_a_plan_for_a_book_that_changed_is_refused(book: Book, owners: Owners) -> None:
    late = await book.plan(ZHOU)
    await book.put(LI)
    with pytest.raises(UserError, match="changed meanwhile"):
        await owners.put(late)
    assert len(await owners.all()) == 1


async def test_what_is_exported_changes_nothing_when_imported(
    book: Book, owners: Owners, tmp_path: Path
) -> None:
    await book.put(
        ZHOU, "5,,301,周建国,,13800138000,,,,,,", LI, "6,,1,,,88885678转801,,,孕妇,是,,英语"
    )
    for name in ("o.xlsx", "o.csv"):
        write(tmp_path / name, await owners.all(), as_is)
        assert counts(await owners.plan(tmp_path / name)) == (0, 0, 3, 0, 0)


# --- looking up --------------------------------------------------------------


@pytest.mark.parametrize("number", ["+8613900139000", "013900139000", "88881234", "0755-88881234"])
async def test_who_is_calling(book: Book, owners: Owners, number: str) -> None:
    await book.put(ZHOU, LI)
    assert [owner.name for owner in await owners.by_number(number)] == ["李梅"]


@pytest.mark.parametrize("number", ["", "anonymous", "101", "13700137000"])
async def test_nobody_we_know_is_calling(book: Book, owners: Owners, number: str) -> None:
    await book.put(ZHOU, LI)
    assert await owners.by_number(number) == []


@pytest.mark.parametrize("text", ["3-2-1202", "3栋2单元1202室", "13900139000", "李梅"])
async def test_an_owner_is_found_by_what_one_has(book: Book, owners: Owners, text: str) -> None:
    await book.put(ZHOU, LI)
    assert [owner.name for owner in await owners.find(text)] == ["李梅"]


@pytest.mark.parametrize(
    ("text", "flags", "homes"),
    [
        ("", {}, ["3-2-1201", "3-2-1202", "3-10-101", "12-301"]),  # as people count
        ("周", {}, ["3-2-1201"]),
        ("smith", {}, ["12-301"]),
        ("139 0013", {}, ["3-2-1202"]),
        ("8888-1234", {}, ["3-2-1202"]),
        ("13", {}, []),  # two digits are no number, and no building 13 is there
        ("3栋", {}, ["3-2-1201", "3-2-1202", "3-10-101"]),
        ("3-2", {}, ["3-2-1201", "3-2-1202"]),
        ("3栋2单元1201室", {}, ["3-2-1201"]),
        ("3-2-1202", {}, ["3-2-1202"]),
        ("%", {}, ["3-2-1201", "3-2-1202", "3-10-101", "12-301"]),  # a wildcard says nothing
        ("'; DROP TABLE owners", {}, []),
        ("", {"care": True}, ["3-2-1202"]),
        ("", {"do_not_call": True}, ["12-301"]),
        ("周", {"care": True}, []),
    ],
)
async def test_owners_are_searched_for(
    book: Book, owners: Owners, text: str, flags: dict[str, bool], homes: list[str]
) -> None:
    await book.put(
        LI, ZHOU, "12,,301,John Smith,先生,13700137000,,,,是,,", "3,10,101,陈静,女士,,,,,,,"
    )
    total, found = await owners.search(text, **flags)  # type: ignore[arg-type]
    assert [str(owner.homes[0]) for owner in found] == homes
    assert total == len(homes)


async def test_a_search_comes_by_the_page(book: Book, owners: Owners) -> None:
    await book.put(*(f"3,1,{n},周{n},先生,138001380{n}," for n in range(10, 31)))
    total, found = await owners.search("周", limit=5, offset=10)
    assert (total, [owner.name for owner in found]) == (21, [f"周{n}" for n in range(20, 25)])
    assert await owners.buildings() == ["3"]


async def test_nobody_found_is_a_sentence(owners: Owners) -> None:
    with pytest.raises(UserError, match="there is no owner '9-9-9'"):
        await owners.find("9-9-9")


async def test_households_of_a_scope(book: Book, owners: Owners) -> None:
    await book.put(ZHOU, LI, "10,,301,周建国,,13800138000,,,,,,", "5,,301,王芳,,,,,,,,")
    found = await owners.households(scope.parse("3-2、10栋"))
    assert [(each.id, each.numbers, each.address) for each in found] == [
        ("3-2-1201", ("13800138000",), "周先生"),
        ("3-2-1202", ("13900139000", "075588881234"), "李女士"),
        ("10-301", ("13800138000",), "周先生"),
    ]
    assert len(await owners.households(scope.parse("全部"))) == 4
    with pytest.raises(UserError, match="no owner of 9栋 is known"):
        await owners.households(scope.parse("3栋、9栋"))


async def test_one_household(book: Book, owners: Owners) -> None:
    await book.put(LI)
    one = await owners.household(home.parse("3-2-1202"))
    assert one is not None
    assert one.care == (Care.OLD,)
    assert await owners.household(home.parse("9-9-9")) is None


AT_HOME = home.parse("3-2-1201")
MAN = Owner(id="1", name="周建国", title="先生", phones=("1", "2"), homes=(AT_HOME,))
WOMAN = Owner(id="2", name="李梅", title="女士", phones=("3", "2", "4"), homes=(AT_HOME,))


@pytest.mark.parametrize(
    ("living", "numbers", "address", "quiet", "do_not_call"),
    [
        ([MAN], ("1", "2"), "周先生", "", False),
        ([MAN, WOMAN], ("1", "3", "2", "4"), "业主", "", False),
        ([replace(MAN, do_not_call=True), WOMAN], ("3", "4"), "李女士", "", False),
        ([replace(MAN, do_not_call=True)], (), "业主", "", True),
        ([replace(MAN, phones=()), WOMAN], ("3", "2", "4"), "李女士", "", False),
        ([replace(MAN, phones=("075588881234转801",))], (), "业主", "", False),
        (
            [replace(MAN, quiet="12:00-14:00"), replace(WOMAN, quiet="12:00-14:00,21:00-08:00")],
            ("1", "3", "2", "4"),
            "业主",
            "12:00-14:00,21:00-08:00",
            False,
        ),
    ],
)
def test_who_is_told_for_a_home(
    living: list[Owner], numbers: tuple[str, ...], address: str, quiet: str, do_not_call: bool
) -> None:
    made = household(AT_HOME, living)
    assert made.numbers == numbers
    assert made.address == address
    assert made.quiet == quiet
    assert made.do_not_call is do_not_call


async def test_one_owner_is_changed_and_forgotten(book: Book, owners: Owners) -> None:
    await book.put(ZHOU)
    (zhou,) = await owners.all()
    changed = await owners.change(zhou, do_not_call=True, care=(Care.OLD,))
    assert await owners.all() == [changed] == [replace(zhou, do_not_call=True, care=(Care.OLD,))]
    await owners.remove(zhou)
    assert await owners.is_empty()
    assert await owners.by_number("13800138000") == []
