"""Owners' telephone numbers: from whatever people type to the digits that are dialled. Pure.

A number is kept as national digits: 13800138000, 075588881234; of another
country with 00: 0085291234567. A line behind a switchboard keeps its extension
(075588881234转801), which `dialled` leaves out of what a machine can ring.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Any

import phonenumbers
from phonenumbers import PhoneMetadata, PhoneNumber

COUNTRY = "CN"
EXTENSION = "转"
LOCAL_LENGTH = 7  # digits, at least, of a fixed line without its area code

# The library's own rules without its general parser: 2 µs instead of 20 for most of a list.
_METADATA: Any = PhoneMetadata.metadata_for_region(COUNTRY)
_MOBILE = re.compile(rf"(?:\+?86|0086|0)?({_METADATA.mobile.national_number_pattern})")
_FIXED = re.compile(rf"(?:\+?86|0086|0)({_METADATA.fixed_line.national_number_pattern})")
_EXTENSION = re.compile(
    r"(?:转|分机|ext\.?|x|#)[:.]?(\d{1,8})$|(?<=\d{7})-(\d{1,6})$", re.IGNORECASE
)
_REMARK = re.compile(r"\([^()\d]*\)")
_SHORTENED = re.compile(r"\d(?:\.\d+)?e\+?\d+", re.IGNORECASE)


def split(text: str) -> list[str]:
    """The numbers of one cell: 13800138000/0755-88881234, or one under the other."""
    if text.isdecimal():
        return [text]
    found: list[str] = []
    for part in re.split(r"[,、;/|]+", unicodedata.normalize("NFKC", text)):
        pieces = part.split()
        whole = all(sum(map(str.isdecimal, piece)) >= LOCAL_LENGTH for piece in pieces)
        found += pieces if whole else [part]  # 138 0013 8000 is one
    return found


@lru_cache(maxsize=4096)
def parse(text: str, area_code: str) -> str:
    """The number that `text` is; one without area code gets `area_code` ("0755").

    Raises ValueError saying what is wrong.
    """
    if mobile := _MOBILE.fullmatch(text):
        return mobile[1]
    if _SHORTENED.fullmatch(text.strip()):
        raise ValueError(f"{text!r} was shortened by a spreadsheet; make the column text")
    bare = _REMARK.sub("", unicodedata.normalize("NFKC", text))
    bare = re.sub(r"[‐‑‒–—―−]", "-", re.sub(r"[\s()]+", "", bare)).strip("-.:")
    if mobile := _MOBILE.fullmatch(bare.replace("-", "")):
        return mobile[1]
    extension = _EXTENSION.search(bare)
    if extension:
        bare = bare[: extension.start()]
    digits = bare.replace("-", "").replace(".", "")
    if not re.fullmatch(r"\+?\d{3,20}", digits):
        raise ValueError(f"{_short(text)!r} is no telephone number")
    number = _valid(digits, area_code)
    if number is None:
        raise ValueError(f"{_short(text)!r} is no telephone number that exists")
    return number + (EXTENSION + (extension[1] or extension[2]) if extension else "")


def dialled(phone: str) -> str | None:
    """The digits a machine rings; None for a line behind a switchboard."""
    return None if EXTENSION in phone else phone


def _valid(digits: str, area_code: str) -> str | None:
    if re.fullmatch(r"[2-9]\d{6,7}", digits):
        digits = area_code + digits
    if fixed := _FIXED.fullmatch(digits):
        return f"0{fixed[1]}"
    try:
        number = phonenumbers.parse(digits, COUNTRY)
    except phonenumbers.NumberParseException:
        return None
    return _national(number) if phonenumbers.is_valid_number(number) else None


def _national(number: PhoneNumber) -> str:
    national = phonenumbers.national_significant_number(number)
    if number.country_code != phonenumbers.country_code_for_region(COUNTRY):
        return f"00{number.country_code}{national}"
    fixed = phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.FIXED_LINE
    return f"0{national}" if fixed else national


def _short(text: str) -> str:
    return text if len(text) <= 30 else text[:30] + "…"
