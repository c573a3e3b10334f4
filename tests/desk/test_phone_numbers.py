from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.desk.phone_numbers import dialled, parse, split


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("13800138000", "13800138000"),
        ("１３８００１３８０００", "13800138000"),
        ("138 0013 8000", "13800138000"),
        ("138-0013-8000", "13800138000"),
        ("+86 138 0013 8000", "13800138000"),
        ("008613800138000", "13800138000"),
        ("8613800138000", "13800138000"),
        ("013800138000", "13800138000"),
        ("13800138000（太太）", "13800138000"),
        ("88881234", "075588881234"),
        ("8888-1234", "075588881234"),
        ("0755-88881234", "075588881234"),
        ("（0755）8888 1234", "075588881234"),
        ("+86 755 8888 1234", "075588881234"),
        ("75588881234", "075588881234"),  # a spreadsheet took its zero
        ("02088881234", "02088881234"),
        ("88881234转801", "075588881234转801"),
        ("0755-88881234-801", "075588881234转801"),
        ("0755 8888 1234 ext. 801", "075588881234转801"),
        ("88881234分机801", "075588881234转801"),
        ("4008001234", "4008001234"),
        ("+852 9123 4567", "0085291234567"),
    ],
)
def test_a_number_however_it_is_written(text: str, number: str) -> None:
    assert parse(text, "0755") == number
    assert parse(number, "0755") == number


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("138001380", "'138001380' is no telephone number that exists"),
        ("138001380001", "that exists"),
        ("14100138000", "that exists"),
        ("95588", "that exists"),
        ("same as above", "is no telephone number"),
        ("1.38E+10", "shortened by a spreadsheet"),
        ("5" * 5_000, "'5{30}…' is no telephone number"),
        ("13800138000\r\nAction: Originate", "is no telephone number"),
    ],
)
def test_what_is_no_number_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        parse(text, "0755")


@pytest.mark.parametrize(
    ("cell", "numbers"),
    [
        ("13800138000", ["13800138000"]),
        ("13800138000/0755-88881234", ["13800138000", "0755-88881234"]),
        ("13800138000、13900139000；", ["13800138000", "13900139000"]),
        ("13800138000 13900139000", ["13800138000", "13900139000"]),
        ("138 0013 8000", ["138 0013 8000"]),
        ("0755 88881234", ["0755 88881234"]),
    ],
)
def test_a_cell_may_hold_several(cell: str, numbers: list[str]) -> None:
    assert split(cell) == numbers


def test_a_machine_does_not_ring_a_switchboard() -> None:
    assert dialled("13800138000") == "13800138000"
    assert dialled("075588881234转801") is None


@given(st.text(max_size=60))
def test_any_text_is_digits_or_a_sentence(text: str) -> None:
    for part in split(text):
        with suppress(ValueError):
            assert parse(part, "0755").replace("转", "").isdecimal()
