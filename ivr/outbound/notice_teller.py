"""Tells a household of a notice, by telephone: which message, for whom, and what came of it."""

import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import structlog

from ivr.errors import UserError
from ivr.outbound.beep import until_beep
from ivr.outbound.dialer import Dialer
from ivr.outbound.messages import Messages, accompanied, listener
from ivr.outbound.model import Campaign, Outcome, Talk, Task
from ivr.outbound.notice import Listener
from ivr.outbound.notices import KIND, Notices
from ivr.outbound.telling import accompany, tell
from ivr.pbx.switch import Switch
from ivr.settings import Settings
from ivr.talk.conversation import Conversation
from ivr.talk.line import HungUp, Line

PLAYS = 3  # of the message to a caller who asks for it again

log = structlog.get_logger(__name__)


class NoticeTeller:
    """The `Performer` of campaigns of kind notice."""

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

    async def perform(self, line: Line, campaign: Campaign, task: Task) -> Talk:
        who = listener(task.subject)
        conversation = self._conversation(line, who.language)
        message = await self._message(campaign, who)
        if line.variables.get("IVR_HEARD") == "machine":
            return await self._leave(conversation, message)

        async def to_person() -> None:
            # the attempt's id is the uniqueid of the owner's own channel
            await self._switch.go_on_to_hotline(line.attempt)

        if accompanied(who, self._settings):
            return await accompany(conversation, message, to_person)
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

    async def called_in(self, line: Line, number: str) -> None:
        """Somebody on the list calls: the notice first, then the phones ring."""
        ledger = self._dialer.ledger
        for task in await ledger.waiting_for(number):
            campaign = await ledger.campaign(task.campaign_id)
            if campaign.kind != KIND:
                continue
            who = listener(task.subject)
            try:
                message = await self._message(campaign, who)
            except UserError as error:
                log.error("the message cannot be said", task=task.id, why=str(error))
                return
            if await _listens(self._conversation(line, who.language), message):
                await ledger.told_otherwise(
                    task, Outcome.CALLED_IN, number, self._now(), "来电时已听通知"
                )
            return

    async def _message(self, campaign: Campaign, who: Listener) -> Path:
        notice, place = await self._notices.notice(campaign)
        heard_at = datetime.fromtimestamp(self._now(), self._settings.site.zone)
        return await self._messages.message(notice, who, place, heard_at)

    def _conversation(self, line: Line, language: str) -> Conversation:
        return Conversation(line, self._settings.paths.prompts / language)


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
