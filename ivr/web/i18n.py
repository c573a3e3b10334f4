"""Words of the pages: Chinese as they are written, English from the catalogues.

The Chinese sentence is the key. In Python:

    from ivr.web.i18n import gettext as _, ngettext
    _("通话记录")                                # in the language of the request
    _("已删除 %(count)d 条", count=3)            # values by name
    WORDS = {"open": N_("待派")}                 # marked here, translated later by _(WORDS[x])

In templates `{{ _('通话记录') }}`, `{{ _('共 %(count)d 条', count=n) }}`.

The English of an area stands in ivr/web/locale/en/<area>.po (msgid Chinese, msgstr
English). tests/web/test_i18n.py finds every sentence of the code and the templates
and fails, printing the entries to paste, when one has no English.

The language is the signed-in user's, else the cookie's, else Chinese.
"""

import functools
from contextvars import ContextVar
from importlib import resources
from typing import Any

from babel.messages.pofile import read_po

CHINESE = "zh-CN"
ENGLISH = "en"
LANGUAGES = {CHINESE: "中文", ENGLISH: "English"}

_language: ContextVar[str] = ContextVar("language", default=CHINESE)


def language() -> str:
    """The language of this request: "zh-CN" or "en"."""
    return _language.get()


def set_language(wanted: str) -> None:
    """For what follows in this request (or task); an unknown one is Chinese."""
    _language.set(wanted if wanted in LANGUAGES else CHINESE)


def gettext(message: str, /, **values: Any) -> str:
    """`message` in the language of the request, with `%(name)s` filled in."""
    found = message if language() == CHINESE else english().get(message, message)
    return found % values if values else found


def ngettext(one: str, many: str, count: int, /, **values: Any) -> str:
    """Like gettext; English tells one from many, Chinese does not."""
    values.setdefault("num", count)
    return gettext(one if count == 1 else many, **values)


def N_(message: str) -> str:  # noqa: N802 (the name every extractor knows)
    """Marks a constant for the catalogue; say `gettext(constant)` where it is shown."""
    return message


@functools.cache
def english() -> dict[str, str]:
    """Chinese → English, of all areas together."""
    found: dict[str, str] = {}
    folder = resources.files("ivr.web") / "locale" / ENGLISH
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        if file.name.endswith(".po"):
            with file.open("rb") as content:
                for message in read_po(content, locale=ENGLISH):
                    if isinstance(message.id, str) and message.id and message.string:
                        found.setdefault(message.id, str(message.string))
    return found
