"""A small telephone exchange on a real Asterisk, so that the phones can be tried on it."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ivr.demo.phone import Phone
from ivr.demo.sound import Samples, write_wav
from ivr.pbx.asterisk import Asterisk
from ivr.pbx.dialplan import Account, Fresh, SipTrunk, render_fresh
from ivr.pbx.install import find_or_install
from ivr.settings import Ami, Settings

PHONES = ("101", "102", "103")

# 1xx rings a phone; the rest are services to try one thing each.
DIALPLAN = """
[general]
static = yes

[exchange]
exten => _10X,1,Dial(PJSIP/${EXTEN},30)
 same => n,Hangup()
exten => _1[3-9]XXXXXXXXX,1,Dial(PJSIP/${EXTEN}@city,30)
 same => n,Hangup()
; a chime a second after the answer, then another
exten => 700,1,Answer()
 same => n,Wait(1)
 same => n,Playback(%(sounds)s/first)
 same => n,Wait(0.5)
 same => n,Playback(%(sounds)s/second)
 same => n,Wait(1)
 same => n,Hangup()
exten => 701,1,Answer()
 same => n,Echo()
exten => 702,1,Progress()
 same => n,Playback(%(sounds)s/first,noanswer)
 same => n,Hangup(1)
exten => 703,1,Answer()
 same => n,Read(GOT,,4,,,5)
 same => n,SendDTMF(${GOT},100,120)
 same => n,Wait(0.3)
 same => n,Hangup()
; the caller hears the exchange's own ringing tone
exten => 704,1,Answer()
 same => n,Dial(PJSIP/103,20,r)
 same => n,Hangup()
exten => 486,1,Hangup(17)

[ivr-transfer]
include => exchange

[ivr-from-trunk]
exten => _X.,1,Goto(exchange,${EXTEN:-3},1)
"""


@dataclass(frozen=True)
class Exchange:
    asterisk: Asterisk
    server: tuple[str, int]
    city_port: int
    passwords: dict[str, str]
    sounds: dict[str, Samples]

    def phone(self, user: str, **options: object) -> Phone:
        return Phone(user, self.passwords[user], self.server, **options)  # type: ignore[arg-type]


def free_port(host: str = "127.0.0.1") -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def chime(seed: int, seconds: float = 1.5) -> Samples:
    """A sound like no other: syllables of random tones with gaps, as speech has."""
    draw = np.random.default_rng(seed)
    parts = []
    while sum(map(len, parts)) < seconds * 8000:
        t = np.arange(int(draw.uniform(0.08, 0.25) * 8000)) / 8000
        swept = draw.uniform(300, 2500) + draw.uniform(-1500, 1500) * t
        parts += [np.sin(2 * np.pi * swept * t) * np.hanning(len(t)) * 12000]
        parts += [np.zeros(int(draw.uniform(0, 0.06) * 8000))]
    return np.concatenate(parts)[: int(seconds * 8000)].astype(np.int16)


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Exchange]:
    """An exchange in `folder` until the end of the block."""
    sounds = {"first": chime(1), "second": chime(2)}
    for name, sound in sounds.items():
        write_wav(folder / f"{name}.wav", sound)
    installed = find_or_install()
    accounts = [Account(user, user, user, "exchange") for user in PHONES]
    first_rtp = free_port() % 20000 + 20000 & ~1
    fresh = Fresh(
        folder,
        installed.modules,
        installed.data,
        free_port(),
        first_rtp,
        first_rtp + 400,
        accounts,
        [SipTrunk("city", "127.0.0.2", free_port("127.0.0.2"))],
    )
    render_fresh(Settings(ami=Ami(port=free_port(), secret="not used")), fresh)
    (fresh.etc / "extensions.conf").write_text(DIALPLAN % {"sounds": folder})
    with (fresh.etc / "modules.conf").open("a") as modules:
        # A transfer within 30 ms of an answer leaves one side deaf now and then (22.10).
        modules.write("\nnoload = bridge_native_rtp.so\n")
    asterisk = Asterisk(installed, fresh)
    await asterisk.start()
    try:
        yield Exchange(
            asterisk,
            ("127.0.0.1", fresh.sip_port),
            fresh.trunks[0].port,
            {account.user: account.password for account in accounts},
            sounds,
        )
    finally:
        await asterisk.stop()
