"""What must be right before an office can trust the service."""

import asyncio
import re
import shutil
import time
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from ivr.desk import calendar, ladder
from ivr.pbx.install import OLDEST, parse_version
from ivr.pbx.session import ActionFailed, ActionTimeout, ConnectionLost, Session
from ivr.pbx.switch import Switch
from ivr.settings import Settings
from ivr.talk.speech.choose import KEYS, choose

CONTEXTS = ("ivr-from-trunk", "ivr-line", "ivr-wait", "ivr-transfer", "ivr-dids", "ivr-click")
RIGHTS_READ = {"system", "call", "user"}
MUSIC = ("ivr-greet", "ivr-sorry-a", "ivr-hold-a")
JSON_MEDIA = (22, 8)  # chan_websocket with f(json)
LOW_BYTES = 2 * 1024**3
CLOCK_S = 2.0


class Finding(NamedTuple):
    name: str
    ok: bool
    what: str
    cure: str = ""


async def examine(settings: Settings) -> list[Finding]:
    """Look at everything; never raises for what it finds."""
    findings = [
        *_lines(settings),
        *_prompts(settings),
        _speech(settings),
        _disk(settings.paths.data),
        _cel(settings),
    ]
    return [*[found async for found in _asterisk(settings)], *findings]


async def _asterisk(settings: Settings) -> AsyncIterator[Finding]:
    async with Session(settings.ami) as session:
        try:
            async with asyncio.timeout(settings.ami.timeout_s + 3):
                await session.wait_booted()
        except TimeoutError:
            yield Finding("AMI", False, session.state.error or "no answer", _ami_cure(settings))
            return
        yield Finding("AMI", True, f"{settings.ami.host}:{settings.ami.port}, {settings.ami.user}")
        switch = Switch(session)
        for check in (_clock, _rights, _phones, _version, _dialplan, _music, _media):
            try:
                yield await check(settings, switch, session)
            except ActionFailed:
                continue  # for want of a right, and _rights says which
            except (ActionTimeout, ConnectionLost) as error:
                yield Finding(check.__name__.lstrip("_"), False, str(error), _ami_cure(settings))


def _ami_cure(settings: Settings) -> str:
    return (
        f"manager.conf: [general] enabled=yes, port={settings.ami.port}; "
        f"[{settings.ami.user}] as `ivr dialplan render` writes it; then `manager reload`"
    )


async def _clock(settings: Settings, switch: Switch, session: Session) -> Finding:
    said = await switch.now()
    if said is None:
        return Finding(
            "时间戳 timestamps", False, "AMI events carry no Timestamp",
            "manager.conf: [general] timestampevents=yes, then `manager reload`",
        )  # fmt: skip
    off = abs(time.time() - said)
    return Finding(
        "时钟 clock", off < CLOCK_S, f"differs from Asterisk's by {off:.1f} s",
        "let both machines keep time by the same NTP server",
    )  # fmt: skip


async def _rights(settings: Settings, switch: Switch, session: Session) -> Finding:
    lacking = {"write": await switch.lacking_rights(), "read": set[str]()}
    if "command" in lacking["write"]:  # of the read rights, only the effect is seen
        if session.state.error:
            lacking["read"] = {"system"}
    else:
        shown = await switch.command(f"manager show user {settings.ami.user}")
        lacking["read"] = RIGHTS_READ - _read_rights(shown)
    missing = "; ".join(
        f"{kind} = {', '.join(sorted(rights))}" for kind, rights in lacking.items() if rights
    )
    return Finding(
        "权限 rights", not missing,
        f"missing: {missing}" if missing else "read and write classes suffice",
        f"manager.conf, [{settings.ami.user}]: read and write as `ivr dialplan render` writes them",
    )  # fmt: skip


def _read_rights(shown: str) -> set[str]:
    """From what `manager show user` tells."""
    found = re.search(r"^\s*read perm:(.*)$", shown, flags=re.MULTILINE)
    rights = {right.strip() for right in found[1].split(",")} if found else set[str]()
    return RIGHTS_READ if "all" in rights else rights


async def _version(settings: Settings, switch: Switch, session: Session) -> Finding:
    said = (await switch.command("core show version")).strip()
    version = parse_version(said)
    return Finding(
        "Asterisk", version >= OLDEST, said.split(" built")[0],
        f"version {OLDEST[0]}.{OLDEST[1]} or later is needed",
    )  # fmt: skip


async def _dialplan(settings: Settings, switch: Switch, session: Session) -> Finding:
    missing = []
    for context in CONTEXTS:
        shown = await switch.command(f"dialplan show {context}")
        if "Context '" not in shown:
            missing.append(context)
    return Finding(
        "拨号方案 dialplan", not missing,
        f"not loaded: {', '.join(missing)}" if missing else "our contexts are loaded",
        "`ivr dialplan render DIR`, #include as its README.txt says, then `dialplan reload`",
    )  # fmt: skip


async def _music(settings: Settings, switch: Switch, session: Session) -> Finding:
    shown = await switch.command("moh show classes")
    missing = [name for name in MUSIC if f"Class: {name}" not in shown]
    return Finding(
        "等待音 waiting", not missing,
        f"no music class {', '.join(missing)}" if missing else "music classes are loaded",
        "#include ivr_musiconhold.conf in musiconhold.conf, then `moh reload`",
    )  # fmt: skip


async def _media(settings: Settings, switch: Switch, session: Session) -> Finding:
    shown = await switch.command("module show like chan_websocket")
    running = "Running" in shown
    said = await switch.command("core show version")
    if running and parse_version(said) < JSON_MEDIA:
        return Finding(
            "媒体通道 media road", False,
            "this Asterisk is too old for calls by the system (the hotline works)",
            f"Asterisk {JSON_MEDIA[0]}.{JSON_MEDIA[1]} or later",
        )  # fmt: skip
    return Finding(
        "媒体通道 media road", running,
        "chan_websocket is loaded" if running else "chan_websocket is not loaded",
        "modules.conf: load = chan_websocket.so (Asterisk 22.6 or later)",
    )  # fmt: skip


async def _phones(settings: Settings, switch: Switch, session: Session) -> Finding:
    states = await switch.device_states()
    away = [
        phone.ext
        for phone in settings.phones
        if not phone.outside and states.get(phone.device, "INVALID") in {"INVALID", "UNAVAILABLE"}
    ]
    return Finding(
        "分机 phones", not away,
        f"not registered: {', '.join(away)}" if away else f"all {len(settings.phones)} are there",
        "plug them in, or take them out of [[phones]] and the ladders",
    )  # fmt: skip


def _lines(settings: Settings) -> list[Finding]:
    if not settings.lines:
        return [
            Finding(
                "热线 lines", False, "ivr.toml has no [[lines]]", "`ivr init` writes an example"
            )
        ]
    found = []
    now = datetime.now(settings.site.zone)
    for line in settings.lines:
        gaps = ladder.gaps(line, now)
        found.append(
            Finding(
                f"值班 {line.name}", not gaps,
                f"{len(gaps)} spans of the next 7 days have no ladder; the last one answers"
                if gaps else "somebody answers at every hour of the next 7 days",
                "add a ladder with hours = \"00:00-24:00\" at the end of the line",
            )
        )  # fmt: skip
    warning = calendar.warning(now.date())
    if warning:
        found.append(Finding("日历 calendar", False, warning, "update the package chinesecalendar"))
    return found


def _prompts(settings: Settings) -> list[Finding]:
    folder = settings.paths.prompts / settings.site.language
    there = sorted(folder.glob("*.wav")) if folder.is_dir() else []
    needed = ("greeting-busy", "please-wait-transfer", "sorry-wait", "recording-notice", "music")
    missing = [name for name in needed if not (folder / f"{name}.wav").exists()]
    return [
        Finding(
            "提示音 prompts", not missing,
            f"missing: {', '.join(missing)}" if missing else f"{len(there)} are rendered",
            "`ivr prompts build`",
        )
    ]  # fmt: skip


def _speech(settings: Settings) -> Finding:
    chosen = choose(settings.speech, settings.site.language)
    wanted = settings.speech.engine == KEYS
    return Finding(
        "语音识别 speech", wanted or chosen.engine is not None, f"{chosen.name}: {chosen.why}",
        "`ivr models install`; until then answers are taken by key",
    )  # fmt: skip


def _disk(data: Path) -> Finding:
    folder = data
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    return Finding(
        "磁盘 disk", free > LOW_BYTES, f"{free / 1024**3:.1f} GB free",
        "make room, or lower recording.retention_days",
    )  # fmt: skip


def _cel(settings: Settings) -> Finding:
    path = settings.paths.cel
    if path is None:
        return Finding(
            "补录 repair", False, "paths.cel is not set: calls during an outage of ivr go unlogged",
            "merge ivr_cel.conf and ivr_cel_custom.conf, then set paths.cel",
        )  # fmt: skip
    return Finding(
        "补录 repair", path.parent.exists(), str(path),
        "Asterisk writes this file at the first call; check cel_custom.conf",
    )  # fmt: skip
