"""Click-to-call: which number is dialled, and which never."""

from typing import Any, cast

import pytest

from ivr.errors import UserError
from ivr.outbound.click import call_from
from ivr.pbx.session import ActionFailed
from ivr.pbx.switch import Switch
from ivr.settings import Phone, Settings

SETTINGS = Settings(phones=[Phone(ext="101", device="PJSIP/101")])


class Rung:
    """The switch, with what it was asked for."""

    def __init__(self, refuses: bool = False) -> None:
        self.asked: list[tuple[str, str, str]] = []
        self._refuses = refuses

    async def ring_and_dial(self, device: str, ext: str, number: str) -> None:
        if self._refuses:
            raise ActionFailed("Originate", cast(Any, {"Message": "no such device"}))
        self.asked.append((device, ext, number))


async def click(ext: str, number: str, rung: Rung) -> str:
    return await call_from(SETTINGS, cast(Switch, rung), ext, number)


@pytest.mark.parametrize(
    ("written", "dialled"),
    [
        ("13800138000", "13800138000"),
        ("+86 138-0013-8000", "13800138000"),
        ("013800138000", "13800138000"),
        ("0755-88881234", "075588881234"),
        ("88881234", "075588881234"),
        ("075588881234转801", "075588881234"),
        ("110", "110"),
        ("120", "120"),
    ],
)
async def test_a_number_as_it_is_dialled(written: str, dialled: str) -> None:
    rung = Rung()
    assert await click("101", written, rung) == dialled
    assert rung.asked == [("PJSIP/101", "101", dialled)]


@pytest.mark.parametrize(
    ("ext", "number", "sentence"),
    [
        ("101", "0085212345678", "not among the numbers"),
        ("101", "", "not among the numbers"),
        ("101", "*8102", "not among the numbers"),
        ("101", "101", "not among the numbers"),
        ("101", "13800138000,1,System(rm)", "not among the numbers"),
        ("999", "13800138000", "no phone 999"),
        ("", "13800138000", "no extension"),
    ],
)
async def test_what_is_never_dialled(ext: str, number: str, sentence: str) -> None:
    rung = Rung()
    with pytest.raises(UserError, match=sentence):
        await click(ext, number, rung)
    assert rung.asked == []


async def test_asterisk_refuses() -> None:
    with pytest.raises(UserError, match="refused to ring phone 101"):
        await click("101", "13800138000", Rung(refuses=True))
