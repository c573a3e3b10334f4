"""Telling staff something about a request on the telephone, until they press 1.

Nobody waits for the voice: the phone rings at once, what is said is rendered
meanwhile, and whoever answers hears a prompt first.
"""

import asyncio
from pathlib import Path

import structlog

from ivr.desk.home import parse
from ivr.desk.request import Request
from ivr.errors import UserError
from ivr.talk.conversation import Conversation
from ivr.talk.voice import choose
from ivr.talk.voice.studio import TELEPHONE, Studio

PLAYS = 3  # of the message to one who presses nothing
THINK_S = 5.0  # after it, for the key
RENDER_S = 8.0  # who answered waits so long for the message itself

log = structlog.get_logger(__name__)


def message(request: Request, language: str) -> str:
    """What is said of the request: 三号电梯困人。地点：3栋1单元1201室。"""
    chinese = language.startswith("zh")
    said = f"{request.title}。" if chinese else f"{request.title}."
    if not request.home:
        return said
    home = parse(request.home)
    if not chinese:
        return f"{said} Place: {home}."
    unit = f"{home.unit}单元" if home.unit else ""
    return f"{said}地点：{home.building}栋{unit}{home.room}室。"


class Announcer:
    """Its prompts are KIND-begin, KIND-look (when the message cannot be spoken),
    KIND-confirm and KIND-confirmed."""

    def __init__(self, language: str) -> None:
        self._language = language
        self._rendering: dict[str, asyncio.Task[Path | None]] = {}

    async def close(self) -> None:
        tasks = [*self._rendering.values()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def prepare(self, text: str) -> None:
        """Begin to render `text`; somebody's phone is about to ring for it."""
        if text not in self._rendering:
            task = self._rendering[text] = asyncio.create_task(self._render(text))
            task.add_done_callback(lambda _: self._rendering.pop(text))

    async def confirms(self, talk: Conversation, kind: str, text: str) -> bool:
        """Say it up to PLAYS times; whether 1 was pressed. Raises HungUp."""
        self.prepare(text)
        rendering = self._rendering[text]
        for _ in range(PLAYS):
            said = await talk.say(f"{kind}-begin", keys="12")
            if said.key is None:
                await asyncio.wait([rendering], timeout=RENDER_S)
                sound = rendering.result() if rendering.done() else None
                said = await talk.say(sound or f"{kind}-look", keys="12")
            if said.key is None:
                said = await talk.say(f"{kind}-confirm", keys="12")
            if (said.key or await talk.key("12", THINK_S)) == "1":
                return True
        return False

    async def _render(self, text: str) -> Path | None:
        """None when it cannot be said. What was said before is at hand at once."""
        try:
            async with Studio(choose.choose(self._language), self._language) as studio:
                return (await studio.render(text)).files[TELEPHONE]
        except (UserError, OSError) as error:
            log.warning("a message to staff cannot be said", why=str(error))
            return None
