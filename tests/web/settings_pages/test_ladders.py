"""The week as the page draws it."""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from ivr.desk.ladder import Segment
from ivr.settings import Ladder
from ivr.web.access import Role
from ivr.web.settings_pages.ladders import split
from tests.web.conftest import Client, SignIn

DAY, NIGHT = Ladder(primary=["101"]), Ladder(primary=["201"])


def at(zone: ZoneInfo, day: int, hour: int = 0, month: int = 3) -> float:
    return datetime.combine(date(2026, month, day), time(hour), zone).timestamp()


def test_a_night_is_cut_at_midnight() -> None:
    zone = ZoneInfo("Asia/Shanghai")
    segments = [
        Segment(at(zone, 2, 18), DAY),
        Segment(at(zone, 3, 8), NIGHT),
        Segment(at(zone, 4), DAY),
    ]
    days = split(segments, date(2026, 3, 2), zone)
    assert [
        (
            each.date.day,
            round(piece.left * 24),
            round(piece.width * 24),
            piece.ladder.primary[0],
            piece.shade,
        )
        for each in days
        for piece in each.pieces
    ] == [
        (2, 0, 18, "101", 0),
        (2, 18, 6, "201", 1),
        (3, 0, 8, "201", 1),
        (3, 8, 16, "101", 0),
    ]


@pytest.mark.parametrize(("day", "month"), [(29, 3), (25, 10)])
def test_a_day_of_another_length_is_whole(day: int, month: int) -> None:
    zone = ZoneInfo("Europe/Berlin")
    days = split([Segment(at(zone, day + 2, 0, month), DAY)], date(2026, month, day), zone)
    assert [each.date.day for each in days] == [day, day + 1]
    assert all(each.pieces[0].width == 1 for each in days)


async def test_the_pages(client: Client, sign_in: SignIn) -> None:
    await sign_in(client, Role.SUPERVISOR)
    text = await (await client.get("/settings/ladders")).text()
    assert text.count('<svg class="bar"') == 7
    assert "138****8000" in text
    assert "13800138000" not in text
    hours = await (await client.get("/settings/hours")).text()
    assert "3 响（3 秒）" in hours
    for path in ("/settings/speech", "/settings/prompts"):
        assert (await client.get(path)).status == 200
