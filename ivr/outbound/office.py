"""Everything outbound, put together for the service: dialer, media, notices, callbacks."""

import contextlib
from collections.abc import Callable

from ivr.desk.owners import Owners
from ivr.desk.requests import Requests
from ivr.outbound import briefing, callbacks, surveys
from ivr.outbound.announcements import FOLDER, Announcements
from ivr.outbound.briefing import Briefings
from ivr.outbound.callbacks import Callbacks
from ivr.outbound.callins import CallIns
from ivr.outbound.dialer import Dialer
from ivr.outbound.interview import Interviewer
from ivr.outbound.loop import CallbackLoop
from ivr.outbound.messages import Messages
from ivr.outbound.notice_teller import NoticeTeller
from ivr.outbound.notices import KIND as NOTICE
from ivr.outbound.notices import Notices
from ivr.outbound.surveys import Surveys
from ivr.outbound.teller import Performer, Teller
from ivr.pbx import events as ev
from ivr.pbx.switch import Switch
from ivr.settings import Settings
from ivr.store.database import Database
from ivr.talk.media import MediaServer
from ivr.talk.script import Recordings
from ivr.talk.speech.ears import Ears
from ivr.talk.speech.questions import announcements

DRAIN_S = 5.0  # conversations may end by themselves for so long when the service stops


class OutboundOffice:
    """`on_event` wants every AMI event in order, from before the session starts.

    `others` tells how many outside lines are in use by calls that are not the dialer's.
    `ears` are started with the first callback or the first early media of a call.
    """

    def __init__(
        self,
        db: Database,
        settings: Settings,
        switch: Switch,
        requests: Requests,
        *,
        others: Callable[[], int],
        ears: Ears,
    ) -> None:
        self._announcements = Announcements(
            switch, ears, settings.paths.data / FOLDER, announcements(settings.site.language)
        )
        self.dialer = Dialer(db, settings, switch, others=others, announcements=self._announcements)
        self.notices = Notices(db, settings, self.dialer.ledger, Owners(db, settings).households)
        self._call_ins = CallIns(self.dialer.ledger, switch)
        notices = NoticeTeller(settings, self.dialer, self.notices, Messages(settings), switch)
        self.callbacks = Callbacks(db, settings, requests)
        self.surveys = Surveys(self.callbacks)
        self.spoken = Recordings(settings.paths.data, settings.care.speed)
        recordings = self.spoken
        self.loop = CallbackLoop(db, self.callbacks, self.surveys, self.dialer, recordings, ears)
        self._ears = ears
        interviews = Interviewer(
            db, settings, self.callbacks, recordings, switch, ears, self.loop.wake
        )
        briefings = Briefings(settings, self.callbacks, recordings, switch)
        requests.on_change.append(self.loop.on_change)
        requests.on_commit.append(briefings.on_commit)
        self.performers: dict[str, Performer] = {
            NOTICE: notices,
            callbacks.KIND: interviews,
            callbacks.WEEKLY: interviews,
            surveys.KIND: interviews,
            briefing.KIND: briefings,
        }
        """By campaign kind; others add theirs before the start."""
        teller = Teller(self.dialer, self.performers, notices.called_in)
        self.media = MediaServer(settings.media, teller.on_line, teller.expects)

    async def start(self) -> None:
        """Raises UserError when the media port is taken."""
        async with contextlib.AsyncExitStack() as undo:
            await self.media.start()
            undo.push_async_callback(self.media.close)
            await self._announcements.start()
            undo.push_async_callback(self._announcements.close)
            await self.dialer.start()
            await self.loop.start()
            undo.push_async_callback(self.loop.close)
            await self._call_ins.start()
            undo.pop_all()

    async def close(self) -> None:
        """Dial nobody else, let conversations end, write down what came of them."""
        await self._call_ins.close()
        await self.loop.close()
        await self.media.close(DRAIN_S)
        await self._announcements.close()
        await self._ears.close()
        await self.dialer.close()

    def on_event(self, event: ev.Event) -> None:
        self.dialer.on_event(event)
        if isinstance(event, ev.Snapshot):
            self._call_ins.connected()
