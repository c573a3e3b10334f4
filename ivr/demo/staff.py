"""Who may sign in to the pages of the demo: one of each role, with passwords made now."""

from dataclasses import dataclass, replace

from ivr.demo.house import House
from ivr.store.database import FILE_NAME, Database
from ivr.web.access import Role
from ivr.web.users import Users, new_password


@dataclass(frozen=True, slots=True)
class Member:
    login: str
    name: str
    role: Role
    ext: str = ""
    password: str = ""


async def move_in(house: House, clerk_ext: str) -> list[Member]:
    """Give everybody an account; the clerk's card pops up when `clerk_ext` rings."""
    members = [
        replace(member, password=new_password())
        for member in (
            Member("admin", "管理员", Role.ADMIN),
            Member("clerk", "王芳", Role.CLERK, clerk_ext),
            Member("supervisor", "李强", Role.SUPERVISOR),
            Member("manager", "陈主任", Role.MANAGER),
        )
    ]
    async with await Database.open(house.settings.paths.data / FILE_NAME) as db:
        users = Users(db, house.settings)
        known = {row.login: row for row in await users.all()}
        for member in members:
            if member.login in known:  # the first start made it, with a password of its own
                await users.set_password(known[member.login].id, member.password, must_change=False)
                continue
            await users.add(
                member.login,
                name=member.name,
                role=member.role,
                password=member.password,
                ext=member.ext,
                must_change=False,
            )
        users.close()
    return members
