"""Owners on the list who call the hotline hear the notice first (RULES: told at once).

Asterisk gets the numbers of everybody still to be told in AstDB, so that its
dialplan can bring such a caller to us before the phones ring. Without us nobody
is brought, and the phones ring as ever.
"""

import asyncio
import contextlib

import structlog

from ivr.outbound.ledger import Ledger
from ivr.outbound.model import CampaignState
from ivr.outbound.notices import KIND
from ivr.pbx.session import ActionFailed, ActionTimeout, ConnectionLost
from ivr.pbx.switch import Switch

log = structlog.get_logger(__name__)

PREFIX = "callin-"
"""What stands in place of an attempt's id for a caller of this kind."""

LOOK_EVERY_S = 2.0


class CallIns:
    """Keeps Asterisk's list of expected callers as the running campaigns have it."""

    def __init__(self, ledger: Ledger, switch: Switch) -> None:
        self._ledger = ledger
        self._switch = switch
        self._published: set[str] | None = None  # None: what Asterisk has is not known
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="call-ins")

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    def connected(self) -> None:
        """Asterisk is (back) there."""
        self._published = None

    async def _run(self) -> None:
        while True:
            try:
                await self._publish(await self._expected())
            except (ActionFailed, ActionTimeout, ConnectionLost):
                self._published = None
            except Exception:
                log.exception("the list of expected callers could not be renewed")
            await asyncio.sleep(LOOK_EVERY_S)

    async def _expected(self) -> set[str]:
        numbers: set[str] = set()
        for campaign in await self._ledger.campaigns(CampaignState.RUNNING):
            if campaign.kind == KIND:
                for task in await self._ledger.tasks(campaign.id):
                    if task.outcome is None:
                        numbers.update(task.numbers)
        return numbers

    async def _publish(self, numbers: set[str]) -> None:
        if self._published is None:
            await self._switch.expect_nobody()
            self._published = set()
        for number in numbers - self._published:
            await self._switch.expect_caller(number)
        for number in self._published - numbers:
            await self._switch.expect_caller_no_more(number)
        self._published = numbers
