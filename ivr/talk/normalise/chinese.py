"""Written Chinese as it is said: an ordered table of patterns, each with its reading.

A rule sees what the rules before it left; a reading has no digits in it, so no
rule sees a number twice. The order is from the particular to the general:
telephone numbers, dates, hours, homes, money, units, plain numbers, signs.
"""

import re
from collections.abc import Callable

from ivr.talk.normalise import signs
from ivr.talk.normalise.numbers import code, counted, digits, grouped, quantity

Reading = Callable[[re.Match[str]], str]
_RULES: list[tuple[re.Pattern[str], Reading]] = []


def _rule(pattern: str) -> Callable[[Reading], Reading]:
    def add(reading: Reading) -> Reading:
        _RULES.append((re.compile(pattern), reading))
        return reading

    return add


N = r"\d+(?:,\d{3})*(?:\.\d+)?"  # 1,200.50
TO = r"(?:-{1,2}|~|～|–|—{1,2}|至|到)"
_NOT_AFTER = r"(?<![\d.,:])"
_NOT_BEFORE = r"(?![\d]|[.,:]\d)"


# --- Numbers that are names: telephones, tickets, what is read digit by digit ---


@_rule(r"(?<![\dA-Za-z])(?:\+?86[- ]?|0)?(1[3-9]\d)[- ]?(\d{4})[- ]?(\d{4})(?!\d)")
def _mobile(m: re.Match[str]) -> str:
    return " ".join(code(part) for part in m.groups())


@_rule(r"(?<![\dA-Za-z])([48]00)-?(?:(\d{3})-?(\d{4})|(\d{4})-(\d{3}))(?!\d)")
def _service_number(m: re.Match[str]) -> str:
    return " ".join(code(part) for part in m.groups() if part)


@_rule(
    r"(?<![\dA-Za-z])\(?(0(?:10|2\d|[3-9]\d{2}))\)?[- ]?(\d{3,4})[- ]?(\d{4})(?:-(\d{1,6}))?(?!\d)"
)
def _fixed_line(m: re.Match[str]) -> str:
    extension = f" 转 {code(m[4])}" if m[4] else ""
    return f"{code(m[1])} {code(m[2])} {code(m[3])}{extension}"


_NAMED = (
    "电话|热线|拨打|致电|拨|分机|手机|座机|号码|尾号|编号|单号|工单|订单号|工号|卡号|账号|帐号|户号|"
    "表号|证号|验证码|密码|邮编|车牌|车位|房号|总机|转|QQ|微信"
)


@_rule(rf"((?:{_NAMED})(?:号码|号|是|为|请拨|[:：是为 ])*)(\d[\d-]{{2,}})(?!\d|{TO}\d)")
def _named_code(m: re.Match[str]) -> str:
    groups = [part for part in m[2].split("-") if part]
    if len(groups) == 1:
        groups = [grouped(groups[0], *_by_size(len(groups[0])))]
        return m[1] + groups[0]
    return m[1] + " ".join(code(group) for group in groups)


@_rule(r"(?<!\d)(11[0249]|12[02])(?=报警|急救|火警|台|热线|服务|电话|指挥)")
def _emergency(m: re.Match[str]) -> str:
    return code(m[1])


@_rule(
    r"(?<!\d)(123(?:45|15|33|48|18|28)|955\d\d|100(?:00|1\d|86)|96\d{3,4})(?=热线|服务|电话|客服)"
)
def _short_number(m: re.Match[str]) -> str:
    return code(m[1])


@_rule(r"(?:No|NO|no|№)\.? ?(\d+)")
def _number_sign(m: re.Match[str]) -> str:
    return (quantity(m[1]) if len(m[1]) < 3 else code(m[1])) + "号"


@_rule(r"(?<![A-Za-z\d])([A-Za-z]+)-?(\d{3,}(?:-\d+)*)(?!\d|[A-Za-z])")
def _ticket(m: re.Match[str]) -> str:
    groups = [grouped(part, *_by_size(len(part))) for part in m[2].split("-")]
    return f"{_letters(m[1])} {' '.join(groups)}"


@_rule(r"(?<![A-Za-z\d])(?=[A-Z\d-]*[A-Z])(?=[A-Z\d-]*\d)[A-Z\d]{5,}(?:-[A-Z\d]+)*(?![A-Za-z\d])")
def _mixed_code(m: re.Match[str]) -> str:
    parts = re.findall(r"[A-Z]+|\d+", m[0])
    return " ".join(code(part) if part.isdecimal() else _letters(part) for part in parts)


def _by_size(length: int) -> tuple[int, ...]:
    """Sizes of the groups in which people say that many digits, but the last."""
    if length <= 5:
        return ()
    if length in (6, 7):
        return (3,)
    return (4,) * ((length - 1) // 4)


def _letters(word: str) -> str:
    return " ".join(word.upper())


# --- Dates and hours ---

_YEAR, _MONTH, _DAY = r"((?:19|20)\d\d)", r"(1[0-2]|0?[1-9])", r"([12]\d|3[01]|0?[1-9])"


def _number(text: str) -> str:
    return quantity(text.lstrip("0") or "0")


@_rule(rf"(?<!\d){_YEAR}([-/.]){_MONTH}\2{_DAY}(?!\d|[-/.]\d)")
def _iso_date(m: re.Match[str]) -> str:
    return f"{digits(m[1])}年{_number(m[3])}月{_number(m[4])}日"


@_rule(rf"(?<!\d){_YEAR} ?{TO} ?{_YEAR} ?(?=年|学年|财年|年度)")
def _years(m: re.Match[str]) -> str:
    return f"{digits(m[1])}至{digits(m[2])}"


@_rule(r"(?<!\d)(\d{4}) ?年(?!级|前|后|来|多|间)")
def _year(m: re.Match[str]) -> str:
    return digits(m[1]) + "年"


@_rule(r"(?<!\d)([5-9]0)年代")
def _decade(m: re.Match[str]) -> str:
    return digits(m[1]) + "年代"


@_rule(rf"(?<!\d){_MONTH} ?{TO} ?{_MONTH} ?月(?:份)?(?!\d)")
def _months(m: re.Match[str]) -> str:
    return f"{_number(m[1])}至{_number(m[2])}月"


@_rule(rf"(?<!\d){_MONTH} ?月 ?{_DAY} ?([日号]?) ?{TO} ?(?:{_MONTH} ?月 ?)?{_DAY} ?([日号])")
def _days(m: re.Match[str]) -> str:
    second = f"{_number(m[4])}月" if m[4] else ""
    return f"{_number(m[1])}月{_number(m[2])}{m[3]}至{second}{_number(m[5])}{m[6]}"


@_rule(rf"(?<!\d){_MONTH} ?月(?: ?{_DAY} ?(?=[日号]))?")
def _date(m: re.Match[str]) -> str:
    return _number(m[1]) + "月" + (_number(m[2]) if m[2] else "")


@_rule(rf"(?<![\d.]){_DAY} ?(日?) ?{TO} ?{_DAY} ?日")
def _days_of_month(m: re.Match[str]) -> str:
    return f"{_number(m[1])}{m[2]}至{_number(m[3])}日"


_CLOCK = r"([01]?\d|2[0-4])[:：]([0-5]\d)(?:[:：]([0-5]\d))?"


def _clock(hour: str, minute: str, second: str | None) -> str:
    said = ("两" if int(hour) == 2 else _number(hour)) + "点"
    if second and second != "00":
        return f"{said}{_minutes(minute)}分{_minutes(second)}秒"
    if minute == "00":
        return said
    return said + ("半" if minute == "30" else _minutes(minute) + "分")


def _minutes(text: str) -> str:
    return ("零" if text.startswith("0") else "") + _number(text)


@_rule(rf"(?<![\d:：.]){_CLOCK} ?{TO} ?(?:(次日|第二天|翌日) ?)?{_CLOCK}(?![\d]|[:：]\d)")
def _hours(m: re.Match[str]) -> str:
    return f"{_clock(m[1], m[2], m[3])}至{m[4] or ''}{_clock(m[5], m[6], m[7])}"


@_rule(rf"(?<![\d:：.]){_CLOCK}(?![\d]|[:：]\d)")
def _hour(m: re.Match[str]) -> str:
    return _clock(m[1], m[2], m[3])


@_rule(r"(?<![\d.])(\d{1,2}) ?([点时]) ?0(\d) ?分")
def _hour_and_minutes(m: re.Match[str]) -> str:
    return f"{counted(m[1], m[2])}{m[2]}{_minutes('0' + m[3])}分"


# --- Homes ---

_HOUSE = "号楼|栋|幢|座|楼|单元|门"


@_rule(r"(?<![\d.\-])(\d{1,3})-(\d{1,2})-(\d{3,4})(室|房|户)?(?![\d]|-\d)")
def _home(m: re.Match[str]) -> str:
    return f"{_building(m[1])}栋{quantity(m[2])}单元{code(m[3])}{m[4] or '室'}"


@_rule(r"(?<![\d.\-])(\d{1,2})-(\d{3,4})(室|房|户)?(?![\d.]|-\d)")
def _home_without_unit(m: re.Match[str]) -> str:
    return f"{quantity(m[1])}杠{code(m[2])}{m[3] or ''}"


@_rule(r"(?<!\d)(\d{1,3}) ?[#＃](?:号楼|楼|栋)?")
def _house_sign(m: re.Match[str]) -> str:
    return _building(m[1]) + ("号楼" if m[0][-1] in "楼栋" else "号")


@_rule(rf"((?:[A-Za-z\d]|{_HOUSE}|层) ?)(?<!\d)(\d{{3,4}})(?=室|房|号|[，。,；、！？）)\s]|$)")
def _room_after_house(m: re.Match[str]) -> str:
    return m[1] + code(m[2])


@_rule(r"(?<![\d.,])(\d{3,4}) ?(?=室|房间|号房|房(?!产|屋|价|东|租|款))")
def _room(m: re.Match[str]) -> str:
    return code(m[1])


@_rule(r"(?<![\d.,])(\d{3}) ?(?=栋|幢|号楼)")
def _high_building(m: re.Match[str]) -> str:
    return _building(m[1])


def _building(number: str) -> str:
    return code(number) if len(number) > 2 else quantity(number)


# --- Money, shares, measures ---

_SCALE = "[百千万亿]*"


@_rule(rf"[¥￥]\s?({N})({_SCALE})(?:\s?元)?(?:\s?{TO}\s?[¥￥]?\s?({N})({_SCALE})(?:\s?元)?)?")
def _yuan(m: re.Match[str]) -> str:
    first = counted(m[1], m[2] or "元") + m[2]
    return first + "元" + (f"至{counted(m[3], '元')}{m[4]}元" if m[3] else "")


@_rule(rf"(?:RMB|CNY)\s?({N})({_SCALE})(?:元)?")
def _renminbi(m: re.Match[str]) -> str:
    return counted(m[1], "元") + m[2] + "元"


@_rule(rf"\$\s?({N})({_SCALE})")
def _dollars(m: re.Match[str]) -> str:
    return counted(m[1], "元") + m[2] + "美元"


@_rule(rf"{_NOT_AFTER}(-?{N})\s?([%‰])?\s?{TO}\s?({N})\s?([%‰])")
def _shares(m: re.Match[str]) -> str:
    second = quantity(m[3])
    if m[2]:
        second = _SHARE[m[4]] + second
    return f"{_SHARE[m[4]]}{quantity(m[1])}至{second}"


@_rule(rf"{_NOT_AFTER}(-?{N})\s?([%‰])")
def _share(m: re.Match[str]) -> str:
    return ("负" if m[1].startswith("-") else "") + _SHARE[m[2]] + quantity(m[1].lstrip("-"))


_SHARE = {"%": "百分之", "‰": "千分之"}

_DEGREES = r"(?:℃|°C|° C|摄氏度)"


@_rule(rf"{_NOT_AFTER}(-?)({N})\s?{_DEGREES}?\s?{TO}\s?(-?)({N})\s?{_DEGREES}")
def _temperatures(m: re.Match[str]) -> str:
    signs = ["零下" if sign else "" for sign in (m[1], m[3])]
    return f"{signs[0]}{quantity(m[2])}至{signs[1]}{quantity(m[4])}摄氏度"


@_rule(rf"{_NOT_AFTER}(-?)({N})\s?{_DEGREES}")
def _temperature(m: re.Match[str]) -> str:
    return ("零下" if m[1] else "") + quantity(m[2]) + "摄氏度"


_UNITS = {
    "km/h": "公里每小时", "m/s": "米每秒", "kWh": "千瓦时", "kwh": "千瓦时", "KWH": "千瓦时",
    "MPa": "兆帕", "kPa": "千帕", "Mbps": "兆", "mbps": "兆", "km²": "平方公里", "km": "公里",
    "KM": "公里", "m²": "平方米", "m2": "平方米", "㎡": "平方米", "m³": "立方米", "m3": "立方米",
    "㎥": "立方米", "mm": "毫米", "cm": "厘米", "dm": "分米", "kg": "公斤", "KG": "公斤",
    "Kg": "公斤", "mg": "毫克", "ml": "毫升", "mL": "毫升", "kW": "千瓦", "KW": "千瓦",
    "kw": "千瓦", "kV": "千伏", "KV": "千伏", "dB": "分贝", "Hz": "赫兹", "min": "分钟",
    "m": "米", "g": "克", "t": "吨", "h": "小时", "s": "秒", "L": "升", "V": "伏", "W": "瓦",
    "A": "安", "°": "度", "㎜": "毫米", "㎝": "厘米", "㎞": "公里", "㎏": "公斤",
}  # fmt: skip
_UNIT = "|".join(sorted(map(re.escape, _UNITS), key=len, reverse=True))


@_rule(rf"{_NOT_AFTER}({N})\s?(?:{_UNIT})?\s?{TO}\s?({N})\s?({_UNIT})(?![A-Za-z])")
def _measures(m: re.Match[str]) -> str:
    unit = _UNITS[m[3]]
    return f"{counted(m[1], unit)}至{counted(m[2], unit)}{unit}"


@_rule(rf"{_NOT_AFTER}(-?{N})\s?({_UNIT})(?![A-Za-z座区栋幢口门级])")
def _measure(m: re.Match[str]) -> str:
    unit = _UNITS[m[2]]
    return counted(m[1], unit) + unit


@_rule(r"(?<=/)(?:㎡|m²|m2)")
def _per_square_metre(_: re.Match[str]) -> str:
    return "平方米"


@_rule(r"(元|吨|度|户|次|公斤|千瓦时|平方米|立方米)/(?=[平立月年天次户度吨人㎡m小分个季])")
def _per(m: re.Match[str]) -> str:
    return m[1] + "每"


# --- Plain numbers ---


@_rule(r"(?<![\d.])(\d{1,2})[:：](\d+(?:\.\d+)?)(?![\d:：])")
def _ratio(m: re.Match[str]) -> str:
    return f"{quantity(m[1])}比{quantity(m[2])}"


@_rule(r"(?<![\d/.])24/7(?![\d/])|7[×xX*]24(?=小时)")
def _always(m: re.Match[str]) -> str:
    return "七乘二十四" + ("" if m[0].endswith("24") else "小时")


@_rule(r"(?<![\d/.])([1-9]\d{0,2})/([1-9]\d{0,2})(?![\d/.])")
def _fraction(m: re.Match[str]) -> str:
    return f"{quantity(m[2])}分之{quantity(m[1])}"


@_rule(rf"{_NOT_AFTER}({N}) ?[×xX*✕] ?(?={N})")
def _times(m: re.Match[str]) -> str:
    return quantity(m[1]) + "乘"


@_rule(rf"(?<=[两一二三四五六七八九十百千零乘])({N})")
def _factor(m: re.Match[str]) -> str:
    return quantity(m[1])


@_rule(
    rf"{_NOT_AFTER}({N})(?<!00) ?(?:-{{1,2}}|~|～|–|—{{1,2}}|至|到) ?({N})([\u4e00-\u9fff]{{0,2}})"
)
def _range(m: re.Match[str]) -> str:
    return f"{counted(m[1], m[3])}至{counted(m[2], m[3])}{m[3]}"


@_rule(r"第 ?(\d+)")
def _ordinal(m: re.Match[str]) -> str:
    return "第" + quantity(m[1])


@_rule(r"(?<=按) ?(\d)(?!\d)")
def _key(m: re.Match[str]) -> str:
    return digits(m[1])


@_rule(r"(?<!\d)(\d{8,})(?!\d|[.,]\d|[个户元人次万亿千米吨度])")
def _long(m: re.Match[str]) -> str:
    return grouped(m[1], *_by_size(len(m[1])))


@_rule(r"(?<![\d.])(?<![A-Za-z\u4e00-\u9fff])-(?=\d)")
def _minus(_: re.Match[str]) -> str:
    return "负"


@_rule(rf"({N})( ?)([\u4e00-\u9fff]{{0,2}})")
def _plain(m: re.Match[str]) -> str:
    return counted(m[1], m[3]) + m[3]


# --- Letters and signs ---


@_rule(r"(?<![A-Za-z])[A-Z]{2,}(?![a-z])")
def _abbreviation(m: re.Match[str]) -> str:
    return _letters(m[0])


@_rule(r"(?<![A-Za-z])[a-z](?![A-Za-z])")
def _small_letter(m: re.Match[str]) -> str:
    return m[0].upper()


@_rule(r"(?<=[\u4e00-\u9fff])/(?=[\u4e00-\u9fff])")
def _or(_: re.Match[str]) -> str:
    return "或"


@_rule(r"(?<=[按和或])[#＃](?:号键|键)?")
def _hash_key(_: re.Match[str]) -> str:
    return "井号键"


@_rule(r"(?<=[按和或])[*＊](?:号键|键)?")
def _star_key(_: re.Match[str]) -> str:
    return "星号键"


def normalise(text: str) -> str:
    """`text` with every number, date, sign and letter as it is said; no digit is left."""
    text = signs.half_width(text)
    for pattern, reading in _RULES:
        text = pattern.sub(reading, text)
    return signs.spoken(text)
