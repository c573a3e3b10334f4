import pytest

from ivr.calls.numbers import digits, key, mask


@pytest.mark.parametrize(
    ("number", "bare"),
    [
        ("13800138000", "13800138000"),
        ("+8613800138000", "13800138000"),
        ("008613800138000", "13800138000"),
        ("013800138000", "13800138000"),
        ("138-0013-8000", "13800138000"),
        ("0755 1234 5678", "75512345678"),
        ("+8675512345678", "75512345678"),
        ("101", "101"),
        ("anonymous", ""),
        ("", ""),
    ],
)
def test_every_spelling_of_a_number_has_one_key(number: str, bare: str) -> None:
    assert key(number) == bare


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("13800138000", "138****8000"),
        ("+8613800138000", "+86138****8000"),
        ("075512343456", "0755…3456"),
        ("12345678", "12…78"),
        ("101", "101"),
        ("", ""),
    ],
)
def test_mask(number: str, shown: str) -> None:
    assert mask(number) == shown


def test_digits() -> None:
    assert digits("+86 138-0013*#") == "861380013*#"
