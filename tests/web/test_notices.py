"""A notice in the browser: four fields, read and listen, save, approve, change, on paper."""

import csv
import io
import re
import time
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from ivr.outbound.ledger import Ledger
from ivr.outbound.model import Outcome
from ivr.settings import Dialer, Notices
from ivr.talk.voice import program
from ivr.web.access import Role
from ivr.web.notice_words import KINDS, OUTCOMES
from tests.web.browser import SETTINGS as BASE
from tests.web.browser import Shoot, Site, Visits

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(program.find() is None, reason="no espeak-ng on this machine"),
]

SETTINGS = BASE.model_copy(
    update={"notices": Notices(voice="espeak"), "dialer": Dialer(approval_households=30)}
)
HOMES = 36
NAMES = ("周建国", "王小红", "李明", "欧阳芳", "张伟", "陈静", "刘洋", "赵磊")
TITLES = ("先生", "女士", "先生", "女士")


def sheet() -> str:
    rows = ["楼栋,单元,房号,姓名,称谓,电话1,特别关怀,勿扰,语言"]
    for n in range(HOMES):
        care = "老人" if n == 7 else "孕妇" if n == 20 else ""
        name, title = NAMES[n % 8], TITLES[n % 4]
        spared = "是" if n == 3 else ""
        language = "英语" if n == 11 else ""
        phone = f"138{n:08}" if n != 5 else ""
        rows.append(
            f"{3 + n // 12},{1 + n % 2},{1 + n % 12}01,{name},{title},{phone},{care},{spared},{language}"
        )
    return "\n".join(rows)


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def owners(site: Site, tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("owners") / "owners.csv"
    file.write_text(sheet(), encoding="utf-8")
    book = site.service.owners
    await book.put(await book.plan(file))


def ledger(site: Site) -> Ledger:
    return site.service.outbound.dialer.ledger


async def write(page: Page, scope: str = "3栋", cause: str = "供水管道抢修") -> None:
    tomorrow = datetime.now(SETTINGS.site.zone) + timedelta(days=1)
    await page.goto("/notices/new")
    await page.get_by_label("范围").fill(scope)
    await page.get_by_label("原因").fill(cause)
    await page.get_by_label("开始").fill(f"{tomorrow:%Y-%m-%d}T14:00")
    await page.get_by_label("恢复", exact=True).fill(f"{tomorrow:%Y-%m-%d}T18:00")


async def started(page: Page) -> str:
    """Write one and start it; its id."""
    await write(page)
    await page.get_by_role("button", name="预览").click()
    await page.get_by_role("button", name="保存并开始拨打").click()
    await expect(page.locator("#head .chip").first).to_have_text("进行中", timeout=90_000)
    return page.url.rpartition("/")[2].partition("#")[0]


async def told(site: Site, notice: str, outcomes: Sequence[Outcome]) -> None:
    """As if the first homes had been called."""
    tasks = [task for task in await ledger(site).tasks(notice) if task.outcome is None]
    for task, outcome in zip(tasks, outcomes, strict=False):
        await ledger(site).told_otherwise(task, outcome, task.numbers[0], time.time())


@pytest.mark.slow
@pytest.mark.timeout(400)
async def test_a_clerk_writes_listens_and_starts(site: Site, visits: Visits, shoot: Shoot) -> None:
    page = await visits(Role.CLERK)
    await page.goto("/notices")
    await shoot(page, "notices-empty")
    await page.get_by_role("link", name="新通知").first.click()
    await page.get_by_role("button", name="3栋", exact=True).click()
    await expect(page.get_by_label("范围")).to_have_value("3栋")
    await shoot(page, "notices-new")
    await write(page)
    await page.get_by_role("button", name="预览").click()
    preview = page.locator("#preview")
    await expect(preview).to_contain_text("因供水管道抢修，3号楼将于明天下午两点至六点停水")
    await expect(preview).to_contain_text("Because of an urgent repair of the water pipes")
    await expect(preview).to_contain_text("如需帮助，请不要挂机")
    await expect(preview).to_contain_text("不拨打的 2 户和原因")
    await expect(page.get_by_label("原因")).to_have_value("供水管道抢修")
    sound = await page.request.get(await page.locator("audio").first.get_attribute("src") or "")
    assert sound.headers["content-type"] == "audio/x-wav"
    assert len(await sound.body()) > 60_000
    assert await ledger(site).campaigns() == []
    await shoot(page, "notices-preview")
    notice = await started(page)
    await told(site, notice, [Outcome.CONFIRMED] * 3 + [Outcome.NO_ANSWER, Outcome.TRANSFERRED])
    # the page finds it out by itself
    await expect(page.locator(".told")).to_contain_text("4 / 12", timeout=8_000)
    await expect(page.locator("tr", has_text="3-1-101")).to_contain_text("已确认")
    await shoot(page, "notices-one")
    await page.get_by_role("link", name="无人接听 1").click()
    await expect(page.locator("tbody tr")).to_have_count(1)


@pytest.mark.slow
@pytest.mark.timeout(400)
async def test_pause_extend_restore(site: Site, visits: Visits, shoot: Shoot) -> None:
    page = await visits(Role.CLERK)
    page.on("dialog", lambda dialog: dialog.accept())
    notice = await started(page)
    await page.get_by_role("button", name="暂停").click()
    await expect(page.locator("#head .chip").first).to_have_text("已暂停")
    await page.get_by_role("button", name="继续").click()
    await expect(page.locator("#head .chip").first).to_have_text("进行中")
    await told(site, notice, [Outcome.CONFIRMED] * 2)
    tomorrow = datetime.now(SETTINGS.site.zone) + timedelta(days=1)
    await page.locator("summary", has_text="延长").click()
    await shoot(page, "notices-extend")
    await page.get_by_label("新的恢复时间").fill(f"{tomorrow:%Y-%m-%d}T13:00")
    await page.get_by_role("button", name="延长并通知").click()
    await expect(page.get_by_role("alert")).to_contain_text("不在开始时间")
    await page.locator("summary", has_text="延长").click()
    await page.get_by_label("新的恢复时间").fill(f"{tomorrow:%Y-%m-%d}T20:00")
    await page.get_by_role("button", name="延长并通知").click()
    await expect(page.locator("#head")).to_contain_text("时间有变", timeout=90_000)
    await page.reload()
    await expect(page.locator("#about")).to_contain_text("将持续到明天晚上八点")
    await told(site, notice, [Outcome.HEARD])
    await page.reload()
    await page.get_by_role("button", name="已恢复，通知住户").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("3栋 停水 已恢复")
    await expect(page.locator("#about")).to_contain_text("已经恢复供水")


@pytest.mark.slow
@pytest.mark.timeout(400)
async def test_many_homes_wait_for_a_second_person(visits: Visits, shoot: Shoot) -> None:
    clerk = await visits(Role.CLERK)
    await write(clerk, "全部")
    await clerk.get_by_role("button", name="预览").click()
    await expect(clerk.locator("#preview")).to_contain_text("超过 30 户，须由第二个人批准")
    await clerk.get_by_role("button", name="保存，等待批准").click()
    await expect(clerk.locator("#steps")).to_contain_text("等待另一位主管批准")
    supervisor = await visits(Role.SUPERVISOR)
    await supervisor.goto(clerk.url.partition("#")[0])
    await supervisor.get_by_role("button", name="批准").click()
    await expect(supervisor.get_by_role("button", name="开始拨打")).to_be_visible(timeout=60_000)
    await supervisor.goto("/notices")
    await expect(supervisor.locator("tbody tr").first).to_contain_text("待开始")
    await shoot(supervisor, "notices-list")


async def test_what_is_wrong_stands_beside_its_field_and_nothing_typed_is_lost(
    visits: Visits, shoot: Shoot
) -> None:
    page = await visits(Role.CLERK)
    await write(page, "9栋", "<b>漏水</b> 🚰")
    await page.get_by_role("button", name="预览").click()
    await expect(page.locator("#scope-error")).to_contain_text("没有已登记的业主")
    await expect(page.get_by_label("原因")).to_have_value("<b>漏水</b> 🚰")
    await shoot(page, "notices-wrong")
    for label, value, name, sentence in (
        ("原因", "", "cause", "请写明原因"),
        ("原因", "авария", "cause", "语音读不出“а”"),
        ("恢复", "2026-01-01T10:00", "end", "不在开始时间"),
    ):
        await write(page)
        await page.get_by_label(label, exact=True).fill(value)
        await page.get_by_role("button", name="预览").click()
        await expect(page.locator(f"#{name}-error")).to_contain_text(sentence)
    await write(page)
    await page.get_by_label("其他", exact=True).check()
    await page.get_by_role("button", name="预览").click()
    await expect(page.locator("#text-error")).to_contain_text("请写明要做什么")


async def test_on_paper_and_as_a_spreadsheet(site: Site, visits: Visits, shoot: Shoot) -> None:
    page = await visits(Role.CLERK)
    notice = await started(page)
    await page.get_by_role("link", name="签收表").click()
    await expect(page.locator(".paper").first).to_contain_text("3号楼将于")
    await shoot(page, "notices-sign")
    await page.get_by_label("3-1-101 已签收").check()
    await page.get_by_role("button", name="登记已签收").click()
    await expect(page.locator("tr", has_text="3-1-101")).to_contain_text("书面签收（王芳）")
    answer = await page.request.get(f"/notices/{notice}/results.csv")
    rows = list(csv.DictReader(io.StringIO((await answer.body()).decode("utf-8-sig"))))
    assert len(rows) == 12
    assert rows[0]["号码"] == "138****0000"  # whole for the supervisor
    supervisor = await visits(Role.SUPERVISOR)
    answer = await supervisor.request.get(f"/notices/{notice}/results.csv")
    assert "13800000000" in (await answer.body()).decode("utf-8-sig")
    answer = await page.request.get(f"/notices/{notice}/results.xlsx")
    assert (await answer.body()).startswith(b"PK")
    assert re.search(r"filename\*=UTF-8''3%E6%A0%8B", answer.headers["content-disposition"])


@pytest.mark.parametrize(("theme", "width"), [("dark", 1440), ("light", 360), ("dark", 360)])
async def test_looks(site: Site, visits: Visits, shoot: Shoot, theme: str, width: int) -> None:
    page = await visits(Role.CLERK, theme=theme, width=width)
    await write(page)
    await page.get_by_role("button", name="预览").click()
    await shoot(page, f"notices-preview-{theme}-{width}")
    notice = next(each for each in reversed(await ledger(site).campaigns()))
    for path, name in (("/notices", "list"), (f"/notices/{notice.id}", "one")):
        await page.goto(path)
        await shoot(page, f"notices-{name}-{theme}-{width}")
        wide = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0


async def test_in_english(visits: Visits) -> None:
    page = await visits(Role.CLERK, language="en")
    await page.goto("/notices/new")
    await expect(page.get_by_role("heading", level=1)).to_have_text("New notice")
    await page.goto("/notices")
    await expect(page.locator("tbody")).to_contain_text("In progress")


def test_the_words_are_those_of_the_command_line() -> None:
    from ivr.outbound.model import OUTCOME_WORDS
    from ivr.outbound.notice import KIND_WORDS

    assert OUTCOMES == OUTCOME_WORDS
    assert KINDS == KIND_WORDS
