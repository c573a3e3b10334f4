"""A simulated telephone: registers at Asterisk, makes and takes calls, speaks and hears.

    async with Phone("101", "secret", ("127.0.0.1", 5060)) as phone:
        await phone.register()
        call = phone.call("8000", display_name="前台")    # INVITE, digest and all
        await call.wait_ringing(5)                        # 180
        await call.wait_answered(20)                      # 200; raises CallEnded on 486 …
        await call.say(read_wav(path))                    # returns when it is said
        await call.send_dtmf("1")
        await call.hold(); await call.unhold()
        status = await call.refer("102")                  # blind transfer, last NOTIFY status
        await call.hangup()
        heard = call.recording()                          # int16, from the answer on

        call = await phone.next_call(10)                  # somebody rings
        call.ring(); await call.pause(3); call.answer()   # or reject(486), redirect("103")
        await call.wait_ended(60); call.ended_by; call.history

With `behaviour=` (see ivr.demo.behaviours) the phone takes its calls by itself.
Everything is asynchronous and waits for events; see `Call` for all of it.
"""

import asyncio
import secrets
from collections.abc import Iterable

from ivr.demo.agent import Agent, Behaviour
from ivr.demo.call import Call
from ivr.demo.sip import METHODS, Address, Credentials, Headers, Request, Uri, new_tag
from ivr.demo.transactions import Peer

_RETRY_S = 2.0  # after a refresh that failed: Asterisk may be restarting


class RegistrationFailed(Exception):  # noqa: N818
    def __init__(self, user: str, status: int) -> None:
        super().__init__(f"{user} could not register: {status}")
        self.status = status


class Phone(Agent):
    """The telephone of extension `user` at the exchange `server`."""

    def __init__(
        self,
        user: str,
        password: str,
        server: Peer,
        local_host: str = "127.0.0.1",
        *,
        port: int = 0,
        behaviour: Behaviour | None = None,
        silent: bool = False,
    ) -> None:
        super().__init__(
            local_host,
            port,
            credentials=Credentials(user, password),
            behaviour=behaviour,
            silent=silent,
        )
        self.user, self.server = user, server
        self.registered = False
        self._registration_id = secrets.token_hex(12)
        self._cseq = 0
        self._refresher: asyncio.Task[None] | None = None

    async def register(self, expires_s: int = 300) -> None:
        """Tell the exchange where this phone is, and keep telling it.

        Raises RegistrationFailed.
        """
        granted = await self._register(expires_s)
        self._stop_refreshing()
        self._refresher = asyncio.create_task(self._refresh(expires_s, granted))

    async def unregister(self) -> None:
        self._stop_refreshing()
        await self._register(0)

    async def close(self) -> None:
        self._stop_refreshing()
        if self.registered:
            try:
                async with asyncio.timeout(1):
                    await self._register(0)
            except (TimeoutError, RegistrationFailed):
                self.registered = False  # the exchange is gone; so are we
        await super().close()

    def call(
        self,
        number: str,
        *,
        display_name: str = "",
        from_user: str = "",
        headers: Iterable[tuple[str, str]] = (),
    ) -> Call:
        """Dial `number`. The call is returned at once; wait for what it becomes."""
        caller = Address(Uri(from_user or self.user, self.server[0]), display_name)
        return self.dial(number, self.server, caller=caller, headers=headers)

    async def _register(self, expires_s: int) -> int:
        """Returns the seconds that the exchange granted."""
        response = await self.request(
            self._registration_request(expires_s), self.server, self._next
        )
        if response.status != 200:
            self.registered = False
            raise RegistrationFailed(self.user, response.status)
        self.registered = expires_s > 0
        ours = Uri(self.user, *self.endpoint.address)
        for contact in map(Address.parse, response.headers.all("Contact")):
            if contact.uri.address == ours.address:
                return int(dict(contact.params).get("expires", expires_s))
        return int(response.headers.get("Expires") or expires_s)

    def _registration_request(self, expires_s: int) -> Request:
        me = Address(Uri(self.user, self.server[0]))
        headers = Headers(
            [
                ("Max-Forwards", "70"),
                ("From", str(me.tagged(new_tag()))),
                ("To", str(me)),
                ("Call-ID", self._registration_id),
                ("CSeq", f"{self._next()} REGISTER"),
                ("Contact", f"<{Uri(self.user, *self.endpoint.address)}>"),
                ("Expires", str(expires_s)),
                ("Allow", METHODS),
            ]
        )
        return Request(headers, b"", "REGISTER", str(Uri("", *self.server)))

    def _next(self) -> int:
        self._cseq += 1
        return self._cseq

    async def _refresh(self, expires_s: int, granted_s: int) -> None:
        while True:
            await asyncio.sleep(granted_s / 2 if self.registered else _RETRY_S)
            try:
                granted_s = await self._register(expires_s)
            except RegistrationFailed:
                continue  # said in `registered`; tried again

    def _stop_refreshing(self) -> None:
        if self._refresher:
            self._refresher.cancel()
            self._refresher = None
