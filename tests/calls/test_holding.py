"""Each hold begins with please-wait: the classes take turns."""

from switching import Asked

from ivr.calls.facts import CallEnded, CallHeld
from ivr.calls.holding import Holding
from ivr.calls.model import Call

CALL = Call("1.1", "138", "", "8000", "PJSIP/city-0", "u1")


async def test_whoever_is_taken_back_gets_the_other_class() -> None:
    asked = Asked()
    holding = Holding(asked.switch)
    for _ in range(3):
        holding.on_fact(CallHeld(1.0, CALL, True))
        holding.on_fact(CallHeld(2.0, CALL, False))
    holding.on_fact(CallEnded(3.0, CALL))
    await holding.close()
    assert [row[1:] for row in asked.log] == [
        ("PJSIP/city-0", "ivr-hold-b"),
        ("PJSIP/city-0", "ivr-hold-a"),
        ("PJSIP/city-0", "ivr-hold-b"),
    ]
