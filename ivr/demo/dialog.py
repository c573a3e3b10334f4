"""A SIP dialog (RFC 3261 §12): what makes a message belong to one call."""

from collections.abc import Iterable

from ivr.demo.sip import Address, Headers, Request, Response, Uri


class Dialog:
    """Who talks to whom, by which route, and who has counted how far."""

    def __init__(self, call_id: str, local: Address, remote: Address, target: Uri) -> None:
        self.call_id, self.local, self.remote, self.target = call_id, local, remote, target
        self.routes: list[str] = []  # Route values, first hop first
        self.local_cseq = 0
        self.remote_cseq = 0

    @classmethod
    def of_invite(cls, invite: Request, tag: str) -> "Dialog":
        """The called side's view; `tag` is the called side's."""
        remote = invite.from_
        target = invite.contact or remote.uri
        dialog = cls(invite.call_id, invite.to.tagged(tag), remote, target)
        dialog.routes = invite.headers.all("Record-Route")
        dialog.remote_cseq = invite.cseq[0]
        return dialog

    def established(self, response: Response) -> None:
        """The calling side learns from a response to INVITE whom it reached (§12.1.2)."""
        self.remote = response.to
        self.target = response.contact or self.target
        self.routes = response.headers.all("Record-Route")[::-1]

    def refreshed(self, message: Request | Response) -> None:
        """A re-INVITE or its response may move the other end (§12.2)."""
        self.target = message.contact or self.target

    def accepts(self, request: Request) -> bool:
        """False for a request that is older than one already seen (§12.2.2)."""
        number = request.cseq[0]
        if number < self.remote_cseq:
            return False
        self.remote_cseq = number
        return True

    @property
    def next_hop(self) -> tuple[str, int]:
        if self.routes:
            return Address.parse(self.routes[0]).uri.address
        return self.target.address

    def next_cseq(self) -> int:
        self.local_cseq += 1
        return self.local_cseq

    def request(
        self,
        method: str,
        *,
        cseq: int | None = None,
        headers: Iterable[tuple[str, str]] = (),
        body: bytes = b"",
    ) -> Request:
        """A request of ours in this dialog; ACK takes the `cseq` of its INVITE."""
        fields = Headers(
            [
                ("Max-Forwards", "70"),
                ("From", str(self.local)),
                ("To", str(self.remote)),
                ("Call-ID", self.call_id),
                ("CSeq", f"{cseq or self.next_cseq()} {method}"),
            ]
        )
        for route in self.routes:
            fields.add("Route", route)
        for name, value in headers:
            fields.add(name, value)
        return Request(fields, body, method, str(self.target))
