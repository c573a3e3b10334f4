"""Prompts: listen to what callers hear, and let a person say it instead."""

import asyncio
import io
import wave
from pathlib import Path

from aiohttp import web

from ivr.errors import UserError
from ivr.talk import prompts
from ivr.web.access import MB, SERVICE, Role, needs, shows, user_of
from ivr.web.audit import audit
from ivr.web.forms import FormModel, read_form
from ivr.web.i18n import gettext as _
from ivr.web.settings_pages.frame import tab

LONGEST_S = 60.0
SHORTEST_S = 0.3
LARGEST = 12 * MB  # a minute of 48 kHz stereo, 16 bit


def routes() -> list[web.RouteDef]:
    return [
        web.get("/settings/prompts", show),
        web.get("/settings/prompts/{id}.wav", listen),
        web.post("/settings/prompts/{id}", record),
        web.post("/settings/prompts/{id}/restore", restore),
    ]


@needs(Role.SUPERVISOR, machine=False)
async def show(request: web.Request) -> web.StreamResponse:
    return await _show(request)


async def _show(
    request: web.Request, *, errors: dict[str, str] | None = None, status: int = 200
) -> web.StreamResponse:
    settings = request.app[SERVICE].settings
    language, folder = settings.site.language, settings.paths.prompts
    built = {one.id: one for one in prompts.manifest(folder / language)}
    texts = prompts.texts(settings, language) | {prompts.MUSIC: ""}
    rows = [
        {
            "id": name,
            "text": text,
            "there": _file(request, name).is_file(),
            "seconds": built[name].seconds if name in built else None,
            "own": prompts.own_recording_of(folder, language, name, language) is not None,
            "outdated": name in built and built[name].text != text,
        }
        for name, text in texts.items()
    ]
    return await tab(
        request,
        "sounds.html",
        title=_("提示音"),
        status=status,
        rows=rows,
        errors=errors or {},
        saved=request.query.get("saved", ""),
        may_change=shows(user_of(request), Role.MANAGER),
        longest=LONGEST_S,
    )


def _known(request: web.Request) -> str:
    """The prompt's id: one of the catalogue's, whatever the path says."""
    settings = request.app[SERVICE].settings
    name = request.match_info["id"]
    if name != prompts.MUSIC and name not in prompts.texts(settings, settings.site.language):
        raise web.HTTPNotFound
    return name


def _file(request: web.Request, name: str) -> Path:
    settings = request.app[SERVICE].settings
    return settings.paths.prompts / settings.site.language / f"{name}.wav"


@needs(Role.SUPERVISOR, machine=False)
async def listen(request: web.Request) -> web.StreamResponse:
    path = _file(request, _known(request))
    if not path.is_file():
        raise web.HTTPNotFound
    return web.FileResponse(
        path, headers={"Content-Type": "audio/wav", "Cache-Control": "no-cache"}
    )


@needs(Role.MANAGER, machine=False, body=LARGEST + MB)
async def record(request: web.Request) -> web.StreamResponse:
    """An uploaded recording takes the voice's place from the next call on."""
    name = _known(request)
    settings = request.app[SERVICE].settings
    file = (await read_form(request, FormModel)).files.get("file")
    data = b"" if file is None else await asyncio.to_thread(file.file.read)
    wrong = unfit(data)
    if wrong:
        return await _show(request, errors={name: wrong}, status=422)
    try:
        await asyncio.to_thread(
            prompts.keep_recording,
            settings,
            settings.site.language,
            settings.paths.prompts,
            name,
            data,
        )
    except UserError:
        wrong = _("这段录音里听不到声音，请重新录制。")
        return await _show(request, errors={name: wrong}, status=422)
    await audit(request, "prompt.record", name)
    raise web.HTTPSeeOther(f"/settings/prompts?saved={name}#{name}")


def unfit(data: bytes) -> str:
    """Why the bytes are no recording of ours, in words; empty when they are."""
    if not data:
        return _("请选择一个文件。")
    if len(data) > LARGEST:
        return _("文件太大，最多 %(size)d MB。", size=LARGEST // MB)
    try:
        with wave.open(io.BytesIO(data)) as sound:
            rate, frames, width = sound.getframerate(), sound.getnframes(), sound.getsampwidth()
            channels = sound.getnchannels()
            whole = len(sound.readframes(frames)) >= frames * width * channels
    except (wave.Error, EOFError, RuntimeError):
        return _("这不是 WAV 录音。请用录音软件另存为 .wav（PCM）再上传。")
    if not whole or width not in (1, 2, 3, 4) or channels > 2 or not 8_000 <= rate <= 96_000:
        return _("这个 WAV 文件不完整或格式特殊。请另存为 8 kHz 以上、16 位的 .wav 再上传。")
    seconds = frames / rate
    if not SHORTEST_S <= seconds <= LONGEST_S:
        return _(
            "录音长 %(given).1f 秒；应在 0.3 秒到 %(most)d 秒之间。", given=seconds, most=LONGEST_S
        )
    return ""


@needs(Role.MANAGER, machine=False)
async def restore(request: web.Request) -> web.StreamResponse:
    """The voice says it again."""
    name = _known(request)
    settings = request.app[SERVICE].settings
    language, folder = settings.site.language, settings.paths.prompts
    if await asyncio.to_thread(prompts.drop_recording, settings, language, folder, name):
        await audit(request, "prompt.restore", name)
        try:
            await prompts.build(settings, language, folder)
        except UserError as error:
            return await _show(request, errors={name: str(error)}, status=503)
    raise web.HTTPSeeOther(f"/settings/prompts?saved={name}#{name}")
