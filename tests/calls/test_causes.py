import pytest

from ivr.calls.causes import CAUSES, cause_words


@pytest.mark.parametrize(
    ("cause", "zh", "en"),
    [
        (16, "正常挂机", "normal clearing"),
        (17, "用户忙", "user busy"),
        (26, "已由其他分机接起", "answered elsewhere"),
        (200, "原因 200", "cause 200"),
        (None, "", ""),
    ],
)
def test_a_cause_in_words(cause: int | None, zh: str, en: str) -> None:
    assert (cause_words(cause), cause_words(cause, "en")) == (zh, en)


def test_every_cause_has_both_languages() -> None:
    assert all(words.zh and words.en for words in CAUSES.values())
