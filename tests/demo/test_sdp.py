"""Offer and answer."""

import pytest

from ivr.demo.sdp import Direction, Sdp

ASTERISK = b"""v=0\r
o=- 1 1 IN IP4 10.0.0.9\r
s=Asterisk\r
c=IN IP4 127.0.0.1\r
t=0 0\r
m=audio 12000 RTP/AVP 0 8 97\r
a=rtpmap:0 PCMU/8000\r
a=rtpmap:8 PCMA/8000\r
a=rtpmap:97 telephone-event/8000\r
a=sendonly\r
"""


def test_an_offer_is_read() -> None:
    assert Sdp.parse(ASTERISK) == Sdp("127.0.0.1", 12000, ("PCMU", "PCMA"), 97, Direction.SENDONLY)


def test_an_answer_takes_their_first_codec_and_their_payload_types() -> None:
    offer = Sdp.parse(ASTERISK)
    assert offer is not None
    answer = Sdp("127.0.0.2", 4000).answer_to(offer)
    assert (answer.codecs, answer.dtmf, answer.port) == (("PCMU",), 97, 4000)
    assert Sdp.parse(bytes(answer)) == answer


@pytest.mark.parametrize(
    ("ours", "offered", "agreed"),
    [
        ("sendrecv", "sendrecv", "sendrecv"),
        ("sendrecv", "sendonly", "recvonly"),
        ("sendrecv", "recvonly", "sendonly"),
        ("sendrecv", "inactive", "inactive"),
        ("sendonly", "sendrecv", "sendonly"),
        ("sendonly", "sendonly", "inactive"),
    ],
)
def test_nobody_sends_who_is_not_heard(ours: str, offered: str, agreed: str) -> None:
    us = Sdp("h", 1, direction=Direction(ours))
    assert us.answer_to(Sdp("h", 2, direction=Direction(offered))).direction == agreed


@pytest.mark.parametrize(
    "body",
    [b"", b"\xff\xfe", ASTERISK.replace(b"0 8 97", b"9 18"), ASTERISK.replace(b"c=", b"x=")],
)
def test_no_audio_we_know(body: bytes) -> None:
    assert Sdp.parse(body) is None
