"""The working day: which office it needs, and playing it."""

import asyncio
import json
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from ivr.demo.call import CallEnded, Refused
from ivr.demo.callback import CALLBACKS, SPEECH
from ivr.demo.house import House
from ivr.demo.outage import DIALER
from ivr.demo.scenes import Scene
from ivr.demo.sound import Samples
from ivr.demo.stage import FRONT_DESK, Check, Stage
from ivr.errors import UserError
from ivr.pbx.dialplan import Account
from ivr.pbx.testing import FaultProxy
from ivr.settings import Ladder, Line, Paths, Phone, Settings, Trunk

HOTLINE = "4008001234"
FREE_DESKS = ("108", "109")
FREE_OWNER = "owner"
SCENE_LIMIT_S = 200.0


@dataclass
class Played:
    """What became of a scene."""

    scene: Scene
    checks: list[Check] = field(default_factory=list)
    seconds: float = 0.0
    error: str = ""

    @property
    def passed(self) -> bool:
        return not self.error and bool(self.checks) and all(c.passed for c in self.checks)

    def as_object(self) -> dict[str, Any]:
        return {
            "name": self.scene.name,
            "title": self.scene.title,
            "expected": {check.what: check.expected for check in self.checks},
            "measured": {check.what: check.measured for check in self.checks},
            "failed": [check.what for check in self.checks if not check.passed],
            "error": self.error,
            "seconds": round(self.seconds, 1),
            "pass": self.passed,
        }


def extensions(index: int) -> tuple[str, str, str]:
    """The three phones of scene `index`."""
    first = 200 + 10 * index
    return str(first), str(first + 1), str(first + 2)


def did(index: int) -> str:
    return f"{400_800_2000 + index}"


def caller(index: int) -> str:
    return f"{138_0013_8000 + index}"


def office(scenes: Sequence[Scene], prompts: Path, base: Settings, now: datetime) -> Settings:
    """The settings of an office in which all of `scenes` can play at once.

    The first line is the hotline of the house; FREE_DESKS ring on it too, for
    whoever brings a softphone.
    """
    phones = [
        Phone(ext=ext, device=f"PJSIP/{ext}", name="前台") for ext in (FRONT_DESK, *FREE_DESKS)
    ]
    lines = [
        Line(name="service", did=[HOTLINE], ladders=[Ladder(primary=[FRONT_DESK, *FREE_DESKS])])
    ]
    for index, scene in enumerate(scenes):
        first, second, third = extensions(index)
        phones += [
            Phone(ext=first, device=f"PJSIP/{first}", name="前台"),
            Phone(ext=second, device=f"PJSIP/{second}", name="前台二"),
            Phone(ext=third, device=f"PJSIP/{third}", name="工程", department=scene.department),
        ]
        desks = [first, second][: scene.desks]
        backup = [third] if scene.backups else []
        ladders = [Ladder(primary=desks, backup=backup)]
        if scene.line == "night":
            day, night = _hours_around(now)
            ladders = [Ladder(hours=day, primary=desks), Ladder(hours=night, primary=backup)]
        lines.append(Line(name=f"scene{index}", did=[did(index)], ladders=ladders))
    return base.model_copy(
        update={
            "phones": phones,
            "trunks": [Trunk(device="PJSIP/city"), Trunk(device=f"PJSIP/{FREE_OWNER}")],
            "lines": lines,
            "paths": Paths(prompts=prompts),
            "dialer": DIALER,
            "callbacks": CALLBACKS,
            "speech": SPEECH,
        }
    )


def _hours_around(now: datetime) -> tuple[str, str]:
    """Day hours that do not hold now, and the night hours that do."""
    begin, end = now + timedelta(hours=6), now + timedelta(hours=14)
    return f"{begin:%H}:00-{end:%H}:00", f"{end:%H}:00-{begin:%H}:00"


def accounts(settings: Settings) -> list[Account]:
    """SIP accounts: every desk phone, and an owner in the city for a softphone."""
    desks = [Account(phone.ext, phone.ext, phone.ext) for phone in settings.phones]
    return [*desks, Account(FREE_OWNER, "owner", "13900009999", context="ivr-from-trunk")]


async def play(
    house: House,
    proxy: FaultProxy,
    scenes: Sequence[Scene],
    voices: tuple[Samples, Samples],
    done: Callable[[Played], None] = lambda _: None,
) -> list[Played]:
    """Play `scenes`: side by side, then one by one those that must be alone.

    `voices` are an owner's words and a clerk's.
    """
    for index, _ in enumerate(scenes):
        for ext in extensions(index):
            await house.phone(ext)
    if FRONT_DESK not in house.phones:
        await house.phone(FRONT_DESK)

    played = [Played(scene) for scene in scenes]
    stages = [
        Stage(
            house, did(index), caller(index), extensions(index), *voices, proxy=proxy,
            checks=each.checks,
        )
        for index, each in enumerate(played)
    ]  # fmt: skip

    async def one(each: Played, stage: Stage) -> None:
        await _run(each, each.scene.play(stage))
        done(each)

    together = [
        one(each, stage) for each, stage in zip(played, stages, strict=True) if not each.scene.alone
    ]
    preparing = [
        _run(each, each.scene.prepare(stage))
        for each, stage in zip(played, stages, strict=True)
        if each.scene.prepare is not None
    ]
    await asyncio.gather(*together, *preparing)
    alone = [pair for pair in zip(played, stages, strict=True) if pair[0].scene.alone]
    running = []
    for each, stage in alone:
        if each.scene.under_way is not None and not each.error:
            task = asyncio.create_task(one(each, stage))
            running.append(task)
            under_way = asyncio.create_task(each.scene.under_way.wait())
            await asyncio.wait([task, under_way], return_when=asyncio.FIRST_COMPLETED)
            under_way.cancel()
    for each, stage in alone:
        if each.scene.under_way is None and not each.error:
            await one(each, stage)
    await asyncio.gather(*running)
    return played


async def _run(played: Played, work: Coroutine[Any, Any, None]) -> None:
    begun = time.monotonic()
    try:
        async with asyncio.timeout(SCENE_LIMIT_S):
            await work
    except TimeoutError as error:
        played.error = f"waited too long for something: {_where(error)}"
    except CallEnded as error:
        played.error = f"{error}: {_where(error)}"
    except (Refused, UserError, OSError) as error:
        played.error = f"{type(error).__name__}: {error}: {_where(error)}"
    played.seconds += time.monotonic() - begun


def _where(error: BaseException) -> str:
    """The line of the scene that could not go on."""
    trace, line = error.__traceback__, "?"
    while trace is not None:
        if trace.tb_frame.f_code.co_filename.endswith(("scenes.py", "outage.py", "callback.py")):
            line = f"{trace.tb_frame.f_code.co_name}, line {trace.tb_lineno}"
        trace = trace.tb_next
    return line


def write_report(played: Sequence[Played], file: Path) -> None:
    """One object per scene."""
    text = json.dumps([each.as_object() for each in played], ensure_ascii=False, indent=2)
    file.write_text(text + "\n", encoding="utf-8")
