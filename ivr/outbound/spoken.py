"""Dates and hours as people say them: 今天下午两点至六点, 十一月二十四日上午九点半. Pure.

Everything is said from the day on which it is heard, so the same span is
明天上午 today and 今天上午 tomorrow.
"""

from datetime import date, datetime

_DIGITS = "零一二三四五六七八九"
_DAYPARTS = (
    (5, "凌晨"),
    (8, "早上"),
    (11, "上午"),
    (13, "中午"),
    (19, "下午"),
    (24, "晚上"),
)  # (until hour, word)
_GREETINGS = ((5, "晚上"), (9, "早上"), (12, "上午"), (14, "中午"), (18, "下午"), (24, "晚上"))


def daypart(when: datetime) -> str:
    """凌晨 … 晚上, for an hour that is told."""
    return next(word for until, word in _DAYPARTS if when.hour < until)


def greeting_daypart(when: datetime) -> str:
    """早上 in 早上好, for someone greeted now."""
    return next(word for until, word in _GREETINGS if when.hour < until)


def number(value: int) -> str:
    """0 … 99 in characters: 十一, 二十四."""
    tens, ones = divmod(value, 10)
    if not tens:
        return _DIGITS[ones]
    return f"{_DIGITS[tens] if tens > 1 else ''}十{_DIGITS[ones] if ones else ''}"


def day(when: date, today: date) -> str:
    """今天, 明天, 后天, or the date; with the year when it is another one."""
    words = {0: "今天", 1: "明天", 2: "后天", -1: "昨天"}
    distance = (when - today).days
    if distance in words:
        return words[distance]
    named = f"{number(when.month)}月{number(when.day)}日"
    if when.year == today.year:
        return named
    return "".join(_DIGITS[int(digit)] for digit in str(when.year)) + "年" + named


def clock(when: datetime) -> str:
    """两点, 两点半, 两点零五分, 十二点."""
    hour = when.hour if when.hour <= 12 else when.hour - 12
    said = "两" if hour == 2 else number(hour)
    if when.minute == 0:
        return f"{said}点"
    if when.minute == 30:
        return f"{said}点半"
    minute = f"零{number(when.minute)}" if when.minute < 10 else number(when.minute)
    return f"{said}点{minute}分"


def moment(when: datetime, today: date, *, after: datetime | None = None) -> str:
    """明天上午九点. What `after` has said already is not said again: in
    今天下午两点至六点 neither the day nor 下午 comes twice."""
    if _is_midnight(when) and after is not None and (when.date() - after.date()).days == 1:
        return "晚上十二点" if daypart(after) != "晚上" else "十二点"
    words = []
    if after is None or when.date() != after.date():
        words.append(day(when.date(), today))
        words.append(daypart(when))
    elif daypart(when) != daypart(after):
        words.append(daypart(when))
    return "".join(words) + clock(when)


def span(begin: datetime, end: datetime, today: date) -> str:
    """今天下午两点至六点; both times are in the site's zone."""
    return f"{moment(begin, today)}至{moment(end, today, after=begin)}"


def _is_midnight(when: datetime) -> bool:
    return when.time() == datetime.min.time()
