"""Why a cell or a file of owners was not understood, in Chinese.

The rooms below say it in English, one sentence each; the same sentences here are
for who works in Chinese. One that is not here stays as it is.
"""

import re

from ivr.web import i18n

_SENTENCES = tuple(
    (re.compile(pattern), chinese)
    for pattern, chinese in (
        (r"^(?:(.+), )?row (\d+)$", r"\1 第 \2 行"),
        (r"^('.*') is no telephone number that exists$", r"\1 不是存在的电话号码"),
        (r"^('.*') is no telephone number$", r"\1 不是电话号码"),
        (r"^('.*') was shortened by a spreadsheet; .*$", r"\1 被表格缩写了，请把这一列设为文本"),
        (r"^was made a date by the spreadsheet; .*$", "被表格改成了日期，请把这一列设为文本"),
        (r"^is a formula without a result; .*$", "是没有结果的公式，请用 Excel 打开后再保存"),
        (r"^is the error (\S+) of a formula$", r"是公式的错误 \1"),
        (r"^is (\d+) characters long; (\d+) at most$", r"有 \1 字，最多 \2 字"),
        (r"^('.*') is none of (.+)$", r"\1 不是：\2"),
        (r"^('.*') is neither 是 nor 否$", r"\1 不是“是”或“否”"),
        (r"^('.*') is no span of hours; .*$", r"\1 不是时段，请写成 12:00-14:00"),
        (r"^(\S+) is empty$", r"\1没有填"),
        (r"^(\S+ )?('.*') is none; .*$", r"\1\2 不对，请写成 3、2 或 1201"),
        (r"^(\S+ )?('.*') is not in (.+)$", r"\1\2 不在 \3"),
        (r"^(\S+ )?('.*'): write it like 3-2-1201$", r"\1\2 请写成 3-2-1201"),
        (r"^(.+): has no rows below its headings$", r"\1：表头下面没有内容"),
        (r"^(.+): none of its first (\d+) rows has the headings .*$",
         r"\1：前 \2 行里没有表头“房号”和“姓名”或“电话”"),
        (r"^(.+): is neither \.xlsx nor \.csv; .*$", r"\1：不是 .xlsx 或 .csv 文件"),
        (r"^(.+): is not an \.xlsx spreadsheet .*$", r"\1：不是 Excel 文件（.xlsx）"),
        (r"^(.+): has a password or is an old \.xls; .*$",
         r"\1：有密码或是旧的 .xls，请另存为 .xlsx"),
        (r"^(.+): has more than (\d+) rows; .*$", r"\1：超过 \2 行，请分成几个文件"),
        (r"^(.+): is larger than (\d+) MB; .*$", r"\1：超过 \2 MB，请分成几个文件"),
        (r"^(.+): is not CSV .*$", r"\1：不是 CSV 文件"),
        (r"^(.+): is neither UTF-8 nor GB 18030 text; .*$", r"\1：文字编码不对，请存为 CSV UTF-8"),
        (r"^(.+): unpacks to (\d+) MB; .*$", r"\1：解压后有 \2 MB，不像名单"),
    )
)  # fmt: skip


def in_words(sentence: str) -> str:
    """`sentence` in the language of the request."""
    if i18n.language() != i18n.CHINESE:
        return sentence
    for pattern, chinese in _SENTENCES:
        if pattern.search(sentence):
            return pattern.sub(chinese, sentence).strip()
    return sentence
