"""What a held caller hears: please-wait from its beginning, then music, each time.

Asterisk goes on in a music class where a channel left it. Two classes hold the
same files; whoever is taken back gets the other one for the next time.
"""

from ivr.calls.facts import CallEnded, CallHeld, Fact
from ivr.pbx.switch import Switch
from ivr.pbx.tasks import Tasks

CLASSES = ("ivr-hold-a", "ivr-hold-b")


class Holding:
    """A subscriber of the tracker's facts."""

    def __init__(self, switch: Switch) -> None:
        self._switch = switch
        self._tasks = Tasks()
        self._turns: dict[str, int] = {}

    def on_fact(self, fact: Fact) -> None:
        match fact:
            case CallHeld(call=call, held=False):
                turn = self._turns[call.call_id] = self._turns.get(call.call_id, 0) + 1
                self._tasks.run(
                    "choose the hold music",
                    self._switch.set_hold_music(call.caller_channel, CLASSES[turn % 2]),
                )
            case CallEnded(call=call):
                self._turns.pop(call.call_id, None)
            case _:
                pass

    async def close(self) -> None:
        await self._tasks.close()
