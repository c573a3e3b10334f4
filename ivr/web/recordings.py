"""Recordings of calls: listened to piece by piece, by those who may, every listen audited."""

import asyncio
import time
from collections import OrderedDict
from pathlib import Path

from aiohttp import web
from pydantic import Field

from ivr.calls import recording, waveform
from ivr.calls.recording import RecordingState
from ivr.store.calls import CallRow
from ivr.web.access import SERVICE, Role, User, shows, user_of
from ivr.web.audit import audit
from ivr.web.openapi import ApiModel, Args, Nothing, api, routes_of

PIECES = 800
LISTEN_S = 600.0
"""Requests of one person for one recording within it are one listen: a player asks for
a piece at a time, and again for every jump."""
REMEMBERED = 1000

LISTENS = web.AppKey("listens", OrderedDict[tuple[str, str], float])
HELD = (RecordingState.OK, RecordingState.SHORT, RecordingState.UNCHECKED)


class RecordingQuery(ApiModel):
    download: bool = False


class PeaksQuery(ApiModel):
    pieces: int = Field(PIECES, ge=10, le=4000)


class Peaks(ApiModel):
    """`begins_at` is when the recording begins, seconds since the epoch, as near as its
    length tells: it ends with the call."""

    seconds: float
    begins_at: float | None
    peaks: list[float]


def routes() -> list[web.RouteDef]:
    return routes_of(__name__)


def set_up(app: web.Application) -> None:
    app[LISTENS] = OrderedDict()


def may_hear(user: User, row: CallRow) -> bool:
    """Supervisors hear every call, clerks those that their own phone took part in."""
    if shows(user, Role.SUPERVISOR):
        return True
    spoke = {row.answered_ext, *(leg.ext for leg in row.legs if leg.answer_at is not None)}
    if row.direction != "inbound":
        spoke.add(row.caller)
    return bool(user.ext) and user.ext in spoke


def file_of(request: web.Request, row: CallRow) -> Path | None:
    """The file of `row`, if there is one inside the folder of recordings."""
    if row.recording_state not in HELD or not row.recording:
        return None
    data = request.app[SERVICE].settings.paths.data
    folder = (data / recording.FOLDER).resolve()
    file = (data / row.recording).resolve()
    return file if file.parent == folder and file.is_file() else None


@api(
    "GET",
    "/api/v1/calls/{id}/recording",
    summary="A call's recording",
    query=RecordingQuery,
    returns="audio/wav",
    role=Role.CLERK,
)
async def listen(request: web.Request, args: Args[RecordingQuery, Nothing]) -> web.StreamResponse:
    """Ranges are answered with 206. Clerks hear the calls of their own phone; to download
    is for supervisors. Every listen stands in the audit log."""
    row, file = await _heard(request, args.path["id"])
    user = user_of(request)
    if args.query.download and not shows(user, Role.SUPERVISOR):
        raise web.HTTPForbidden(reason="downloading recordings is for supervisors")
    if args.query.download:
        await audit(request, "recording.download", row.id)
    elif _is_new(request, user, row):
        await audit(request, "recording.listen", row.id)
    headers = {"Content-Type": "audio/wav", "Cache-Control": "private, no-store"}
    if args.query.download:
        headers["Content-Disposition"] = f'attachment; filename="{row.id}.wav"'
    return web.FileResponse(file, headers=headers)


@api(
    "GET",
    "/api/v1/calls/{id}/peaks",
    summary="A recording's waveform",
    query=PeaksQuery,
    returns=Peaks,
    role=Role.CLERK,
)
async def peaks(request: web.Request, args: Args[PeaksQuery, Nothing]) -> Peaks:
    """How loud the recording is, in `pieces` pieces of equal length."""
    row, file = await _heard(request, args.path["id"])
    shape = await asyncio.to_thread(waveform.read, file, args.query.pieces)
    begins = None if row.end_at is None else row.end_at - shape.seconds
    if begins is not None and row.start_at is not None:
        begins = max(begins, row.start_at)
    return Peaks(seconds=shape.seconds, begins_at=begins, peaks=shape.peaks)


async def _heard(request: web.Request, name: str) -> tuple[CallRow, Path]:
    row = await request.app[SERVICE].calls.get(name)
    if not may_hear(user_of(request), row):
        raise web.HTTPForbidden(reason="clerks hear the calls of their own phone")
    file = file_of(request, row)
    if file is None:
        raise web.HTTPNotFound(reason="this call has no recording")
    return row, file


def _is_new(request: web.Request, user: User, row: CallRow) -> bool:
    listens, key, now = request.app[LISTENS], (user.id, row.id), time.monotonic()
    before = listens.pop(key, float("-inf"))
    listens[key] = now
    while len(listens) > REMEMBERED:
        listens.popitem(last=False)
    return now - before > LISTEN_S
