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
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from ivr.errors import UserError
from ivr.outbound.notice import Listener, Notice, Place, parts
from ivr.settings import Settings
from ivr.talk import audio, prompts
from ivr.talk.voice import choose, studio
from ivr.talk.voice.studio import TELEPHONE, Studio, purge_unused, used

FOLDER = "notices"  # under the data folder
AROUND = ("thanks-confirmed", "notice-goodbye", "no-person-now", "please-wait-transfer")
"""Prompts said around a message."""
PAUSE_S = 0.25  # between parts: a breath
HOURS_AHEAD = 48  # a message may be heard so much later than it was made

Progress = Callable[[str, float], None]


class _Manner(NamedTuple):
    """How a part is spoken."""

    language: str
    speed: float


def subject(listener: Listener) -> str:
    """What a task carries of its listener."""
    return json.dumps(asdict(listener), ensure_ascii=False, sort_keys=True)


def listener(subject: str) -> Listener:
    return Listener(**json.loads(subject))


def accompanied(who: Listener, settings: Settings) -> bool:
    """Whether `who` is given a person rather than a menu (RULES.md, Care)."""
    return who.care and settings.care.person


class Messages:
    """Those of one site, under its data folder."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._folder = settings.paths.data / FOLDER

    def text(self, notice: Notice, who: Listener, place: Place, heard_at: datetime) -> str:
        """The whole message as this listener hears it at `heard_at`."""
        return "".join(self._said(notice, who, place, heard_at))

    def _said(
        self, notice: Notice, who: Listener, place: Place, heard_at: datetime
    ) -> tuple[str, ...]:
        person = accompanied(who, self._settings)
        return parts(notice, who, place, self._settings.site.company, heard_at, person=person)

    async def prepare(
        self,
        notice: Notice,
        listeners: Iterable[Listener],
        place: Place,
        first: datetime,
        last: datetime,
        progress: Progress = lambda _what, _done: None,
    ) -> int:
        """Render every part that may be said between `first` and `last`; returns how many
        had to be made.

        Raises UserError when no voice can be had or a text cannot be said.
        """
        wanted: dict[_Manner, set[str]] = {}
        for who in set(listeners):
            texts = wanted.setdefault(self._manner(who), set())
            for moment in _moments(first, last, notice):
                texts.update(self._said(notice, who, place, moment))
        missing = [
            (manner, text)
            for manner in wanted
            for text in sorted(wanted[manner])
            if not self._part(text, manner).exists()
        ]
        made = 0
        for manner, group in groupby(missing, key=lambda each: each[0]):
            speaker = choose.choose(manner.language, self._voice(manner.language), manner.speed)
            async with Studio(speaker, manner.language) as room:
                for _, text in group:
                    progress(text[:20], made / len(missing))
                    rendering = await room.render(text)
                    data = await asyncio.to_thread(rendering.files[TELEPHONE].read_bytes)
                    await asyncio.to_thread(audio.write_whole, self._part(text, manner), data)
                    made += 1
        await self._farewells({manner.language for manner in wanted})
        progress("", 1.0)
        return made

    async def _farewells(self, languages: Iterable[str]) -> None:
        """What is said around the message, where `ivr prompts build` has not made it."""
        for language in languages:
            folder = self._settings.paths.prompts / language
            missing = [name for name in AROUND if not (folder / f"{name}.wav").exists()]
            if not missing:
                continue
            texts = prompts.texts(self._settings, language)
            speaker = choose.choose(language, self._voice(language))
            async with Studio(speaker, language) as room:
                for name in missing:
                    rendering = await room.render(texts[name])
                    data = await asyncio.to_thread(rendering.files[TELEPHONE].read_bytes)
                    await asyncio.to_thread(audio.write_whole, folder / f"{name}.wav", data)

    async def message(
        self, notice: Notice, who: Listener, place: Place, heard_at: datetime
    ) -> Path:
        """The file of the whole message, joined from its parts.

        Raises UserError when a part was not prepared; nothing is rendered during a call.
        """
        said = self._said(notice, who, place, heard_at)
        files = [self._part(text, self._manner(who)) for text in said]
        key = hashlib.sha256("\n".join(map(str, files)).encode()).hexdigest()
        target = self._folder / "joined" / f"{key}.wav"
        await asyncio.to_thread(_join, files, target)
        return target

    def _voice(self, language: str) -> str | None:
        """The office's choice where it can speak `language`, else the best."""
        chosen = self._settings.notices.voice
        own = language == self._settings.site.language
        return chosen if chosen and (own or chosen in choose.available(language)) else None

    def _manner(self, who: Listener) -> _Manner:
        return _Manner(who.language, self._settings.care.speed if who.care else 1.0)

    def _part(self, text: str, manner: _Manner) -> Path:
        content = f"{manner.language} {manner.speed:g}\n{text}"
        return self._folder / "parts" / f"{hashlib.sha256(content.encode()).hexdigest()}.wav"


def purge(settings: Settings, now: float) -> int:
    """Delete what was spoken of owners and not used for [notices] voices_days, here and in
    the cache of voices (they hold names); returns how many files. `now`: epoch seconds."""
    before = now - settings.notices.voices_days * 86_400
    deleted = studio.purge(before)
    for folder in ("parts", "joined"):
        deleted += purge_unused(settings.paths.data / FOLDER / folder, before)
    return deleted


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
    used(*files)
    if target.exists():
        used(target)
        return
    try:
        pieces = [audio.read(file) for file in files]
    except UserError:
        raise UserError(
            "A part of the message was not prepared; prepare the notice again"
        ) from None
    audio.write_whole(target, audio.wav_bytes(audio.join(pieces, PAUSE_S)))
