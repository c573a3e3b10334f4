"""The city: everybody outside, reached over the trunk.

    async with City() as city:                        # on 127.0.0.2, any free port
        call = city.call("13800138000", "88880001", asterisk, display_name="张三")
        city.subscriber("13900139000", answer(3.0, say(greeting)))
        city.subscriber("13900139001", busy)

Asterisk knows the trunk by its address (type=identify, match=127.0.0.2) and
sends it outbound calls; the number in the request's address finds the subscriber.
"""

from collections.abc import Iterable

from ivr.demo.agent import Agent, Behaviour
from ivr.demo.behaviours import unallocated
from ivr.demo.call import Call
from ivr.demo.sip import Address, Uri
from ivr.demo.transactions import Peer


class City(Agent):
    """A trunk peer without registration. A number without subscriber is unallocated (404)."""

    def __init__(
        self, local_host: str = "127.0.0.2", port: int = 0, *, silent: bool = False
    ) -> None:
        super().__init__(local_host, port, silent=silent)
        self._subscribers: dict[str, Behaviour] = {}
        self.received: list[Call] = []  # every call that came in, in order

    def subscriber(self, number: str, behaviour: Behaviour) -> None:
        """From now on `number` exists and takes its calls so."""
        self._subscribers[number] = behaviour

    def call(
        self,
        from_number: str,
        did: str,
        server: Peer,
        *,
        display_name: str = "",
        headers: Iterable[tuple[str, str]] = (),
    ) -> Call:
        """Somebody in the city dials `did`. An empty `from_number` calls anonymously."""
        if not from_number:
            caller = Address(Uri("anonymous", "anonymous.invalid"), "Anonymous")
        else:
            caller = Address(Uri(from_number, self.host), display_name)
        return self.dial(did, server, caller=caller, headers=headers)

    def behaviour_for(self, call: Call) -> Behaviour:
        self.received.append(call)
        return self._subscribers.get(call.number, unallocated)
