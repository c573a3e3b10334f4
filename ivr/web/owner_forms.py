"""An owner as a form shows and takes it: the words of the sheet, checked as an import is."""

import hashlib
from collections.abc import Callable
from typing import Any

from pydantic import Field

from ivr.desk import home, owner_sheet, owner_words, phone_numbers
from ivr.desk.owner import TITLES, Owner, quiet_hours
from ivr.web.forms import Form, FormModel
from ivr.web.i18n import N_
from ivr.web.i18n import gettext as _
from ivr.web.sheet_words import in_words

LANGUAGES = {"zh-CN": N_("中文"), "en": N_("英语")}
MOST_LINES = 20  # numbers or homes of one owner


class OwnerForm(FormModel):
    """`version` says which state of the owner was on the page."""

    name: str = Field("", max_length=64)
    title: str = Field("", max_length=8)
    phones: str = Field("", max_length=2000)
    homes: str = Field("", max_length=2000)
    language: str = "zh-CN"
    care: list[str] = Field(default_factory=list)
    do_not_call: bool = False
    quiet: str = Field("", max_length=200)
    note: str = Field("", max_length=2000)
    version: str = ""


def shown(owner: Owner) -> dict[str, Any]:
    """The owner as the fields have them; numbers and homes one on a line."""
    return {
        "name": owner.name,
        "title": owner.title,
        "phones": "\n".join(owner.phones),
        "homes": "\n".join(map(str, owner.homes)),
        "language": owner.language,
        "care": [care.value for care in owner.care],
        "do_not_call": owner.do_not_call,
        "quiet": owner.quiet,
        "note": owner.note,
        "version": version(owner),
    }


def version(owner: Owner) -> str:
    """Another whenever anything of the owner is."""
    return hashlib.sha256(repr(owner).encode()).hexdigest()[:16]


def changes(form: Form[OwnerForm], area_code: str) -> dict[str, Any] | None:
    """The fields of the owner that the form means; None, and why in the form, if it is wrong."""
    given = form.value
    if given is None:
        return None
    found: dict[str, Any] = {"name": given.name, "do_not_call": given.do_not_call}

    def phones() -> object:
        return _several(given.phones, lambda line: phone_numbers.parse(line, area_code))

    def care() -> object:
        return owner_words.care("、".join(given.care) or "无")

    def language() -> object:
        return owner_words.language(owner_words.language_words(given.language))

    one_of = _("请从列出的选项中选择")
    for name, wrong, read in (
        ("phones", _("有一个号码不对"), phones),
        ("homes", _("有一处房屋不对，请写成 3-2-1201"), lambda: _several(given.homes, home.parse)),
        ("title", one_of, lambda: given.title and owner_words.title(given.title)),
        ("language", one_of, language),
        ("care", one_of, care),
        (
            "quiet",
            _("请写成 12:00-14:00，多段用逗号隔开"),
            lambda: given.quiet and quiet_hours(given.quiet),
        ),
        ("note", _("备注太长了"), lambda: owner_sheet.note(given.note)),
    ):
        try:
            found[name] = read()
        except ValueError as error:
            form.refuse(
                name, f"{wrong}（{in_words(str(error))}）" if name in ("phones", "homes") else wrong
            )
    if not form.errors and not found["homes"]:
        form.refuse("homes", _("至少要有一处房屋"))
    if not form.errors and not found["name"] and not found["phones"]:
        form.refuse("name", _("姓名和电话至少填一项"))
    return None if form.errors else found


def _several(text: str, read: Callable[[str], object]) -> tuple[object, ...]:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) > MOST_LINES:
        raise ValueError(f"{len(lines)} > {MOST_LINES}")
    return tuple(dict.fromkeys(map(read, lines)))


TITLE_CHOICES = ("", *TITLES)
