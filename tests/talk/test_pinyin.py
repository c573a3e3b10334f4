import pytest

from ivr.talk.voice.ipa import ipa
from ivr.talk.voice.pinyin import Foreign, Mark, Word, read, romanised


def said(text: str) -> str:
    out = []
    for token in read(text):
        match token:
            case Word(syllables):
                out.append(" ".join(syllables))
            case Foreign(word):
                out.append(word)
            case Mark(mark):
                out.append(mark)
    return " ".join(out)


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("您好，这里是物业。", "nin2 hao3 ， zhe4 li3 shi4 wu4 ye4 。"),
        ("座席正忙", "zuo4 xi2 zheng4 mang2"),
        ("正在为您转接", "zheng4 zai4 wei4 nin2 zhuan3 jie1"),
        ("为保证服务质量", "wei4 bao3 zheng4 fu2 wu4 zhi4 liang4"),
        ("重听请按二", "chong2 ting1 qing3 an4 er4"),
        ("不便之处", "bu4 bian4 zhi1 chu4"),
        ("三栋二单元", "san1 dong4 er4 dan1 yuan2"),
        ("幺二零幺室", "yao1 er4 ling2 yao1 shi4"),
        ("零零幺 八零零零", "ling2 ling2 yao1 ， ba1 ling2 ling2 ling2"),
        ("W O", "da2 bu5 liu5 ou1"),
        ("A 座", "ei1 zuo4"),
        ("WiFi 密码", "WiFi mi4 ma3"),
        ("please hold", "please hold"),
        ("\U00020000", "\U00020000"),
    ],
)
def test_reading(text: str, reading: str) -> None:
    assert said(text) == reading


def test_in_english_letters_are_words() -> None:
    assert read("I press A", spell_capitals=False) == [Foreign("I press A")]


def test_names_for_an_english_voice() -> None:
    assert "Yangguang" in romanised("这里是阳光花园").replace(" ", "").replace(
        "YangGuang", "Yangguang"
    )


@pytest.mark.parametrize(
    ("syllable", "sound"),
    [
        ("zhong1", "ꭧʊ→ŋ"), ("zhi1", "ꭧɨ→"), ("si4", "sɨ↘"), ("yuan2", "ɥɛ↗n"), ("yun4", "y↘n"),
        ("xu2", "ɕy↗"), ("jun1", "ʨy→n"), ("lü3", "ly↓"), ("wu3", "u↓"), ("yi1", "i→"),
        ("you3", "jou↓"), ("wei4", "wei↘"), ("er2", "ɚ↗"), ("ma5", "ma"), ("o2", "ɔ↗"),
        ("nve4", "nɥe↘"), ("hui2", "xwei↗"), ("liu4", "ljou↘"), ("weng1", "wə→ŋ"),
    ],
)  # fmt: skip
def test_ipa(syllable: str, sound: str) -> None:
    assert ipa(syllable) == sound


@pytest.mark.parametrize("wrong", ["", "zhong", "abc1", "zhong6"])
def test_what_is_no_syllable(wrong: str) -> None:
    with pytest.raises(ValueError, match="no pinyin"):
        ipa(wrong)
