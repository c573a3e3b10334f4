"""The colours of app.css: every pair that meets on a page has the contrast of WCAG AA."""

import re
from pathlib import Path

import pytest

import ivr.web

CSS = (Path(ivr.web.__file__).parent / "static" / "app.css").read_text("utf-8")
STATES = ("calm", "ringing", "risk", "breach", "done")
TEXT, SHAPE = 4.5, 3.0

PAIRS = [
    *(("ink", ground, TEXT) for ground in ("bg", "surface", "sunk", "accent-soft")),
    *(("muted", ground, TEXT) for ground in ("bg", "surface", "sunk")),
    *(("accent", ground, TEXT) for ground in ("bg", "surface", "sunk", "accent-soft")),
    ("on-accent", "accent", TEXT),
    ("edge", "surface", SHAPE),
    ("bg", "ink", TEXT),
    *((state, f"{state}-soft", TEXT) for state in STATES),
    *((state, ground, TEXT) for state in STATES for ground in ("surface", "bg")),
    *(("ink", f"{state}-soft", TEXT) for state in STATES),
    *(("on-state", state, TEXT) for state in STATES),
]


def tokens(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", block))


def blocks() -> dict[str, dict[str, str]]:
    light = CSS[CSS.index(":root {") :]
    dark = CSS[CSS.index(':root[data-theme="dark"] {') :]
    system = CSS[CSS.index("@media (prefers-color-scheme: dark)") :]
    return {
        name: tokens(text[: text.index("}")])
        for name, text in {"light": light, "dark": dark, "system": system}.items()
    }


def luminance(colour: str) -> float:
    def linear(part: str) -> float:
        share = int(part, 16) / 255
        return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(colour[at : at + 2]) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("front", "ground", "least"), PAIRS)
def test_it_can_be_read(theme: str, front: str, ground: str, least: float) -> None:
    colours = blocks()[theme]
    assert contrast(colours[front], colours[ground]) >= least


def test_dark_is_the_same_whoever_chose_it() -> None:
    found = blocks()
    assert found["dark"] == found["system"]
    assert set(found["dark"]) == set(found["light"])


@pytest.mark.parametrize("path", sorted((Path(ivr.web.__file__).parent / "static").glob("*.css")))
def test_pages_use_the_tokens_and_no_colour_of_their_own(path: Path) -> None:
    text = path.read_text("utf-8")
    if path.name == "app.css":
        text = text[text.index("/* --- ground") :]
        text = text.replace("background: #ffffff;", "").partition("@media print")[0]
    assert not re.findall(r"#[0-9a-fA-F]{3,8}\b(?![^{]*\{)", text)
