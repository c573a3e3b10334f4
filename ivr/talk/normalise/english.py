"""Written English as it is said.

The voices read English numbers well by themselves; what they do not know is
the way numbers are written in China.
"""

import re

_MARKS = str.maketrans("，。、；：？！（）“”‘’", ",.,;:?!()\"\"''")
_RULES = (
    (re.compile(r"[¥￥] ?([\d,.]*\d)"), r"\1 yuan"),
    (re.compile(r"(\d) ?℃"), r"\1 degrees"),
    (re.compile(r"(\d) ?(?:㎡|m²|m2)\b"), r"\1 square metres"),
    (re.compile(r"(?<![\d-])(1[3-9]\d)[- ]?(\d{4})[- ]?(\d{4})(?!\d)"), r"\1, \2, \3"),
)
_DIGIT_BY_DIGIT = re.compile(r"(?<![\d.,])0?\d{3,}(?![\d]|[.,]\d)")
_CODE = re.compile(r"\b([A-Z]{1,4})-?(\d{3,})\b")


def normalise(text: str) -> str:
    """`text` with long numbers digit by digit; blanks and marks as in English."""
    text = text.translate(_MARKS)
    for pattern, said in _RULES:
        text = pattern.sub(said, text)
    text = _CODE.sub(lambda m: " ".join([*m[1], *m[2]]), text)
    text = _DIGIT_BY_DIGIT.sub(
        lambda m: " ".join(m[0]) if len(m[0]) > 4 or m[0].startswith("0") else m[0], text
    )
    return re.sub(r"\s+", " ", text).strip()
