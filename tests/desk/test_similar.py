"""同类问题: what is the same trouble, and what is not."""

import pytest

from ivr.desk.request import Request, RequestKind, RequestState, Severity
from ivr.desk.similar import WINDOW_S, groups

NOW = 1_795_312_800.0


def request(title: str, home: str, *, kind: str = "repair", age_s: float = 0.0) -> Request:
    return Request(
        id=f"{title}{home}{age_s}", number="20261122-001", kind=RequestKind(kind),
        severity=Severity.NORMAL, state=RequestState.OPEN, title=title, detail="", home=home,
        owner="", contact="", phone="", department="", assignee="", keeper="", call="",
        created_at=NOW - age_s, promised_at=None, assigned_at=None, on_site_at=None,
        resolved_at=None, closed_at=None,
    )  # fmt: skip


def found(*requests: Request) -> list[tuple[str, str, int]]:
    return [(group.title, group.building, group.homes) for group in groups(requests, NOW)]


def test_one_trouble_in_three_words_of_three_homes() -> None:
    assert found(
        request("热水没有了", "3-1-501", age_s=1),
        request("没有热水", "3-1-601", age_s=2),
        request("家里热水停了", "3-2-101", age_s=3),
        request("电梯异响", "3-1-501"),
    ) == [("热水没有了", "3", 3)]


@pytest.mark.parametrize(
    "others",
    [
        ["3-1-501", "3-1-501"],  # one home that insists
        ["3-1-601"],
    ],
)
def test_fewer_than_three_homes_are_no_group(others: list[str]) -> None:
    requests = [request("电梯停运", home, age_s=n) for n, home in enumerate(["3-1-501", *others])]
    assert found(*requests) == []


def test_kinds_and_old_ones_are_kept_apart() -> None:
    assert (
        found(
            request("电梯停运", "3-1-501"),
            request("电梯停运", "3-1-601", kind="complaint"),
            request("电梯停运", "3-1-701", age_s=WINDOW_S + 1),
        )
        == []
    )


def test_a_request_brings_two_groups_together_and_the_largest_comes_first() -> None:
    noise = [request("楼上装修噪音", f"5-{n}", age_s=n) for n in range(3)]
    water = [
        request("水管漏水", "1-1-101", age_s=4),
        request("厨房渗漏", "2-1-101", age_s=5),
        request("厨房水管漏水渗漏", "4-1-101", age_s=6),
        request("漏水", "6-1-101", age_s=7),
    ]
    assert found(*noise, *water) == [("水管漏水", "", 4), ("楼上装修噪音", "5", 3)]


def test_titles_without_words_say_nothing() -> None:
    assert found(*(request("…", f"1-{n}") for n in range(3))) == []
