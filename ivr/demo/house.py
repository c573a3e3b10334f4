"""A whole office on loopback: an Asterisk of its own, desk phones, a city and the service.

Used by the demo, the tests and the benches. Everything lives in one folder and
on free ports, so that any number of houses stand side by side.
"""

import asyncio
import contextlib
import json
import os
import secrets
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from ivr.demo.agent import Behaviour
from ivr.demo.city import City
from ivr.demo.phone import Phone
from ivr.demo.sound import Samples, read_wav
from ivr.errors import UserError
from ivr.pbx.asterisk import Asterisk
from ivr.pbx.dialplan import Account, Fresh, SipTrunk, render_fresh
from ivr.pbx.install import find_or_install
from ivr.settings import Settings
from ivr.settings_file import write

CITY_HOST = "127.0.0.2"  # Asterisk knows the trunk by its address


def free_port(kind: int = socket.SOCK_STREAM, host: str = "127.0.0.1") -> int:
    """A port nobody uses now."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def _rtp_range(ports: int = 2000) -> tuple[int, int]:
    first = 10_000 + 2 * secrets.randbelow((32_000 - ports - 10_000) // 2)
    return first, first + ports


@dataclass
class House:
    """An office that is open; see `open_house`."""

    folder: Path
    settings: Settings
    asterisk: Asterisk
    city: City
    accounts: Mapping[str, Account]
    phones: dict[str, Phone] = field(default_factory=dict)
    service: asyncio.subprocess.Process | None = None

    @property
    def config(self) -> Path:
        return self.folder / "ivr.toml"

    @property
    def server(self) -> tuple[str, int]:
        return (self.asterisk.fresh.sip_host, self.asterisk.fresh.sip_port)

    @property
    def url(self) -> str:
        return f"http://{self.settings.web.host}:{self.settings.web.port}"

    def prompt(self, name: str) -> Path:
        return self.settings.paths.prompts / self.settings.site.language / f"{name}.wav"

    def samples(self, name: str) -> Samples:
        """A prompt as it is heard on the phone."""
        return read_wav(self.prompt(name))

    @staticmethod
    def now() -> float:
        """The clock of the calls' histories, in seconds."""
        return time.monotonic()

    async def phone(
        self, ext: str, *, behaviour: Behaviour | None = None, silent: bool = False
    ) -> Phone:
        """Plug in and register the phone of extension `ext`."""
        account = self.accounts[ext]
        phone = Phone(
            account.user, account.password, self.server, behaviour=behaviour, silent=silent
        )
        await phone.__aenter__()
        self.phones[ext] = phone
        await phone.register()
        return phone

    async def unplug(self, ext: str) -> None:
        await self.phones.pop(ext).close()

    async def start_service(self, timeout_s: float = 20.0) -> None:
        """Start `ivr serve` and wait until it watches Asterisk."""
        log = (self.folder / "ivr.log").open("ab")
        with log:
            self.service = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "ivr", "serve", "--config", str(self.config),
                stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log,
                env=os.environ | {"PYTHONUNBUFFERED": "1"}, start_new_session=True,
            )  # fmt: skip
        try:
            async with asyncio.timeout(timeout_s):
                await self.until_healthy()
        except TimeoutError:
            raise UserError(f"ivr did not start: {self._last_words()}") from None

    async def until_healthy(self) -> None:
        """Wait until the service says that it watches Asterisk."""
        while True:
            if self.service is not None and self.service.returncode is not None:
                raise UserError(f"ivr ended: {self._last_words()}")
            with contextlib.suppress(aiohttp.ClientError):
                health = await self.get("/healthz")
                if health["components"]["ami"]["ok"]:
                    return
            await asyncio.sleep(0.05)

    def _last_words(self) -> str:
        with contextlib.suppress(OSError):
            lines = (self.folder / "ivr.log").read_text(errors="replace").splitlines()
            return " / ".join(lines[-3:])
        return "it said nothing"

    async def get(self, path: str, **query: Any) -> Any:
        """The JSON of the service's `path`."""
        return await self._ask("GET", path, params=query)

    async def post(self, path: str, **body: Any) -> Any:
        return await self._ask("POST", path, json=body)

    async def _ask(self, method: str, path: str, **options: Any) -> Any:
        token_file = self.settings.paths.data / "api-token"
        headers = {}
        if token_file.exists():
            headers["Authorization"] = f"Bearer {token_file.read_text().strip()}"
        async with (
            aiohttp.ClientSession(headers=headers) as http,
            http.request(method, self.url + path, **options) as response,
        ):
            return await response.json(content_type=None)

    async def stop_service(self, *, kill: bool = False) -> None:
        """SIGTERM and wait for it to drain; with `kill`, SIGKILL."""
        if self.service is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self.service.send_signal(signal.SIGKILL if kill else signal.SIGTERM)
        try:
            async with asyncio.timeout(15):
                await self.service.wait()
        except TimeoutError:
            self.service.kill()
            await self.service.wait()
        self.service = None


def fresh_settings(settings: Settings, folder: Path, *, ami_port: int | None = None) -> Settings:
    """`settings` made to live in `folder`: free ports, a new secret, paths inside.

    `ami_port` is where the service finds AMI when that is not Asterisk itself
    (a fault proxy).
    """
    fresh = Settings.model_validate(
        settings.model_dump()
        | {
            "ami": settings.ami.model_dump()
            | {"port": ami_port or free_port(), "secret": secrets.token_urlsafe(18)},
            "web": settings.web.model_dump() | {"port": free_port()},
            "media": settings.media.model_dump() | {"port": free_port()},
        }
    )
    paths = fresh.paths.model_copy(
        update={
            "data": folder / "data",
            "prompts": fresh.paths.prompts,
            "cel": folder / "asterisk" / "log" / "cel-custom" / "ivr.csv",
        }
    )
    return fresh.model_copy(update={"paths": paths})


@asynccontextmanager
async def open_house(
    settings: Settings,
    folder: Path,
    *,
    accounts: Iterable[Account] | None = None,
    phones: Sequence[str] = (),
    service: bool = True,
    service_ami_port: int | None = None,
    asterisk_ami_port: int | None = None,
    extra_dialplan: str = "",
) -> AsyncIterator[House]:
    """Open an office in `folder`; whatever was started has ended when it closes.

    `phones` are plugged in at once. With `service_ami_port` the service goes
    through a proxy at that port instead of to Asterisk directly.
    """
    installed = await asyncio.to_thread(find_or_install)
    settings = fresh_settings(settings, folder, ami_port=asterisk_ami_port)
    async with AsyncExitStack() as stack:
        city = await stack.enter_async_context(City(CITY_HOST))
        if accounts is None:
            accounts = [
                Account(phone.ext, phone.name or phone.ext, phone.ext)
                for phone in settings.phones
                if not phone.outside
            ]
        by_user = {account.user: account for account in accounts}
        first, last = _rtp_range()
        fresh = Fresh(
            folder=folder / "asterisk",
            modules=installed.modules,
            data=installed.data,
            sip_port=free_port(socket.SOCK_DGRAM),
            rtp_first=first,
            rtp_last=last,
            accounts=list(by_user.values()),
            trunks=[SipTrunk("city", CITY_HOST, city.port)],
            media_port=settings.media.port,
            extra_dialplan=extra_dialplan,
        )
        render_fresh(settings, fresh)
        asterisk = Asterisk(installed, fresh)
        served = settings
        if service_ami_port is not None:
            ami = settings.ami.model_copy(update={"port": service_ami_port})
            served = settings.model_copy(update={"ami": ami})
        house = House(folder, served, asterisk, city, by_user)
        write(served, house.config, force=True)
        await asterisk.start()
        stack.push_async_callback(asterisk.stop)
        stack.push_async_callback(_unplug_all, house)
        for ext in phones:
            await house.phone(ext)
        if service:
            stack.push_async_callback(house.stop_service)
            await house.start_service()
        yield house


async def _unplug_all(house: House) -> None:
    await asyncio.gather(*(phone.close() for phone in house.phones.values()))


def write_phones(
    house: House,
    file: Path,
    users: Iterable[str],
    hotline: str,
    pages: Mapping[str, str] | None = None,
) -> None:
    """The accounts that a softphone may use while the house is open, as JSON.

    `pages`: login → password of those who may sign in to the pages.
    """
    host, port = house.server
    data = {
        "registrar": f"sip:{host}:{port};transport=udp",
        "hotline": hotline,
        "pages": {"url": house.url, "accounts": dict(pages or {})},
        "accounts": [
            {
                "user": account.user,
                "password": account.password,
                "title": account.title,
                "number": account.number,
            }
            for account in (house.accounts[user] for user in users)
        ],
    }
    file.touch(mode=0o600)
    file.write_text(json.dumps(data, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
