"""The prompt catalogue: what is said by id, and the files Asterisk plays.

`build` leaves `OUT/LANGUAGE/ID.wav` (8 kHz) and `ID.sln16` (16 kHz, for wideband
phones) for every id, `music` too, and `manifest.json`, which says what each file is.
"""

import asyncio
import hashlib
import json
import tempfile
import time
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from ivr.errors import UserError
from ivr.resources import folder
from ivr.settings import Settings
from ivr.talk import music
from ivr.talk.audio import Audio, for_telephone, pcm16, read, wav_bytes, write_whole
from ivr.talk.voice import choose
from ivr.talk.voice.recordings import own as own_recording
from ivr.talk.voice.studio import TELEPHONE, WIDEBAND, Studio, rendering

MUSIC = "music"
MANIFEST = "manifest.json"
OWN_FOLDER = "prompts-own"

Progress = Callable[[str, float], None]
"""Called with what is being done and how much of it is done, from 0 to 1."""


@dataclass(frozen=True, slots=True)
class Built:
    """A line of the manifest. `made_from` changes whenever the file has to be made again."""

    id: str
    text: str
    voice: str
    made_from: str
    sha256: str  # of the .wav
    seconds: float


@dataclass(frozen=True, slots=True)
class Report:
    language: str
    folder: Path
    voice: str
    prompts: tuple[Built, ...]
    rendered: tuple[str, ...]  # ids that were made again
    seconds: float
    lacking: str | None  # why it is not the natural voice


def languages() -> list[str]:
    return sorted(path.parent.name for path in folder("prompts").glob("*/hotline.toml"))


def catalogue(language: str) -> dict[str, str]:
    """Id → text with its {fields}. Raises UserError for an unknown language or a broken file."""
    if language not in languages():
        raise UserError(
            f"site.language: there are no prompts in {language!r}; there are {languages()}"
        )
    texts: dict[str, str] = {}
    for path in sorted((folder("prompts") / language).glob("*.toml")):
        try:
            found = tomllib.loads(path.read_text(encoding="utf-8"))["prompts"]
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError) as error:
            raise UserError(f"{path}: is no prompt file with a [prompts] table: {error}") from None
        for name, text in found.items():
            if name in texts:
                raise UserError(f"{path}: prompt {name} is written twice; remove one")
            texts[name] = text
    return texts


def texts(settings: Settings, language: str) -> dict[str, str]:
    """Id → text as this site says it."""
    fields = {"company": settings.site.company, "name": settings.site.name}
    filled = {}
    for name, text in catalogue(language).items():
        try:
            filled[name] = text.format_map(fields)
        except (KeyError, ValueError, IndexError) as error:
            raise UserError(
                f"prompt {name} ({language}): {error} cannot be filled in; fields are"
                f" {', '.join(fields)}"
            ) from None
    return filled


async def build(
    settings: Settings,
    language: str,
    out_dir: Path,
    progress: Progress = lambda _what, _done: None,
    voice: str | None = None,
) -> Report:
    """Make what is missing or no longer as the text says; the rest stays as it is.

    The office's own recording `prompts-own/ID.wav`, beside `out_dir`, wins.
    Raises UserError when no voice can be had or a text cannot be said.
    """
    started = time.monotonic()
    wanted = texts(settings, language)
    speaker, lacking = await asyncio.to_thread(choose.prepare, language, progress)
    if voice is not None:
        speaker, lacking = choose.choose(language, voice), None
    target = out_dir / language
    before = {one.id: one for one in manifest(target)}
    mine = out_dir.parent / OWN_FOLDER
    built: list[Built] = []
    rendered: list[str] = []
    async with Studio(speaker, language) as studio:
        for name, text in (wanted | {MUSIC: ""}).items():
            progress(name, len(built) / (len(wanted) + 1))
            recording = _own(mine, name, language, settings.site.language)
            if recording is not None:
                made_from, by = _stamp(recording), str(recording)
            elif name == MUSIC:
                made_from, by = f"music-{music.VERSION}", "ivr"
            else:
                made_from, by = rendering(speaker, text, language).key, speaker.name
            old = before.get(name)
            if old is None or old.made_from != made_from or not _there(target, name):
                if recording is not None:
                    sound = await asyncio.to_thread(_recorded, recording)
                elif name == MUSIC:
                    sound = await asyncio.to_thread(_music)
                else:
                    files = (await studio.render(text)).files
                    sound = {rate: read(path) for rate, path in files.items()}
                old = await asyncio.to_thread(_place, target, name, text, by, made_from, sound)
                rendered.append(name)
            built.append(old)
    if [*before.values()] != built:
        write_whole(target / MANIFEST, _lines(built))
    progress("prompts are ready", 1.0)
    return Report(
        language,
        target,
        speaker.name,
        tuple(built),
        tuple(rendered),
        round(time.monotonic() - started, 3),
        lacking,
    )


def own_recording_of(out_dir: Path, language: str, name: str, site_language: str) -> Path | None:
    """The office's own recording that is played for the prompt; None: a voice says it."""
    return _own(out_dir.parent / OWN_FOLDER, name, language, site_language)


def keep_recording(
    settings: Settings, language: str, out_dir: Path, name: str, wav: bytes
) -> Built:
    """Let `wav` be the office's own recording of a prompt, from the next call on.

    Raises UserError when there is no such prompt, or it is no sound that can be heard.
    """
    text = (texts(settings, language) | {MUSIC: ""}).get(name)
    if text is None:
        raise UserError(f"there is no prompt {name!r} in {language}")
    place = out_dir.parent / OWN_FOLDER / language
    place.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place, prefix=".upload-") as work:
        given = Path(work) / f"{name}.wav"
        given.write_bytes(wav)
        sound = _recorded(given)
        for older in iter(lambda: own_recording(place, name), None):
            older.unlink()
        kept = given.replace(place / given.name)
    target = out_dir / language
    target.mkdir(parents=True, exist_ok=True)
    built = _place(target, name, text, str(kept), _stamp(kept), sound)
    others = [one for one in manifest(target) if one.id != name]
    write_whole(target / MANIFEST, _lines([*others, built]))
    return built


def drop_recording(settings: Settings, language: str, out_dir: Path, name: str) -> bool:
    """Forget the office's own recording of a prompt; `build` then renders it again.

    False when there was none.
    """
    found = own_recording_of(out_dir, language, name, settings.site.language)
    if found is None:
        return False
    found.unlink()
    return True


def manifest(target: Path) -> list[Built]:
    """What was built in `OUT/LANGUAGE`; empty when nothing was, or by another version."""
    try:
        return [Built(**one) for one in json.loads((target / MANIFEST).read_text("utf-8"))]
    except (OSError, ValueError, TypeError):
        return []


def outdated(settings: Settings, language: str, out_dir: Path) -> list[str]:
    """Ids whose file is missing, was changed, or says another text than the site's."""
    target = out_dir / language
    built = {one.id: one for one in manifest(target)}
    return [
        name
        for name, text in (texts(settings, language) | {MUSIC: ""}).items()
        if name not in built or built[name].text != text or not _untouched(target, built[name])
    ]


def _lines(built: Sequence[Built]) -> bytes:
    return json.dumps([asdict(one) for one in built], ensure_ascii=False, indent=1).encode("utf-8")


def _own(mine: Path, name: str, language: str, site_language: str) -> Path | None:
    found = own_recording(mine / language, name)
    if found is None and language == site_language:
        found = own_recording(mine, name)
    return found


def _stamp(path: Path) -> str:
    return f"own-{hashlib.sha256(path.read_bytes()).hexdigest()}"


def _untouched(target: Path, one: Built) -> bool:
    if not _there(target, one.id):
        return False
    return hashlib.sha256((target / f"{one.id}.wav").read_bytes()).hexdigest() == one.sha256


def _there(target: Path, name: str) -> bool:
    return all((target / f"{name}{end}").exists() for end in (".wav", ".sln16"))


def _recorded(path: Path) -> dict[int, Audio]:
    sound = read(path)
    if not len(for_telephone(sound, TELEPHONE).samples):
        raise UserError(f"{path}: nothing can be heard in it; record it again")
    return {rate: for_telephone(sound, rate) for rate in (TELEPHONE, WIDEBAND)}


def _music() -> dict[int, Audio]:
    return {rate: music.melody(rate) for rate in (TELEPHONE, WIDEBAND)}


def _place(
    target: Path, name: str, text: str, by: str, made_from: str, sound: dict[int, Audio]
) -> Built:
    wav = wav_bytes(sound[TELEPHONE])
    write_whole(target / f"{name}.wav", wav)
    write_whole(target / f"{name}.sln16", pcm16(sound[WIDEBAND]))
    return Built(
        id=name,
        text=text,
        voice=by,
        made_from=made_from,
        sha256=hashlib.sha256(wav).hexdigest(),
        seconds=round(sound[TELEPHONE].seconds, 2),
    )
