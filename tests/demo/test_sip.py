"""Messages, addresses, credentials."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.demo.sip import (
    Address,
    Credentials,
    Headers,
    Request,
    Response,
    SipError,
    Uri,
    authorized,
    parse,
    respond,
    split_list,
)

INVITE = (
    b"INVITE sip:8000@127.0.0.1:5060;transport=udp SIP/2.0\r\n"
    b"v: SIP/2.0/UDP 127.0.0.2:5070;branch=z9hG4bKabc;rport\r\n"
    b"Record-Route: <sip:one;lr>, <sip:two;lr>\r\n"
    b'f: "\xe5\xbc\xa0 \\"\xe4\xb8\x89\\"" <sip:13800138000@127.0.0.2>;tag=aaa\r\n'
    b"t: sip:8000@127.0.0.1\r\n"
    b"Call-ID: one@two\r\n"
    b"CSeq: 7 INVITE\r\n"
    b"Subject: folded\r\n  over two lines\r\n"
    b"l: 4\r\n\r\nbodyrest"
)


def test_a_request_is_read() -> None:
    request = parse(INVITE)
    assert isinstance(request, Request)
    assert (request.method, request.uri) == ("INVITE", "sip:8000@127.0.0.1:5060;transport=udp")
    assert request.from_.display == '张 "三"'
    assert (request.from_.uri.user, request.from_.tag) == ("13800138000", "aaa")
    assert (request.to.uri, request.to.tag) == (Uri("8000", "127.0.0.1"), "")
    assert request.cseq == (7, "INVITE")
    assert (request.branch, request.sent_by) == ("z9hG4bKabc", "127.0.0.2:5070")
    assert request.headers.all("record-route") == ["<sip:one;lr>", "<sip:two;lr>"]
    assert request.headers.get("SUBJECT") == "folded over two lines"
    assert request.body == b"body"


def test_what_is_written_is_read_again() -> None:
    request = parse(INVITE)
    assert bytes(parse(bytes(request))) == bytes(request)


def test_a_response_completes_the_to_and_keeps_the_way_back() -> None:
    request = parse(INVITE)
    assert isinstance(request, Request)
    response = parse(bytes(respond(request, 180, tag="bbb")))
    assert isinstance(response, Response)
    assert (response.status, response.reason) == (180, "Ringing")
    assert response.to.tag == "bbb"
    for name in ("Via", "From", "Call-ID", "CSeq", "Record-Route"):
        assert response.headers.all(name) == request.headers.all(name)
    assert respond(request, 100).to.tag == ""


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\r\n\r\n",
        INVITE.replace(b"SIP/2.0\r\nv", b"HTTP/1.1\r\nv"),
        INVITE.replace(b"l: 4", b"l: 400"),
        INVITE.replace(b"l: 4", b"l: -1"),
        INVITE.replace(b"CSeq: 7 INVITE", b"CSeq: seven"),
        INVITE.replace(b"Call-ID: one@two\r\n", b""),
        INVITE.replace(b"t: sip:8000@127.0.0.1", b"t: nobody"),
        INVITE.replace(b"Subject:", b"no colon here\r\nSubject:"),
        INVITE.partition(b"\r\n\r\n")[0],
    ],
)
def test_what_is_no_sip_is_refused(data: bytes) -> None:
    with pytest.raises(SipError):
        parse(data)


@given(st.binary(max_size=300), st.integers(0, len(INVITE)), st.integers(0, len(INVITE)))
def test_no_bytes_break_the_reader(noise: bytes, start: int, end: int) -> None:
    for data in (noise, INVITE[:start] + noise + INVITE[end:]):
        try:
            message = parse(data)
        except SipError:
            continue
        assert message.branch is not None
        assert bytes(message)


def test_broken_utf8_in_a_name_survives() -> None:
    name = b"\xff\xc3(".decode("utf-8", "surrogateescape")
    address = Address(Uri("1", "h"), name)
    headers = Headers([("Via", "SIP/2.0/UDP h;branch=1"), ("From", str(address))])
    headers = Headers([*headers, ("To", "sip:h"), ("Call-ID", "1"), ("CSeq", "1 OPTIONS")])
    assert parse(bytes(Request(headers, b"", "OPTIONS", "sip:h"))).from_.display == name


def test_a_line_break_never_makes_a_header() -> None:
    with pytest.raises(ValueError, match="line break"):
        Headers([("Subject", "a\r\nEvil: b")])


@pytest.mark.parametrize(
    ("text", "display", "uri", "tag"),
    [
        ("<sip:a@h>", "", "sip:a@h", ""),
        ("sip:a@h;tag=x", "", "sip:a@h", "x"),
        ('"A, <B>" <sip:a@h:5061;lr>;tag=x;y', "A, <B>", "sip:a@h:5061;lr", "x"),
        ("Bob Bones <sip:h>", "Bob Bones", "sip:h", ""),
    ],
)
def test_addresses(text: str, display: str, uri: str, tag: str) -> None:
    address = Address.parse(text)
    assert (address.display, str(address.uri), address.tag) == (display, uri, tag)


@given(st.text(st.characters(exclude_characters="\r\n", exclude_categories=("Cs",))))
def test_any_display_name_is_read_back(name: str) -> None:
    assert Address.parse(str(Address(Uri("1", "h"), name)) + ";tag=t").display == name


def test_lists_are_split_outside_quotes_and_brackets() -> None:
    assert split_list('"a, \\"b" <sip:x,y>;q=1, <sip:z> , ') == [
        '"a, \\"b" <sip:x,y>;q=1',
        "<sip:z>",
    ]


# --- digest: the examples of RFC 2617 §3.5 and RFC 7616 §3.9.1


def test_digest_md5() -> None:
    challenge = (
        'Digest realm="testrealm@host.com", qop="auth,auth-int", '
        'nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"'
    )
    answer = Credentials("Mufasa", "Circle Of Life").answer(
        challenge, "GET", "/dir/index.html", "0a4f113b"
    )
    assert answer is not None
    assert 'response="6629fae49393a05397450978507c4ef1"' in answer
    assert 'opaque="5ccc069c403ebaf9f0171e9517f40e41"' in answer


def test_digest_sha256() -> None:
    challenge = (
        'Digest realm="http-auth@example.org", qop="auth", algorithm=SHA-256, '
        'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"'
    )
    answer = Credentials("Mufasa", "Circle of Life").answer(
        challenge, "GET", "/dir/index.html", "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
    )
    assert answer is not None
    assert "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1" in answer


@pytest.mark.parametrize(
    "challenge",
    ["Basic realm=x", 'Digest nonce="1", algorithm=ROT13', 'Digest nonce="1", qop="auth-int"'],
)
def test_a_challenge_beyond_us_is_not_answered(challenge: str) -> None:
    request = parse(INVITE)
    assert isinstance(request, Request)
    response = respond(request, 401, headers=[("WWW-Authenticate", challenge)])
    assert authorized(request, response, Credentials("a", "b"), 8) is None


def test_a_proxy_challenge_is_answered_in_its_own_header() -> None:
    request = parse(INVITE)
    assert isinstance(request, Request)
    response = respond(request, 407, headers=[("Proxy-Authenticate", 'Digest nonce="1"')])
    again = authorized(request, response, Credentials("a", "b"), 8)
    assert again is not None
    assert again.headers.get("Proxy-Authorization").startswith('Digest username="a"')
    assert again.cseq == (8, "INVITE")
    assert "Via" not in again.headers
