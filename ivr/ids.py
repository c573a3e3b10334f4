"""Time-ordered identifiers, so that rows from many sites can be merged later."""

import secrets
import time
import uuid


def uuid7(at: float | None = None) -> str:
    """A UUID version 7 (RFC 9562 §5.7) as text.

    `at` is the time in seconds since the epoch, UTC; now when left out.
    """
    milliseconds = int((time.time() if at is None else at) * 1000) & (2**48 - 1)
    value = milliseconds << 80 | 0x7 << 76 | secrets.randbits(12) << 64
    return str(uuid.UUID(int=value | 0b10 << 62 | secrets.randbits(62)))
