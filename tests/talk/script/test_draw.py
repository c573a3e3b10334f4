"""The picture of a flow: well-formed, everything on it, nothing on top of another."""

import xml.etree.ElementTree as ET
from collections.abc import Callable
from itertools import combinations

import pytest

from ivr.resources import folder
from ivr.talk.script import Script, load
from ivr.talk.script.draw import drawing
from ivr.talk.script.layout import layout

SHIPPED = sorted((folder("prompts") / "scripts").glob("*/*.yaml"))
SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_step_is_drawn_apart_from_the_others(path: object) -> None:
    script = load(path)  # type: ignore[arg-type]
    picture = ET.fromstring(drawing(script))
    width, height = float(picture.attrib["width"]), float(picture.attrib["height"])
    boxes = [
        tuple(float(box.attrib[name]) for name in ("x", "y", "width", "height"))
        for box in picture.iter(f"{SVG}rect")
        if box.attrib["class"] == "box"
    ]
    assert len(boxes) == len(script.steps)
    for x, y, w, h in boxes:
        assert x >= 0
        assert y >= 0
        assert x + w <= width
        assert y + h <= height
    for a, b in combinations(boxes, 2):
        apart = a[0] + a[2] <= b[0] or b[0] + b[2] <= a[0]
        assert apart or a[1] + a[3] <= b[1] or b[1] + b[3] <= a[1], (a, b)


def test_arrows_say_the_answers(scripted: Callable[..., Script]) -> None:
    script = scripted("""
  q:
    ask: 请问，您满意吗？
    question: satisfied
    no_answer: sorry
    when: {dissatisfied: sorry, very_dissatisfied: sorry, neutral: q}
  bye:
    end: done
  sorry:
    end: bad
    say: <b>对不起</b> & 再见
""")
    text = drawing(script)
    labels = {one.text for one in ET.fromstring(text).iter(f"{SVG}text")}
    assert {"非常满意、满意", "不满意、非常不满意、没有回答", "一般"} <= labels
    assert "<b>" not in text


def test_layers_follow_the_longest_way() -> None:
    made = layout(["a", "b", "c", "d"], [("a", "b"), ("b", "c"), ("a", "c"), ("c", "a")], 100, 20)
    assert {name: place.layer for name, place in made.places.items()} == {
        "a": 0, "b": 1, "c": 2, "d": 0,
    }  # fmt: skip
    assert made.back == {("c", "a")}
    assert [bend.layer for bend in made.bends["a", "c"]] == [1]
