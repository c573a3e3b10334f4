"""What became of a leg, a transfer, a call: pure decisions."""

from collections.abc import Iterable

from ivr.calls.model import Disposition, Leg, LegOutcome, Transfer, TransferOutcome

# ITU-T Q.850
BUSY_CAUSES = frozenset({17, 21})  # user busy; call rejected (SIP 603)
SILENT_CAUSES = frozenset({18, 19})  # no user responding; alerting, no answer
FAILED_CAUSES = frozenset(
    {1, 2, 3, 20, 22, 27, 28, 29, 34, 38, 41, 42, 44, 50, 57, 58, 65, 66, 69, 88, 102, 111}
)
ANSWERED_ELSEWHERE = 26
# Asterisk's own: the caller's INVITE was cancelled (0 in chan_sip, 127 in chan_pjsip)
GONE_CAUSES = frozenset({0, 127})


def leg_outcome(
    status: str, cause: int | None, *, rang: bool, elsewhere: bool, gave_up: bool
) -> LegOutcome:
    """The end of a leg that nobody spoke on.

    `status` is DialEnd's, "" where none came; `elsewhere`: another phone took
    the call meanwhile; `gave_up`: the caller hung up. (A Queue() says CANCEL of
    a phone that rang too long, too.)
    """
    if cause == ANSWERED_ELSEWHERE:
        return LegOutcome.ELSEWHERE
    if cause in BUSY_CAUSES and status not in ("CANCEL", "ANSWER"):
        return LegOutcome.BUSY
    if cause in SILENT_CAUSES and status != "CANCEL":
        return LegOutcome.NO_ANSWER
    if status == "BUSY":
        return LegOutcome.BUSY
    if status in ("CONGESTION", "CHANUNAVAIL"):
        return LegOutcome.FAILED
    if elsewhere:
        return LegOutcome.ELSEWHERE
    if gave_up:
        return LegOutcome.CANCELLED
    if not rang and cause in FAILED_CAUSES:
        return LegOutcome.FAILED
    return LegOutcome.NO_ANSWER


def unanswered(
    legs: Iterable[Leg], cause: int | None, *, gave_up: bool, waited: bool
) -> Disposition:
    """How a call ended that no person answered.

    `gave_up`: the caller hung up. `waited`: the system had answered and the
    caller was told to wait, so that a busy phone was not the last word. `cause`
    is the caller's own hangup cause.
    """
    outcomes = {leg.outcome for leg in legs}
    refused = bool(outcomes) and outcomes <= {LegOutcome.BUSY, LegOutcome.FAILED}
    if gave_up and (waited or not refused):
        return Disposition.ABANDONED
    if outcomes - {LegOutcome.BUSY, LegOutcome.FAILED}:
        return Disposition.NO_ANSWER
    if cause in SILENT_CAUSES:
        return Disposition.NO_ANSWER
    if LegOutcome.BUSY in outcomes or (not outcomes and cause in BUSY_CAUSES):
        return Disposition.BUSY
    if waited:
        return Disposition.NO_ANSWER
    return Disposition.FAILED


def transfer_answered(transfer: Transfer, leg: Leg, tried: Iterable[Leg]) -> TransferOutcome:
    """`leg` took the transferred call after the legs of `tried` had ended.

    The phone it was meant for may have failed to answer before another one did.
    """
    if leg.ext == transfer.by:
        return TransferOutcome.RETURNED
    for earlier in tried:
        if earlier.ext == transfer.to and earlier.outcome in UNSUCCESSFUL:
            return UNSUCCESSFUL[earlier.outcome]
    return TransferOutcome.ANSWERED


def transfer_unanswered(tried: Iterable[Leg], *, gave_up: bool) -> TransferOutcome:
    outcomes = {leg.outcome for leg in tried}
    if LegOutcome.CANCELLED in outcomes:
        return TransferOutcome.ABANDONED
    if gave_up and not outcomes & UNSUCCESSFUL.keys():
        return TransferOutcome.ABANDONED
    if outcomes & {LegOutcome.NO_ANSWER, LegOutcome.ELSEWHERE, LegOutcome.ANSWERED}:
        return TransferOutcome.NO_ANSWER
    return TransferOutcome.BUSY if LegOutcome.BUSY in outcomes else TransferOutcome.FAILED


UNSUCCESSFUL: dict[LegOutcome | None, TransferOutcome] = {
    LegOutcome.NO_ANSWER: TransferOutcome.NO_ANSWER,
    LegOutcome.BUSY: TransferOutcome.BUSY,
    LegOutcome.FAILED: TransferOutcome.FAILED,
}
