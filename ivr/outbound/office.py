"""Everything outbound, put together for the service: dialer, media, notices."""

import contextlib
from collections.abc import Callable

from ivr.desk.owners import Owners
from ivr.outbound.callins import CallIns
from ivr.outbound.dialer import Dialer
from ivr.outbound.messages import Messages
from ivr.outbound.notices import Notices
from ivr.outbound.teller import Teller
from ivr.pbx import events as ev
from ivr.pbx.switch import Switch
from ivr.settings import Settings
from ivr.store.database import Database
from ivr.talk.media import MediaServer

DRAIN_S = 5.0  # conversations may end by themselves for so long when the service stops


class OutboundOffice:
    """`on_event` wants every AMI event in order, from before the session starts.

    `others` tells how many outside lines are in use by calls that are not the dialer's.
    """

    def __init__(
        self, db: Database, settings: Settings, switch: Switch, others: Callable[[], int]
    ) -> None:
        self.dialer = Dialer(db, settings, switch, others=others)
        self.notices = Notices(db, settings, self.dialer.ledger, Owners(db, settings).households)
        self._call_ins = CallIns(self.dialer.ledger, switch)
        self._teller = Teller(settings, self.dialer, self.notices, Messages(settings), switch)
        self.media = MediaServer(settings.media, self._teller.on_line, self._teller.expects)

    async def start(self) -> None:
        """Raises UserError when the media port is taken."""
        async with contextlib.AsyncExitStack() as undo:
            await self.media.start()
            undo.push_async_callback(self.media.close)
            await self.dialer.start()
            await self._call_ins.start()
            undo.pop_all()

    async def close(self) -> None:
        """Dial nobody else, let conversations end, write down what came of them."""
        await self._call_ins.close()
        await self.media.close(DRAIN_S)
        await self.dialer.close()

    def on_event(self, event: ev.Event) -> None:
        self.dialer.on_event(event)
        if isinstance(event, ev.Snapshot):
            self._call_ins.connected()
