"""The words of a notice, whole and in every phase."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from ivr.errors import UserError
from ivr.outbound.notice import (
    Listener,
    Notice,
    NoticeKind,
    Phase,
    Place,
    body,
    check,
    common_causes,
    parts,
)

ZONE = timezone(timedelta(hours=8))


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=ZONE)


WATER = Notice(
    id="n1",
    kind=NoticeKind.WATER,
    scope="3栋",
    cause="供水管道抢修",
    begin=at(22, 14),
    end=at(22, 18),
)
ZHOU = Listener("周先生", "3", "2", "1201")


def test_the_whole_message_as_it_is_heard_in_the_morning() -> None:
    said = "".join(parts(WATER, ZHOU, Place.BUILDING, "阳光花园物业", at(22, 8, 30)))
    assert said == (
        "尊敬的周先生，早上好！这里是阳光花园物业。"
        "因供水管道抢修，3号楼将于今天下午两点至六点停水，预计六点恢复供水。不便之处，请您见谅。"
        "收听完毕请按1确认，重听请按2，转人工请按0。"
    )


def test_an_unknown_owner_is_an_owner_all_the_same() -> None:
    said = parts(WATER, Listener("", "3"), Place.BUILDING, "阳光花园物业", at(21, 19))
    assert said[:2] == ("尊敬的业主，", "晚上好！这里是阳光花园物业。")
    assert "明天下午两点至六点" in said[2]


@pytest.mark.parametrize(
    ("notice", "heard_at", "said"),
    [
        (
            WATER,
            at(22, 15),
            "因供水管道抢修，3号楼现已停水，预计今天下午六点恢复供水。不便之处，请您见谅。",
        ),
        (
            replace(WATER, kind=NoticeKind.POWER, cause="电力公司检修。", end=at(23, 1)),
            at(22, 8),
            "因电力公司检修，3号楼将于今天下午两点至明天凌晨一点停电，预计明天凌晨一点恢复供电。"
            "不便之处，请您见谅。",
        ),
        (
            WATER.changed(at(22, 14), at(22, 20)),
            at(22, 17),
            "3号楼停水的时间有变化，将持续到今天晚上八点，预计今天晚上八点恢复供水。"
            "给您添麻烦了，不便之处，请您见谅。",
        ),
        (
            replace(WATER, phase=Phase.CANCELLED),
            at(22, 9),
            "原定于今天下午两点至六点的停水已经取消，3号楼一切照常。打扰您了，感谢您的配合。",
        ),
        (
            replace(WATER, phase=Phase.RESTORED),
            at(22, 18),
            "3号楼已经恢复供水。感谢您的理解和配合。",
        ),
        (
            replace(WATER, kind=NoticeKind.OTHER, text="清洗外墙", cause="年度保养"),
            at(22, 9),
            "因年度保养，3号楼将于今天下午两点至六点清洗外墙，预计六点恢复正常。不便之处，请您见谅。",
        ),
    ],
)
def test_every_phase(notice: Notice, heard_at: datetime, said: str) -> None:
    assert body(notice, ZHOU, Place.BUILDING, heard_at) == said


@pytest.mark.parametrize(
    ("listener", "place", "said"),
    [
        (ZHOU, Place.ALL, "小区各楼"),
        (ZHOU, Place.UNIT, "3号楼2单元"),
        (ZHOU, Place.HOME, "3号楼2单元1201室"),
        (Listener("", "5", "", "301"), Place.HOME, "5号楼301室"),
        (Listener("", "5", "", "301"), Place.UNIT, "5号楼"),
    ],
)
def test_the_place_is_named_no_finer_than_the_scope(
    listener: Listener, place: Place, said: str
) -> None:
    assert said in body(WATER, listener, place, at(22, 8))


@pytest.mark.parametrize(
    ("notice", "sentence"),
    [
        (replace(WATER, end=at(22, 13)), "would end (11-22 13:00) before it begins"),
        (replace(WATER, begin=at(20, 1), end=at(20, 3)), "was over at 11-20 03:00"),
        (replace(WATER, cause="  "), "The cause is missing"),
        (replace(WATER, kind=NoticeKind.OTHER), "needs its text"),
        (replace(WATER, cause="长" * 5000), "have 5000 characters"),
    ],
)
def test_what_cannot_be_meant(notice: Notice, sentence: str) -> None:
    with pytest.raises(UserError) as error:
        check(notice, at(22, 8))
    assert sentence in str(error.value)


def test_restored_may_be_told_afterwards() -> None:
    check(replace(WATER, phase=Phase.RESTORED), at(22, 19))


SMITH = Listener("Mr Smith", "3", "2", "1201", "en")


@pytest.mark.parametrize(
    ("notice", "heard_at", "said"),
    [
        (
            WATER,
            at(22, 8),
            "Because of an urgent repair of the water pipes, building 3 will be without water "
            "from 2 PM to 6 PM today. We expect it to be supplied with water again at 6 PM. ",
        ),
        (
            replace(WATER, begin=at(24, 12), end=at(25, 0), cause="一只松鼠"),
            at(22, 8),
            "Because of necessary works, building 3 will be without water from noon on November 24"
            " to midnight on November 25. We expect it to be supplied with water again at midnight"
            " on November 25. ",
        ),
        (
            replace(WATER, kind=NoticeKind.LIFT, cause="a safety test"),
            at(22, 15),
            "Because of a safety test, building 3 is now without lifts. "
            "We expect it to be served by its lifts again at 6 PM today. ",
        ),
        (
            WATER.changed(at(22, 14), at(23, 8, 30)),
            at(22, 17),
            "The times have changed: building 3 will be without water until later. "
            "We now expect it to be supplied with water again at 8:30 AM tomorrow. ",
        ),
        (
            replace(WATER, phase=Phase.CANCELLED),
            at(22, 9),
            "Good news: building 3 will not be without water from 2 PM to 6 PM today. "
            "That has been cancelled, and everything stays as usual. ",
        ),
        (
            replace(WATER, phase=Phase.RESTORED),
            at(22, 18),
            "We are glad to tell you that building 3 is supplied with water again. ",
        ),
    ],
)
def test_every_phase_in_english(notice: Notice, heard_at: datetime, said: str) -> None:
    heard = body(notice, SMITH, Place.BUILDING, heard_at)
    assert heard.startswith(said)
    assert heard.isascii()


def test_an_english_message_is_whole() -> None:
    said = parts(WATER, SMITH, Place.HOME, "Sunshine Property", at(22, 18, 30))
    assert said[:2] == ("Dear Mr Smith, ", "good evening! This is Sunshine Property. ")
    assert "building 3, unit 2, room 1201 is now without water" in said[2]
    assert said[3].startswith("To confirm, press 1.")
    person = parts(WATER, SMITH, Place.HOME, "Sunshine Property", at(22, 18), person=True)
    assert person[3].startswith("If you need any help, please stay on the line")


def test_common_causes_are_known_in_every_language() -> None:
    assert "供水管道抢修" in common_causes()
    assert "default" not in common_causes()
