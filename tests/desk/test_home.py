import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.desk.home import Home, home, natural, parse


@pytest.mark.parametrize(
    ("building", "unit", "room", "expected"),
    [
        ("3", "2", "1201", "3-2-1201"),
        ("三号楼", "2单元", "１２０１室", "3-2-1201"),
        ("十二栋", "二单元", "0101", "12-2-0101"),
        ("03", "02", "301", "3-2-301"),
        ("a座", "", "1201", "A-1201"),
        ("第3栋", "", "2-1201", "3-2-1201"),
        ("3栋", "2", "3-2-1201", "3-2-1201"),
        ("3栋", "", "3-1201", "3-1201"),
        ("", "", "3-2-1201", "3-2-1201"),
        ("", "", "3栋2单元1201室", "3-2-1201"),
        ("", "", "5栋301", "5-301"),
        ("12号楼", "", "商铺3", "12-商铺3"),
    ],
)
def test_a_home_however_it_is_written(building: str, unit: str, room: str, expected: str) -> None:
    assert str(home(building, unit, room)) == expected


@pytest.mark.parametrize(
    ("building", "unit", "room", "sentence"),
    [
        ("", "", "1201", "楼栋 is empty"),
        ("3", "2", "", "房号 is empty"),
        ("3", "2", "4-2-1201", "房号 '4-2-1201' is not in 3-2"),
        ("3", "2", "5-1201", "房号 '3-5-1201' is not in 3-2"),
        ("3", "", "1-2-3-4", "write it like 3-2-1201"),
        ("3", "", "=HYPERLINK()", "房号 .* is none"),
        ("3", "", "9" * 40, "房号 '9999999999999999…' is none"),
    ],
)
def test_what_is_no_home_is_refused(building: str, unit: str, room: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        home(building, unit, room)


PARTS = st.one_of(
    st.integers(1, 99_999).map(str), st.from_regex(r"[A-Z]{1,2}[1-9]", fullmatch=True)
)


@given(PARTS, st.one_of(st.just(""), PARTS), PARTS)
def test_a_home_s_text_reads_back(building: str, unit: str, room: str) -> None:
    assert parse(str(Home(building, unit, room))) == Home(building, unit, room)


def test_homes_are_sorted_as_people_count() -> None:
    texts = ["10-1-101", "2-10-101", "2-2-101", "2-2-1001", "2-301", "A-101"]
    homes = sorted(map(parse, texts), key=natural)
    assert [str(each) for each in homes] == [
        "A-101", "2-301", "2-2-101", "2-2-1001", "2-10-101", "10-1-101",
    ]  # fmt: skip
