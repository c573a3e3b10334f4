"""SIP messages (RFC 3261): reading, writing, addresses and digest credentials. No I/O.

Text is UTF-8; bytes that are not survive a round trip as surrogates, so that a
test can send a broken caller name on purpose.
"""

import hashlib
import re
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Self

MAGIC = "z9hG4bK"  # every RFC 3261 branch begins so
METHODS = "INVITE, ACK, CANCEL, BYE, OPTIONS, NOTIFY, UPDATE, INFO"

REASONS = {
    100: "Trying",
    180: "Ringing",
    183: "Session Progress",
    200: "OK",
    202: "Accepted",
    302: "Moved Temporarily",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    480: "Temporarily Unavailable",
    481: "Call/Transaction Does Not Exist",
    486: "Busy Here",
    487: "Request Terminated",
    488: "Not Acceptable Here",
    489: "Bad Event",
    491: "Request Pending",
    500: "Server Internal Error",
    503: "Service Unavailable",
    603: "Decline",
}

_COMPACT = {
    "i": "call-id",
    "m": "contact",
    "e": "content-encoding",
    "l": "content-length",
    "c": "content-type",
    "f": "from",
    "s": "subject",
    "k": "supported",
    "t": "to",
    "v": "via",
    "r": "refer-to",
    "b": "referred-by",
    "o": "event",
}
_LISTS = {"via", "route", "record-route", "contact"}  # one line may hold several
_TOKEN = re.compile(r"^[A-Za-z0-9.!%*_+`'~-]+$")


class SipError(ValueError):
    """What arrived is not SIP."""


def new_tag() -> str:
    return secrets.token_hex(6)


def new_branch() -> str:
    return MAGIC + secrets.token_hex(10)


# --- headers ---------------------------------------------------------------


class Headers:
    """Header fields in their order; names are matched without case or short form."""

    def __init__(self, items: Iterable[tuple[str, str]] = ()) -> None:
        self._items: list[tuple[str, str, str]] = []
        for name, value in items:
            self.add(name, value)

    def add(self, name: str, value: str) -> None:
        """Raises ValueError for a value that would begin another header."""
        if "\r" in value or "\n" in value:
            raise ValueError(f"header {name} may not hold a line break")
        self._items.append((_key(name), name, value))

    def set(self, name: str, value: str) -> None:
        self.remove(name)
        self.add(name, value)

    def remove(self, name: str) -> None:
        key = _key(name)
        self._items = [item for item in self._items if item[0] != key]

    def get(self, name: str, default: str = "") -> str:
        key = _key(name)
        return next((value for found, _, value in self._items if found == key), default)

    def all(self, name: str) -> list[str]:
        """Every value of `name`, lists taken apart."""
        key = _key(name)
        values = [value for found, _, value in self._items if found == key]
        if key not in _LISTS:
            return values
        return [part for value in values for part in split_list(value)]

    def copy(self) -> "Headers":
        return Headers(self)

    def __contains__(self, name: str) -> bool:
        return any(found == _key(name) for found, _, _ in self._items)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return ((name, value) for _, name, value in self._items)


def _key(name: str) -> str:
    lower = name.lower()
    return _COMPACT.get(lower, lower)


def split_list(value: str) -> list[str]:
    """Split at commas that stand neither in quotes nor in angle brackets."""
    parts, start, quoted, angle, escaped = [], 0, False, False, False
    for index, char in enumerate(value):
        if escaped:
            escaped = False
        elif quoted:
            escaped = char == "\\"
            quoted = char != '"'
        elif char == '"':
            quoted = True
        elif char in "<>":
            angle = char == "<"
        elif char == "," and not angle:
            parts.append(value[start:index].strip())
            start = index + 1
    parts.append(value[start:].strip())
    return [part for part in parts if part]


# --- addresses -------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Uri:
    """A sip: address. `tail` is everything after the host: parameters and headers."""

    user: str
    host: str
    port: int | None = None
    tail: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        found = re.match(
            r"^sips?:(?:(?P<user>[^@;?]*)@)?(?P<host>\[[^]]+\]|[^:;?]+)"
            r"(?::(?P<port>\d{1,5}))?(?P<tail>[;?].*)?$",
            text.strip(),
            re.IGNORECASE | re.DOTALL,
        )
        if not found:
            raise SipError(f"no SIP address: {text[:80]!r}")
        port = int(found["port"]) if found["port"] else None
        return cls((found["user"] or "").split(":")[0], found["host"], port, found["tail"] or "")

    def __str__(self) -> str:
        user = f"{self.user}@" if self.user else ""
        port = "" if self.port is None else f":{self.port}"
        return f"sip:{user}{self.host}{port}{self.tail}"

    @property
    def address(self) -> tuple[str, int]:
        return self.host.strip("[]"), self.port or 5060


@dataclass(frozen=True, slots=True)
class Address:
    """A From, To or Contact: a name, a URI, parameters such as the tag."""

    uri: Uri
    display: str = ""
    params: tuple[tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        found = re.match(
            r'^\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"\s*|(?P<plain>[^<"]*?)\s*)'
            r"<(?P<uri>[^>]*)>(?P<params>.*)$",
            text,
            re.DOTALL,
        )
        if found:
            display = found["plain"] or re.sub(r"\\(.)", r"\1", found["quoted"] or "")
            return cls(Uri.parse(found["uri"]), display, _params(found["params"]))
        uri, _, params = text.partition(";")  # without <>, parameters belong to the header
        return cls(Uri.parse(uri), "", _params(params))

    def __str__(self) -> str:
        name = self.display.replace("\\", "\\\\").replace('"', '\\"')
        params = "".join(f";{key}={value}" if value else f";{key}" for key, value in self.params)
        return f'"{name}" <{self.uri}>{params}' if name else f"<{self.uri}>{params}"

    @property
    def tag(self) -> str:
        return dict(self.params).get("tag", "")

    def tagged(self, tag: str) -> "Address":
        return replace(self, params=(("tag", tag),) if tag else ())


def _params(text: str) -> tuple[tuple[str, str], ...]:
    pairs = (part.strip().partition("=") for part in text.split(";") if part.strip())
    return tuple((key.strip().lower(), value.strip()) for key, _, value in pairs)


# --- messages --------------------------------------------------------------


@dataclass(slots=True)
class Message:
    headers: Headers = field(default_factory=Headers)
    body: bytes = b""

    @property
    def call_id(self) -> str:
        return self.headers.get("Call-ID")

    @property
    def from_(self) -> Address:
        return Address.parse(self.headers.get("From"))

    @property
    def to(self) -> Address:
        return Address.parse(self.headers.get("To"))

    @property
    def contact(self) -> Uri | None:
        contacts = self.headers.all("Contact")
        return Address.parse(contacts[0]).uri if contacts else None

    @property
    def cseq(self) -> tuple[int, str]:
        number, _, method = self.headers.get("CSeq").partition(" ")
        return int(number), method.strip()

    @property
    def branch(self) -> str:
        return dict(_params(self.headers.all("Via")[0].partition(";")[2])).get("branch", "")

    @property
    def sent_by(self) -> str:
        return self.headers.all("Via")[0].partition(";")[0].split()[-1]

    def _encode(self, start: str) -> bytes:
        lines = [start, *(f"{name}: {value}" for name, value in self.headers)]
        lines += [f"Content-Length: {len(self.body)}", "", ""]
        return "\r\n".join(lines).encode("utf-8", "surrogateescape") + self.body


@dataclass(slots=True)
class Request(Message):
    method: str = ""
    uri: str = ""

    def __bytes__(self) -> bytes:
        return self._encode(f"{self.method} {self.uri} SIP/2.0")


@dataclass(slots=True)
class Response(Message):
    status: int = 0
    reason: str = ""

    def __bytes__(self) -> bytes:
        return self._encode(f"SIP/2.0 {self.status} {self.reason}")


def respond(
    request: Request,
    status: int,
    *,
    tag: str = "",
    headers: Iterable[tuple[str, str]] = (),
    body: bytes = b"",
) -> Response:
    """The response to `request` (RFC 3261 §8.2.6); `tag` completes its To."""
    ours = Headers(("Via", value) for value in request.headers.all("Via"))
    for name in ("From", "Call-ID", "CSeq"):
        ours.add(name, request.headers.get(name))
    to = request.to
    tagged = to if to.tag or status == 100 else to.tagged(tag or new_tag())
    ours.add("To", request.headers.get("To") if tagged is to else str(tagged))
    if status < 300:
        for route in request.headers.all("Record-Route"):
            ours.add("Record-Route", route)
    for name, value in headers:
        ours.add(name, value)
    return Response(ours, body, status, REASONS.get(status, "Unknown"))


def parse(data: bytes) -> Request | Response:
    """Read one datagram. Raises SipError when a field that every message needs is bad."""
    head, blank, body = data.partition(b"\r\n\r\n")
    if not blank:
        raise SipError("no blank line after the headers")
    text = re.sub(r"\r\n[ \t]+", " ", head.decode("utf-8", "surrogateescape"))
    start, *lines = text.split("\r\n")
    headers = Headers()
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not _TOKEN.match(name.strip()):
            raise SipError(f"no header: {line[:80]!r}")
        if _key(name.strip()) != "content-length":  # we count for ourselves when writing
            headers.add(name.strip(), value.strip().replace("\r", " ").replace("\n", " "))
        elif not value.strip().isdecimal() or int(value) > len(body):
            raise SipError("Content-Length is not the body's length")
        else:
            body = body[: int(value)]
    message = _started(start, headers, body)
    _check(message)
    return message


def _started(start: str, headers: Headers, body: bytes) -> Request | Response:
    words = start.split(" ", 2)
    if len(words) == 3 and words[0] == "SIP/2.0" and re.fullmatch(r"[1-6]\d\d", words[1]):
        return Response(headers, body, int(words[1]), words[2])
    if len(words) == 3 and words[2] == "SIP/2.0" and _TOKEN.match(words[0]):
        return Request(headers, body, words[0], words[1])
    raise SipError(f"no start line: {start[:80]!r}")


def _check(message: Request | Response) -> None:
    for name in ("Via", "From", "To", "Call-ID", "CSeq"):
        if not message.headers.get(name):
            raise SipError(f"{name} is missing")
    if not re.fullmatch(r"\d{1,10}\s+\S+", message.headers.get("CSeq")):
        raise SipError("CSeq is not a number and a method")
    _ = message.from_, message.to, message.contact  # each raises SipError


# --- digest ----------------------------------------------------------------

_HASHES = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who we are, for a Digest challenge (RFC 7616)."""

    user: str
    password: str

    def answer(self, challenge: str, method: str, uri: str, cnonce: str = "") -> str | None:
        """The (Proxy-)Authorization value; None when the challenge asks for what we lack."""
        scheme, _, rest = challenge.strip().partition(" ")
        asked = {
            key.lower(): value.strip('"')
            for key, value in re.findall(r'([\w-]+)\s*=\s*("[^"]*"|[^\s,]+)', rest)
        }
        algorithm = asked.get("algorithm", "MD5")
        qops = [qop.strip() for qop in asked.get("qop", "").split(",") if qop.strip()]
        if scheme.lower() != "digest" or algorithm.upper() not in _HASHES:
            return None
        if qops and "auth" not in qops:
            return None
        hasher = _HASHES[algorithm.upper()]

        def digest(*parts: str) -> str:
            return hasher(":".join(parts).encode()).hexdigest()

        realm, nonce = asked.get("realm", ""), asked.get("nonce", "")
        secret = digest(self.user, realm, self.password)
        wanted = digest(method, uri)
        fields = {"username": self.user, "realm": realm, "nonce": nonce, "uri": uri}
        bare = {"algorithm": algorithm}
        if qops:
            cnonce = cnonce or secrets.token_hex(8)
            fields["cnonce"] = cnonce
            bare |= {"qop": "auth", "nc": "00000001"}
            fields["response"] = digest(secret, nonce, "00000001", cnonce, "auth", wanted)
        else:
            fields["response"] = digest(secret, nonce, wanted)
        if "opaque" in asked:
            fields["opaque"] = asked["opaque"]
        quoted = [f'{key}="{value}"' for key, value in fields.items()]
        return "Digest " + ", ".join(quoted + [f"{key}={value}" for key, value in bare.items()])


def authorized(
    request: Request, response: Response, credentials: Credentials, cseq: int
) -> Request | None:
    """`request` again with the credentials that the 401 or 407 asks for, or None."""
    asked, given = (
        ("WWW-Authenticate", "Authorization")
        if response.status == 401
        else ("Proxy-Authenticate", "Proxy-Authorization")
    )
    answers = (
        credentials.answer(challenge, request.method, request.uri)
        for challenge in response.headers.all(asked)
    )
    answer = next((answer for answer in answers if answer), None)
    if answer is None:
        return None
    headers = request.headers.copy()
    headers.remove("Via")
    headers.set(given, answer)
    headers.set("CSeq", f"{cseq} {request.method}")
    return Request(headers, request.body, request.method, request.uri)
