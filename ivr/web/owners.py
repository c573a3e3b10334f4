"""The pages of owners (业主): search, one owner's card, importing a spreadsheet."""

import asyncio
import time
from collections.abc import AsyncIterator

from aiohttp import web

from ivr.calls import listing, numbers
from ivr.desk.owner import Care, Owner
from ivr.desk.owners import Plan
from ivr.errors import UserError
from ivr.web.access import MB, SERVICE, Role, needs, shows, user_of
from ivr.web.audit import audit
from ivr.web.forms import Form, FormModel, read_form
from ivr.web.i18n import gettext as _
from ivr.web.owner_forms import (
    LANGUAGES,
    TITLE_CHOICES,
    OwnerForm,
    changes,
    shown,
    version,
)
from ivr.web.render import page
from ivr.web.sheet_words import in_words
from ivr.web.uploads import Uploads

PAGE_ROWS = 50
SHOWN = 50  # of each kind in a preview
UPLOAD = 32 * MB
TIDY_EVERY_S = 600.0
UPLOADS = web.AppKey("uploads", Uploads)
ENDINGS = ("xlsx", "csv")


class ImportForm(FormModel):
    """`upload` and `book` are of the preview that is agreed to."""

    upload: str = ""
    book: int = -1


def set_up(app: web.Application) -> None:
    app[UPLOADS] = Uploads(app[SERVICE].settings.paths.data)
    app.cleanup_ctx.append(_tidying)


async def _tidying(app: web.Application) -> AsyncIterator[None]:
    """Nobody's list lies about for long, whether or not another one comes."""

    async def tidy() -> None:
        while True:
            await asyncio.to_thread(app[UPLOADS].tidy, time.time())
            await asyncio.sleep(TIDY_EVERY_S)

    task = asyncio.create_task(tidy())
    yield
    task.cancel()


def routes() -> list[web.RouteDef]:
    return [
        web.get("/owners", show_all),
        web.get("/owners/import", show_import),
        web.post("/owners/import", take_import),
        web.get("/owners/{id}", show_one),
        web.post("/owners/{id}", change),
        web.post("/owners/{id}/remove", remove),
    ]


def number_shown(request: web.Request) -> listing.Show:
    """How a number is shown to whoever asks: masked below the supervisor."""
    return listing.as_is if shows(user_of(request), Role.SUPERVISOR) else numbers.mask


@needs(Role.CLERK)
async def show_all(request: web.Request) -> web.StreamResponse:
    owners = request.app[SERVICE].owners
    text = request.query.get("q", "")[:64]
    care, spared = "care" in request.query, "dnd" in request.query
    number = request.query.get("page", "1")
    at = max(1, int(number)) if number.isdecimal() and len(number) < 6 else 1
    total, found = await owners.search(
        text, care=care, do_not_call=spared, limit=PAGE_ROWS, offset=(at - 1) * PAGE_ROWS
    )
    return await page(
        request,
        "owners/list.html",
        title=_("业主"),
        rows=found,
        total=total,
        text=text,
        care=care,
        spared=spared,
        at=at,
        pages=-(-total // PAGE_ROWS),
        is_empty=not total and await owners.is_empty(),
        show=number_shown(request),
    )


# --- one -------------------------------------------------------------------------


@needs(Role.CLERK)
async def show_one(request: web.Request) -> web.StreamResponse:
    owner = await _of(request)
    return await _card(request, owner, Form(values=shown(owner)))


@needs(Role.SUPERVISOR)
async def change(request: web.Request) -> web.StreamResponse:
    owner = await _of(request)
    form = await read_form(request, OwnerForm)
    wanted = changes(form, request.app[SERVICE].settings.owners.area_code)
    if form.value is not None and form.value.version != version(owner):
        form.refuse("", _("这位业主刚被别人改过，请对照右边现在的内容再保存一次。"))
        form.values["version"] = version(owner)
        wanted = None
    if wanted is None:
        return await _card(request, owner, form, status=422)
    await request.app[SERVICE].owners.change(owner, **wanted)
    await audit(request, "owner.change", owner.id, detail=owner.address)
    raise web.HTTPSeeOther(f"/owners/{owner.id}?saved=1")


@needs(Role.SUPERVISOR)
async def remove(request: web.Request) -> web.StreamResponse:
    """Forget them with all their numbers (PIPL)."""
    owner = await _of(request)
    await request.app[SERVICE].owners.remove(owner)
    await audit(request, "owner.remove", owner.id)
    raise web.HTTPSeeOther("/owners")


async def _of(request: web.Request) -> Owner:
    try:
        return await request.app[SERVICE].owners.get(request.match_info["id"])
    except UserError:
        raise web.HTTPNotFound(reason="There is no such owner") from None


async def _card(
    request: web.Request, owner: Owner, form: Form[OwnerForm], status: int = 200
) -> web.StreamResponse:
    return await page(
        request,
        "owners/one.html",
        title=f"{owner.name or _('业主')}{owner.title}",
        status=status,
        owner=owner,
        form=form,
        show=number_shown(request),
        cares=list(Care),
        titles=TITLE_CHOICES,
        languages=LANGUAGES,
        saved="saved" in request.query,
    )


# --- import ----------------------------------------------------------------------


@needs(Role.SUPERVISOR)
async def show_import(request: web.Request) -> web.StreamResponse:
    return await _import(request, Form())


@needs(Role.SUPERVISOR, body=UPLOAD)
async def take_import(request: web.Request) -> web.StreamResponse:
    """With a file: the preview. With the name of a previewed one: written."""
    form = await read_form(request, ImportForm)
    uploads, owners = request.app[UPLOADS], request.app[SERVICE].owners
    sent = form.files.get("file")
    if sent is not None and sent.filename:
        ending = sent.filename.rpartition(".")[2].lower()
        if ending not in ENDINGS:
            return await _import(request, form.refuse("file", _("请选择 .xlsx 或 .csv 文件")), 422)
        name = await asyncio.to_thread(lambda: uploads.keep(sent.file.read(), ending))
        agreed = None
    elif form.value is not None and form.value.upload:
        name, agreed = form.value.upload, form.value.book
    else:
        return await _import(request, form.refuse("file", _("请选择文件")), 422)
    file = uploads.find(name)
    if file is None:
        refused = form.refuse("file", _("预览已过期，请重新选择文件"))
        return await _import(request, refused, 422)
    try:
        plan = await owners.plan(file)
    except UserError as error:
        uploads.forget(name)
        why = in_words(str(error).replace(str(file), sent.filename if sent else name))
        return await _import(request, form.refuse("file", why), 422)
    if agreed is None:
        return await _import(request, form, plan=plan, upload=name)
    if agreed != plan.version:
        form.refuse("", _("预览之后业主资料有改动，请再看一遍预览。"))
        return await _import(request, form, 422, plan=plan, upload=name)
    await owners.put(plan)
    uploads.forget(name)
    counts = f"+{len(plan.added)} ~{len(plan.changed)}"
    await audit(request, "owner.import", detail=counts)
    return await _import(request, Form(), written=plan)


async def _import(
    request: web.Request,
    form: Form[ImportForm],
    status: int = 200,
    *,
    plan: Plan | None = None,
    upload: str = "",
    written: Plan | None = None,
) -> web.StreamResponse:
    return await page(
        request,
        "owners/import.html",
        title=_("导入业主"),
        status=status,
        form=form,
        plan=plan,
        upload=upload,
        written=written,
        show=number_shown(request),
        most=SHOWN,
        in_words=in_words,
    )
