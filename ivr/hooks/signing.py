"""Signing what is sent, and believing only what is signed. Pure.

HMAC-SHA256 (RFC 2104) over the time, a full stop and the body, so that neither can be
changed and an old message cannot be sent again.
"""

import hashlib
import hmac

TIMESTAMP = "X-Ivr-Timestamp"  # whole seconds since the epoch
SIGNATURE = "X-Ivr-Signature"  # sha256=HEX
TOLERANCE_S = 300.0
"""How far two clocks may be apart."""


def signature(secret: str, timestamp: int, body: bytes) -> str:
    signed = b"%d." % timestamp + body
    return "sha256=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def headers(secret: str, now: float, body: bytes) -> dict[str, str]:
    timestamp = int(now)
    return {TIMESTAMP: str(timestamp), SIGNATURE: signature(secret, timestamp, body)}


def is_signed(secret: str, timestamp: str, given: str, body: bytes, now: float) -> bool:
    """Whether `given` is the signature of `body` at `timestamp`, and that is not long ago."""
    if not timestamp.isascii() or not timestamp.isdecimal() or len(timestamp) > 12:
        return False
    at = int(timestamp)
    expected = signature(secret, at, body)
    return hmac.compare_digest(expected.encode(), given.encode()) and abs(now - at) <= TOLERANCE_S
