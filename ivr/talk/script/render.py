"""What a script says, as files: rendered sentence by sentence before anybody is phoned.

Most sentences are the same in every call and are rendered once; those with the owner's
name or the request's title once per call. The sentences of a step are joined when the call
is made.
"""

import asyncio
import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from ivr.errors import UserError
from ivr.settings import Care
from ivr.talk import audio
from ivr.talk.line import Sound
from ivr.talk.script import texts
from ivr.talk.script.actions import CARE
from ivr.talk.script.check import check
from ivr.talk.script.model import Script
from ivr.talk.script.read import ScriptError
from ivr.talk.script.tone import beep
from ivr.talk.voice import choose
from ivr.talk.voice.studio import TELEPHONE, Studio, purge_unused, used

FOLDER = "scripts"  # under the data folder
PAUSE_S = 0.25  # between sentences: a breath

_PIECES, _JOINED = "sentences", "joined"
_SENTENCE = re.compile(r"[^。！？!?]*[。！？!?]+|[^。！？!?]+$")

Progress = Callable[[str, float], None]


def sentences(text: str) -> list[str]:
    """The pieces that are rendered one by one."""
    return [one.strip() for one in _SENTENCE.findall(text) if one.strip()]


class Recordings:
    """The files of one site, under its data folder. Owners who need care are spoken to slowly."""

    def __init__(self, data: Path, care_speed: float = Care().speed) -> None:
        self._folder = data / FOLDER
        self._care_speed = care_speed

    async def prepare(
        self,
        script: Script,
        calls: Iterable[Mapping[str, str]],
        progress: Progress = lambda _what, _done: None,
        voice: str | None = None,
    ) -> int:
        """Render all that may be said in these calls; returns how many sentences were made.

        Raises ScriptError when the script fails its check, UserError when a value is
        missing, a text cannot be said or no voice can be had.
        """
        if problems := check(script):
            raise ScriptError(problems)
        calls = list(calls)
        wanted: dict[float, set[str]] = {}
        for values in calls:
            for text in texts.spoken(script, values).values():
                wanted.setdefault(self._speed(values), set()).update(sentences(text))
        missing = [
            (speed, sentence)
            for speed, found in wanted.items()
            for sentence in sorted(found)
            if not self._file(sentence, script.language, speed).exists()
        ]
        for speed in {speed for speed, _ in missing}:
            speaker = choose.choose(script.language, voice, speed)
            async with Studio(speaker, script.language) as studio:
                for number, (pace, sentence) in enumerate(missing):
                    if pace == speed:
                        progress(sentence[:20], number / len(missing))
                        await self._make(studio, script.language, speed, sentence)
        for values in calls:
            await self.sounds(script, values)  # joined now, so that a call finds whole files
        progress("", 1.0)
        return len(missing)

    async def sounds(self, script: Script, values: Mapping[str, str]) -> dict[str, Sound]:
        """Sound id → what is played in this call; its `__getitem__` is `perform`'s prompt_of.

        Raises UserError for what was not prepared; nothing is rendered during a call.
        """
        speed = self._speed(values)
        found: dict[str, Sound] = {texts.BEEP: beep()}
        for sound, text in texts.spoken(script, values).items():
            files = [self._file(one, script.language, speed) for one in sentences(text)]
            found[sound] = await asyncio.to_thread(self._joined, files, script.name)
        return found

    def purge(self, before: float) -> int:
        """Delete what was neither prepared nor said since `before` (epoch seconds): it may
        hold owners' names. Returns how many files."""
        return sum(purge_unused(self._folder / one, before) for one in (_PIECES, _JOINED))

    async def _make(self, studio: Studio, language: str, speed: float, sentence: str) -> None:
        rendering = await studio.render(sentence)
        data = await asyncio.to_thread(rendering.files[TELEPHONE].read_bytes)
        target = self._file(sentence, language, speed)
        await asyncio.to_thread(audio.write_whole, target, data)

    def _speed(self, values: Mapping[str, str]) -> float:
        return self._care_speed if values.get(CARE) == "yes" else 1.0

    def _file(self, sentence: str, language: str, speed: float) -> Path:
        key = hashlib.sha256(f"{language} {speed:g}\n{sentence}".encode()).hexdigest()
        return self._folder / _PIECES / f"{key}.wav"

    def _joined(self, files: list[Path], script: str) -> Path:
        used(*files)
        if len(files) == 1 and files[0].exists():
            return files[0]
        key = hashlib.sha256("\n".join(file.stem for file in files).encode()).hexdigest()
        target = self._folder / _JOINED / f"{key}.wav"
        if target.exists():
            used(target)
            return target
        try:
            pieces = [audio.read(file) for file in files]
        except UserError:
            raise UserError(
                f"Script {script}: a sentence of this call was not prepared; prepare it again"
            ) from None
        audio.write(target, audio.join(pieces, PAUSE_S))
        return target
