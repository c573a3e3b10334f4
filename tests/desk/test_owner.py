import pytest

from ivr.desk.owner import Owner, quiet_hours


@pytest.mark.parametrize(
    ("name", "title", "address"),
    [
        ("周建国", "先生", "周先生"),
        ("欧阳娜娜", "女士", "欧阳女士"),
        ("John Smith", "先生", "Smith先生"),
        ("周建国", "", "业主"),
        ("", "先生", "业主"),
        ("阳光科技有限公司", "", "业主"),
    ],
)
def test_an_owner_is_addressed_by_surname_and_title(name: str, title: str, address: str) -> None:
    assert Owner(id="1", name=name, title=title, phones=(), homes=()).address == address


@pytest.mark.parametrize(
    ("title", "address"),
    [("先生", "Mr Smith"), ("太太", "Mrs Smith"), ("老师", "业主"), ("", "业主")],
)
def test_an_owner_who_speaks_english_is_addressed_so(title: str, address: str) -> None:
    owner = Owner(id="1", name="John Smith", title=title, phones=(), homes=(), language="en")
    assert owner.address == address


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12:00-14:00", "12:00-14:00"),
        ("9:00～11:30", "09:00-11:30"),
        ("12：00至14：00、21:00-8:00", "12:00-14:00,21:00-08:00"),
        ("21:00-24:00,21:00-24:00", "21:00-24:00"),
    ],
)
def test_quiet_hours_are_tidied(text: str, expected: str) -> None:
    assert quiet_hours(text) == expected


@pytest.mark.parametrize("text", ["noon", "12:00", "25:00-26:00", "21:00-24:30", ""])
def test_what_are_no_hours_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no span of hours"):
        quiet_hours(text)
