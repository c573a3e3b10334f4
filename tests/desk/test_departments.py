import pytest

from ivr.desk.departments import checked, department, departments
from ivr.errors import UserError
from ivr.settings import Department, Phone, Settings

PHONES = [
    Phone(ext="101", device="PJSIP/101", department="客服"),
    Phone(ext="102", device="PJSIP/102", department="客服"),
    Phone(ext="201", device="PJSIP/201", department="工程"),
    Phone(ext="m1", device="PJSIP/m1", department="保安", outside=True),
    Phone(ext="900", device="PJSIP/900"),
]


def test_written_down_first_then_those_of_the_phones() -> None:
    written = [Department(name="保洁", head="孙姐"), Department(name="工程", mobile="13900000002")]
    settings = Settings(phones=PHONES, departments=written)
    assert [(each.name, each.phone) for each in departments(settings)] == [
        ("保洁", None),
        ("工程", "201"),
        ("客服", "101"),
    ]
    known = department(settings, "工程")
    assert known is not None
    assert known.mobile == "13900000002"
    assert department(settings, "绿化") is None


def test_only_departments_that_are_there() -> None:
    settings = Settings(phones=PHONES)
    assert checked(settings, "工程") == "工程"
    assert checked(settings, "") == ""
    with pytest.raises(UserError, match="部门 '绿化' is none of 客服 工程"):
        checked(settings, "绿化")
    assert checked(Settings(), "绿化") == "绿化"  # an office that writes none down
