"""What became of a transfer: REFER's implicit subscription (RFC 3515, RFC 3891)."""

import asyncio
import re
from urllib.parse import quote

from ivr.demo.dialog import Dialog
from ivr.demo.sip import Request


class Referral:
    """`status` is the last SIP status that a NOTIFY told of the transfer's target."""

    def __init__(self) -> None:
        self.status = 100
        self.done = asyncio.Event()

    def notified(self, notify: Request) -> int:
        found = re.match(rb"SIP/2\.0 ([1-6]\d\d)", notify.body)
        if found:
            self.status = int(found[1])
        over = notify.headers.get("Subscription-State").startswith("terminated")
        if self.status >= 200 or over:
            self.done.set()
        return self.status

    @staticmethod
    def replacing(other: Dialog) -> str:
        """The Refer-To that hands over the dialog `other`, named as its far end names it."""
        replaces = quote(
            f"{other.call_id};to-tag={other.remote.tag};from-tag={other.local.tag}", safe=""
        )
        target = str(other.remote.uri).partition(";")[0]
        return f"<{target}?Replaces={replaces}>"
