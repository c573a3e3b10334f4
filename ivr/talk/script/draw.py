"""A script as a picture: its steps as boxes, its answers as arrows, in SVG. Pure."""

from collections.abc import Iterator
from html import escape

from ivr.talk.script.layout import Layout, Place, layout
from ivr.talk.script.model import (
    AskStep,
    BranchStep,
    EndStep,
    RecordStep,
    SayStep,
    Script,
    Step,
    TransferStep,
)

_WIDTH, _GAP = 232.0, 36.0
_LINE, _HEAD, _PAD = 19.0, 26.0, 10.0
_FONT = 13.0
_LAYER_GAP = 66.0
_MARGIN = 28.0
_LINES = 4  # of text in a box
_KIND_WORDS = {
    "say": "说",
    "ask": "问",
    "record": "录音",
    "branch": "分支",
    "transfer": "转人工",
    "end": "结束",
}

_STYLE = """
svg { font-family: "Noto Sans CJK SC", "Microsoft YaHei", "PingFang SC", sans-serif; }
.page { fill: #fff } .title { font-size: 18px; font-weight: 600; fill: #1b1f24 }
.note, .label { font-size: 12px; fill: #57606a } .label { paint-order: stroke; stroke: #fff;
stroke-width: 5px; stroke-linejoin: round; fill: #24292f }
.box { fill: #f6f8fa; stroke: #8c959f } .head { font-size: 12px; font-weight: 600; fill: #57606a }
.text { font-size: 13px; fill: #1b1f24 }
.ask .box { fill: #ddf4ff; stroke: #0969da } .record .box { fill: #fff8c5; stroke: #9a6700 }
.branch .box { fill: #fbefff; stroke: #8250df } .transfer .box { fill: #fff1e5; stroke: #bc4c00 }
.end .box { fill: #dafbe1; stroke: #1a7f37 }
.arrow { fill: none; stroke: #6e7781; stroke-width: 1.5 } .no-answer { stroke-dasharray: 5 4 }
"""


def drawing(script: Script) -> str:
    """The whole picture as the text of an .svg file."""
    return "\n".join(_Picture(script).lines())


class _Picture:
    def __init__(self, script: Script) -> None:
        self._script = script
        self._texts = {name: _wrapped(_text(step)) for name, step in script.steps.items()}
        self._arrows = _arrows(script)
        self._layout: Layout = layout(list(script.steps), self._arrows, _WIDTH, _GAP)
        places = self._layout.places.values()
        tallest: dict[int, float] = {}
        for name, place in self._layout.places.items():
            tallest[place.layer] = max(tallest.get(place.layer, 0), self._height(name))
        self._tops: dict[int, float] = {}
        y = _MARGIN + 48
        for layer in range(max(tallest) + 1):
            self._tops[layer] = y
            y += tallest[layer] + _LAYER_GAP
        bends = [place for passed in self._layout.bends.values() for place in passed]
        left = min(place.x for place in [*places, *bends]) - _WIDTH / 2
        right = max(place.x for place in [*places, *bends]) + _WIDTH / 2
        self._shift = _MARGIN - left
        loops = 60 if self._layout.back else 0
        self._size = (max(right - left + 2 * _MARGIN + loops, 560), y - _LAYER_GAP + _MARGIN)
        self._tallest = tallest

    def lines(self) -> Iterator[str]:
        width, height = self._size
        script = self._script
        yield (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}"'
            f' viewBox="0 0 {width:.0f} {height:.0f}" role="img">'
        )
        yield f"<title>{escape(script.title)}</title><style>{_STYLE}</style>"
        yield (
            '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="6"'
            ' markerHeight="6" orient="auto"><path d="M0 0 8 4 0 8z" fill="#6e7781"/></marker>'
            "</defs>"
        )
        yield f'<rect class="page" width="{width:.0f}" height="{height:.0f}"/>'
        yield f'<text class="title" x="{_MARGIN}" y="{_MARGIN + 12}">{escape(script.title)}</text>'
        person = next(one for one in script.commands if one.code == "person")
        anytime = "、".join([*person.variants, f"按 {person.key}"])
        yield (
            f'<text class="note" x="{_MARGIN}" y="{_MARGIN + 34}">随时 {escape(anytime)} →'
            f" {escape(script.person)}；始终没有回答 → {escape(script.silence)}</text>"
        )
        drawn = [
            (self._path(*arrow), label, failing) for arrow, (label, failing) in self._arrows.items()
        ]
        for (path, _), _, failing in drawn:
            kind = "arrow no-answer" if failing else "arrow"
            yield f'<path class="{kind}" marker-end="url(#tip)" d="{path}"/>'
        for (_, (x, y)), label, _ in drawn:
            yield (
                f'<text class="label" x="{x:.1f}" y="{y:.1f}" text-anchor="middle">'
                f"{escape(label)}</text>"
            )
        for name, step in script.steps.items():
            yield from self._box(name, step)
        yield "</svg>"

    def _box(self, name: str, step: Step) -> Iterator[str]:
        x, y = self._corner(name)
        head = f"{_KIND_WORDS[step.kind]} · {name}"
        yield f'<g class="{step.kind}">'
        yield (
            f'<rect class="box" x="{x:.1f}" y="{y:.1f}" width="{_WIDTH}"'
            f' height="{self._height(name):.1f}" rx="8"/>'
        )
        yield f'<text class="head" x="{x + _PAD:.1f}" y="{y + 18:.1f}">{escape(head)}</text>'
        for number, line in enumerate(self._texts[name]):
            at = y + _HEAD + _LINE * (number + 0.75)
            yield f'<text class="text" x="{x + _PAD:.1f}" y="{at:.1f}">{escape(line)}</text>'
        yield "</g>"

    def _path(self, start: str, end: str) -> tuple[str, tuple[float, float]]:
        """The line of an arrow, and where its label stands."""
        if (start, end) in self._layout.back:
            return self._loop(start, end)
        return self._way(start, end)

    def _way(self, start: str, end: str) -> tuple[str, tuple[float, float]]:
        begin, finish = self._layout.places[start], self._layout.places[end]
        x, y = begin.x + self._shift, self._corner(start)[1] + self._height(start)
        path = f"M{x:.1f} {y:.1f}"
        stops: list[tuple[float, float, float]] = []  # x, where it arrives, where it leaves
        for bend in self._layout.bends[start, end]:
            top = self._tops[bend.layer]
            stops.append((bend.x + self._shift, top, top + self._tallest[bend.layer]))
        stops.append((finish.x + self._shift, self._tops[finish.layer] - 2, 0))
        first = (x, y, stops[0])
        for to_x, arrives, leaves in stops:
            half = (arrives - y) / 2
            path += (
                f" C{x:.1f} {y + half:.1f} {to_x:.1f} {arrives - half:.1f} {to_x:.1f} {arrives:.1f}"
            )
            x, y = to_x, arrives
            if leaves:
                path += f" L{x:.1f} {leaves:.1f}"
                y = leaves
        from_x, from_y, (to_x, arrives, _) = first
        return path, (from_x + (to_x - from_x) * 0.72, from_y + (arrives - from_y) * 0.66 + 4)

    def _loop(self, start: str, end: str) -> tuple[str, tuple[float, float]]:
        """Up again, round the right side."""
        from_x, from_y = self._corner(start)
        to_x, to_y = self._corner(end)
        x, y = from_x + _WIDTH, from_y + self._height(start) / 2
        end_x, end_y = to_x + _WIDTH + 2, to_y + self._height(end) / 2
        out = max(x, end_x) + 48
        path = f"M{x:.1f} {y:.1f} C{out:.1f} {y:.1f} {out:.1f} {end_y:.1f} {end_x:.1f} {end_y:.1f}"
        return path, (out - 14, (y + end_y) / 2)

    def _corner(self, name: str) -> tuple[float, float]:
        place: Place = self._layout.places[name]
        return place.x + self._shift - _WIDTH / 2, self._tops[place.layer]

    def _height(self, name: str) -> float:
        return _HEAD + _LINE * len(self._texts[name]) + _PAD


def _arrows(script: Script) -> dict[tuple[str, str], tuple[str, bool]]:
    """From, to → its answers in words, and whether it is taken for want of one."""
    labels: dict[tuple[str, str], list[str]] = {}
    failing: dict[tuple[str, str], bool] = {}
    for name, step in script.steps.items():
        for way in script.ways(name):
            arrow = (name, way.to)
            labels.setdefault(arrow, []).extend(_answers(script, name, step, way.why))
            failing[arrow] = False
        if (to := script.no_answer(name)) is not None:
            arrow = (name, to)
            if arrow not in labels or labels[arrow]:  # else all answers go this way anyhow
                labels.setdefault(arrow, []).append("没有回答")
            failing.setdefault(arrow, True)
    return {arrow: ("、".join(words), failing[arrow]) for arrow, words in labels.items()}


def _answers(script: Script, name: str, step: Step, why: str) -> list[str]:
    """What a person answers to go this way; "" is everything that has no way of its own."""
    if isinstance(step, AskStep):
        choices = script.questions[name].choices
        codes = [why] if why else [one.code for one in choices if one.code not in step.when]
        if len(codes) == len(choices):
            return []
        return [one.label for one in choices if one.code in codes]
    if isinstance(step, BranchStep):
        asked = script.questions.get(step.branch)
        choice = asked.choice(why) if asked else None
        return [choice.label if choice else why or "其他"]
    return []


def _text(step: Step) -> str:
    match step:
        case SayStep(say=text) | AskStep(ask=text) | RecordStep(record=text):
            return text
        case TransferStep(transfer=text):
            return text
        case BranchStep(branch=name):
            return f"看 {name}"
        case EndStep():
            return f"【{step.end}】{step.say or ''}"


def _wrapped(text: str) -> list[str]:
    lines, line, wide = [], "", 0.0
    for sign in text:
        width = _FONT * (1.0 if ord(sign) > 0x2E7F else 0.56)
        if wide + width > _WIDTH - 2 * _PAD and sign not in "。，、？！；：”）":
            lines.append(line)
            line, wide = "", 0.0
        line += sign
        wide += width
    lines.append(line)
    return lines if len(lines) <= _LINES else [*lines[: _LINES - 1], lines[_LINES - 1][:-1] + "…"]
