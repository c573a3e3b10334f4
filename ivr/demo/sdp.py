"""What the two ends of a call agree on about audio (SDP, RFC 4566 and RFC 3264)."""

import re
from dataclasses import dataclass, replace
from enum import StrEnum

CODECS = {"PCMA": 8, "PCMU": 0}  # in the order we like them
DTMF_PAYLOAD = 101


class Direction(StrEnum):
    """From the view of the one who says it."""

    SENDRECV = "sendrecv"
    SENDONLY = "sendonly"
    RECVONLY = "recvonly"
    INACTIVE = "inactive"

    @property
    def sends(self) -> bool:
        return self in (Direction.SENDRECV, Direction.SENDONLY)

    @property
    def receives(self) -> bool:
        return self in (Direction.SENDRECV, Direction.RECVONLY)

    @classmethod
    def of(cls, *, sends: bool, receives: bool) -> "Direction":
        if sends:
            return cls.SENDRECV if receives else cls.SENDONLY
        return cls.RECVONLY if receives else cls.INACTIVE


@dataclass(frozen=True, slots=True)
class Sdp:
    """One audio stream. `dtmf` is the payload type of telephone-event, None without."""

    host: str
    port: int
    codecs: tuple[str, ...] = tuple(CODECS)
    dtmf: int | None = DTMF_PAYLOAD
    direction: Direction = Direction.SENDRECV
    session: int = 1
    version: int = 1

    @classmethod
    def parse(cls, body: bytes) -> "Sdp | None":
        """The first audio stream with a codec of ours; None when there is none."""
        text = body.decode("utf-8", "replace")
        media = re.search(r"^m=audio (\d+)[^ ]* RTP/AVP ([\d ]+)", text, re.MULTILINE)
        host = re.search(r"^c=IN IP4 ([\d.]+)", text[media.start() :] if media else "", re.M)
        host = host or re.search(r"^c=IN IP4 ([\d.]+)", text, re.M)
        if not media or not host:
            return None
        payloads = [int(payload) for payload in media[2].split()]
        dtmf = re.search(r"^a=rtpmap:(\d+) telephone-event/8000", text, re.M)
        direction = re.search(r"^a=(sendrecv|sendonly|recvonly|inactive)\s*$", text, re.M)
        codecs = tuple(
            name for payload in payloads for name, ours in CODECS.items() if ours == payload
        )
        if not codecs:
            return None
        return cls(
            host[1],
            int(media[1]),
            codecs,
            int(dtmf[1]) if dtmf and int(dtmf[1]) in payloads else None,
            Direction(direction[1]) if direction else Direction.SENDRECV,
        )

    def answer_to(self, offer: "Sdp") -> "Sdp":
        """We (`self`) accept the first of their codecs, and no more than they offer to do."""
        direction = Direction.of(
            sends=self.direction.sends and offer.direction.receives,
            receives=self.direction.receives and offer.direction.sends,
        )
        return replace(self, codecs=offer.codecs[:1], dtmf=offer.dtmf, direction=direction)

    def __bytes__(self) -> bytes:
        payloads = [CODECS[name] for name in self.codecs]
        lines = [
            "v=0",
            f"o=- {self.session} {self.version} IN IP4 {self.host}",
            "s=-",
            f"c=IN IP4 {self.host}",
            "t=0 0",
            f"m=audio {self.port} RTP/AVP "
            + " ".join(str(payload) for payload in (*payloads, self.dtmf) if payload is not None),
            *(f"a=rtpmap:{CODECS[name]} {name}/8000" for name in self.codecs),
        ]
        if self.dtmf is not None:
            lines += [f"a=rtpmap:{self.dtmf} telephone-event/8000", f"a=fmtp:{self.dtmf} 0-16"]
        lines += ["a=ptime:20", f"a={self.direction}", ""]
        return "\r\n".join(lines).encode()
