"""Every sentence of the pages is there in English, and says the same everywhere."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import ivr.web
from ivr.web import i18n

WEB = Path(ivr.web.__file__).parent
CATALOGUES = sorted((WEB / "locale" / "en").glob("*.po"))
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2.ext:babel_extract")]
OPTIONS = {"templates/**.html": {"trimmed": "true", "newstyle_gettext": "true"}}
KEYWORDS = {"_": None, "gettext": None, "N_": None, "ngettext": (1, 2)}
VALUE = re.compile(r"%\((\w+)\)")


def sentences() -> Iterator[tuple[str, str]]:
    """(where, sentence) of code and templates."""
    found = extract_from_dir(
        WEB, method_map=METHODS, options_map=OPTIONS, keywords=KEYWORDS, comment_tags=()
    )
    for file, line, message, _comments, _context in found:
        for text in message if isinstance(message, tuple) else (message,):
            if text:
                yield f"{file}:{line}", text


def test_nothing_is_missing() -> None:
    english = i18n.english.__wrapped__()
    missing: dict[str, str] = {}
    for where, text in sentences():
        if text not in english:
            missing.setdefault(text, where)
    entries = "\n\n".join(
        f'#: {where}\nmsgid "{_quoted(text)}"\nmsgstr ""' for text, where in missing.items()
    )
    assert not missing, f"write the English of these into locale/en/<area>.po:\n\n{entries}"


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def test_nothing_is_left_over() -> None:
    used = {text for _where, text in sentences()}
    assert not {f"{file}: {text}" for file, text, _english in entries() if text not in used}


def entries() -> Iterator[tuple[str, str, str]]:
    for path in CATALOGUES:
        with path.open("rb") as content:
            for message in read_po(content, locale="en"):
                if message.id:
                    yield path.name, str(message.id), str(message.string)


def test_one_sentence_has_one_english() -> None:
    seen: dict[str, str] = {}
    for file, text, english in entries():
        assert seen.setdefault(text, english) == english, f"{file}: {text}"


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.name)
def test_the_values_are_the_same(path: Path) -> None:
    for file, text, english in entries():
        if file == path.name:
            assert sorted(set(VALUE.findall(text))) == sorted(set(VALUE.findall(english))), text


def test_the_language_of_the_request() -> None:
    i18n.set_language("en")
    assert i18n.gettext("登录") == "Sign in"
    i18n.set_language("zh-CN")
    assert i18n.gettext("登录") == "登录"
    i18n.set_language("fr")
    assert i18n.language() == "zh-CN"
    assert i18n.gettext("%(seconds)d 秒", seconds=3) == "3 秒"
