"""The sound of a notice: rendered in parts before anybody is phoned, joined for each call.

The greeting by name, the hello of the hour, the body of a building and the menu
are each the same for many homes; joined at the moment of the call, the message
says today what is today.
"""

import asyncio
import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path

from ivr.errors import UserError
from ivr.outbound.notice import Listener, Notice, Place, parts
from ivr.settings import Settings
from ivr.talk import audio
from ivr.talk.voice import choose
from ivr.talk.voice.studio import Studio

FOLDER = "notices"  # under the data folder
PAUSE_S = 0.25  # between parts: a breath
HOURS_AHEAD = 48  # a message may be heard so much later than it was made

Progress = Callable[[str, float], None]


def subject(listener: Listener) -> str:
    """What a task carries of its listener."""
    return json.dumps(asdict(listener), ensure_ascii=False, sort_keys=True)


def listener(subject: str) -> Listener:
    return Listener(**json.loads(subject))


class Messages:
    """Those of one site, under its data folder."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._folder = settings.paths.data / FOLDER

    def text(self, notice: Notice, who: Listener, place: Place, heard_at: datetime) -> str:
        """The whole message as this listener hears it at `heard_at`."""
        return "".join(parts(notice, who, place, self._settings.site.company, heard_at))

    async def prepare(
        self,
        notice: Notice,
        listeners: Iterable[Listener],
        place: Place,
        first: datetime,
        last: datetime,
        progress: Progress = lambda _what, _done: None,
        voice: str | None = None,
    ) -> int:
        """Render every part that may be said between `first` and `last`; returns how many
        had to be made.

        Raises UserError when no voice can be had or a text cannot be said.
        """
        wanted: dict[str, set[str]] = {}
        company = self._settings.site.company
        for who in set(listeners):
            for moment in _moments(first, last, notice):
                said = parts(notice, who, place, company, moment)
                wanted.setdefault(who.language, set()).update(said)
        made = 0
        for language, texts in wanted.items():
            missing = sorted(text for text in texts if not self._part(text, language).exists())
            if not missing:
                continue
            async with Studio(choose.choose(language, voice), language) as studio:
                for number, text in enumerate(missing):
                    progress(text[:20], number / len(missing))
                    rendering = await studio.render(text)
                    data = await asyncio.to_thread(rendering.files[8000].read_bytes)
                    target = self._part(text, language)
                    target.parent.mkdir(parents=True, exist_ok=True)
                    await asyncio.to_thread(audio.write_whole, target, data)
                    made += 1
        progress("", 1.0)
        return made

    async def message(
        self, notice: Notice, who: Listener, place: Place, heard_at: datetime
    ) -> Path:
        """The file of the whole message, joined from its parts.

        Raises UserError when a part was not prepared; nothing is rendered during a call.
        """
        said = parts(notice, who, place, self._settings.site.company, heard_at)
        files = [self._part(text, who.language) for text in said]
        key = hashlib.sha256("\n".join(map(str, files)).encode()).hexdigest()
        target = self._folder / "joined" / f"{key}.wav"
        if not target.exists():
            await asyncio.to_thread(_join, files, target)
        return target

    def _part(self, text: str, language: str) -> Path:
        key = hashlib.sha256(f"{language}\n{text}".encode()).hexdigest()
        return self._folder / "parts" / f"{key}.wav"


def _moments(first: datetime, last: datetime, notice: Notice) -> Sequence[datetime]:
    """Every hour in which a message may say something else, and the outage's beginning."""
    last = min(last, first + timedelta(hours=HOURS_AHEAD))
    moments = [first]
    hour = first.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    while hour <= last:
        moments.append(hour)
        hour += timedelta(hours=1)
    if first <= notice.begin <= last:
        moments.append(notice.begin)
    return moments


def _join(files: Sequence[Path], target: Path) -> None:
    try:
        pieces = [audio.read(file) for file in files]
    except UserError:
        raise UserError(
            "A part of the message was not prepared; prepare the notice again"
        ) from None
    target.parent.mkdir(parents=True, exist_ok=True)
    audio.write_whole(target, audio.wav_bytes(audio.join(pieces, PAUSE_S)))
