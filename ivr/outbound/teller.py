"""Brings each caller on the media road to whoever holds the conversation of their campaign."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

import structlog

from ivr.errors import UserError
from ivr.outbound.callins import PREFIX
from ivr.outbound.dialer import Dialer
from ivr.outbound.model import Campaign, Outcome, Talk, Task
from ivr.talk.line import Line

log = structlog.get_logger(__name__)


class Performer(Protocol):
    """Holds the conversations of one kind of campaign."""

    async def perform(self, line: Line, campaign: Campaign, task: Task) -> Talk:
        """Talk to whoever answered for `task`; what it came to.

        `line.variables["IVR_HEARD"]` is "machine" when an answering machine was heard.
        After the return the line is hung up: for TRANSFERRED that takes the call on to
        a person. Raises UserError when it cannot be said, never HungUp.
        """


class Teller:
    """`on_line` is what the media server calls with each caller it brings.

    `performers` are by campaign kind; `called_in` takes a caller on the list of a
    running notice, with their number.
    """

    def __init__(
        self,
        dialer: Dialer,
        performers: Mapping[str, Performer],
        called_in: Callable[[Line, str], Awaitable[None]],
    ) -> None:
        self._dialer = dialer
        self._performers = performers
        self._called_in = called_in

    def expects(self, attempt: str) -> bool:
        """Whether a conversation is wanted under this id."""
        return attempt.startswith(PREFIX) or self._dialer.is_ours(attempt)

    async def on_line(self, line: Line) -> None:
        if line.attempt.startswith(PREFIX):
            await self._called_in(line, line.attempt.removeprefix(PREFIX))
            return
        ledger = self._dialer.ledger
        attempt = await ledger.attempt(line.attempt)
        task = None if attempt is None else await ledger.task(attempt.task_id)
        if attempt is None or task is None:
            log.warning("nobody is to be told anything", attempt=line.attempt)
            return
        campaign = await ledger.campaign(attempt.campaign_id)
        try:
            talk = await self._perform(line, campaign, task)
        except UserError as error:
            log.error("it cannot be said", attempt=attempt.id, why=str(error))
            talk = Talk(Outcome.UNKNOWN, note=str(error))
        await self._dialer.talk_finished(attempt.id, talk)

    async def _perform(self, line: Line, campaign: Campaign, task: Task) -> Talk:
        performer = self._performers.get(campaign.kind)
        if performer is None:
            raise UserError(f"nobody here performs campaigns of kind {campaign.kind!r}")
        return await performer.perform(line, campaign, task)
