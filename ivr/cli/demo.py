"""`ivr demo`: a working day of real calls on an Asterisk of its own."""

import asyncio
import contextlib
import io
import re
import shutil
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import aiohttp
import typer
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from ivr.cache import cache_dir
from ivr.calls import numbers
from ivr.cli import options
from ivr.cli.prompts import bar
from ivr.demo import day, staff
from ivr.demo.behaviours import answer
from ivr.demo.call import Call
from ivr.demo.house import House, free_port, open_house, write_phones
from ivr.demo.scenes import SCENES, Scene
from ivr.demo.sound import Samples, read_wav
from ivr.demo.stage import FRONT_DESK
from ivr.errors import UserError
from ivr.pbx.install import find_or_install
from ivr.pbx.testing import FaultProxy
from ivr.settings import Settings
from ivr.talk import prompts
from ivr.talk.voice import choose
from ivr.talk.voice.studio import Studio
from ivr.web.access import ROLE_WORDS

REPORT = Path("demo-report.json")
PHONES = Path("demo-phones.json")
REFRESH_S = 0.25
OWNER_SAYS = "你好，我家厨房水管漏水了，请派人来看一下。"
CLERK_SAYS = "您好，阳光花园物业，请问有什么可以帮您？"

Once = Annotated[bool, typer.Option("--once", help="演一遍就结束 · play the day once, then exit")]
Only = Annotated[list[str] | None, typer.Option("--scene", help="只演这些场景 · only these scenes")]
Picture = Annotated[
    Path | None, typer.Option(help="最忙时刻的画面存成 SVG · the busiest moment as an SVG picture")
]
Keep = Annotated[bool, typer.Option("--keep", help="保留工作目录 · keep the working folder")]


def demo(
    once: Once = False, scene: Only = None, keep: Keep = False, picture: Picture = None
) -> None:
    """演示：一天真实的来电 · a working day of calls on a real Asterisk, on loopback"""
    chosen = [each for each in SCENES if not scene or each.name in scene]
    if scene and len(chosen) != len(set(scene)):
        names = ", ".join(each.name for each in SCENES)
        raise UserError(f"There is no such scene; the scenes are: {names}")
    screen = Wallboard(options.console())
    passed = asyncio.run(_demo(chosen, screen, once=once, keep=keep))
    if picture is not None:
        screen.save(picture)
    if once and not passed:
        raise typer.Exit(1)


async def _demo(scenes: Sequence[Scene], screen: "Wallboard", *, once: bool, keep: bool) -> bool:
    begun = time.monotonic()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    folder = Path(tempfile.mkdtemp(prefix="ivr-demo-"))
    try:
        work = asyncio.create_task(_play(scenes, folder, screen, begun, once=once, stop=stop))
        stopped = asyncio.create_task(stop.wait())
        await asyncio.wait([work, stopped], return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if not work.done():
            with contextlib.suppress(TimeoutError):
                # _stay() ends by itself; a scene in the middle of a call has to be stopped
                async with asyncio.timeout(1 if screen.finished else 0):
                    await asyncio.shield(work)
        if work.done():
            return work.result()
        work.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await work
        screen.out.print("已结束 · stopped")
        return False
    finally:
        if keep:
            screen.out.print(f"工作目录 · working folder: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)


async def _play(
    scenes: Sequence[Scene],
    folder: Path,
    screen: "Wallboard",
    begun: float,
    *,
    once: bool,
    stop: asyncio.Event,
) -> bool:
    base, out = Settings(), screen.out
    rendered, voices = await _set_up(base, out, scenes)
    settings = day.office(scenes, rendered, base, datetime.now(base.site.zone))
    ami_port = free_port()
    async with (
        FaultProxy("127.0.0.1", ami_port) as proxy,
        open_house(
            settings,
            folder,
            accounts=day.accounts(settings),
            service_ami_port=proxy.port,
            asterisk_ami_port=ami_port,
        ) as house,
    ):
        users = [*day.FREE_DESKS, day.FREE_OWNER]
        members = await staff.move_in(house, day.FREE_DESKS[0])
        write_phones(
            house, PHONES, users, day.HOTLINE, {each.login: each.password for each in members}
        )
        out.print(_addresses(house, members, time.monotonic() - begun))
        async with screen.showing(house):
            results = await day.play(house, proxy, scenes, voices, screen.played)
        screen.finished = True
        day.write_report(results, REPORT)
        out.print(_results(results))
        passed = all(each.passed for each in results)
        verdict = "全部通过 · every scene passed" if passed else "有场景未通过 · some scenes failed"
        out.print(f"{verdict}, {time.monotonic() - begun:.0f} s → {REPORT}")
        if not once:
            await _stay(house, out, voices[1], stop)
        return passed


async def _set_up(
    base: Settings, out: Console, scenes: Sequence[Scene]
) -> tuple[Path, tuple[Samples, Samples]]:
    """Everything that takes long the first time: Asterisk, voices, prompts, pages, ears."""
    await asyncio.to_thread(find_or_install, lambda what: out.print(f"  {what}"))
    rendered = cache_dir() / "demo-prompts"
    language = base.site.language
    with bar("") as progress:
        report = await prompts.build(base, language, rendered, progress)
        if report.lacking:
            out.print(f"  没有用上最好的嗓音 · not the best voice: {report.lacking}")
        async with Studio(choose.second(language), language) as studio:
            owner = await studio.render(OWNER_SAYS)
        async with Studio(choose.choose(language), language) as studio:
            clerk = await studio.render(CLERK_SAYS)
        for scene in scenes:
            if scene.set_up is not None:
                await scene.set_up(base, progress)
    return rendered, (read_wav(owner.files[8000]), read_wav(clerk.files[8000]))


def _addresses(house: House, members: Sequence[staff.Member], seconds: float) -> Group:
    host, port = house.server
    return Group(
        Text(f"ivr 已就绪 · ready in {seconds:.1f} s", style="bold green"),
        Text(f"  打开网页 · open the pages: {house.url}/", style="bold"),
        *(Text(f"    {each.login}  {each.password}  {ROLE_WORDS[each.role]}") for each in members),
        Text(f"  {house.url}/healthz   {house.url}/metrics   {house.url}/api/docs"),
        Text(f"  自带话机 · bring your own phone: sip:{host}:{port} (UDP), 热线 {day.HOTLINE}"),
        *(
            Text(f"    {account.user}  {account.password}  {role}")
            for user, role in (
                (day.FREE_DESKS[0], "前台 desk"),
                (day.FREE_DESKS[1], "前台 desk"),
                (day.FREE_OWNER, "业主 owner in the city"),
            )
            for account in (house.accounts[user],)
        ),
        Text(f"  也写在 · also in {PHONES}"),
    )


class Wallboard:
    """The calls live on a terminal; a line per scene where there is none."""

    def __init__(self, out: Console) -> None:
        self.out = out
        self.finished = False
        self._played: list[day.Played] = []
        self._busiest: tuple[int, Group] = (0, Group())

    def played(self, played: day.Played) -> None:
        """A scene has ended."""
        self._played.append(played)
        if not self.out.is_terminal:
            mark = "✓" if played.passed else "✗"
            scene = played.scene
            self.out.print(f"{mark} {scene.title}  {scene.name}  {played.seconds:.1f} s")

    @contextlib.asynccontextmanager
    async def showing(self, house: House) -> AsyncIterator[None]:
        """Follow what goes on in `house` meanwhile."""
        live = Live(console=self.out, auto_refresh=False, transient=True)
        if self.out.is_terminal:
            live.start()
        task = asyncio.create_task(self._follow(house, live))
        try:
            yield
        finally:
            task.cancel()
            live.stop()

    async def _follow(self, house: House, live: Live) -> None:
        while True:
            try:
                state = await house.get("/api/v1/live")
            except (OSError, aiohttp.ClientError):
                state = None  # a scene has killed it
            board = _board(state, self._played)
            calls = len(state["calls"]) if state else 0
            if calls > self._busiest[0]:
                self._busiest = (calls, board)
            if self.out.is_terminal:
                live.update(board, refresh=True)
            await asyncio.sleep(REFRESH_S)

    def save(self, file: Path) -> None:
        """The busiest moment as a picture."""
        paper = Console(record=True, width=92, file=io.StringIO())
        paper.print(Text("$ make demo", style="bold"), self._busiest[1], sep="\n")
        picture = paper.export_svg(title="ivr demo")
        # rich names a font server; the reader's own monospace font does
        picture = re.sub(r"@font-face \{.*?\}\s*", "", picture, flags=re.DOTALL)
        file.write_text(picture, encoding="utf-8")


def _board(state: dict[str, Any] | None, played: list[day.Played]) -> Group:
    table = Table(box=None, pad_edge=False, title="正在进行 · live", title_justify="left")
    for heading in ("响 rings", "业主 caller", "分机 phones", "状态 state", "秒 s"):
        table.add_column(heading)
    if state is None:
        table.add_row("", "", "", Text("ivr 没有应答 · no answer", style="bold red"), "")
    for call in state["calls"] if state else ():
        table.add_row(*_row(call))
    marks = [
        Text(
            f"{'✓' if each.passed else '✗'} {each.scene.title}",
            style="green" if each.passed else "red",
        )
        for each in played
    ]
    return Group(table, Text(""), *marks)


def _row(call: dict[str, Any]) -> tuple[Text | str, ...]:
    ringing = call["state"] == "ringing"
    rings = min(4, call["rings"] or 0) if ringing else 0
    style = "bold red" if call["breach"] else "yellow" if call["at_risk"] else "blue"
    phones = " ".join(
        f"{phone['ext']}{'●' if phone['talking'] else ''}"
        for phone in call["phones"]
        if phone["outcome"] is None
    )
    return (
        Text("●" * rings + "○" * max(0, 3 - rings), style=style) if ringing else "",
        f"{numbers.mask(call['caller'])} → {call['called']}",
        phones,
        Text(
            STATES.get(call["state"], call["state"]),
            style="green" if call["state"] == "talking" else style,
        ),
        f"{call['ring_s']:.0f}" if call["ring_s"] is not None else "",
    )


STATES = {
    "arriving": "接入 arriving",
    "ringing": "振铃 ringing",
    "talking": "通话 talking",
    "system_answered": "系统代接 answered by system",
}


def _results(results: Sequence[day.Played]) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("", "场景 scene", "秒 s", "关键测量 measured"):
        table.add_column(heading)
    for each in results:
        shown = [check for check in each.checks if check.measured.endswith(" s")][:3]
        failed = [check for check in each.checks if not check.passed]
        text = (
            "; ".join(f"{c.what}: {c.measured}" for c in shown)
            if each.passed
            else each.error or "; ".join(f"{c.what}: {c.measured}，应 {c.expected}" for c in failed)
        )
        table.add_row(
            Text("✓", style="green") if each.passed else Text("✗", style="red"),
            f"{each.scene.title}\n{each.scene.name}", f"{each.seconds:.1f}", Text(text),
        )  # fmt: skip
    return table


async def _stay(house: House, out: Console, says: Samples, stop: asyncio.Event) -> None:
    """Stay up for whoever brings a phone; the front desk answers after two rings."""
    await house.unplug(FRONT_DESK)

    async def greet(call: Call) -> None:
        await call.pause(0.5)
        await call.say(says)

    await house.phone(FRONT_DESK, behaviour=answer(7.0, greet))
    out.print(f"仍在运行；拨 {day.HOTLINE} 试试。Ctrl-C 结束 · still up, Ctrl-C ends it")
    await stop.wait()
