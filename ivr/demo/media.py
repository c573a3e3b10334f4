"""The audio of one call: what both ends agreed on, and the stream that carries it."""

from dataclasses import replace

from ivr.demo.rtp import Stream
from ivr.demo.sdp import Direction, Sdp


class Media:
    """`holding`: we hold the other side; `held`: it holds us."""

    def __init__(self, host: str, *, silent: bool) -> None:
        self.stream = Stream(host, silent=silent)
        self.holding = False
        self.held = False
        self._ours = Sdp(host, self.stream.port)

    def offer(self) -> bytes:
        """What we can do, for an INVITE (or the 200 to one without an offer)."""
        return bytes(self._next())

    def answer(self, offer: Sdp) -> bytes:
        """Agree to `offer`, and from now on send as agreed."""
        agreed = self._next().answer_to(offer)
        self.stream.connect(offer, agreed)
        self.held = not offer.direction.receives or offer.host == "0.0.0.0"  # RFC 2543's hold
        return bytes(agreed)

    def agreed(self, answer: Sdp) -> None:
        """They answered our offer."""
        self.stream.connect(answer, self._ours.answer_to(answer))

    def _next(self) -> Sdp:
        direction = Direction.SENDONLY if self.holding else Direction.SENDRECV
        self._ours = replace(self._ours, direction=direction, version=self._ours.version + 1)
        return self._ours
