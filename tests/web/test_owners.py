"""Owners in the browser: find one, change one, import many."""

from pathlib import Path

import openpyxl
import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from ivr.web.access import Role
from tests.web.browser import Shoot, Site, Visits

pytestmark = pytest.mark.asyncio(loop_scope="module")

HEADINGS = [
    "楼栋",
    "单元",
    "房号",
    "姓名",
    "称谓",
    "电话1",
    "电话2",
    "备注",
    "特别关怀",
    "勿扰",
    "语言",
]
ROWS = [
    (
        "3",
        "2",
        "1201",
        "周建国",
        "先生",
        "13800138000",
        "0755-88881234",
        "租户，周末联系",
        "",
        "",
        "",
    ),
    ("3", "2", "1202", "李梅", "女士", "13900139000", "", "", "独居老人", "", ""),
    ("12", "", "301", "John Smith", "先生", "13700137000", "", "", "", "", "英语"),
    (
        "5",
        "",
        "302",
        "<script>alert(1)</script>",
        "女士",
        "13600136000",
        "",
        "<i>x</i>",
        "",
        "是",
        "",
    ),
    ("5", "", "303", "王芳", "", "119", "", "", "", "", ""),
]


@pytest.fixture
def book(tmp_path: Path) -> Path:
    made = openpyxl.Workbook()
    sheet = made.active
    assert sheet is not None
    for row in (HEADINGS, *ROWS):
        sheet.append(row)
    file = tmp_path / "业主.xlsx"
    made.save(file)
    return file


@pytest_asyncio.fixture(loop_scope="module", autouse=True)
async def nobody(site: Site) -> None:
    """Every test begins with an empty book."""
    for owner in await site.service.owners.all():
        await site.service.owners.remove(owner)


async def imported(page: Page, file: Path) -> None:
    await page.goto("/owners/import")
    await page.get_by_label("文件").set_input_files(file)
    await page.get_by_role("button", name="预览").click()
    await page.get_by_role("button", name="写入").click()
    await expect(page.get_by_role("status").first).to_contain_text("已写入")


async def test_an_import_is_shown_before_it_is_written(
    site: Site, visits: Visits, shoot: Shoot, book: Path
) -> None:
    page = await visits(Role.SUPERVISOR)
    await page.goto("/owners")
    await shoot(page, "owners-empty")
    await page.get_by_role("link", name="导入业主").first.click()
    await shoot(page, "owners-import")
    await page.get_by_role("button", name="预览").click()
    await expect(page.locator("#file-error")).to_have_text("请选择文件")
    await page.get_by_label("文件").set_input_files(book)
    await page.get_by_role("button", name="预览").click()
    preview = page.locator("#preview")
    await expect(preview).to_contain_text("'119' 不是存在的电话号码")
    await expect(preview).to_contain_text("<script>alert(1)</script>")
    assert await site.service.owners.is_empty()
    await shoot(page, "owners-preview")
    await page.get_by_role("button", name="写入 4 位业主").click()
    await expect(page.get_by_role("status").first).to_contain_text("新增 4 位，更改 0 位")
    # the same file again changes nothing
    await page.get_by_label("文件").set_input_files(book)
    await page.get_by_role("button", name="预览").click()
    await expect(page.locator("#preview")).to_contain_text("没有需要写入的内容")


async def test_an_import_waits_for_nobody_who_changed_the_book(
    site: Site, visits: Visits, book: Path
) -> None:
    page = await visits(Role.SUPERVISOR)
    await imported(page, book)
    (zhou,) = await site.service.owners.find("周建国")
    changed = book.with_name("again.csv")
    changed.write_text("楼栋,单元,房号,姓名,称谓,电话\n3,2,1201,周建国,女士,13800138000\n", "utf-8")
    await page.get_by_label("文件").set_input_files(changed)
    await page.get_by_role("button", name="预览").click()
    await expect(page.locator("#preview")).to_contain_text("女士")
    await site.service.owners.change(zhou, note="刚改过")
    await page.get_by_role("button", name="写入").click()
    await expect(page.get_by_role("alert")).to_contain_text("业主资料有改动")
    await page.get_by_role("button", name="写入").click()
    await expect(page.get_by_role("status").first).to_contain_text("更改 1 位")


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("photo.jpg", b"\xff\xd8\xff", "请选择 .xlsx 或 .csv 文件"),
        ("photo.xlsx", b"\xff\xd8\xff", "photo.xlsx：不是 Excel 文件"),
        ("empty.csv", b"", "empty.csv"),
        ("list.csv", "天气,日期\n晴,今天\n".encode(), "list.csv"),
    ],
)
async def test_what_is_no_list_of_owners_is_said(
    visits: Visits, tmp_path: Path, name: str, content: bytes, sentence: str
) -> None:
    page = await visits(Role.SUPERVISOR)
    file = tmp_path / name
    file.write_bytes(content)
    await page.goto("/owners/import")
    await page.get_by_label("文件").set_input_files(file)
    await page.get_by_role("button", name="预览").click()
    await expect(page.locator("#file-error")).to_contain_text(sentence)


async def test_an_owner_is_found_and_changed(
    site: Site, visits: Visits, shoot: Shoot, book: Path
) -> None:
    page = await visits(Role.SUPERVISOR)
    await imported(page, book)
    await page.goto("/owners")
    homes = await page.locator("tbody td:first-child").all_inner_texts()
    assert homes == ["3-2-1201", "3-2-1202", "5-302", "12-301"]
    await shoot(page, "owners-list")
    for text, count in (("周", 1), ("3栋", 2), ("3-2-1202", 1), ("13700", 1), ("没有这个人", 0)):
        await page.get_by_role("searchbox").fill(text)
        await page.get_by_role("button", name="搜索").click()
        await expect(page.locator("tbody tr")).to_have_count(count)
    await page.goto("/owners?care=1")
    await page.get_by_role("link", name="李梅").click()
    await expect(page.locator(".address")).to_have_text("李女士")
    await page.get_by_label("电话，一行一个").fill("138")
    await page.get_by_label("备注").fill("白天不在家")
    await page.get_by_role("button", name="保存").click()
    await expect(page.locator("#phones-error")).to_contain_text("有一个号码不对")
    await expect(page.get_by_label("备注")).to_have_value("白天不在家")
    await shoot(page, "owners-one")
    await page.get_by_label("电话，一行一个").fill("139 0013 9001\n88881234")
    await page.get_by_label("孕妇").check()
    await page.get_by_role("button", name="保存").click()
    await expect(page.get_by_role("status").first).to_have_text("已保存。")
    (li,) = await site.service.owners.find("李梅")
    assert li.phones == ("13900139001", "075588881234")
    assert set(li.care) == {"老人", "孕妇"}
    assert li.note == "白天不在家"


async def test_two_people_edit_one_owner(site: Site, visits: Visits, book: Path) -> None:
    page = await visits(Role.SUPERVISOR)
    await imported(page, book)
    (zhou,) = await site.service.owners.find("周建国")
    await page.goto(f"/owners/{zhou.id}")
    await site.service.owners.change(zhou, note="别人写的")
    await page.get_by_label("勿扰时段").fill("12:00-14:00")
    await page.get_by_role("button", name="保存").click()
    await expect(page.get_by_role("alert")).to_contain_text("刚被别人改过")
    await expect(page.get_by_label("勿扰时段")).to_have_value("12:00-14:00")
    await expect(page.locator(".owner section")).to_contain_text("别人写的")
    await page.get_by_role("button", name="保存").click()
    await expect(page.get_by_role("status").first).to_have_text("已保存。")


async def test_a_clerk_looks_and_changes_nothing(
    site: Site, visits: Visits, shoot: Shoot, book: Path
) -> None:
    await imported(await visits(Role.SUPERVISOR), book)
    (zhou,) = await site.service.owners.find("周建国")
    page = await visits(Role.CLERK)
    await page.goto(f"/owners/{zhou.id}")
    await expect(page.locator(".owner")).to_contain_text("138****8000")
    await expect(page.locator(".owner")).not_to_contain_text("13800138000")
    await expect(page.get_by_role("button", name="保存")).to_have_count(0)
    answer = await page.goto("/owners/import")
    assert answer is not None
    assert answer.status == 403
    await page.goto("/owners/nobody")
    await expect(page.get_by_role("main")).to_contain_text("没有这个页面")


@pytest.mark.parametrize(("theme", "width"), [("dark", 1440), ("light", 360)])
async def test_looks(
    site: Site, visits: Visits, shoot: Shoot, book: Path, theme: str, width: int
) -> None:
    page = await visits(Role.SUPERVISOR, theme=theme, width=width)
    await page.goto("/owners/import")
    await page.get_by_label("文件").set_input_files(book)
    await page.get_by_role("button", name="预览").click()
    await shoot(page, f"owners-preview-{theme}-{width}")
    await imported(page, book)
    (li,) = await site.service.owners.find("李梅")
    for path, name in (("/owners", "list"), (f"/owners/{li.id}", "one")):
        await page.goto(path)
        await shoot(page, f"owners-{name}-{theme}-{width}")
        assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


async def test_an_owner_is_forgotten(site: Site, visits: Visits, book: Path) -> None:
    page = await visits(Role.SUPERVISOR)
    page.on("dialog", lambda dialog: dialog.accept())
    await imported(page, book)
    (zhou,) = await site.service.owners.find("周建国")
    await page.goto(f"/owners/{zhou.id}")
    await page.get_by_role("button", name="删除").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("业主")
    assert await site.service.owners.by_number("13800138000") == []
