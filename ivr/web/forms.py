"""Forms: what was typed, what it means, and what is wrong with it, beside the field.

    class NewUser(FormModel):
        name: Text = Field(max_length=64)
        ext: str = ""

    form = await read_form(request, NewUser)
    if form.value is None:                       # something is wrong
        return await page(request, "users/new.html", title=…, form=form, status=422)
    form.value.name …

For the empty page: `form = empty(NewUser(…defaults…))` or `Form({})`. When a rule
of the trade refuses, `form.refuse("ext", "…")` (or `form.refuse("", "…")` for the
whole form) and render again: nothing typed is lost. The macros of
"macros/forms.html" show value and error.

Fields take text without control characters, at most `LONGEST` long where the model
says nothing shorter. A checkbox that is off is absent: give such fields `= False`.
Lists (`exts: list[str] = []`) take every value of the name. Files are in `.files`.
"""

import re
from dataclasses import dataclass, field
from typing import Annotated, Any, Generic, TypeVar, get_origin

from aiohttp import web
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError
from pydantic_core import ErrorDetails

from ivr.errors import UserError
from ivr.web.i18n import gettext as _
from ivr.web.security import CSRF_FIELD
from ivr.web.sessions import read_post

LONGEST = 20_000
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|[\ud800-\udfff]")

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
"""A field that must not stay empty."""


class FormModel(BaseModel):
    """What a form's fields mean."""

    model_config = ConfigDict(
        extra="ignore", str_strip_whitespace=True, str_max_length=LONGEST, frozen=True
    )


M = TypeVar("M", bound=FormModel)


@dataclass
class Form(Generic[M]):
    """`values` as they were typed, `errors` by field ("" is the whole form), and the
    `value` when nothing is wrong."""

    values: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    value: M | None = None
    files: dict[str, web.FileField] = field(default_factory=dict)

    def refuse(self, name: str, error: str | UserError) -> "Form[M]":
        """Something is wrong after all; the form is shown again."""
        self.errors.setdefault(name, str(error))
        self.value = None
        return self

    def text(self, name: str) -> Any:
        """What stands in the field."""
        return self.values.get(name, "")


def empty(model: M) -> Form[M]:
    """A form that shows the values of `model`."""
    return Form(values=model.model_dump(mode="json"), value=model)


async def read_form(request: web.Request, model: type[M]) -> Form[M]:
    """Read the posted fields into `model`."""
    posted = await read_post(request)
    form: Form[M] = Form()
    for name in dict.fromkeys(posted):
        if name == CSRF_FIELD:
            continue
        given = posted.getall(name)
        texts = [_plain(each) for each in given if isinstance(each, str)]
        uploads = [each for each in given if isinstance(each, web.FileField)]
        if uploads:
            form.files[name] = uploads[0]
        if texts:
            form.values[name] = texts if _is_list(model, name) else texts[-1]
    known = {name: value for name, value in form.values.items() if name in model.model_fields}
    try:
        form.value = model.model_validate(_without_empty(model, known))
    except ValidationError as error:
        for each in error.errors():
            where = str(each["loc"][0]) if each["loc"] else ""
            form.errors.setdefault(where, words(each))
    return form


def _plain(text: str) -> str:
    """Without control characters; browsers end the lines of a textarea with CR LF."""
    return CONTROL.sub("", text.replace("\r\n", "\n"))


def _without_empty(model: type[FormModel], values: dict[str, Any]) -> dict[str, Any]:
    """An empty field takes its default; browsers send it all the same."""
    return {
        name: value
        for name, value in values.items()
        if value != "" or model.model_fields[name].is_required()
    }


def _is_list(model: type[FormModel], name: str) -> bool:
    known = model.model_fields.get(name)
    return known is not None and get_origin(known.annotation) in (list, tuple, set, frozenset)


def words(error: ErrorDetails) -> str:
    """What is wrong with a field, as a person says it."""
    context = error.get("ctx", {})
    match error["type"]:
        case "missing" | "string_too_short":
            if context.get("min_length", 1) > 1:
                return _("至少 %(count)d 个字", count=context["min_length"])
            return _("请填写这一项")
        case "string_too_long":
            return _("最多 %(count)d 个字", count=context["max_length"])
        case "int_parsing" | "int_type" | "int_from_float" | "float_parsing" | "float_type":
            return _("请填写数字")
        case "greater_than_equal" | "greater_than":
            return _("请填写不小于 %(least)s 的数", least=context.get("ge", context.get("gt")))
        case "less_than_equal" | "less_than":
            return _("请填写不大于 %(most)s 的数", most=context.get("le", context.get("lt")))
        case "enum" | "literal_error":
            return _("请从列出的选项中选择")
        case "too_short":
            return _("请至少选择一项")
        case "value_error" | "assertion_error":
            return str(context.get("error", error["msg"])).removeprefix("Value error, ")
        case kind if kind.startswith(("date", "time")):
            return _("请填写日期或时间")
        case _:
            return _("这一项的格式不对")
