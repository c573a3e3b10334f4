"""How Chinese people say a number, by what it stands for."""

import cn2an

_DIGITS = "零一二三四五六七八九"
_TOO_LONG = 16  # digits; nobody says such a number as a quantity


def quantity(number: str) -> str:
    """ "1200" → 一千二百, "12.50" → 十二点五, "-3" → 负三, "007" → 零零七."""
    if number.startswith("-"):
        return "负" + quantity(number[1:])
    whole, _, fraction = number.replace(",", "").partition(".")
    if len(whole) > _TOO_LONG or (len(whole) > 1 and whole.startswith("0")):
        said = digits(whole)
    else:
        said = cn2an.an2cn(whole or "0", "low")
        said = said.removeprefix("一") if said.startswith("一十") else said
        if said.startswith(("二千", "二万", "二亿")):
            said = "两" + said[1:]
    fraction = fraction.rstrip("0")
    return said + ("点" + digits(fraction) if fraction else "")


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
    return "两" if number == "2" and unit.startswith(_TAKES_LIANG) else quantity(number)


_TAKES_LIANG = tuple(
    "个 位 户 家 次 天 小时 分钟 秒 周 星期 年 台 部 套 间 件 份 张 辆 条 块 名 遍 项 种 组 句 "
    "声 响 点 时 倍 元 米 公里 公斤 吨 平方 立方 度电 人 笔 桶 袋 根 把 扇 盏 类 者 届 场 轮 趟 "
    "千 万 亿 毫米 厘米 千米 千克 升 毫升 顿 盒 箱 只 支 片 门 口 处 期 班 梯 路 股 盘 本 页 篇 "
    "旁 侧 边 端 头 岁".split()
)
