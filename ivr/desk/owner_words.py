"""The words of an owner's sheet: its headings, and what may stand below them. Pure."""

import re
import unicodedata
from collections.abc import Iterable, Mapping

from ivr.desk.owner import TITLES, Care

# The first word of each is what we write, and what messages call it.
HEADINGS = {
    "building": "楼栋 栋 幢 楼 座 栋号 楼号 楼栋号 楼宇 building block tower bldg",
    "unit": "单元 单元号 unit entrance",
    "room": "房号 房间 房间号 室 室号 房屋 房屋编号 门牌号 户号 room roomno flat apartment home",
    "name": (
        "姓名 业主 业主姓名 户主 户主姓名 住户 住户姓名 客户 客户姓名 联系人 "
        "name owner ownername resident"
    ),
    "title": "称谓 称呼 性别 title salutation gender sex",
    "phone": (
        "电话 电话号码 联系电话 联系方式 联系号码 手机 手机号 手机号码 移动电话 业主电话 备用电话 "
        "固话 固定电话 座机 家庭电话 phone phoneno phonenumber mobile mobilephone tel telephone"
    ),
    "note": "备注 说明 note notes remark remarks",
    "care": "特别关怀 关怀 特殊人群 care specialcare",
    "do_not_call": "勿扰 免打扰 请勿打扰 拒绝来电 donotcall dnd",
    "quiet": "勿扰时段 免打扰时段 安静时段 quiet quiethours",
    "language": "语言 语种 language lang",
}
WORDING = {name: words.split()[0] for name, words in HEADINGS.items()}
_BY_HEADING = {word: name for name, words in HEADINGS.items() for word in words.split()}

_LANGUAGES = {
    "zh-CN": "中文 普通话 国语 汉语 zh zh-cn chinese mandarin",
    "en": "英语 英文 en en-us english",
}
_BY_LANGUAGE = {word: code for code, words in _LANGUAGES.items() for word in words.split()}

_TITLES = dict(zip(TITLES, TITLES, strict=True)) | {
    "男": "先生",
    "male": "先生",
    "mr": "先生",
    "女": "女士",
    "female": "女士",
    "ms": "女士",
    "mrs": "女士",
    "miss": "小姐",
}
_CARE = {
    Care.OLD: ("老", "高龄", "孤寡", "独居", "elder", "old"),
    Care.PREGNANT: ("孕", "pregnant"),
    Care.DISABLED: ("残", "disabled"),
}
_YES = ("是", "有", "y", "yes", "true", "1", "√", "✓", "✔", "勿扰", "免打扰")
_NO = ("否", "无", "不", "没有", "n", "no", "none", "false", "0", "×", "x", "-", "—", "/")


def heading(text: str) -> tuple[str, int] | None:
    """What "电 话（2）" means: phone, 2; None when it is no heading of ours."""
    word = re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text)).lower()
    bare = word.rstrip("0123456789一二三")
    number = word[len(bare) :]
    name = _BY_HEADING.get(bare)
    if name is None:
        return None
    return name, int(number) if number.isascii() and number else "一二三".find(number) + 1


def title(text: str) -> str:
    """女 and Ms. are 女士. Raises ValueError for what is no title."""
    return _known(_TITLES, text.rstrip("."), TITLES)


def language(text: str) -> str:
    """英文 is en. Raises ValueError for what we do not speak."""
    return _known(_BY_LANGUAGE, text, map(language_words, _LANGUAGES))


def language_words(code: str) -> str:
    """zh-CN is 中文."""
    return _LANGUAGES.get(code, code).split()[0]


def care(text: str) -> tuple[Care, ...]:
    """独居老人、孕妇 are two; 无 is nobody. Raises ValueError for what is no such flag."""
    if text.lower() in _NO:
        return ()
    found = []
    for part in re.split(r"[,，、;；/\s和]+", text):
        flags = [flag for flag, stems in _CARE.items() if any(s in part.lower() for s in stems)]
        if not flags:
            raise ValueError(f"{short(part)!r} is none of {' '.join(Care)}")
        found += flags
    return tuple(dict.fromkeys(found))


def yes(text: str) -> bool:
    """Raises ValueError for what is neither 是 nor 否."""
    word = text.lower()
    if word in _YES or word in _NO:
        return word in _YES
    raise ValueError(f"{short(text)!r} is neither 是 nor 否")


def nobody(text: str) -> bool:
    """Whether what stands for a name says that there is none: 空置, 无."""
    return text.lower() in (*_NO, "空", "空置", "空房", "未知", "待定", "n/a")


def short(text: str) -> str:
    return text if len(text) <= 30 else text[:30] + "…"


def _known(words: Mapping[str, str], text: str, names: Iterable[str]) -> str:
    found = words.get(text.lower())
    if found is None:
        raise ValueError(f"{short(text)!r} is none of {' '.join(names)}")
    return found
