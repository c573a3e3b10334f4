"""Signs: one width for all before the rules look, and after them only what can be said."""

import re
from functools import cache

_SIGNS = {
    "&": "和", "+": "加", "=": "等于", "±": "正负", "≈": "约", "≥": "大于等于", "≤": "小于等于",
    "×": "乘", "÷": "除以", "＋": "加", "＝": "等于", "＆": "和", "@": "艾特", "℃": "摄氏度",
    "㎡": "平方米", "%": "百分号", "#": "井号",
    "…": "，", "—": "，", "～": "，", "~": "，", "·": " ",
    "(": "，", ")": "，", "（": "，", "）": "，", "【": "，", "】": "，", "[": "，", "]": "，",
    ",": "，", ";": "；", ":": "：", "?": "？", "!": "！", "|": "，", "\n": "。", "\r": "。",
}  # fmt: skip
_SPOKEN = re.compile(r"[\u3007\u3400-\u4dbf\u4e00-\u9fffA-Za-z，。、；：？！' ]")

_FULL_WIDTH = {code: code - 0xFEE0 for code in (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B))}
_FULL_WIDTH |= {code: code - 0xFEE0 for code in range(0xFF41, 0xFF5B)}
_FULL_WIDTH |= {ord(sign): plain for sign, plain in zip("－％．／￥\u3000", "-%./¥ ", strict=True)}
_FULL_WIDTH |= {0x2460 + i: str(i + 1) for i in range(20)}  # ① to ⑳
_FULL_WIDTH |= {0x2160 + i: str(i + 1) for i in range(10)}  # Ⅰ to Ⅹ

_UNSPOKEN = "\0"
_LATIN, _HAN = "A-Za-z", "\u3007\u3400-\u4dbf\u4e00-\u9fff"
_BETWEEN_SCRIPTS = re.compile(rf"(?<=[{_LATIN}])(?=[{_HAN}])|(?<=[{_HAN}])(?=[{_LATIN}])")
_BETWEEN_WORDS = re.compile(
    rf"(?<=[{_LATIN}']){_UNSPOKEN}+(?=[{_LATIN}'])|{_UNSPOKEN}*\s[\s{_UNSPOKEN}]*"
)
_FULL_STOP = re.compile(rf"(?<![{_LATIN}])\.(?![{_LATIN}])|\.$")
_MARKS = re.compile(r" ?[，。、；：？！][ ，。、；：？！]*")


def half_width(text: str) -> str:
    """１２：３０ → 12：30; digits of other scripts and ① too."""
    text = text.translate(_FULL_WIDTH)
    return "".join(str(int(one)) if one.isdecimal() else one for one in text)


def spoken(text: str) -> str:
    """Signs as words or pauses, the rest of them left out; marks and blanks in order."""
    text = _FULL_STOP.sub("。", text).replace(".", " 点 ")
    text = "".join(map(_spoken, text))
    text = _BETWEEN_WORDS.sub(" ", text).replace(_UNSPOKEN, "")
    text = _BETWEEN_SCRIPTS.sub(" ", text)
    text = _MARKS.sub(_one_mark, text)
    return text.lstrip(" ，、；：。？！").rstrip(" ，、；：")


@cache
def _spoken(sign: str) -> str:
    if sign in _SIGNS:
        return _SIGNS[sign]
    return sign if _SPOKEN.fullmatch(sign) else _UNSPOKEN


def _one_mark(m: re.Match[str]) -> str:
    """Of several marks together the one that ends the sentence stays, else the first."""
    marks = m[0].replace(" ", "")
    return next((one for one in marks if one in "。？！"), marks[0])
