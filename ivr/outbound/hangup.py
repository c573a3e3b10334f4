"""What a call that nobody answered came to, told by how it ended.

Causes are ITU-T Q.850, as chan_pjsip makes them of SIP (measured on Asterisk
22.10): 404, 604 → 1; 486, 600 → 17; 408 → 18; 480 → 19; 403, 603 → 21; 410 → 22;
502 → 27; 484 → 28; 503 → 34; 500 → 38; 488 → 58; 504 → 102; 487 and the rest → 127.
Originate's own timeout is 19 too.
"""

from ivr.outbound.model import Outcome

_OF_CAUSE = {
    1: Outcome.UNALLOCATED,
    22: Outcome.UNALLOCATED,  # number changed
    28: Outcome.UNALLOCATED,  # invalid or incomplete
    17: Outcome.BUSY,
    21: Outcome.REJECTED,
    20: Outcome.UNREACHABLE,  # subscriber absent
    27: Outcome.UNREACHABLE,  # destination out of order
    50: Outcome.SUSPENDED,  # facility not subscribed
    54: Outcome.SUSPENDED,  # incoming calls barred
} | dict.fromkeys((2, 3, 5, 6, 34, 38, 41, 42, 44, 47, 52, 58, 63, 102), Outcome.CONGESTION)


def tells(cause: int | None) -> bool:
    """Whether `cause` alone says it: otherwise an announcement may say it better. Networks
    give 停机 and 关机 the same cause, and some give all of them that of a phone nobody answers.
    """
    return _OF_CAUSE.get(cause or 0, Outcome.UNREACHABLE) is not Outcome.UNREACHABLE


def outcome_of(cause: int | None, *, rang: bool, timed_out: bool) -> Outcome:
    """`rang`: the far phone was heard ringing. `timed_out`: it was we who gave up.

    Any other cause (18, 19, 127 …) is told apart by these: who rang was there.
    """
    known = _OF_CAUSE.get(cause or 0)
    if known is not None:
        return known
    return Outcome.NO_ANSWER if rang or timed_out else Outcome.UNREACHABLE
