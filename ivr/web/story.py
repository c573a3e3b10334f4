"""One call's story: its picture, what happened in words, its recording and its record."""

import time
from collections.abc import Iterator
from typing import NamedTuple

from aiohttp import web
from pydantic import Field

from ivr.calls import numbers
from ivr.desk.owner import Owner
from ivr.errors import UserError
from ivr.store.calls import INTENT_MOST, NOTE_MOST, CallFilter, CallRow, LegRow, TransferRow
from ivr.store.requests import RequestFilter
from ivr.web import recordings
from ivr.web.access import SERVICE, Role, needs, shows, user_of
from ivr.web.audit import audit
from ivr.web.desk import INTENTS
from ivr.web.forms import Form, FormModel, empty, read_form
from ivr.web.i18n import N_
from ivr.web.i18n import gettext as _
from ivr.web.log import DIRECTIONS, DISPOSITIONS
from ivr.web.picture import draw
from ivr.web.render import page, span

OTHERS = 5  # last calls with the same number

SIDES = {"caller": N_("主叫"), "callee": N_("被叫"), "system": N_("系统")}
LEG_OUTCOMES = {
    "answered": N_("接起"),
    "no_answer": N_("无人接听"),
    "busy": N_("忙"),
    "failed": N_("未接通"),
    "elsewhere": N_("他人接起"),
    "cancelled": N_("主叫放弃"),
}
TRANSFER_KINDS = {"blind": N_("直接转接"), "attended": N_("咨询转接")}
TRANSFER_OUTCOMES = {
    "answered": N_("已接起"),
    "no_answer": N_("无人接听"),
    "busy": N_("忙"),
    "failed": N_("失败"),
    "abandoned": N_("主叫放弃"),
    "returned": N_("已转回"),
}
RECORDING_WORDS = {
    "none": N_("这通电话没有录音"),
    "unchecked": N_("录音正在检查"),
    "missing": N_("录音文件缺失"),
    "short": N_("录音不完整"),
    "purged": N_("录音已到保存期限，按规定删除"),
}


class RecordForm(FormModel):
    intent: str = Field("", max_length=INTENT_MOST)
    note: str = Field("", max_length=NOTE_MOST)


class Event(NamedTuple):
    """One thing that happened; `mark` is a state's colour."""

    at: float | None
    mark: str
    words: str


def routes() -> list[web.RouteDef]:
    return [
        web.get("/calls/{id}", story),
        web.post("/calls/{id}/record", save_record),
    ]


@needs(Role.CLERK)
async def story(request: web.Request) -> web.StreamResponse:
    row = await _row(request)
    form = empty(RecordForm(intent=row.intent[:INTENT_MOST], note=row.note[:NOTE_MOST]))
    return await _show(request, row, form)


@needs(Role.CLERK, machine=False)
async def save_record(request: web.Request) -> web.StreamResponse:
    """The record (做好每一次来电记录): what for, and a note."""
    row = await _row(request)
    form = await read_form(request, RecordForm)
    if form.value is None:
        return await _show(request, row, form, status=422)
    await request.app[SERVICE].calls.set_record(
        row.id,
        intent=form.value.intent,
        note=form.value.note,
        by=user_of(request).name,
        at=time.time(),
    )
    await audit(request, "call.record", row.id, detail=form.value.intent)
    raise web.HTTPSeeOther(f"/calls/{row.id}#record")


async def _row(request: web.Request) -> CallRow:
    try:
        return await request.app[SERVICE].calls.get(request.match_info["id"])
    except UserError:
        raise web.HTTPNotFound(reason=_("没有这通电话")) from None


async def _show(
    request: web.Request, row: CallRow, form: Form[RecordForm], status: int = 200
) -> web.Response:
    service = request.app[SERVICE]
    rings = service.settings.rings
    number = row.called if row.direction == "outbound" else row.caller
    owners: list[Owner] = await service.owners.by_number(number) if number else []
    of_call = await service.requests.find(RequestFilter(call=row.id, limit=20))
    same = await service.calls.find(CallFilter(number=number, limit=OTHERS + 1)) if number else None
    names = {phone.ext: phone.name for phone in service.settings.phones}
    user = user_of(request)
    file = recordings.file_of(request, row)
    return await page(
        request,
        "log/story.html",
        title=_title(row, owners),
        status=status,
        row=row,
        number=number,
        owners=owners,
        requests=of_call.rows,
        others=[each for each in same.rows if each.id != row.id][:OTHERS] if same else [],
        picture=draw(row, cadence_s=rings.ring_cadence_s, max_rings=rings.max_rings),
        events=sorted(_events(row), key=lambda event: event.at or row.at),
        names=names,
        recording=file is not None and recordings.may_hear(user, row),
        silent=_silent(row, file is not None),
        may_download=shows(user, Role.SUPERVISOR),
        form=form,
        intents=[_(word) for word in INTENTS],
        directions=DIRECTIONS,
        dispositions=DISPOSITIONS,
        sides=SIDES,
    )


def _title(row: CallRow, owners: list[Owner]) -> str:
    names = "、".join(dict.fromkeys(owner.name for owner in owners if owner.name))
    number = row.called if row.direction == "outbound" else row.caller
    return names or numbers.mask(number) or _("未知号码")


def _silent(row: CallRow, there: bool) -> str:
    """Why nothing can be played; empty when it can."""
    if there:
        return _("只有本机参与的通话可以收听；其他录音请找主管。")
    if row.recording_state == "ok":
        return _("录音文件缺失")
    return _(RECORDING_WORDS.get(row.recording_state, row.recording_state))


# --- in words ----------------------------------------------------------------------


def _events(row: CallRow) -> Iterator[Event]:
    direction = _(DIRECTIONS.get(row.direction, row.direction))
    called = numbers.mask(row.called)
    caller = numbers.mask(row.caller) or _("未知号码")
    began = _(
        "%(direction)s：%(caller)s → %(called)s", direction=direction, caller=caller, called=called
    )
    yield Event(row.start_at, "", began)
    for leg in row.legs:
        yield from _leg(leg)
    if row.system_answer_at is not None:
        yield Event(row.system_answer_at, "risk", _("系统代接，请来电人稍候"))
    for hold in row.holds:
        length = None
        if hold.begin_at is not None and hold.end_at is not None:
            length = hold.end_at - hold.begin_at
        yield Event(hold.begin_at, "", _("保持 %(length)s", length=span(length)))
    for each in row.transfers:
        yield from _transfer(each)
    yield Event(row.end_at, "breach" if row.breach else "done", _ended(row))


def _leg(leg: LegRow) -> Iterator[Event]:
    outcome = _(LEG_OUTCOMES[leg.outcome]) if leg.outcome in LEG_OUTCOMES else leg.outcome
    if leg.answer_at is not None:
        if leg.ring_at is not None:
            yield Event(leg.ring_at, "ringing", _("分机 %(ext)s 振铃", ext=leg.ext))
        answered = _("分机 %(ext)s 接起（第 %(rings)d 响）", ext=leg.ext, rings=leg.rings)
        yield Event(leg.answer_at, "done", answered)
        return
    at = leg.ring_at if leg.ring_at is not None else leg.dial_at
    if not leg.rings:
        yield Event(at, "", _("分机 %(ext)s：%(outcome)s", ext=leg.ext, outcome=outcome))
        return
    rang = _(
        "分机 %(ext)s 振铃 %(rings)d 响，%(outcome)s", ext=leg.ext, rings=leg.rings, outcome=outcome
    )
    yield Event(at, "breach" if leg.breach else "ringing", rang)


def _transfer(each: TransferRow) -> Iterator[Event]:
    kind = _(TRANSFER_KINDS.get(each.kind, each.kind))
    to = numbers.mask(each.to_ext)
    begun = _("%(kind)s：%(by)s → %(to)s", kind=kind, by=each.by_ext, to=to)
    yield Event(each.begin_at, "", begun)
    if each.outcome:
        outcome = _(TRANSFER_OUTCOMES.get(each.outcome, each.outcome))
        mark = "done" if each.outcome == "answered" else "risk"
        yield Event(each.end_at, mark, _("转接%(outcome)s", outcome=outcome))


def _ended(row: CallRow) -> str:
    parts = [_(DISPOSITIONS.get(row.disposition, row.disposition))]
    if row.hangup_by in SIDES:
        parts.append(_("%(side)s先挂机", side=_(SIDES[row.hangup_by])))
    if row.talk_s:
        parts.append(_("通话 %(length)s", length=span(row.talk_s)))
    if row.breach:
        parts.append(_("超时"))
    if row.repaired:
        parts.append(_("记录经修复"))
    return "，".join(parts)
