"""How many outside lines are in use by calls that the dialer did not make. Pure."""

from collections.abc import Callable, Iterable

from ivr.calls.model import Call


def lines_of_others(
    calls: Iterable[Call], is_outside: Callable[[str], bool], is_ours: Callable[[str], bool]
) -> int:
    """Of the open `calls`: owners who call in, and phones reached over the trunk.

    `is_outside` is told a channel's name, `is_ours` a channel's uniqueid.
    """
    lines = 0
    for call in calls:
        ends = [(call.caller_channel, call.caller_uniqueid)]
        ends += [(leg.channel, leg.uniqueid) for leg in call.legs if leg.end_at is None]
        lines += sum(is_outside(name) and not is_ours(uniqueid) for name, uniqueid in ends)
    return lines
