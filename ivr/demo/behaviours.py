"""What people do when their telephone rings. Compose them, or write your own coroutine.

A behaviour takes the incoming call; when the caller gives up it is simply over
(CallEnded is caught by whoever started it).
"""

from ivr.demo.agent import Behaviour
from ivr.demo.call import Call
from ivr.demo.sound import Samples, tone


def answer(after_s: float = 0.0, then: Behaviour | None = None) -> Behaviour:
    """Ring, pick up after `after_s`, do `then`; stay until the other side hangs up."""

    async def behave(call: Call) -> None:
        call.ring()
        await call.pause(after_s)
        call.answer()
        if then:
            await then(call)
        await call.ended.wait()

    return behave


def say(*sounds: Samples, pause_s: float = 0.3) -> Behaviour:
    """Speak, one sound after the other. For `answer(then=…)`."""

    async def behave(call: Call) -> None:
        for sound in sounds:
            await call.pause(pause_s)
            await call.say(sound)

    return behave


def talk(seconds: float) -> Behaviour:
    """Listen for so long, then hang up. For `answer(then=…)`."""

    async def behave(call: Call) -> None:
        await call.pause(seconds)
        await call.hangup()

    return behave


def machine(greeting: Samples, *, after_s: float = 2.0, listen_s: float = 60.0) -> Behaviour:
    """An answering machine: greeting, a beep of 1 kHz, then silence while it records."""

    async def record(call: Call) -> None:
        await say(greeting, tone(1000, 0.4))(call)
        await call.pause(listen_s)
        await call.hangup()

    return answer(after_s, record)


async def never_answer(call: Call) -> None:
    """Let it ring."""
    call.ring()
    await call.ended.wait()


def reject(status: int = 603, after_s: float = 0.0, cause: int | None = None) -> Behaviour:
    """Refuse, after ringing for `after_s` when that is not 0; `cause` is Q.850."""

    async def behave(call: Call) -> None:
        if after_s:
            call.ring()
            await call.pause(after_s)
        call.reject(status, cause)

    return behave


busy = reject(486)
unallocated = reject(404)
unreachable = reject(480)


def announcement(sound: Samples, status: int = 404) -> Behaviour:
    """The network speaks before any answer (183: 您拨打的电话已停机 …), then refuses."""

    async def behave(call: Call) -> None:
        call.progress()
        await call.say(sound)
        call.reject(status)

    return behave
