"""English words in the phonetic alphabet of the Kokoro model, by way of espeak-ng."""

import re

from ivr.talk.voice.program import Program

# How the model writes what espeak-ng 1.51 writes otherwise; "^" ties two signs into one sound.
_SOUNDS = (
    ("ʔˌn̩", "tn"), ("ʔn̩", "tn"), ("a^ɪ", "I"), ("a^ʊ", "W"), ("e^ɪ", "A"), ("ɔ^ɪ", "Y"),
    ("o^ʊ", "O"), ("ə^ʊ", "O"), ("ə^l", "ᵊl"), ("d^ʒ", "ʤ"), ("t^ʃ", "ʧ"), ("^", ""),
    ("ɚ", "əɹ"), ("ɜːɹ", "ɜɹ"), ("ɜː", "ɜɹ"), ("ː", ""), ("ɐ", "ə"), ("ʲ", ""), ("r", "ɹ"),
    ("ɬ", "l"), ("x", "k"), ("ç", "k"), ("o", "ɔ"), ("ɾ", "T"), ("ʔ", "t"),
)  # fmt: skip
_SYLLABIC = re.compile("(\\S)\u0329")


def phonemes(program: Program, words: str) -> str:
    """ "hold on" → "hˈOld ˈɔn". `words` has no punctuation in it."""
    said = program.run("-q", "--ipa", "--tie=^", "-v", "en-us", text=words)
    said = " ".join(said.split())
    for ours, theirs in _SOUNDS:
        said = said.replace(ours, theirs)
    return _SYLLABIC.sub(r"ᵊ\1", said)
