"""What is wrong with a list of owners, as the office reads it."""

from pathlib import Path

import openpyxl
import pytest

from ivr.desk import owner_sheet
from ivr.errors import UserError
from ivr.web import i18n
from ivr.web.sheet_words import in_words

HEADINGS = ["楼栋", "单元", "房号", "姓名", "称谓", "电话1", "备注", "特别关怀", "勿扰", "勿扰时段"]


@pytest.mark.parametrize(
    ("row", "heading", "why"),
    [
        (("3", "2", "1", "周", "", "119"), "电话1", "'119' 不是存在的电话号码"),
        (("3", "2", "1", "周", "", "abc"), "电话1", "'abc' 不是电话号码"),
        (("3", "2", "1", "周", "", "1.38E+10"), "电话1", "被表格缩写了"),
        (("3", "2", "1", "周", "VIP", "13800138000"), "称谓", "'VIP' 不是：先生"),
        (("3", "2", "1", "周", "", "", "长" * 5000), "备注", "有 5000 字，最多"),
        (("3", "2", "1", "周", "", "", "", "VIP"), "特别关怀", "'VIP' 不是：老人"),
        (("3", "2", "1", "周", "", "", "", "", "maybe"), "勿扰", "不是“是”或“否”"),
        (("3", "2", "1", "周", "", "", "", "", "", "noon"), "勿扰时段", "请写成 12:00-14:00"),
        (("3", "2", "5-1", "周"), "房号", "不在 3-2"),
        (("3", "2", "?", "周"), "房号", "不对"),
    ],
)
def test_a_cell(tmp_path: Path, row: tuple[str, ...], heading: str, why: str) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    for each in (HEADINGS, row):
        book.active.append(each)
    book.save(tmp_path / "a.xlsx")
    (wrong,) = owner_sheet.read(tmp_path / "a.xlsx", "0755").wrong
    i18n.set_language(i18n.CHINESE)
    assert in_words(wrong.where) == "第 2 行"
    assert wrong.heading == heading
    assert why in in_words(wrong.why)
    i18n.set_language(i18n.ENGLISH)
    assert in_words(wrong.why) == wrong.why
    i18n.set_language(i18n.CHINESE)


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("a.csv", b"", "里没有表头"),
        ("a.csv", "楼栋,房号,姓名\n".encode(), "a.csv：表头下面没有内容"),
        ("a.csv", "天气\n晴\n".encode(), "里没有表头"),
        ("a.csv", b"\xff\xfe\xfd\x80\n", "文字编码不对"),
        ("a.xlsx", b"\xff\xd8\xff", "a.xlsx：不是 Excel 文件"),
        ("a.xlsx", bytes.fromhex("d0cf11e0a1b11ae1") + bytes(100), "旧的 .xls"),
        ("a.pdf", b"x", "不是 .xlsx 或 .csv 文件"),
    ],
)
def test_a_file(tmp_path: Path, name: str, content: bytes, why: str) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(UserError) as error:
        owner_sheet.read(file, "0755")
    assert why in in_words(str(error.value).replace(str(file), name))


def test_what_is_not_known_stays() -> None:
    assert in_words("something new") == "something new"
