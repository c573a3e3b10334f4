"""How Chinese people say a number, by what it stands for."""

import re

_DIGITS = "零一二三四五六七八九"
_MYRIADS = ("", "万", "亿")
_TOO_LONG = 12  # digits; nobody says such a number as a quantity


def quantity(number: str) -> str:
    """ "1200" → 一千二百, "12.50" → 十二点五, "-3" → 负三, "007" → 零零七."""
    if number.startswith("-"):
        return "负" + quantity(number[1:])
    whole, _, fraction = number.replace(",", "").partition(".")
    if len(whole) > _TOO_LONG or (len(whole) > 1 and whole.startswith("0")):
        said = digits(whole)
    else:
        said = _whole(whole or "0")
    fraction = fraction.rstrip("0")
    return said + ("点" + digits(fraction) if fraction else "")


def _whole(number: str) -> str:
    """ "10" → 十, "2030" → 两千零三十, "100200000" → 一亿零二十万."""
    padded = number.zfill(-(-len(number) // 4) * 4)
    groups = [padded[at : at + 4] for at in range(0, len(padded), 4)]
    said = ""
    for at, group in enumerate(groups):
        if group == "0000":
            continue
        if said and (group.startswith("0") or groups[at - 1].endswith("0000")):
            said += "零"
        said += _thousands(group) + _MYRIADS[len(groups) - 1 - at]
    said = said.removeprefix("一") if said.startswith("一十") else said
    if said.startswith(("二千", "二万", "二亿")):
        said = "两" + said[1:]
    return said or "零"


def _thousands(group: str) -> str:
    said = "".join(
        _DIGITS[int(one)] + unit if one != "0" else "零"
        for one, unit in zip(group, ("千", "百", "十", ""), strict=True)
    )
    return re.sub("零+", "零", said).strip("零")


def digits(number: str) -> str:
    """One by one, as in a year: "2011" → 二零一一. What is no digit is left out."""
    return "".join(_DIGITS[int(one)] for one in number if one.isdecimal())


def code(number: str) -> str:
    """One by one as on the telephone, where one is 幺: "110" → 幺幺零."""
    return digits(number).replace("一", "幺")


def grouped(number: str, *sizes: int) -> str:
    """A `code` in groups with a breath between; the last group takes what is left."""
    groups, at = [], 0
    for size in sizes:
        groups.append(number[at : at + size])
        at += size
    groups.append(number[at:])
    return " ".join(code(group) for group in groups if group)


def counted(number: str, unit: str) -> str:
    """A quantity before its measure word, with 两 for two where people say so: "2", "个" → 两."""
    return "两" if number == "2" and _TAKES_LIANG.match(unit) else quantity(number)


# Measure words. Floors, buildings, bus lines, school years and issues are numbered with 二.
_TAKES_LIANG = re.compile(
    "小时|分钟|星期|公里|公斤|平方|立方|毫米|厘米|千米|千克|毫升|年(?!级)"
    "|[个位户家次天秒周台部套间件份张辆条块名遍项种组句声响点时倍元米吨人笔桶袋根把扇盏类者届场轮趟"
    "千万亿升顿盒箱只支片口处梯股本页篇旁侧边端头岁]"
)
