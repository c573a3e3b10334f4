"""Click-to-call: one of us asks for a number; their own phone rings first, then the number."""

from ivr.calls import numbers
from ivr.desk import phone_numbers
from ivr.errors import UserError
from ivr.outbound.allowlist import Allowlist
from ivr.pbx.session import ActionFailed
from ivr.pbx.switch import Switch
from ivr.settings import Settings


async def call_from(settings: Settings, switch: Switch, ext: str, number: str) -> str:
    """Ring phone `ext`; who lifts it is put through to `number`, as if dialled there.

    Returns the number as it is dialled. It must be on the allow-list (outgoing.allow),
    which the dialplan holds as well. Raises UserError when it is not, when `ext` is no
    phone of ours, or Asterisk refuses.
    """
    phone = settings.phone(ext)
    if phone is None:
        raise UserError(
            f"There is no phone {ext}; the phones are in [[phones]] of ivr.toml"
            if ext
            else "Say which phone shall ring; your user has no extension (分机)"
        )
    dialled = _dialled(number, settings.owners.area_code)
    if not Allowlist(settings.outgoing.allow).allows(dialled):
        raise UserError(
            f"{numbers.mask(number)} is not among the numbers that may be rung; "
            "see outgoing.allow in ivr.toml"
        )
    try:
        await switch.ring_and_dial(phone.device, ext, dialled)
    except ActionFailed as error:
        raise UserError(f"Asterisk refused to ring phone {ext}: {error}") from None
    return dialled


def _dialled(number: str, area_code: str) -> str:
    """What is dialled; of a line behind a switchboard its main number, the rest is asked for.
    What no owner could have (110) is dialled as it stands."""
    try:
        parsed = phone_numbers.parse(number, area_code)
    except ValueError:
        return numbers.digits(number)
    return parsed.partition(phone_numbers.EXTENSION)[0]
