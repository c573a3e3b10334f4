"""Owners (业主) and their homes (房屋)."""

from dataclasses import dataclass
from enum import StrEnum


class Care(StrEnum):
    """Answered first, spoken to slowly, given a person rather than a menu (RULES.md, Care)."""

    OLD = "老人"
    PREGNANT = "孕妇"
    DISABLED = "残疾人"


@dataclass(frozen=True, slots=True, order=True)
class Home:
    """A home by building, unit and room, as people write them: "3", "2", "1201".

    `unit` is empty where a building has none.
    """

    building: str
    unit: str
    room: str

    def __str__(self) -> str:
        return "-".join(part for part in (self.building, self.unit, self.room) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    id: str
    name: str  # "周建国"
    title: str  # 先生, 女士, 小姐, or empty
    phones: tuple[str, ...]  # national digits: "13800138000", "075588881234"; best first
    homes: tuple[Home, ...]
    language: str = "zh-CN"
    care: tuple[Care, ...] = ()
    do_not_call: bool = False
    quiet: str = ""  # "12:00-14:00": hours not to phone, beside the site's window
    note: str = ""

    @property
    def surname(self) -> str:
        """The surname; two characters for the compound ones (欧阳, 上官 …)."""
        return self.name[:2] if self.name[:2] in COMPOUND_SURNAMES else self.name[:1]

    @property
    def address(self) -> str:
        """How one speaks to them: 周先生; 业主 when the name is not known."""
        return f"{self.surname}{self.title or '业主'}" if self.name else "业主"


COMPOUND_SURNAMES = frozenset(
    "欧阳 太史 端木 上官 司马 东方 独孤 南宫 万俟 闻人 夏侯 诸葛 尉迟 公羊 赫连 澹台 皇甫 宗政 濮阳 "
    "公冶 太叔 申屠 公孙 慕容 仲孙 钟离 长孙 宇文 司徒 鲜于 司空 闾丘 子车 亓官 司寇 巫马 公西 颛孙 "
    "壤驷 公良 漆雕 乐正 宰父 谷梁 拓跋 夹谷 轩辕 令狐 段干 百里 呼延 东郭 南门 羊舌 微生 公户 公玉 "
    "公仪 梁丘 公仲 公上 公门 公山 公坚 左丘 公伯 西门 公祖 第五 公乘 贯丘 公皙 南荣 东里 东宫 仲长 "
    "子书 子桑 即墨 达奚 褚师".split()
)
