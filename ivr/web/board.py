"""The wallboard (值班大屏), and the live state for programs."""

import socket
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

from aiohttp import web

from ivr.desk.request import UNDONE
from ivr.outbound.callbacks import KIND as CALLBACK
from ivr.outbound.model import CampaignState
from ivr.service import Service
from ivr.web.access import SERVICE, Role, needs, shows, still_signed_in, user_of
from ivr.web.i18n import gettext as _
from ivr.web.live import Live, live
from ivr.web.openapi import ApiModel, Args, Nothing, api, routes_of
from ivr.web.render import page
from ivr.web.stream import Audience

LIVE = web.AppKey("live", Live)

RETRY_MS = 1000  # a browser comes back after so long
SEND_BUFFER = 64 * 1024  # bytes
ASK_EVERY_S = 60.0  # whether who listens is still signed in

STREAM_HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",  # a proxy of nginx's kind must not collect it
}


def routes() -> list[web.RouteDef]:
    return [web.get("/board", board), *routes_of(__name__)]


def set_up(app: web.Application) -> None:
    app.cleanup_ctx.append(_live)
    app.on_shutdown.append(_let_go)


async def _live(app: web.Application) -> AsyncIterator[None]:
    """Keeps the live state while the application runs."""
    service = app[SERVICE]
    app[LIVE] = kept = Live(service, lambda: todo(service))
    await kept.start()
    yield
    await kept.close()


async def _let_go(app: web.Application) -> None:
    """When the server stops: its shutdown waits for every handler to end."""
    await app[LIVE].hub.close()


async def todo(service: Service) -> dict[str, int]:
    """What remains to be done, by name as the wallboard has it."""
    ledger = service.outbound.dialer.ledger
    running = await ledger.campaigns(CampaignState.RUNNING)
    callbacks = [await ledger.progress(each.id) for each in running if each.kind == CALLBACK]
    requests = await service.requests.counts(time.time())
    undone = [count for state, count in requests.items() if state in UNDONE]
    return {
        "phone_back": len(await service.worklist.entries()),
        "callbacks": sum(progress.open for progress in callbacks),
        "overdue": sum(count.overdue for count in requests.values()),
        "open": sum(count.requests for count in undone),
    }


@needs(Role.CLERK, machine=False)
async def board(request: web.Request) -> web.StreamResponse:
    """`?wall=1` leaves the navigation out: for the screen on the wall."""
    return await page(
        request,
        "board/board.html",
        title=_("值班大屏"),
        bare="wall" in request.query,
        words=_words(),
        rings=request.app[SERVICE].settings.rings,
    )


def _words() -> dict[str, Any]:
    """What the page's script says."""
    return {
        "unknown": _("未知"),
        "unknown_number": _("号码未知"),
        "more": _("还有 %d 通"),
        "nobody": _("无人等待"),
        "system": _("系统"),
        "system_answered": _("系统代接"),
        "internal": _("内部通话"),
        "transferring": _("转接 %s"),
        "held": _("保持"),
        "dialling": _("呼出中"),
        "talking": _("通话中"),
        "late": _("超时接起"),
        "in_time": _("已接起"),
        "picked_up": _("第 %d 响接起"),
        "stage": {
            "calm": _("接入中"),
            "ringing": _("振铃"),
            "risk": _("将超时"),
            "breach": _("超时"),
        },
        "phone": {
            "idle": _("空闲"),
            "ringing": _("振铃"),
            "talking": _("通话"),
            "offline": _("离线"),
            "unknown": _("未知"),
        },
        "unwell": {
            "ami": _("与电话系统的连接中断：来电照常接听，本页停在中断时的状态"),
            "trunk": _("外线中断：业主打不进来，也打不出去"),
            "speech": _("语音识别不可用：回访只能按键作答"),
            "recording": _("录音没有开启：缺少录音提示音"),
            "log": _("通话记录暂存在磁盘外，等待写入"),
            "disk": _("磁盘空间不足"),
            "ladders": _("值班表还没有发布到电话系统"),
            "prompts": _("提示音不全"),
        },
        "老人": _("老人"),
        "孕妇": _("孕妇"),
        "残疾人": _("残疾人"),
    }


class LiveOut(ApiModel):
    at: float
    calls: list[dict[str, Any]]
    phones: list[dict[str, Any]]


@api(
    "GET",
    "/api/v1/live",
    summary="Open calls and the phones, now; numbers are masked for clerks",
    returns=LiveOut,
    role=Role.CLERK,
)
async def live_state(request: web.Request, args: Args[Nothing, Nothing]) -> LiveOut:
    whole = shows(user_of(request), Role.SUPERVISOR)
    return LiveOut(**live(request.app[SERVICE], time.time(), show_numbers=whole))


@api(
    "GET",
    "/api/v1/today",
    summary="Figures of the calls from outside since midnight of the site",
    returns=dict[str, float | None],
    role=Role.CLERK,
)
async def today(request: web.Request, args: Args[Nothing, Nothing]) -> dict[str, float | None]:
    return await request.app[SERVICE].today()


class StreamQuery(ApiModel):
    numbers: bool = False


@api(
    "GET",
    "/api/v1/stream",
    summary="The live state as server-sent events",
    query=StreamQuery,
    returns="text/event-stream",
    role=Role.CLERK,
)
async def stream(request: web.Request, args: Args[StreamQuery, Nothing]) -> web.StreamResponse:
    """First `state`, whole; then `patch` (JSON merge patch, RFC 7396), at most 20 a second,
    and `beat` every 10 s. Each has `at`, the server's clock. With `numbers=true` a
    supervisor gets telephone numbers unmasked. Who does not read is disconnected; who
    comes back gets the whole state."""
    whole = args.query.numbers and shows(user_of(request), Role.SUPERVISOR)
    response = web.StreamResponse(headers=STREAM_HEADERS)
    await response.prepare(request)
    _limit_buffer(request)
    await response.write(f"retry: {RETRY_MS}\n\n".encode())
    hub = request.app[LIVE].hub
    client = hub.attach(Audience.FULL if whole else Audience.MASKED, _abort(request))
    asked_at = time.monotonic()
    try:
        async for chunk in client:
            await response.write(chunk)
            if time.monotonic() - asked_at > ASK_EVERY_S:
                asked_at = time.monotonic()
                if not await still_signed_in(request):
                    break
    finally:
        hub.detach(client)
    return response


def _limit_buffer(request: web.Request) -> None:
    """So that the kernel does not keep minutes of patches for who does not read."""
    if request.transport is not None:
        found = request.transport.get_extra_info("socket")
        found.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)


def _abort(request: web.Request) -> Callable[[], None]:
    """Ends a connection to which nothing can be written any more."""
    transport = request.transport
    return lambda: None if transport is None else transport.abort()
