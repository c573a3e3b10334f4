"""Transfers asked for from the command line or the API."""

from ivr.calls.model import Call, TransferKind
from ivr.errors import UserError
from ivr.pbx.session import ActionFailed
from ivr.pbx.switch import Switch
from ivr.settings import Settings


async def transfer(
    settings: Settings, switch: Switch, call: Call, to: str, kind: TransferKind
) -> None:
    """Send the caller of `call` on to phone `to`; they first hear 请稍等，正在为您转接.

    Raises UserError when `to` is no phone of ours, the call is not one that can
    be transferred now, or Asterisk refuses.
    """
    if settings.phone(to) is None:
        raise UserError(f"There is no phone {to}; the phones are in [[phones]] of ivr.toml")
    if call.end_at is not None:
        raise UserError("This call is over")
    talking = next(
        (leg for leg in reversed(call.legs) if leg.answer_at is not None and leg.end_at is None),
        None,
    )
    if talking is not None and talking.ext == to:
        raise UserError(f"Phone {to} has this call already")
    try:
        if talking is None:
            if call.system_answer_at is None:
                raise UserError("Nobody has answered this call yet; it can be picked up instead")
            if kind is TransferKind.ATTENDED:
                raise UserError("Nobody talks to the caller, so nobody could consult first")
            await switch.move(call.caller_channel, to)
        elif kind is TransferKind.BLIND:
            await switch.transfer_blind(talking.channel, to)
        else:
            await switch.transfer_attended(talking.channel, to)
    except ActionFailed as error:
        raise UserError(f"Asterisk refused the transfer to {to}: {error}") from None
