"""Holds the conversations of notices: which message, for whom, and what came of it."""

import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import structlog

from ivr.errors import UserError
from ivr.outbound.beep import until_beep
from ivr.outbound.callins import PREFIX
from ivr.outbound.dialer import Dialer
from ivr.outbound.messages import Messages, listener
from ivr.outbound.model import Campaign, Outcome, Talk, Task
from ivr.outbound.notices import KIND, Notices
from ivr.outbound.telling import tell
from ivr.pbx.switch import Switch
from ivr.settings import Settings
from ivr.talk.conversation import Conversation
from ivr.talk.line import HungUp, Line

PLAYS = 3  # of the message to a caller who asks for it again

log = structlog.get_logger(__name__)


class Teller:
    """`on_line` is what the media server calls with each caller it brings."""

    def __init__(
        self,
        settings: Settings,
        dialer: Dialer,
        notices: Notices,
        messages: Messages,
        switch: Switch,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._dialer = dialer
        self._notices = notices
        self._messages = messages
        self._switch = switch
        self._now = now

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
            talk = await self._tell(line, campaign, task)
        except UserError as error:
            log.error("the message cannot be said", attempt=attempt.id, why=str(error))
            talk = Talk(Outcome.UNKNOWN, note=str(error))
        await self._dialer.talk_finished(attempt.id, talk)

    async def _tell(self, line: Line, campaign: Campaign, task: Task) -> Talk:
        conversation = self._conversation(line)
        message = await self._message(campaign, task)
        if line.variables.get("IVR_HEARD") == "machine":
            return await self._leave(conversation, message)

        async def to_person() -> None:
            # the attempt's id is the uniqueid of the owner's own channel
            await self._switch.go_on_to_hotline(line.attempt)

        return await tell(conversation, message, to_person)

    async def _leave(self, conversation: Conversation, message: Path) -> Talk:
        """An answering machine: its beep is awaited, or the call ends at once."""
        if not self._settings.dialer.leave_message:
            return Talk(Outcome.VOICEMAIL)
        try:
            await until_beep(conversation.line)
            await conversation.say(message, interruptible=False)
        except HungUp:
            return Talk(Outcome.VOICEMAIL, note="留言未完")
        return Talk(Outcome.VOICEMAIL, note="已留言")

    async def _called_in(self, line: Line, number: str) -> None:
        """Somebody on the list calls: the notice first, then the phones ring."""
        ledger = self._dialer.ledger
        for task in await ledger.waiting_for(number):
            campaign = await ledger.campaign(task.campaign_id)
            if campaign.kind != KIND:
                continue
            try:
                message = await self._message(campaign, task)
            except UserError as error:
                log.error("the message cannot be said", task=task.id, why=str(error))
                return
            if await _listens(self._conversation(line), message):
                await ledger.told_otherwise(
                    task, Outcome.CALLED_IN, number, self._now(), "来电时已听通知"
                )
            return

    async def _message(self, campaign: Campaign, task: Task) -> Path:
        notice, place = await self._notices.notice(campaign)
        heard_at = datetime.fromtimestamp(self._now(), self._settings.site.zone)
        return await self._messages.message(notice, listener(task.subject), place, heard_at)

    def _conversation(self, line: Line) -> Conversation:
        return Conversation(line, self._settings.paths.prompts / self._settings.site.language)


async def _listens(conversation: Conversation, message: Path) -> bool:
    """Let a caller hear `message`; any key but 2 goes on to a person. Whether they know it
    now: heard to its end, or confirmed."""
    try:
        for _ in range(PLAYS):
            said = await conversation.say(message, keys="012")
            if said.key != "2":
                return said.finished or said.key == "1"
    except HungUp:
        return False
    return True
