import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.desk import home, scope
from ivr.errors import UserError

HOMES = "1-1-101 2-1-101 3-1-101 3-1-1201 3-2-101 3-2-1201 3-2-1202 5-301 5-302 12-1-101 A-101 C-1"


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        ("3栋", "3-1-101 3-1-1201 3-2-101 3-2-1201 3-2-1202"),
        ("三号楼", "3-1-101 3-1-1201 3-2-101 3-2-1201 3-2-1202"),
        ("3-2", "3-2-101 3-2-1201 3-2-1202"),
        ("5-301", "5-301"),
        ("3-2-1201", "3-2-1201"),
        ("3栋2单元1201室", "3-2-1201"),
        ("3栋1201室", "3-1-1201 3-2-1201"),
        ("1-5栋", "1-1-101 2-1-101 3-1-101 3-1-1201 3-2-101 3-2-1201 3-2-1202 5-301 5-302"),
        ("一至二号楼", "1-1-101 2-1-101"),
        ("A-C座", "A-101 C-1"),
        ("3栋2单元,5栋", "3-2-101 3-2-1201 3-2-1202 5-301 5-302"),
        ("3栋 2单元 5栋", "3-2-101 3-2-1201 3-2-1202 5-301 5-302"),
        ("3栋1、2单元", "3-1-101 3-1-1201 3-2-101 3-2-1201 3-2-1202"),
        ("3栋2单元，1单元", "3-1-101 3-1-1201 3-2-101 3-2-1201 3-2-1202"),
        ("3栋2单元1201、1202室；12栋", "3-2-1201 3-2-1202 12-1-101"),
        ("3栋2单元1201-1208室", "3-2-1201 3-2-1202"),
        ("1、2和12栋", "1-1-101 2-1-101 12-1-101"),
        ("全部", HOMES),
    ],
)
def test_a_scope_says_which_homes(text: str, inside: str) -> None:
    wanted = scope.parse(text)
    assert " ".join(each for each in HOMES.split() if home.parse(each) in wanted) == inside
    assert scope.parse(str(wanted)) == wanted


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "is empty"),
        ("，、", "is empty"),
        ("3楼", "'3楼' is not understood"),
        ("<script>", "not understood"),
        ("2单元", "names no building; write it like 3栋2单元"),
        ("3栋,2单元", "names no building"),
        ("5-1栋", "does not go from a smaller to a larger"),
        ("3栋1201,1202,5栋", "'1202' may be a building or a room"),
        ("3-2-1201-1", "not understood"),
        ("3栋," * 1_000, "longer than 2000"),
    ],
)
def test_what_cannot_be_understood_is_named(text: str, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        scope.parse(text)


@given(st.text(alphabet="0123ABab栋座幢号楼单元室房-~至、, ，全部和", max_size=30))
def test_any_text_is_a_scope_that_reads_back_or_a_sentence(text: str) -> None:
    try:
        wanted = scope.parse(text)
    except UserError:
        return
    assert scope.parse(str(wanted)) == wanted
