"""Telephone numbers as people write them: one spelling to compare, a mask to show."""

import re

_MOBILE = re.compile(r"(?:\+86|0086|86|0)?(1[3-9]\d{9})")
_PREFIX = re.compile(r"^(?:\+86|0086|0)(?=\d{7})")


def digits(text: str) -> str:
    """What of `text` can stand in a number: digits, * and #."""
    return re.sub(r"[^0-9*#]", "", text)


def key(number: str) -> str:
    """The same for every spelling of a number, or "" when there is none.

    China: the country code, the trunk 0 and separators go, so 013800138000,
    +86 138-0013-8000 and 13800138000 are one.
    """
    bare = re.sub(r"[^0-9*#+]", "", number)
    mobile = _MOBILE.fullmatch(bare)
    return mobile[1] if mobile else _PREFIX.sub("", bare)


def mask(number: str) -> str:
    """138****8000 for a mobile, 0755…3456 for other numbers; an extension stays."""
    mobile = _MOBILE.fullmatch(number)
    if mobile:
        return f"{number[: mobile.start(1)]}{mobile[1][:3]}****{mobile[1][-4:]}"
    if len(number) < 7:
        return number
    shown = 4 if len(number) > 9 else 2
    return f"{number[:shown]}…{number[-shown:]}"
