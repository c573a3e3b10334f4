"""Written English as it is said.

The voices read English numbers well by themselves; what they do not know is
the way numbers are written in China.
"""

import re

_MARKS = str.maketrans("，。、；：？！（）“”‘’", ",.,;:?!()\"\"''")
_MOBILE = re.compile(r"(?<![\d-])(1[3-9]\d)[- ]?(\d{4})[- ]?(\d{4})(?!\d)")
_CODE = re.compile(r"\b([A-Z]{1,4})-?(\d{3,})\b")
_LONG = re.compile(r"(?<![\d.,])(?:0\d+|\d{5,})(?!\d|[.,]\d)")
_RULES = (
    (re.compile(r"[¥￥] ?([\d,.]*\d)"), r"\1 yuan"),
    (re.compile(r"(\d) ?℃"), r"\1 degrees"),
    (re.compile(r"(\d) ?(?:㎡|m²|m2\b)"), r"\1 square metres"),
)


def normalise(text: str) -> str:
    """`text` with codes and long numbers digit by digit; blanks and marks as in English."""
    text = text.translate(_MARKS)
    for pattern, said in _RULES:
        text = pattern.sub(said, text)
    text = _MOBILE.sub(lambda m: ", ".join(" ".join(part) for part in m.groups()), text)
    text = _CODE.sub(lambda m: " ".join([*m[1], *m[2]]), text)
    text = _LONG.sub(lambda m: " ".join(m[0]), text)
    return re.sub(r"\s+", " ", text).strip()
