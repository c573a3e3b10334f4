"""Text as it is said: numbers, dates, hours, homes, money, letters.

Pure: the same text always gives the same words, and words that are already as
they are said do not change.
"""

from ivr.talk.normalise import chinese, english


def normalise(text: str, language: str = "zh-CN") -> str:
    """`text` as a clerk would read it aloud; "" when nothing in it can be said."""
    return chinese.normalise(text) if language.startswith("zh") else english.normalise(text)
