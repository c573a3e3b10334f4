"""Transfers asked for from outside: what is done, and what is refused in a sentence."""

import pytest
from switching import Asked

from ivr.calls.model import Call, Leg, TransferKind
from ivr.calls.transfer import transfer
from ivr.errors import UserError
from ivr.pbx.session import ActionFailed
from ivr.settings import Phone, Settings

SETTINGS = Settings(phones=[Phone(ext=ext, device=f"PJSIP/{ext}") for ext in ("101", "102")])
BLIND, ATTENDED = TransferKind.BLIND, TransferKind.ATTENDED


def call(*, system: bool = False, talking: bool = False, over: bool = False) -> Call:
    made = Call("1.1", "138", "", "8000", "PJSIP/city-0", "u1")
    made.system_answer_at = 1.0 if system else None
    made.end_at = 9.0 if over else None
    made.legs = [Leg("PJSIP/101-1", "u2", "101", answer_at=2.0 if talking else None)]
    return made


@pytest.mark.parametrize(
    ("made", "kind", "done"),
    [
        (call(talking=True), BLIND, ("transfer_blind", "PJSIP/101-1", "102")),
        (call(talking=True), ATTENDED, ("transfer_attended", "PJSIP/101-1", "102")),
        (call(system=True, talking=True), BLIND, ("transfer_blind", "PJSIP/101-1", "102")),
        (call(system=True), BLIND, ("move", "PJSIP/city-0", "102")),
    ],
)
async def test_what_is_done(made: Call, kind: TransferKind, done: tuple[str, ...]) -> None:
    asked = Asked()
    await transfer(SETTINGS, asked.switch, made, "102", kind)
    assert asked.log == [done]


@pytest.mark.parametrize(
    ("made", "to", "kind", "sentence"),
    [
        (call(talking=True), "999", BLIND, "no phone 999"),
        (call(talking=True), "101", BLIND, "has this call already"),
        (call(talking=True, over=True), "102", BLIND, "is over"),
        (call(), "102", BLIND, "Nobody has answered this call yet"),
        (call(system=True), "102", ATTENDED, "nobody could consult"),
    ],
)
async def test_what_is_refused(made: Call, to: str, kind: TransferKind, sentence: str) -> None:
    asked = Asked()
    with pytest.raises(UserError, match=sentence):
        await transfer(SETTINGS, asked.switch, made, to, kind)
    assert asked.log == []


async def test_what_asterisk_refuses() -> None:
    asked = Asked()
    asked.fails["transfer_blind"] = ActionFailed("BlindTransfer", "No such channel")
    with pytest.raises(UserError, match="Asterisk refused the transfer to 102"):
        await transfer(SETTINGS, asked.switch, call(talking=True), "102", BLIND)
