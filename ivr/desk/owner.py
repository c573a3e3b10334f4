"""Owners (业主) and the households that are told something. Pure."""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from ivr.desk.home import Home as Home
from ivr.settings import HOURS

TITLES = ("先生", "女士", "小姐", "太太", "老师")
_ENGLISH = {"先生": "Mr", "女士": "Ms", "小姐": "Miss", "太太": "Mrs"}
UNNAMED = "业主"  # how one is addressed whose name or title is not known


class Care(StrEnum):
    """Answered first, spoken to slowly, given a person rather than a menu (RULES.md, Care)."""

    OLD = "老人"
    PREGNANT = "孕妇"
    DISABLED = "残疾人"


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    id: str
    name: str  # "周建国"
    title: str  # one of TITLES, or empty
    phones: tuple[str, ...]  # as ivr.desk.phone_numbers writes them; best first
    homes: tuple[Home, ...]
    language: str = "zh-CN"
    care: tuple[Care, ...] = ()
    do_not_call: bool = False
    quiet: str = ""  # "12:00-14:00,21:00-08:00": not to be phoned, beside the site's window
    note: str = ""

    @property
    def surname(self) -> str:
        """周 of 周建国, 欧阳 of 欧阳娜娜, Smith of John Smith."""
        if self.name.isascii():
            return self.name.rpartition(" ")[2]
        return self.name[:2] if self.name[:2] in COMPOUND_SURNAMES else self.name[:1]

    @property
    def address(self) -> str:
        """How one speaks to them: 周先生, Mr Smith. Without a title, which is never guessed,
        业主."""
        if not self.name or not self.title:
            return UNNAMED
        if self.language == "en":
            title = _ENGLISH.get(self.title)
            return f"{title} {self.surname}" if title else UNNAMED
        return f"{self.surname}{self.title}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Household:
    """A home and those who are told for it."""

    home: Home
    owners: tuple[Owner, ...]
    numbers: tuple[str, ...]  # digits to dial, best first; none of an owner in 勿扰
    do_not_call: bool  # every owner is in 勿扰
    quiet: str  # as Owner.quiet: the hours of all who may be phoned
    language: str
    address: str  # 周先生; 业主 where the call may reach one of several

    @property
    def id(self) -> str:
        return str(self.home)

    @property
    def care(self) -> tuple[Care, ...]:
        return tuple(dict.fromkeys(care for owner in self.owners for care in owner.care))


def quiet_hours(text: str) -> str:
    """Quiet hours as `Owner.quiet` has them: 9:00～11:30 becomes 09:00-11:30.

    Raises ValueError naming what is no span of hours.
    """
    spans = []
    for span in re.split(r"[,、;\s]+", unicodedata.normalize("NFKC", text).strip(" ,、;")):
        tidy = re.sub(r"\b(\d):", r"0\1:", re.sub("[~至到–—-]+", "-", span))
        if not HOURS.match(tidy) or (tidy[6:8] == "24" and tidy[9:] != "00"):
            raise ValueError(f"{span!r} is no span of hours; write it like 12:00-14:00")
        spans.append(tidy)
    return ",".join(dict.fromkeys(spans))


_COMPOUND = (
    "欧阳 太史 端木 上官 司马 东方 独孤 南宫 万俟 闻人 夏侯 诸葛 尉迟 公羊 赫连 澹台 "
    "皇甫 宗政 濮阳 公冶 太叔 申屠 公孙 慕容 仲孙 钟离 长孙 宇文 司徒 鲜于 司空 闾丘 "
    "子车 亓官 司寇 巫马 公西 颛孙 壤驷 公良 漆雕 乐正 宰父 谷梁 拓跋 夹谷 轩辕 令狐 "
    "段干 百里 呼延 东郭 南门 羊舌 微生 公户 公玉 公仪 梁丘 公仲 公上 公门 公山 公坚 "
    "左丘 公伯 西门 公祖 第五 公乘 贯丘 公皙 南荣 东里 东宫 仲长 子书 子桑 即墨 达奚 "
    "褚师"
)
COMPOUND_SURNAMES = frozenset(_COMPOUND.split())
