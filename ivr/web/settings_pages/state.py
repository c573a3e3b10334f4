"""Voices, speech engine, models, and how every part of the service is."""

import asyncio
import time

from aiohttp import web

from ivr.talk import models
from ivr.talk.model_table import MODELS
from ivr.talk.voice import choose
from ivr.web import assets
from ivr.web.access import SERVICE, Role, needs
from ivr.web.i18n import N_
from ivr.web.i18n import gettext as _
from ivr.web.settings_pages.frame import tab

PARTS = {
    "ami": N_("电话系统（Asterisk）"),
    "log": N_("通话记录"),
    "ladders": N_("振铃顺序"),
    "prompts": N_("提示音"),
    "disk": N_("磁盘"),
    "speech": N_("语音识别"),
    "trunk": N_("外线"),
    "hooks": N_("事件推送"),
    "requests": N_("服务工作单"),
    "callbacks": N_("回访"),
    "recording": N_("录音"),
}


def routes() -> list[web.RouteDef]:
    return [web.get("/settings/speech", show)]


@needs(Role.SUPERVISOR, machine=False)
async def show(request: web.Request) -> web.StreamResponse:
    service = request.app[SERVICE]
    language = service.settings.site.language
    voices = await asyncio.to_thread(choose.available, language)
    return await tab(
        request,
        "state.html",
        title=_("语音与运行"),
        parts=service.health(),
        part_words=PARTS,
        voices=voices,
        models=[(each, models.installed(each)) for each in MODELS.values() if not each.for_tests],
        libraries=[(each.name, each.path.is_file()) for each in assets.LIBRARIES.values()],
        speech=service.settings.speech,
        running_s=time.time() - service.started_at,
    )
