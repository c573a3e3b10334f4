"""The audit log: every change, and every listen to a recording.

    await audit(request, "notice.start", notice.id, detail=notice.title)

An action is "noun.verb". Numbers in `detail` are masked by who writes them.
"""

import time

from aiohttp import web

from ivr import ids
from ivr.store.audit import AuditEntry, AuditTable
from ivr.web import security
from ivr.web.access import SERVICE, User, maybe_user

AUDIT = web.AppKey("audit", AuditTable)
LONGEST = 1000


async def audit(
    request: web.Request,
    action: str,
    target: str = "",
    *,
    detail: str = "",
    by: User | None = None,
) -> None:
    """Write one entry: who (the signed-in user, or `by`), from where, did what to what."""
    user = by or maybe_user(request)
    now = time.time()
    await request.app[AUDIT].add(
        AuditEntry(
            id=ids.uuid7(now),
            at=now,
            user_id=user.id if user else "",
            user_name=user.name if user else "",
            role="" if user is None else "machine" if user.machine else user.role.value,
            address=security.client_address(request.app[SERVICE].settings.web, request),
            action=action,
            target=target[:LONGEST],
            detail=detail[:LONGEST],
        )
    )
