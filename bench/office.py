"""The office that the benches load: one hotline, its desks, the real service."""

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from bench import sipp
from ivr.cache import cache_dir
from ivr.demo.house import House, open_house
from ivr.settings import Ladder, Line, Paths, Phone, Recording, Settings, Trunk
from ivr.talk import prompts

HOTLINE = "4008001234"


def settings(rendered: Path, desks: int, backups: int = 0, *, recording: bool = True) -> Settings:
    """`desks` phones ring at once, `backups` more at ring 3; all else is as it comes."""
    exts = [str(201 + n) for n in range(desks + backups)]
    ladder = Ladder(primary=exts[:desks], backup=exts[desks:])
    return Settings(
        phones=[Phone(ext=ext, device=f"PJSIP/{ext}") for ext in exts],
        trunks=[Trunk(device="PJSIP/city")],
        lines=[Line(name="service", did=[HOTLINE], ladders=[ladder])],
        paths=Paths(prompts=rendered),
        recording=Recording(enabled=recording),
    )


async def rendered_prompts() -> Path:
    """Those of the demo; made at the first run."""
    base = Settings()
    folder = cache_dir() / "demo-prompts"
    await prompts.build(base, base.site.language, folder, lambda what, share: None)
    return folder


@asynccontextmanager
async def office(
    desks: int, backups: int = 0, *, recording: bool = True, service: bool = True
) -> AsyncIterator[House]:
    """Open it in a folder of its own, which goes when it closes."""
    prompts_at = await rendered_prompts()
    with tempfile.TemporaryDirectory(prefix="ivr-bench-") as folder:
        wanted = settings(prompts_at, desks, backups, recording=recording)
        async with open_house(wanted, Path(folder), service=service) as house:
            yield house


@asynccontextmanager
async def sipp_desks(
    house: House, scenario: str, pick_up_s: float = 0, timeout_s: float = 40.0
) -> AsyncIterator["asyncio.subprocess.Process"]:
    """Every phone of the office is sipp; Asterisk has seen that each one answers."""
    accounts = list(house.accounts.values())
    async with sipp.desks(house.folder, house.server, accounts, scenario, pick_up_s) as process:
        async with asyncio.timeout(timeout_s):
            while await _answering(house) < len(accounts):  # noqa: ASYNC110
                await asyncio.sleep(0.2)
        yield process


async def _answering(house: House) -> int:
    """Phones that answered Asterisk's last OPTIONS."""
    return (await house.asterisk.cli("pjsip show contacts")).count(" Avail ")


def tell(words: str) -> None:
    """Progress, beside the JSON."""
    print(words, file=sys.stderr, flush=True)


def exts(house: House) -> Sequence[str]:
    return [phone.ext for phone in house.settings.phones]
