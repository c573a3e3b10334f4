"""Pinyin in the phonetic alphabet that the Kokoro model was trained on.

Initials, finals and tones after Lin, The Sounds of Chinese (2007). The model's
own signs: ʦ ʨ ꭧ for the affricates, → ↗ ↓ ↘ for tones one to four.
"""

import re

_INITIALS = {
    "b": "p", "p": "pʰ", "m": "m", "f": "f", "d": "t", "t": "tʰ", "n": "n", "l": "l",
    "g": "k", "k": "kʰ", "h": "x", "j": "ʨ", "q": "ʨʰ", "x": "ɕ",
    "zh": "ꭧ", "ch": "ꭧʰ", "sh": "ʂ", "r": "ɻ", "z": "ʦ", "c": "ʦʰ", "s": "s", "": "",
}  # fmt: skip

# The tone stands where the 0 is: after the vowel that bears it.
_FINALS = {
    "a": "a0", "ai": "ai0", "an": "a0n", "ang": "a0ŋ", "ao": "au0",
    "e": "ɤ0", "ei": "ei0", "en": "ə0n", "eng": "ə0ŋ", "er": "ɚ0",
    "i": "i0", "ia": "ja0", "ian": "jɛ0n", "iang": "ja0ŋ", "iao": "jau0", "ie": "je0",
    "in": "i0n", "ing": "i0ŋ", "io": "jɔ0", "iong": "jʊ0ŋ", "iou": "jou0", "iu": "jou0",
    "o": "wo0", "ong": "ʊ0ŋ", "ou": "ou0",
    "u": "u0", "ua": "wa0", "uai": "wai0", "uan": "wa0n", "uang": "wa0ŋ", "uei": "wei0",
    "ui": "wei0", "uen": "wə0n", "un": "wə0n", "ueng": "wə0ŋ", "uo": "wo0",
    "v": "y0", "ve": "ɥe0", "van": "ɥɛ0n", "vn": "y0n",
}  # fmt: skip

_TONES = {"1": "→", "2": "↗", "3": "↓", "4": "↘", "5": ""}
_WITHOUT_INITIAL = {
    "o": "ɔ0", "m": "m0", "n": "n0", "ng": "ŋ0", "ê": "ɛ0", "hm": "hm0", "hng": "hŋ0",
}  # fmt: skip
_SYLLABLE = re.compile(r"(zh|ch|sh|[bpmfdtnlgkhjqxrzcs]?)([a-zü]+)([1-5])")


def ipa(syllable: str) -> str:
    """ "zhong1" → "ꭧʊ→ŋ". Raises ValueError for what is no pinyin syllable with its tone."""
    plain = syllable.replace("ü", "v")
    if plain[:-1] in _WITHOUT_INITIAL:
        return _WITHOUT_INITIAL[plain[:-1]].replace("0", _TONES[plain[-1]])
    found = _SYLLABLE.fullmatch(_strict(plain))
    if found is None or found[2] not in _FINALS:
        raise ValueError(f"{syllable!r} is no pinyin syllable")
    initial, final, tone = found.groups()
    sound = _FINALS[final]
    if final == "i" and initial in ("zh", "ch", "sh", "r", "z", "c", "s"):
        sound = "ɨ0"
    return _INITIALS[initial] + sound.replace("0", _TONES[tone])


def _strict(syllable: str) -> str:
    """Undo the spelling: y and w stand for no sound of their own, u after jqx is ü."""
    for spelt, meant in (("yu", "v"), ("yi", "i"), ("y", "i"), ("wu", "u"), ("w", "u")):
        if syllable.startswith(spelt):
            return meant + syllable[len(spelt) :]
    if syllable[:1] in "jqx" and syllable[1:2] == "u":
        return syllable[0] + "v" + syllable[2:]
    return syllable
