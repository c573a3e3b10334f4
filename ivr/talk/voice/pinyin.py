"""How Chinese text is read: words of pinyin syllables, the form every voice starts from."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pypinyin import Style, lazy_pinyin, load_phrases_dict
from pypinyin.contrib.mmseg import retrain, seg

HAN = "\u3007\u3400-\u4dbf\u4e00-\u9fff"

# Readings of the trade that the dictionary of pypinyin has wrong or does not have.
_PHRASES = {
    "座席": "zuò xí",
    "坐席": "zuò xí",
    "重听": "chóng tīng",
    "重播": "chóng bō",
    "转接": "zhuǎn jiē",
    "转人工": "zhuǎn rén gōng",
    "接回": "jiē huí",
    "为您": "wèi nín",
    "为保证": "wèi bǎo zhèng",
    "为了": "wèi le",
    "为止": "wéi zhǐ",
    "单元": "dān yuán",
    "不便之处": "bù biàn zhī chù",
    "管理处": "guǎn lǐ chù",
    "服务处": "fú wù chù",
    "得到": "dé dào",
    "调试": "tiáo shì",
    "供水": "gōng shuǐ",
    "供电": "gōng diàn",
    "供暖": "gōng nuǎn",
    "业主": "yè zhǔ",
    "水表": "shuǐ biǎo",
}
load_phrases_dict({word: [[one] for one in text.split()] for word, text in _PHRASES.items()})
retrain(seg)

# The letters as Chinese speakers say them.
_LETTERS = {
    "A": "ei1", "B": "bi4", "C": "xi1", "D": "di4", "E": "yi4", "F": "ai2 fu5", "G": "ji4",
    "H": "ei1 qu5", "I": "ai4", "J": "jie4", "K": "kai4", "L": "ai2 lou5", "M": "ai2 mu5",
    "N": "en1", "O": "ou1", "P": "pi4", "Q": "qiu4", "R": "a4 er5", "S": "ai2 si5", "T": "ti4",
    "U": "you1", "V": "wei1", "W": "da2 bu5 liu5", "X": "ai2 ke5 si5", "Y": "wai4", "Z": "zei4",
}  # fmt: skip

_PIECE = re.compile(
    rf"(?P<han>[{HAN}]+)|(?P<latin>[A-Za-z0-9]+(?:['.][A-Za-z0-9]+)*)|(?P<mark>[^\sA-Za-z0-9{HAN}])"
)


@dataclass(frozen=True, slots=True)
class Word:
    """Syllables said without a break, each with its tone: ("ye4", "zhu3")."""

    syllables: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Foreign:
    """Words in Latin letters, to be said by the rules of English."""

    text: str


@dataclass(frozen=True, slots=True)
class Mark:
    """Punctuation, one character."""

    text: str


Token = Word | Foreign | Mark


def read(text: str, spell_capitals: bool = True) -> list[Token]:
    """Normalised text as tokens; in Chinese, capital letters are said by their names.

    A blank between two Chinese words is a short pause, as people leave it within a number.
    """
    tokens: list[Token] = []
    end, last = 0, ""
    for found in _PIECE.finditer(text):
        kind, piece = found.lastgroup or "", found.group()
        if kind == last == "han" and found.start() > end:
            tokens.append(Mark("，"))
        if kind == "han":
            tokens.extend(_words(piece))
        elif kind == "mark":
            tokens.append(Mark(piece))
        elif spell_capitals and piece.isupper():
            tokens.extend(spell(piece))
        elif tokens and isinstance(tokens[-1], Foreign):
            tokens[-1] = Foreign(f"{tokens[-1].text} {piece}")
        else:
            tokens.append(Foreign(piece))
        end, last = found.end(), kind
    return tokens


def spell(word: str) -> Iterator[Word]:
    """The names of the letters of `word`; other characters are left out."""
    for letter in word.upper():
        if letter in _LETTERS:
            yield Word(tuple(_LETTERS[letter].split()))


def _words(han: str) -> Iterator[Word]:
    syllables = lazy_pinyin(han, style=Style.TONE3, neutral_tone_with_five=True)
    if len(syllables) != len(han):  # a character without a reading swallowed its neighbours
        syllables = [lazy_pinyin(one, style=Style.TONE3)[0] for one in han]
    at = 0
    for word in seg.cut(han):
        said = tuple(one for one in syllables[at : at + len(word)] if one[-1:].isdigit())
        at += len(word)
        if said:
            yield Word(said)


def romanised(text: str) -> str:
    """Chinese words as an English voice can try to say them: 阳光花园 → Yangguang Huayuan."""
    return _HAN_RUN.sub(
        lambda m: " " + " ".join(_plain(word).capitalize() for word in seg.cut(m[0])) + " ", text
    )


_HAN_RUN = re.compile(rf"[{HAN}]+")


def _plain(word: str) -> str:
    return "".join(lazy_pinyin(word, style=Style.NORMAL, v_to_u=False))
