"""The departments that do the work, from [[departments]] and what [[phones]] name. Pure."""

from ivr.errors import UserError
from ivr.settings import Department, Settings


def departments(settings: Settings) -> list[Department]:
    """Those that are written down, then those only phones name, by their first phone."""
    found = {department.name: department for department in settings.departments}
    for phone in settings.phones:
        if not phone.department or phone.outside:
            continue
        known = found.get(phone.department)
        if known is None:
            found[phone.department] = Department(name=phone.department, phone=phone.ext)
        elif known.phone is None:
            found[phone.department] = known.model_copy(update={"phone": phone.ext})
    return list(found.values())


def department(settings: Settings, name: str) -> Department | None:
    return next((each for each in departments(settings) if each.name == name), None)


def checked(settings: Settings, name: str) -> str:
    """`name`, if there is such a department, or none at all is written down.

    Raises UserError naming those there are.
    """
    known = [each.name for each in departments(settings)]
    if name and known and name not in known:
        raise UserError(f"部门 {name!r} is none of {' '.join(known)}; [[departments]] names them")
    return name
